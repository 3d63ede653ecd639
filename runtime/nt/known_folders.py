"""Known folders and their older numbers (CSIDL): the path each has, and the folders a new drive C: has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VIRTUAL, FIXED, COMMON, PER_USER = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """One known folder. `path` has `%VARIABLE%`s of the user's environment; empty for a folder without a path."""

    id: str
    name: str
    category: int
    path: str
    csidl: int | None = None

    @property
    def relative(self) -> str:
        """The path below its base folder."""
        return self.path.partition("\\")[2] if self.path.startswith("%") else ""


_START = "Microsoft\\Windows\\Start Menu"
_INTERNET = "%LOCALAPPDATA%\\Microsoft\\Windows"

KNOWN_FOLDERS = (
    KnownFolder("B4BFCC3A-DB2C-424C-B029-7FE99A87C641", "Desktop", PER_USER, "%USERPROFILE%\\Desktop", 0x10),
    KnownFolder("A77F5D77-2E2B-44C3-A6A2-ABA601054A51", "Programs", PER_USER, f"%APPDATA%\\{_START}\\Programs", 0x02),
    KnownFolder("FDD39AD0-238F-46AF-ADB4-6C85480369C7", "Personal", PER_USER, "%USERPROFILE%\\Documents", 0x05),
    KnownFolder("1777F761-68AD-4D8A-87BD-30B759FA33DD", "Favorites", PER_USER, "%USERPROFILE%\\Favorites", 0x06),
    KnownFolder("B97D20BB-F46A-4C97-BA10-5E3608430854", "Startup", PER_USER,
                f"%APPDATA%\\{_START}\\Programs\\Startup", 0x07),
    KnownFolder("AE50C081-EBD2-438A-8655-8A092E34987A", "Recent", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Recent", 0x08),
    KnownFolder("8983036C-27C0-404B-8F08-102D10DCFD74", "SendTo", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\SendTo", 0x09),
    KnownFolder("625B53C3-AB48-4EC1-BA1F-A1EF4146FC19", "Start Menu", PER_USER, f"%APPDATA%\\{_START}", 0x0B),
    KnownFolder("4BD8D571-6D19-48D3-BE97-422220080E43", "My Music", PER_USER, "%USERPROFILE%\\Music", 0x0D),
    KnownFolder("18989B1D-99B5-455B-841C-AB7C74E4DDFC", "My Video", PER_USER, "%USERPROFILE%\\Videos", 0x0E),
    KnownFolder("C5ABBF53-E17F-4121-8900-86626FC2C973", "NetHood", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Network Shortcuts", 0x13),
    KnownFolder("FD228CB7-AE11-4AE3-864C-16F3910AB8FE", "Fonts", FIXED, "%SystemRoot%\\Fonts", 0x14),
    KnownFolder("A63293E8-664E-48DB-A079-DF759E0509F7", "Templates", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Templates", 0x15),
    KnownFolder("A4115719-D62E-491D-AA7C-E74B8BE3B067", "Common Start Menu", COMMON, f"%ProgramData%\\{_START}", 0x16),
    KnownFolder("0139D44E-6AFE-49F2-8690-3DAFCAE6FFB8", "Common Programs", COMMON,
                f"%ProgramData%\\{_START}\\Programs", 0x17),
    KnownFolder("82A5EA35-D9CD-47C5-9629-E15D2F714E6E", "Common Startup", COMMON,
                f"%ProgramData%\\{_START}\\Programs\\Startup", 0x18),
    KnownFolder("C4AA340D-F20F-4863-AFEF-F87EF2E6BA25", "Common Desktop", COMMON, "%PUBLIC%\\Desktop", 0x19),
    KnownFolder("3EB685DB-65F9-4CF6-A03A-E3EF65729F3D", "AppData", PER_USER, "%APPDATA%", 0x1A),
    KnownFolder("9274BD8D-CFD1-41C3-B35E-B13F55A758F4", "PrintHood", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Printer Shortcuts", 0x1B),
    KnownFolder("F1B32785-6FBA-4FCF-9D55-7B8E7F157091", "Local AppData", PER_USER, "%LOCALAPPDATA%", 0x1C),
    KnownFolder("352481E8-33BE-4251-BA85-6007CAEDCF9D", "Cache", PER_USER, f"{_INTERNET}\\INetCache", 0x20),
    KnownFolder("2B0F765D-C0E9-4171-908E-08A611B84FF6", "Cookies", PER_USER, f"{_INTERNET}\\INetCookies", 0x21),
    KnownFolder("D9DC8A3B-B784-432E-A781-5A1130A75963", "History", PER_USER, f"{_INTERNET}\\History", 0x22),
    KnownFolder("62AB5D82-FDC1-4DC3-A9DD-070D1D495D97", "Common AppData", FIXED, "%ProgramData%", 0x23),
    KnownFolder("F38BF404-1D43-42F2-9305-67DE0B28FC23", "Windows", FIXED, "%SystemRoot%", 0x24),
    KnownFolder("1AC14E77-02E7-4E5D-B744-2EB1AE5198B7", "System", FIXED, "%SystemRoot%\\system32", 0x25),
    KnownFolder("905E63B6-C1BF-494E-B29C-65B732D3D21A", "ProgramFiles", FIXED, "%ProgramFiles%", 0x26),
    KnownFolder("6D809377-6AF0-444B-8957-A3773F02200E", "ProgramFilesX64", FIXED, "%ProgramW6432%"),
    KnownFolder("33E28130-4E1E-4676-835A-98395C3BC3BB", "My Pictures", PER_USER, "%USERPROFILE%\\Pictures", 0x27),
    KnownFolder("5E6C858F-0E22-4760-9AFE-EA3317B67173", "Profile", FIXED, "%USERPROFILE%", 0x28),
    KnownFolder("D65231B0-B2F1-4857-A4CE-A8E7C6EA7D27", "SystemX86", FIXED, "%SystemRoot%\\SysWOW64", 0x29),
    KnownFolder("7C5A40EF-A0FB-4BFC-874A-C0F2E0B9FA8E", "ProgramFilesX86", FIXED, "%ProgramFiles(x86)%", 0x2A),
    KnownFolder("F7F1ED05-9F6D-47A2-AAAE-29D317C6F066", "ProgramFilesCommon", FIXED, "%CommonProgramFiles%", 0x2B),
    KnownFolder("6365D5A7-0F0D-45E5-87F6-0DA56B6A4F7D", "ProgramFilesCommonX64", FIXED, "%CommonProgramW6432%"),
    KnownFolder("DE974D24-D9C6-4D3E-BF91-F4455120B917", "ProgramFilesCommonX86", FIXED,
                "%CommonProgramFiles(x86)%", 0x2C),
    KnownFolder("B94237E7-57AC-4347-9151-B08C6C32D1F7", "Common Templates", COMMON,
                "%ProgramData%\\Microsoft\\Windows\\Templates", 0x2D),
    KnownFolder("ED4824AF-DCE4-45A8-81E2-FC7965083634", "Common Documents", COMMON, "%PUBLIC%\\Documents", 0x2E),
    KnownFolder("D0384E7D-BAC3-4797-8F14-CBA229B392B5", "Common Administrative Tools", COMMON,
                f"%ProgramData%\\{_START}\\Programs\\Administrative Tools", 0x2F),
    KnownFolder("724EF170-A42D-4FEF-9F26-B60E846FBA4F", "Administrative Tools", PER_USER,
                f"%APPDATA%\\{_START}\\Programs\\Administrative Tools", 0x30),
    KnownFolder("3214FAB5-9757-4298-BB61-92A9DEAA44FF", "CommonMusic", COMMON, "%PUBLIC%\\Music", 0x35),
    KnownFolder("B6EBFB86-6907-413C-9AF7-4FC2ABF07CC5", "CommonPictures", COMMON, "%PUBLIC%\\Pictures", 0x36),
    KnownFolder("2400183A-6185-49FB-A2D8-4A392A602BA3", "CommonVideo", COMMON, "%PUBLIC%\\Videos", 0x37),
    KnownFolder("8AD10C31-2ADB-4296-A8F7-E4701232C972", "ResourceDir", FIXED, "%SystemRoot%\\resources", 0x38),
    KnownFolder("9E52AB10-F80D-49DF-ACB8-4330F5687855", "CD Burning", PER_USER, f"{_INTERNET}\\Burn\\Burn", 0x3B),
    KnownFolder("374DE290-123F-4565-9164-39C4925E467B", "Downloads", PER_USER, "%USERPROFILE%\\Downloads"),
    KnownFolder("A520A1A4-1780-4FF6-BD18-167343C5AF16", "LocalAppDataLow", PER_USER,
                "%USERPROFILE%\\AppData\\LocalLow"),
    KnownFolder("DFDF76A2-C82A-4D63-906A-5644AC457385", "Public", FIXED, "%PUBLIC%"),
    KnownFolder("3D644C9B-1FB8-4F30-9B45-F670235F79C0", "CommonDownloads", COMMON, "%PUBLIC%\\Downloads"),
    KnownFolder("0762D272-C50A-4BB0-A382-697DCD729B80", "UserProfiles", FIXED, "%SystemDrive%\\Users"),
    KnownFolder("4C5C32FF-BB9D-43B0-B5B4-2D72E54EAAA4", "SavedGames", PER_USER, "%USERPROFILE%\\Saved Games"),
    KnownFolder("56784854-C6CB-462B-8169-88E350ACB882", "Contacts", PER_USER, "%USERPROFILE%\\Contacts"),
    KnownFolder("BFB9D5E0-C6A9-404C-B2B2-AE6DB6AF4968", "Links", PER_USER, "%USERPROFILE%\\Links"),
    KnownFolder("7D1D3A04-DEBB-4115-95CF-2F29DA2920DA", "Searches", PER_USER, "%USERPROFILE%\\Searches"),
    KnownFolder("52A4F021-7B75-48A9-9F6B-4B87A210BC8F", "Quick Launch", PER_USER,
                "%APPDATA%\\Microsoft\\Internet Explorer\\Quick Launch"),
    KnownFolder("9E3995AB-1F9C-4F13-B827-48B24B6C7174", "User Pinned", PER_USER,
                "%APPDATA%\\Microsoft\\Internet Explorer\\Quick Launch\\User Pinned"),
    KnownFolder("5CD7AEE2-2219-4A67-B85D-6C9CE15660CB", "UserProgramFiles", PER_USER, "%LOCALAPPDATA%\\Programs"),
    KnownFolder("BCBD3057-CA5C-4622-B42D-BC56DB0AE516", "UserProgramFilesCommon", PER_USER,
                "%LOCALAPPDATA%\\Programs\\Common"),
    KnownFolder("A52BBA46-E9E1-435F-B3D9-28DAA648C0F6", "OneDrive", PER_USER, "%USERPROFILE%\\OneDrive"),
    KnownFolder("B7BEDE81-DF94-4682-A7D8-57A52620B86F", "Screenshots", PER_USER,
                "%USERPROFILE%\\Pictures\\Screenshots"),
    KnownFolder("2112AB0A-C86A-4FFE-A368-0DE96E47012E", "Music Library", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Libraries\\Music.library-ms"),
    KnownFolder("1B3EA5DC-B587-4786-B4EF-BD1DC332AEAE", "Libraries", PER_USER,
                "%APPDATA%\\Microsoft\\Windows\\Libraries"),
    KnownFolder("0AC0837C-BBF8-452A-850D-79D08E667CA7", "MyComputerFolder", VIRTUAL, "", 0x11),
    KnownFolder("B7534046-3ECB-4C18-BE4E-64CD4CB7D6AC", "RecycleBinFolder", VIRTUAL, "", 0x0A),
    KnownFolder("D20BEEC4-5CA8-4905-AE3B-BF251EA09B53", "NetworkPlacesFolder", VIRTUAL, "", 0x12),
    KnownFolder("82A74AEB-AEB4-465C-A014-D097EE346D63", "ControlPanelFolder", VIRTUAL, "", 0x03),
    KnownFolder("76FC4E2D-D6AD-4519-A663-37BD56068185", "PrintersFolder", VIRTUAL, "", 0x04),
)  # fmt: skip

_CSIDL_ALIASES = {0x00: 0x10, 0x0C: 0x05, 0x1D: 0x07, 0x1E: 0x18, 0x1F: 0x06}
"""CSIDL_DESKTOP, MYDOCUMENTS, ALTSTARTUP, COMMON_ALTSTARTUP, COMMON_FAVORITES: the folder they mean."""


@cache
def by_id() -> Mapping[str, KnownFolder]:
    """Return the known folders by their GUID (upper case, no braces)."""
    return {folder.id: folder for folder in KNOWN_FOLDERS}


@cache
def by_csidl() -> Mapping[int, KnownFolder]:
    """Return the known folders by CSIDL."""
    found = {folder.csidl: folder for folder in KNOWN_FOLDERS if folder.csidl is not None}
    return found | {alias: found[csidl] for alias, csidl in _CSIDL_ALIASES.items()}


_SKELETON = (
    "PerfLogs", "Program Files/Common Files", "Program Files (x86)/Common Files",
    "ProgramData/Microsoft/Windows/Start Menu/Programs/Startup", "ProgramData/Microsoft/Windows/Templates",
    "Users/Public/Desktop", "Users/Public/Documents", "Users/Public/Downloads", "Users/Public/Music",
    "Users/Public/Pictures", "Users/Public/Videos", "Users/Default", "Windows/Fonts", "Windows/Globalization",
    "Windows/Help", "Windows/INF", "Windows/Logs", "Windows/Media", "Windows/Prefetch", "Windows/Resources/Themes",
    "Windows/ServiceProfiles/LocalService", "Windows/ServiceProfiles/NetworkService", "Windows/System",
    "Windows/System32/catroot", "Windows/System32/config/systemprofile", "Windows/System32/drivers/etc",
    "Windows/System32/en-US", "Windows/System32/spool/drivers/color", "Windows/System32/Tasks",
    "Windows/System32/wbem", "Windows/System32/WindowsPowerShell/v1.0", "Windows/SysWOW64", "Windows/Temp",
    "Windows/WinSxS/Manifests",
)  # fmt: skip
_USER_SKELETON = (
    "AppData/Local/Microsoft/Windows/History", "AppData/Local/Microsoft/Windows/INetCache",
    "AppData/Local/Microsoft/Windows/INetCookies", "AppData/Local/Microsoft/WindowsApps", "AppData/Local/Temp",
    "AppData/LocalLow", "AppData/Roaming/Microsoft/Windows/Network Shortcuts",
    "AppData/Roaming/Microsoft/Windows/Recent", "AppData/Roaming/Microsoft/Windows/SendTo",
    "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup", "AppData/Roaming/Microsoft/Windows/Templates",
    "Contacts", "Desktop", "Documents", "Downloads", "Favorites", "Links", "Music", "OneDrive", "Pictures",
    "Saved Games", "Searches", "Videos",
)  # fmt: skip
_FILES = {
    "Windows/win.ini": "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n[mci extensions]\r\n[files]\r\n"
    "[Mail]\r\nMAPI=1\r\n",
    "Windows/system.ini": "; for 16-bit app support\r\n[386Enh]\r\nwoafont=dosapp.fon\r\nEGA80WOA.FON=EGA80WOA.FON\r\n"
    "EGA40WOA.FON=EGA40WOA.FON\r\nCGA80WOA.FON=CGA80WOA.FON\r\nCGA40WOA.FON=CGA40WOA.FON\r\n\r\n[drivers]\r\n"
    "wave=mmdrv.dll\r\ntimer=timer.drv\r\n\r\n[mci]\r\n",
    "Windows/System32/drivers/etc/hosts": "# localhost name resolution is handled within DNS itself.\r\n"
    "#\t127.0.0.1       localhost\r\n#\t::1             localhost\r\n",
    "Windows/System32/drivers/etc/networks": "loopback                 127\r\n",
    "Windows/System32/drivers/etc/protocol": "ip       0     IP           # Internet protocol\r\n"
    "icmp     1     ICMP         # Internet control message protocol\r\n"
    "tcp      6     TCP          # Transmission control protocol\r\n"
    "udp      17    UDP          # User datagram protocol\r\n"
    "ipv6     41    IPv6         # Internet protocol IPv6\r\n"
    "ipv6-icmp 58   IPv6-ICMP    # ICMP for IPv6\r\n",
    "Windows/System32/drivers/etc/services": "echo                7/tcp\r\necho                7/udp\r\n"
    "ftp                21/tcp                           #FTP. control\r\n"
    "ssh                22/tcp                           #SSH Remote Login Protocol\r\n"
    "telnet             23/tcp\r\n"
    "smtp               25/tcp    mail                   #Simple Mail Transfer Protocol\r\n"
    "domain             53/tcp                           #Domain Name Server\r\n"
    "domain             53/udp                           #Domain Name Server\r\n"
    "http               80/tcp    www www-http           #World Wide Web\r\n"
    "pop3              110/tcp                           #Post Office Protocol - Version 3\r\n"
    "ntp               123/udp                           #Network Time Protocol\r\n"
    "imap              143/tcp    imap4                  #Internet Message Access Protocol\r\n"
    "https             443/tcp    MCom                   #HTTP over TLS/SSL\r\n"
    "https             443/udp    MCom                   #HTTP over TLS/SSL\r\n",
}


def create_skeleton(root: Path, user: str) -> None:
    """Make the folders and small files that a new drive C: has, below the host folder `root`; existing ones stay.

    Raises OSError.
    """
    for folder in (*_SKELETON, *(f"Users/{user}/{name}" for name in _USER_SKELETON)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, content in _FILES.items():
        file = root / name
        if not file.exists():
            try:
                file.write_bytes(content.encode("ascii"))
            except OSError as error:  # a full disk names no file
                raise OSError(error.errno, error.strerror, str(file)) from None
