"""cfgmgr32.dll: one module per Windows header."""

from runtime.dlls.cfgmgr32.dll import cfgmgr32

__all__ = ["cfgmgr32"]
