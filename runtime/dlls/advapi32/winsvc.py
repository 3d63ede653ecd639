"""winsvc.h: the service database, which is the registry key `Services`. No service can be started."""

from __future__ import annotations

import struct

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.text import decode_wide, encode_wide, put_counted
from runtime.dlls.types import BOOL, DWORD, HANDLE, HEX32, LPCWSTR, LPVOID, LPWSTR, InOut, Out
from runtime.nt.object import MAXIMUM_ALLOWED, Object, ObjectAttributes, ObjectType
from runtime.nt.reference import get_object
from runtime.nt.registry import KEY_READ, KEY_WRITE
from runtime.nt.registry_tree import REG_DWORD, REG_EXPAND_SZ, REG_SZ, KeyNode
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_DATABASE_DOES_NOT_EXIST,
    ERROR_FAILED_SERVICE_CONTROLLER_CONNECT,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_NAME,
    ERROR_INVALID_PARAMETER,
    ERROR_SERVICE_ALREADY_RUNNING,
    ERROR_SERVICE_DISABLED,
    ERROR_SERVICE_DOES_NOT_EXIST,
    ERROR_SERVICE_EXISTS,
    ERROR_SERVICE_NOT_ACTIVE,
    ERROR_SERVICE_REQUEST_TIMEOUT,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token

PROCESS = "process"
SERVICES = "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Services"
SERVICE_STOPPED, SERVICE_RUNNING = 1, 4
SC_MANAGER_CREATE_SERVICE = 2
RPC_S_SERVER_UNAVAILABLE = 1722
_TYPE = ObjectType("Service", 0x2008D, 0x20002, 0x20170, 0xF01FF)


class ServiceManager(Object):
    """An open handle to the service control manager."""

    object_type = ObjectType("ServiceManager", 0x20014, 0x20022, 0x20009, 0xF003F)


class Service(Object):
    """An open handle to a service. Those that Windows starts itself count as running."""

    object_type = _TYPE

    def __init__(self, node: KeyNode, running: bool) -> None:
        self.node = node
        self.running = running

    def state(self) -> dict[str, str | int | bool | None]:
        """The service as plain data."""
        return super().state() | {"service": self.node.name, "running": self.running}


def _text(thread: Thread, node: KeyNode, name: str) -> str:
    row = thread.process.machine.registry.tree.values(node).get(name.upper())
    return decode_wide(row.data).split("\0", 1)[0] if row is not None else ""


def _number(thread: Thread, node: KeyNode, name: str, default: int) -> int:
    row = thread.process.machine.registry.tree.values(node).get(name.upper())
    return int.from_bytes(row.data[:4], "little") if row is not None and row.type == REG_DWORD else default


def _running(thread: Thread, node: KeyNode) -> bool:
    return _number(thread, node, "Start", 3) <= 2


def _grant(thread: Thread, access: int, kind: ObjectType) -> int:
    """Everybody may look, administrators may change."""
    granted = kind.grant(access & ~MAXIMUM_ALLOWED) | (kind.all if access & MAXIMUM_ALLOWED else 0)
    looking = 0x2008D if kind is _TYPE else 0x20015
    if granted & ~looking and not effective_token(thread).elevated:
        if not access & MAXIMUM_ALLOWED:
            raise Win32Error(ERROR_ACCESS_DENIED)
        granted = looking
    return granted


@advapi32.export(category=PROCESS)
def OpenSCManagerW(
    thread: Thread, lpMachineName: LPCWSTR, lpDatabaseName: LPCWSTR, dwDesiredAccess: HEX32
) -> HANDLE:
    """Open the service control manager of this computer."""
    machine = (lpMachineName or "").lstrip("\\").lower()
    if machine not in ("", ".", "localhost", thread.process.machine.config.computer_name.lower()):
        raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
    if lpDatabaseName and lpDatabaseName.lower() != "servicesactive":
        raise Win32Error(ERROR_DATABASE_DOES_NOT_EXIST)
    access = _grant(thread, dwDesiredAccess | 1, ServiceManager.object_type)
    return thread.process.handles.insert(ServiceManager(), access)


def _find(thread: Thread, name: str | None) -> KeyNode:
    if not name or "\\" in name or "/" in name:
        raise Win32Error(ERROR_INVALID_NAME)
    node = thread.process.machine.registry.tree.find(f"{SERVICES}\\{name}")
    if node is None or "TYPE" not in thread.process.machine.registry.tree.values(node):
        raise Win32Error(ERROR_SERVICE_DOES_NOT_EXIST)
    return node


@advapi32.export(category=PROCESS)
def OpenServiceW(thread: Thread, hSCManager: HANDLE, lpServiceName: LPCWSTR, dwDesiredAccess: HEX32) -> HANDLE:
    """Open a service by name."""
    get_object(thread, hSCManager, ServiceManager)
    node = _find(thread, lpServiceName)
    return thread.process.handles.insert(Service(node, _running(thread, node)), _grant(thread, dwDesiredAccess, _TYPE))


@advapi32.export(category=PROCESS)
def CreateServiceW(
    thread: Thread, hSCManager: HANDLE, lpServiceName: LPCWSTR, lpDisplayName: LPCWSTR, dwDesiredAccess: HEX32,
    dwServiceType: DWORD, dwStartType: DWORD, dwErrorControl: DWORD, lpBinaryPathName: LPCWSTR,
    lpLoadOrderGroup: LPCWSTR, lpdwTagId: Out[DWORD], lpDependencies: LPVOID, lpServiceStartName: LPCWSTR,
    lpPassword: LPCWSTR,
) -> HANDLE:  # fmt: skip
    """Add a service to the database."""
    get_object(thread, hSCManager, ServiceManager, SC_MANAGER_CREATE_SERVICE)
    if not lpServiceName or "\\" in lpServiceName or "/" in lpServiceName:
        raise Win32Error(ERROR_INVALID_NAME)
    if not lpBinaryPathName or dwStartType > 4:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    registry = thread.process.machine.registry
    if registry.tree.find(f"{SERVICES}\\{lpServiceName}") is not None:
        raise Win32Error(ERROR_SERVICE_EXISTS)
    path = ObjectAttributes(f"{SERVICES}\\{lpServiceName}")
    key, _, _ = registry.create(path, KEY_READ | KEY_WRITE, effective_token(thread))
    for name, number in (("Type", dwServiceType), ("Start", dwStartType), ("ErrorControl", dwErrorControl)):
        key.set_value(name, REG_DWORD, struct.pack("<I", number))
    for name, kind, text in (
        ("DisplayName", REG_SZ, lpDisplayName or lpServiceName), ("ImagePath", REG_EXPAND_SZ, lpBinaryPathName),
        ("ObjectName", REG_SZ, lpServiceStartName or "LocalSystem"), ("Group", REG_SZ, lpLoadOrderGroup),
    ):  # fmt: skip
        if text:
            key.set_value(name, kind, encode_wide(text + "\0"))
    return thread.process.handles.insert(Service(key.node, False), _grant(thread, dwDesiredAccess, _TYPE))


@advapi32.export(category=PROCESS)
def DeleteService(thread: Thread, hService: HANDLE) -> BOOL:
    """Remove a service from the database."""
    service = get_object(thread, hService, Service, 0x10000)
    thread.process.machine.registry.tree.delete_tree(service.node)
    return 1


@advapi32.export(category=PROCESS)
def CloseServiceHandle(thread: Thread, hSCObject: HANDLE) -> BOOL:
    """Close a handle to a service or the manager."""
    item = get_object(thread, hSCObject, Object)
    if not isinstance(item, Service | ServiceManager):
        raise Win32Error(ERROR_INVALID_HANDLE)
    thread.process.handles.close(hSCObject)
    return 1


def _status(thread: Thread, service: Service) -> bytes:
    """SERVICE_STATUS_PROCESS; its first 28 bytes are SERVICE_STATUS."""
    state = SERVICE_RUNNING if service.running else SERVICE_STOPPED
    kind = _number(thread, service.node, "Type", 0x10)
    exit_code = 0 if service.running else 1077
    return struct.pack("<9I", kind, state, 0x85 if service.running else 0, exit_code, 0, 0, 0, 0, 0)


@advapi32.export(category=PROCESS)
def QueryServiceStatus(thread: Thread, hService: HANDLE, lpServiceStatus: LPVOID) -> BOOL:
    """Return the state of a service."""
    service = get_object(thread, hService, Service, 4)
    thread.process.memory.write(lpServiceStatus, _status(thread, service)[:28])
    return 1


@advapi32.export(category=PROCESS)
def QueryServiceStatusEx(
    thread: Thread, hService: HANDLE, InfoLevel: DWORD, lpBuffer: LPVOID, cbBufSize: DWORD, pcbBytesNeeded: Out[DWORD]
) -> BOOL:
    """Return the state of a service with its process id."""
    service = get_object(thread, hService, Service, 4)
    data = _status(thread, service)
    pcbBytesNeeded.put(len(data))
    if InfoLevel:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if cbBufSize < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(lpBuffer, data)
    return 1


@advapi32.export(category=PROCESS)
def QueryServiceConfigW(
    thread: Thread, hService: HANDLE, lpServiceConfig: LPVOID, cbBufSize: DWORD, pcbBytesNeeded: Out[DWORD]
) -> BOOL:
    """Return the configuration of a service."""
    service = get_object(thread, hService, Service, 1)
    node = service.node
    width = thread.process.memory.pointer_size
    texts = [_text(thread, node, name) for name in ("ImagePath", "Group", "", "ObjectName", "DisplayName")]
    fixed = 64 if width == 8 else 36
    encoded = [encode_wide(text + "\0") for text in texts]
    needed = fixed + sum(map(len, encoded))
    pcbBytesNeeded.set(needed)
    if cbBufSize < needed:
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    numbers = (_number(thread, node, "Type", 0x10), _number(thread, node, "Start", 3),
               _number(thread, node, "ErrorControl", 1))  # fmt: skip
    out = bytearray(struct.pack("<3I", *numbers))
    out += bytes(-len(out) % width)
    at = lpServiceConfig + fixed
    pointers = []
    for data in encoded:
        pointers.append(at.to_bytes(width, "little"))
        at += len(data)
    out += pointers[0] + pointers[1] + bytes(width) + pointers[2] + pointers[3] + pointers[4]
    thread.process.memory.write(lpServiceConfig, bytes(out).ljust(fixed, b"\0") + b"".join(encoded))
    return 1


@advapi32.export(category=PROCESS)
def GetServiceDisplayNameW(
    thread: Thread, hSCManager: HANDLE, lpServiceName: LPCWSTR, lpDisplayName: LPWSTR, lpcchBuffer: InOut[DWORD]
) -> BOOL:
    """Return what a service is called for people."""
    get_object(thread, hSCManager, ServiceManager)
    node = _find(thread, lpServiceName)
    text = _text(thread, node, "DisplayName") or node.name
    put_counted(thread, text, lpDisplayName, lpcchBuffer, error=ERROR_INSUFFICIENT_BUFFER)
    return 1


@advapi32.export(category=PROCESS)
def StartServiceW(
    thread: Thread, hService: HANDLE, dwNumServiceArgs: DWORD, lpServiceArgVectors: LPVOID
) -> BOOL:
    """Start a service: none answers, so it times out as a hung service does."""
    service = get_object(thread, hService, Service, 0x10)
    if service.running:
        raise Win32Error(ERROR_SERVICE_ALREADY_RUNNING)
    if _number(thread, service.node, "Start", 3) == 4:
        raise Win32Error(ERROR_SERVICE_DISABLED)
    raise Win32Error(ERROR_SERVICE_REQUEST_TIMEOUT)


@advapi32.export(category=PROCESS)
def ControlService(thread: Thread, hService: HANDLE, dwControl: DWORD, lpServiceStatus: LPVOID) -> BOOL:
    """Send a control to a service: interrogating (4) works, the others reach no process."""
    service = get_object(thread, hService, Service, 0x80 if dwControl == 4 else 0x20)
    thread.process.memory.write(lpServiceStatus, _status(thread, service)[:28])
    if not service.running:
        raise Win32Error(ERROR_SERVICE_NOT_ACTIVE)
    if dwControl != 4:
        raise Win32Error(ERROR_SERVICE_REQUEST_TIMEOUT)
    return 1


@advapi32.export(category=PROCESS)
def StartServiceCtrlDispatcherW(thread: Thread, lpServiceStartTable: LPVOID) -> BOOL:
    """Connect a service to the manager: this process was started as a program, not as a service."""
    raise Win32Error(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)


@advapi32.export(category=PROCESS)
def StartServiceCtrlDispatcherA(thread: Thread, lpServiceStartTable: LPVOID) -> BOOL:
    """Connect a service to the manager: this process was started as a program, not as a service."""
    raise Win32Error(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)


@advapi32.export(category=PROCESS)
def RegisterServiceCtrlHandlerW(thread: Thread, lpServiceName: LPCWSTR, lpHandlerProc: LPVOID) -> HANDLE:
    """Give a service its control handler: no service runs in this process."""
    raise Win32Error(ERROR_SERVICE_DOES_NOT_EXIST if lpServiceName else ERROR_INVALID_NAME)


@advapi32.export(category=PROCESS)
def RegisterServiceCtrlHandlerExW(
    thread: Thread, lpServiceName: LPCWSTR, lpHandlerProc: LPVOID, lpContext: LPVOID
) -> HANDLE:
    """Give a service its control handler: no service runs in this process."""
    raise Win32Error(ERROR_SERVICE_DOES_NOT_EXIST if lpServiceName else ERROR_INVALID_NAME)


@advapi32.export(category=PROCESS)
def SetServiceStatus(thread: Thread, hServiceStatus: HANDLE, lpServiceStatus: LPVOID) -> BOOL:
    """Report a service's state: no service runs in this process, so no handle is valid."""
    raise Win32Error(ERROR_INVALID_HANDLE)


OpenSCManagerA = advapi32.ansi(OpenSCManagerW)
OpenServiceA = advapi32.ansi(OpenServiceW)
CreateServiceA = advapi32.ansi(CreateServiceW)
RegisterServiceCtrlHandlerA = advapi32.ansi(RegisterServiceCtrlHandlerW)
RegisterServiceCtrlHandlerExA = advapi32.ansi(RegisterServiceCtrlHandlerExW)

