"""Pipes, named and anonymous: the named pipe file system.

A `NamedPipe` is a name with instances; each `PipeInstance` joins a server end and, while connected, a client end by
two queues. Rules from the documentation of CreateNamedPipe and its neighbours and from [MS-FSA], [MS-FSCC].
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.casing import upcase
from runtime.nt.clock import Alarm
from runtime.nt.file import Answer, Device, FileObject, OpenRequest, cut_name, unpack_exact
from runtime.nt.io_request import IoRequest
from runtime.nt.pipe_queue import PipeQueue
from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_BUFFER_OVERFLOW,
    STATUS_BUFFER_TOO_SMALL,
    STATUS_CANNOT_IMPERSONATE,
    STATUS_FILE_IS_A_DIRECTORY,
    STATUS_ILLEGAL_FUNCTION,
    STATUS_INSTANCE_NOT_AVAILABLE,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
    STATUS_INVALID_PIPE_STATE,
    STATUS_INVALID_READ_MODE,
    STATUS_NOT_FOUND,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_PIPE_BROKEN,
    STATUS_PIPE_BUSY,
    STATUS_PIPE_CLOSING,
    STATUS_PIPE_CONNECTED,
    STATUS_PIPE_DISCONNECTED,
    STATUS_PIPE_EMPTY,
    STATUS_PIPE_LISTENING,
    STATUS_PIPE_NOT_AVAILABLE,
    STATUS_SUCCESS,
    NtError,
)
from runtime.nt.token import SECURITY_IMPERSONATION, TOKEN_IMPERSONATION, Token
from runtime.vfs.metadata import FILE_ATTRIBUTE_NORMAL

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

FSCTL_PIPE_DISCONNECT = 0x00110004
FSCTL_PIPE_LISTEN = 0x00110008
FSCTL_PIPE_PEEK = 0x0011400C
FSCTL_PIPE_WAIT = 0x00110018
FSCTL_PIPE_IMPERSONATE = 0x0011001C
FSCTL_PIPE_GET_PIPE_ATTRIBUTE = 0x00110028
FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE = 0x00110030
FSCTL_PIPE_TRANSCEIVE = 0x0011C017

UNLIMITED_INSTANCES = 0xFFFFFFFF
DEFAULT_QUOTA = 4096


class PipeState(IntEnum):
    """FILE_PIPE_*_STATE."""

    DISCONNECTED = 1
    LISTENING = 2
    CONNECTED = 3
    CLOSING = 4


class Configuration(IntEnum):
    """Which way data flows, seen from the server."""

    INBOUND = 0
    OUTBOUND = 1
    FULL_DUPLEX = 2


@dataclass(frozen=True, slots=True)
class PipeParameters:
    """The parameters of NtCreateNamedPipeFile."""

    messages: bool = False
    """FILE_PIPE_MESSAGE_TYPE: what is written at once stays together."""
    read_messages: bool = False
    """The server end's read mode."""
    no_wait: bool = False
    """The server end's completion mode."""
    maximum: int = UNLIMITED_INSTANCES
    inbound_quota: int = DEFAULT_QUOTA
    outbound_quota: int = DEFAULT_QUOTA
    timeout: int = -500_000
    """Default of WaitNamedPipe, as a relative time in 100 ns."""


class NamedPipe:
    """A pipe's name and what all its instances share."""

    def __init__(self, name: str, configuration: Configuration, parameters: PipeParameters) -> None:
        self.name = name
        self.configuration = configuration
        self.parameters = parameters
        self.instances: list[PipeInstance] = []
        self.waiters: list[PipeWaiter] = []

    def available(self) -> PipeInstance | None:
        """Return an instance a client can connect to, or None."""
        return next((instance for instance in self.instances if instance.state is PipeState.LISTENING), None)

    def offer(self) -> None:
        """An instance has begun to listen: wake who waits for one."""
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.end(STATUS_SUCCESS)


@dataclass(slots=True, eq=False)
class PipeWaiter:
    """A WaitNamedPipe in progress."""

    request: IoRequest
    alarm: Alarm | None = None

    def end(self, status: int) -> None:
        """Answer it."""
        if self.alarm is not None:
            self.alarm.cancel()
        self.request.complete(status)


@dataclass(slots=True, eq=False)
class PipeInstance:
    """One server end and its connection."""

    pipe: NamedPipe
    inbound: PipeQueue
    """Client to server."""
    outbound: PipeQueue
    """Server to client."""
    state: PipeState = PipeState.LISTENING
    server: PipeEnd | None = None
    client: PipeEnd | None = None
    client_token: Token | None = None
    """Of the process that is, or was last, connected."""
    listeners: list[IoRequest] = field(default_factory=list)


def file_system_attributes(length: int) -> Answer:
    """FileFsAttributeInformation of the pipe file system."""
    name = cut_name("NPFS", 256).data
    data = struct.pack("<II", 0x6, 256) + name
    return Answer(data[:length], STATUS_BUFFER_OVERFLOW if length < len(data) else STATUS_SUCCESS)


class NamedPipeDevice(Device):
    """`\\Device\\NamedPipe`."""

    def __init__(self) -> None:
        self.pipes: dict[str, NamedPipe] = {}

    def open(self, path: str, request: OpenRequest) -> FileObject:
        """Open the client end of a pipe, or the pipe file system itself. Raises NtError."""
        if path in ("", "\\"):
            if request.options & ff.FILE_NON_DIRECTORY_FILE and path:
                raise NtError(STATUS_FILE_IS_A_DIRECTORY)
            from runtime.nt.pipe_root import PipeRoot

            return PipeRoot(self, path, request)
        pipe = self.pipes.get(upcase(path.removeprefix("\\")))
        if pipe is None:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        instance = pipe.available()
        if instance is None:
            raise NtError(STATUS_PIPE_NOT_AVAILABLE)
        return connect(instance, request)

    def create(self, path: str, request: OpenRequest, parameters: PipeParameters) -> PipeEnd:
        """NtCreateNamedPipeFile: a new instance; an empty path makes an anonymous pipe. Raises NtError."""
        configuration = _configuration(request.share)
        name = path.removeprefix("\\")
        if parameters.read_messages and not parameters.messages:
            raise NtError(STATUS_INVALID_PARAMETER)
        if not parameters.maximum or request.disposition not in (ff.FILE_OPEN, ff.FILE_CREATE, ff.FILE_OPEN_IF):
            raise NtError(STATUS_INVALID_PARAMETER)
        pipe = self.pipes.get(upcase(name)) if name else None
        if pipe is None:
            if request.disposition == ff.FILE_OPEN:
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            if len(name) > 256 or name.endswith("\\"):
                raise NtError(STATUS_OBJECT_NAME_INVALID)
            pipe = NamedPipe(name, configuration, parameters)
            request.information = ff.FILE_CREATED
        else:
            if request.disposition == ff.FILE_CREATE or configuration is not pipe.configuration:
                raise NtError(STATUS_ACCESS_DENIED)
            if parameters.messages is not pipe.parameters.messages:
                raise NtError(STATUS_ACCESS_DENIED)
            if len(pipe.instances) >= pipe.parameters.maximum:
                raise NtError(STATUS_INSTANCE_NOT_AVAILABLE)
            request.information = ff.FILE_OPENED
        instance = PipeInstance(
            pipe,
            PipeQueue(parameters.inbound_quota or DEFAULT_QUOTA, messages=parameters.messages),
            PipeQueue(parameters.outbound_quota or DEFAULT_QUOTA, messages=parameters.messages),
        )
        granted = request.grant()
        end = PipeEnd(self, instance, "\\" + name, request, granted, server=True)
        end.read_messages, end.no_wait = parameters.read_messages, parameters.no_wait
        instance.server = end
        pipe.instances.append(instance)
        if name:
            self.pipes[upcase(name)] = pipe
            pipe.offer()
        return end

    def forget(self, instance: PipeInstance) -> None:
        """An instance's server end was closed; the name goes with the last one."""
        pipe = instance.pipe
        if instance in pipe.instances:
            pipe.instances.remove(instance)
        if not pipe.instances and self.pipes.get(upcase(pipe.name)) is pipe:
            del self.pipes[upcase(pipe.name)]
            for waiter in pipe.waiters:
                waiter.end(STATUS_OBJECT_NAME_NOT_FOUND)
            pipe.waiters.clear()


def _configuration(share: int) -> Configuration:
    match share & (ff.FILE_SHARE_READ | ff.FILE_SHARE_WRITE):
        case ff.FILE_SHARE_READ:
            return Configuration.OUTBOUND
        case ff.FILE_SHARE_WRITE:
            return Configuration.INBOUND
        case 3:
            return Configuration.FULL_DUPLEX
    raise NtError(STATUS_INVALID_PARAMETER)


def connect(instance: PipeInstance, request: OpenRequest) -> PipeEnd:
    """Open the client end of a listening instance. Raises NtError STATUS_ACCESS_DENIED, STATUS_PIPE_NOT_AVAILABLE."""
    if instance.state is not PipeState.LISTENING or instance.server is None:
        raise NtError(STATUS_PIPE_NOT_AVAILABLE)
    configuration = instance.pipe.configuration
    forbidden = 0
    if configuration is Configuration.INBOUND:
        forbidden = ff.FILE_READ_DATA
    elif configuration is Configuration.OUTBOUND:
        forbidden = ff.FILE_WRITE_DATA
    granted = request.grant(forbidden)
    if granted & forbidden:
        raise NtError(STATUS_ACCESS_DENIED)
    server = instance.server
    end = PipeEnd(server.device, instance, server.file_name, request, granted, server=False)
    instance.client, instance.client_token = end, request.process.token
    instance.state = PipeState.CONNECTED
    listeners, instance.listeners = instance.listeners, []
    for listener in listeners:
        listener.complete(STATUS_SUCCESS)
    request.information = ff.FILE_OPENED
    return end


class PipeEnd(FileObject):
    """One end of a pipe."""

    device_type = ff.FILE_DEVICE_NAMED_PIPE

    def __init__(
        self,
        device: NamedPipeDevice,
        instance: PipeInstance,
        file_name: str,
        request: OpenRequest,
        granted: int,
        *,
        server: bool,
    ) -> None:
        super().__init__(file_name, request, granted)
        self.device = device
        self.instance = instance
        self.is_server = server
        self.read_messages = False
        self.no_wait = False
        self.process_id = request.process.pid
        self.detached = False
        """Whether the server has disconnected this client end."""

    @property
    def device_path(self) -> str:
        return "\\Device\\NamedPipe"

    @property
    def _incoming(self) -> PipeQueue:
        return self.instance.inbound if self.is_server else self.instance.outbound

    @property
    def _outgoing(self) -> PipeQueue:
        return self.instance.outbound if self.is_server else self.instance.inbound

    @property
    def pipe_state(self) -> PipeState:
        """The state as this end sees it."""
        return PipeState.DISCONNECTED if self.detached else self.instance.state

    def open(self, path: str, request: OpenRequest) -> FileObject:
        """Open the client end of an anonymous pipe, relative to its server end."""
        if path or not self.is_server:
            raise NtError(STATUS_OBJECT_NAME_INVALID)
        return connect(self.instance, request)

    # Data

    def read(self, request: IoRequest) -> int:
        queue = self._incoming
        state = self.pipe_state
        if state in (PipeState.DISCONNECTED, PipeState.LISTENING):
            raise NtError(STATUS_PIPE_DISCONNECTED if state is PipeState.DISCONNECTED else STATUS_PIPE_LISTENING)
        if not queue.empty and not queue.waited_for:
            data, status = queue.take(request.length, by_message=self.read_messages)
            request.write_buffer(data)
            request.information = len(data)
            return status
        if state is PipeState.CLOSING:
            raise NtError(STATUS_PIPE_BROKEN)
        if self.no_wait:
            raise NtError(STATUS_PIPE_EMPTY)
        return queue.wait_to_read(request, by_message=self.read_messages)

    def write(self, request: IoRequest) -> int:
        state = self.pipe_state
        if state is not PipeState.CONNECTED:
            raise NtError(
                {
                    PipeState.DISCONNECTED: STATUS_PIPE_DISCONNECTED,
                    PipeState.LISTENING: STATUS_PIPE_LISTENING,
                    PipeState.CLOSING: STATUS_PIPE_CLOSING,
                }[state]
            )
        queue = self._outgoing
        data = request.read_buffer()
        request.information = len(data)
        if self.no_wait and len(data) > queue.room and not queue.waited_for:
            data = b"" if queue.messages else data[: queue.room]
            request.information = len(data)
            if not data:
                return STATUS_SUCCESS
        if queue.write(request, data):
            return STATUS_SUCCESS
        request.information = 0
        return request.status

    def flush(self, request: IoRequest) -> int:
        if self.pipe_state is not PipeState.CONNECTED:
            raise NtError(STATUS_PIPE_DISCONNECTED if self.detached else STATUS_PIPE_CLOSING)
        return self._outgoing.flush(request)

    # Control

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        match code:
            case _ if code == FSCTL_PIPE_LISTEN:
                return self._listen(request)
            case _ if code == FSCTL_PIPE_DISCONNECT:
                return self._disconnect()
            case _ if code == FSCTL_PIPE_PEEK:
                return self._peek(request)
            case _ if code == FSCTL_PIPE_TRANSCEIVE:
                return self._transceive(request, data)
            case _ if code in (FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE, FSCTL_PIPE_GET_PIPE_ATTRIBUTE):
                return self._attribute(request, data)
            case _ if code == FSCTL_PIPE_IMPERSONATE:
                return self.impersonate(request.thread)
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def _listen(self, request: IoRequest) -> int:
        instance = self.instance
        if not self.is_server:
            raise NtError(STATUS_ILLEGAL_FUNCTION)
        if instance.state is PipeState.CONNECTED:
            raise NtError(STATUS_PIPE_CONNECTED)
        if instance.state is PipeState.CLOSING:
            raise NtError(STATUS_PIPE_CLOSING)
        if instance.state is PipeState.DISCONNECTED:
            instance.state = PipeState.LISTENING
            instance.pipe.offer()
        if self.no_wait:
            raise NtError(STATUS_PIPE_LISTENING)
        instance.listeners.append(request)
        return request.pend(lambda: instance.listeners.remove(request))

    def _disconnect(self) -> int:
        instance = self.instance
        if not self.is_server:
            raise NtError(STATUS_ILLEGAL_FUNCTION)
        if instance.state is PipeState.DISCONNECTED:
            raise NtError(STATUS_PIPE_DISCONNECTED)
        instance.state = PipeState.DISCONNECTED
        if instance.client is not None:
            instance.client.detached = True
            instance.client = None
        instance.client_token = None
        listeners, instance.listeners = instance.listeners, []
        for listener in listeners:
            listener.complete(STATUS_PIPE_DISCONNECTED)
        for queue in (instance.inbound, instance.outbound):
            queue.end(STATUS_PIPE_DISCONNECTED, discard=True)
        return STATUS_SUCCESS

    def impersonate(self, thread: Thread) -> int:
        """Have a thread act for the user at the client end, also for one who has hung up since. Raises NtError."""
        if not self.is_server:
            raise NtError(STATUS_ILLEGAL_FUNCTION)
        token = self.instance.client_token
        if token is None:
            raise NtError(STATUS_CANNOT_IMPERSONATE)
        thread.token = token.duplicate(TOKEN_IMPERSONATION, SECURITY_IMPERSONATION)
        return STATUS_SUCCESS

    def peek(self, length: int) -> tuple[bytes, int, int]:
        state, queue = self.pipe_state, self._incoming
        if state in (PipeState.DISCONNECTED, PipeState.LISTENING):
            raise NtError(STATUS_INVALID_PIPE_STATE)
        if state is PipeState.CLOSING and queue.empty:
            raise NtError(STATUS_PIPE_BROKEN)
        return queue.peek(length), queue.size, queue.next_length

    def _peek(self, request: IoRequest) -> int:
        if request.length < 16:
            raise NtError(STATUS_BUFFER_TOO_SMALL)
        data = self.peek(request.length - 16)[0]
        queue = self._incoming
        header = struct.pack("<IIII", self.pipe_state, queue.size, queue.message_count, queue.next_length)
        request.write_buffer(header + data)
        request.information = 16 + len(data)
        partial = len(data) < (queue.next_length if queue.messages else queue.size)
        return STATUS_BUFFER_OVERFLOW if partial else STATUS_SUCCESS

    def _transceive(self, request: IoRequest, data: bytes) -> int:
        if self.pipe_state is not PipeState.CONNECTED:
            raise NtError(STATUS_INVALID_PIPE_STATE)
        if not self.read_messages:
            raise NtError(STATUS_INVALID_READ_MODE)
        if self.instance.pipe.configuration is not Configuration.FULL_DUPLEX:
            raise NtError(STATUS_INVALID_PIPE_STATE)
        if not self._incoming.empty:
            raise NtError(STATUS_PIPE_BUSY)
        # The answer is waited for first: a writer that is served at once may answer before this returns.
        status = self._incoming.wait_to_read(request, by_message=True)
        sender = IoRequest(request.thread, self)
        self._outgoing.write(sender, data)
        return request.status if request.done else status

    def _attribute(self, request: IoRequest, data: bytes) -> int:
        name = data.split(b"\0", 1)[0]
        ends = {b"ClientProcessId": self.instance.client, b"ServerProcessId": self.instance.server}
        if name not in ends:
            raise NtError(STATUS_NOT_FOUND)
        end = ends[name]
        if end is None:
            raise NtError(STATUS_PIPE_DISCONNECTED)
        value = struct.pack("<Q", end.process_id)[: max(4, min(8, request.length))]
        if request.length < 4:
            raise NtError(STATUS_BUFFER_TOO_SMALL)
        request.write_buffer(value)
        request.information = len(value)
        return STATUS_SUCCESS

    # Information

    def information(self, information_class: int, granted: int) -> bytes:
        pipe, incoming, outgoing = self.instance.pipe, self._incoming, self._outgoing
        match information_class:
            case 4:
                return struct.pack("<qqqqII", 0, 0, 0, 0, FILE_ATTRIBUTE_NORMAL, 0)
            case 5:
                quota = self.instance.inbound.quota + self.instance.outbound.quota
                return struct.pack("<qqIBBH", quota, incoming.size, 1, 1, 0, 0)
            case 6:
                return struct.pack("<q", id(self.instance) & 0x7FFFFFFF)
            case 23:
                return struct.pack("<II", self.read_messages, self.no_wait)
            case 24:
                return struct.pack(
                    "<IIIIIIIIII",
                    pipe.parameters.messages,
                    pipe.configuration,
                    pipe.parameters.maximum & 0xFFFFFFFF,
                    len(pipe.instances),
                    self.instance.inbound.quota,
                    incoming.size,
                    self.instance.outbound.quota,
                    outgoing.room,
                    self.pipe_state,
                    self.is_server,
                )
        return super().information(information_class, granted)

    def set_information(self, information_class: int, data: bytes, process: Process) -> None:
        if information_class != 23:
            super().set_information(information_class, data, process)
            return
        read_mode, completion_mode = unpack_exact("<II", data)
        if read_mode > 1 or completion_mode > 1 or (read_mode and not self.instance.pipe.parameters.messages):
            raise NtError(STATUS_INVALID_PARAMETER)
        self.read_messages, self.no_wait = bool(read_mode), bool(completion_mode)

    def query_volume(self, information_class: int, length: int) -> Answer:
        if information_class == 5:
            return file_system_attributes(length)
        return super().query_volume(information_class, length)

    # End

    def closed(self) -> None:
        super().closed()
        instance = self.instance
        if self.is_server:
            self.device.forget(instance)
            instance.server = None
        elif self.detached:
            return
        else:
            instance.client = None
        other_is_there = instance.client is not None if self.is_server else instance.server is not None
        if instance.state is PipeState.CONNECTED:
            instance.state = PipeState.CLOSING
        self._incoming.end(STATUS_PIPE_BROKEN, discard=True)
        self._outgoing.end(STATUS_PIPE_BROKEN, discard=not other_is_there)

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {
            "end": "server" if self.is_server else "client",
            "connection": self.pipe_state.name.lower(),
            "readable": self._incoming.size,
        }
