/* DIR. */
#include "cmd.h"

typedef struct entry {
    WIN32_FIND_DATAW data;
    unsigned long long size;
} entry;

typedef struct listing {
    bool bare, tree, wide, column, lower, pause, owner, short_names, no_commas, streams;
    DWORD must, must_not;
    bool chosen; /* /A */
    wchar_t order[8];
    bool backward[8];
    int orders;
    wchar_t time_field;
    unsigned long long all_files, all_bytes, all_folders;
    bool any;
    int lines;
} listing;

static const listing *sorting; /* for qsort */

static const FILETIME *time_of(const listing *l, const WIN32_FIND_DATAW *d)
{
    return l->time_field == L'c' ? &d->ftCreationTime : l->time_field == L'a' ? &d->ftLastAccessTime : &d->ftLastWriteTime;
}

static const wchar_t *extension(const wchar_t *name)
{
    const wchar_t *dot = wcsrchr(name, L'.');

    return dot ? dot : L"";
}

static int compare(const void *left, const void *right)
{
    const entry *a = *(const entry *const *)left, *b = *(const entry *const *)right;

    for (int i = 0; i < sorting->orders; i++) {
        int order = 0;

        switch (sorting->order[i]) {
        case L'n':
            order = CompareStringW(LOCALE_USER_DEFAULT, NORM_IGNORECASE | SORT_STRINGSORT, a->data.cFileName, -1,
                                   b->data.cFileName, -1) - CSTR_EQUAL;
            break;
        case L'e':
            order = compare_text(extension(a->data.cFileName), extension(b->data.cFileName));
            break;
        case L's':
            order = a->size < b->size ? -1 : a->size > b->size;
            break;
        case L'd':
            order = CompareFileTime(time_of(sorting, &a->data), time_of(sorting, &b->data));
            break;
        case L'g':
            order = !(a->data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) -
                    !(b->data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
            break;
        }
        if (order)
            return sorting->backward[i] ? -order : order;
    }
    return 0;
}

static wchar_t *lower(const listing *l, const wchar_t *name)
{
    wchar_t *result = copy(name);

    for (wchar_t *p = result; l->lower && *p; p++)
        *p = towlower(*p);
    return result;
}

static bool wanted(const listing *l, DWORD attributes)
{
    if (!l->chosen)
        return !(attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM));
    return (attributes & l->must) == l->must && !(attributes & l->must_not);
}

static void line(listing *l, const wchar_t *s)
{
    out(s);
    out(L"\r\n");
    if (l->pause && ++l->lines % 23 == 0) {
        builtin_pause(L"");
    }
}

/* Where a link leads, in brackets. */
static void add_link_target(text *t, const wchar_t *path)
{
    union {
        struct {
            DWORD tag;
            WORD length, reserved;
            WORD substitute_offset, substitute_length, print_offset, print_length;
        };
        BYTE bytes[4096];
    } data;
    DWORD n, head;
    HANDLE link = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (link == INVALID_HANDLE_VALUE)
        return;
    if (DeviceIoControl(link, 0x900A8 /* FSCTL_GET_REPARSE_POINT */, NULL, 0, &data, sizeof data, &n, NULL) && n > 20) {
        head = data.tag == IO_REPARSE_TAG_SYMLINK ? 20 : 16;
        if (head + data.print_offset + data.print_length <= n)
            add_format(t, L" [%s]", copy_n((wchar_t *)(data.bytes + head + data.print_offset), data.print_length / 2));
    }
    CloseHandle(link);
}

static void show(listing *l, const wchar_t *folder, const entry *e)
{
    const WIN32_FIND_DATAW *d = &e->data;
    wchar_t *name = lower(l, d->cFileName);
    text t = {0};

    if (l->bare) {
        line(l, l->tree ? join_path(folder, name) : name);
        return;
    }
    add_file_time(&t, time_of(l, d), L"  ");
    if (d->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT && d->dwReserved0 == IO_REPARSE_TAG_MOUNT_POINT)
        add_format(&t, L"    %-14s", L"<JUNCTION>");
    else if (d->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT && d->dwReserved0 == IO_REPARSE_TAG_SYMLINK)
        add_format(&t, L"    %-14s", d->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? L"<SYMLINKD>" : L"<SYMLINK>");
    else if (d->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        add_format(&t, L"    %-14s", L"<DIR>");
    else
        add_format(&t, L"%18s", l->no_commas ? format(L"%llu", e->size) : with_commas(e->size));
    add_char(&t, L' ');
    if (l->short_names)
        add_format(&t, L"%-12s ", d->cAlternateFileName);
    if (l->owner)
        add_format(&t, L"%-23s", L"...");
    add_string(&t, name);
    if (d->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        add_link_target(&t, join_path(folder, d->cFileName));
    line(l, t.p);
}

static void show_wide(listing *l, entry **list, int count)
{
    size_t widest = 0, columns;

    for (int i = 0; i < count; i++) {
        size_t n = wcslen(list[i]->data.cFileName) + (list[i]->data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? 2 : 0);

        widest = n > widest ? n : widest;
    }
    widest += 2;
    columns = 80 / widest ? 80 / widest : 1;
    size_t rows = ((size_t)count + columns - 1) / columns;

    for (size_t row = 0; row < rows; row++) {
        text t = {0};

        for (size_t column = 0; column < columns; column++) {
            size_t i = l->column ? column * rows + row : row * columns + column;
            wchar_t *name;

            if (i >= (size_t)count)
                break;
            name = lower(l, list[i]->data.cFileName);
            if (list[i]->data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                name = format(L"[%s]", name);
            add_string(&t, name);
            if (column + 1 < columns)
                for (size_t n = wcslen(name); n < widest; n++)
                    add_char(&t, L' ');
        }
        line(l, t.p);
    }
}

static void totals(listing *l, unsigned long long files, unsigned long long bytes)
{
    line(l, format(L"%16llu File(s) %14s bytes", files, l->no_commas ? format(L"%llu", bytes) : with_commas(bytes)));
}

/* One folder; `pattern` is the last part of what was asked for. */
static void list_folder(listing *l, const wchar_t *folder, const wchar_t *pattern)
{
    size_t before = mark();
    unsigned long long files = 0, bytes = 0, folders = 0;
    int count = 0, room = 64;
    entry **list = take((size_t)room * sizeof *list);
    WIN32_FIND_DATAW found;
    HANDLE find;
    bool root = wcslen(folder) <= 3;

    find = FindFirstFileW(join_path(folder, pattern), &found);
    if (find != INVALID_HANDLE_VALUE) {
        do {
            bool dots = same(found.cFileName, L".") || same(found.cFileName, L"..");

            if (!wanted(l, found.dwFileAttributes) || (dots && (l->bare || root)))
                continue;
            if (count == room) {
                entry **more = take((size_t)room * 2 * sizeof *more);

                memcpy(more, list, (size_t)room * sizeof *more);
                list = more;
                room *= 2;
            }
            list[count] = take(sizeof **list);
            list[count]->data = found;
            list[count]->size = (unsigned long long)found.nFileSizeHigh << 32 | found.nFileSizeLow;
            count++;
        } while (FindNextFileW(find, &found));
        FindClose(find);
    }
    if (count) {
        l->any = true;
        if (l->orders) {
            void qsort(void *, size_t, size_t, int (*)(const void *, const void *));

            sorting = l;
            qsort(list, (size_t)count, sizeof *list, compare);
        }
        if (!l->bare) {
            line(l, format(L" Directory of %s", folder));
            line(l, L"");
        }
        if (l->wide && !l->bare)
            show_wide(l, list, count);
        for (int i = 0; i < count && !stopped() && !output_failed; i++) {
            size_t inner = mark();

            if (list[i]->data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
                folders++;
            } else {
                files++;
                bytes += list[i]->size;
            }
            if (!l->wide || l->bare)
                show(l, folder, list[i]);
            release(inner);
        }
        if (!l->bare) {
            totals(l, files, bytes);
            if (l->tree)
                line(l, L"");
        }
    }
    l->all_files += files;
    l->all_bytes += bytes;
    l->all_folders += folders;
    if (l->tree) {
        find = FindFirstFileW(join_path(folder, L"*"), &found);
        if (find != INVALID_HANDLE_VALUE) {
            /* Collected first: a folder at a time is open. */
            struct below {
                struct below *next;
                wchar_t *path;
            } *first = NULL, **end = &first;

            do {
                if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || same(found.cFileName, L".") ||
                    same(found.cFileName, L"..") || found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
                    continue;
                if (!l->chosen && found.dwFileAttributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM))
                    continue;
                *end = take(sizeof **end);
                (*end)->next = NULL;
                (*end)->path = join_path(folder, found.cFileName);
                end = &(*end)->next;
            } while (FindNextFileW(find, &found));
            FindClose(find);
            for (; first && !stopped() && !output_failed; first = first->next)
                list_folder(l, first->path, pattern);
        }
    }
    release(before);
}

static bool read_order(listing *l, const wchar_t *s)
{
    bool backward = false;

    l->orders = 0;
    if (*s == L':')
        s++;
    if (!*s)
        s = L"gn";
    for (; *s; s++) {
        if (*s == L'-') {
            backward = true;
            continue;
        }
        if (!wcschr(L"nesdg", *s | 0x20) || l->orders == 8)
            return false;
        l->order[l->orders] = *s | 0x20;
        l->backward[l->orders++] = backward;
        backward = false;
    }
    return true;
}

static bool read_switch(listing *l, const wchar_t *s)
{
    bool on = *s != L'-';

    if (!on)
        s++;
    switch (*s | 0x20) {
    case L'a': {
        static const wchar_t letters[] = L"drhsalo";
        static const DWORD bits[] = {FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_HIDDEN,
                                     FILE_ATTRIBUTE_SYSTEM, FILE_ATTRIBUTE_ARCHIVE, FILE_ATTRIBUTE_REPARSE_POINT,
                                     FILE_ATTRIBUTE_OFFLINE};
        bool negative = false;

        l->chosen = on;
        l->must = l->must_not = 0;
        if (*++s == L':')
            s++;
        for (; *s; s++) {
            const wchar_t *letter = wcschr(letters, *s | 0x20);

            if (*s == L'-') {
                negative = true;
                continue;
            }
            if ((*s | 0x20) == L'i')
                continue;
            if (!letter || !*letter)
                return false;
            *(negative ? &l->must_not : &l->must) |= bits[letter - letters];
            negative = false;
        }
        return true;
    }
    case L'o':
        if (!on) {
            l->orders = 0;
            return true;
        }
        return read_order(l, s + 1);
    case L't':
        s++;
        if (*s == L':')
            s++;
        l->time_field = *s | 0x20;
        return wcschr(L"caw", l->time_field) != NULL;
    case L'b': l->bare = on; break;
    case L's': l->tree = on; break;
    case L'w': l->wide = on; break;
    case L'd': l->wide = l->column = on; break;
    case L'l': l->lower = on; break;
    case L'p': l->pause = on; break;
    case L'q': l->owner = on; break;
    case L'x': l->short_names = on; break;
    case L'c': l->no_commas = !on; break;
    case L'n': case L'4': break;
    default: return false;
    }
    return !s[1];
}

static int bad_switch(const wchar_t *word)
{
    errf(L"Invalid switch - \"%s\".\r\n", word);
    return 1;
}

/* Where a listing starts and for which names; what is a folder means everything in it. */
static void split(const wchar_t *word, wchar_t **folder, wchar_t **pattern)
{
    wchar_t *plain = strip_quotes(word), *path = full_path(*plain ? plain : L".");
    size_t n = wcslen(path), m = wcslen(plain);

    if (!has_wildcard(plain) && (is_directory(path) || (m && plain[m - 1] == L'\\'))) {
        if (n > 3 && path[n - 1] == L'\\')
            path[n - 1] = 0;
        *folder = path;
        *pattern = L"*";
        return;
    }
    *folder = folder_of(path);
    n = wcslen(*folder);
    if (n > 3)
        (*folder)[n - 1] = 0;
    *pattern = copy(name_of(path));
    /* A last part that the path rules would change: *. and the like. */
    if (has_wildcard(plain))
        *pattern = copy(name_of(plain));
    if ((*pattern)[0] == L'.' && (*pattern)[1] && wcsrchr(*pattern, L'.') == *pattern && !exists(path))
        *pattern = join(L"*", *pattern);
}

static void header(listing *l, const wchar_t *folder)
{
    if (l->bare)
        return;
    if (folder[1] == L':')
        builtin_vol(copy_n(folder, 2));
    out(L"\r\n");
}

int builtin_dir(const wchar_t *arguments)
{
    listing l = {.time_field = L'w'};
    wchar_t *preset = get_env(L"DIRCMD"), *word, *folder, *pattern;
    const wchar_t *p;
    bool several = false, missing = false;
    wchar_t drive = 0;

    for (p = preset ? preset : L""; *(p = next_argument(p, &word)) || *word;)
        if (*word == L'/')
            read_switch(&l, word + 1);
    for (p = arguments; *(p = next_argument(p, &word)) || *word;)
        if (*word == L'/') {
            if (!read_switch(&l, word + 1))
                return bad_switch(word + 1);
        } else {
            several = true;
        }
    for (p = several ? arguments : L"."; *(p = next_argument(p, &word)) || *word;) {
        ULARGE_INTEGER room;

        if (*word == L'/')
            continue;
        split(word, &folder, &pattern);
        if (folder[0] != drive) {
            header(&l, folder);
            drive = folder[0];
        }
        l.any = false;
        if (!is_directory(folder)) {
            flush();
            print_error(ERROR_PATH_NOT_FOUND);
            missing = true;
            continue;
        }
        l.all_files = l.all_bytes = l.all_folders = 0;
        list_folder(&l, folder, pattern);
        if (!l.any) {
            if (!l.bare && !l.tree)
                outf(L" Directory of %s\r\n\r\n", folder);
            flush();
            err(L"File Not Found\r\n");
            missing = true;
            continue;
        }
        if (l.bare)
            continue;
        if (l.tree) {
            line(&l, L"     Total Files Listed:");
            totals(&l, l.all_files, l.all_bytes);
        }
        if (!GetDiskFreeSpaceExW(join_path(folder, L""), &room, NULL, NULL))
            room.QuadPart = 0;
        line(&l, format(L"%16llu Dir(s) %15s bytes free", l.all_folders,
                        l.no_commas ? format(L"%llu", room.QuadPart) : with_commas(room.QuadPart)));
    }
    return missing;
}
