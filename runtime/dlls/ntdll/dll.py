"""ntdll.dll."""

from runtime.dlls.export import Dll

ntdll = Dll("ntdll.dll")
