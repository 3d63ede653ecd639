"""wtsapi32.dll."""

from runtime.dlls.export import Dll

wtsapi32 = Dll("wtsapi32.dll")
