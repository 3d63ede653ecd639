"""user32.dll."""

from runtime.dlls.export import Dll

user32 = Dll("user32.dll")
