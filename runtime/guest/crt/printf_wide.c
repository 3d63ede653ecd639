/* The printf engine for wchar_t. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include <string.h>

#define CHAR wchar_t
#define SINK crt_wide_sink
#define WIDE 1
#define FORMAT crt_format_wide
#include "printf_core.h"

static int put_buffer(crt_wide_sink *sink, const wchar_t *text, size_t length)
{
    if (length > sink->space)
        length = sink->space;
    memcpy(sink->buffer, text, length * sizeof *text);
    sink->buffer += length;
    sink->space -= length;
    return 0;
}

static int put_stream(crt_wide_sink *sink, const wchar_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (crt_putwc(text[i], sink->stream) == WEOF && sink->stream->_flag & _IOERR)
            return -1;
    return 0;
}

int crt_format_wide_buffer(wchar_t *buffer, size_t space, uint64_t options, const wchar_t *format, crt_locale_t locale,
                           va_list arguments)
{
    crt_wide_sink sink = {put_buffer, buffer, space, NULL};

    return crt_format_wide(&sink, options, format, locale, arguments);
}

int crt_format_wide_stream(FILE *stream, uint64_t options, const wchar_t *format, crt_locale_t locale,
                           va_list arguments)
{
    crt_wide_sink sink = {put_stream, NULL, 0, stream};
    int begun, result;

    CRT_VALIDATE(stream && format, EINVAL, -1);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    result = crt_format_wide(&sink, options, format, locale, arguments);
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return result;
}

/* For messages of the runtime itself. */
int crt_print(FILE *stream, const wchar_t *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = crt_format_wide_stream(stream, PRINTF_FLAVOUR, format, NULL, arguments);
    va_end(arguments);
    return result;
}
