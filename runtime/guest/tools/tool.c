/* The start of the small programs, and what they share. */
#include "tool.h"

line_list split_lines(wchar_t *text)
{
    line_list list = {0};
    size_t room = 1;

    for (wchar_t *p = text; *p; p++)
        room += *p == L'\n';
    list.lines = take(room * sizeof *list.lines);
    while (*text) {
        size_t n = wcscspn(text, L"\n");
        bool more = text[n] != 0;

        text[n] = 0;
        if (n && text[n - 1] == L'\r')
            text[n - 1] = 0;
        list.lines[list.count++] = text;
        text += n + more;
    }
    return list;
}

static wchar_t *as_text(char *bytes, size_t size)
{
    wchar_t *text;

    if (size >= 2 && (BYTE)bytes[0] == 0xff && (BYTE)bytes[1] == 0xfe)
        text = copy_n((wchar_t *)(bytes + 2), (size - 2) / 2);
    else
        text = decode(bytes, size, output_page());
    HeapFree(GetProcessHeap(), 0, bytes);
    return text;
}

wchar_t *read_input(void)
{
    size_t size;
    char *bytes;

    if (is_console(handles[0])) {
        text t = {0};
        wchar_t *line;

        add(&t, L"", 0);
        while ((line = read_line(handles[0])) != NULL)
            add_format(&t, L"%s\r\n", line);
        return t.p;
    }
    bytes = read_all(handles[0], &size);
    return bytes ? as_text(bytes, size) : copy(L"");
}

wchar_t *read_text(const wchar_t *path)
{
    size_t size;
    char *bytes = read_file(path, &size);

    return bytes ? as_text(bytes, size) : NULL;
}

bool is_option(const wchar_t *word, const wchar_t *name)
{
    return (*word == L'/' || *word == L'-') && same(word + 1, name);
}

bool matches(const wchar_t *name, const wchar_t *pattern)
{
    for (; *pattern; pattern++, name++) {
        if (*pattern == L'*') {
            do
                if (matches(name, pattern + 1))
                    return true;
            while (*name++);
            return false;
        }
        if (!*name)
            return *pattern == L'.' && (!pattern[1] || same(pattern + 1, L"*"));
        if (*pattern != L'?' && towupper(*pattern) != towupper(*name))
            return false;
    }
    return !*name;
}

wchar_t *path_in(const wchar_t *folder, const wchar_t *name)
{
    size_t n = wcslen(folder);

    if (n && folder[n - 1] != L'\\' && folder[n - 1] != L'/' && folder[n - 1] != L':')
        return format(L"%s\\%s", folder, name);
    return join(folder, name);
}

wchar_t *folder_part(const wchar_t *path)
{
    size_t n = wcslen(path);

    while (n && !wcschr(L"\\/:", path[n - 1]))
        n--;
    return copy_n(path, n);
}

void tool_start(void)
{
    wchar_t **words;
    int count, code;

    handles[0] = GetStdHandle(STD_INPUT_HANDLE);
    handles[1] = GetStdHandle(STD_OUTPUT_HANDLE);
    handles[2] = GetStdHandle(STD_ERROR_HANDLE);
    words = split_arguments(GetCommandLineW(), &count);
    code = tool(count, words);
    flush();
    ExitProcess((UINT)code);
}
