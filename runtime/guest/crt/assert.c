/* What a failed assertion does. */
#include "internal.h"
#include "convert.h"
#include "exit.h"
#include "startup.h"
#include "stream.h"
#include <wchar.h>

#define MB_STYLE (MB_OK | MB_ICONHAND | MB_SETFOREGROUND | MB_TASKMODAL)

int crt_print(FILE *stream, const wchar_t *format, ...);
int setvbuf(FILE *stream, char *buffer, int mode, size_t size);

static void show(const wchar_t *expression, const wchar_t *file, unsigned line)
{
    typedef int(WINAPI * message_box)(HWND, LPCWSTR, LPCWSTR, UINT);
    HMODULE user32 = LoadLibraryW(L"user32.dll");
    message_box box = user32 ? (message_box)GetProcAddress(user32, "MessageBoxW") : NULL;
    wchar_t number[12], *p = number + 11;
    size_t length = wcslen(expression) + wcslen(file) + 64;
    wchar_t *text = malloc(length * sizeof *text);

    if (!text)
        return;
    *p = 0;
    do
        *--p = (wchar_t)(L'0' + line % 10);
    while (line /= 10);
    wcscpy(text, L"Assertion failed!\n\nFile: ");
    wcscat(text, file);
    wcscat(text, L"\nLine: ");
    wcscat(text, p);
    wcscat(text, L"\n\nExpression: ");
    wcscat(text, expression);
    if (box)
        box(NULL, text, L"Microsoft Visual C++ Runtime Library", MB_STYLE);
    free(text);
}

CRT_EXPORT __declspec(noreturn) void _wassert(const wchar_t *expression, const wchar_t *file, unsigned line)
{
    if (!expression)
        expression = L"<expression unknown>";
    if (!file)
        file = L"<file unknown>";
    if (crt_app_type == 2) {
        show(expression, file, line);
    } else {
        if (!(stderr->_flag & CRT_ANY_BUFFER))
            setvbuf(stderr, NULL, _IONBF, 0);
        crt_print(stderr, L"Assertion failed: %ls, file %ls, line %d\n", expression, file, line);
        fflush(stderr);
    }
    abort();
}

CRT_EXPORT __declspec(noreturn) void _assert(const char *expression, const char *file, unsigned line)
{
    _wassert(crt_widen(expression), crt_widen(file), line);
}
