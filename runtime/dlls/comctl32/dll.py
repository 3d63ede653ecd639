"""comctl32.dll."""

from runtime.dlls.export import Dll

comctl32 = Dll("comctl32.dll")
