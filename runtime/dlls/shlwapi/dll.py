"""shlwapi.dll."""

from runtime.dlls.export import Dll

shlwapi = Dll("shlwapi.dll")
