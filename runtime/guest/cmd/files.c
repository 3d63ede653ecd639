/* Built-in commands that make, remove and rename files and folders. */
#include "cmd.h"

typedef struct names {
    struct names *next;
    wchar_t *path;
    DWORD attributes;
} names;

/* What a pattern matches, without the folder's own entries. */
static names *find_all(const wchar_t *pattern)
{
    names *first = NULL, **end = &first;
    wchar_t *folder = folder_of(pattern);
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileW(pattern, &found);

    if (find == INVALID_HANDLE_VALUE)
        return NULL;
    do {
        if (same(found.cFileName, L".") || same(found.cFileName, L".."))
            continue;
        *end = take(sizeof **end);
        **end = (names){NULL, join(folder, found.cFileName), found.dwFileAttributes};
        end = &(*end)->next;
    } while (FindNextFileW(find, &found));
    FindClose(find);
    return first;
}

static bool is_switch(const wchar_t *word, wchar_t letter)
{
    return word[0] == L'/' && (word[1] | 0x20) == letter;
}

static int bad_switch(const wchar_t *word)
{
    errf(L"Invalid switch - \"%s\".\r\n", word + 1);
    return 1;
}

/* ---- MD, RD ------------------------------------------------------------------------------------------------------------------------ */

static bool make_folders(wchar_t *path)
{
    wchar_t *p;
    DWORD error;

    if (CreateDirectoryW(path, NULL))
        return true;
    error = GetLastError();
    if (error != ERROR_PATH_NOT_FOUND || !cmd.extensions) {
        SetLastError(error);
        return false;
    }
    for (p = path + (path[0] && path[1] == L':' ? 3 : 1); *p; p++)
        if (*p == L'\\') {
            *p = 0;
            CreateDirectoryW(path, NULL);
            *p = L'\\';
        }
    return CreateDirectoryW(path, NULL);
}

int builtin_md(const wchar_t *arguments)
{
    wchar_t *word;
    int code = 0;

    arguments = next_word(arguments, &word);
    if (!*word)
        return syntax_error();
    do {
        wchar_t *name = strip_quotes(word), *path = full_path(name);
        size_t n = wcslen(path);

        if (n > 3 && path[n - 1] == L'\\')
            path[n - 1] = 0;
        if (!make_folders(path)) {
            DWORD error = GetLastError();

            if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS)
                errf(L"A subdirectory or file %s already exists.\r\n", name);
            else
                print_error(error);
            code = 1;
        }
        arguments = next_word(arguments, &word);
    } while (*word);
    return code;
}

/* A folder with everything below; links are removed, not followed. */
static bool remove_tree(const wchar_t *path, DWORD attributes)
{
    bool done = true;
    size_t before = mark();

    if (!(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        for (names *n = find_all(join_path(path, L"*")); n && !cmd.interrupted; n = n->next) {
            if (n->attributes & FILE_ATTRIBUTE_DIRECTORY) {
                done &= remove_tree(n->path, n->attributes);
                continue;
            }
            if (n->attributes & FILE_ATTRIBUTE_READONLY)
                SetFileAttributesW(n->path, FILE_ATTRIBUTE_NORMAL);
            if (!DeleteFileW(n->path)) {
                errf(L"%s - %s\r\n", n->path, error_text(GetLastError()));
                done = false;
            }
        }
    release(before);
    if (attributes & FILE_ATTRIBUTE_READONLY)
        SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    if (done && !RemoveDirectoryW(path)) {
        errf(L"%s - %s\r\n", path, error_text(GetLastError()));
        done = false;
    }
    return done;
}

int builtin_rd(const wchar_t *arguments)
{
    bool tree = false, quiet = false, any = false;
    const wchar_t *p = arguments;
    wchar_t *word;
    int code = 0;

    while (*(p = next_argument(p, &word)) || *word) {
        if (is_switch(word, L's'))
            tree = true;
        else if (is_switch(word, L'q'))
            quiet = true;
        else if (*word == L'/')
            return bad_switch(word);
        else
            any = true;
    }
    if (!any)
        return syntax_error();
    for (p = arguments; *(p = next_argument(p, &word)) || *word;) {
        wchar_t *path = strip_quotes(word);
        DWORD attributes;
        size_t n = wcslen(path);

        if (*word == L'/')
            continue;
        if (n > 1 && path[n - 1] == L'\\' && path[n - 2] != L':')
            path[n - 1] = 0;
        attributes = GetFileAttributesW(path);
        if (attributes == INVALID_FILE_ATTRIBUTES) {
            print_error(GetLastError());
            code = 2;
        } else if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
            print_error(ERROR_DIRECTORY);
            code = 267;
        } else if (tree) {
            if (!quiet && ask(format(L"%s, Are you sure (Y/N)? ", path), L"YN") != L'Y')
                continue;
            if (!remove_tree(full_path(path), attributes))
                code = 145;
        } else if (!RemoveDirectoryW(path)) {
            code = (int)GetLastError();
            print_error((DWORD)code);
        }
    }
    return code;
}

/* ---- DEL ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct deleting {
    bool prompt, force, tree, quiet;
    DWORD must, must_not;
    bool chosen; /* /A */
    int deleted;
} deleting;

static bool read_attributes(const wchar_t *s, DWORD *must, DWORD *must_not)
{
    static const struct {
        wchar_t letter;
        DWORD bit;
    } letters[] = {{L'd', FILE_ATTRIBUTE_DIRECTORY}, {L'r', FILE_ATTRIBUTE_READONLY}, {L'h', FILE_ATTRIBUTE_HIDDEN},
                   {L's', FILE_ATTRIBUTE_SYSTEM},    {L'a', FILE_ATTRIBUTE_ARCHIVE},  {L'l', FILE_ATTRIBUTE_REPARSE_POINT},
                   {L'o', FILE_ATTRIBUTE_OFFLINE},   {L'i', FILE_ATTRIBUTE_NOT_CONTENT_INDEXED}};

    bool negative = false;

    if (*s == L':')
        s++;
    for (; *s; s++) {
        int i = 0;

        if (*s == L'-') {
            negative = true;
            continue;
        }
        while (i < 8 && letters[i].letter != (*s | 0x20))
            i++;
        if (i == 8)
            return false;
        *(negative ? must_not : must) |= letters[i].bit;
        negative = false;
    }
    return true;
}

static void delete_matching(deleting *d, const wchar_t *pattern)
{
    size_t before = mark();

    for (names *n = find_all(pattern); n && !cmd.interrupted; n = n->next) {
        if (n->attributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        if (d->chosen ? (n->attributes & d->must) != d->must || n->attributes & d->must_not
                      : n->attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM))
            continue;
        if (d->prompt && ask(format(L"%s, Delete (Y/N)? ", full_path(n->path)), L"YN") != L'Y') {
            d->deleted++;
            continue;
        }
        if (n->attributes & FILE_ATTRIBUTE_READONLY && d->force)
            SetFileAttributesW(n->path, FILE_ATTRIBUTE_NORMAL);
        d->deleted++;
        if (DeleteFileW(n->path)) {
            if (d->tree)
                outf(L"Deleted file - %s\r\n", full_path(n->path));
        } else {
            errf(L"%s\r\n%s\r\n", full_path(n->path), error_text(GetLastError()));
        }
    }
    if (d->tree)
        for (names *n = find_all(join(folder_of(pattern), L"*")); n && !cmd.interrupted; n = n->next)
            if (n->attributes & FILE_ATTRIBUTE_DIRECTORY && !(n->attributes & FILE_ATTRIBUTE_REPARSE_POINT))
                delete_matching(d, join_path(n->path, name_of(pattern)));
    release(before);
}

int builtin_del(const wchar_t *arguments)
{
    deleting d = {0};
    const wchar_t *p = arguments;
    bool any = false;
    wchar_t *word;
    int code = 0;

    while (*(p = next_argument(p, &word)) || *word) {
        if (*word != L'/')
            any = true;
        else if (is_switch(word, L'p'))
            d.prompt = true;
        else if (is_switch(word, L'f'))
            d.force = true;
        else if (is_switch(word, L's'))
            d.tree = true;
        else if (is_switch(word, L'q'))
            d.quiet = true;
        else if (is_switch(word, L'a') && read_attributes(word + 2, &d.must, &d.must_not))
            d.chosen = true;
        else
            return bad_switch(word);
    }
    if (!any)
        return syntax_error();
    cmd.files_changed = true;
    for (p = arguments; *(p = next_argument(p, &word)) || *word;) {
        wchar_t *pattern = strip_quotes(word);

        if (*word == L'/')
            continue;
        if (is_directory(pattern))
            pattern = join_path(pattern, L"*");
        if (!d.quiet && !d.prompt && (same(name_of(pattern), L"*") || same(name_of(pattern), L"*.*")) &&
            ask(format(L"%s, Are you sure (Y/N)? ", full_path(pattern)), L"YN") != L'Y')
            continue;
        d.deleted = 0;
        delete_matching(&d, pattern);
        if (!d.deleted) {
            if (!is_directory(folder_of(full_path(pattern)))) {
                print_error(ERROR_PATH_NOT_FOUND);
                code = 1;
            } else {
                errf(L"Could Not Find %s\r\n", full_path(pattern));
            }
        }
    }
    return code;
}

/* ---- REN, MOVE --------------------------------------------------------------------------------------------------------------------------- */

/* The new name: `*` and `?` of the pattern take over what stands there in the old one. */
static wchar_t *renamed(const wchar_t *old, const wchar_t *pattern)
{
    text t = {0};
    const wchar_t *o = old;

    add(&t, L"", 0);
    for (; *pattern; pattern++) {
        if (*pattern == L'*') {
            wchar_t next = pattern[1];
            const wchar_t *end = next ? wcsrchr(o, next) : NULL;

            if (!next || !end)
                end = next == L'.' || !next ? o + wcslen(o) : o + wcslen(o);
            add(&t, o, (size_t)(end - o));
            o = end;
        } else if (*pattern == L'?') {
            if (*o && *o != L'.')
                add_char(&t, *o++);
        } else if (*pattern == L'.') {
            while (*o && *o != L'.')
                o++;
            if (*o)
                o++;
            add_char(&t, L'.');
        } else {
            add_char(&t, *pattern);
            if (*o && *o != L'.')
                o++;
        }
    }
    while (t.n && (t.p[t.n - 1] == L'.' || t.p[t.n - 1] == L' '))
        t.p[--t.n] = 0;
    return t.p;
}

int builtin_ren(const wchar_t *arguments)
{
    wchar_t *from, *to, *more;
    int code = 0;
    names *list;

    arguments = next_word(arguments, &from);
    arguments = next_word(arguments, &to);
    next_word(arguments, &more);
    from = strip_quotes(from);
    to = strip_quotes(to);
    if (!*from || !*to || *more || wcspbrk(to, L"\\/:"))
        return syntax_error();
    list = find_all(from);
    if (!list) {
        print_error(is_directory(folder_of(full_path(from))) ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND);
        return 1;
    }
    cmd.files_changed = true;
    for (; list; list = list->next) {
        wchar_t *target;

        if (has_wildcard(from) && list->attributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        target = join(folder_of(list->path), renamed(name_of(list->path), to));
        if (!MoveFileW(list->path, target)) {
            DWORD error = GetLastError();

            if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS)
                err(L"A duplicate file name exists, or the file\r\ncannot be found.\r\n");
            else
                print_error(error);
            code = 1;
        }
    }
    return code;
}

/* Whether to write over a file; asks unless /Y was said. `all` remembers an answer. */
bool may_overwrite(const wchar_t *path, bool yes, bool *all)
{
    if (yes || *all || !exists(path))
        return true;
    switch (ask(format(L"Overwrite %s? (Yes/No/All): ", path), L"YNA")) {
    case L'A':
        *all = true;
        return true;
    case L'Y':
        return true;
    }
    return false;
}

/* COPYCMD and being inside a batch file stand for /Y. */
bool overwrites_unasked(void)
{
    wchar_t *preset = get_env(L"COPYCMD");

    if (preset && find_text(preset, L"/-y"))
        return false;
    return cmd.batch || !cmd.interactive || (preset && find_text(preset, L"/y"));
}

int builtin_move(const wchar_t *arguments)
{
    wchar_t *word, *from = NULL, *to = NULL;
    bool yes = overwrites_unasked(), all = false;
    int files = 0, folders = 0, code = 0;
    names *list;

    while (*(arguments = next_argument(arguments, &word)) || *word) {
        if (same(word, L"/y"))
            yes = true;
        else if (same(word, L"/-y"))
            yes = false;
        else if (*word == L'/')
            return bad_switch(word);
        else if (!from)
            from = strip_quotes(word);
        else if (!to)
            to = strip_quotes(word);
        else
            return syntax_error();
    }
    if (!from)
        return syntax_error();
    if (!to)
        to = L".";
    list = find_all(from);
    if (!list) {
        print_error(is_directory(folder_of(full_path(from))) ? ERROR_FILE_NOT_FOUND : ERROR_PATH_NOT_FOUND);
        return 1;
    }
    cmd.files_changed = true;
    for (; list && !cmd.interrupted; list = list->next) {
        bool folder = list->attributes & FILE_ATTRIBUTE_DIRECTORY;
        wchar_t *target = to;

        if (folder && has_wildcard(from))
            continue;
        if (is_directory(to) && !(folder && same(full_path(to), full_path(list->path))))
            target = join_path(to, name_of(list->path));
        if (!folder && exists(target) && !same(full_path(target), full_path(list->path))) {
            if (!may_overwrite(full_path(target), yes, &all))
                continue;
        }
        if (has_wildcard(from))
            outf(L"%s\r\n", full_path(list->path));
        if (!MoveFileExW(list->path, target, MOVEFILE_COPY_ALLOWED | (folder ? 0 : MOVEFILE_REPLACE_EXISTING))) {
            print_error(GetLastError());
            code = 1;
            continue;
        }
        if (folder)
            folders++;
        else
            files++;
    }
    if (folders && !files)
        outf(L"        %d dir(s) moved.\r\n", folders);
    else
        outf(L"        %d file(s) moved.\r\n", files);
    return code;
}

/* ---- MKLINK --------------------------------------------------------------------------------------------------------------------------------- */

static bool make_junction(const wchar_t *link, const wchar_t *target)
{
    struct {
        DWORD tag;
        WORD length, reserved;
        WORD substitute_offset, substitute_length, print_offset, print_length;
        wchar_t path[2 * 1024];
    } data;
    wchar_t *full = full_path(target), *native = join(L"\\??\\", full);
    size_t n = wcslen(native), m = wcslen(full);
    HANDLE handle;
    DWORD done;
    BOOL good;

    if (n + m > 2 * 1024 - 2) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return false;
    }
    if (!CreateDirectoryW(link, NULL))
        return false;
    handle = CreateFileW(link, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    memset(&data, 0, sizeof data);
    data.tag = IO_REPARSE_TAG_MOUNT_POINT;
    data.substitute_length = (WORD)(n * 2);
    data.print_offset = (WORD)(n * 2 + 2);
    data.print_length = (WORD)(m * 2);
    data.length = (WORD)(8 + (n + m + 2) * 2);
    memcpy(data.path, native, n * 2);
    memcpy(data.path + n + 1, full, m * 2);
    good = handle != INVALID_HANDLE_VALUE &&
           DeviceIoControl(handle, 0x900A4 /* FSCTL_SET_REPARSE_POINT */, &data, data.length + 8u, NULL, 0, &done, NULL);
    if (!good) {
        DWORD error = GetLastError();

        if (handle != INVALID_HANDLE_VALUE)
            CloseHandle(handle);
        RemoveDirectoryW(link);
        SetLastError(error);
        return false;
    }
    CloseHandle(handle);
    return true;
}

int builtin_mklink(const wchar_t *arguments)
{
    wchar_t *word, *link = NULL, *target = NULL, kind = 0;
    bool done;

    while (*(arguments = next_argument(arguments, &word)) || *word) {
        if (*word == L'/') {
            kind = word[1] | 0x20;
            if (!wcschr(L"dhj", kind))
                return bad_switch(word);
        } else if (!link) {
            link = strip_quotes(word);
        } else if (!target) {
            target = strip_quotes(word);
        } else {
            return syntax_error();
        }
    }
    if (!link || !target)
        return syntax_error();
    if (kind == L'h')
        done = CreateHardLinkW(link, target, NULL);
    else if (kind == L'j')
        done = make_junction(link, target);
    else
        done = CreateSymbolicLinkW(link, target, (kind == L'd' ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0) |
                                                     2 /* SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE */);
    if (!done) {
        print_error(GetLastError());
        return 1;
    }
    outf(kind == L'h'   ? L"Hardlink created for %s <<===>> %s\r\n"
         : kind == L'j' ? L"Junction created for %s <<===>> %s\r\n"
                        : L"symbolic link created for %s <<===>> %s\r\n", link, target);
    return 0;
}
