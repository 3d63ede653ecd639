"""iphlpapi.dll."""

from runtime.dlls.export import Dll

iphlpapi = Dll("iphlpapi.dll")
