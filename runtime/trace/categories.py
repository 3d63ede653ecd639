"""The categories of traced functions, and the one a function has when its export does not say."""

from __future__ import annotations

import re
from functools import cache, lru_cache

CATEGORIES = (
    "file_io", "console_io", "memory", "threading", "synchronization", "environment", "process", "registry", "dll",
    "exception", "network", "gui", "time", "crt", "security",
)  # fmt: skip
"""Every category, in the order in which messages list them."""

_MODULES: dict[str, str] = {
    "crt": "api-ms-win-crt- ucrtbase msvcr msvcp vcruntime",
    "network": "ws2_32 wsock32 mswsock iphlpapi dnsapi wininet winhttp urlmon netapi32",
    "gui": "user32 gdi32 gdiplus comctl32 comdlg32 uxtheme dwmapi imm32 win32u opengl32 d3d dxgi",
    "security": "bcrypt crypt32 ncrypt secur32 wintrust sspicli",
    "time": "winmm",
    "exception": "dbghelp",
    "process": "psapi",
    "environment": "userenv",
}
"""DLLs of one subject, by the beginning of their names."""

_BY_NAME: tuple[tuple[str, str], ...] = (
    ("exception",
     r".*Exception|.*Unwind|Rtl(Capture|Restore)Context|.*FunctionTable|.*FunctionEntry|"
     r"(Nt|Zw)Continue|.*Vectored|.*ErrorMode|.*HardError|.*SpecificHandler|.*FrameHandler|"
     r"DebugBreak|Dbg"),
    ("console_io",
     r".*Console|(Get|Set)StdHandle|_?(put|get)ch\b|_cputs|_kbhit"),
    ("registry",
     r"Reg[A-Z]|(Nt|Zw)\w*Key|SHReg|SH\w*RegistryKey|Rtl\w*Registry"),
    ("security",
     r".*(Token|Privilege|Security|Sid|Acl|Ace|Account|Logon)|Crypt|BCrypt|NCrypt|Cert|Lsa|"
     r"SystemFunction0|Rtl(GenRandom|EncryptMemory|DecryptMemory)|PFX"),
    ("dll",
     r"(Load|Free)Library|.*Module(Handle|FileName)|GetProcAddress|Ldr|.*DllDirectory|DisableThreadLibraryCalls|"
     r".*Resource\w*$|EnumProcessModules"),
    ("synchronization",
     r".*(Wait|Event|Mutex|Mutant|Semaphore|CriticalSection|SRWLock|ConditionVariable|InitOnce|"
     r"RunOnce|Barrier|Timer|SList|IoCompletion|CompletionPort|Interlocked|KeyedEvent|SignalObject)|"
     r"WakeByAddress|RtlWakeAddress"),
    ("threading",
     r".*(Thread|Fiber|Tls|Fls|Apc|APC)|Switch|(Nt|Zw)(Yield|Alert|TestAlert)|Tp[A-Z]|.*Threadpool|"
     r"SubmitThreadpoolWork|Csr"),
    ("process",
     r".*(Process|JobObject|Toolhelp|Snapshot|Startup|CommandLine|Debugg|WinExec|ShellExecute)|"
     r"Exit|Process32|Module32|(Nt|Zw)\w*Debug"),
    ("memory",
     r".*(Heap|Virtual|MapView|Section|FileMapping|WorkingSet|Memory|WriteWatch)|(Global|"
     r"Local)(Alloc|Free|ReAlloc|Lock|Unlock|Size|Flags|Handle)|IsBad|Co\w*Mem(Alloc|Free|"
     r"Realloc)"),
    ("environment",
     r".*Environment|GetSystemInfo|GetNativeSystemInfo|.*Version|GetComputerName|GetUserName|"
     r".*SystemInfo|.*Locale|.*CodePage|Get(ACP|OEMCP|CPInfo|UserDefault|SystemDefault)|"
     r".*UILanguage|IsProcessorFeaturePresent|Get(Windows|System)Directory|Get(System|User)\w*LangID"),
    ("time",
     r".*(Time|TickCount|PerformanceCounter|PerformanceFrequency|Sleep|DelayExecution|Date)"),
    ("file_io",
     r".*(File|Directory|Path|Volume|Drive|Disk|Pipe|Mailslot|IoControl|IoRing|Overlapped|"
     r"DosDevice|Dos)|_l(open|creat|read|write|close)|(Nt|Zw)\w*Ea"),
    ("network",
     r"WSA|Internet|Http|WinHttp|Dns|Inet|GetAddrInfo|Net[A-Z]"),
    ("gui",
     r".*(Window|Message|Menu|Dialog|Cursor|Icon|Bitmap|Clipboard|Paint|Font|Brush)"),
)  # fmt: skip
"""Checked in order; the first that matches at the start of the name wins."""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((category, re.compile(pattern)) for category, pattern in _BY_NAME)


@lru_cache(maxsize=4096)
def default_category(module: str, function: str) -> str:
    """The category of a function whose export names none: by DLL where a DLL has one subject, else by its name.

    What nothing tells is `dll`: a call from one module into another.
    """
    plain = module.lower()
    for category, prefixes in _MODULES.items():
        if plain.startswith(tuple(prefixes.split())):
            return category
    for category, pattern in _patterns():
        if pattern.match(function):
            return category
    return "dll"
