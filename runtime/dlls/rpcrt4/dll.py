"""rpcrt4.dll."""

from runtime.dlls.export import Dll

rpcrt4 = Dll("rpcrt4.dll")
