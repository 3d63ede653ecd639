"""shfolder.dll: forwards to shell32."""

from runtime.dlls.export import Dll

shfolder = Dll("shfolder.dll")

for _name in ("SHGetFolderPathA", "SHGetFolderPathW"):
    shfolder.forward(_name, f"shell32.{_name}")
