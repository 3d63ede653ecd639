"""psapi.dll: one module per Windows header."""

from runtime.dlls.psapi.dll import psapi

__all__ = ["psapi"]
