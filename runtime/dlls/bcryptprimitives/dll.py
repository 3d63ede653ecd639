"""bcryptprimitives.dll."""

from runtime.dlls.export import Dll

bcryptprimitives = Dll("bcryptprimitives.dll")
