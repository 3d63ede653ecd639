"""ntdll.dll: one module per Windows header."""

from runtime.dlls.ntdll.dll import ntdll

__all__ = ["ntdll"]
