"""wsock32.dll: Windows Sockets 1.1 under its old name and its own ordinals; the functions live in ws2_32.dll."""

from runtime import dlls
from runtime.dlls.export import Dll

wsock32 = Dll("wsock32.dll")

_ORDINALS = {
    "accept": 1, "bind": 2, "closesocket": 3, "connect": 4, "getpeername": 5, "getsockname": 6, "getsockopt": 7,
    "htonl": 8, "htons": 9, "inet_addr": 10, "inet_ntoa": 11, "ioctlsocket": 12, "listen": 13, "ntohl": 14, "ntohs": 15,
    "recv": 16, "recvfrom": 17, "select": 18, "send": 19, "sendto": 20, "setsockopt": 21, "shutdown": 22, "socket": 23,
    "gethostbyaddr": 51, "gethostbyname": 52, "getprotobyname": 53, "getprotobynumber": 54, "getservbyname": 55,
    "getservbyport": 56, "gethostname": 57, "WSAGetLastError": 111, "WSASetLastError": 112, "WSAStartup": 115,
    "WSACleanup": 116, "__WSAFDIsSet": 151,
}  # fmt: skip
"""Where the ordinals differ from those of ws2_32.dll: inet_addr, inet_ntoa and ioctlsocket to socket."""


def _forward_all() -> None:
    ws2_32 = dlls.find("ws2_32.dll")
    assert ws2_32 is not None
    for name, ordinal in _ORDINALS.items():
        if name in ws2_32.exports:
            wsock32.forward(name, f"ws2_32.{name}")
            wsock32.ordinals[ordinal] = name


_forward_all()
