"""imagehlp.dll: what reads headers is ntdll's."""

from runtime.dlls.export import Dll

imagehlp = Dll("imagehlp.dll")

for _name in ("ImageNtHeader", "ImageRvaToSection", "ImageRvaToVa", "ImageDirectoryEntryToData"):
    imagehlp.forward(_name, f"ntdll.Rtl{_name}")
