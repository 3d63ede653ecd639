"""ole32.dll."""

from runtime.dlls.export import Dll

ole32 = Dll("ole32.dll")
