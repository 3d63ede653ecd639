"""iphlpapi.dll: one module per Windows header."""

from runtime.dlls.iphlpapi.dll import iphlpapi

__all__ = ["iphlpapi"]
