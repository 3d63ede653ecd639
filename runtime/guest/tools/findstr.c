/* findstr: lines that match one of several strings or expressions.
 *
 * Expressions: . any character, * none or more of what stands before, ^ and $ the line's begin and end, [class],
 * [^class], [x-y], \x the character x, \< and \> a word's begin and end. */
#include "tool.h"

typedef struct pattern {
    struct pattern *next;
    const wchar_t *text;
    bool expression;
} pattern;

typedef struct options {
    bool begins, ends, literal, expression, tree, fold, exact, invert, number, names, printable, offset, one_file;
    pattern *patterns, **end;
    bool several;
    int found, failed;
} options;

static wchar_t lower(wchar_t c)
{
    return c < 128 ? (c >= L'A' && c <= L'Z' ? c + 32 : c) : towlower(c);
}

static bool is_word(wchar_t c)
{
    return (c | 0x20) >= L'a' && (c | 0x20) <= L'z' ? true : (c >= L'0' && c <= L'9') || c == L'_' || c >= 128;
}

static bool equal(const options *o, wchar_t a, wchar_t b)
{
    return a == b || (o->fold && lower(a) == lower(b));
}

/* The end of the class that begins at `p` (a bracket). */
static const wchar_t *class_end(const wchar_t *p)
{
    const wchar_t *q = p + 1;

    if (*q == L'^')
        q++;
    if (*q == L']')
        q++;
    while (*q && *q != L']')
        q += *q == L'\\' && q[1] ? 2 : 1;
    return *q ? q : NULL;
}

static bool in_class(const options *o, const wchar_t *p, const wchar_t *end, wchar_t c)
{
    bool negative = p[1] == L'^', found = false;

    for (p += negative ? 2 : 1; p < end; p++) {
        wchar_t from = *p == L'\\' && p + 1 < end ? *++p : *p;

        if (p + 2 < end && p[1] == L'-') {
            wchar_t to = p[2];

            found = found || (c >= from && c <= to) ||
                    (o->fold && ((lower(c) >= lower(from) && lower(c) <= lower(to)) ||
                                 (towupper(c) >= towupper(from) && towupper(c) <= towupper(to))));
            p += 2;
        } else {
            found = found || equal(o, c, from);
        }
    }
    return found != negative;
}

/* One character of the line against one item of the expression; *next is behind the item. */
static bool match_one(const options *o, const wchar_t *p, const wchar_t **next, wchar_t c)
{
    const wchar_t *end;

    if (*p == L'[' && (end = class_end(p)) != NULL) {
        *next = end + 1;
        return c && in_class(o, p, end, c);
    }
    if (*p == L'\\' && p[1]) {
        *next = p + 2;
        return c && equal(o, c, p[1]);
    }
    *next = p + 1;
    return c && (*p == L'.' || equal(o, c, *p));
}

static bool match_here(const options *o, const wchar_t *p, const wchar_t *line, const wchar_t *s, bool to_end)
{
    const wchar_t *next;

    for (;;) {
        if (!*p)
            return !to_end || !*s;
        if (*p == L'$' && !p[1])
            return !*s;
        if (*p == L'\\' && (p[1] == L'<' || p[1] == L'>')) {
            bool before = s > line && is_word(s[-1]), after = is_word(*s);

            if (p[1] == L'<' ? before || !after : !before || after)
                return false;
            p += 2;
            continue;
        }
        match_one(o, p, &next, L'x');
        if (*next == L'*') {
            const wchar_t *start = s, *unused;

            while (match_one(o, p, &unused, *s))
                s++;
            for (;; s--) {
                if (match_here(o, next + 1, line, s, to_end))
                    return true;
                if (s == start)
                    return false;
            }
        }
        if (!match_one(o, p, &next, *s))
            return false;
        p = next;
        s++;
    }
}

static bool match_literal(const options *o, const wchar_t *p, const wchar_t *s, bool to_end)
{
    for (; *p; p++, s++)
        if (!*s || !equal(o, *p, *s))
            return false;
    return !to_end || !*s;
}

static bool match_line(const options *o, const pattern *p, const wchar_t *line)
{
    bool at_start = o->begins || o->exact, to_end = o->ends || o->exact;
    const wchar_t *text = p->text, *s = line;

    if (!p->expression) {
        if (!*text)
            return false;
        for (;; s++) {
            if (match_literal(o, text, s, to_end))
                return true;
            if (at_start || !*s)
                return false;
        }
    }
    if (*text == L'^') {
        at_start = true;
        text++;
    }
    for (;; s++) {
        if (match_here(o, text, line, s, to_end))
            return true;
        if (at_start || !*s)
            return false;
    }
}

static void add_pattern(options *o, const wchar_t *text, bool expression)
{
    pattern *p = take(sizeof *p);
    wchar_t *plain;

    if (!expression) {
        /* A backslash makes the next backslash or quote a plain one. */
        wchar_t *w = plain = copy(text);

        for (const wchar_t *s = text; *s; s++)
            *w++ = *s == L'\\' && (s[1] == L'\\' || s[1] == L'"') ? *++s : *s;
        *w = 0;
        text = plain;
    }
    *p = (pattern){NULL, text, expression};
    *o->end = p;
    o->end = &p->next;
}

static bool is_expression(const wchar_t *s)
{
    for (; *s; s++)
        if (*s == L'\\' && s[1] && (s[1] == L'<' || s[1] == L'>'))
            return true;
        else if (*s == L'\\' && s[1])
            s++;
        else if (wcschr(L".*^$[", *s))
            return true;
    return false;
}

static void search(options *o, wchar_t *text, const wchar_t *name)
{
    wchar_t *start = text;
    line_list list;

    for (wchar_t *p = text; o->printable && *p; p++)
        if (*p < L' ' && !wcschr(L"\t\r\n\f\b", *p))
            return;
    list = split_lines(text);
    for (size_t i = 0; i < list.count && !output_failed; i++) {
        bool hit = false;

        for (const pattern *p = o->patterns; p && !hit; p = p->next)
            hit = match_line(o, p, list.lines[i]);
        if (hit == o->invert)
            continue;
        o->found++;
        if (o->names) {
            outf(L"%s\r\n", name ? name : L"(standard input)");
            return;
        }
        if (name && o->several)
            outf(L"%s:", name);
        if (o->number)
            outf(L"%u:", (unsigned)i + 1);
        if (o->offset)
            outf(L"%u:", (unsigned)(list.lines[i] - start));
        outf(L"%s\r\n", list.lines[i]);
    }
}

static void search_file(options *o, const wchar_t *path)
{
    size_t before = mark();
    wchar_t *text = read_text(path);

    if (!text) {
        errf(L"FINDSTR: Cannot open %s\r\n", path);
        o->failed = 1;
    } else {
        search(o, text, path);
    }
    release(before);
}

static void search_all(options *o, const wchar_t *folder, const wchar_t *name, bool *any)
{
    size_t before = mark();
    WIN32_FIND_DATAW data;
    HANDLE find = FindFirstFileW(join(folder, name), &data);

    if (find != INVALID_HANDLE_VALUE) {
        do
            if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
                *any = true;
                search_file(o, join(folder, data.cFileName));
            }
        while (FindNextFileW(find, &data) && !output_failed);
        FindClose(find);
    }
    if (o->tree && (find = FindFirstFileW(join(folder, L"*"), &data)) != INVALID_HANDLE_VALUE) {
        do
            if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY && !same(data.cFileName, L".") &&
                !same(data.cFileName, L".."))
                search_all(o, format(L"%s%s\\", folder, data.cFileName), name, any);
        while (FindNextFileW(find, &data));
        FindClose(find);
    }
    release(before);
}

static int usage(const wchar_t *message)
{
    err(message);
    return 2;
}

int tool(int count, wchar_t **words)
{
    options o = {0};
    wchar_t *strings = NULL;
    const wchar_t *pattern_file = NULL, *list_file = NULL, *given[64];
    int first = 1, given_count = 0;

    o.end = &o.patterns;
    for (; first < count && (*words[first] == L'/' || *words[first] == L'-') && words[first][1]; first++) {
        const wchar_t *p = words[first] + 1;

        if (starts(p, L"c:") || starts(p, L"g:") || starts(p, L"f:") || starts(p, L"d:") || starts(p, L"a:")) {
            if ((*p | 0x20) == L'c' && given_count < 64)
                given[given_count++] = p + 2;
            else if ((*p | 0x20) == L'g')
                pattern_file = p + 2;
            else if ((*p | 0x20) == L'f')
                list_file = p + 2;
            else if ((*p | 0x20) == L'd')
                return usage(L"FINDSTR: /D is not there\r\n");
            continue;
        }
        if (starts(p, L"off")) {
            continue;
        }
        for (; *p; p++) {
            switch (*p | 0x20) {
            case L'b': o.begins = true; break;
            case L'e': o.ends = true; break;
            case L'l': o.literal = true; break;
            case L'r': o.expression = true; break;
            case L's': o.tree = true; break;
            case L'i': o.fold = true; break;
            case L'x': o.exact = true; break;
            case L'v': o.invert = true; break;
            case L'n': o.number = true; break;
            case L'm': o.names = true; break;
            case L'o': o.offset = true; break;
            case L'p': o.printable = true; break;
            case L'/' | 0x20: break;
            case L'?' | 0x20:
                out(L"Searches for strings in files.\r\n\r\nFINDSTR [/B] [/E] [/L] [/R] [/S] [/I] [/X] [/V] [/N] [/M] [/O] [/P] "
                    L"[/F:file]\r\n        [/C:string] [/G:file] [strings] [[drive:][path]filename[ ...]]\r\n");
                return 0;
            default:
                errf(L"FINDSTR: /%c ignored\r\n", *p);
            }
        }
    }
    for (int i = 0; i < given_count; i++)
        add_pattern(&o, given[i], o.expression);
    if (pattern_file) {
        wchar_t *text = read_text(pattern_file);
        line_list list;

        if (!text) {
            errf(L"FINDSTR: Cannot open %s\r\n", pattern_file);
            return 2;
        }
        list = split_lines(text);
        for (size_t i = 0; i < list.count; i++)
            add_pattern(&o, list.lines[i], o.expression || (!o.literal && is_expression(list.lines[0])));
    }
    if (!given_count && !pattern_file) {
        bool expression;

        if (first >= count)
            return usage(L"FINDSTR: Bad command line\r\n");
        strings = words[first++];
        /* The first of the strings decides what all are. */
        expression = o.expression || (!o.literal && is_expression(copy_n(strings, wcscspn(strings, L" "))));
        while (*strings) {
            size_t n = wcscspn(strings, L" ");

            if (n)
                add_pattern(&o, copy_n(strings, n), expression);
            strings += n;
            while (*strings == L' ')
                strings++;
        }
    }
    if (list_file) {
        wchar_t *text = read_text(list_file);
        line_list list;

        if (!text) {
            errf(L"FINDSTR: Cannot open %s\r\n", list_file);
            return 2;
        }
        list = split_lines(text);
        o.several = true;
        for (size_t i = 0; i < list.count; i++)
            search_file(&o, list.lines[i]);
    } else if (first >= count) {
        search(&o, read_input(), NULL);
    }
    o.several = o.several || count - first > 1 || o.tree || (first < count && wcspbrk(words[first], L"*?"));
    for (int i = first; i < count; i++) {
        wchar_t *folder = folder_part(words[i]);
        bool any = false;

        search_all(&o, folder, words[i] + wcslen(folder), &any);
        if (!any && !wcspbrk(words[i], L"*?")) {
            errf(L"FINDSTR: Cannot open %s\r\n", words[i]);
            o.failed = 1;
        }
    }
    return o.found ? 0 : 1;
}
