"""kernel32.dll."""

from runtime.dlls.export import Dll

kernel32 = Dll("kernel32.dll")
