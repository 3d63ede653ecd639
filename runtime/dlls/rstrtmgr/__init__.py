"""rstrtmgr.dll: one module per Windows header."""

from runtime.dlls.rstrtmgr.dll import rstrtmgr

__all__ = ["rstrtmgr"]
