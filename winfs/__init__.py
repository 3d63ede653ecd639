"""winfs: a Windows machine that lives in a directory. The command line and the mount, over the library `runtime`."""
