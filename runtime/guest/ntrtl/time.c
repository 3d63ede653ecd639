/* Time that is read from KUSER_SHARED_DATA, which the machine keeps current. */
#include "rtl.h"

/* KSYSTEM_TIME: High1Time is written before and High2Time after LowPart; they differ during an update. */
static uint64_t shared_time(uint64_t offset)
{
    const volatile ULONG *time = (const volatile ULONG *)(SHARED_DATA + offset);
    ULONG high, low;
    do {
        high = time[1];
        low = time[0];
    } while (high != time[2]);
    return ((uint64_t)high << 32) | low;
}

ULONGLONG WINAPI k32_GetTickCount64(void)
{
    uint64_t ticks = shared_time(0x320);
    uint64_t multiplier = *(const volatile ULONG *)(SHARED_DATA + 0x4);
    return ((ticks >> 32) * multiplier << 8) + (((ticks & 0xffffffff) * multiplier) >> 24);
}

DWORD WINAPI k32_GetTickCount(void)
{
    return (DWORD)k32_GetTickCount64();
}

void WINAPI k32_GetSystemTimeAsFileTime(FILETIME *time)
{
    uint64_t now = shared_time(0x14);
    time->dwLowDateTime = (DWORD)now;
    time->dwHighDateTime = (DWORD)(now >> 32);
}

void WINAPI k32_QueryInterruptTime(PULONGLONG time)
{
    *time = shared_time(0x8);
}

BOOL WINAPI k32_QueryUnbiasedInterruptTime(PULONGLONG time)
{
    if (!time) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *time = shared_time(0x8) - *(const volatile ULONGLONG *)(SHARED_DATA + 0x3B0);
    return TRUE;
}

BOOLEAN NTAPI RtlIsProcessorFeaturePresent(DWORD feature)
{
    return feature < 64 && *(const volatile BYTE *)(SHARED_DATA + 0x274 + feature);
}

BOOL WINAPI k32_IsProcessorFeaturePresent(DWORD feature)
{
    return RtlIsProcessorFeaturePresent(feature);
}

NTSTATUS NTAPI RtlQueryUnbiasedInterruptTime(PULONGLONG time)
{
    return k32_QueryUnbiasedInterruptTime(time);
}
