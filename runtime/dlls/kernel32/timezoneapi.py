"""timezoneapi.h, and the parts of sysinfoapi.h and fileapi.h that turn UTC into local time and back."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, PVOID, ULONGLONG, USHORT, In, Out
from runtime.nt import status as st
from runtime.nt.clock import TICKS_PER_SECOND
from runtime.nt.status import Win32Error
from runtime.nt.system_time import from_system_time, to_system_time
from runtime.nt.thread import Thread

_DYNAMIC_SIZE = 432


@kernel32.export("time")
def GetSystemTime(thread: Thread, lpSystemTime: PVOID) -> None:
    thread.process.memory.write(lpSystemTime, to_system_time(thread.process.machine.clock.now()))


@kernel32.export("time")
def GetLocalTime(thread: Thread, lpSystemTime: PVOID) -> None:
    machine = thread.process.machine
    thread.process.memory.write(lpSystemTime, to_system_time(machine.time_zone.to_local(machine.clock.now())))


@kernel32.export("time")
def SetSystemTime(thread: Thread, lpSystemTime: PVOID) -> BOOL:
    """Needs SeSystemtimePrivilege, which a filtered token does not hold."""
    return _set_time(thread, from_system_time(thread.process.memory.read(lpSystemTime, 16)))


@kernel32.export("time")
def SetLocalTime(thread: Thread, lpSystemTime: PVOID) -> BOOL:
    local = from_system_time(thread.process.memory.read(lpSystemTime, 16))
    return _set_time(thread, thread.process.machine.time_zone.to_utc(local))


def _set_time(thread: Thread, filetime: int) -> int:
    token = thread.token or thread.process.token
    if not token.holds("SeSystemtimePrivilege"):
        raise Win32Error(st.ERROR_PRIVILEGE_NOT_HELD)
    thread.process.machine.clock.set_system_time(filetime)
    return 1


@kernel32.export("time", fails=0xFFFFFFFF)
def GetTimeZoneInformation(thread: Thread, lpTimeZoneInformation: PVOID) -> DWORD:
    machine = thread.process.machine
    now = machine.clock.now()
    year = struct.unpack_from("<H", to_system_time(now))[0]
    thread.process.memory.write(lpTimeZoneInformation, machine.time_zone.information(year))
    return machine.time_zone.identifier(now)


@kernel32.export("time", fails=0xFFFFFFFF)
def GetDynamicTimeZoneInformation(thread: Thread, pTimeZoneInformation: PVOID) -> DWORD:
    machine = thread.process.machine
    now = machine.clock.now()
    year = struct.unpack_from("<H", to_system_time(now))[0]
    key = machine.time_zone.standard_name
    name = ("UTC" if key == "Coordinated Universal Time" else key).encode("utf-16-le").ljust(256, b"\0")
    thread.process.memory.write(pTimeZoneInformation, machine.time_zone.information(year) + name + bytes(4))
    return machine.time_zone.identifier(now)


@kernel32.export("time")
def GetTimeZoneInformationForYear(thread: Thread, wYear: USHORT, pdtzi: PVOID, ptzi: PVOID) -> BOOL:
    if not 1601 <= wYear <= 30827:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    thread.process.memory.write(ptzi, thread.process.machine.time_zone.information(min(wYear, 9998)))
    return 1


@kernel32.export("time")
def FileTimeToLocalFileTime(thread: Thread, lpFileTime: In[ULONGLONG], lpLocalFileTime: Out[ULONGLONG]) -> BOOL:
    """Uses the bias in force now, as documented, not the one of the given time."""
    machine = thread.process.machine
    lpLocalFileTime.set(lpFileTime.get() + machine.time_zone.offset(machine.clock.now()))
    return 1


@kernel32.export("time")
def LocalFileTimeToFileTime(thread: Thread, lpLocalFileTime: In[ULONGLONG], lpFileTime: Out[ULONGLONG]) -> BOOL:
    """Uses the bias in force now, as documented, not the one of the given time."""
    machine = thread.process.machine
    lpFileTime.set(lpLocalFileTime.get() - machine.time_zone.offset(machine.clock.now()))
    return 1


def _given_bias(data: bytes, filetime: int) -> int:
    """Return the bias in 100 ns that a caller's TIME_ZONE_INFORMATION has at a UTC time."""
    bias, standard_bias, daylight_bias = (
        int.from_bytes(data[offset : offset + 4], "little", signed=True) for offset in (0, 84, 168)
    )
    standard = struct.unpack_from("<8H", data, 68)
    daylight = struct.unpack_from("<8H", data, 152)
    minute = 60 * TICKS_PER_SECOND
    if not standard[1] or not daylight[1]:
        return (bias + (standard_bias if standard[1] else 0)) * minute
    year = int.from_bytes(to_system_time(filetime)[:2], "little")
    to_daylight = _transition(daylight, year) + (bias + standard_bias) * minute
    to_standard = _transition(standard, year) + (bias + daylight_bias) * minute
    if to_daylight < to_standard:
        summer = to_daylight <= filetime < to_standard
    else:
        summer = not to_standard <= filetime < to_daylight
    return (bias + (daylight_bias if summer else standard_bias)) * minute


def _transition(rule: tuple[int, ...], year: int) -> int:
    """Return the local time at which a rule (SYSTEMTIME, absolute or day-in-month) applies in a year."""
    rule_year, month, weekday, day, hour, minute, second, milliseconds = rule
    if rule_year:
        return from_system_time(struct.pack("<8H", *rule))
    first = from_system_time(struct.pack("<8H", year, month, 0, 1, hour, minute, second, milliseconds))
    day_length = 86400 * TICKS_PER_SECOND
    first_weekday = (first // day_length + 1) % 7
    place = first + ((weekday - first_weekday) % 7 + 7 * (day - 1)) * day_length
    while int.from_bytes(to_system_time(place)[2:4], "little") != month:
        place -= 7 * day_length
    return place


@kernel32.export("time")
def SystemTimeToTzSpecificLocalTime(
    thread: Thread, lpTimeZoneInformation: PVOID, lpUniversalTime: PVOID, lpLocalTime: PVOID
) -> BOOL:
    memory, zone = thread.process.memory, thread.process.machine.time_zone
    utc = from_system_time(memory.read(lpUniversalTime, 16))
    if lpTimeZoneInformation:
        local = utc - _given_bias(memory.read(lpTimeZoneInformation, 172), utc)
    else:
        local = zone.to_local(utc)
    memory.write(lpLocalTime, to_system_time(local))
    return 1


@kernel32.export("time")
def TzSpecificLocalTimeToSystemTime(
    thread: Thread, lpTimeZoneInformation: PVOID, lpLocalTime: PVOID, lpUniversalTime: PVOID
) -> BOOL:
    memory, zone = thread.process.memory, thread.process.machine.time_zone
    local = from_system_time(memory.read(lpLocalTime, 16))
    if lpTimeZoneInformation:
        data = memory.read(lpTimeZoneInformation, 172)
        guess = local + _given_bias(data, local)
        utc = local + _given_bias(data, guess)
    else:
        utc = zone.to_utc(local)
    memory.write(lpUniversalTime, to_system_time(utc))
    return 1
