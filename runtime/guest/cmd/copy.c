/* COPY and TYPE. */
#include "cmd.h"

bool may_overwrite(const wchar_t *path, bool yes, bool *all);
bool overwrites_unasked(void);

typedef struct source {
    struct source *next;
    wchar_t *pattern;
    bool ascii, binary;
} source;

#define PIECE 65536

/* The bytes of a file into another; as text up to the end-of-file character. */
static bool copy_into(HANDLE to, const wchar_t *from, bool ascii)
{
    HANDLE file = CreateFileW(from, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    char *buffer;
    bool good = true, ended = false;
    DWORD n, done;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    buffer = HeapAlloc(GetProcessHeap(), 0, PIECE);
    while (buffer && !ended && good && ReadFile(file, buffer, PIECE, &n, NULL) && n) {
        char *end = ascii ? memchr(buffer, 26, n) : NULL;

        if (end) {
            n = (DWORD)(end - buffer);
            ended = true;
        }
        good = !n || (WriteFile(to, buffer, n, &done, NULL) && done == n);
    }
    HeapFree(GetProcessHeap(), 0, buffer);
    CloseHandle(file);
    return good;
}

static bool is_device(const wchar_t *name)
{
    return same(name, L"con") || same(name, L"nul") || same(name, L"prn") || same(name, L"aux") || same(name, L"con:") ||
           same(name, L"nul:");
}

/* Several files one after the other into one. */
static int concatenate(source *list, const wchar_t *target, bool ascii_target)
{
    HANDLE to = INVALID_HANDLE_VALUE;
    bool ascii = false, missing = true;
    int copied = 0;
    DWORD done;
    wchar_t *first = NULL;

    for (source *s = list; s; s = s->next) {
        wchar_t *pattern = s->pattern;
        WIN32_FIND_DATAW found;
        HANDLE find = FindFirstFileW(pattern, &found);

        if (find == INVALID_HANDLE_VALUE) {
            if (!is_device(pattern))
                continue;
            wcscpy(found.cFileName, pattern);
            found.dwFileAttributes = 0;
        }
        ascii = !s->binary;
        do {
            wchar_t *path = is_device(pattern) ? pattern : join(folder_of(pattern), found.cFileName);
            bool into_itself = same(full_path(path), full_path(target));

            if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                continue;
            missing = false;
            if (!first)
                first = path;
            if (into_itself && to == INVALID_HANDLE_VALUE) {
                /* The target is the first source: the others are added to it. */
                to = CreateFileW(target, GENERIC_WRITE | GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
                if (to == INVALID_HANDLE_VALUE) {
                    print_error(GetLastError());
                    return 1;
                }
                outf(L"%s\r\n", path);
                SetFilePointer(to, 0, NULL, FILE_END);
                continue;
            }
            if (to == INVALID_HANDLE_VALUE)
                to = CreateFileW(target, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
            if (to == INVALID_HANDLE_VALUE) {
                print_error(GetLastError());
                return 1;
            }
            outf(L"%s\r\n", path);
            if (into_itself)
                err(L"The content of the destination file was lost before the copy.\r\n");
            else if (!copy_into(to, path, !s->binary))
                print_error(GetLastError());
        } while (find != INVALID_HANDLE_VALUE && FindNextFileW(find, &found));
        if (find != INVALID_HANDLE_VALUE)
            FindClose(find);
    }
    if (missing) {
        print_error(ERROR_FILE_NOT_FOUND);
        outf(L"        0 file(s) copied.\r\n");
        return 1;
    }
    if (to != INVALID_HANDLE_VALUE) {
        if (ascii || ascii_target)
            WriteFile(to, "\x1a", 1, &done, NULL);
        CloseHandle(to);
        copied = 1;
    }
    outf(L"        %d file(s) copied.\r\n", copied);
    return 0;
}

static wchar_t *with_pattern(const wchar_t *name, const wchar_t *pattern)
{
    /* *.ext keeps the name, name.* keeps the extension. */
    const wchar_t *dot = wcsrchr(name, L'.'), *pattern_dot = wcsrchr(pattern, L'.');
    text t = {0};

    add(&t, L"", 0);
    if (pattern[0] == L'*')
        add(&t, name, dot && pattern_dot ? (size_t)(dot - name) : wcslen(name));
    else
        add(&t, pattern, pattern_dot ? (size_t)(pattern_dot - pattern) : wcslen(pattern));
    if (pattern_dot) {
        if (pattern_dot[1] == L'*')
            add_string(&t, dot ? dot : L"");
        else
            add_string(&t, pattern_dot);
    }
    return t.p;
}

static int copy_each(source *s, const wchar_t *target, bool yes, bool ascii_target)
{
    WIN32_FIND_DATAW found;
    wchar_t *folder = folder_of(s->pattern);
    HANDLE find = FindFirstFileW(s->pattern, &found);
    int copied = 0, code = 0;
    bool all = false;

    if (find == INVALID_HANDLE_VALUE || is_device(s->pattern)) {
        if (find != INVALID_HANDLE_VALUE)
            FindClose(find);
        if (is_device(s->pattern))
            return concatenate(s, target, false);
        print_error(is_directory(folder_of(full_path(s->pattern))) ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND);
        outf(L"        0 file(s) copied.\r\n");
        return 1;
    }
    do {
        wchar_t *from = join(folder, found.cFileName), *to;
        size_t n = wcslen(target);

        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        if (is_directory(target) || (n && target[n - 1] == L'\\'))
            to = join_path(target, found.cFileName);
        else if (has_wildcard(target))
            to = join(folder_of(target), with_pattern(found.cFileName, name_of(target)));
        else
            to = copy(target);
        if (has_wildcard(s->pattern))
            outf(L"%s\r\n", from);
        if (same(full_path(from), full_path(to))) {
            err(L"The file cannot be copied onto itself.\r\n");
            code = 1;
            continue;
        }
        if (!is_device(to) && !may_overwrite(to, yes, &all))
            continue;
        if (s->ascii || ascii_target || is_device(to)) {
            HANDLE out_file = CreateFileW(to, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
            DWORD done;

            if (same(to, L"con") || same(to, L"con:"))
                out_file = handles[1];
            flush();
            if (out_file == INVALID_HANDLE_VALUE || !copy_into(out_file, from, s->ascii)) {
                print_error(GetLastError());
                code = 1;
                continue;
            }
            if (ascii_target)
                WriteFile(out_file, "\x1a", 1, &done, NULL);
            if (out_file != handles[1])
                CloseHandle(out_file);
        } else if (!CopyFileW(from, to, FALSE)) {
            print_error(GetLastError());
            code = 1;
            continue;
        }
        copied++;
    } while (!cmd.interrupted && FindNextFileW(find, &found));
    FindClose(find);
    outf(L"        %d file(s) copied.\r\n", copied);
    return code;
}

int builtin_copy(const wchar_t *arguments)
{
    source *first = NULL, **end = &first, *last = NULL;
    wchar_t *target = NULL, *word;
    bool yes = overwrites_unasked(), plus = false, joined = false, ascii = false, binary = false, ascii_target = false;
    const wchar_t *p = arguments;
    int code;

    for (;;) {
        size_t n = 0;
        bool quoted = false;

        while (*p && wcschr(L" \t,;=", *p))
            p++;
        if (!*p)
            break;
        if (*p == L'+') {
            plus = joined = true;
            p++;
            continue;
        }
        for (; p[n] && (quoted || (!wcschr(L" \t,;=+", p[n]) && !(n && p[n] == L'/'))); n++)
            if (p[n] == L'"')
                quoted = !quoted;
        word = copy_n(p, n);
        p += n;
        if (*word == L'/') {
            if (same(word, L"/y"))
                yes = true;
            else if (same(word, L"/-y"))
                yes = false;
            else if (same(word, L"/a") || same(word, L"/b")) {
                ascii = (word[1] | 0x20) == L'a';
                binary = !ascii;
                if (target)
                    ascii_target = ascii;
                else if (last) {
                    last->ascii = ascii;
                    last->binary = binary;
                }
            } else if (word[1] && wcschr(L"dDvVnNzZlLjJ", word[1]) && !word[2]) {
                continue;
            } else {
                errf(L"Invalid switch - \"%s\".\r\n", word + 1);
                return 1;
            }
            continue;
        }
        word = strip_quotes(word);
        if (first && !plus) {
            if (target)
                return syntax_error();
            target = word;
            continue;
        }
        if (target)
            return syntax_error();
        last = take(sizeof *last);
        *last = (source){.pattern = is_directory(word) ? join_path(word, L"*") : word, .ascii = ascii, .binary = binary};
        *end = last;
        end = &last->next;
        plus = false;
    }
    if (!first || plus)
        return syntax_error();
    cmd.files_changed = true;
    if (!target && joined)
        target = first->pattern;
    if (!target)
        target = L".";
    if (joined || (has_wildcard(first->pattern) && !is_directory(target) && !has_wildcard(target) && !is_device(target) &&
                   target[wcslen(target) - 1] != L'\\')) {
        if (is_directory(target))
            target = join_path(target, name_of(first->pattern));
        code = concatenate(first, target, ascii_target);
    } else {
        code = copy_each(first, target, yes, ascii_target);
    }
    return code;
}

static bool type_file(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    char *buffer;
    size_t before = mark();
    DWORD n;
    bool first = true, wide = false;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    buffer = take(PIECE);
    while (!output_failed && !cmd.interrupted && ReadFile(file, buffer, PIECE, &n, NULL) && n) {
        size_t inner = mark(), skip = 0;

        if (first && n >= 2 && (BYTE)buffer[0] == 0xff && (BYTE)buffer[1] == 0xfe) {
            wide = true;
            skip = 2;
        }
        first = false;
        if (wide)
            out_n((wchar_t *)(buffer + skip), (n - skip) / 2);
        else if (is_console(handles[1]))
            out(decode(buffer, n, output_page()));
        else
            out_bytes(buffer, n);
        release(inner);
    }
    CloseHandle(file);
    release(before);
    return true;
}

int builtin_type(const wchar_t *arguments)
{
    const wchar_t *p = arguments;
    wchar_t *word, *second;
    int code = 0;
    bool several;

    p = next_word(p, &word);
    if (!*word)
        return syntax_error();
    next_word(p, &second);
    several = *second || has_wildcard(word);
    for (; *word && !stopped(); p = next_word(p, &word)) {
        wchar_t *name = strip_quotes(word);
        WIN32_FIND_DATAW found;
        HANDLE find = has_wildcard(name) ? FindFirstFileW(name, &found) : INVALID_HANDLE_VALUE;

        if (find != INVALID_HANDLE_VALUE) {
            do {
                if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                    continue;
                err(format(L"\r\n%s\r\n\r\n\r\n", join(folder_of(name), found.cFileName)));
                type_file(join(folder_of(name), found.cFileName));
            } while (FindNextFileW(find, &found) && !output_failed);
            FindClose(find);
            continue;
        }
        if (is_directory(name)) {
            print_error(ERROR_ACCESS_DENIED);
            code = 1;
            continue;
        }
        if (several)
            err(format(L"\r\n%s\r\n\r\n\r\n", name));
        if (!type_file(name)) {
            print_error(GetLastError());
            if (several)
                errf(L"Error occurred while processing: %s.\r\n", name);
            code = 1;
        }
    }
    return code;
}
