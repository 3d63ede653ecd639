"""shfolder.dll: SHGetFolderPath for programs made before shell32 had it."""
