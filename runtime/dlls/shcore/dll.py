"""shcore.dll."""

from runtime.dlls.export import Dll

shcore = Dll("shcore.dll")
