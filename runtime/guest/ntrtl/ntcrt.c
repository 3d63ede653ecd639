/* The C library functions that ntdll exports beside the memory and string functions of common/. */
#include "nls.h"

size_t strlen(const char *);
size_t wcslen(const WCHAR *);

static int lower_narrow(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int nt_tolower(int c)
{
    return lower_narrow(c);
}

int nt_toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : c;
}

WCHAR nt_towlower(WCHAR c)
{
    return nls_downcase(c);
}

WCHAR nt_towupper(WCHAR c)
{
    return nls_upcase(c);
}

int nt_isalpha(int c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
int nt_isdigit(int c) { return c >= '0' && c <= '9'; }
int nt_isalnum(int c) { return nt_isalpha(c) || nt_isdigit(c); }
int nt_isspace(int c) { return c == ' ' || (c >= 9 && c <= 13); }
int nt_isupper(int c) { return c >= 'A' && c <= 'Z'; }
int nt_islower(int c) { return c >= 'a' && c <= 'z'; }
int nt_isprint(int c) { return c >= 32 && c < 127; }
int nt_isgraph(int c) { return c > 32 && c < 127; }
int nt_ispunct(int c) { return nt_isgraph(c) && !nt_isalnum(c); }
int nt_iscntrl(int c) { return (c >= 0 && c < 32) || c == 127; }
int nt_isxdigit(int c) { return nt_isdigit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

int nt_stricmp(const char *left, const char *right)
{
    int a, b;
    do {
        a = lower_narrow((UCHAR)*left++);
        b = lower_narrow((UCHAR)*right++);
    } while (a == b && a);
    return a - b;
}

int nt_strnicmp(const char *left, const char *right, size_t limit)
{
    for (; limit; --limit, ++left, ++right) {
        int a = lower_narrow((UCHAR)*left), b = lower_narrow((UCHAR)*right);
        if (a != b || !a)
            return a - b;
    }
    return 0;
}

int nt_memicmp(const void *left, const void *right, size_t count)
{
    const UCHAR *p = left, *q = right;
    for (; count; --count, ++p, ++q)
        if (lower_narrow(*p) != lower_narrow(*q))
            return lower_narrow(*p) - lower_narrow(*q);
    return 0;
}

static int lower_wide(WCHAR c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int nt_wcsicmp(const WCHAR *left, const WCHAR *right)
{
    int a, b;
    do {
        a = lower_wide(*left++);
        b = lower_wide(*right++);
    } while (a == b && a);
    return a - b;
}

int nt_wcsnicmp(const WCHAR *left, const WCHAR *right, size_t limit)
{
    for (; limit; --limit, ++left, ++right) {
        int a = lower_wide(*left), b = lower_wide(*right);
        if (a != b || !a)
            return a - b;
    }
    return 0;
}

char *nt_strlwr(char *text)
{
    for (char *p = text; *p; ++p)
        *p = (char)lower_narrow((UCHAR)*p);
    return text;
}

char *nt_strupr(char *text)
{
    for (char *p = text; *p; ++p)
        *p = (char)nt_toupper((UCHAR)*p);
    return text;
}

WCHAR *nt_wcslwr(WCHAR *text)
{
    for (WCHAR *p = text; *p; ++p)
        *p = (WCHAR)lower_wide(*p);
    return text;
}

WCHAR *nt_wcsupr(WCHAR *text)
{
    for (WCHAR *p = text; *p; ++p)
        *p = *p >= 'a' && *p <= 'z' ? *p - 32 : *p;
    return text;
}

/* Numbers in text. */
static ULONGLONG scan(const char *text, const char **end, int base, BOOL *negative)
{
    const char *p = text;
    ULONGLONG value = 0;
    BOOL any = FALSE;
    while (nt_isspace((UCHAR)*p))
        ++p;
    *negative = *p == '-';
    if (*p == '-' || *p == '+')
        ++p;
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x' && nt_isxdigit((UCHAR)p[2])) {
        p += 2;
        base = 16;
    } else if (base == 0) {
        base = *p == '0' ? 8 : 10;
    }
    for (;; ++p) {
        int digit = nt_isdigit((UCHAR)*p) ? *p - '0' : nt_isalpha((UCHAR)*p) ? (*p | 32) - 'a' + 10 : 99;
        if (digit >= base)
            break;
        ULONGLONG next = value * (unsigned)base + (unsigned)digit;
        value = next / (unsigned)base == value ? next : ~0ull;
        any = TRUE;
    }
    *end = any ? p : text;
    return value;
}

LONG nt_strtol(const char *text, char **end, int base)
{
    const char *stop;
    BOOL negative;
    ULONGLONG value = scan(text, &stop, base, &negative);
    if (end)
        *end = (char *)stop;
    if (value > 0x7fffffffull + negative)
        return negative ? (LONG)0x80000000 : 0x7fffffff;
    return negative ? (LONG) - (LONGLONG)value : (LONG)value;
}

ULONG nt_strtoul(const char *text, char **end, int base)
{
    const char *stop;
    BOOL negative;
    ULONGLONG value = scan(text, &stop, base, &negative);
    if (end)
        *end = (char *)stop;
    if (value > 0xffffffffull)
        return 0xffffffff;
    return negative ? 0 - (ULONG)value : (ULONG)value;
}

LONG nt_atoi(const char *text)
{
    const char *stop;
    BOOL negative;
    ULONGLONG value = scan(text, &stop, 10, &negative);
    return negative ? (LONG)(0 - value) : (LONG)value;
}

LONGLONG nt_atoi64(const char *text)
{
    const char *stop;
    BOOL negative;
    ULONGLONG value = scan(text, &stop, 10, &negative);
    return negative ? (LONGLONG)(0 - value) : (LONGLONG)value;
}

static void narrow_copy(const WCHAR *text, char *buffer, size_t room)
{
    size_t n = 0;
    for (; n + 1 < room && text[n] && text[n] < 0x80; ++n)
        buffer[n] = (char)text[n];
    buffer[n] = 0;
}

LONG nt_wtoi(const WCHAR *text)
{
    char buffer[80];
    while (*text == ' ' || (*text >= 9 && *text <= 13))
        ++text;
    narrow_copy(text, buffer, sizeof buffer);
    return nt_atoi(buffer);
}

LONGLONG nt_wtoi64(const WCHAR *text)
{
    char buffer[80];
    while (*text == ' ' || (*text >= 9 && *text <= 13))
        ++text;
    narrow_copy(text, buffer, sizeof buffer);
    return nt_atoi64(buffer);
}

ULONG nt_wcstoul(const WCHAR *text, WCHAR **end, int base)
{
    char buffer[80], *stop;
    const WCHAR *start = text;
    while (*start == ' ' || (*start >= 9 && *start <= 13))
        ++start;
    narrow_copy(start, buffer, sizeof buffer);
    ULONG value = nt_strtoul(buffer, &stop, base);
    if (end)
        *end = (WCHAR *)(stop == buffer ? text : start + (stop - buffer));
    return value;
}

LONG nt_wcstol(const WCHAR *text, WCHAR **end, int base)
{
    char buffer[80], *stop;
    const WCHAR *start = text;
    while (*start == ' ' || (*start >= 9 && *start <= 13))
        ++start;
    narrow_copy(start, buffer, sizeof buffer);
    LONG value = nt_strtol(buffer, &stop, base);
    if (end)
        *end = (WCHAR *)(stop == buffer ? text : start + (stop - buffer));
    return value;
}

static unsigned digits(ULONGLONG value, int base, char *end)
{
    unsigned count = 0;
    do {
        *--end = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)base];
        ++count;
    } while (value /= (unsigned)base);
    return count;
}

static char *format(ULONGLONG value, BOOL negative, char *text, int base)
{
    char buffer[65], *p = text;
    unsigned count = digits(value, base, buffer + 65);
    if (negative)
        *p++ = '-';
    for (unsigned i = 0; i < count; ++i)
        *p++ = buffer[65 - count + i];
    *p = 0;
    return text;
}

static WCHAR *format_wide(ULONGLONG value, BOOL negative, WCHAR *text, int base)
{
    char buffer[70];
    format(value, negative, buffer, base);
    unsigned i = 0;
    do
        text[i] = (UCHAR)buffer[i];
    while (buffer[i++]);
    return text;
}

char *nt_itoa(int value, char *text, int base)
{
    BOOL negative = base == 10 && value < 0;
    return format(negative ? 0 - (ULONGLONG)(LONGLONG)value : (ULONG)value, negative, text, base);
}

char *nt_ultoa(ULONG value, char *text, int base)
{
    return format(value, FALSE, text, base);
}

char *nt_i64toa(LONGLONG value, char *text, int base)
{
    BOOL negative = base == 10 && value < 0;
    return format(negative ? 0 - (ULONGLONG)value : (ULONGLONG)value, negative, text, base);
}

char *nt_ui64toa(ULONGLONG value, char *text, int base)
{
    return format(value, FALSE, text, base);
}

WCHAR *nt_itow(int value, WCHAR *text, int base)
{
    BOOL negative = base == 10 && value < 0;
    return format_wide(negative ? 0 - (ULONGLONG)(LONGLONG)value : (ULONG)value, negative, text, base);
}

WCHAR *nt_ultow(ULONG value, WCHAR *text, int base)
{
    return format_wide(value, FALSE, text, base);
}

WCHAR *nt_i64tow(LONGLONG value, WCHAR *text, int base)
{
    BOOL negative = base == 10 && value < 0;
    return format_wide(negative ? 0 - (ULONGLONG)value : (ULONGLONG)value, negative, text, base);
}

int nt_abs(int value)
{
    return value < 0 ? -value : value;
}

/* bsearch, and qsort as a heap sort: no recursion, no worst case. */
typedef int (*comparison)(const void *, const void *);

void *nt_bsearch(const void *key, const void *base, size_t count, size_t size, comparison compare)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        const void *item = (const char *)base + middle * size;
        int order = compare(key, item);
        if (!order)
            return (void *)item;
        if (order < 0)
            count = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void swap_items(char *a, char *b, size_t size)
{
    while (size--) {
        char t = *a;
        *a++ = *b;
        *b++ = t;
    }
}

static void sift(char *base, size_t root, size_t count, size_t size, comparison compare)
{
    for (size_t child; (child = root * 2 + 1) < count; root = child) {
        if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0)
            ++child;
        if (compare(base + root * size, base + child * size) >= 0)
            break;
        swap_items(base + root * size, base + child * size, size);
    }
}

void nt_qsort(void *base, size_t count, size_t size, comparison compare)
{
    for (size_t i = count / 2; i--;)
        sift(base, i, count, size, compare);
    for (size_t i = count; i-- > 1;) {
        swap_items(base, (char *)base + i * size, size);
        sift(base, 0, i, size, compare);
    }
}
