/* Counted strings: UNICODE_STRING and ANSI_STRING. */
#include "nls.h"

void *memcpy(void *, const void *, size_t);
size_t strlen(const char *);
size_t wcslen(const WCHAR *);

#define MAX_UNICODE 0xfffeu

void NTAPI rtl_InitUnicodeString(PUNICODE_STRING string, const WCHAR *text)
{
    size_t size = text ? wcslen(text) * 2 : 0;
    if (size > MAX_UNICODE - 2)
        size = MAX_UNICODE - 2;
    *string = (UNICODE_STRING){(USHORT)size, (USHORT)(text ? size + 2 : 0), (PWSTR)text};
}

NTSTATUS NTAPI rtl_InitUnicodeStringEx(PUNICODE_STRING string, const WCHAR *text)
{
    size_t size = text ? wcslen(text) * 2 : 0;
    if (size > MAX_UNICODE - 2)
        return STATUS_NAME_TOO_LONG;
    *string = (UNICODE_STRING){(USHORT)size, (USHORT)(text ? size + 2 : 0), (PWSTR)text};
    return STATUS_SUCCESS;
}

void NTAPI rtl_InitAnsiString(PANSI_STRING string, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (size > 0xfffe)
        size = 0xfffe;
    *string = (ANSI_STRING){(USHORT)size, (USHORT)(text ? size + 1 : 0), (PCHAR)text};
}

NTSTATUS NTAPI rtl_InitAnsiStringEx(PANSI_STRING string, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (size > 0xfffe)
        return STATUS_NAME_TOO_LONG;
    *string = (ANSI_STRING){(USHORT)size, (USHORT)(text ? size + 1 : 0), (PCHAR)text};
    return STATUS_SUCCESS;
}

static void *allocate(SIZE_T size)
{
    return RtlAllocateHeap(PROCESS_HEAP(), 0, size);
}

void NTAPI rtl_FreeUnicodeString(PUNICODE_STRING string)
{
    if (string->Buffer)
        RtlFreeHeap(PROCESS_HEAP(), 0, string->Buffer);
    *string = (UNICODE_STRING){0};
}

void NTAPI rtl_FreeAnsiString(PANSI_STRING string)
{
    if (string->Buffer)
        RtlFreeHeap(PROCESS_HEAP(), 0, string->Buffer);
    *string = (ANSI_STRING){0};
}

BOOLEAN NTAPI rtl_CreateUnicodeString(PUNICODE_STRING string, const WCHAR *text)
{
    size_t size = wcslen(text) * 2 + 2;
    if (size > MAX_UNICODE || !(string->Buffer = allocate(size)))
        return FALSE;
    memcpy(string->Buffer, text, size);
    string->Length = (USHORT)(size - 2);
    string->MaximumLength = (USHORT)size;
    return TRUE;
}

BOOLEAN NTAPI rtl_CreateUnicodeStringFromAsciiz(PUNICODE_STRING string, const char *text)
{
    size_t count = strlen(text);
    if (count * 2 + 2 > MAX_UNICODE || !(string->Buffer = allocate(count * 2 + 2)))
        return FALSE;
    nls_widen(PAGE_ANSI, string->Buffer, (ULONG)count, text, (ULONG)count);
    string->Buffer[count] = 0;
    string->Length = (USHORT)(count * 2);
    string->MaximumLength = (USHORT)(count * 2 + 2);
    return TRUE;
}

NTSTATUS NTAPI rtl_DuplicateUnicodeString(ULONG flags, PCUNICODE_STRING from, PUNICODE_STRING to)
{
    if (!from || !to || from->MaximumLength < from->Length || (from->Length && !from->Buffer) || (flags & 2 && !(flags & 1)))
        return STATUS_INVALID_PARAMETER;
    if (!from->Length && !(flags & 2)) {
        *to = (UNICODE_STRING){0};
        return STATUS_SUCCESS;
    }
    unsigned end = flags & 1 ? 2 : 0;
    if (from->Length + end > MAX_UNICODE)
        return STATUS_NAME_TOO_LONG;
    if (!(to->Buffer = allocate(from->Length + end)))
        return STATUS_NO_MEMORY;
    memcpy(to->Buffer, from->Buffer, from->Length);
    to->Length = from->Length;
    to->MaximumLength = (USHORT)(from->Length + end);
    if (end)
        to->Buffer[to->Length / 2] = 0;
    return STATUS_SUCCESS;
}

void NTAPI rtl_CopyUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
    if (!from) {
        to->Length = 0;
        return;
    }
    USHORT size = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
    memcpy(to->Buffer, from->Buffer, size);
    to->Length = size;
    if (size + 2u <= to->MaximumLength)
        to->Buffer[size / 2] = 0;
}

void NTAPI rtl_CopyString(PSTRING to, const STRING *from)
{
    if (!from) {
        to->Length = 0;
        return;
    }
    USHORT size = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
    memcpy(to->Buffer, from->Buffer, size);
    to->Length = size;
}

static NTSTATUS append(PUNICODE_STRING to, const WCHAR *text, size_t size)
{
    if (to->Length + size > to->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(to->Buffer + to->Length / 2, text, size);
    to->Length = (USHORT)(to->Length + size);
    if (to->Length + 2u <= to->MaximumLength)
        to->Buffer[to->Length / 2] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_AppendUnicodeStringToString(PUNICODE_STRING to, PCUNICODE_STRING from)
{
    return from->Length ? append(to, from->Buffer, from->Length) : STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_AppendUnicodeToString(PUNICODE_STRING to, const WCHAR *text)
{
    return text ? append(to, text, wcslen(text) * 2) : STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_AppendAsciizToString(PSTRING to, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    if (to->Length + size > to->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(to->Buffer + to->Length, text, size);
    to->Length = (USHORT)(to->Length + size);
    return STATUS_SUCCESS;
}

LONG NTAPI rtl_CompareUnicodeStrings(const WCHAR *left, SIZE_T left_count, const WCHAR *right, SIZE_T right_count, BOOLEAN fold)
{
    SIZE_T count = left_count < right_count ? left_count : right_count;
    for (SIZE_T i = 0; i < count; ++i) {
        WCHAR a = left[i], b = right[i];
        if (a != b && fold) {
            a = nls_upcase(a);
            b = nls_upcase(b);
        }
        if (a != b)
            return (LONG)a - (LONG)b;
    }
    return (LONG)(left_count - right_count);
}

LONG NTAPI rtl_CompareUnicodeString(PCUNICODE_STRING left, PCUNICODE_STRING right, BOOLEAN fold)
{
    return rtl_CompareUnicodeStrings(left->Buffer, left->Length / 2, right->Buffer, right->Length / 2, fold);
}

BOOLEAN NTAPI rtl_EqualUnicodeString(PCUNICODE_STRING left, PCUNICODE_STRING right, BOOLEAN fold)
{
    return left->Length == right->Length && !rtl_CompareUnicodeString(left, right, fold);
}

BOOLEAN NTAPI rtl_PrefixUnicodeString(PCUNICODE_STRING prefix, PCUNICODE_STRING string, BOOLEAN fold)
{
    return prefix->Length <= string->Length &&
           !rtl_CompareUnicodeStrings(prefix->Buffer, prefix->Length / 2, string->Buffer, prefix->Length / 2, fold);
}

CHAR NTAPI rtl_UpperChar(CHAR character);

LONG NTAPI rtl_CompareString(const STRING *left, const STRING *right, BOOLEAN fold)
{
    USHORT count = left->Length < right->Length ? left->Length : right->Length;
    for (USHORT i = 0; i < count; ++i) {
        UCHAR a = (UCHAR)left->Buffer[i], b = (UCHAR)right->Buffer[i];
        if (a != b && fold) {
            a = (UCHAR)rtl_UpperChar((CHAR)a);
            b = (UCHAR)rtl_UpperChar((CHAR)b);
        }
        if (a != b)
            return (LONG)a - (LONG)b;
    }
    return (LONG)left->Length - (LONG)right->Length;
}

BOOLEAN NTAPI rtl_EqualString(const STRING *left, const STRING *right, BOOLEAN fold)
{
    return left->Length == right->Length && !rtl_CompareString(left, right, fold);
}

BOOLEAN NTAPI rtl_PrefixString(const STRING *prefix, const STRING *string, BOOLEAN fold)
{
    STRING head = {prefix->Length, prefix->Length, string->Buffer};
    return prefix->Length <= string->Length && rtl_EqualString(prefix, &head, fold);
}

void NTAPI rtl_UpperString(PSTRING to, const STRING *from)
{
    USHORT count = from->Length < to->MaximumLength ? from->Length : to->MaximumLength;
    for (USHORT i = 0; i < count; ++i)
        to->Buffer[i] = rtl_UpperChar(from->Buffer[i]);
    to->Length = count;
}

static NTSTATUS map_case(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN make, WCHAR (*map)(WCHAR))
{
    if (make) {
        to->MaximumLength = from->Length;
        if (!(to->Buffer = allocate(from->Length)))
            return STATUS_NO_MEMORY;
    } else if (to->MaximumLength < from->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (unsigned i = 0; i < from->Length / 2u; ++i)
        to->Buffer[i] = map(from->Buffer[i]);
    to->Length = from->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_UpcaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return map_case(to, from, make, nls_upcase);
}

NTSTATUS NTAPI rtl_DowncaseUnicodeString(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return map_case(to, from, make, nls_downcase);
}

/* HASH_STRING_ALGORITHM_X65599. */
NTSTATUS NTAPI rtl_HashUnicodeString(PCUNICODE_STRING string, BOOLEAN fold, ULONG algorithm, PULONG hash)
{
    if (!string || !hash || algorithm > 1)
        return STATUS_INVALID_PARAMETER;
    ULONG value = 0;
    for (unsigned i = 0; i < string->Length / 2u; ++i)
        value = value * 65599 + (fold ? nls_upcase(string->Buffer[i]) : string->Buffer[i]);
    *hash = value;
    return STATUS_SUCCESS;
}

/* Unicode and code page strings. */
static NTSTATUS to_narrow(enum code_page page, PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN make, BOOLEAN upcase)
{
    ULONG count = from->Length / 2u;
    NTSTATUS status = STATUS_SUCCESS;
    if (count + 1 > 0xffff)
        return STATUS_INVALID_PARAMETER_2;
    if (make) {
        to->MaximumLength = (USHORT)(count + 1);
        if (!(to->Buffer = allocate(count + 1)))
            return STATUS_NO_MEMORY;
    } else if (to->MaximumLength < count + 1) {
        if (!to->MaximumLength)
            return STATUS_BUFFER_OVERFLOW;
        count = to->MaximumLength - 1u;
        status = STATUS_BUFFER_OVERFLOW;
    }
    for (ULONG i = 0; i < count; ++i) {
        WCHAR unit = upcase ? nls_upcase(from->Buffer[i]) : from->Buffer[i];
        nls_narrow(page, to->Buffer + i, 1, &unit, 1);
    }
    to->Buffer[count] = 0;
    to->Length = (USHORT)count;
    return status;
}

static NTSTATUS to_wide(enum code_page page, PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN make)
{
    ULONG size = from->Length * 2u + 2;
    if (size > 0xffff)
        return STATUS_INVALID_PARAMETER_2;
    if (make) {
        to->MaximumLength = (USHORT)size;
        if (!(to->Buffer = allocate(size)))
            return STATUS_NO_MEMORY;
    } else if (to->MaximumLength < size) {
        return STATUS_BUFFER_OVERFLOW;
    }
    nls_widen(page, to->Buffer, from->Length, from->Buffer, from->Length);
    to->Buffer[from->Length] = 0;
    to->Length = (USHORT)(from->Length * 2u);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_UnicodeStringToAnsiString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return to_narrow(PAGE_ANSI, to, from, make, FALSE);
}

NTSTATUS NTAPI rtl_UnicodeStringToOemString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return to_narrow(PAGE_OEM, to, from, make, FALSE);
}

NTSTATUS NTAPI rtl_UpcaseUnicodeStringToAnsiString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return to_narrow(PAGE_ANSI, to, from, make, TRUE);
}

NTSTATUS NTAPI rtl_UpcaseUnicodeStringToOemString(PANSI_STRING to, PCUNICODE_STRING from, BOOLEAN make)
{
    return to_narrow(PAGE_OEM, to, from, make, TRUE);
}

NTSTATUS NTAPI rtl_AnsiStringToUnicodeString(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN make)
{
    return to_wide(PAGE_ANSI, to, from, make);
}

NTSTATUS NTAPI rtl_OemStringToUnicodeString(PUNICODE_STRING to, PCANSI_STRING from, BOOLEAN make)
{
    return to_wide(PAGE_OEM, to, from, make);
}

ULONG NTAPI rtl_UnicodeStringToAnsiSize(PCUNICODE_STRING string)
{
    return string->Length / 2u + 1;
}

ULONG NTAPI rtl_AnsiStringToUnicodeSize(PCANSI_STRING string)
{
    return string->Length * 2u + 2;
}

/* Numbers. */
static NTSTATUS parse(const WCHAR *wide, const char *narrow, size_t count, ULONG base, PULONG value)
{
#define UNIT(i) ((i) < count ? (wide ? wide[i] : (WCHAR)(UCHAR)narrow[i]) : 0)
    size_t i = 0;
    while (i < count && UNIT(i) <= ' ' && (wide || UNIT(i)))
        ++i;
    BOOL negative = UNIT(i) == '-';
    if (UNIT(i) == '-' || UNIT(i) == '+')
        ++i;
    if (!base) {
        base = 10;
        if (UNIT(i) == '0') {
            WCHAR mark = UNIT(i + 1);
            base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
            if (base != 10)
                i += 2;
        }
    } else if (base != 2 && base != 8 && base != 10 && base != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONG total = 0;
    for (; i < count; ++i) {
        WCHAR unit = UNIT(i);
        ULONG digit = unit >= '0' && unit <= '9'   ? unit - '0'
                      : unit >= 'A' && unit <= 'Z' ? unit - 'A' + 10u
                      : unit >= 'a' && unit <= 'z' ? unit - 'a' + 10u
                                                   : 99u;
        if (digit >= base)
            break;
        total = total * base + digit;
    }
    *value = negative ? 0 - total : total;
    return STATUS_SUCCESS;
#undef UNIT
}

NTSTATUS NTAPI rtl_UnicodeStringToInteger(PCUNICODE_STRING string, ULONG base, PULONG value)
{
    return parse(string->Buffer, NULL, string->Length / 2u, base, value);
}

NTSTATUS NTAPI rtl_CharToInteger(const char *text, ULONG base, PULONG value)
{
    return parse(NULL, text, strlen(text), base, value);
}

static unsigned digits(ULONGLONG value, ULONG base, char *buffer)
{
    unsigned at = 65;
    do
        buffer[--at] = "0123456789ABCDEF"[value % base];
    while (value /= base);
    return at;
}

static BOOL good_base(ULONG *base)
{
    if (!*base)
        *base = 10;
    return *base == 2 || *base == 8 || *base == 10 || *base == 16;
}

NTSTATUS NTAPI rtl_IntegerToChar(ULONG value, ULONG base, ULONG room, PCHAR text)
{
    char buffer[65];
    if (!good_base(&base))
        return STATUS_INVALID_PARAMETER;
    unsigned at = digits(value, base, buffer), count = 65 - at;
    if (count > room)
        return STATUS_BUFFER_OVERFLOW;
    if (!text)
        return STATUS_ACCESS_VIOLATION;
    memcpy(text, buffer + at, count);
    if (count < room)
        text[count] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_Int64ToUnicodeString(ULONGLONG value, ULONG base, PUNICODE_STRING string)
{
    char buffer[65];
    if (!good_base(&base))
        return STATUS_INVALID_PARAMETER;
    unsigned at = digits(value, base, buffer), count = 65 - at;
    if (count * 2 > string->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    nls_widen(PAGE_ANSI, string->Buffer, count, buffer + at, count);
    string->Length = (USHORT)(count * 2);
    if (count * 2 + 2 <= string->MaximumLength)
        string->Buffer[count] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_IntegerToUnicodeString(ULONG value, ULONG base, PUNICODE_STRING string)
{
    return rtl_Int64ToUnicodeString(value, base, string);
}

/* Where a character of a set (flag 2: not of the set) lies; flag 1: from the end; flag 4: without regard to case. */
NTSTATUS NTAPI rtl_FindCharInUnicodeString(ULONG flags, PCUNICODE_STRING string, PCUNICODE_STRING set, USHORT *position)
{
    unsigned count = string->Length / 2u;
    if (flags & ~7u)
        return STATUS_INVALID_PARAMETER;
    for (unsigned n = 0; n < count; ++n) {
        unsigned i = flags & 1 ? count - 1 - n : n;
        BOOL found = FALSE;
        for (unsigned k = 0; k < set->Length / 2u && !found; ++k)
            found = flags & 4 ? nls_upcase(set->Buffer[k]) == nls_upcase(string->Buffer[i]) : set->Buffer[k] == string->Buffer[i];
        if (found != ((flags & 2) != 0)) {
            *position = (USHORT)(flags & 1 ? i * 2 : i * 2 + 2);
            return STATUS_SUCCESS;
        }
    }
    *position = 0;
    return STATUS_NOT_FOUND;
}

void NTAPI rtl_EraseUnicodeString(PUNICODE_STRING string)
{
    for (unsigned i = 0; i < string->MaximumLength / 2u; ++i)
        string->Buffer[i] = 0;
    string->Length = 0;
}

NTSTATUS NTAPI rtl_ValidateUnicodeString(ULONG flags, PCUNICODE_STRING string)
{
    if (flags)
        return STATUS_INVALID_PARAMETER;
    if (!string)
        return STATUS_SUCCESS;
    if ((string->Length & 1) || (string->MaximumLength & 1) || string->Length > string->MaximumLength ||
        (!string->Buffer && string->MaximumLength))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}
