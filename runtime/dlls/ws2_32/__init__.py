"""ws2_32.dll: one module per Windows header."""

from runtime.dlls.ws2_32.dll import ws2_32

__all__ = ["ws2_32"]
