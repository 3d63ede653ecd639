"""bcrypt.dll."""

from runtime.dlls.export import Dll

bcrypt = Dll("bcrypt.dll")
