/* sort: lines in order. */
#include "tool.h"

void qsort(void *, size_t, size_t, int (*)(const void *, const void *));

static struct {
    bool backward, case_too, once;
    size_t column;
} order;

static int compare(const void *left, const void *right)
{
    const wchar_t *a = *(wchar_t *const *)left, *b = *(wchar_t *const *)right;
    size_t n = wcslen(a), m = wcslen(b);
    int result;

    a += order.column < n ? order.column : n;
    b += order.column < m ? order.column : m;
    if (order.case_too)
        result = CompareStringW(LOCALE_USER_DEFAULT, 0, a, -1, b, -1) - CSTR_EQUAL;
    else
        result = CompareStringW(LOCALE_USER_DEFAULT, NORM_IGNORECASE, a, -1, b, -1) - CSTR_EQUAL;
    return order.backward ? -result : result;
}

int tool(int count, wchar_t **words)
{
    const wchar_t *input = NULL, *output = NULL;
    wchar_t *text;
    line_list list;

    for (int i = 1; i < count; i++) {
        wchar_t *word = words[i];

        if (*word == L'/' && word[1] == L'+') {
            order.column = (size_t)wcstol(word + 2, NULL, 10) - 1;
        } else if (*word == L'/' && (starts(word + 1, L"+") || is_option(word, L"r") || is_option(word, L"reverse"))) {
            order.backward = true;
        } else if (is_option(word, L"c") || is_option(word, L"case_sensitive")) {
            order.case_too = true;
        } else if (*word == L'/' && starts(word + 1, L"uni")) {
            order.once = true;
        } else if (is_option(word, L"o") || is_option(word, L"output")) {
            output = ++i < count ? words[i] : NULL;
        } else if (is_option(word, L"l") || is_option(word, L"locale") || is_option(word, L"m") ||
                   is_option(word, L"memory") || is_option(word, L"rec") || is_option(word, L"record_maximum") ||
                   is_option(word, L"t") || is_option(word, L"temporary")) {
            i++; /* how it is sorted, not what comes out */
        } else if (is_option(word, L"?")) {
            out(L"SORT [/R] [/+n] [/M kilobytes] [/L locale] [/REC recordbytes] [/UNIQUE]\r\n  [[drive1:][path1]filename1] "
                L"[/T [drive2:][path2]] [/O [drive3:][path3]filename3]\r\n");
            return 0;
        } else if (*word == L'/') {
            err(L"Invalid switch.\r\n");
            return 1;
        } else if (input) {
            err(L"Input file specified two times.\r\n");
            return 1;
        } else {
            input = word;
        }
    }
    text = input ? read_text(input) : read_input();
    if (!text) {
        errf(L"%s%s\r\n", input, error_text(GetLastError()));
        return 1;
    }
    list = split_lines(text);
    qsort(list.lines, list.count, sizeof *list.lines, compare);
    if (output) {
        handles[1] = CreateFileW(output, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
        if (handles[1] == INVALID_HANDLE_VALUE) {
            errf(L"%s%s\r\n", output, error_text(GetLastError()));
            return 1;
        }
    }
    for (size_t i = 0; i < list.count && !output_failed; i++)
        if (!order.once || !i || compare(&list.lines[i - 1], &list.lines[i]))
            outf(L"%s\r\n", list.lines[i]);
    return output_failed;
}
