/* Variables: %name%, %1, FOR variables, !name!, and the operators on them. */
#include "cmd.h"

wchar_t *strip_quotes(const wchar_t *s)
{
    wchar_t *result = take((wcslen(s) + 1) * sizeof *result), *p = result;

    for (; *s; s++)
        if (*s != L'"')
            *p++ = *s;
    *p = 0;
    return result;
}

/* Without one pair of quotes around it. */
static wchar_t *unquoted(const wchar_t *s)
{
    size_t n = wcslen(s);

    if (n && s[0] == L'"') {
        s++;
        n--;
        if (n && s[n - 1] == L'"')
            n--;
    }
    return copy_n(s, n);
}

wchar_t *date_text(void)
{
    static const wchar_t *const days[] = {L"Sun", L"Mon", L"Tue", L"Wed", L"Thu", L"Fri", L"Sat"};
    SYSTEMTIME t;

    GetLocalTime(&t);
    return format(L"%s %02d/%02d/%04d", days[t.wDayOfWeek], t.wMonth, t.wDay, t.wYear);
}

wchar_t *time_text(void)
{
    SYSTEMTIME t;

    GetLocalTime(&t);
    return format(L"%2d:%02d:%02d.%02d", t.wHour, t.wMinute, t.wSecond, t.wMilliseconds / 10);
}

static unsigned random_seed;

static int next_random(void)
{
    if (!random_seed) {
        LARGE_INTEGER now;

        QueryPerformanceCounter(&now);
        random_seed = (now.LowPart ^ GetCurrentProcessId() << 8) | 1;
    }
    random_seed = random_seed * 214013 + 2531011;
    return random_seed >> 16 & 0x7fff;
}

wchar_t *get_variable(const wchar_t *name)
{
    wchar_t *value = get_env(name);

    if (value || !cmd.extensions)
        return value;
    if (same(name, L"CD"))
        return current_directory();
    if (same(name, L"DATE"))
        return date_text();
    if (same(name, L"TIME"))
        return time_text();
    if (same(name, L"ERRORLEVEL"))
        return format(L"%d", cmd.errorlevel);
    if (same(name, L"RANDOM"))
        return format(L"%d", next_random());
    if (same(name, L"CMDCMDLINE"))
        return copy(cmd.command_line);
    if (same(name, L"CMDEXTVERSION"))
        return copy(L"2");
    if (same(name, L"HIGHESTNUMANODENUMBER"))
        return copy(L"0");
    return NULL;
}

/* ---- path operators ------------------------------------------------------------------------------------------------------ */

/* The path with the names as they are on disk. */
static wchar_t *true_case(const wchar_t *path)
{
    wchar_t *result = copy(path);
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileW(path, &found);

    if (find != INVALID_HANDLE_VALUE) {
        wchar_t *name = (wchar_t *)name_of(result);

        FindClose(find);
        if (same(name, found.cFileName))
            wcscpy(name, found.cFileName);
    }
    return result;
}

static void add_attributes(text *t, DWORD a)
{
    static const struct {
        DWORD bit;
        wchar_t letter;
    } letters[] = {{FILE_ATTRIBUTE_DIRECTORY, L'd'}, {FILE_ATTRIBUTE_READONLY, L'r'}, {FILE_ATTRIBUTE_ARCHIVE, L'a'},
                   {FILE_ATTRIBUTE_HIDDEN, L'h'},    {FILE_ATTRIBUTE_SYSTEM, L's'},   {FILE_ATTRIBUTE_COMPRESSED, L'c'},
                   {FILE_ATTRIBUTE_OFFLINE, L'o'},   {FILE_ATTRIBUTE_TEMPORARY, L't'}, {FILE_ATTRIBUTE_REPARSE_POINT, L'l'}};

    for (int i = 0; i < 9; i++)
        add_char(t, a & letters[i].bit ? letters[i].letter : L'-');
}

static wchar_t *search_variable(const wchar_t *file, const wchar_t *variable)
{
    const wchar_t *p = get_env(variable);

    if (exists(file) && !wcspbrk(file, L"\\/:"))
        return full_path(file);
    while (p && *p) {
        size_t n = wcscspn(p, L";");
        wchar_t *folder = strip_quotes(copy_n(p, n)), *path;

        if (*folder) {
            path = full_path(join_path(folder, file));
            if (exists(path))
                return path;
        }
        p += n;
        if (*p)
            p++;
    }
    return NULL;
}

wchar_t *apply_modifiers(const wchar_t *value, const wchar_t *modifiers, size_t n, const wchar_t *search)
{
    bool has[128] = {0}, path_like = false;
    WIN32_FILE_ATTRIBUTE_DATA data;
    wchar_t *path, *plain = unquoted(value);
    const wchar_t *name, *dot;
    text t = {0};
    bool there;

    add(&t, L"", 0);
    for (size_t i = 0; i < n; i++) {
        has[modifiers[i] | 0x20] = true;
        path_like = true;
    }
    if (search) {
        plain = *plain ? search_variable(plain, search) : NULL;
        if (!plain)
            return t.p;
        if (!path_like)
            has['f'] = path_like = true;
    }
    if (!path_like)
        return plain;
    if (!*plain)
        return t.p;
    path = full_path(plain);
    if (has['s']) {
        size_t before = mark();
        wchar_t *shorter = take(1024 * sizeof *shorter);
        DWORD length = GetShortPathNameW(path, shorter, 1024);

        if (length && length < 1024) {
            path = shorter;
        } else {
            release(before);
        }
    } else {
        path = true_case(path);
    }
    there = GetFileAttributesExW(path, GetFileExInfoStandard, &data);
    if (has['a'] && there)
        add_attributes(&t, data.dwFileAttributes);
    if (has['t'] && there) {
        if (t.n)
            add_char(&t, L' ');
        add_file_time(&t, &data.ftLastWriteTime, L" ");
    }
    if (has['z'] && there) {
        if (t.n)
            add_char(&t, L' ');
        add_format(&t, L"%llu", (unsigned long long)data.nFileSizeHigh << 32 | data.nFileSizeLow);
    }
    if (!(has['f'] || has['d'] || has['p'] || has['n'] || has['x'] || has['s']))
        return t.p;
    if (t.n)
        add_char(&t, L' ');
    if (has['f'] || (has['s'] && !(has['d'] || has['p'] || has['n'] || has['x']))) {
        add_string(&t, path);
        return t.p;
    }
    name = name_of(path);
    dot = wcsrchr(name, L'.');
    if (!dot)
        dot = name + wcslen(name);
    if (has['d'] && path[1] == L':')
        add(&t, path, 2);
    if (has['p']) {
        const wchar_t *start = path[1] == L':' ? path + 2 : path;

        add(&t, start, (size_t)(name - start));
    }
    if (has['n'])
        add(&t, name, (size_t)(dot - name));
    if (has['x'])
        add_string(&t, dot);
    return t.p;
}

static bool is_modifier(wchar_t c)
{
    return c && wcschr(L"fdpnxsatzFDPNXSATZ", c);
}

/* `s` is behind the tilde: finds the modifiers and the variable's letter; false when it is none.
 * `known` says whether a character is a variable. */
static bool read_modifiers(const wchar_t *s, size_t *count, const wchar_t **search, size_t *length, bool (*known)(wchar_t))
{
    size_t n = 0, m;

    *search = NULL;
    while (is_modifier(s[n]))
        n++;
    m = n;
    if (s[m] == L'$') {
        size_t end = m + 1;

        while (s[end] && s[end] != L':' && s[end] != L'%')
            end++;
        if (s[end] == L':' && s[end + 1] && known(s[end + 1])) {
            *search = copy_n(s + m + 1, end - m - 1);
            *count = n;
            *length = end + 1;
            return true;
        }
        return false;
    }
    if (s[m] && known(s[m])) {
        *count = n;
        *length = m;
        return true;
    }
    /* The last letter may be the variable. */
    while (m > 0)
        if (known(s[--m])) {
            *count = *length = m;
            return true;
        }
    return false;
}

static bool is_digit(wchar_t c)
{
    return c >= L'0' && c <= L'9';
}

static bool is_loop_variable(wchar_t c)
{
    return c < 128 && cmd.loop_variables[c];
}

/* ---- %name:…% and !name:…! -------------------------------------------------------------------------------------------------- */

static void add_substring(text *t, const wchar_t *value, const wchar_t *spec)
{
    long length = (long)wcslen(value), from, count;
    wchar_t *end;

    from = wcstol(spec, &end, 0);
    if (from < 0)
        from += length;
    if (from < 0)
        from = 0;
    if (from > length)
        from = length;
    while (*end && *end != L',')
        end++;
    count = length - from;
    if (*end == L',') {
        long wanted = wcstol(end + 1, NULL, 0);

        if (wanted < 0)
            count = count + wanted < 0 ? 0 : count + wanted;
        else if (wanted < count)
            count = wanted;
    }
    add(t, value + from, (size_t)count);
}

static void add_replaced(text *t, const wchar_t *value, const wchar_t *search, const wchar_t *replacement)
{
    size_t n;

    if (*search == L'*') {
        wchar_t *found = find_text(value, search + 1);

        if (!found || !search[1]) {
            add_string(t, value);
            return;
        }
        add_string(t, replacement);
        add_string(t, found + wcslen(search + 1));
        return;
    }
    n = wcslen(search);
    while (*value)
        if (starts(value, search)) {
            add_string(t, replacement);
            value += n;
        } else {
            add_char(t, *value++);
        }
}

/* A variable between two marks. `s` is behind the first; returns what was read, 0 when it is no variable. */
static size_t expand_variable(text *t, const wchar_t *s, wchar_t around, bool keep_undefined)
{
    const wchar_t *end = wcschr(s, around), *colon;
    wchar_t *name, *value, *equals;
    size_t n;

    if (!end || end == s)
        return 0;
    n = (size_t)(end - s);
    colon = cmd.extensions ? wcschr(s, L':') : NULL;
    if (colon && colon > end)
        colon = NULL;
    if (colon && colon == end - 1)
        colon = NULL; /* the colon is part of the name */
    if (colon == s)
        colon = NULL;
    if (!colon) {
        value = get_variable(copy_n(s, n));
        if (!value && keep_undefined)
            return 0;
        if (value)
            add_string(t, value);
        return n + 1;
    }
    name = copy_n(s, (size_t)(colon - s));
    value = get_variable(name);
    if (!value) {
        /* An undefined one: in a batch file the name and its colon go, what follows stays as text. */
        if (keep_undefined)
            return 0;
        return around == L'!' ? n + 1 : (size_t)(colon - s) + 1;
    }
    if (colon[1] == L'~') {
        add_substring(t, value, copy_n(colon + 2, (size_t)(end - colon) - 2));
        return n + 1;
    }
    name = copy_n(colon + 1, (size_t)(end - colon) - 1);
    equals = wcschr(name, L'=');
    if (!equals || equals == name) {
        if (keep_undefined)
            return 0;
        return n + 1;
    }
    *equals = 0;
    add_replaced(t, value, name, equals + 1);
    return n + 1;
}

wchar_t *expand_percent(const wchar_t *s)
{
    bool in_batch = cmd.batch != NULL;
    text t = {0};

    add(&t, L"", 0);
    while (*s) {
        const wchar_t *next = wcschr(s, L'%');
        size_t n;

        if (!next) {
            add_string(&t, s);
            break;
        }
        add(&t, s, (size_t)(next - s));
        s = next + 1;
        if (in_batch) {
            if (*s == L'%') {
                add_char(&t, L'%');
                s++;
                continue;
            }
            if (*s == L'*') {
                add_string(&t, cmd.batch->rest);
                s++;
                continue;
            }
            if (is_digit(*s)) {
                add_string(&t, batch_argument(*s - L'0'));
                s++;
                continue;
            }
            if (*s == L'~' && cmd.extensions) {
                const wchar_t *search;
                size_t count, length;

                if (read_modifiers(s + 1, &count, &search, &length, is_digit)) {
                    wchar_t digit = s[1 + length];

                    if (digit == L'0') /* the path of the file itself, wherever the directory is now */
                        add_string(&t, apply_modifiers(count && !search ? cmd.batch->path : batch_argument(0), s + 1, count,
                                                       search));
                    else
                        add_string(&t, apply_modifiers(batch_argument(digit - L'0'), s + 1, count, search));
                    s += length + 2;
                    continue;
                }
                if (!wcschr(s, L'%')) {
                    errf(L"The following usage of the path operator in batch-parameter\r\nsubstitution is invalid: %%%s"
                         L"\r\n\r\n\r\nFor valid formats type CALL /? or FOR /?\r\n",
                         copy_n(s, wcscspn(s, L" \t")));
                    return NULL;
                }
            }
        }
        n = expand_variable(&t, s, L'%', !in_batch);
        if (n)
            s += n;
        else if (!in_batch)
            add_char(&t, L'%');
    }
    return t.p;
}

/* ---- at execution ----------------------------------------------------------------------------------------------------------- */

static wchar_t *expand_loop_variables(const wchar_t *s)
{
    text t = {0};

    add(&t, L"", 0);
    while (*s) {
        const wchar_t *next = wcschr(s, L'%'), *search;
        size_t count, length;

        if (!next) {
            add_string(&t, s);
            break;
        }
        add(&t, s, (size_t)(next - s));
        s = next + 1;
        if (is_loop_variable(*s)) {
            add_string(&t, cmd.loop_variables[*s]);
            s++;
        } else if (*s == L'~' && read_modifiers(s + 1, &count, &search, &length, is_loop_variable)) {
            add_string(&t, apply_modifiers(cmd.loop_variables[s[1 + length]], s + 1, count, search));
            s += length + 2;
        } else {
            add_char(&t, L'%');
        }
    }
    return t.p;
}

static wchar_t *expand_delayed(const wchar_t *s)
{
    text t = {0};

    add(&t, L"", 0);
    while (*s) {
        if (*s == L'^') {
            if (*++s)
                add_char(&t, *s++);
        } else if (*s == L'!') {
            size_t n = expand_variable(&t, ++s, L'!', false);

            s += n;
        } else {
            add_char(&t, *s++);
        }
    }
    return t.p;
}

wchar_t *expand_late(const wchar_t *s)
{
    if (cmd.for_depth && wcschr(s, L'%'))
        s = expand_loop_variables(s);
    if (cmd.delayed && wcschr(s, L'!'))
        s = expand_delayed(s);
    return (wchar_t *)s;
}
