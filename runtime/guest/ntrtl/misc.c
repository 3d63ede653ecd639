/* Small functions that touch nothing but their arguments. */
#include "rtl.h"

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
size_t strlen(const char *);
size_t wcslen(const WCHAR *);

void NTAPI rtl_FillMemory(PVOID block, SIZE_T size, UCHAR value)
{
    memset(block, value, size);
}

void NTAPI rtl_ZeroMemory(PVOID block, SIZE_T size)
{
    memset(block, 0, size);
}

void NTAPI rtl_FillMemoryUlong(PULONG block, SIZE_T size, ULONG value)
{
    for (SIZE_T i = 0; i < size / 4; ++i)
        block[i] = value;
}

void NTAPI rtl_FillMemoryUlonglong(PULONGLONG block, SIZE_T size, ULONGLONG value)
{
    for (SIZE_T i = 0; i < size / 8; ++i)
        block[i] = value;
}

/* How many bytes are equal. */
SIZE_T NTAPI rtl_CompareMemory(const void *left, const void *right, SIZE_T count)
{
    const uint8_t *a = left, *b = right;
    SIZE_T n = 0;
    while (n + 8 <= count && CWORD64(a + n) == CWORD64(b + n))
        n += 8;
    while (n < count && a[n] == b[n])
        ++n;
    return n;
}

SIZE_T NTAPI rtl_CompareMemoryUlong(const ULONG *block, SIZE_T size, ULONG value)
{
    SIZE_T n = 0;
    if ((uintptr_t)block & 3)
        return 0;
    while (n < size / 4 && block[n] == value)
        ++n;
    return n * 4;
}

BOOLEAN NTAPI rtl_IsZeroMemory(const void *block, SIZE_T size)
{
    const uint8_t *p = block;
    while (size && !*p)
        ++p, --size;
    return !size;
}

/* Pointers are hidden by a rotation and an exclusive or with a value of the process. */
static ULONG64 cookie(void)
{
    ULONG64 seed = *(const volatile ULONG *)(SHARED_DATA + 0x330) ^ (ULONG64)PEB_POINTER() >> 12;
    return seed * 0x9E3779B97F4A7C15ull;
}

PVOID NTAPI rtl_EncodePointer(PVOID pointer)
{
    ULONG64 key = cookie(), value = (ULONG64)pointer ^ key;
    unsigned turn = (unsigned)(key >> 3) & 63;
    return (PVOID)(value >> turn | value << (-turn & 63));
}

PVOID NTAPI rtl_DecodePointer(PVOID pointer)
{
    ULONG64 key = cookie(), value = (ULONG64)pointer;
    unsigned turn = (unsigned)(key >> 3) & 63;
    return (PVOID)((value << turn | value >> (-turn & 63)) ^ key);
}

/* The linear congruence that RtlUniform documents. */
ULONG NTAPI rtl_Uniform(PULONG seed)
{
    return *seed = (ULONG)(((ULONGLONG)*seed * 0x7fffffed + 0x7fffffc3) % 0x7fffffff);
}

ULONG NTAPI rtl_RandomEx(PULONG seed)
{
    static volatile LONG table[128];
    ULONG index, value = rtl_Uniform(seed);
    index = value & 127;
    ULONG next = rtl_Uniform(seed);
    ULONG last = (ULONG)InterlockedExchange(&table[index], (LONG)next);
    return last ? last : rtl_Uniform(seed);
}

int WINAPI k32_MulDiv(int number, int numerator, int denominator)
{
    if (!denominator)
        return -1;
    LONGLONG product = (LONGLONG)number * numerator;
    ULONGLONG divisor = denominator < 0 ? (ULONGLONG)-(LONGLONG)denominator : (ULONGLONG)denominator;
    ULONGLONG size = product < 0 ? (ULONGLONG)-product : (ULONGLONG)product;
    ULONGLONG result = (size + divisor / 2) / divisor;
    BOOL negative = (product < 0) != (denominator < 0);
    if (result > 0x7fffffffull + negative)
        return -1;
    return negative ? (int)-(LONGLONG)result : (int)result;
}

/* lstr*: a bad pointer gives NULL or 0 instead of an exception. */
#define GUARDED(result, failure, expression)                                                                         \
    __try {                                                                                                          \
        result = expression;                                                                                         \
    } __except (GetExceptionCode() == (DWORD)STATUS_ACCESS_VIOLATION) {                                              \
        set_last_error(ERROR_INVALID_PARAMETER);                                                                     \
        result = failure;                                                                                            \
    }

static __attribute__((noinline)) char *copy_narrow(char *to, const char *from, size_t room)
{
    size_t n = 0;
    if (!room)
        return to;
    for (; n + 1 < room && from[n]; ++n)
        to[n] = from[n];
    to[n] = 0;
    return to;
}

static __attribute__((noinline)) WCHAR *copy_wide(WCHAR *to, const WCHAR *from, size_t room)
{
    size_t n = 0;
    if (!room)
        return to;
    for (; n + 1 < room && from[n]; ++n)
        to[n] = from[n];
    to[n] = 0;
    return to;
}

static __attribute__((noinline)) size_t length_narrow(const char *text)
{
    return strlen(text);
}

static __attribute__((noinline)) size_t length_wide(const WCHAR *text)
{
    return wcslen(text);
}

int WINAPI k32_lstrlenA(const char *text)
{
    size_t n;
    if (!text)
        return 0;
    GUARDED(n, 0, length_narrow(text));
    return (int)n;
}

int WINAPI k32_lstrlenW(const WCHAR *text)
{
    size_t n;
    if (!text)
        return 0;
    GUARDED(n, 0, length_wide(text));
    return (int)n;
}

char *WINAPI k32_lstrcpyA(char *to, const char *from)
{
    char *result;
    GUARDED(result, NULL, copy_narrow(to, from, ~(size_t)0));
    return result;
}

WCHAR *WINAPI k32_lstrcpyW(WCHAR *to, const WCHAR *from)
{
    WCHAR *result;
    GUARDED(result, NULL, copy_wide(to, from, ~(size_t)0));
    return result;
}

char *WINAPI k32_lstrcpynA(char *to, const char *from, int room)
{
    char *result;
    GUARDED(result, NULL, copy_narrow(to, from, room < 0 ? 0 : (size_t)room));
    return result;
}

WCHAR *WINAPI k32_lstrcpynW(WCHAR *to, const WCHAR *from, int room)
{
    WCHAR *result;
    GUARDED(result, NULL, copy_wide(to, from, room < 0 ? 0 : (size_t)room));
    return result;
}

static __attribute__((noinline)) char *append_narrow(char *to, const char *from)
{
    copy_narrow(to + strlen(to), from, ~(size_t)0);
    return to;
}

static __attribute__((noinline)) WCHAR *append_wide(WCHAR *to, const WCHAR *from)
{
    copy_wide(to + wcslen(to), from, ~(size_t)0);
    return to;
}

char *WINAPI k32_lstrcatA(char *to, const char *from)
{
    char *result;
    GUARDED(result, NULL, append_narrow(to, from));
    return result;
}

WCHAR *WINAPI k32_lstrcatW(WCHAR *to, const WCHAR *from)
{
    WCHAR *result;
    GUARDED(result, NULL, append_wide(to, from));
    return result;
}

/* IsBad*Ptr: touch every page. */
static __attribute__((noinline)) BOOL touch(const volatile uint8_t *block, size_t size, BOOL write)
{
    const volatile uint8_t *last = block + size - 1;
    for (;; block += 0x1000 - ((uintptr_t)block & 0xfff)) {
        if (block > last)
            block = last;
        uint8_t value = *block;
        if (write)
            *(volatile uint8_t *)block = value;
        if (block == last || ((uintptr_t)block >> 12) == ((uintptr_t)last >> 12))
            return FALSE;
    }
}

static BOOL bad_block(const void *block, size_t size, BOOL write)
{
    BOOL result;
    if (!size)
        return FALSE;
    if (!block)
        return TRUE;
    __try {
        result = touch(block, size, write);
    } __except (GetExceptionCode() == (DWORD)STATUS_ACCESS_VIOLATION || GetExceptionCode() == (DWORD)STATUS_GUARD_PAGE_VIOLATION) {
        result = TRUE;
    }
    return result;
}

BOOL WINAPI k32_IsBadReadPtr(const void *block, UINT_PTR size)
{
    return bad_block(block, size, FALSE);
}

BOOL WINAPI k32_IsBadWritePtr(void *block, UINT_PTR size)
{
    return bad_block(block, size, TRUE);
}

BOOL WINAPI k32_IsBadCodePtr(FARPROC code)
{
    return bad_block((const void *)code, 1, FALSE);
}

static __attribute__((noinline)) BOOL scan(const void *text, UINT_PTR limit, unsigned unit)
{
    const volatile uint8_t *p = text;
    for (UINT_PTR i = 0; i < limit; ++i, p += unit)
        if (!p[0] && (unit == 1 || !p[1]))
            break;
    return FALSE;
}

static BOOL bad_text(const void *text, UINT_PTR limit, unsigned unit)
{
    BOOL result;
    if (!text)
        return TRUE;
    __try {
        result = scan(text, limit, unit);
    } __except (GetExceptionCode() == (DWORD)STATUS_ACCESS_VIOLATION) {
        result = TRUE;
    }
    return result;
}

BOOL WINAPI k32_IsBadStringPtrA(const char *text, UINT_PTR limit)
{
    return bad_text(text, limit, 1);
}

BOOL WINAPI k32_IsBadStringPtrW(const WCHAR *text, UINT_PTR limit)
{
    return bad_text(text, limit, 2);
}

/* Checksums. */
DWORD NTAPI rtl_ComputeCrc32(DWORD crc, const uint8_t *data, INT size)
{
    crc = ~crc;
    while (size-- > 0) {
        crc ^= *data++;
        for (int k = 0; k < 8; ++k)
            crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    return ~crc;
}

BOOLEAN NTAPI rtl_EqualLuid(const LUID *left, const LUID *right)
{
    return left->LowPart == right->LowPart && left->HighPart == right->HighPart;
}

void NTAPI rtl_CopyLuid(PLUID to, const LUID *from)
{
    *to = *from;
}

USHORT __cdecl rtl_UshortByteSwap(USHORT value)
{
    return __builtin_bswap16(value);
}

ULONG __cdecl rtl_UlongByteSwap(ULONG value)
{
    return __builtin_bswap32(value);
}

ULONGLONG __cdecl rtl_UlonglongByteSwap(ULONGLONG value)
{
    return __builtin_bswap64(value);
}
