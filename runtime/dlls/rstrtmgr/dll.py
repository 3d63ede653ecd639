"""rstrtmgr.dll."""

from runtime.dlls.export import Dll

rstrtmgr = Dll("rstrtmgr.dll")
