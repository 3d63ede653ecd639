"""mswsock.dll."""

from runtime.dlls.export import Dll

mswsock = Dll("mswsock.dll")
