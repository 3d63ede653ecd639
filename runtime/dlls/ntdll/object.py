"""Handles, object queries, directories and symbolic links."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.cpu.engine import Gpr
from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.ntdll.sync import open_named
from runtime.dlls.structure import Structure
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    NTSTATUS,
    PUNICODE_STRING_IN,
    PVOID,
    ULONG,
    USHORT,
    InOut,
    Out,
)
from runtime.nt import status as st
from runtime.nt.handles import (
    DUPLICATE_CLOSE_SOURCE,
    DUPLICATE_SAME_ACCESS,
    DUPLICATE_SAME_ATTRIBUTES,
    HandleEntry,
)
from runtime.nt.object import (
    DELETE,
    OBJ_INHERIT,
    OBJ_PERMANENT,
    Directory,
    Object,
    ObjectType,
    SymbolicLink,
)
from runtime.nt.process import Process
from runtime.nt.reference import find_entry, get_object, give_handle, pseudo_handle, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

CATEGORY = "process"
OBJ_PROTECT_CLOSE = 0x1
DIRECTORY_QUERY = 0x1
SYMBOLIC_LINK_QUERY = 0x1
PROCESS_DUP_HANDLE = 0x40

BASIC_INFORMATION, NAME_INFORMATION, TYPE_INFORMATION, TYPES_INFORMATION, HANDLE_FLAG_INFORMATION = range(5)


class UNICODE_STRING(Structure):
    Length: USHORT
    MaximumLength: USHORT
    Buffer: PVOID


class OBJECT_BASIC_INFORMATION(Structure):
    Attributes: ULONG
    GrantedAccess: ULONG
    HandleCount: ULONG
    PointerCount: ULONG
    PagedPoolCharge: ULONG
    NonPagedPoolCharge: ULONG
    Reserved0: ULONG
    Reserved1: ULONG
    Reserved2: ULONG
    NameInfoSize: ULONG
    TypeInfoSize: ULONG
    SecurityDescriptorSize: ULONG
    CreationTimeLow: ULONG
    CreationTimeHigh: ULONG


class OBJECT_TYPE_INFORMATION(Structure):
    TypeName: UNICODE_STRING
    TotalNumberOfObjects: ULONG
    TotalNumberOfHandles: ULONG
    TotalPagedPoolUsage: ULONG
    TotalNonPagedPoolUsage: ULONG
    TotalNamePoolUsage: ULONG
    TotalHandleTableUsage: ULONG
    HighWaterNumberOfObjects: ULONG
    HighWaterNumberOfHandles: ULONG
    HighWaterPagedPoolUsage: ULONG
    HighWaterNonPagedPoolUsage: ULONG
    HighWaterNamePoolUsage: ULONG
    HighWaterHandleTableUsage: ULONG
    InvalidAttributes: ULONG
    GenericMappingRead: ULONG
    GenericMappingWrite: ULONG
    GenericMappingExecute: ULONG
    GenericMappingAll: ULONG
    ValidAccessMask: ULONG
    SecurityRequired: BOOLEAN
    MaintainHandleCount: BOOLEAN
    TypeIndex: BOOLEAN
    ReservedByte: BOOLEAN
    PoolType: ULONG
    DefaultPagedPoolCharge: ULONG
    DefaultNonPagedPoolCharge: ULONG


def close_handle(thread: Thread, handle: int) -> None:
    """Close a handle of the caller; closing a pseudo handle does nothing, as on Windows. Raises NtError."""
    if pseudo_handle(handle) is None:
        thread.process.handles.close(handle)


@ntdll.export(category="file_io")
def NtClose(thread: Thread, Handle: HANDLE) -> NTSTATUS:
    try:
        close_handle(thread, Handle)
    except NtError as error:
        report_bad_handle(thread, error, error.status)
        raise
    return st.STATUS_SUCCESS


def report_bad_handle(thread: Thread, error: NtError, result: int) -> None:
    """Of a debugged process, NtClose raises an exception for a bad handle, after which it returns `result`."""
    if thread.process.debug_port is not None and error.status == st.STATUS_INVALID_HANDLE:
        thread.context.registers[Gpr.RAX] = result
        thread.raise_exception(st.STATUS_INVALID_HANDLE)


def duplicate(
    thread: Thread, source: Process, handle: int, target: Process | None, desired: int, attributes: int, options: int
) -> int:
    """Duplicate a handle of `source` into `target`; returns the new handle, 0 without a target.

    A pseudo handle of the caller becomes a real one. Raises NtError.
    """
    entry = source.handles.entry(handle) if pseudo_handle(handle) is None else find_entry(thread, handle)
    try:
        if target is None:
            return 0
        access = entry.access if options & DUPLICATE_SAME_ACCESS else entry.item.object_type.grant(desired)
        inherit, protect = bool(attributes & OBJ_INHERIT), bool(attributes & OBJ_PROTECT_CLOSE)
        if options & DUPLICATE_SAME_ATTRIBUTES:
            inherit, protect = entry.inherit, entry.protect
        return target.handles.insert(entry.item, access, inherit=inherit, protect=protect)
    finally:
        if options & DUPLICATE_CLOSE_SOURCE and pseudo_handle(handle) is None:
            source.handles.close(handle)


@ntdll.export(category=CATEGORY)
def NtDuplicateObject(
    thread: Thread, SourceProcessHandle: HANDLE, SourceHandle: HANDLE, TargetProcessHandle: HANDLE,
    TargetHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, HandleAttributes: ULONG, Options: ULONG,
) -> NTSTATUS:  # fmt: skip
    source = get_object(thread, SourceProcessHandle, Process, PROCESS_DUP_HANDLE)
    target = get_object(thread, TargetProcessHandle, Process, PROCESS_DUP_HANDLE) if TargetProcessHandle else None
    if target is None and not Options & DUPLICATE_CLOSE_SOURCE:
        raise NtError(st.STATUS_INVALID_HANDLE)
    handle = duplicate(thread, source, SourceHandle, target, DesiredAccess, HandleAttributes, Options)
    TargetHandle.put(handle)
    return st.STATUS_SUCCESS


@ntdll.export(category=CATEGORY)
def NtCompareObjects(thread: Thread, FirstObjectHandle: HANDLE, SecondObjectHandle: HANDLE) -> NTSTATUS:
    same = find_entry(thread, FirstObjectHandle).item is find_entry(thread, SecondObjectHandle).item
    return st.STATUS_SUCCESS if same else st.STATUS_NOT_SAME_OBJECT


def _counts(thread: Thread, kind: ObjectType) -> tuple[int, int]:
    """How many objects of a type handles refer to, and how many handles there are, on the whole machine."""
    items = [
        entry.item
        for process in thread.process.machine.processes.values()
        for _, entry in process.handles
        if entry.item.object_type is kind
    ]
    return len(set(items)), len(items)


def _string_at(text: str, pointer_size: int, address: int) -> tuple[UNICODE_STRING, bytes]:
    data = text.encode("utf-16-le", "surrogatepass")
    head = UNICODE_STRING(Length=len(data), MaximumLength=len(data) + 2 if data else 0, Buffer=address if data else 0)
    return head, data + b"\0\0" if data else b""


def _type_information(thread: Thread, kind: ObjectType, address: int) -> bytes:
    memory = thread.process.memory
    size = OBJECT_TYPE_INFORMATION.size(memory)
    name, text = _string_at(kind.name, memory.pointer_size, address + size)
    objects, handles = _counts(thread, kind)
    head = OBJECT_TYPE_INFORMATION(
        TypeName=name,
        TotalNumberOfObjects=objects,
        TotalNumberOfHandles=handles,
        HighWaterNumberOfObjects=objects,
        HighWaterNumberOfHandles=handles,
        GenericMappingRead=kind.read,
        GenericMappingWrite=kind.write,
        GenericMappingExecute=kind.execute,
        GenericMappingAll=kind.all,
        ValidAccessMask=kind.all,
    )
    return head.pack(memory.pointer_size) + text


def _basic_information(entry: HandleEntry, name_bytes: int, pointer_size: int) -> bytes:
    attributes = OBJ_INHERIT * entry.inherit | OBJ_PERMANENT * entry.item.permanent | OBJ_PROTECT_CLOSE * entry.protect
    return OBJECT_BASIC_INFORMATION(
        Attributes=attributes,
        GrantedAccess=entry.access,
        HandleCount=entry.item.handle_count,
        PointerCount=entry.item.handle_count + 1,
        NameInfoSize=name_bytes + 2 * pointer_size if name_bytes else 0,
        TypeInfoSize=len(entry.item.object_type.name) * 2 + 2 + 0x68,
    ).pack(pointer_size)


@ntdll.export(category=CATEGORY)
def NtQueryObject(
    thread: Thread, Handle: HANDLE, ObjectInformationClass: ULONG, ObjectInformation: PVOID,
    ObjectInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    memory = thread.process.memory
    width = memory.pointer_size
    entry = find_entry(thread, Handle)
    match ObjectInformationClass:
        case n if n == BASIC_INFORMATION:
            data = _basic_information(entry, len(entry.item.path) * 2, width)
            if ObjectInformationLength != len(data):
                raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        case n if n == NAME_INFORMATION:
            head, text = _string_at(entry.item.path, width, ObjectInformation + 2 * width)
            data = head.pack(width) + text
        case n if n == TYPE_INFORMATION:
            data = _type_information(thread, entry.item.object_type, ObjectInformation)
        case n if n == HANDLE_FLAG_INFORMATION:
            data = bytes((entry.inherit, entry.protect))
        case _:
            raise NtError(st.STATUS_INVALID_INFO_CLASS)
    ReturnLength.put(len(data))
    if ObjectInformationLength < len(data):
        short_name = ObjectInformationClass == NAME_INFORMATION and ObjectInformationLength >= 2 * width
        raise NtError(st.STATUS_BUFFER_OVERFLOW if short_name else st.STATUS_INFO_LENGTH_MISMATCH)
    memory.write(ObjectInformation, data)
    return st.STATUS_SUCCESS


@ntdll.export(category=CATEGORY)
def NtSetInformationObject(
    thread: Thread, Handle: HANDLE, ObjectInformationClass: ULONG, ObjectInformation: PVOID,
    ObjectInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    if ObjectInformationClass != HANDLE_FLAG_INFORMATION:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    if ObjectInformationLength != 2:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    inherit, protect = thread.process.memory.read(ObjectInformation, 2)
    if pseudo_handle(Handle) is not None:
        return st.STATUS_SUCCESS
    entry = thread.process.handles.entry(Handle)
    entry.inherit, entry.protect = bool(inherit), bool(protect)
    return st.STATUS_SUCCESS


@ntdll.export(category=CATEGORY)
def NtMakeTemporaryObject(thread: Thread, Handle: HANDLE) -> NTSTATUS:
    get_object(thread, Handle, Object, DELETE).permanent = False
    return st.STATUS_SUCCESS


@ntdll.export(category=CATEGORY)
def NtMakePermanentObject(thread: Thread, Handle: HANDLE) -> NTSTATUS:
    # Needs SeCreatePermanentPrivilege, which no user's token holds.
    find_entry(thread, Handle)
    raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)


@ntdll.export(category=CATEGORY)
def NtCreateDirectoryObject(
    thread: Thread, DirectoryHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    attributes = read_attributes(thread, ObjectAttributes)
    made = thread.process.machine.objects.create(attributes, Directory, Directory)
    give_handle(thread, DirectoryHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=CATEGORY)
def NtOpenDirectoryObject(
    thread: Thread, DirectoryHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, DirectoryHandle, DesiredAccess, ObjectAttributes, Directory)


def _directory_entries(directory: Directory, first: int, room: int, width: int) -> Iterator[tuple[int, str, str]]:
    """The entries from index `first` on that fit `room` bytes, as (bytes, name, type name)."""
    used = 4 * width
    for item in list(directory)[first:]:
        size = 4 * width + 2 * (len(item.name) + len(item.object_type.name)) + 4
        used += size
        if used > room:
            return
        yield size, item.name, item.object_type.name


@ntdll.export(category=CATEGORY)
def NtQueryDirectoryObject(
    thread: Thread, DirectoryHandle: HANDLE, Buffer: PVOID, Length: ULONG, ReturnSingleEntry: BOOLEAN,
    RestartScan: BOOLEAN, Context: InOut[ULONG], ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    memory = thread.process.memory
    width = memory.pointer_size
    directory = get_object(thread, DirectoryHandle, Directory, DIRECTORY_QUERY)
    first = 0 if RestartScan else Context.get()
    remaining = len(directory) - first
    if remaining <= 0:
        ReturnLength.put(4 * width)
        return st.STATUS_NO_MORE_ENTRIES
    fitting = list(_directory_entries(directory, first, Length, width))
    if ReturnSingleEntry:
        fitting = fitting[:1]
    if not fitting:
        item = list(directory)[first]
        ReturnLength.put(8 * width + 2 * (len(item.name) + len(item.object_type.name)) + 4)
        return st.STATUS_BUFFER_TOO_SMALL
    heads, texts = bytearray(), bytearray()
    text_address = Buffer + 4 * width * (len(fitting) + 1)
    for _, name, kind in fitting:
        for text in (name, kind):
            data = text.encode("utf-16-le", "surrogatepass")
            heads += UNICODE_STRING(
                Length=len(data), MaximumLength=len(data) + 2, Buffer=text_address + len(texts)
            ).pack(width)
            texts += data + b"\0\0"
    memory.write(Buffer, bytes(heads + bytes(4 * width) + texts))
    Context.set(first + len(fitting))
    ReturnLength.put(len(heads) + 4 * width + len(texts))
    more = not ReturnSingleEntry and len(fitting) < remaining
    return st.STATUS_MORE_ENTRIES if more else st.STATUS_SUCCESS


@ntdll.export(category=CATEGORY)
def NtCreateSymbolicLinkObject(
    thread: Thread, SymbolicLinkHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    TargetName: PUNICODE_STRING_IN,
) -> NTSTATUS:  # fmt: skip
    if not TargetName:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    target = TargetName
    attributes = read_attributes(thread, ObjectAttributes)
    made = thread.process.machine.objects.create(attributes, SymbolicLink, lambda: SymbolicLink(target))
    give_handle(thread, SymbolicLinkHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=CATEGORY)
def NtOpenSymbolicLinkObject(
    thread: Thread, LinkHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, LinkHandle, DesiredAccess, ObjectAttributes, SymbolicLink)


@ntdll.export(category=CATEGORY)
def NtQuerySymbolicLinkObject(
    thread: Thread, LinkHandle: HANDLE, LinkTarget: InOut[UNICODE_STRING], ReturnedLength: Out[ULONG]
) -> NTSTATUS:
    link = get_object(thread, LinkHandle, SymbolicLink, SYMBOLIC_LINK_QUERY)
    room = LinkTarget.get()
    data = link.target.encode("utf-16-le", "surrogatepass")
    # With ReturnedLength the terminator is counted and copied, without it neither.
    stored = data + b"\0\0" if ReturnedLength else data
    ReturnedLength.put(len(stored))
    if room.MaximumLength < len(stored):
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    thread.process.memory.write(room.Buffer, stored)
    room.Length = len(data)
    LinkTarget.set(room)
    return st.STATUS_SUCCESS
