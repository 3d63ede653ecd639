/* The scanf engine for char. */
#include "internal.h"
#include "stream.h"
#include "scanf.h"
#include <string.h>

#define CHAR char
#define UNSIGNED unsigned char
#define WIDE 0
#define SCAN crt_scan
#include "scanf_core.h"

static int get_from_buffer(crt_source *source)
{
    const unsigned char *next = source->next;

    if (next == source->end || !*next)
        return -1;
    source->next = next + 1;
    return *next;
}

static void unget_to_buffer(crt_source *source, int c)
{
    source->next = (const char *)source->next - 1;
}

static int get_from_stream(crt_source *source)
{
    return crt_getc(source->stream);
}

static void unget_to_stream(crt_source *source, int c)
{
    crt_ungetc(c, source->stream);
}

int crt_scan_buffer(uint64_t options, const char *buffer, size_t size, const char *format, crt_locale_t locale,
                    va_list arguments)
{
    crt_source source = {get_from_buffer, unget_to_buffer, NULL, buffer, NULL};

    CRT_VALIDATE(buffer && format, EINVAL, EOF);
    if (size < (size_t)INT_MAX)
        source.end = buffer + size;
    return crt_scan(&source, options, format, locale, arguments);
}

int crt_scan_stream(uint64_t options, FILE *stream, const char *format, crt_locale_t locale, va_list arguments)
{
    crt_source source = {get_from_stream, unget_to_stream, stream, NULL, NULL};
    int result;

    CRT_VALIDATE(stream && format, EINVAL, EOF);
    _lock_file(stream);
    result = crt_scan(&source, options, format, locale, arguments);
    _unlock_file(stream);
    return result;
}
