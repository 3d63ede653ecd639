"""mswsock.dll: one module per Windows header."""

from runtime.dlls.mswsock.dll import mswsock

__all__ = ["mswsock"]
