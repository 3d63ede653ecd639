/* What ucrt's headers turn _cprintf and _cscanf into. */
#include "internal.h"
#include "console.h"
#include "printf.h"
#include "scanf.h"

#define DEFINE(suffix, more)                                                                                           \
    CRT_EXPORT int __conio_common_vcprintf##suffix(uint64_t options, const char *format, crt_locale_t locale,          \
                                                   va_list arguments)                                                  \
    {                                                                                                                  \
        CRT_VALIDATE(format, EINVAL, -1);                                                                              \
        return crt_format_console((options & 0xFFFF) | (more), format, locale, arguments);                             \
    }                                                                                                                  \
    CRT_EXPORT int __conio_common_vcwprintf##suffix(uint64_t options, const wchar_t *format, crt_locale_t locale,      \
                                                    va_list arguments)                                                 \
    {                                                                                                                  \
        CRT_VALIDATE(format, EINVAL, -1);                                                                              \
        return crt_format_wide_console((options & 0xFFFF) | (more), format, locale, arguments);                        \
    }

DEFINE(, 0)
DEFINE(_s, 0)
DEFINE(_p, PRINTF_POSITIONAL)

CRT_EXPORT int __conio_common_vcscanf(uint64_t options, const char *format, crt_locale_t locale, va_list arguments)
{
    CRT_VALIDATE(format, EINVAL, -1);
    return crt_scan_console(options & 0xFFFF, format, locale, arguments);
}

CRT_EXPORT int __conio_common_vcwscanf(uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments)
{
    CRT_VALIDATE(format, EINVAL, -1);
    return crt_scan_wide_console(options & 0xFFFF, format, locale, arguments);
}
