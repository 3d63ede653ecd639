/* Memory, strings, code pages. */
#include "base.h"

#define ARENA_RESERVE ((size_t)1 << 30)
#define ARENA_STEP ((size_t)1 << 18)

static char *arena;
static size_t arena_top, arena_committed;

void *take(size_t bytes)
{
    size_t where = arena_top;

    bytes = (bytes + 15) & ~(size_t)15;
    if (!arena)
        arena = VirtualAlloc(NULL, ARENA_RESERVE, MEM_RESERVE, PAGE_READWRITE);
    if (where + bytes > arena_committed) {
        size_t more = (where + bytes - arena_committed + ARENA_STEP - 1) / ARENA_STEP * ARENA_STEP;

        if (!arena || arena_committed + more > ARENA_RESERVE ||
            !VirtualAlloc(arena + arena_committed, more, MEM_COMMIT, PAGE_READWRITE)) {
            static const char message[] = "Out of memory.\r\n";
            DWORD done;

            WriteFile(GetStdHandle(STD_ERROR_HANDLE), message, sizeof message - 1, &done, NULL);
            ExitProcess(ERROR_NOT_ENOUGH_MEMORY);
        }
        arena_committed += more;
    }
    arena_top += bytes;
    return arena + where;
}

size_t mark(void)
{
    return arena_top;
}

void release(size_t where)
{
    arena_top = where;
}

static void grow(text *t, size_t more)
{
    size_t need = t->n + more + 1;

    if (need <= t->room)
        return;
    if (t->p && (char *)(t->p + t->room) == arena + arena_top) {
        /* The last thing taken can grow where it is. */
        size_t step = need - t->room + t->room / 2;

        step = (step + 7) & ~(size_t)7;
        take(step * sizeof *t->p);
        t->room += step;
        return;
    }
    size_t room = (need + need / 2 + 15) & ~(size_t)7;
    wchar_t *p = take(room * sizeof *p);

    if (t->n)
        memcpy(p, t->p, t->n * sizeof *p);
    t->p = p;
    t->room = room;
}

void add(text *t, const wchar_t *s, size_t n)
{
    grow(t, n);
    memcpy(t->p + t->n, s, n * sizeof *s);
    t->n += n;
    t->p[t->n] = 0;
}

void add_string(text *t, const wchar_t *s)
{
    add(t, s, wcslen(s));
}

void add_char(text *t, wchar_t c)
{
    add(t, &c, 1);
}

static void add_padded(text *t, const wchar_t *s, size_t n, size_t width, bool left, wchar_t pad)
{
    size_t fill = width > n ? width - n : 0;

    for (; !left && fill; fill--)
        add_char(t, pad);
    add(t, s, n);
    for (; fill; fill--)
        add_char(t, L' ');
}

static wchar_t *digits(wchar_t *end, unsigned long long value, unsigned base)
{
    *--end = 0;
    do
        *--end = L"0123456789abcdef"[value % base];
    while (value /= base);
    return end;
}

void add_formatv(text *t, const wchar_t *f, va_list list)
{
    for (; *f; f++) {
        bool left = false, wide = false;
        wchar_t pad = L' ', number[32];
        size_t width = 0;
        long long value;

        if (*f != L'%') {
            add_char(t, *f);
            continue;
        }
        for (f++; *f == L'-' || *f == L'0'; f++)
            if (*f == L'-')
                left = true;
            else
                pad = L'0';
        for (; *f >= L'0' && *f <= L'9'; f++)
            width = width * 10 + (*f - L'0');
        for (; *f == L'l'; f++)
            wide = true;
        switch (*f) {
        case L's': {
            const wchar_t *s = va_arg(list, const wchar_t *);

            add_padded(t, s, wcslen(s), width, left, L' ');
            break;
        }
        case L'c': {
            wchar_t c = (wchar_t)va_arg(list, int);

            add_padded(t, &c, 1, width, left, L' ');
            break;
        }
        case L'd': {
            wchar_t *s;

            value = wide ? va_arg(list, long long) : va_arg(list, int);
            s = digits(number + 32, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, 10);
            if (value < 0)
                *--s = L'-';
            add_padded(t, s, wcslen(s), width, left, pad);
            break;
        }
        case L'u':
        case L'X':
        case L'x': {
            unsigned long long u = wide ? va_arg(list, unsigned long long) : va_arg(list, unsigned);
            wchar_t *s = digits(number + 32, u, *f == L'u' ? 10 : 16);

            for (wchar_t *p = s; *f == L'X' && *p; p++)
                *p = *p >= L'a' ? *p - 32 : *p;

            add_padded(t, s, wcslen(s), width, left, pad);
            break;
        }
        default:
            add_char(t, *f);
        }
    }
}

void add_format(text *t, const wchar_t *f, ...)
{
    va_list list;

    va_start(list, f);
    add_formatv(t, f, list);
    va_end(list);
}

wchar_t *format(const wchar_t *f, ...)
{
    text t = {0};
    va_list list;

    va_start(list, f);
    add_formatv(&t, f, list);
    va_end(list);
    add(&t, L"", 0);
    return t.p;
}

wchar_t *copy_n(const wchar_t *s, size_t n)
{
    wchar_t *p = take((n + 1) * sizeof *p);

    memcpy(p, s, n * sizeof *p);
    p[n] = 0;
    return p;
}

wchar_t *copy(const wchar_t *s)
{
    return copy_n(s, wcslen(s));
}

wchar_t *join(const wchar_t *a, const wchar_t *b)
{
    size_t n = wcslen(a), m = wcslen(b);
    wchar_t *p = take((n + m + 1) * sizeof *p);

    memcpy(p, a, n * sizeof *p);
    memcpy(p + n, b, (m + 1) * sizeof *p);
    return p;
}

static wchar_t upper(wchar_t c)
{
    if (c < 128)
        return c >= L'a' && c <= L'z' ? c - 32 : c;
    return towupper(c);
}

int compare_text(const wchar_t *a, const wchar_t *b)
{
    for (;; a++, b++) {
        wchar_t x = upper(*a), y = upper(*b);

        if (x != y)
            return x < y ? -1 : 1;
        if (!x)
            return 0;
    }
}

bool same(const wchar_t *a, const wchar_t *b)
{
    return compare_text(a, b) == 0;
}

bool starts(const wchar_t *s, const wchar_t *prefix)
{
    for (; *prefix; s++, prefix++)
        if (upper(*s) != upper(*prefix))
            return false;
    return true;
}

wchar_t *find_text(const wchar_t *in, const wchar_t *what)
{
    for (; *in; in++)
        if (upper(*in) == upper(*what) && starts(in, what))
            return (wchar_t *)in;
    return *what ? NULL : (wchar_t *)in;
}

bool is_blank(wchar_t c)
{
    return c == L' ' || c == L'\t';
}

UINT output_page(void)
{
    UINT page = GetConsoleOutputCP();

    return page ? page : GetOEMCP();
}

UINT input_page(void)
{
    UINT page = GetConsoleCP();

    return page ? page : GetOEMCP();
}

wchar_t *decode(const char *bytes, size_t n, UINT page)
{
    size_t ascii = 0;
    wchar_t *s;
    int count;

    while (ascii < n && (unsigned char)bytes[ascii] < 128)
        ascii++;
    if (ascii == n) {
        s = take((n + 1) * sizeof *s);
        for (size_t i = 0; i < n; i++)
            s[i] = (unsigned char)bytes[i];
        s[n] = 0;
        return s;
    }
    count = MultiByteToWideChar(page, 0, bytes, (int)n, NULL, 0);
    s = take(((size_t)count + 1) * sizeof *s);
    MultiByteToWideChar(page, 0, bytes, (int)n, s, count);
    s[count] = 0;
    return s;
}

wchar_t *get_env(const wchar_t *name)
{
    DWORD room = 256;

    for (;;) {
        size_t before = mark();
        wchar_t *value = take(room * sizeof *value);
        DWORD n;

        SetLastError(0);
        n = GetEnvironmentVariableW(name, value, room);
        if (n < room) {
            if (!n && GetLastError() == ERROR_ENVVAR_NOT_FOUND) {
                release(before);
                return NULL;
            }
            value[n] = 0;
            release(before);
            return take((n + 1) * sizeof *value);
        }
        release(before);
        room = n + 1;
    }
}

wchar_t *full_path(const wchar_t *path)
{
    DWORD room = 512;

    for (;;) {
        size_t before = mark();
        wchar_t *value = take(room * sizeof *value);
        DWORD n = GetFullPathNameW(path, room, value, NULL);

        if (!n)
            return copy(path);
        if (n < room) {
            release(before);
            return take((n + 1) * sizeof *value);
        }
        release(before);
        room = n + 1;
    }
}

wchar_t *current_directory(void)
{
    DWORD n = GetCurrentDirectoryW(0, NULL);
    wchar_t *value = take((n + 1) * sizeof *value);

    GetCurrentDirectoryW(n + 1, value);
    return value;
}

wchar_t *with_commas(unsigned long long value)
{
    wchar_t buffer[40], *p = buffer + 40;
    int count = 0;

    *--p = 0;
    do {
        if (count && count % 3 == 0)
            *--p = L',';
        *--p = L'0' + value % 10;
        count++;
    } while (value /= 10);
    return copy(p);
}

void add_file_time(text *t, const FILETIME *time, const wchar_t *between)
{
    FILETIME local;
    SYSTEMTIME s;

    FileTimeToLocalFileTime(time, &local);
    FileTimeToSystemTime(&local, &s);
    add_format(t, L"%02d/%02d/%04d%s%02d:%02d %s", s.wMonth, s.wDay, s.wYear, between,
               s.wHour % 12 ? s.wHour % 12 : 12, s.wMinute, s.wHour < 12 ? L"AM" : L"PM");
}

wchar_t **split_arguments(const wchar_t *line, int *count)
{
    wchar_t **list = take((wcslen(line) / 2 + 3) * sizeof *list);
    bool quoted = false;
    text t = {0};
    int n = 0;

    /* The program's name: quotes only. */
    add(&t, L"", 0);
    for (; *line && (quoted || !is_blank(*line)); line++)
        if (*line == L'"')
            quoted = !quoted;
        else
            add_char(&t, *line);
    list[n++] = t.p;
    for (;;) {
        while (is_blank(*line))
            line++;
        if (!*line)
            break;
        t = (text){0};
        add(&t, L"", 0);
        quoted = false;
        for (; *line && (quoted || !is_blank(*line));) {
            size_t slashes = 0;

            while (*line == L'\\') {
                slashes++;
                line++;
            }
            if (*line == L'"') {
                for (size_t i = 0; i < slashes / 2; i++)
                    add_char(&t, L'\\');
                if (slashes % 2) {
                    add_char(&t, L'"');
                } else if (quoted && line[1] == L'"') {
                    add_char(&t, L'"');
                    line++;
                } else {
                    quoted = !quoted;
                }
                line++;
            } else {
                for (; slashes; slashes--)
                    add_char(&t, L'\\');
                if (*line && (quoted || !is_blank(*line)))
                    add_char(&t, *line++);
            }
        }
        list[n++] = t.p;
    }
    list[n] = NULL;
    *count = n;
    return list;
}
