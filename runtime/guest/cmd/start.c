/* START, ASSOC, FTYPE: programs beside this one, and which belongs to a document. */
#include "cmd.h"

/* ---- the registry, loaded when it is asked for ---------------------------------------------------------------------------------- */

typedef struct registry {
    LSTATUS(WINAPI *open)(HKEY, LPCWSTR, DWORD, REGSAM, PHKEY);
    LSTATUS(WINAPI *create)(HKEY, LPCWSTR, DWORD, LPWSTR, DWORD, REGSAM, LPSECURITY_ATTRIBUTES, PHKEY, LPDWORD);
    LSTATUS(WINAPI *query)(HKEY, LPCWSTR, LPDWORD, LPDWORD, LPBYTE, LPDWORD);
    LSTATUS(WINAPI *set)(HKEY, LPCWSTR, DWORD, DWORD, const BYTE *, DWORD);
    LSTATUS(WINAPI *enumerate)(HKEY, DWORD, LPWSTR, LPDWORD, LPDWORD, LPWSTR, LPDWORD, PFILETIME);
    LSTATUS(WINAPI *remove)(HKEY, LPCWSTR);
    LSTATUS(WINAPI *close)(HKEY);
} registry;

static const registry *load_registry(void)
{
    static registry r;
    HMODULE dll;

    if (r.close)
        return &r;
    dll = LoadLibraryW(L"advapi32.dll");
    if (!dll)
        return NULL;
    r.open = (void *)GetProcAddress(dll, "RegOpenKeyExW");
    r.create = (void *)GetProcAddress(dll, "RegCreateKeyExW");
    r.query = (void *)GetProcAddress(dll, "RegQueryValueExW");
    r.set = (void *)GetProcAddress(dll, "RegSetValueExW");
    r.enumerate = (void *)GetProcAddress(dll, "RegEnumKeyExW");
    r.remove = (void *)GetProcAddress(dll, "RegDeleteKeyW");
    r.close = (void *)GetProcAddress(dll, "RegCloseKey");
    return r.close ? &r : NULL;
}

/* The default value of a key below HKEY_CLASSES_ROOT. */
static bool class_value(const wchar_t *key, wchar_t *value, DWORD room)
{
    const registry *r = load_registry();
    DWORD type, size = (room - 1) * sizeof *value;
    HKEY handle;
    LSTATUS status;

    if (!r || r->open(HKEY_CLASSES_ROOT, key, 0, KEY_READ, &handle))
        return false;
    status = r->query(handle, NULL, NULL, &type, (BYTE *)value, &size);
    r->close(handle);
    if (status || (type != REG_SZ && type != REG_EXPAND_SZ))
        return false;
    value[size / sizeof *value] = 0;
    if (type == REG_EXPAND_SZ) {
        wchar_t *before = copy(value);

        ExpandEnvironmentStringsW(before, value, room);
    }
    return *value != 0;
}

static bool set_class_value(const wchar_t *key, const wchar_t *value)
{
    const registry *r = load_registry();
    HKEY handle;
    LSTATUS status;

    if (!r || r->create(HKEY_CLASSES_ROOT, key, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &handle, NULL)) {
        print_error(ERROR_ACCESS_DENIED);
        return false;
    }
    status = r->set(handle, NULL, 0, REG_SZ, (const BYTE *)value, (DWORD)(wcslen(value) + 1) * sizeof *value);
    r->close(handle);
    if (status)
        print_error((DWORD)status);
    return !status;
}

bool open_command(const wchar_t *extension, wchar_t *command, DWORD room)
{
    wchar_t type[256];

    return class_value(extension, type, 256) && class_value(format(L"%s\\Shell\\Open\\Command", type), command, room);
}

static int show_or_set(const wchar_t *arguments, bool extensions)
{
    wchar_t *text = trim(arguments), *equals = wcschr(text, L'='), value[1024];
    const registry *r = load_registry();

    if (!r)
        return 1;
    if (!*text) {
        wchar_t name[256];
        DWORD n = 256;

        for (DWORD i = 0; !r->enumerate(HKEY_CLASSES_ROOT, i, name, &n, NULL, NULL, NULL, NULL); i++, n = 256)
            if ((*name == L'.') == extensions &&
                class_value(extensions ? name : format(L"%s\\Shell\\Open\\Command", name), value, 1024))
                outf(L"%s=%s\r\n", name, value);
        return 0;
    }
    if (equals) {
        *equals = 0;
        text = trim(text);
        if (!equals[1]) {
            if (!extensions)
                text = format(L"%s\\Shell\\Open\\Command", text);
            return r->remove(HKEY_CLASSES_ROOT, text) ? 1 : 0;
        }
        if (!set_class_value(extensions ? text : format(L"%s\\Shell\\Open\\Command", text), equals + 1))
            return 1;
        outf(L"%s=%s\r\n", text, equals + 1);
        return 0;
    }
    if (class_value(extensions ? text : format(L"%s\\Shell\\Open\\Command", text), value, 1024)) {
        outf(L"%s=%s\r\n", text, value);
        return 0;
    }
    if (extensions)
        errf(L"File association not found for extension %s\r\n", text);
    else
        errf(L"File type '%s' not found or no open command associated with it.\r\n", text);
    return extensions ? 1 : 2;
}

int builtin_assoc(const wchar_t *arguments)
{
    return show_or_set(arguments, true);
}

int builtin_ftype(const wchar_t *arguments)
{
    return show_or_set(arguments, false);
}

/* ---- START --------------------------------------------------------------------------------------------------------------------------- */

int builtin_start(const wchar_t *arguments)
{
    static const struct {
        const wchar_t *name;
        DWORD flag;
    } priorities[] = {{L"/low", IDLE_PRIORITY_CLASS},   {L"/normal", NORMAL_PRIORITY_CLASS},
                      {L"/high", HIGH_PRIORITY_CLASS},  {L"/realtime", REALTIME_PRIORITY_CLASS},
                      {L"/abovenormal", ABOVE_NORMAL_PRIORITY_CLASS}, {L"/belownormal", BELOW_NORMAL_PRIORITY_CLASS}};
    const wchar_t *p = arguments, *folder = NULL;
    bool wait = false, here = false, titled = false;
    DWORD flags = CREATE_NEW_CONSOLE;
    wchar_t *word, *path, *line;
    const builtin *b;
    HANDLE process, input = handles[0];
    size_t length;

    for (;;) {
        const wchar_t *next;

        while (is_blank(*p))
            p++;
        if (*p == L'"' && !titled) {
            /* The first word in quotes is the window's title. */
            titled = true;
            p = next_word(p, &word);
            continue;
        }
        if (*p != L'/')
            break;
        next = next_argument(p, &word);
        if (same(word, L"/wait") || same(word, L"/w")) {
            wait = true;
        } else if (same(word, L"/b")) {
            here = true;
            flags &= ~(DWORD)CREATE_NEW_CONSOLE;
            flags |= CREATE_NEW_PROCESS_GROUP;
        } else if (starts(word, L"/d")) {
            if (word[2]) {
                folder = strip_quotes(word + 2);
            } else {
                next = next_word(next, &word);
                folder = strip_quotes(word);
            }
        } else if (same(word, L"/node") || same(word, L"/affinity")) {
            next = next_word(next, &word);
        } else {
            bool known = same(word, L"/i") || same(word, L"/min") || same(word, L"/max") || same(word, L"/shared") ||
                         same(word, L"/separate");

            for (int i = 0; i < 6; i++)
                if (same(word, priorities[i].name)) {
                    flags |= priorities[i].flag;
                    known = true;
                }
            if (!known) {
                errf(L"Invalid switch - \"%s\".\r\n", word + 1);
                return fail(1);
            }
        }
        p = next;
    }
    if (folder && !is_directory(folder)) {
        err(L"The system cannot find the path specified.\r\n");
        return fail(1);
    }
    if (!*p) {
        path = own_path();
        line = path;
    } else {
        p = next_word(p, &word);
        b = find_builtin(word, &length);
        path = b ? NULL : find_command(strip_quotes(word));
        if (b || (path && is_batch_name(path))) {
            line = format(L"%s /K %s%s", own_path(), b ? word : *word == L'"' ? word : format(L"%s", word), p);
            path = own_path();
        } else if (path) {
            const wchar_t *dot = wcsrchr(name_of(path), L'.');
            wchar_t command[1024];

            line = join(word, p);
            if (dot && !same(dot, L".exe") && !same(dot, L".com")) {
                wchar_t *place;

                if (!open_command(dot, command, 1024)) {
                    err(L"The system cannot execute the specified program.\r\n");
                    return fail(1);
                }
                place = wcsstr(command, L"%1");
                line = place ? format(L"%s%s%s", copy_n(command, (size_t)(place - command)), path, place + 2) : command;
                path = NULL;
            }
        } else {
            errf(L"The system cannot find the file %s.\r\n", strip_quotes(word));
            return fail(9059);
        }
    }
    if (!here) {
        /* A window of its own has input of its own: nobody types there. */
        handles[0] = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    }
    process = start_process(path, line, folder, flags);
    if (!here) {
        CloseHandle(handles[0]);
        handles[0] = input;
    }
    if (!process) {
        print_error(GetLastError());
        return fail((int)GetLastError());
    }
    if (wait)
        return fail(wait_for(process));
    CloseHandle(process);
    return 0;
}
