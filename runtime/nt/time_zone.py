"""The machine's time zone, from the host's zone database, in Windows' terms.

Windows describes a zone by a bias and two rules ("the second Sunday of March at 2:00"); the rules of a year are found
by looking at what the zone database does in that year.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIME_ZONE_ID_UNKNOWN, TIME_ZONE_ID_STANDARD, TIME_ZONE_ID_DAYLIGHT = 0, 1, 2

_EPOCH: Final = datetime(1601, 1, 1)
_WINDOWS_NAMES: Final = {
    "UTC": "Coordinated Universal Time", "Europe/London": "GMT Standard Time",
    "Europe/Berlin": "W. Europe Standard Time",
    "Europe/Paris": "Romance Standard Time", "Europe/Warsaw": "Central European Standard Time",
    "Europe/Budapest": "Central Europe Standard Time", "Europe/Kiev": "FLE Standard Time",
    "Europe/Athens": "GTB Standard Time", "Europe/Istanbul": "Turkey Standard Time",
    "Europe/Moscow": "Russian Standard Time", "America/New_York": "Eastern Standard Time",
    "America/Chicago": "Central Standard Time", "America/Denver": "Mountain Standard Time",
    "America/Phoenix": "US Mountain Standard Time", "America/Los_Angeles": "Pacific Standard Time",
    "America/Anchorage": "Alaskan Standard Time", "Pacific/Honolulu": "Hawaiian Standard Time",
    "America/Sao_Paulo": "E. South America Standard Time", "America/Toronto": "Eastern Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time", "Asia/Seoul": "Korea Standard Time", "Asia/Shanghai": "China Standard Time",
    "Asia/Singapore": "Singapore Standard Time", "Asia/Kolkata": "India Standard Time",
    "Asia/Calcutta": "India Standard Time", "Asia/Dubai": "Arabian Standard Time",
    "Asia/Jerusalem": "Israel Standard Time", "Australia/Sydney": "AUS Eastern Standard Time",
    "Australia/Perth": "W. Australia Standard Time", "Pacific/Auckland": "New Zealand Standard Time",
    "Africa/Johannesburg": "South Africa Standard Time", "Africa/Cairo": "Egypt Standard Time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """When a bias begins: the `week`-th (5: last) `weekday` (0 Sunday) of `month`, at a local time of day."""

    month: int = 0
    weekday: int = 0
    week: int = 0
    hour: int = 0
    minute: int = 0

    def pack(self) -> bytes:
        """Return it as the SYSTEMTIME of TIME_ZONE_INFORMATION; all zero when there is no such change."""
        return struct.pack("<8H", 0, self.month, self.weekday, self.week, self.hour, self.minute, 0, 0)


@dataclass(frozen=True, slots=True)
class YearRules:
    """A zone in one year: biases in minutes west of UTC."""

    bias: int
    daylight_bias: int
    standard: Rule
    daylight: Rule


@dataclass(frozen=True, slots=True)
class TimeZone:
    """One zone of the zone database."""

    key: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone itself."""
        return _zone(self.key)

    @property
    def standard_name(self) -> str:
        """Windows' name of standard time, or the zone database's key where Windows has no name here."""
        return _WINDOWS_NAMES.get(self.key, self.key)

    @property
    def daylight_name(self) -> str:
        """Windows' name of daylight time."""
        return self.standard_name.replace("Standard", "Daylight")

    def rules(self, year: int) -> YearRules:
        """Return the zone's rules of a year."""
        return _rules(self.key, year)

    def offset(self, filetime: int) -> int:
        """Return what to add to a UTC time to get local time, both in 100 ns."""
        moment = _to_datetime(filetime).replace(tzinfo=UTC).astimezone(self.zone)
        delta = moment.utcoffset()
        assert delta is not None
        return int(delta.total_seconds()) * 10_000_000

    def to_local(self, filetime: int) -> int:
        """Convert UTC to local time."""
        return filetime + self.offset(filetime)

    def to_utc(self, filetime: int) -> int:
        """Convert local time to UTC."""
        guess = filetime - self.offset(filetime)
        return filetime - self.offset(guess)

    def is_daylight(self, filetime: int) -> bool:
        """Whether daylight time is in force at a UTC time."""
        return bool(_to_datetime(filetime).replace(tzinfo=UTC).astimezone(self.zone).dst())

    def identifier(self, filetime: int) -> int:
        """Return what GetTimeZoneInformation returns at a UTC time."""
        if not self.rules(_to_datetime(filetime).year).daylight.month:
            return TIME_ZONE_ID_UNKNOWN
        return TIME_ZONE_ID_DAYLIGHT if self.is_daylight(filetime) else TIME_ZONE_ID_STANDARD

    def information(self, year: int) -> bytes:
        """Return TIME_ZONE_INFORMATION for a year, 172 bytes."""
        rules = self.rules(year)
        standard, daylight = (
            name.encode("utf-16-le")[:62].ljust(64, b"\0") for name in (self.standard_name, self.daylight_name)
        )
        return (
            struct.pack("<i", rules.bias) + standard + rules.standard.pack() + struct.pack("<i", 0)
            + daylight + rules.daylight.pack() + struct.pack("<i", rules.daylight_bias)
        )  # fmt: skip


def _to_datetime(filetime: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(filetime, 0x24C85A5ED1C04000) // 10)


@cache
def _zone(key: str) -> ZoneInfo:
    return ZoneInfo(key)


@cache
def _rules(key: str, year: int) -> YearRules:
    zone = _zone(key)
    changes: list[tuple[datetime, timedelta, timedelta]] = []
    moment = datetime(year, 1, 1, tzinfo=UTC)
    before = zone.utcoffset(moment.astimezone(zone)) or timedelta()
    for day in range(1, 367):
        later = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day)
        after = later.astimezone(zone).utcoffset() or timedelta()
        if after != before and later.year == year:
            changes.append((_moment_of_change(zone, later - timedelta(days=1), later), before, after))
            before = after
    offsets = sorted({item for change in changes for item in change[1:]} or {before})
    standard = offsets[0]
    bias = -int(standard.total_seconds()) // 60
    if len(changes) != 2 or len(offsets) != 2:
        return YearRules(bias, -60, Rule(), Rule())
    rules = {after: _rule(moment, old) for moment, old, after in changes}
    extra = int((offsets[1] - standard).total_seconds()) // 60
    return YearRules(bias, -extra, rules[offsets[0]], rules[offsets[1]])


def _moment_of_change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    start = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == start:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)


def _rule(moment: datetime, offset: timedelta) -> Rule:
    local = (moment + offset).replace(tzinfo=None)
    week = (local.day - 1) // 7 + 1
    if (local + timedelta(days=7)).month != local.month:
        week = 5
    return Rule(local.month, (local.weekday() + 1) % 7, week, local.hour, local.minute)


def host_time_zone() -> TimeZone:
    """Return the host's zone: `TZ`, /etc/timezone, /etc/localtime, else UTC."""
    for key in (os.environ.get("TZ", "").lstrip(":"), _read("/etc/timezone"), _from_link("/etc/localtime")):
        if key:
            try:
                _zone(key)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
            return TimeZone("UTC" if key in ("Etc/UTC", "Etc/UCT", "Universal", "Zulu", "GMT") else key)
    return TimeZone("UTC")


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _from_link(path: str) -> str:
    try:
        return os.readlink(path).partition("zoneinfo/")[2]
    except OSError:
        return ""
