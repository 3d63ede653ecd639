"""The time zones of Windows: names as `tzutil /l` lists them, rules as HKLM's `Time Zones` key holds them.

The rules are those in force in 2027 by the IANA time zone database for the place CLDR names for each zone, written as
`month.week.weekday/hour:minute` (week 5: the last one of the month; weekday 0: Sunday) in local time.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimeZone:
    """One zone. `bias` is UTC minus standard time in minutes; daylight time adds `daylight_bias` (-60, or 0: none)."""

    name: str
    places: str
    bias: int
    daylight_bias: int = 0
    standard: str = ""
    daylight: str = ""

    @property
    def display(self) -> str:
        """`(UTC+01:00) Amsterdam, Berlin, …`."""
        if self.name == "UTC":
            return "(UTC) " + self.places
        sign = "-" if self.bias > 0 else "+"
        return f"(UTC{sign}{abs(self.bias) // 60:02d}:{abs(self.bias) % 60:02d}) {self.places}"

    @property
    def standard_name(self) -> str:
        """The name of standard time."""
        return self.places if self.name.startswith("UTC") else self.name

    @property
    def daylight_name(self) -> str:
        """The name of daylight saving time."""
        return self.standard_name.replace("Standard", "Daylight")

    def tzi(self) -> bytes:
        """The REG_TZI_FORMAT value `TZI`: bias, standard bias, daylight bias and two SYSTEMTIMEs."""
        biases = struct.pack("<iii", self.bias, 0, self.daylight_bias if self.daylight else -60)
        return biases + system_time(self.standard) + system_time(self.daylight)


def system_time(rule: str) -> bytes:
    """Return a rule as the 16-byte SYSTEMTIME that TIME_ZONE_INFORMATION holds; all zero for none."""
    if not rule:
        return bytes(16)
    date, _, clock = rule.partition("/")
    month, week, weekday = (int(part) for part in date.split("."))
    hour, minute = (int(part) for part in clock.split(":"))
    return struct.pack("<8H", 0, month, weekday, week, hour, minute, 0, 0)


TIME_ZONES = (
    TimeZone("Dateline Standard Time", "International Date Line West", 720),
    TimeZone("UTC-11", "Coordinated Universal Time-11", 660),
    TimeZone("Aleutian Standard Time", "Aleutian Islands", 600, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Hawaiian Standard Time", "Hawaii", 600),
    TimeZone("Marquesas Standard Time", "Marquesas Islands", 570),
    TimeZone("Alaskan Standard Time", "Alaska", 540, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("UTC-09", "Coordinated Universal Time-09", 540),
    TimeZone("Pacific Standard Time (Mexico)", "Baja California", 480, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("UTC-08", "Coordinated Universal Time-08", 480),
    TimeZone("Pacific Standard Time", "Pacific Time (US & Canada)", 480, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("US Mountain Standard Time", "Arizona", 420),
    TimeZone("Mountain Standard Time (Mexico)", "La Paz, Mazatlan", 420),
    TimeZone("Mountain Standard Time", "Mountain Time (US & Canada)", 420, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Yukon Standard Time", "Yukon", 420),
    TimeZone("Central America Standard Time", "Central America", 360),
    TimeZone("Central Standard Time", "Central Time (US & Canada)", 360, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Easter Island Standard Time", "Easter Island", 360, -60, "4.1.6/22:00", "9.1.6/22:00"),
    TimeZone("Central Standard Time (Mexico)", "Guadalajara, Mexico City, Monterrey", 360),
    TimeZone("Canada Central Standard Time", "Saskatchewan", 360),
    TimeZone("SA Pacific Standard Time", "Bogota, Lima, Quito, Rio Branco", 300),
    TimeZone("Eastern Standard Time (Mexico)", "Chetumal", 300),
    TimeZone("Eastern Standard Time", "Eastern Time (US & Canada)", 300, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Haiti Standard Time", "Haiti", 300, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Cuba Standard Time", "Havana", 300, -60, "11.1.0/01:00", "3.2.0/00:00"),
    TimeZone("US Eastern Standard Time", "Indiana (East)", 300, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Turks And Caicos Standard Time", "Turks and Caicos", 300, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Paraguay Standard Time", "Asuncion", 180),
    TimeZone("Atlantic Standard Time", "Atlantic Time (Canada)", 240, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Venezuela Standard Time", "Caracas", 240),
    TimeZone("Central Brazilian Standard Time", "Cuiaba", 240),
    TimeZone("SA Western Standard Time", "Georgetown, La Paz, Manaus, San Juan", 240),
    TimeZone("Pacific SA Standard Time", "Santiago", 240, -60, "4.1.0/00:00", "9.1.0/00:00"),
    TimeZone("Newfoundland Standard Time", "Newfoundland", 210, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Tocantins Standard Time", "Araguaina", 180),
    TimeZone("E. South America Standard Time", "Brasilia", 180),
    TimeZone("SA Eastern Standard Time", "Cayenne, Fortaleza", 180),
    TimeZone("Argentina Standard Time", "City of Buenos Aires", 180),
    TimeZone("Greenland Standard Time", "Greenland", 120, -60, "10.5.0/00:00", "3.4.6/23:00"),
    TimeZone("Montevideo Standard Time", "Montevideo", 180),
    TimeZone("Magallanes Standard Time", "Punta Arenas", 180),
    TimeZone("Saint Pierre Standard Time", "Saint Pierre and Miquelon", 180, -60, "11.1.0/02:00", "3.2.0/02:00"),
    TimeZone("Bahia Standard Time", "Salvador", 180),
    TimeZone("UTC-02", "Coordinated Universal Time-02", 120),
    TimeZone("Azores Standard Time", "Azores", 60, -60, "10.5.0/01:00", "3.5.0/00:00"),
    TimeZone("Cape Verde Standard Time", "Cabo Verde Is.", 60),
    TimeZone("UTC", "Coordinated Universal Time", 0),
    TimeZone("GMT Standard Time", "Dublin, Edinburgh, Lisbon, London", 0, -60, "10.5.0/02:00", "3.5.0/01:00"),
    TimeZone("Greenwich Standard Time", "Monrovia, Reykjavik", 0),
    TimeZone("Sao Tome Standard Time", "Sao Tome", 0),
    TimeZone("Morocco Standard Time", "Casablanca", 0),
    TimeZone("W. Europe Standard Time", "Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
             -60, -60, "10.5.0/03:00", "3.5.0/02:00"),
    TimeZone("Central Europe Standard Time", "Belgrade, Bratislava, Budapest, Ljubljana, Prague",
             -60, -60, "10.5.0/03:00", "3.5.0/02:00"),
    TimeZone("Romance Standard Time", "Brussels, Copenhagen, Madrid, Paris", -60, -60, "10.5.0/03:00", "3.5.0/02:00"),
    TimeZone("Central European Standard Time", "Sarajevo, Skopje, Warsaw, Zagreb",
             -60, -60, "10.5.0/03:00", "3.5.0/02:00"),
    TimeZone("W. Central Africa Standard Time", "West Central Africa", -60),
    TimeZone("Jordan Standard Time", "Amman", -180),
    TimeZone("GTB Standard Time", "Athens, Bucharest", -120, -60, "10.5.0/04:00", "3.5.0/03:00"),
    TimeZone("Middle East Standard Time", "Beirut", -120, -60, "10.5.0/00:00", "3.5.0/00:00"),
    TimeZone("Egypt Standard Time", "Cairo", -120, -60, "10.5.5/00:00", "4.5.5/00:00"),
    TimeZone("E. Europe Standard Time", "Chisinau", -120, -60, "10.5.0/04:00", "3.5.0/03:00"),
    TimeZone("Syria Standard Time", "Damascus", -180),
    TimeZone("West Bank Standard Time", "Gaza, Hebron", -120, -60, "10.5.6/02:00", "3.4.6/02:00"),
    TimeZone("South Africa Standard Time", "Harare, Pretoria", -120),
    TimeZone("FLE Standard Time", "Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius",
             -120, -60, "10.5.0/04:00", "3.5.0/03:00"),
    TimeZone("Israel Standard Time", "Jerusalem", -120, -60, "10.5.0/02:00", "3.4.5/02:00"),
    TimeZone("South Sudan Standard Time", "Juba", -120),
    TimeZone("Kaliningrad Standard Time", "Kaliningrad", -120),
    TimeZone("Sudan Standard Time", "Khartoum", -120),
    TimeZone("Libya Standard Time", "Tripoli", -120),
    TimeZone("Namibia Standard Time", "Windhoek", -120),
    TimeZone("Arabic Standard Time", "Baghdad", -180),
    TimeZone("Turkey Standard Time", "Istanbul", -180),
    TimeZone("Arab Standard Time", "Kuwait, Riyadh", -180),
    TimeZone("Belarus Standard Time", "Minsk", -180),
    TimeZone("Russian Standard Time", "Moscow, St. Petersburg", -180),
    TimeZone("E. Africa Standard Time", "Nairobi", -180),
    TimeZone("Volgograd Standard Time", "Volgograd", -180),
    TimeZone("Iran Standard Time", "Tehran", -210),
    TimeZone("Arabian Standard Time", "Abu Dhabi, Muscat", -240),
    TimeZone("Astrakhan Standard Time", "Astrakhan, Ulyanovsk", -240),
    TimeZone("Azerbaijan Standard Time", "Baku", -240),
    TimeZone("Russia Time Zone 3", "Izhevsk, Samara", -240),
    TimeZone("Mauritius Standard Time", "Port Louis", -240),
    TimeZone("Saratov Standard Time", "Saratov", -240),
    TimeZone("Georgian Standard Time", "Tbilisi", -240),
    TimeZone("Caucasus Standard Time", "Yerevan", -240),
    TimeZone("Afghanistan Standard Time", "Kabul", -270),
    TimeZone("West Asia Standard Time", "Ashgabat, Tashkent", -300),
    TimeZone("Ekaterinburg Standard Time", "Ekaterinburg", -300),
    TimeZone("Pakistan Standard Time", "Islamabad, Karachi", -300),
    TimeZone("Qyzylorda Standard Time", "Qyzylorda", -300),
    TimeZone("India Standard Time", "Chennai, Kolkata, Mumbai, New Delhi", -330),
    TimeZone("Sri Lanka Standard Time", "Sri Jayawardenepura", -330),
    TimeZone("Nepal Standard Time", "Kathmandu", -345),
    TimeZone("Central Asia Standard Time", "Astana", -360),
    TimeZone("Bangladesh Standard Time", "Dhaka", -360),
    TimeZone("Omsk Standard Time", "Omsk", -360),
    TimeZone("Myanmar Standard Time", "Yangon (Rangoon)", -390),
    TimeZone("SE Asia Standard Time", "Bangkok, Hanoi, Jakarta", -420),
    TimeZone("Altai Standard Time", "Barnaul, Gorno-Altaysk", -420),
    TimeZone("W. Mongolia Standard Time", "Hovd", -420),
    TimeZone("North Asia Standard Time", "Krasnoyarsk", -420),
    TimeZone("N. Central Asia Standard Time", "Novosibirsk", -420),
    TimeZone("Tomsk Standard Time", "Tomsk", -420),
    TimeZone("China Standard Time", "Beijing, Chongqing, Hong Kong, Urumqi", -480),
    TimeZone("North Asia East Standard Time", "Irkutsk", -480),
    TimeZone("Singapore Standard Time", "Kuala Lumpur, Singapore", -480),
    TimeZone("W. Australia Standard Time", "Perth", -480),
    TimeZone("Taipei Standard Time", "Taipei", -480),
    TimeZone("Ulaanbaatar Standard Time", "Ulaanbaatar", -480),
    TimeZone("Aus Central W. Standard Time", "Eucla", -525),
    TimeZone("Transbaikal Standard Time", "Chita", -540),
    TimeZone("Tokyo Standard Time", "Osaka, Sapporo, Tokyo", -540),
    TimeZone("North Korea Standard Time", "Pyongyang", -540),
    TimeZone("Korea Standard Time", "Seoul", -540),
    TimeZone("Yakutsk Standard Time", "Yakutsk", -540),
    TimeZone("Cen. Australia Standard Time", "Adelaide", -570, -60, "4.1.0/03:00", "10.1.0/02:00"),
    TimeZone("AUS Central Standard Time", "Darwin", -570),
    TimeZone("E. Australia Standard Time", "Brisbane", -600),
    TimeZone("AUS Eastern Standard Time", "Canberra, Melbourne, Sydney", -600, -60, "4.1.0/03:00", "10.1.0/02:00"),
    TimeZone("West Pacific Standard Time", "Guam, Port Moresby", -600),
    TimeZone("Tasmania Standard Time", "Hobart", -600, -60, "4.1.0/03:00", "10.1.0/02:00"),
    TimeZone("Vladivostok Standard Time", "Vladivostok", -600),
    TimeZone("Lord Howe Standard Time", "Lord Howe Island", -630, -30, "4.1.0/02:00", "10.1.0/02:00"),
    TimeZone("Bougainville Standard Time", "Bougainville Island", -660),
    TimeZone("Russia Time Zone 10", "Chokurdakh", -660),
    TimeZone("Magadan Standard Time", "Magadan", -660),
    TimeZone("Norfolk Standard Time", "Norfolk Island", -660, -60, "4.1.0/03:00", "10.1.0/02:00"),
    TimeZone("Sakhalin Standard Time", "Sakhalin", -660),
    TimeZone("Central Pacific Standard Time", "Solomon Is., New Caledonia", -660),
    TimeZone("Russia Time Zone 11", "Anadyr, Petropavlovsk-Kamchatsky", -720),
    TimeZone("New Zealand Standard Time", "Auckland, Wellington", -720, -60, "4.1.0/03:00", "9.5.0/02:00"),
    TimeZone("UTC+12", "Coordinated Universal Time+12", -720),
    TimeZone("Fiji Standard Time", "Fiji", -720),
    TimeZone("Chatham Islands Standard Time", "Chatham Islands", -765, -60, "4.1.0/03:45", "9.5.0/02:45"),
    TimeZone("UTC+13", "Coordinated Universal Time+13", -780),
    TimeZone("Tonga Standard Time", "Nuku'alofa", -780),
    TimeZone("Samoa Standard Time", "Samoa", -780),
    TimeZone("Line Islands Standard Time", "Kiritimati Island", -840),
)  # fmt: skip
