"""version.dll."""

from runtime.dlls.export import Dll

version = Dll("version.dll")
