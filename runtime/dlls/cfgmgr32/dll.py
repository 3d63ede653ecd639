"""cfgmgr32.dll."""

from runtime.dlls.export import Dll

cfgmgr32 = Dll("cfgmgr32.dll")
