#ifndef CRT_PRINTF_BUFFER_H
#define CRT_PRINTF_BUFFER_H

int crt_vsprintf(uint64_t options, char *buffer, size_t size, const char *format, crt_locale_t locale,
                 va_list arguments);
int crt_vsprintf_s(uint64_t options, char *buffer, size_t size, const char *format, crt_locale_t locale,
                   va_list arguments);
int crt_vsnprintf_s(uint64_t options, char *buffer, size_t size, size_t count, const char *format, crt_locale_t locale,
                    va_list arguments);
int crt_vswprintf(uint64_t options, wchar_t *buffer, size_t size, const wchar_t *format, crt_locale_t locale,
                  va_list arguments);
int crt_vswprintf_s(uint64_t options, wchar_t *buffer, size_t size, const wchar_t *format, crt_locale_t locale,
                    va_list arguments);
int crt_vsnwprintf_s(uint64_t options, wchar_t *buffer, size_t size, size_t count, const wchar_t *format,
                     crt_locale_t locale, va_list arguments);

#endif
