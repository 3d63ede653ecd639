"""gdi32.dll."""

from runtime.dlls.export import Dll

gdi32 = Dll("gdi32.dll")
