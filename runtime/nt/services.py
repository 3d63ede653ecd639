"""System service numbers of Windows 10 22H2 (build 19045), x64."""

from __future__ import annotations

from typing import Final

SERVICE_NUMBERS: Final[dict[str, int]] = {
    "NtAccessCheck": 0x0,
    "NtWaitForSingleObject": 0x4,
    "NtReadFile": 0x6,
    "NtDeviceIoControlFile": 0x7,
    "NtWriteFile": 0x8,
    "NtRemoveIoCompletion": 0x9,
    "NtReleaseSemaphore": 0xA,
    "NtSetInformationThread": 0xD,
    "NtSetEvent": 0xE,
    "NtClose": 0xF,
    "NtQueryObject": 0x10,
    "NtQueryInformationFile": 0x11,
    "NtOpenKey": 0x12,
    "NtEnumerateValueKey": 0x13,
    "NtQueryKey": 0x16,
    "NtQueryValueKey": 0x17,
    "NtAllocateVirtualMemory": 0x18,
    "NtQueryInformationProcess": 0x19,
    "NtSetInformationProcess": 0x1C,
    "NtCreateKey": 0x1D,
    "NtFreeVirtualMemory": 0x1E,
    "NtReleaseMutant": 0x20,
    "NtQueryInformationToken": 0x21,
    "NtQueryVirtualMemory": 0x23,
    "NtOpenThreadToken": 0x24,
    "NtQueryInformationThread": 0x25,
    "NtOpenProcess": 0x26,
    "NtSetInformationFile": 0x27,
    "NtMapViewOfSection": 0x28,
    "NtUnmapViewOfSection": 0x2A,
    "NtTerminateProcess": 0x2C,
}
