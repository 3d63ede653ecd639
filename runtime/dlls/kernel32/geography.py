"""winnls.h: the user's geographical location, which the registry keeps apart from the locale."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import INT, LANGID, LONG, LPSTR, LPWSTR, ULONG
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_GEO = "\\Control Panel\\International\\Geo"
_GEOCLASS_NATION = 16
_GEOCLASS_REGION = 14
_GEOID_NOT_AVAILABLE = -1
_GEO_NATION = 1
_GEO_ISO2 = 4
_GEO_ISO3 = 5

_NATIONS = {
    12: ("AU", "AUS"), 14: ("AT", "AUT"), 21: ("BE", "BEL"), 32: ("BR", "BRA"), 39: ("CA", "CAN"), 45: ("CN", "CHN"),
    61: ("DK", "DNK"), 68: ("IE", "IRL"), 75: ("CZ", "CZE"), 77: ("FI", "FIN"), 84: ("FR", "FRA"), 94: ("DE", "DEU"),
    98: ("GR", "GRC"), 109: ("HU", "HUN"), 113: ("IN", "IND"), 117: ("IL", "ISR"), 118: ("IT", "ITA"),
    122: ("JP", "JPN"), 134: ("KR", "KOR"), 166: ("MX", "MEX"), 176: ("NL", "NLD"), 177: ("NO", "NOR"),
    183: ("NZ", "NZL"), 191: ("PL", "POL"), 193: ("PT", "PRT"), 203: ("RU", "RUS"), 209: ("ZA", "ZAF"),
    217: ("ES", "ESP"), 221: ("SE", "SWE"), 223: ("CH", "CHE"), 235: ("TR", "TUR"), 241: ("UA", "UKR"),
    242: ("GB", "GBR"), 244: ("US", "USA"),
}  # fmt: skip
"""GEOID → ISO 3166 codes, from Microsoft's table of geographical locations."""


@kernel32.export("environment")
def GetUserGeoID(thread: Thread, GeoClass: ULONG) -> LONG:
    """Return the GEOID that the user chose, or GEOID_NOT_AVAILABLE."""
    if GeoClass not in (_GEOCLASS_NATION, _GEOCLASS_REGION):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    registry = thread.process.machine.registry
    text = registry.get_string(registry.user_path + _GEO, "Nation" if GeoClass == _GEOCLASS_NATION else "Region")
    return int(text) if text is not None and text.isdecimal() else _GEOID_NOT_AVAILABLE


def _nation(location: int, kind: int) -> str:
    if location not in _NATIONS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    iso2, iso3 = _NATIONS[location]
    text = {_GEO_NATION: str(location), _GEO_ISO2: iso2, _GEO_ISO3: iso3}.get(kind)
    if text is None:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    return text


@kernel32.export("environment")
def GetGeoInfoW(
    thread: Thread, Location: LONG, GeoType: ULONG, lpGeoData: LPWSTR, cchData: INT, LangId: LANGID
) -> INT:
    """Give a nation's number or ISO code. Other facts, and rarer nations, are ERROR_INVALID_FLAGS and …_PARAMETER."""
    text = _nation(Location, GeoType)
    if cchData:
        if cchData <= len(text):
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        thread.process.memory.write_wstr(lpGeoData, text)
    return len(text) + 1


@kernel32.export("environment")
def GetGeoInfoA(
    thread: Thread, Location: LONG, GeoType: ULONG, lpGeoData: LPSTR, cchData: INT, LangId: LANGID
) -> INT:
    """GetGeoInfoW; what it gives is ASCII."""
    text = _nation(Location, GeoType)
    if cchData:
        if cchData <= len(text):
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        thread.process.memory.write(lpGeoData, text.encode() + b"\0")
    return len(text) + 1
