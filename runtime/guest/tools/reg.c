/* reg: the registry on the command line. */
#include "tool.h"

HKEY open_root(const wchar_t *path, const wchar_t **rest, const wchar_t **name);
const wchar_t *type_name(DWORD type);
bool type_of(const wchar_t *name, DWORD *type);
int export_key(const wchar_t *key, const wchar_t *file);
int import_file(const wchar_t *file);

static const struct {
    const wchar_t *name, *shorter;
    HKEY key;
} roots[] = {{L"HKEY_LOCAL_MACHINE", L"HKLM", HKEY_LOCAL_MACHINE},
             {L"HKEY_CURRENT_USER", L"HKCU", HKEY_CURRENT_USER},
             {L"HKEY_CLASSES_ROOT", L"HKCR", HKEY_CLASSES_ROOT},
             {L"HKEY_USERS", L"HKU", HKEY_USERS},
             {L"HKEY_CURRENT_CONFIG", L"HKCC", HKEY_CURRENT_CONFIG}};

static const wchar_t *const types[] = {L"REG_NONE", L"REG_SZ", L"REG_EXPAND_SZ", L"REG_BINARY", L"REG_DWORD",
                                       L"REG_DWORD_BIG_ENDIAN", L"REG_LINK", L"REG_MULTI_SZ", L"REG_RESOURCE_LIST",
                                       L"REG_FULL_RESOURCE_DESCRIPTOR", L"REG_RESOURCE_REQUIREMENTS_LIST", L"REG_QWORD"};

static REGSAM view;

HKEY open_root(const wchar_t *path, const wchar_t **rest, const wchar_t **name)
{
    size_t n = wcscspn(path, L"\\");

    for (int i = 0; i < 5; i++)
        if ((wcslen(roots[i].name) == n && starts(path, roots[i].name)) ||
            (wcslen(roots[i].shorter) == n && starts(path, roots[i].shorter))) {
            *rest = path[n] ? path + n + 1 : L"";
            *name = roots[i].name;
            return roots[i].key;
        }
    return NULL;
}

const wchar_t *type_name(DWORD type)
{
    return type < 12 ? types[type] : L"REG_NONE";
}

bool type_of(const wchar_t *name, DWORD *type)
{
    for (DWORD i = 0; i < 12; i++)
        if (same(name, types[i])) {
            *type = i;
            return true;
        }
    return false;
}

static int not_found(void)
{
    err(L"ERROR: The system was unable to find the specified registry key or value.\r\n");
    return 1;
}

static int failed(LSTATUS status)
{
    if (status == ERROR_FILE_NOT_FOUND)
        return not_found();
    if (status == ERROR_ACCESS_DENIED)
        err(L"ERROR: Access is denied.\r\n");
    else
        errf(L"ERROR: %s\r\n", error_text((DWORD)status));
    return 1;
}

static int done(void)
{
    out(L"The operation completed successfully.\r\n");
    return 0;
}

static int usage(const wchar_t *operation)
{
    errf(L"ERROR: Invalid syntax.\r\nType \"REG %s /?\" for usage.\r\n", operation);
    return 1;
}

/* ---- query ------------------------------------------------------------------------------------------------------------------------------ */

static void show_value(const wchar_t *name, DWORD type, const BYTE *data, DWORD size, const wchar_t *separator)
{
    text t = {0};
    DWORD number;
    unsigned long long large;

    add_format(&t, L"    %s    %s    ", *name ? name : L"(Default)", type_name(type));
    switch (type) {
    case REG_SZ:
    case REG_EXPAND_SZ:
        add_string(&t, (const wchar_t *)data);
        break;
    case REG_MULTI_SZ:
        for (const wchar_t *p = (const wchar_t *)data; *p; p += wcslen(p) + 1) {
            if (p != (const wchar_t *)data)
                add_string(&t, separator);
            add_string(&t, p);
        }
        break;
    case REG_DWORD:
        memcpy(&number, data, 4);
        add_format(&t, L"0x%x", number);
        break;
    case REG_QWORD:
        memcpy(&large, data, 8);
        add_format(&t, L"0x%llx", large);
        break;
    default:
        for (DWORD i = 0; i < size; i++)
            add_format(&t, L"%02X", data[i]);
    }
    outf(L"%s\r\n", t.p);
}

static LSTATUS query_key(HKEY key, const wchar_t *path, const wchar_t *wanted, bool tree, const wchar_t *separator, int *found)
{
    size_t before = mark();
    bool shown = false;
    wchar_t *name = take(16384 * sizeof *name);
    DWORD room, type, size, count = 0;

    for (DWORD i = 0;; i++) {
        BYTE *data;

        room = 16384;
        size = 0;
        if (RegEnumValueW(key, i, name, &room, NULL, NULL, NULL, &size))
            break;
        data = take(size + 8);
        memset(data, 0, size + 8);
        room = 16384;
        if (RegEnumValueW(key, i, name, &room, NULL, &type, data, &size))
            break;
        if (wanted && !same(name, wanted))
            continue;
        if (!shown)
            outf(L"\r\n%s\r\n", path);
        shown = true;
        ++*found;
        show_value(name, type, data, size, separator);
    }
    if (!wanted || tree) {
        if (shown && !tree)
            out(L"\r\n");
        for (DWORD i = 0;; i++) {
            HKEY child;
            wchar_t *below;

            room = 16384;
            if (RegEnumKeyExW(key, i, name, &room, NULL, NULL, NULL, NULL))
                break;
            below = format(L"%s\\%s", path, name);
            if (!tree) {
                if (!shown && !count)
                    out(L"\r\n");
                outf(L"%s\r\n", below);
                count++;
                ++*found;
            } else {
                if (!wanted)
                    ++*found;
                if (!RegOpenKeyExW(key, name, 0, KEY_READ | view, &child)) {
                    query_key(child, below, wanted, true, separator, found);
                    RegCloseKey(child);
                }
            }
        }
    } else if (shown) {
        out(L"\r\n");
    }
    release(before);
    return 0;
}

static int query(int count, wchar_t **words)
{
    const wchar_t *rest, *root, *wanted = NULL, *separator = L"\\0";
    bool tree = false;
    HKEY base, key;
    LSTATUS status;
    int found = 0;

    for (int i = 3; i < count; i++) {
        if (is_option(words[i], L"v"))
            wanted = i + 1 < count && *words[i + 1] != L'/' ? words[++i] : NULL;
        else if (is_option(words[i], L"ve"))
            wanted = L"";
        else if (is_option(words[i], L"s"))
            tree = true;
        else if (is_option(words[i], L"se") && i + 1 < count)
            separator = words[++i];
        else if (is_option(words[i], L"reg:32"))
            view = KEY_WOW64_32KEY;
        else if (is_option(words[i], L"reg:64"))
            view = KEY_WOW64_64KEY;
        else
            return usage(L"QUERY");
    }
    base = open_root(words[2], &rest, &root);
    if (!base) {
        err(L"ERROR: Invalid key name.\r\nType \"REG QUERY /?\" for usage.\r\n");
        return 1;
    }
    status = RegOpenKeyExW(base, rest, 0, KEY_READ | view, &key);
    if (status)
        return failed(status);
    query_key(key, *rest ? format(L"%s\\%s", root, rest) : root, wanted, tree, separator, &found);
    RegCloseKey(key);
    if (tree && found)
        out(L"\r\n");
    if (wanted && tree)
        outf(L"End of search: %d match(es) found.\r\n", found);
    if (wanted && !found)
        return tree ? 1 : not_found();
    return 0;
}

/* ---- add, delete ---------------------------------------------------------------------------------------------------------------------------- */

static int nibble(wchar_t c)
{
    return c >= L'0' && c <= L'9' ? c - L'0' : (c | 0x20) >= L'a' && (c | 0x20) <= L'f' ? (c | 0x20) - L'a' + 10 : -1;
}

/* The bytes of a value from how it is written; NULL when it is no such value. */
static BYTE *value_bytes(DWORD type, const wchar_t *s, const wchar_t *separator, DWORD *size)
{
    size_t n = wcslen(s);
    BYTE *data = take(n * 2 + 16);
    unsigned long long number = 0;
    wchar_t *w = (wchar_t *)data;

    memset(data, 0, n * 2 + 16);
    switch (type) {
    case REG_SZ:
    case REG_EXPAND_SZ:
        wcscpy(w, s);
        *size = (DWORD)(n + 1) * 2;
        return data;
    case REG_MULTI_SZ:
        for (; *s;) {
            if (starts(s, separator)) {
                *w++ = 0;
                s += wcslen(separator);
            } else {
                *w++ = *s++;
            }
        }
        *w++ = 0;
        *w++ = 0;
        *size = n ? (DWORD)((BYTE *)w - data) : 2;
        return data;
    case REG_DWORD:
    case REG_DWORD_BIG_ENDIAN:
    case REG_QWORD: {
        unsigned base = starts(s, L"0x") ? 16 : 10;

        if (base == 16)
            s += 2;
        if (!*s)
            return NULL;
        for (; *s; s++) {
            int digit = nibble(*s);

            if (digit < 0 || (unsigned)digit >= base)
                return NULL;
            number = number * base + (unsigned)digit;
        }
        *size = type == REG_QWORD ? 8 : 4;
        memcpy(data, &number, 8);
        return data;
    }
    default:
        for (size_t i = 0; i < n / 2; i++) {
            int high = nibble(s[2 * i]), low = nibble(s[2 * i + 1]);

            if (high < 0 || low < 0)
                return NULL;
            data[i] = (BYTE)(high << 4 | low);
        }
        *size = (DWORD)n / 2;
        return n % 2 ? NULL : data;
    }
}

static bool confirm(const wchar_t *question)
{
    wchar_t *line;

    out(question);
    flush();
    line = read_line(handles[0]);
    if (line && (*line == L'y' || *line == L'Y'))
        return true;
    out(L"The operation was canceled by the user.\r\n");
    return false;
}

static int add_value(int count, wchar_t **words)
{
    const wchar_t *rest, *root, *name = NULL, *data = NULL, *separator = L"\\0";
    bool force = false;
    DWORD type = REG_SZ, size = 0;
    BYTE *bytes;
    HKEY base, key;
    LSTATUS status;

    for (int i = 3; i < count; i++) {
        if (is_option(words[i], L"v") && i + 1 < count)
            name = words[++i];
        else if (is_option(words[i], L"ve"))
            name = L"";
        else if (is_option(words[i], L"t") && i + 1 < count) {
            if (!type_of(words[++i], &type)) {
                err(L"ERROR: Invalid syntax. Specify valid value for '/t'.\r\nType \"REG ADD /?\" for usage.\r\n");
                return 1;
            }
        } else if (is_option(words[i], L"d") && i + 1 < count)
            data = words[++i];
        else if (is_option(words[i], L"s") && i + 1 < count)
            separator = words[++i];
        else if (is_option(words[i], L"f"))
            force = true;
        else if (is_option(words[i], L"reg:32"))
            view = KEY_WOW64_32KEY;
        else if (is_option(words[i], L"reg:64"))
            view = KEY_WOW64_64KEY;
        else
            return usage(L"ADD");
    }
    base = open_root(words[2], &rest, &root);
    if (!base) {
        err(L"ERROR: Invalid key name.\r\nType \"REG ADD /?\" for usage.\r\n");
        return 1;
    }
    status = RegCreateKeyExW(base, rest, 0, NULL, 0, KEY_READ | KEY_WRITE | view, NULL, &key, NULL);
    if (status)
        return failed(status);
    if (name || data) {
        if (!name)
            name = L"";
        bytes = value_bytes(type, data ? data : type == REG_DWORD || type == REG_QWORD ? L"0" : L"", separator, &size);
        if (!bytes) {
            err(L"ERROR: Invalid syntax. Specify valid numeric value for '/d'.\r\nType \"REG ADD /?\" for usage.\r\n");
            return 1;
        }
        if (!force && !RegQueryValueExW(key, name, NULL, NULL, NULL, NULL) &&
            !confirm(format(L"Value %s exists, overwrite(Yes/No)? ", name)))
            return 0;
        status = RegSetValueExW(key, name, 0, type, bytes, size);
        if (status)
            return failed(status);
    }
    RegCloseKey(key);
    return done();
}

static int delete_it(int count, wchar_t **words)
{
    const wchar_t *rest, *root, *name = NULL;
    bool force = false, all = false;
    HKEY base, key;
    LSTATUS status;

    for (int i = 3; i < count; i++) {
        if (is_option(words[i], L"v") && i + 1 < count)
            name = words[++i];
        else if (is_option(words[i], L"ve"))
            name = L"";
        else if (is_option(words[i], L"va"))
            all = true;
        else if (is_option(words[i], L"f"))
            force = true;
        else if (is_option(words[i], L"reg:32"))
            view = KEY_WOW64_32KEY;
        else if (is_option(words[i], L"reg:64"))
            view = KEY_WOW64_64KEY;
        else
            return usage(L"DELETE");
    }
    base = open_root(words[2], &rest, &root);
    if (!base || !*rest) {
        err(L"ERROR: Invalid key name.\r\nType \"REG DELETE /?\" for usage.\r\n");
        return 1;
    }
    status = RegOpenKeyExW(base, rest, 0, KEY_READ | KEY_WRITE | view, &key);
    if (status)
        return failed(status);
    if (!force && !confirm(name  ? format(L"Delete the registry value %s (Yes/No)? ", name)
                           : all ? format(L"Delete all values under the registry key %s (Yes/No)? ", words[2])
                                 : format(L"Permanently delete the registry key %s (Yes/No)? ", words[2])))
        return 0;
    if (name) {
        status = RegDeleteValueW(key, name);
    } else if (all) {
        wchar_t *value = take(16384 * sizeof *value);
        DWORD room = 16384;

        while (!(status = RegEnumValueW(key, 0, value, &room, NULL, NULL, NULL, NULL))) {
            RegDeleteValueW(key, value);
            room = 16384;
        }
        if (status == ERROR_NO_MORE_ITEMS)
            status = 0;
    } else {
        status = RegDeleteTreeW(base, rest);
    }
    RegCloseKey(key);
    return status ? failed(status) : done();
}

int tool(int count, wchar_t **words)
{
    static const struct {
        const wchar_t *name;
        int least;
    } operations[] = {{L"query", 3}, {L"add", 3}, {L"delete", 3}, {L"export", 4}, {L"import", 3}};
    int which = 0;

    if (count < 2 || is_option(words[1], L"?")) {
        out(L"REG Operation [Parameter List]\r\n\r\n  Operation  [ QUERY   | ADD    | DELETE  | EXPORT | IMPORT ]\r\n");
        return count < 2;
    }
    while (which < 5 && !same(words[1], operations[which].name))
        which++;
    if (which == 5) {
        errf(L"ERROR: Invalid argument/option - '%s'.\r\nType \"REG /?\" for usage.\r\n", words[1]);
        return 1;
    }
    if (count < operations[which].least)
        return usage(words[1]);
    switch (which) {
    case 0: return query(count, words);
    case 1: return add_value(count, words);
    case 2: return delete_it(count, words);
    case 3:
        for (int i = 4; i < count; i++)
            if (!is_option(words[i], L"y") && !starts(words[i], L"/reg:"))
                return usage(L"EXPORT");
        return export_key(words[2], words[3]);
    default: return import_file(words[2]);
    }
}
