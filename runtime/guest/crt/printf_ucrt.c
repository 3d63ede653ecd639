/* What ucrt's headers turn every printf into. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include "printf_buffer.h"

#define DEFINE(suffix, more)                                                                                           \
    CRT_EXPORT int __stdio_common_vfprintf##suffix(uint64_t options, FILE *stream, const char *format,                 \
                                                   crt_locale_t locale, va_list arguments)                             \
    {                                                                                                                  \
        return crt_format_stream(stream, (options & 0xFFFF) | (more), format, locale, arguments);                      \
    }                                                                                                                  \
    CRT_EXPORT int __stdio_common_vfwprintf##suffix(uint64_t options, FILE *stream, const wchar_t *format,             \
                                                    crt_locale_t locale, va_list arguments)                            \
    {                                                                                                                  \
        return crt_format_wide_stream(stream, (options & 0xFFFF) | (more), format, locale, arguments);                 \
    }

DEFINE(, 0)
DEFINE(_s, 0)
DEFINE(_p, PRINTF_POSITIONAL)

CRT_EXPORT int __stdio_common_vsprintf(uint64_t options, char *buffer, size_t size, const char *format,
                                       crt_locale_t locale, va_list arguments)
{
    return crt_vsprintf(options & 0xFFFF, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vswprintf(uint64_t options, wchar_t *buffer, size_t size, const wchar_t *format,
                                        crt_locale_t locale, va_list arguments)
{
    return crt_vswprintf(options & 0xFFFF, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vsprintf_s(uint64_t options, char *buffer, size_t size, const char *format,
                                         crt_locale_t locale, va_list arguments)
{
    return crt_vsprintf_s(options & 0xFFFF, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vswprintf_s(uint64_t options, wchar_t *buffer, size_t size, const wchar_t *format,
                                          crt_locale_t locale, va_list arguments)
{
    return crt_vswprintf_s(options & 0xFFFF, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vsprintf_p(uint64_t options, char *buffer, size_t size, const char *format,
                                         crt_locale_t locale, va_list arguments)
{
    return crt_vsprintf_s((options & 0xFFFF) | PRINTF_POSITIONAL, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vswprintf_p(uint64_t options, wchar_t *buffer, size_t size, const wchar_t *format,
                                          crt_locale_t locale, va_list arguments)
{
    return crt_vswprintf_s((options & 0xFFFF) | PRINTF_POSITIONAL, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vsnprintf_s(uint64_t options, char *buffer, size_t size, size_t count, const char *format,
                                          crt_locale_t locale, va_list arguments)
{
    return crt_vsnprintf_s(options & 0xFFFF, buffer, size, count, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vsnwprintf_s(uint64_t options, wchar_t *buffer, size_t size, size_t count,
                                           const wchar_t *format, crt_locale_t locale, va_list arguments)
{
    return crt_vsnwprintf_s(options & 0xFFFF, buffer, size, count, format, locale, arguments);
}
