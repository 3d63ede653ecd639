"""userenv.dll."""

from runtime.dlls.export import Dll

userenv = Dll("userenv.dll")
