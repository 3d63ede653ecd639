"""normaliz.dll: its functions live in kernel32 since Windows 7."""

from runtime.dlls.export import Dll

normaliz = Dll("normaliz.dll")

for _name in ("IdnToAscii", "IdnToNameprepUnicode", "IdnToUnicode", "IsNormalizedString", "NormalizeString"):
    normaliz.forward(_name, f"kernel32.{_name}")
