/* The scanf engine: one for narrow and one for wide formats. */
#ifndef CRT_SCANF_H
#define CRT_SCANF_H

#include <wchar.h>

/* The bits that programs pass to ucrt's __stdio_common functions. */
#define SCANF_SECURE 0x01 /* strings and characters are followed by their buffer's size */
#define SCANF_LEGACY_WIDE_SPECIFIERS 0x02
#define SCANF_LEGACY_MSVCRT 0x04
/* Ours. */
#define SCANF_MSVCRT 0x10000

#ifdef MSVCRT
#define SCANF_FLAVOUR (SCANF_MSVCRT | SCANF_LEGACY_WIDE_SPECIFIERS)
#else
#define SCANF_FLAVOUR 0
#endif

/* Where characters come from. get returns -1 at the end; unget takes back the one got last. */
typedef struct crt_source {
    int (*get)(struct crt_source *source);
    void (*unget)(struct crt_source *source, int c);
    FILE *stream;
    const void *next, *end;
} crt_source;

int crt_scan(crt_source *source, uint64_t options, const char *format, crt_locale_t locale, va_list arguments);
int crt_scan_wide(crt_source *source, uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments);
int crt_scan_buffer(uint64_t options, const char *buffer, size_t size, const char *format, crt_locale_t locale,
                    va_list arguments);
int crt_scan_wide_buffer(uint64_t options, const wchar_t *buffer, size_t size, const wchar_t *format,
                         crt_locale_t locale, va_list arguments);
int crt_scan_stream(uint64_t options, FILE *stream, const char *format, crt_locale_t locale, va_list arguments);
int crt_scan_wide_stream(uint64_t options, FILE *stream, const wchar_t *format, crt_locale_t locale,
                         va_list arguments);

#endif
