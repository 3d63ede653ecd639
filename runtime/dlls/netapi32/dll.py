"""netapi32.dll."""

from runtime.dlls.export import Dll

netapi32 = Dll("netapi32.dll")
