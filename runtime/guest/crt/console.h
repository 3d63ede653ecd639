#ifndef CRT_CONSOLE_H
#define CRT_CONSOLE_H

int crt_format_console(uint64_t options, const char *format, crt_locale_t locale, va_list arguments);
int crt_format_wide_console(uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments);
int crt_scan_console(uint64_t options, const char *format, crt_locale_t locale, va_list arguments);
int crt_scan_wide_console(uint64_t options, const wchar_t *format, crt_locale_t locale, va_list arguments);

#endif
