/* The printf engine: one for narrow and one for wide formats, with the differences of the flavours as options. */
#ifndef CRT_PRINTF_H
#define CRT_PRINTF_H

#include <wchar.h>

/* The bits that programs pass to ucrt's __stdio_common functions. */
#define PRINTF_LEGACY_NULL_TERMINATION 0x01
#define PRINTF_STANDARD_SNPRINTF 0x02
#define PRINTF_LEGACY_WIDE_SPECIFIERS 0x04
#define PRINTF_LEGACY_MSVCRT 0x08
#define PRINTF_THREE_DIGIT_EXPONENTS 0x10
#define PRINTF_STANDARD_ROUNDING 0x20
/* Ours. */
#define PRINTF_POSITIONAL 0x10000 /* %1$d is understood */
#define PRINTF_MSVCRT 0x20000     /* msvcrt's grammar: unknown types print themselves, 17 digits, 1.#INF */

#ifdef MSVCRT
extern unsigned crt_output_format; /* _set_output_format */
#define PRINTF_FLAVOUR                                                                                                 \
    (PRINTF_MSVCRT | PRINTF_LEGACY_WIDE_SPECIFIERS | PRINTF_LEGACY_MSVCRT |                                            \
     (crt_output_format & 1 ? 0 : PRINTF_THREE_DIGIT_EXPONENTS))
#else
#define PRINTF_FLAVOUR 0
#endif

/* Where output goes. put returns nonzero to stop the conversion with an error. */
typedef struct crt_sink {
    int (*put)(struct crt_sink *sink, const char *text, size_t length);
    char *buffer;
    size_t space;
    FILE *stream;
} crt_sink;

typedef struct crt_wide_sink {
    int (*put)(struct crt_wide_sink *sink, const wchar_t *text, size_t length);
    wchar_t *buffer;
    size_t space;
    FILE *stream;
} crt_wide_sink;

/* Format into the sink. Returns the characters made, whether or not the sink kept them, or -1 with errno. */
int crt_format(crt_sink *sink, uint64_t options, const char *format, crt_locale_t locale, va_list arguments);
int crt_format_wide(crt_wide_sink *sink, uint64_t options, const wchar_t *format, crt_locale_t locale,
                    va_list arguments);

/* Format into at most space characters without a terminating NUL. */
int crt_format_buffer(char *buffer, size_t space, uint64_t options, const char *format, crt_locale_t locale,
                      va_list arguments);
int crt_format_wide_buffer(wchar_t *buffer, size_t space, uint64_t options, const wchar_t *format, crt_locale_t locale,
                           va_list arguments);

/* Format to a stream, locked and buffered as one piece of output. */
int crt_format_stream(FILE *stream, uint64_t options, const char *format, crt_locale_t locale, va_list arguments);
int crt_format_wide_stream(FILE *stream, uint64_t options, const wchar_t *format, crt_locale_t locale,
                           va_list arguments);

/* Room that crt_format_double needs for a precision. */
#define CRT_DOUBLE_SPACE(precision) ((size_t)(precision) + 350)

/* Text of a number's magnitude for type e, f, g, a (or a capital). precision must be 0 or more. Sets *finite. */
size_t crt_format_double(char *buffer, double value, char type, int precision, int alternate, uint64_t options,
                         char decimal_point, int *finite);

/* Whether %n works (_set_printf_count_output). */
extern int crt_printf_counts;

#endif
