"""psapi.dll."""

from runtime.dlls.export import Dll

psapi = Dll("psapi.dll")
