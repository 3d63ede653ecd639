/* more: text a screen at a time; as it is when the output is no screen. */
#include "tool.h"

static int rows, shown, skip;
static unsigned tab = 8;
static bool squeeze, expand_pages, empty_before;
static bool quit;

static void wait_for_key(void)
{
    HANDLE keys = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD mode, n;
    wchar_t c = 0;

    if (keys == INVALID_HANDLE_VALUE)
        return;
    out(L"-- More --");
    flush();
    GetConsoleMode(keys, &mode);
    SetConsoleMode(keys, ENABLE_PROCESSED_INPUT);
    if (!ReadConsoleW(keys, &c, 1, &n, NULL) || c == L'q' || c == L'Q')
        quit = true;
    SetConsoleMode(keys, mode);
    CloseHandle(keys);
    out(L"\r          \r");
    shown = c == L'\r' ? rows - 1 : 0;
}

static void show(wchar_t *text)
{
    line_list list = split_lines(text);

    for (size_t i = 0; i < list.count && !quit && !output_failed; i++) {
        struct text t = {0};

        if (skip) {
            skip--;
            continue;
        }
        if (squeeze && !*list.lines[i] && empty_before)
            continue;
        empty_before = !*list.lines[i];
        add(&t, L"", 0);
        for (wchar_t *p = list.lines[i]; *p; p++)
            if (*p == L'\t' && tab)
                do
                    add_char(&t, L' ');
                while (t.n % tab);
            else if (*p == L'\f' && expand_pages)
                continue;
            else
                add_char(&t, *p);
        outf(L"%s\r\n", t.p);
        if (rows && ++shown >= rows)
            wait_for_key();
    }
}

int tool(int count, wchar_t **words)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    bool any = false;
    int code = 0;

    if (GetConsoleScreenBufferInfo(handles[1], &info))
        rows = info.srWindow.Bottom - info.srWindow.Top;
    for (int i = 1; i < count; i++) {
        size_t before = mark();
        wchar_t *text;

        if (*words[i] == L'/' || (*words[i] == L'+' && words[i][1])) {
            if (*words[i] == L'+')
                skip = (int)wcstol(words[i] + 1, NULL, 10);
            else if (is_option(words[i], L"s"))
                squeeze = true;
            else if (is_option(words[i], L"p"))
                expand_pages = true;
            else if (starts(words[i], L"/t"))
                tab = (unsigned)wcstol(words[i] + 2, NULL, 10);
            else if (!is_option(words[i], L"e") && !is_option(words[i], L"c")) {
                errf(L"Invalid switch: %s\r\n", words[i]);
                return 1;
            }
            continue;
        }
        any = true;
        text = read_text(words[i]);
        if (!text) {
            errf(L"Cannot access file %s\r\n", full_path(words[i]));
            code = 1;
            continue;
        }
        show(text);
        release(before);
    }
    if (!any)
        show(read_input());
    return code;
}
