/* RTL_BITMAP. */
#include "rtl.h"

typedef struct {
    ULONG size;
    PULONG bits;
} BITMAP_;

#define NONE 0xffffffffu

static inline BOOL bit(const BITMAP_ *map, ULONG i)
{
    return map->bits[i / 32] >> (i % 32) & 1;
}

void NTAPI rtl_InitializeBitMap(BITMAP_ *map, PULONG bits, ULONG size)
{
    map->size = size;
    map->bits = bits;
}

void NTAPI rtl_SetBits(BITMAP_ *map, ULONG start, ULONG count)
{
    for (ULONG i = start; i < start + count; ++i)
        map->bits[i / 32] |= 1u << (i % 32);
}

void NTAPI rtl_ClearBits(BITMAP_ *map, ULONG start, ULONG count)
{
    for (ULONG i = start; i < start + count; ++i)
        map->bits[i / 32] &= ~(1u << (i % 32));
}

void NTAPI rtl_SetBit(BITMAP_ *map, ULONG index)
{
    rtl_SetBits(map, index, 1);
}

void NTAPI rtl_ClearBit(BITMAP_ *map, ULONG index)
{
    rtl_ClearBits(map, index, 1);
}

void NTAPI rtl_SetAllBits(BITMAP_ *map)
{
    for (ULONG i = 0; i < (map->size + 31) / 32; ++i)
        map->bits[i] = NONE;
}

void NTAPI rtl_ClearAllBits(BITMAP_ *map)
{
    for (ULONG i = 0; i < (map->size + 31) / 32; ++i)
        map->bits[i] = 0;
}

BOOLEAN NTAPI rtl_TestBit(const BITMAP_ *map, ULONG index)
{
    return index < map->size && bit(map, index);
}

static BOOL run_is(const BITMAP_ *map, ULONG start, ULONG count, BOOL value)
{
    for (ULONG i = start; i < start + count; ++i)
        if (bit(map, i) != value)
            return FALSE;
    return TRUE;
}

static BOOL run_ok(const BITMAP_ *map, ULONG start, ULONG count, BOOL value)
{
    return count && start < map->size && count <= map->size - start && run_is(map, start, count, value);
}

BOOLEAN NTAPI rtl_AreBitsSet(const BITMAP_ *map, ULONG start, ULONG count)
{
    return (BOOLEAN)run_ok(map, start, count, TRUE);
}

BOOLEAN NTAPI rtl_AreBitsClear(const BITMAP_ *map, ULONG start, ULONG count)
{
    return (BOOLEAN)run_ok(map, start, count, FALSE);
}

ULONG NTAPI rtl_NumberOfSetBits(const BITMAP_ *map)
{
    ULONG total = 0;
    for (ULONG i = 0; i < map->size; ++i)
        total += (ULONG)bit(map, i);
    return total;
}

ULONG NTAPI rtl_NumberOfClearBits(const BITMAP_ *map)
{
    return map->size - rtl_NumberOfSetBits(map);
}

static ULONG find_between(const BITMAP_ *map, ULONG count, ULONG from, ULONG to, BOOL value)
{
    ULONG run = 0;
    for (ULONG i = from; i < to; ++i) {
        run = bit(map, i) == value ? run + 1 : 0;
        if (run == count)
            return i + 1 - count;
    }
    return NONE;
}

static ULONG find(const BITMAP_ *map, ULONG count, ULONG hint, BOOL value)
{
    if (count > map->size)
        return NONE;
    if (hint >= map->size)
        hint = 0;
    if (!count)
        return hint & ~7u;
    ULONG found = find_between(map, count, hint, map->size, value);
    if (found == NONE && hint) {
        ULONG end = hint + count - 1 < map->size ? hint + count - 1 : map->size;
        found = find_between(map, count, 0, end, value);
    }
    return found;
}

ULONG NTAPI rtl_FindSetBits(const BITMAP_ *map, ULONG count, ULONG hint)
{
    return find(map, count, hint, TRUE);
}

ULONG NTAPI rtl_FindClearBits(const BITMAP_ *map, ULONG count, ULONG hint)
{
    return find(map, count, hint, FALSE);
}

ULONG NTAPI rtl_FindSetBitsAndClear(BITMAP_ *map, ULONG count, ULONG hint)
{
    ULONG found = find(map, count, hint, TRUE);
    if (found != NONE)
        rtl_ClearBits(map, found, count);
    return found;
}

ULONG NTAPI rtl_FindClearBitsAndSet(BITMAP_ *map, ULONG count, ULONG hint)
{
    ULONG found = find(map, count, hint, FALSE);
    if (found != NONE)
        rtl_SetBits(map, found, count);
    return found;
}

ULONG NTAPI rtl_FindNextForwardRunClear(const BITMAP_ *map, ULONG from, PULONG start)
{
    ULONG i = from;
    while (i < map->size && bit(map, i))
        ++i;
    *start = i;
    while (i < map->size && !bit(map, i))
        ++i;
    return i - *start;
}

ULONG NTAPI rtl_FindLongestRunClear(const BITMAP_ *map, PULONG start)
{
    ULONG best = 0, at, count;
    for (ULONG i = 0; i < map->size; i = at + count) {
        count = rtl_FindNextForwardRunClear(map, i, &at);
        if (!count)
            break;
        if (count > best) {
            best = count;
            *start = at;
        }
    }
    return best;
}

CCHAR NTAPI rtl_FindMostSignificantBit(ULONGLONG value)
{
    return value ? (CCHAR)(63 - __builtin_clzll(value)) : -1;
}

CCHAR NTAPI rtl_FindLeastSignificantBit(ULONGLONG value)
{
    return value ? (CCHAR)__builtin_ctzll(value) : -1;
}
