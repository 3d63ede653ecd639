/* What ucrt's headers turn every scanf into. */
#include "internal.h"
#include "stream.h"
#include "scanf.h"

CRT_EXPORT int __stdio_common_vfscanf(uint64_t options, FILE *stream, const char *format, crt_locale_t locale,
                                      va_list arguments)
{
    return crt_scan_stream(options & 0xFFFF, stream, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vfwscanf(uint64_t options, FILE *stream, const wchar_t *format, crt_locale_t locale,
                                       va_list arguments)
{
    return crt_scan_wide_stream(options & 0xFFFF, stream, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vsscanf(uint64_t options, const char *buffer, size_t size, const char *format,
                                      crt_locale_t locale, va_list arguments)
{
    return crt_scan_buffer(options & 0xFFFF, buffer, size, format, locale, arguments);
}

CRT_EXPORT int __stdio_common_vswscanf(uint64_t options, const wchar_t *buffer, size_t size, const wchar_t *format,
                                       crt_locale_t locale, va_list arguments)
{
    return crt_scan_wide_buffer(options & 0xFFFF, buffer, size, format, locale, arguments);
}
