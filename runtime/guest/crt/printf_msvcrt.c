/* msvcrt's printf functions. They come in regular families: narrow and wide; to a stream, standard output or a buffer;
 * plain, _s, _p (positional); with a locale (_l) or without; variadic or with a va_list. */
#include "internal.h"
#include "stream.h"
#include "printf.h"
#include "printf_buffer.h"

#define NO_LIMIT ((size_t)INT_MAX)
#define OPTIONS PRINTF_FLAVOUR
#define LEGACY (PRINTF_FLAVOUR | PRINTF_LEGACY_NULL_TERMINATION)
#define POSITIONAL (PRINTF_FLAVOUR | PRINTF_POSITIONAL)

/* The four faces of one function. LOCALELESS and WITH_LOCALE are parameter lists in parentheses without the closing
 * one; format is the last of the plain one, locale of the other. */
#define FACES(variadic, variadic_l, list, list_l, CHAR, leading, body)                                                 \
    CRT_EXPORT int list_l(EXPAND leading const CHAR *format, crt_locale_t locale, va_list arguments)                   \
    {                                                                                                                  \
        return body;                                                                                                   \
    }                                                                                                                  \
    CRT_EXPORT int list(EXPAND leading const CHAR *format, va_list arguments)                                          \
    {                                                                                                                  \
        crt_locale_t locale = NULL;                                                                                    \
                                                                                                                       \
        return body;                                                                                                   \
    }                                                                                                                  \
    CRT_EXPORT int variadic_l(EXPAND leading const CHAR *format, crt_locale_t locale, ...)                             \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        va_start(arguments, locale);                                                                                   \
        result = body;                                                                                                 \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT int variadic(EXPAND leading const CHAR *format, ...)                                                    \
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
#define EXPAND(...) __VA_ARGS__

#define TO_STREAM (FILE * stream, )
#define TO_BUFFER(CHAR) (CHAR * buffer, )
#define TO_SIZED(CHAR) (CHAR * buffer, size_t size, )
#define TO_COUNTED(CHAR) (CHAR * buffer, size_t size, size_t count, )

/* -1 for text that had to be cut short. */
static int whole(int result)
{
    return result < 0 ? -1 : result;
}

/* narrow */
FACES(printf, _printf_l, vprintf, _vprintf_l, char, (), crt_format_stream(stdout, OPTIONS, format, locale, arguments))
FACES(printf_s, _printf_s_l, vprintf_s, _vprintf_s_l, char, (),
      crt_format_stream(stdout, OPTIONS, format, locale, arguments))
FACES(_printf_p, _printf_p_l, _vprintf_p, _vprintf_p_l, char, (),
      crt_format_stream(stdout, POSITIONAL, format, locale, arguments))
FACES(fprintf, _fprintf_l, vfprintf, _vfprintf_l, char, TO_STREAM,
      crt_format_stream(stream, OPTIONS, format, locale, arguments))
FACES(fprintf_s, _fprintf_s_l, vfprintf_s, _vfprintf_s_l, char, TO_STREAM,
      crt_format_stream(stream, OPTIONS, format, locale, arguments))
FACES(_fprintf_p, _fprintf_p_l, _vfprintf_p, _vfprintf_p_l, char, TO_STREAM,
      crt_format_stream(stream, POSITIONAL, format, locale, arguments))
FACES(sprintf, _sprintf_l, vsprintf, _vsprintf_l, char, TO_BUFFER(char),
      crt_vsprintf(LEGACY, buffer, NO_LIMIT, format, locale, arguments))
FACES(sprintf_s, _sprintf_s_l, vsprintf_s, _vsprintf_s_l, char, TO_SIZED(char),
      crt_vsprintf_s(OPTIONS, buffer, size, format, locale, arguments))
FACES(_sprintf_p, _sprintf_p_l, _vsprintf_p, _vsprintf_p_l, char, TO_SIZED(char),
      crt_vsprintf_s(POSITIONAL, buffer, size, format, locale, arguments))
FACES(_snprintf, _snprintf_l, _vsnprintf, _vsnprintf_l, char, TO_SIZED(char),
      crt_vsprintf(LEGACY, buffer, size, format, locale, arguments))
FACES(_snprintf_c, _snprintf_c_l, _vsnprintf_c, _vsnprintf_c_l, char, TO_SIZED(char),
      whole(crt_vsprintf(OPTIONS, buffer, size, format, locale, arguments)))
FACES(_snprintf_s, _snprintf_s_l, _vsnprintf_s, _vsnprintf_s_l, char, TO_COUNTED(char),
      crt_vsnprintf_s(OPTIONS, buffer, size, count, format, locale, arguments))
FACES(_scprintf, _scprintf_l, _vscprintf, _vscprintf_l, char, (),
      crt_vsprintf(OPTIONS, NULL, 0, format, locale, arguments))
FACES(_scprintf_p, _scprintf_p_l, _vscprintf_p, _vscprintf_p_l, char, (),
      crt_vsprintf(POSITIONAL, NULL, 0, format, locale, arguments))

CRT_EXPORT int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    return crt_vsprintf(LEGACY, buffer, size, format, NULL, arguments);
}

/* wide */
FACES(wprintf, _wprintf_l, vwprintf, _vwprintf_l, wchar_t, (),
      crt_format_wide_stream(stdout, OPTIONS, format, locale, arguments))
FACES(wprintf_s, _wprintf_s_l, vwprintf_s, _vwprintf_s_l, wchar_t, (),
      crt_format_wide_stream(stdout, OPTIONS, format, locale, arguments))
FACES(_wprintf_p, _wprintf_p_l, _vwprintf_p, _vwprintf_p_l, wchar_t, (),
      crt_format_wide_stream(stdout, POSITIONAL, format, locale, arguments))
FACES(fwprintf, _fwprintf_l, vfwprintf, _vfwprintf_l, wchar_t, TO_STREAM,
      crt_format_wide_stream(stream, OPTIONS, format, locale, arguments))
FACES(fwprintf_s, _fwprintf_s_l, vfwprintf_s, _vfwprintf_s_l, wchar_t, TO_STREAM,
      crt_format_wide_stream(stream, OPTIONS, format, locale, arguments))
FACES(_fwprintf_p, _fwprintf_p_l, _vfwprintf_p, _vfwprintf_p_l, wchar_t, TO_STREAM,
      crt_format_wide_stream(stream, POSITIONAL, format, locale, arguments))
FACES(_swprintf, _swprintf_l_unbounded, _vswprintf, _vswprintf_l_unbounded, wchar_t, TO_BUFFER(wchar_t),
      crt_vswprintf(LEGACY, buffer, NO_LIMIT, format, locale, arguments))
FACES(swprintf_s, _swprintf_s_l, vswprintf_s, _vswprintf_s_l, wchar_t, TO_SIZED(wchar_t),
      crt_vswprintf_s(OPTIONS, buffer, size, format, locale, arguments))
FACES(_swprintf_p, _swprintf_p_l, _vswprintf_p, _vswprintf_p_l, wchar_t, TO_SIZED(wchar_t),
      crt_vswprintf_s(POSITIONAL, buffer, size, format, locale, arguments))
FACES(_snwprintf, _snwprintf_l, _vsnwprintf, _vsnwprintf_l, wchar_t, TO_SIZED(wchar_t),
      crt_vswprintf(LEGACY, buffer, size, format, locale, arguments))
FACES(_swprintf_c, _swprintf_c_l, _vswprintf_c, _vswprintf_c_l, wchar_t, TO_SIZED(wchar_t),
      whole(crt_vswprintf(OPTIONS, buffer, size, format, locale, arguments)))
FACES(_snwprintf_s, _snwprintf_s_l, _vsnwprintf_s, _vsnwprintf_s_l, wchar_t, TO_COUNTED(wchar_t),
      crt_vsnwprintf_s(OPTIONS, buffer, size, count, format, locale, arguments))
FACES(_scwprintf, _scwprintf_l, _vscwprintf, _vscwprintf_l, wchar_t, (),
      crt_vswprintf(OPTIONS, NULL, 0, format, locale, arguments))
FACES(_scwprintf_p, _scwprintf_p_l, _vscwprintf_p, _vscwprintf_p_l, wchar_t, (),
      crt_vswprintf(POSITIONAL, NULL, 0, format, locale, arguments))
