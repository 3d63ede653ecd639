/* msvcrt's _cprintf and _cscanf functions. */
#include "internal.h"
#include "console.h"
#include "stream.h"
#include "printf.h"
#include "scanf.h"

#define DEFINE_PRINT(variadic, variadic_l, list, list_l, CHAR, function, more)                                         \
    CRT_EXPORT int list_l(const CHAR *format, crt_locale_t locale, va_list arguments)                                  \
    {                                                                                                                  \
        CRT_VALIDATE(format, EINVAL, -1);                                                                              \
        return function(PRINTF_FLAVOUR | (more), format, locale, arguments);                                           \
    }                                                                                                                  \
    CRT_EXPORT int list(const CHAR *format, va_list arguments)                                                         \
    {                                                                                                                  \
        return list_l(format, NULL, arguments);                                                                        \
    }                                                                                                                  \
    CRT_EXPORT int variadic_l(const CHAR *format, crt_locale_t locale, ...)                                            \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        va_start(arguments, locale);                                                                                   \
        result = list_l(format, locale, arguments);                                                                    \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT int variadic(const CHAR *format, ...)                                                                   \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        va_start(arguments, format);                                                                                   \
        result = list_l(format, NULL, arguments);                                                                      \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }

DEFINE_PRINT(_cprintf, _cprintf_l, _vcprintf, _vcprintf_l, char, crt_format_console, 0)
DEFINE_PRINT(_cprintf_s, _cprintf_s_l, _vcprintf_s, _vcprintf_s_l, char, crt_format_console, 0)
DEFINE_PRINT(_cprintf_p, _cprintf_p_l, _vcprintf_p, _vcprintf_p_l, char, crt_format_console, PRINTF_POSITIONAL)
DEFINE_PRINT(_cwprintf, _cwprintf_l, _vcwprintf, _vcwprintf_l, wchar_t, crt_format_wide_console, 0)
DEFINE_PRINT(_cwprintf_s, _cwprintf_s_l, _vcwprintf_s, _vcwprintf_s_l, wchar_t, crt_format_wide_console, 0)
DEFINE_PRINT(_cwprintf_p, _cwprintf_p_l, _vcwprintf_p, _vcwprintf_p_l, wchar_t, crt_format_wide_console,
             PRINTF_POSITIONAL)

#define DEFINE_SCAN(variadic, variadic_l, CHAR, function, more)                                                        \
    CRT_EXPORT int variadic_l(const CHAR *format, crt_locale_t locale, ...)                                            \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(format, EINVAL, -1);                                                                              \
        va_start(arguments, locale);                                                                                   \
        result = function(SCANF_FLAVOUR | (more), format, locale, arguments);                                          \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }                                                                                                                  \
    CRT_EXPORT int variadic(const CHAR *format, ...)                                                                   \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        int result;                                                                                                    \
                                                                                                                       \
        CRT_VALIDATE(format, EINVAL, -1);                                                                              \
        va_start(arguments, format);                                                                                   \
        result = function(SCANF_FLAVOUR | (more), format, NULL, arguments);                                            \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }

DEFINE_SCAN(_cscanf, _cscanf_l, char, crt_scan_console, 0)
DEFINE_SCAN(_cscanf_s, _cscanf_s_l, char, crt_scan_console, SCANF_SECURE)
DEFINE_SCAN(_cwscanf, _cwscanf_l, wchar_t, crt_scan_wide_console, 0)
DEFINE_SCAN(_cwscanf_s, _cwscanf_s_l, wchar_t, crt_scan_wide_console, SCANF_SECURE)
