"""crypt32.dll."""

from runtime.dlls.export import Dll

crypt32 = Dll("crypt32.dll")
