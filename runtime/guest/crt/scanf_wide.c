/* The scanf engine for wchar_t. */
#include "internal.h"
#include "stream.h"
#include "scanf.h"
#include <string.h>

#define CHAR wchar_t
#define UNSIGNED wchar_t
#define WIDE 1
#define SCAN crt_scan_wide
#include "scanf_core.h"

static int get_from_buffer(crt_source *source)
{
    const wchar_t *next = source->next;

    if (next == source->end || !*next)
        return -1;
    source->next = next + 1;
    return *next;
}

static void unget_to_buffer(crt_source *source, int c)
{
    source->next = (const wchar_t *)source->next - 1;
}

static int get_from_stream(crt_source *source)
{
    wint_t c = crt_getwc(source->stream);

    return c == WEOF ? -1 : c;
}

static void unget_to_stream(crt_source *source, int c)
{
    crt_ungetwc((wint_t)c, source->stream);
}

int crt_scan_wide_buffer(uint64_t options, const wchar_t *buffer, size_t size, const wchar_t *format,
                         crt_locale_t locale, va_list arguments)
{
    crt_source source = {get_from_buffer, unget_to_buffer, NULL, buffer, NULL};

    CRT_VALIDATE(buffer && format, EINVAL, EOF);
    if (size < (size_t)INT_MAX)
        source.end = buffer + size;
    return crt_scan_wide(&source, options, format, locale, arguments);
}

int crt_scan_wide_stream(uint64_t options, FILE *stream, const wchar_t *format, crt_locale_t locale, va_list arguments)
{
    crt_source source = {get_from_stream, unget_to_stream, stream, NULL, NULL};
    int result;

    CRT_VALIDATE(stream && format, EINVAL, EOF);
    _lock_file(stream);
    result = crt_scan_wide(&source, options, format, locale, arguments);
    _unlock_file(stream);
    return result;
}
