"""advapi32.dll."""

from runtime.dlls.export import Dll

advapi32 = Dll("advapi32.dll")
