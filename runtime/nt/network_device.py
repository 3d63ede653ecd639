"""`\\Device\\Mup`, where UNC paths lead: there is no network behind it, and it says so as Windows does."""

from __future__ import annotations

from runtime.nt.file import Device, FileObject, OpenRequest
from runtime.nt.status import STATUS_BAD_NETWORK_PATH, NtError


class NetworkDevice(Device):
    """The multiple UNC provider without providers."""

    def open(self, path: str, request: OpenRequest) -> FileObject:
        raise NtError(STATUS_BAD_NETWORK_PATH)
