"""netapi32.dll: one module per Windows header."""

from runtime.dlls.netapi32.dll import netapi32

__all__ = ["netapi32"]
