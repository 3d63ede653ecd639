"""wsock32.dll: the names of Windows Sockets 1.1."""

from runtime.dlls.wsock32.dll import wsock32

__all__ = ["wsock32"]
