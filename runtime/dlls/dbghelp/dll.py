"""dbghelp.dll."""

from runtime.dlls.export import Dll

dbghelp = Dll("dbghelp.dll")
