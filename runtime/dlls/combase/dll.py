"""combase.dll."""

from runtime.dlls.export import Dll

combase = Dll("combase.dll")
