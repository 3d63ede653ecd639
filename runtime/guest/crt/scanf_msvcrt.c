/* msvcrt's scanf functions: narrow and wide; from a stream, standard input or a buffer; plain and _s; with a locale or
 * without. */
#include "internal.h"
#include "stream.h"
#include "scanf.h"

#define OPTIONS SCANF_FLAVOUR
#define SECURE (SCANF_FLAVOUR | SCANF_SECURE)
#define NO_LIMIT SIZE_MAX
#define EXPAND(...) __VA_ARGS__

#define FACES(plain, with_locale, CHAR, leading, body)                                                                 \
    CRT_EXPORT int with_locale(EXPAND leading const CHAR *format, crt_locale_t locale, ...)                            \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        va_start(arguments, locale);                                                                                   \
        result = body;                                                                                                 \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT int plain(EXPAND leading const CHAR *format, ...)                                                       \
    {                                                                                                                  \
        crt_locale_t locale = NULL;                                                                                    \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        va_start(arguments, format);                                                                                   \
        result = body;                                                                                                 \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }

#define FROM_STREAM (FILE * stream, )
#define FROM_BUFFER(CHAR) (const CHAR *buffer, )
#define FROM_SIZED(CHAR) (const CHAR *buffer, size_t size, )

FACES(scanf, _scanf_l, char, (), crt_scan_stream(OPTIONS, stdin, format, locale, arguments))
FACES(scanf_s, _scanf_s_l, char, (), crt_scan_stream(SECURE, stdin, format, locale, arguments))
FACES(fscanf, _fscanf_l, char, FROM_STREAM, crt_scan_stream(OPTIONS, stream, format, locale, arguments))
FACES(fscanf_s, _fscanf_s_l, char, FROM_STREAM, crt_scan_stream(SECURE, stream, format, locale, arguments))
FACES(sscanf, _sscanf_l, char, FROM_BUFFER(char), crt_scan_buffer(OPTIONS, buffer, NO_LIMIT, format, locale, arguments))
FACES(sscanf_s, _sscanf_s_l, char, FROM_BUFFER(char),
      crt_scan_buffer(SECURE, buffer, NO_LIMIT, format, locale, arguments))
FACES(_snscanf, _snscanf_l, char, FROM_SIZED(char), crt_scan_buffer(OPTIONS, buffer, size, format, locale, arguments))
FACES(_snscanf_s, _snscanf_s_l, char, FROM_SIZED(char),
      crt_scan_buffer(SECURE, buffer, size, format, locale, arguments))

FACES(wscanf, _wscanf_l, wchar_t, (), crt_scan_wide_stream(OPTIONS, stdin, format, locale, arguments))
FACES(wscanf_s, _wscanf_s_l, wchar_t, (), crt_scan_wide_stream(SECURE, stdin, format, locale, arguments))
FACES(fwscanf, _fwscanf_l, wchar_t, FROM_STREAM, crt_scan_wide_stream(OPTIONS, stream, format, locale, arguments))
FACES(fwscanf_s, _fwscanf_s_l, wchar_t, FROM_STREAM, crt_scan_wide_stream(SECURE, stream, format, locale, arguments))
FACES(swscanf, _swscanf_l, wchar_t, FROM_BUFFER(wchar_t),
      crt_scan_wide_buffer(OPTIONS, buffer, NO_LIMIT, format, locale, arguments))
FACES(swscanf_s, _swscanf_s_l, wchar_t, FROM_BUFFER(wchar_t),
      crt_scan_wide_buffer(SECURE, buffer, NO_LIMIT, format, locale, arguments))
FACES(_snwscanf, _snwscanf_l, wchar_t, FROM_SIZED(wchar_t),
      crt_scan_wide_buffer(OPTIONS, buffer, size, format, locale, arguments))
FACES(_snwscanf_s, _snwscanf_s_l, wchar_t, FROM_SIZED(wchar_t),
      crt_scan_wide_buffer(SECURE, buffer, size, format, locale, arguments))
