/* What the printing functions promise about buffers, their wide and safe forms, and texts of errors. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static int list(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = _vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return result;
}

static void show(const char *what, int result, const char *buffer, size_t size)
{
    printf("%-20s %d:", what, result);
    for (size_t i = 0; i < size; i++)
        printf(" %02x", (unsigned char)buffer[i]);
    printf("\n");
}

static void wide(const wchar_t *format, ...)
{
    va_list arguments;
    wchar_t buffer[64];
    int result;

    va_start(arguments, format);
    result = _vsnwprintf(buffer, 64, format, arguments);
    va_end(arguments);
    printf("%d [%ls]\n", result, buffer);
}

static void ignore(const wchar_t *expression, const wchar_t *function, const wchar_t *file, unsigned line, uintptr_t x)
{
}

#ifdef _UCRT
extern int __stdio_common_vsprintf(unsigned __int64, char *, size_t, const char *, _locale_t, va_list);
extern int __stdio_common_vsprintf_p(unsigned __int64, char *, size_t, const char *, _locale_t, va_list);

static void options(unsigned __int64 bits, size_t size, const char *format, ...)
{
    char buffer[8];
    va_list arguments;
    int result;

    memset(buffer, 'z', sizeof buffer);
    va_start(arguments, format);
    result = __stdio_common_vsprintf(bits, buffer, size, format, NULL, arguments);
    va_end(arguments);
    printf("options %x size %u ", (unsigned)bits, (unsigned)size);
    show(format, result, buffer, 8);
}

static void rounding(double value)
{
    char away[32], even[32];
    va_list arguments;
    struct {
        double value;
    } slots = {value};

    arguments = (va_list)&slots;
    __stdio_common_vsprintf(0, away, 32, "%.1f %.0e", NULL, (va_list)(double[]){value, value});
    __stdio_common_vsprintf(0x20, even, 32, "%.1f %.0e", NULL, (va_list)(double[]){value, value});
    printf("%.17g: %s, %s\n", value, away, even);
}

static void positional(const char *format, ...)
{
    char buffer[64];
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = __stdio_common_vsprintf_p(0, buffer, sizeof buffer, format, NULL, arguments);
    va_end(arguments);
    printf("%d [%s]\n", result, buffer);
}
#endif

int main(void)
{
    char buffer[16];
    wchar_t wide_buffer[16];

#define B(what, call)                                                                                                  \
    memset(buffer, 'z', sizeof buffer);                                                                                \
    show(what, call, buffer, 8)
    B("_snprintf fits", _snprintf(buffer, 8, "%s", "abc"));
    B("_snprintf exact", _snprintf(buffer, 3, "%s", "abc"));
    B("_snprintf cut", _snprintf(buffer, 2, "%s", "abc"));
    B("_snprintf nothing", _snprintf(buffer, 0, "%s", "abc"));
    B("_vsnprintf cut", list(buffer, 2, "%d", 12345));
    B("count", _snprintf(NULL, 0, "%s %d", "abc", 5));
    wide(L"%s %S %ls %hs %d %c %C|%5.2s|%-6s|", L"w", "n", L"l", "h", 7, L'c', 'C', L"xyz", L"left");
    wide(L"%f %e %g %x %p", 1.5, 1e10, 1e-10, 0xabc, (void *)0x12);
    wide(L"%hs %.3hs", "narrow", "narrow");
    errno = 0;
    printf("%s|%s|%s|%s\n", strerror(0), strerror(2), strerror(22), strerror(9999));
    printf("%ls|%ls\n", _wcserror(13), _wcserror(-1));
    for (int i = 0; i < 45; i++)
        printf("%d %s\n", i, strerror(i));
    errno = ENOENT;
    printf("[%s]", _strerror("message"));
    printf("[%s]\n", _strerror(NULL));
    printf("%s|%d|%5.1f|%c|%x|%%\n", "printf", -3, 2.25, 'q', 255);
    wprintf(L"wprintf %ls %d\n", L"text", 4);
    fputs("fputs\n", stdout);
    fputws(L"fputws\n", stdout);
    {
        char drive[_MAX_DRIVE], directory[_MAX_DIR], name[_MAX_FNAME], extension[_MAX_EXT], path[_MAX_PATH];
        static const char *const paths[] = {"C:\\dir\\sub\\file.ext", "file", "dir/file.tar.gz", "C:", "\\", ".hidden", "a.b\\c"};
        for (int i = 0; i < 7; i++) {
            _splitpath(paths[i], drive, directory, name, extension);
            _makepath(path, drive, directory, name, extension);
            printf("%s: [%s] [%s] [%s] [%s] %s\n", paths[i], drive, directory, name, extension, path);
        }
        _makepath(path, "d", "x", "n", "e");
        printf("%s\n", path);
        printf("%s %d\n", _fullpath(path, "C:\\a\\..\\b\\.\\c", sizeof path), _fullpath(path, "C:\\long", 3) == NULL);
    }
#ifdef _UCRT
    _set_invalid_parameter_handler(ignore);
    options(0, 8, "%s", "abc");
    options(0, 3, "%s", "abc");
    options(1, 3, "%s", "abc");
    options(1, 2, "%s", "abc");
    options(2, 3, "%s", "abcdef");
    options(2, 0, "%s", "abcdef");
    options(0, 8, "%y", 1);
    options(0, 8, "a%", 1);
    options(0, 8, "%hhd", 300);
    options(0, 8, "%zu", (size_t)5);
    options(0, 8, "%jd", (long long)-5);
    options(0, 8, "%n", &buffer);
    rounding(0.25);
    rounding(0.35);
    rounding(2.5);
    rounding(-0.75);
    rounding(25);
    rounding(350);
    rounding(9.5);
    rounding(99.95);
    rounding(1e22);
    positional("%2$s %1$d", 5, "five");
    positional("%1$d %1$x", 255);
    positional("%s %d", "plain", 1);
    positional("%1$*2$d|", 7, 5);
#else
    {
        int n = -1;
        B("%n", sprintf(buffer, "ab%n", &n));
        printf("n %d\n", n);
        printf("%y|%zu|%hhd|%j|%F\n", 5, 300);
        _snprintf(buffer, 16, "%g", 1e100);
        printf("%s\n", buffer);
    }
#endif
    return 0;
}
