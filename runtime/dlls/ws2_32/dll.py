"""ws2_32.dll."""

from runtime.dlls.export import Dll

ws2_32 = Dll("ws2_32.dll")
