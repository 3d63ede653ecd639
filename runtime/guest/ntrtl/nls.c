/* Upper and lower case of UTF-16 units, the ANSI (1252) and OEM (437) code pages, and UTF-8. */
#include "nls.h"
#include "tables.inc"

WCHAR nls_upcase(WCHAR unit)
{
    if (unit < 0x80)
        return unit >= 'a' && unit <= 'z' ? unit - 32 : unit;
    return unit + upcase_offsets[upcase_pages[unit >> 8]][unit & 0xff];
}

WCHAR nls_downcase(WCHAR unit)
{
    if (unit < 0x80)
        return unit >= 'A' && unit <= 'Z' ? unit + 32 : unit;
    return unit + downcase_offsets[downcase_pages[unit >> 8]][unit & 0xff];
}

WCHAR NTAPI rtl_UpcaseUnicodeChar(WCHAR unit)
{
    return nls_upcase(unit);
}

WCHAR NTAPI rtl_DowncaseUnicodeChar(WCHAR unit)
{
    return nls_downcase(unit);
}

ULONG nls_widen(enum code_page page, WCHAR *to, ULONG room, const char *from, ULONG count)
{
    const uint16_t *table = page == PAGE_OEM ? oem_to_unicode : ansi_to_unicode;
    if (count > room)
        count = room;
    for (ULONG i = 0; i < count; ++i)
        to[i] = table[(uint8_t)from[i]];
    return count;
}

static char narrow_unit(enum code_page page, WCHAR unit)
{
    const struct unit_byte *table = page == PAGE_OEM ? oem_from_unicode : ansi_from_unicode;
    size_t low = 0, high = page == PAGE_OEM ? sizeof oem_from_unicode / sizeof *table : sizeof ansi_from_unicode / sizeof *table;
    if (unit < 0x80)
        return (char)unit;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle].unit == unit)
            return (char)table[middle].byte;
        if (table[middle].unit < unit)
            low = middle + 1;
        else
            high = middle;
    }
    return '?';
}

ULONG nls_narrow(enum code_page page, char *to, ULONG room, const WCHAR *from, ULONG count)
{
    if (count > room)
        count = room;
    for (ULONG i = 0; i < count; ++i)
        to[i] = narrow_unit(page, from[i]);
    return count;
}

static NTSTATUS widen(enum code_page page, PWCH to, ULONG room, PULONG size, const char *from, ULONG count)
{
    ULONG done = nls_widen(page, to, room / 2, from, count) * 2;
    if (size)
        *size = done;
    return STATUS_SUCCESS;
}

static NTSTATUS narrow(enum code_page page, PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    ULONG done = nls_narrow(page, to, room, from, bytes / 2);
    if (size)
        *size = done;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_MultiByteToUnicodeN(PWCH to, ULONG room, PULONG size, const char *from, ULONG count)
{
    return widen(PAGE_ANSI, to, room, size, from, count);
}

NTSTATUS NTAPI rtl_OemToUnicodeN(PWCH to, ULONG room, PULONG size, const char *from, ULONG count)
{
    return widen(PAGE_OEM, to, room, size, from, count);
}

NTSTATUS NTAPI rtl_UnicodeToMultiByteN(PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    return narrow(PAGE_ANSI, to, room, size, from, bytes);
}

NTSTATUS NTAPI rtl_UnicodeToOemN(PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    return narrow(PAGE_OEM, to, room, size, from, bytes);
}

static NTSTATUS upcase_narrow(enum code_page page, PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    ULONG count = bytes / 2 < room ? bytes / 2 : room;
    for (ULONG i = 0; i < count; ++i)
        to[i] = narrow_unit(page, nls_upcase(from[i]));
    if (size)
        *size = count;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_UpcaseUnicodeToMultiByteN(PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    return upcase_narrow(PAGE_ANSI, to, room, size, from, bytes);
}

NTSTATUS NTAPI rtl_UpcaseUnicodeToOemN(PCHAR to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    return upcase_narrow(PAGE_OEM, to, room, size, from, bytes);
}

NTSTATUS NTAPI rtl_MultiByteToUnicodeSize(PULONG size, const char *from, ULONG count)
{
    *size = count * 2;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI rtl_UnicodeToMultiByteSize(PULONG size, const WCHAR *from, ULONG bytes)
{
    *size = bytes / 2;
    return STATUS_SUCCESS;
}

CHAR NTAPI rtl_UpperChar(CHAR character)
{
    WCHAR unit = nls_upcase(ansi_to_unicode[(uint8_t)character]);
    char upper = narrow_unit(PAGE_ANSI, unit);
    return upper == '?' ? character : upper;
}

WCHAR NTAPI rtl_AnsiCharToUnicodeChar(PUCHAR *text)
{
    return ansi_to_unicode[*(*text)++];
}

/* UTF-8.  Ill-formed parts become U+FFFD and the status says so, as RtlUTF8ToUnicodeN documents. */
NTSTATUS NTAPI rtl_UTF8ToUnicodeN(PWCH to, ULONG room, PULONG size, const uint8_t *from, ULONG count)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG done = 0, units = room / 2;
    if (!from)
        return STATUS_INVALID_PARAMETER_4;
    if (!size)
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < count;) {
        uint32_t code = from[i];
        unsigned more = code < 0x80 ? 0 : code >= 0xc2 && code < 0xe0 ? 1 : (code & 0xf0) == 0xe0 ? 2 : code >= 0xf0 && code < 0xf5 ? 3 : 9;
        ++i;
        if (more == 9) {
            code = 0xfffd;
            status = STATUS_SOME_NOT_MAPPED;
        } else if (more) {
            uint8_t low = code == 0xe0 ? 0xa0 : code == 0xf0 ? 0x90 : 0x80;
            uint8_t high = code == 0xed ? 0x9f : code == 0xf4 ? 0x8f : 0xbf;
            code &= 0x3fu >> more;
            for (; more && i < count && from[i] >= low && from[i] <= high; --more, low = 0x80, high = 0xbf)
                code = code << 6 | (from[i++] & 0x3f);
            if (more) {
                code = 0xfffd;
                status = STATUS_SOME_NOT_MAPPED;
            }
        }
        unsigned needed = code >= 0x10000 ? 2 : 1;
        if (to) {
            if (done + needed > units) {
                status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            if (needed == 2) {
                to[done] = (WCHAR)(0xd7c0 + (code >> 10));
                to[done + 1] = (WCHAR)(0xdc00 + (code & 0x3ff));
            } else {
                to[done] = (WCHAR)code;
            }
        }
        done += needed;
    }
    *size = done * 2;
    return status;
}

NTSTATUS NTAPI rtl_UnicodeToUTF8N(uint8_t *to, ULONG room, PULONG size, const WCHAR *from, ULONG bytes)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG done = 0, count = bytes / 2;
    if (!from)
        return STATUS_INVALID_PARAMETER_4;
    if (!size || (to && (bytes & 1)))
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < count; ++i) {
        uint32_t code = from[i];
        if (code >= 0xd800 && code < 0xdc00 && i + 1 < count && from[i + 1] >= 0xdc00 && from[i + 1] < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (from[++i] - 0xdc00u);
        } else if (code >= 0xd800 && code < 0xe000) {
            code = 0xfffd;
            status = STATUS_SOME_NOT_MAPPED;
        }
        uint8_t buffer[4];
        unsigned length;
        if (code < 0x80) {
            buffer[0] = (uint8_t)code;
            length = 1;
        } else if (code < 0x800) {
            buffer[0] = (uint8_t)(0xc0 | code >> 6);
            length = 2;
        } else if (code < 0x10000) {
            buffer[0] = (uint8_t)(0xe0 | code >> 12);
            length = 3;
        } else {
            buffer[0] = (uint8_t)(0xf0 | code >> 18);
            length = 4;
        }
        for (unsigned k = 1; k < length; ++k)
            buffer[k] = (uint8_t)(0x80 | (code >> (6 * (length - 1 - k)) & 0x3f));
        if (to) {
            if (done + length > room) {
                status = STATUS_BUFFER_TOO_SMALL;
                break;
            }
            for (unsigned k = 0; k < length; ++k)
                to[done + k] = buffer[k];
        }
        done += length;
    }
    *size = done;
    return status;
}
