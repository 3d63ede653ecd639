"""psapi.h: since Windows 7 these functions live in kernel32 under names with `K32`."""

from __future__ import annotations

from runtime.dlls.psapi.dll import psapi

for _name in (
    "EmptyWorkingSet", "EnumProcessModules", "EnumProcessModulesEx", "EnumProcesses", "GetMappedFileNameW",
    "GetModuleBaseNameA", "GetModuleBaseNameW", "GetModuleFileNameExA", "GetModuleFileNameExW",
    "GetModuleInformation", "GetPerformanceInfo", "GetProcessImageFileNameA", "GetProcessImageFileNameW",
    "GetProcessMemoryInfo",
):  # fmt: skip
    psapi.forward(_name, f"kernel32.K32{_name}")
