"""Registry keys: NtCreateKey and its family."""

from __future__ import annotations

import contextlib
import struct
from typing import Annotated

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    NTSTATUS,
    PUNICODE_STRING_IN,
    PVOID,
    ULONG,
    Enum,
    InBytes,
    Out,
    OutBytes,
)
from runtime.dlls.types import InOut as InOutRef
from runtime.memory.faults import MemoryFault
from runtime.memory.space import AddressSpace
from runtime.nt import registry as reg
from runtime.nt import registry_hives as hives
from runtime.nt import security as sec
from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.disk_file import DiskFile
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.file_flags import FILE_WRITE_DATA
from runtime.nt.hive import LATEST, STANDARD
from runtime.nt.object import OBJ_OPENLINK
from runtime.nt.reference import get_object, read_attributes, required_attributes
from runtime.nt.registry import Key, NotifyRequest
from runtime.nt.registry_store import ValueRow
from runtime.nt.registry_tree import KeyNode
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token
from runtime.nt.wait import queue_apc, wait_for

REGISTRY = "registry"
KeyInformationClass = Annotated[ULONG, Enum("KEY_INFORMATION_CLASS")]
KeyValueInformationClass = Annotated[ULONG, Enum("KEY_VALUE_INFORMATION_CLASS")]
Information = Annotated[PVOID, OutBytes("Length", actual="ResultLength")]


def _wide(text: str | None) -> bytes:
    return (text or "").encode("utf-16-le", "surrogatepass")


def _key(thread: Thread, handle: int, access: int = 0) -> Key:
    return get_object(thread, handle, Key, access)


def _open(thread: Thread, target: Out[HANDLE], access: int, address: int, options: int) -> int:
    attributes = required_attributes(thread, address)
    if options & ~(reg.REG_OPTION_OPEN_LINK | reg.REG_OPTION_BACKUP_RESTORE):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    open_link = bool(options & reg.REG_OPTION_OPEN_LINK or attributes.attributes & OBJ_OPENLINK)
    machine = thread.process.machine
    key, granted = machine.registry.open(
        attributes, access, effective_token(thread), open_link=open_link, namespace=machine.objects,
        wow64=thread.process.memory.pointer_size == 4,
    )  # fmt: skip
    target.set(thread.process.handles.insert(key, granted, inherit=attributes.inherit))
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtOpenKey(thread: Thread, KeyHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID) -> NTSTATUS:
    """Open an existing key."""
    return _open(thread, KeyHandle, DesiredAccess, ObjectAttributes, 0)


@ntdll.export(category=REGISTRY)
def NtOpenKeyEx(
    thread: Thread, KeyHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, OpenOptions: ULONG
) -> NTSTATUS:
    """Open an existing key; REG_OPTION_OPEN_LINK opens a symbolic link itself."""
    return _open(thread, KeyHandle, DesiredAccess, ObjectAttributes, OpenOptions)


@ntdll.export(category=REGISTRY)
def NtCreateKey(
    thread: Thread, KeyHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, TitleIndex: ULONG,
    Class: PUNICODE_STRING_IN, CreateOptions: ULONG, Disposition: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Open a key, or create its last component."""
    attributes = required_attributes(thread, ObjectAttributes)
    machine = thread.process.machine
    security = None
    memory = thread.process.memory
    address = memory.read_pointer(ObjectAttributes + 4 * memory.pointer_size)
    if address:
        from runtime.dlls.security_descriptor import read_descriptor

        security = read_descriptor(memory, address).pack()
    options = CreateOptions | (reg.REG_OPTION_OPEN_LINK if attributes.attributes & OBJ_OPENLINK else 0)
    key, granted, disposition = machine.registry.create(
        attributes, DesiredAccess, effective_token(thread), options=options, class_name=Class, security=security,
        namespace=machine.objects, wow64=memory.pointer_size == 4,
    )  # fmt: skip
    KeyHandle.set(thread.process.handles.insert(key, granted, inherit=attributes.inherit))
    Disposition.put(disposition)
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtDeleteKey(thread: Thread, KeyHandle: HANDLE) -> NTSTATUS:
    """Delete a key without subkeys; its handles stay and answer STATUS_KEY_DELETED."""
    key = _key(thread, KeyHandle, sec.DELETE)
    key.registry.tree.delete(key.node)
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtRenameKey(thread: Thread, KeyHandle: HANDLE, NewName: PUNICODE_STRING_IN) -> NTSTATUS:
    """Give a key another name."""
    key = _key(thread, KeyHandle, reg.KEY_WRITE)
    key.registry.tree.rename(key.node, NewName or "")
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtFlushKey(thread: Thread, KeyHandle: HANDLE) -> NTSTATUS:
    """Put all changes on the disk."""
    hives.flush(_key(thread, KeyHandle))
    return st.STATUS_SUCCESS


def _answer(memory: AddressSpace, data: bytes, fixed: int, target: int, length: int, result: Out[ULONG]) -> int:
    """Store an information structure of which the first `fixed` bytes must fit."""
    result.put(len(data))
    if length < fixed:
        return st.STATUS_BUFFER_TOO_SMALL
    memory.write(target, data[:length])
    return st.STATUS_BUFFER_OVERFLOW if length < len(data) else st.STATUS_SUCCESS


def _longest(texts: list[str]) -> int:
    return max((len(_wide(text)) for text in texts), default=0)


def _key_information(key: Key, node: KeyNode, kind: int, own: bool) -> tuple[bytes, int]:
    """Return the information and the size of its fixed part."""
    name = _wide(node.name)
    class_name = _wide(node.class_name)
    time = struct.pack("<qI", node.written, 0)
    match kind:
        case 0:
            return time + struct.pack("<I", len(name)) + name, 16
        case 1:
            offset = -(-(24 + len(name)) // 4) * 4
            head = time + struct.pack("<III", offset if class_name else 0xFFFFFFFF, len(class_name), len(name)) + name
            return (head.ljust(offset, b"\0") + class_name if class_name else head), 24
        case 2 | 4:
            subject = key if own else Key(key.registry, node)
            subkeys, values = subject.subkeys(), subject.values()
            counts = (len(subkeys), _longest([child.name for child in subkeys]))
            longest = (
                len(values), _longest([row.name for row in values]), max((len(row.data) for row in values), default=0)
            )  # fmt: skip
            if kind == 4:
                return time + struct.pack("<6I", *counts, *longest, len(name)) + bytes(4), 40
            classes = _longest([child.class_name or "" for child in subkeys])
            head = time + struct.pack("<8I", 44 if class_name else 0xFFFFFFFF, len(class_name), *counts, classes,
                                      *longest)  # fmt: skip
            return head + class_name, 44
        case 3 if own:
            full = _wide(node.full_name)
            return struct.pack("<I", len(full)) + full, 4
        case 5:
            return struct.pack("<III", 0, (1 if node.volatile else 0) | (2 if node.is_link else 0), 0), 12
        case 6 | 8:
            return bytes(4), 4
        case 7:
            return struct.pack("<I", key.tags), 4
    raise NtError(st.STATUS_INVALID_PARAMETER)


@ntdll.export(category=REGISTRY)
def NtQueryKey(
    thread: Thread, KeyHandle: HANDLE, KeyInformationClass: KeyInformationClass,
    KeyInformation: Information, Length: ULONG, ResultLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Describe a key."""
    key = _key(thread, KeyHandle, 0 if KeyInformationClass in (3, 7) else reg.KEY_QUERY_VALUE)
    if key.node.deleted:
        raise NtError(st.STATUS_KEY_DELETED)
    data, fixed = _key_information(key, key.node, KeyInformationClass, True)
    return _answer(thread.process.memory, data, fixed, KeyInformation, Length, ResultLength)


@ntdll.export(category=REGISTRY)
def NtEnumerateKey(
    thread: Thread, KeyHandle: HANDLE, Index: ULONG, KeyInformationClass: KeyInformationClass,
    KeyInformation: Information, Length: ULONG, ResultLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Describe a subkey by number; STATUS_NO_MORE_ENTRIES behind the last one."""
    key = _key(thread, KeyHandle, reg.KEY_ENUMERATE_SUB_KEYS)
    if KeyInformationClass > 2:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    subkeys = key.subkeys()
    if Index >= len(subkeys):
        raise NtError(st.STATUS_NO_MORE_ENTRIES)
    data, fixed = _key_information(key, subkeys[Index], KeyInformationClass, False)
    return _answer(thread.process.memory, data, fixed, KeyInformation, Length, ResultLength)


def _value_information(row: ValueRow, kind: int) -> tuple[bytes, int]:
    """Return the information and the size of its fixed part."""
    name = _wide(row.name)
    match kind:
        case 0:
            return struct.pack("<III", 0, row.type, len(name)) + name, 12
        case 1 | 3:
            unit = 8 if kind == 3 else 4
            offset = -(-(20 + len(name)) // unit) * unit
            head = struct.pack("<5I", 0, row.type, offset if row.data else 0xFFFFFFFF, len(row.data), len(name)) + name
            return (head.ljust(offset, b"\0") + row.data if row.data else head), 20
        case 2:
            return struct.pack("<III", 0, row.type, len(row.data)) + row.data, 12
        case 4:
            return struct.pack("<II", row.type, len(row.data)) + row.data, 8
    raise NtError(st.STATUS_INVALID_PARAMETER)


@ntdll.export(category=REGISTRY)
def NtQueryValueKey(
    thread: Thread, KeyHandle: HANDLE, ValueName: PUNICODE_STRING_IN,
    KeyValueInformationClass: KeyValueInformationClass,
    KeyValueInformation: Information, Length: ULONG,
    ResultLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Read a value."""
    row = _key(thread, KeyHandle, reg.KEY_QUERY_VALUE).value(ValueName or "")
    data, fixed = _value_information(row, KeyValueInformationClass)
    return _answer(thread.process.memory, data, fixed, KeyValueInformation, Length, ResultLength)


@ntdll.export(category=REGISTRY)
def NtEnumerateValueKey(
    thread: Thread, KeyHandle: HANDLE, Index: ULONG, KeyValueInformationClass: KeyValueInformationClass,
    KeyValueInformation: Information, Length: ULONG,
    ResultLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Read a value by number; STATUS_NO_MORE_ENTRIES behind the last one."""
    values = _key(thread, KeyHandle, reg.KEY_QUERY_VALUE).values()
    if Index >= len(values):
        raise NtError(st.STATUS_NO_MORE_ENTRIES)
    data, fixed = _value_information(values[Index], KeyValueInformationClass)
    return _answer(thread.process.memory, data, fixed, KeyValueInformation, Length, ResultLength)


@ntdll.export(category=REGISTRY)
def NtSetValueKey(
    thread: Thread, KeyHandle: HANDLE, ValueName: PUNICODE_STRING_IN, TitleIndex: ULONG, Type: ULONG,
    Data: Annotated[PVOID, InBytes("DataSize")], DataSize: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Set a value."""
    key = _key(thread, KeyHandle, reg.KEY_SET_VALUE)
    data = thread.process.memory.read(Data, DataSize) if DataSize else b""
    key.set_value(ValueName or "", Type, data)
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtDeleteValueKey(thread: Thread, KeyHandle: HANDLE, ValueName: PUNICODE_STRING_IN) -> NTSTATUS:
    """Delete a value."""
    _key(thread, KeyHandle, reg.KEY_SET_VALUE).delete_value(ValueName or "")
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtQueryMultipleValueKey(
    thread: Thread, KeyHandle: HANDLE, ValueEntries: PVOID, EntryCount: ULONG, ValueBuffer: PVOID,
    BufferLength: InOutRef[ULONG], RequiredBufferLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Read several values into one buffer, each 4-byte aligned."""
    key = _key(thread, KeyHandle, reg.KEY_QUERY_VALUE)
    memory = thread.process.memory
    width = memory.pointer_size
    step = 24 if width == 8 else 16
    capacity = BufferLength.get()
    used = required = 0
    overflow = False
    for index in range(EntryCount):
        entry = ValueEntries + index * step
        name_address = memory.read_pointer(entry)
        length = memory.read_u16(name_address)
        name = memory.read(memory.read_pointer(name_address + width), length).decode("utf-16-le", "surrogatepass")
        row = key.value(name)
        required = -(-required // 4) * 4 + len(row.data)
        used = -(-used // 4) * 4
        if not overflow and used + len(row.data) <= capacity:
            memory.write(ValueBuffer + used, row.data)
            memory.write(entry + width, struct.pack("<III", len(row.data), used, row.type))
            used += len(row.data)
        else:
            overflow = True
    BufferLength.set(used)
    RequiredBufferLength.put(required)
    return st.STATUS_BUFFER_OVERFLOW if overflow else st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtSetInformationKey(
    thread: Thread, KeyHandle: HANDLE, KeySetInformationClass: Annotated[ULONG, Enum("KEY_SET_INFORMATION_CLASS")],
    KeySetInformation: Annotated[PVOID, InBytes("KeySetInformationLength")], KeySetInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Set the last write time (class 0) or the tags of the handle (class 5)."""
    key = _key(thread, KeyHandle, reg.KEY_SET_VALUE if KeySetInformationClass == 0 else 0)
    needed = {0: 8, 5: 4}.get(KeySetInformationClass)
    if needed is None:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    if KeySetInformationLength != needed:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    if KeySetInformationClass == 0:
        key.registry.tree.set_written(key.node, thread.process.memory.read_u64(KeySetInformation))
    else:
        key.tags = thread.process.memory.read_u32(KeySetInformation)
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
async def NtNotifyChangeKey(
    thread: Thread, KeyHandle: HANDLE, Event: HANDLE, ApcRoutine: PVOID, ApcContext: PVOID, IoStatusBlock: PVOID,
    CompletionFilter: ULONG, WatchTree: BOOLEAN, Buffer: PVOID, BufferSize: ULONG, Asynchronous: BOOLEAN,
) -> NTSTATUS:  # fmt: skip
    """Wait for a change of a key, or have an event set and an APC queued when it happens."""
    return await _notify(
        thread, KeyHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, CompletionFilter, bool(WatchTree),
        bool(Asynchronous),
    )  # fmt: skip


@ntdll.export(category=REGISTRY)
async def NtNotifyChangeMultipleKeys(
    thread: Thread, MasterKeyHandle: HANDLE, Count: ULONG, SubordinateObjects: PVOID, Event: HANDLE, ApcRoutine: PVOID,
    ApcContext: PVOID, IoStatusBlock: PVOID, CompletionFilter: ULONG, WatchTree: BOOLEAN, Buffer: PVOID,
    BufferSize: ULONG, Asynchronous: BOOLEAN,
) -> NTSTATUS:  # fmt: skip
    """Like NtNotifyChangeKey, for a key and at most one more."""
    if Count > 1:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if Count:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    return await _notify(
        thread, MasterKeyHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, CompletionFilter, bool(WatchTree),
        bool(Asynchronous),
    )  # fmt: skip


async def _notify(
    thread: Thread, handle: int, event_handle: int, routine: int, context: int, status_block: int, kinds: int,
    subtree: bool, asynchronous: bool,
) -> int:  # fmt: skip
    key = _key(thread, handle, reg.KEY_NOTIFY)
    memory = thread.process.memory
    event = get_object(thread, event_handle, Event, EVENT_MODIFY_STATE) if event_handle else None
    if event is not None:
        event.reset()

    def report(status: int) -> None:
        # The change comes from any program: that this one has freed its status block must not hurt that one.
        with contextlib.suppress(MemoryFault):
            if status_block:
                memory.write_u32(status_block, status)
                memory.write_pointer(status_block + memory.pointer_size, 0)
        if event is not None:
            event.set()

    def completed(status: int) -> None:
        report(status)
        if routine and not thread.ended:
            queue_apc(thread, UserApc(routine, context, status_block, 0))

    if asynchronous:
        if key.notify(kinds, subtree, NotifyRequest(completed)):
            completed(st.STATUS_SUCCESS)
        return st.STATUS_PENDING
    done = Event(manual_reset=True)
    outcome: list[int] = []

    def finished(status: int) -> None:
        outcome.append(status)
        done.set()

    request = NotifyRequest(finished)
    if key.notify(kinds, subtree, request):
        outcome.append(st.STATUS_SUCCESS)
    else:
        try:
            await wait_for(thread, [done])
        finally:
            key.cancel_notify(request)
    report(outcome[0])
    return outcome[0]


@ntdll.export(category=REGISTRY)
def NtQueryOpenSubKeys(thread: Thread, TargetKey: PVOID, HandleCount: Out[ULONG]) -> NTSTATUS:
    """Count the open handles to keys below a key, in all processes."""
    machine = thread.process.machine
    attributes = required_attributes(thread, TargetKey)
    key, _ = machine.registry.open(attributes, reg.KEY_READ, effective_token(thread), namespace=machine.objects)
    count = 0
    for process in machine.processes.values():
        for _, entry in process.handles:
            if isinstance(entry.item, Key) and entry.item.node is not key.node:
                count += key.node in entry.item.node.ancestors()
    HandleCount.set(count)
    return st.STATUS_SUCCESS


def _needs(thread: Thread, privilege: str) -> None:
    if not effective_token(thread).holds(privilege):
        raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)


def _save(thread: Thread, key_handle: int, file_handle: int, minor: int) -> int:
    key = _key(thread, key_handle)
    _needs(thread, "SeBackupPrivilege")
    file = get_object(thread, file_handle, DiskFile, FILE_WRITE_DATA)
    hives.write_key(key.registry, key.node, file, minor)
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtSaveKey(thread: Thread, KeyHandle: HANDLE, FileHandle: HANDLE) -> NTSTATUS:
    """Save a key to an open file: needs SeBackupPrivilege."""
    return _save(thread, KeyHandle, FileHandle, STANDARD)


@ntdll.export(category=REGISTRY)
def NtSaveKeyEx(thread: Thread, KeyHandle: HANDLE, FileHandle: HANDLE, Format: ULONG) -> NTSTATUS:
    """Save a key to an open file, in the standard (1) or latest format (2); 4: not compressed, which none is."""
    if Format not in (1, 2, 4):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return _save(thread, KeyHandle, FileHandle, STANDARD if Format == 1 else LATEST)


@ntdll.export(category=REGISTRY)
def NtLoadKey(thread: Thread, TargetKey: PVOID, SourceFile: PVOID) -> NTSTATUS:
    """Mount a hive file: needs SeRestorePrivilege."""
    target, source = read_attributes(thread, TargetKey), read_attributes(thread, SourceFile)
    _needs(thread, "SeRestorePrivilege")
    registry = thread.process.machine.registry
    start = target.root.node if isinstance(target.root, Key) else None
    parent, name = registry.tree.resolve_parent(start, target.name or "")
    hives.load_hive(registry, thread.process, parent, name, source.name or "")
    return st.STATUS_SUCCESS


@ntdll.export(category=REGISTRY)
def NtUnloadKey(thread: Thread, TargetKey: PVOID) -> NTSTATUS:
    """Unmount a hive file: needs SeRestorePrivilege, and that no key in it is open."""
    target = read_attributes(thread, TargetKey)
    _needs(thread, "SeRestorePrivilege")
    registry = thread.process.machine.registry
    start = target.root.node if isinstance(target.root, Key) else None
    hives.unload_hive(registry, registry.tree.resolve(start, target.name or ""))
    return st.STATUS_SUCCESS
