"""API sets: contract names (`api-ms-win-*`, `ext-ms-*`) and the DLLs that host them.

Windows resolves a contract through a schema of exact names; the hosts here follow the families in Microsoft's list of
API sets ("Windows API sets", learn.microsoft.com), longest prefix first.
"""

from __future__ import annotations

from functools import cache
from typing import Final

_HOSTS: Final = {
    "api-ms-win-crt-": "ucrtbase.dll",
    "api-ms-win-core-": "kernelbase.dll",
    "api-ms-win-core-com-": "ole32.dll",
    "api-ms-win-core-shlwapi-": "shlwapi.dll",
    "api-ms-win-core-url-": "shlwapi.dll",
    "api-ms-win-core-version-": "version.dll",
    "api-ms-win-core-registry-": "advapi32.dll",
    "api-ms-win-core-crt-": "ntdll.dll",
    "api-ms-win-core-rtlsupport-": "ntdll.dll",
    "api-ms-win-core-winrt-": "combase.dll",
    "api-ms-win-core-winrt-error-": "combase.dll",
    "api-ms-win-core-winrt-string-": "combase.dll",
    "api-ms-win-core-psapi-": "kernelbase.dll",
    "api-ms-win-eventing-": "advapi32.dll",
    "api-ms-win-security-": "advapi32.dll",
    "api-ms-win-service-": "advapi32.dll",
    "api-ms-win-shcore-": "shcore.dll",
    "api-ms-win-shell-": "shell32.dll",
    "api-ms-win-ntuser-": "user32.dll",
    "api-ms-win-rtcore-ntuser-": "user32.dll",
    "api-ms-win-gdi-": "gdi32.dll",
    "api-ms-win-downlevel-advapi32-": "advapi32.dll",
    "api-ms-win-downlevel-kernel32-": "kernel32.dll",
    "api-ms-win-downlevel-normaliz-": "normaliz.dll",
    "api-ms-win-downlevel-ole32-": "ole32.dll",
    "api-ms-win-downlevel-shell32-": "shell32.dll",
    "api-ms-win-downlevel-shlwapi-": "shlwapi.dll",
    "api-ms-win-downlevel-user32-": "user32.dll",
    "api-ms-win-downlevel-version-": "version.dll",
    "ext-ms-win-ntuser-": "user32.dll",
    "ext-ms-win-gdi-": "gdi32.dll",
    "ext-ms-win-advapi32-": "advapi32.dll",
    "ext-ms-win-kernel32-": "kernel32.dll",
    "ext-ms-win-kernelbase-": "kernelbase.dll",
    "ext-ms-win-shell32-": "shell32.dll",
    "ext-ms-win-com-ole32-": "ole32.dll",
    "ext-ms-win-oleaut32-": "oleaut32.dll",
}


def is_api_set(name: str) -> bool:
    """Whether a DLL name is an API set contract."""
    return name[:4].lower() == "api-" or name[:4].lower() == "ext-"


@cache
def host_of(name: str) -> str | None:
    """Return the DLL behind a contract name (any case, with or without `.dll`), or None when there is none."""
    contract = name.lower().removesuffix(".dll")
    if not is_api_set(contract):
        return None
    best = max((prefix for prefix in _HOSTS if contract.startswith(prefix)), key=len, default=None)
    return _HOSTS[best] if best is not None else None
