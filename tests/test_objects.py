"""The object namespace and handle tables."""

from __future__ import annotations

import pytest

from runtime.nt import status as st
from runtime.nt.event import EVENT_ALL_ACCESS, EVENT_MODIFY_STATE, Event
from runtime.nt.handles import DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ACCESS, HandleTable
from runtime.nt.mutant import Mutant
from runtime.nt.object import (
    ACCESS_SYSTEM_SECURITY,
    GENERIC_ALL,
    GENERIC_READ,
    MAXIMUM_ALLOWED,
    OBJ_OPENIF,
    OBJ_PERMANENT,
    SESSION_OBJECTS,
    Directory,
    Namespace,
    Object,
    ObjectAttributes,
    ObjectType,
    SymbolicLink,
    standard_namespace,
)
from runtime.nt.status import NtError


def event() -> Event:
    return Event(manual_reset=True)


@pytest.fixture
def namespace() -> Namespace:
    return standard_namespace()


def fails(status: int, namespace: Namespace, path: str, root: Object | None = None) -> None:
    with pytest.raises(NtError) as error:
        namespace.open(ObjectAttributes(path, root), Event)
    assert st.status_name(error.value.status) == st.status_name(status)


def test_names_ignore_case_and_keep_it(namespace: Namespace) -> None:
    made = namespace.create(ObjectAttributes("\\BaseNamedObjects\\MyÉvent"), Event, event)
    assert (made.existed, made.status) == (False, st.STATUS_SUCCESS)
    assert namespace.open(ObjectAttributes("\\basenamedobjects\\mYéVENT"), Event) is made.item
    assert made.item.path == "\\BaseNamedObjects\\MyÉvent"


def test_creating_a_name_twice(namespace: Namespace) -> None:
    first = namespace.create(ObjectAttributes("\\BaseNamedObjects\\x"), Event, event)
    with pytest.raises(NtError) as error:
        namespace.create(ObjectAttributes("\\BaseNamedObjects\\X"), Event, event)
    assert error.value.status == st.STATUS_OBJECT_NAME_COLLISION
    again = namespace.create(ObjectAttributes("\\BaseNamedObjects\\X", None, OBJ_OPENIF), Event, event)
    assert (again.item, again.status) == (first.item, st.STATUS_OBJECT_NAME_EXISTS)
    with pytest.raises(NtError) as error:
        namespace.create(ObjectAttributes("\\BaseNamedObjects\\X", None, OBJ_OPENIF), Mutant, Mutant)
    assert error.value.status == st.STATUS_OBJECT_TYPE_MISMATCH


def test_bad_names(namespace: Namespace) -> None:
    namespace.create(ObjectAttributes("\\BaseNamedObjects\\x"), Event, event)
    directory = namespace.open(ObjectAttributes("\\BaseNamedObjects"), Directory)
    fails(st.STATUS_OBJECT_NAME_NOT_FOUND, namespace, "\\BaseNamedObjects\\none")
    fails(st.STATUS_OBJECT_PATH_NOT_FOUND, namespace, "\\Nowhere\\none")
    fails(st.STATUS_OBJECT_PATH_SYNTAX_BAD, namespace, "BaseNamedObjects\\x")
    fails(st.STATUS_OBJECT_PATH_SYNTAX_BAD, namespace, "\\x", directory)
    fails(st.STATUS_OBJECT_NAME_INVALID, namespace, "\\BaseNamedObjects\\\\x")
    fails(st.STATUS_OBJECT_NAME_INVALID, namespace, "\\BaseNamedObjects\\")
    fails(st.STATUS_OBJECT_TYPE_MISMATCH, namespace, "\\BaseNamedObjects")
    fails(st.STATUS_OBJECT_TYPE_MISMATCH, namespace, "\\BaseNamedObjects\\x\\y")
    fails(st.STATUS_OBJECT_TYPE_MISMATCH, namespace, "y", event())
    fails(st.STATUS_NAME_TOO_LONG, namespace, "\\" + "x" * 0x8000)


def test_local_and_global_prefixes_lead_to_the_two_directories(namespace: Namespace) -> None:
    session = namespace.open(ObjectAttributes(SESSION_OBJECTS), Directory)
    local = namespace.create(ObjectAttributes("Local\\a", session), Event, event).item
    shared = namespace.create(ObjectAttributes("Global\\a", session), Event, event).item
    assert namespace.open(ObjectAttributes("a", session), Event) is local
    assert namespace.open(ObjectAttributes("Session\\1\\a", session), Event) is local
    assert shared.path == "\\BaseNamedObjects\\a"


def test_links_are_followed_opened_and_may_not_loop(namespace: Namespace) -> None:
    target = namespace.create(ObjectAttributes("\\BaseNamedObjects\\x"), Event, event).item
    namespace.place("\\BaseNamedObjects\\alias", SymbolicLink("\\BaseNamedObjects\\x"))
    assert namespace.open(ObjectAttributes("\\BaseNamedObjects\\ALIAS"), Event) is target
    link = namespace.open(ObjectAttributes("\\BaseNamedObjects\\alias"), SymbolicLink)
    assert link.target == "\\BaseNamedObjects\\x"
    assert namespace.open(ObjectAttributes("\\??\\GLOBALROOT\\BaseNamedObjects\\x"), Event) is target
    namespace.place("\\loop", SymbolicLink("\\loop\\loop"))
    fails(st.STATUS_NAME_TOO_LONG, namespace, "\\loop")


class Device(Object):
    object_type = ObjectType("Device", 0, 0, 0, 0x1F01FF)
    parses = True


def test_devices_get_the_rest_of_the_path(namespace: Namespace) -> None:
    device = namespace.place("\\Device\\HarddiskVolume1", Device())
    namespace.place("\\GLOBAL??\\C:", SymbolicLink("\\Device\\HarddiskVolume1"))
    found = namespace.resolve(ObjectAttributes("\\??\\c:\\Windows\\\\x"))
    assert (found.item, found.remainder) == (device, "\\Windows\\\\x")
    assert namespace.resolve(ObjectAttributes("\\??\\C:")).remainder == ""
    assert namespace.resolve(ObjectAttributes("\\??\\C:\\")).remainder == "\\"
    assert namespace.resolve(ObjectAttributes("sub\\file", device)).remainder == "sub\\file"


def test_a_name_goes_with_the_last_handle_unless_permanent(namespace: Namespace) -> None:
    table = HandleTable()
    for attributes, survives in ((0, False), (OBJ_PERMANENT, True)):
        name = ObjectAttributes(f"\\BaseNamedObjects\\n{attributes}", None, attributes)
        made = namespace.create(name, Event, event).item
        first, second = table.open(made, GENERIC_ALL), table.open(made, GENERIC_ALL)
        table.close(first)
        assert namespace.open(name, Event) is made
        table.close(second)
        assert bool(made.path) is survives
        assert (namespace.resolve(name).item is made) is survives


def test_handle_values_are_multiples_of_four_and_reused() -> None:
    table = HandleTable()
    handles = [table.open(event(), GENERIC_ALL) for _ in range(3)]
    assert handles == [4, 8, 12]
    table.close(8)
    table.close(4)
    assert [table.open(event(), GENERIC_ALL) for _ in range(3)] == [4, 8, 16]
    assert table.get(8 | 3, Event) is table.get(8, Event)


def test_bad_handles_wrong_types_and_missing_rights() -> None:
    table = HandleTable()
    handle = table.open(event(), GENERIC_READ)
    for value, kind, access, status in (
        (0, Event, 0, st.STATUS_INVALID_HANDLE),
        (handle + 4, Event, 0, st.STATUS_INVALID_HANDLE),
        (0xFFFFFFFFFFFFFFFF, Event, 0, st.STATUS_INVALID_HANDLE),
        (handle, Mutant, 0, st.STATUS_OBJECT_TYPE_MISMATCH),
        (handle, Event, EVENT_MODIFY_STATE, st.STATUS_ACCESS_DENIED),
    ):
        with pytest.raises(NtError) as error:
            table.get(value, kind, access)
        assert error.value.status == status
    table.close(handle)
    with pytest.raises(NtError) as error:
        table.close(handle)
    assert error.value.status == st.STATUS_INVALID_HANDLE


def test_protected_handles_cannot_be_closed_but_end_with_the_process() -> None:
    table, item = HandleTable(), event()
    handle = table.insert(item, EVENT_ALL_ACCESS, protect=True)
    with pytest.raises(NtError) as error:
        table.close(handle)
    assert error.value.status == st.STATUS_HANDLE_NOT_CLOSABLE
    table.close_all()
    assert (len(table), item.handle_count) == (0, 0)


def test_duplicate_keeps_or_reduces_access_and_may_close_the_source() -> None:
    source, target = HandleTable(), HandleTable()
    handle = source.open(event(), GENERIC_ALL)
    same = source.duplicate(handle, target, 0, DUPLICATE_SAME_ACCESS, inherit=False)
    assert target.entry(same).access == EVENT_ALL_ACCESS
    less = source.duplicate(handle, target, EVENT_MODIFY_STATE, DUPLICATE_CLOSE_SOURCE, inherit=True)
    assert (target.entry(less).access, target.entry(less).inherit) == (EVENT_MODIFY_STATE, True)
    assert len(source) == 0


def test_children_inherit_marked_handles_under_the_same_values() -> None:
    parent, child = HandleTable(), HandleTable()
    parent.open(event(), GENERIC_ALL)
    kept = event()
    handle = parent.open(kept, GENERIC_ALL, inherit=True)
    child.inherited_from(parent)
    assert child.get(handle, Event) is kept
    assert (len(child), kept.handle_count) == (1, 2)
    assert [child.open(event(), GENERIC_ALL) for _ in range(2)] == [4, 12]


def test_a_limit_on_handles_is_enforced() -> None:
    table = HandleTable(limit=1)
    table.open(event(), GENERIC_ALL)
    with pytest.raises(NtError) as error:
        table.open(event(), GENERIC_ALL)
    assert error.value.status == st.STATUS_INSUFFICIENT_RESOURCES


def test_generic_rights_are_mapped() -> None:
    kind = Event.object_type
    assert kind.grant(GENERIC_ALL) == kind.grant(MAXIMUM_ALLOWED) == EVENT_ALL_ACCESS
    assert kind.grant(GENERIC_READ) == 0x20001
    with pytest.raises(NtError) as error:
        kind.grant(ACCESS_SYSTEM_SECURITY)
    assert error.value.status == st.STATUS_PRIVILEGE_NOT_HELD
