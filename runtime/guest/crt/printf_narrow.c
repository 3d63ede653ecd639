/* The printf engine for char. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include <string.h>

#ifdef UCRT
int crt_printf_counts;
#else
int crt_printf_counts = 1;
unsigned crt_output_format;
#endif

#define CHAR char
#define SINK crt_sink
#define WIDE 0
#define FORMAT crt_format
#include "printf_core.h"

static int put_buffer(crt_sink *sink, const char *text, size_t length)
{
    if (length > sink->space)
        length = sink->space;
    memcpy(sink->buffer, text, length);
    sink->buffer += length;
    sink->space -= length;
    return 0;
}

static int put_stream(crt_sink *sink, const char *text, size_t length)
{
    return crt_write_stream(text, length, sink->stream) != length;
}

int crt_format_buffer(char *buffer, size_t space, uint64_t options, const char *format, crt_locale_t locale,
                      va_list arguments)
{
    crt_sink sink = {put_buffer, buffer, space, NULL};

    return crt_format(&sink, options, format, locale, arguments);
}

int crt_format_stream(FILE *stream, uint64_t options, const char *format, crt_locale_t locale, va_list arguments)
{
    crt_sink sink = {put_stream, NULL, 0, stream};
    int begun, result;

    CRT_VALIDATE(stream && format, EINVAL, -1);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    result = crt_format(&sink, options, format, locale, arguments);
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT int _get_printf_count_output(void)
{
    return crt_printf_counts;
}

CRT_EXPORT int _set_printf_count_output(int value)
{
    int old = crt_printf_counts;

    crt_printf_counts = value != 0;
    return old;
}

#ifdef MSVCRT
CRT_EXPORT unsigned _get_output_format(void)
{
    return crt_output_format;
}

CRT_EXPORT unsigned _set_output_format(unsigned format)
{
    unsigned old = crt_output_format;

    CRT_VALIDATE(!(format & ~1u), EINVAL, old);
    crt_output_format = format;
    return old;
}
#endif
