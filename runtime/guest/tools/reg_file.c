/* Registry files: "Windows Registry Editor Version 5.00". */
#include "tool.h"

HKEY open_root(const wchar_t *path, const wchar_t **rest, const wchar_t **name);

/* ---- export --------------------------------------------------------------------------------------------------------------------------------- */

static void add_quoted(text *t, const wchar_t *s)
{
    add_char(t, L'"');
    for (; *s; s++) {
        if (*s == L'"' || *s == L'\\')
            add_char(t, L'\\');
        add_char(t, *s);
    }
    add_char(t, L'"');
}

static void add_bytes(text *t, DWORD type, const BYTE *data, DWORD size, size_t line_start)
{
    if (type == REG_BINARY)
        add_string(t, L"hex:");
    else
        add_format(t, L"hex(%x):", type);
    for (DWORD i = 0; i < size; i++) {
        /* Lines are broken behind a comma before they grow longer than 80. */
        if (t->n - line_start > 76) {
            add_string(t, L"\\\r\n  ");
            line_start = t->n - 2;
        }
        add_format(t, L"%02x%s", data[i], i + 1 < size ? L"," : L"");
    }
}

static void export_tree(text *t, HKEY key, const wchar_t *path)
{
    wchar_t *name = HeapAlloc(GetProcessHeap(), 0, 16384 * sizeof *name);
    DWORD room, type, size;

    if (!name)
        return;
    add_format(t, L"[%s]\r\n", path);
    for (DWORD i = 0;; i++) {
        BYTE *data;
        size_t start = t->n;

        room = 16384;
        size = 0;
        if (RegEnumValueW(key, i, name, &room, NULL, NULL, NULL, &size))
            break;
        data = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size + 8);
        room = 16384;
        if (!data || RegEnumValueW(key, i, name, &room, NULL, &type, data, &size))
            break;
        if (*name)
            add_quoted(t, name);
        else
            add_char(t, L'@');
        add_char(t, L'=');
        if (type == REG_SZ) {
            add_quoted(t, (const wchar_t *)data);
        } else if (type == REG_DWORD && size == 4) {
            DWORD number;

            memcpy(&number, data, 4);
            add_format(t, L"dword:%08x", number);
        } else {
            add_bytes(t, type, data, size, start);
        }
        add_string(t, L"\r\n");
        HeapFree(GetProcessHeap(), 0, data);
    }
    add_string(t, L"\r\n");
    for (DWORD i = 0;; i++) {
        HKEY child;

        room = 16384;
        if (RegEnumKeyExW(key, i, name, &room, NULL, NULL, NULL, NULL))
            break;
        if (!RegOpenKeyExW(key, name, 0, KEY_READ, &child)) {
            size_t n = wcslen(path) + wcslen(name) + 2;
            wchar_t *below = HeapAlloc(GetProcessHeap(), 0, n * sizeof *below);

            if (below) {
                wcscpy(below, path);
                below[wcslen(path)] = L'\\';
                wcscpy(below + wcslen(path) + 1, name);
                export_tree(t, child, below);
                HeapFree(GetProcessHeap(), 0, below);
            }
            RegCloseKey(child);
        }
    }
    HeapFree(GetProcessHeap(), 0, name);
}

int export_key(const wchar_t *path, const wchar_t *file)
{
    const wchar_t *rest, *root;
    HKEY base = open_root(path, &rest, &root), key;
    text t = {0};
    HANDLE handle;
    DWORD written;
    bool good;

    if (!base) {
        err(L"ERROR: Invalid key name.\r\nType \"REG EXPORT /?\" for usage.\r\n");
        return 1;
    }
    if (RegOpenKeyExW(base, rest, 0, KEY_READ, &key)) {
        err(L"ERROR: The system was unable to find the specified registry key or value.\r\n");
        return 1;
    }
    add_string(&t, L"\xfeffWindows Registry Editor Version 5.00\r\n\r\n");
    export_tree(&t, key, *rest ? format(L"%s\\%s", root, rest) : root);
    RegCloseKey(key);
    handle = CreateFileW(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    good = handle != INVALID_HANDLE_VALUE && WriteFile(handle, t.p, (DWORD)(t.n * sizeof *t.p), &written, NULL) &&
           written == t.n * sizeof *t.p;
    if (!good) {
        errf(L"ERROR: Error writing the file: %s\r\n", error_text(GetLastError()));
        return 1;
    }
    CloseHandle(handle);
    out(L"The operation completed successfully.\r\n");
    return 0;
}

/* ---- import ----------------------------------------------------------------------------------------------------------------------------------- */

/* A quoted string; *end is behind its closing quote. NULL when it is not closed. */
static wchar_t *quoted(const wchar_t *s, const wchar_t **end)
{
    text t = {0};

    add(&t, L"", 0);
    for (s++; *s && *s != L'"'; s++) {
        if (*s == L'\\' && s[1])
            s++;
        add_char(&t, *s);
    }
    if (!*s)
        return NULL;
    *end = s + 1;
    return t.p;
}

static int digit(wchar_t c)
{
    return c >= L'0' && c <= L'9' ? c - L'0' : (c | 0x20) >= L'a' && (c | 0x20) <= L'f' ? (c | 0x20) - L'a' + 10 : -1;
}

/* "name"=value into a key; false when it cannot be read. */
static bool set_value(HKEY key, const wchar_t *line, bool ansi)
{
    const wchar_t *end = line + 1;
    wchar_t *name = copy(L"");
    DWORD type = REG_BINARY, size = 0;
    BYTE *data;

    if (*line == L'"')
        name = quoted(line, &end);
    else if (*line != L'@')
        return false;
    if (!name)
        return false;
    while (is_blank(*end))
        end++;
    if (*end++ != L'=')
        return false;
    while (is_blank(*end))
        end++;
    if (*end == L'-')
        return RegDeleteValueW(key, name) != ERROR_ACCESS_DENIED;
    if (*end == L'"') {
        wchar_t *value = quoted(end, &end);

        return value && !RegSetValueExW(key, name, 0, REG_SZ, (BYTE *)value, (DWORD)(wcslen(value) + 1) * sizeof *value);
    }
    if (starts(end, L"dword:")) {
        DWORD number = 0;

        for (end += 6; digit(*end) >= 0; end++)
            number = number << 4 | (DWORD)digit(*end);
        return !RegSetValueExW(key, name, 0, REG_DWORD, (BYTE *)&number, 4);
    }
    if (!starts(end, L"hex"))
        return false;
    end += 3;
    if (*end == L'(') {
        type = 0;
        for (end++; digit(*end) >= 0; end++)
            type = type << 4 | (DWORD)digit(*end);
        if (*end++ != L')')
            return false;
    }
    if (*end++ != L':')
        return false;
    data = take(wcslen(end) + 2);
    while (*end) {
        if (digit(*end) < 0) {
            end++;
            continue;
        }
        data[size] = (BYTE)digit(*end++);
        if (digit(*end) >= 0)
            data[size] = (BYTE)(data[size] << 4 | digit(*end++));
        size++;
    }
    if (ansi && (type == REG_EXPAND_SZ || type == REG_MULTI_SZ)) {
        /* Version 4 files hold such strings in the ANSI code page. */
        wchar_t *wide = take((size + 1) * sizeof *wide);
        int n = MultiByteToWideChar(CP_ACP, 0, (char *)data, (int)size, wide, (int)size);

        return !RegSetValueExW(key, name, 0, type, (BYTE *)wide, (DWORD)n * sizeof *wide);
    }
    return !RegSetValueExW(key, name, 0, type, data, size);
}

int import_file(const wchar_t *file)
{
    wchar_t *content = read_text(file), *first;
    line_list list;
    HKEY key = NULL;
    bool failed = false, ansi;

    if (!content) {
        errf(L"ERROR: Error opening the file. There may be a disk or file system error.\r\n");
        return 1;
    }
    list = split_lines(content);
    first = list.count ? list.lines[0] : copy(L"");
    ansi = starts(first, L"REGEDIT4");
    if (!ansi && !starts(first, L"Windows Registry Editor Version 5.00")) {
        errf(L"ERROR: The specified file is not a registry script.\r\n"
             L"You can only import registry files with this operation.\r\n");
        return 1;
    }
    for (size_t i = 1; i < list.count; i++) {
        size_t before = mark();
        wchar_t *line = list.lines[i];
        text joined = {0};

        while (is_blank(*line))
            line++;
        add_string(&joined, line);
        while (joined.n && joined.p[joined.n - 1] == L'\\' && *joined.p != L'[' && i + 1 < list.count) {
            joined.p[--joined.n] = 0;
            line = list.lines[++i];
            while (is_blank(*line))
                line++;
            add_string(&joined, line);
        }
        line = joined.p;
        if (!*line || *line == L';') {
            release(before);
            continue;
        }
        if (*line == L'[') {
            const wchar_t *rest, *root;
            wchar_t *end = wcsrchr(line, L']');
            bool removes = line[1] == L'-';
            HKEY base;

            if (key)
                RegCloseKey(key);
            key = NULL;
            if (end)
                *end = 0;
            base = open_root(line + 1 + removes, &rest, &root);
            if (!base)
                failed = true;
            else if (removes)
                failed |= RegDeleteTreeW(base, rest) == ERROR_ACCESS_DENIED;
            else if (RegCreateKeyExW(base, rest, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key, NULL))
                failed = true;
        } else if (key && !set_value(key, line, ansi)) {
            failed = true;
        }
        release(before);
    }
    if (failed) {
        err(L"ERROR: Error accessing the registry.\r\n");
        return 1;
    }
    out(L"The operation completed successfully.\r\n");
    return 0;
}
