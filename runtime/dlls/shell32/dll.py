"""shell32.dll."""

from runtime.dlls.export import Dll

shell32 = Dll("shell32.dll")
shell32.forward("SHGetMalloc", "olert.SHGetMalloc")
