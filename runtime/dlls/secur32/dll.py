"""secur32.dll."""

from runtime.dlls.export import Dll

secur32 = Dll("secur32.dll")
