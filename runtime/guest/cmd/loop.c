/* FOR. */
#include "cmd.h"

typedef struct loop {
    node *n;
    int code;
} loop;

static void body(loop *l, wchar_t variable, const wchar_t *value)
{
    size_t before = mark();

    cmd.loop_variables[variable] = value;
    if (cmd.echo)
        echo_command(l->n->left);
    l->code = execute(l->n->left);
    release(before);
}

/* One word of the set: itself, or the files (or folders) that its wildcards match. */
static void each_match(loop *l, const wchar_t *word, const wchar_t *below, bool folders)
{
    size_t before = mark();
    wchar_t *pattern = has_wildcard(word) ? strip_quotes(word) : NULL;
    WIN32_FIND_DATAW found;
    HANDLE find;
    wchar_t *folder;
    struct entry {
        struct entry *next;
        wchar_t *path;
    } *first = NULL, **end = &first;

    if (!pattern) {
        if (below) {
            bool quoted = *word == L'"';
            wchar_t *path = join_path(below, strip_quotes(word));

            body(l, l->n->variable, quoted ? format(L"\"%s\"", path) : path);
        } else {
            body(l, l->n->variable, word);
        }
        release(before);
        return;
    }
    folder = folder_of(pattern);
    if (below)
        folder = folder_of(pattern = join_path(below, pattern));
    find = FindFirstFileW(pattern, &found);
    if (find != INVALID_HANDLE_VALUE) {
        /* The names are collected first: the body may change the folder. */
        do {
            bool directory = found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;

            if (directory != folders || same(found.cFileName, L".") || same(found.cFileName, L".."))
                continue;
            if (!folders && found.dwFileAttributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM))
                continue;
            *end = take(sizeof **end);
            (*end)->next = NULL;
            (*end)->path = join(folder, found.cFileName);
            end = &(*end)->next;
        } while (FindNextFileW(find, &found));
        FindClose(find);
    }
    for (; first && !stopped(); first = first->next)
        body(l, l->n->variable, first->path);
    release(before);
}

static void each_word(loop *l, const wchar_t *set, const wchar_t *below, bool folders)
{
    wchar_t *word;

    while (*(set = next_word(set, &word)) || *word) {
        if (stopped())
            break;
        each_match(l, word, below, folders);
    }
}

static void each_folder(loop *l, const wchar_t *set, const wchar_t *folder, bool folders)
{
    WIN32_FIND_DATAW found;
    HANDLE find;
    struct entry {
        struct entry *next;
        wchar_t *path;
    } *first = NULL, **end = &first;
    size_t before = mark();

    each_word(l, set, folder, folders);
    find = FindFirstFileW(join_path(folder, L"*"), &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY && !same(found.cFileName, L".") &&
            !same(found.cFileName, L"..")) {
            *end = take(sizeof **end);
            (*end)->next = NULL;
            (*end)->path = join_path(folder, found.cFileName);
            end = &(*end)->next;
        }
    while (FindNextFileW(find, &found));
    FindClose(find);
    for (; first && !stopped(); first = first->next)
        each_folder(l, set, first->path, folders);
    release(before);
}

static void each_number(loop *l, const wchar_t *set)
{
    long long values[3] = {0, 0, 0};
    wchar_t *word;

    for (int i = 0; i < 3; i++) {
        set = next_word(set, &word);
        values[i] = wcstol(word, NULL, 0);
    }
    for (long long i = values[0]; !stopped() && (values[1] < 0 ? i >= values[2] : i <= values[2]); i += values[1]) {
        size_t before = mark();

        body(l, l->n->variable, format(L"%d", (int)i));
        release(before);
    }
}

/* ---- FOR /F ------------------------------------------------------------------------------------------------------------------- */

typedef struct text_options {
    wchar_t eol, delimiters[128];
    int skip;
    bool use_backquote, rest; /* tokens=…* */
    unsigned tokens;
    int last;                 /* the highest token asked for */
} text_options;

static bool read_options(const wchar_t *s, text_options *o)
{
    /* Without quotes around them the options are written with carets, and may then hold a quote. */
    wchar_t *p = *s == L'"' ? strip_quotes(s) : copy(s);

    *o = (text_options){.eol = L';', .delimiters = L" \t", .tokens = 1, .last = 1};
    while (*p) {
        while (is_blank(*p) || *p == L',')
            p++;
        if (!*p)
            break;
        if (starts(p, L"eol=")) {
            o->eol = p[4];
            p += p[4] ? 5 : 4;
        } else if (starts(p, L"skip=")) {
            o->skip = (int)wcstol(p + 5, &p, 0);
            if (o->skip <= 0)
                goto wrong;
        } else if (starts(p, L"delims=")) {
            size_t n = 0;

            p += 7;
            /* A blank belongs to the list when it is the last of it. */
            while (p[n] && !(p[n] == L' ' && p[n + 1]))
                n++;
            if (n > 127)
                n = 127;
            memcpy(o->delimiters, p, n * sizeof *p);
            o->delimiters[n] = 0;
            p += n;
        } else if (starts(p, L"usebackq")) {
            o->use_backquote = true;
            p += 8;
            if (*p && !is_blank(*p) && !starts(p, L"delims") && !starts(p, L"tokens") && !starts(p, L"eol") &&
                !starts(p, L"skip"))
                goto wrong;
        } else if (starts(p, L"tokens=")) {
            o->tokens = 0;
            o->last = 0;
            p += 7;
            while (*p && !is_blank(*p)) {
                long from, to;

                if (*p == L'*') {
                    o->rest = true;
                    p++;
                    continue;
                }
                if (*p == L',') {
                    p++;
                    continue;
                }
                if (*p < L'0' || *p > L'9')
                    goto wrong;
                from = to = wcstol(p, &p, 0);
                if (*p == L'-')
                    to = wcstol(p + 1, &p, 0);
                if (from < 1 || to > 31)
                    goto wrong;
                for (long i = from; i <= to; i++)
                    o->tokens |= 1u << i;
                if (to > o->last)
                    o->last = (int)to;
            }
            o->tokens >>= 1;
        } else {
            goto wrong;
        }
    }
    return true;
wrong:
    errf(L"%s was unexpected at this time.\r\n", p);
    return false;
}

static void each_line(loop *l, const text_options *o, wchar_t *line)
{
    wchar_t variable = l->n->variable, name = variable;
    wchar_t *p = line;
    bool any = false;

    while (*p && wcschr(o->delimiters, *p))
        p++;
    /* Lines that begin with the end-of-line character are left out. */
    if (!*p || (o->eol && *p == o->eol))
        return;
    p = line;
    for (int i = 0; i < __builtin_popcount(o->tokens) + o->rest && name + i < 128; i++)
        cmd.loop_variables[name + i] = L"";
    for (int token = 1; token <= o->last || (o->rest && token == o->last + 1); token++) {
        size_t n;

        while (*p && wcschr(o->delimiters, *p))
            p++;
        if (token > o->last) {
            /* What is left over. */
            if (name < 128) {
                cmd.loop_variables[name] = p;
                any = any || *p;
            }
            break;
        }
        for (n = 0; p[n] && !wcschr(o->delimiters, p[n]); n++)
            ;
        if (o->tokens & 1u << (token - 1)) {
            if (name < 128)
                cmd.loop_variables[name] = copy_n(p, n);
            any = any || n;
            name++;
        }
        p += n;
    }
    if (any)
        body(l, variable, cmd.loop_variables[variable]);
}

static void each_of_text(loop *l, const text_options *o, wchar_t *text)
{
    int skip = o->skip;

    while (*text && !stopped()) {
        size_t before = mark(), n = wcscspn(text, L"\n"), length = n;
        bool more = text[n] != 0;

        if (length && text[length - 1] == L'\r')
            length--;
        text[length] = 0;
        if (skip)
            skip--;
        else
            each_line(l, o, text);
        text += n + more;
        release(before);
    }
}

/* In quotes of that kind? Then what is between them. */
static wchar_t *between(const wchar_t *s, wchar_t quote)
{
    size_t n = wcslen(s);

    return n >= 2 && s[0] == quote && s[n - 1] == quote ? copy_n(s + 1, n - 2) : NULL;
}

static bool loop_over_text(loop *l, const wchar_t *set)
{
    text_options o;
    wchar_t *text, *inside, *word;

    if (!read_options(l->n->options ? expand_late(l->n->options) : L"", &o))
        return false;
    set = trim(set);
    if ((inside = between(set, o.use_backquote ? L'`' : L'\'')) != NULL) {
        text = capture(inside);
        if (text)
            each_of_text(l, &o, text);
        return true;
    }
    if ((inside = between(set, o.use_backquote ? L'\'' : L'"')) != NULL) {
        each_of_text(l, &o, inside);
        return true;
    }
    while (*(set = next_word(set, &word)) || *word) {
        wchar_t *file = strip_quotes(word);
        size_t size;
        char *bytes;

        if (stopped())
            break;
        bytes = read_file(file, &size);
        if (!bytes) {
            if (GetLastError() == ERROR_PATH_NOT_FOUND)
                err(L"The system cannot find the path specified.\r\n");
            else
                errf(L"The system cannot find the file %s.\r\n", file);
            l->code = 1;
            return true;
        }
        if (size >= 2 && (BYTE)bytes[0] == 0xff && (BYTE)bytes[1] == 0xfe)
            text = copy_n((wchar_t *)(bytes + 2), (size - 2) / 2);
        else
            text = decode(bytes, size, output_page());
        HeapFree(GetProcessHeap(), 0, bytes);
        each_of_text(l, &o, text);
    }
    return true;
}

int execute_for(node *n)
{
    const wchar_t *variables[128];
    loop l = {n, 0};
    wchar_t *set = expand_late(n->set);

    memcpy(variables, cmd.loop_variables, sizeof variables);
    cmd.for_depth++;
    switch (n->loop) {
    case FOR_NUMBERS:
        each_number(&l, set);
        break;
    case FOR_TEXT:
        if (!loop_over_text(&l, set)) {
            cmd.errorlevel = 255;
            cmd.stop = STOP_ALL;
        }
        break;
    default:
        if (n->tree) {
            wchar_t *root = full_path(n->options ? strip_quotes(expand_late(n->options)) : L".");

            each_folder(&l, set, root, n->loop == FOR_DIRECTORIES);
        } else {
            each_word(&l, set, NULL, n->loop == FOR_DIRECTORIES);
        }
    }
    cmd.for_depth--;
    memcpy(cmd.loop_variables, variables, sizeof variables);
    return l.code;
}
