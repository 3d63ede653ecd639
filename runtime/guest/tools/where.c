/* where: files along the path. */
#include "tool.h"

typedef struct options {
    bool quiet, quoted, times;
    int found;
} options;

static void show(options *o, const wchar_t *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;

    o->found++;
    if (o->quiet)
        return;
    if (o->times && GetFileAttributesExW(path, GetFileExInfoStandard, &data)) {
        text t = {0};

        add_file_time(&t, &data.ftLastWriteTime, L"   ");
        outf(L"%10llu   %s  ", (unsigned long long)data.nFileSizeHigh << 32 | data.nFileSizeLow, t.p);
    }
    outf(o->quoted ? L"\"%s\"\r\n" : L"%s\r\n", path);
}

/* Whether the file is what the pattern means: as it stands, or with an extension of PATHEXT. */
static bool is_meant(const wchar_t *name, const wchar_t *pattern, const wchar_t *extensions)
{
    const wchar_t *dot = wcsrchr(name, L'.');

    if (matches(name, pattern))
        return true;
    if (!dot || !*pattern || wcschr(pattern, L'*'))
        return false;
    while (extensions && *extensions) {
        size_t n = wcscspn(extensions, L";");

        if (n && same(dot, copy_n(extensions, n)) && matches(copy_n(name, (size_t)(dot - name)), pattern))
            return true;
        extensions += n;
        if (*extensions)
            extensions++;
    }
    return false;
}

static void search(options *o, const wchar_t *folder, const wchar_t *pattern, const wchar_t *extensions, bool tree)
{
    size_t before = mark();
    WIN32_FIND_DATAW data;
    bool wide = wcspbrk(pattern, L"*?") != NULL;
    HANDLE find = FindFirstFileW(path_in(folder, tree || wide ? L"*" : join(pattern, L"*")), &data);

    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        wchar_t *path = path_in(folder, data.cFileName);

        if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
            if (is_meant(data.cFileName, pattern, extensions))
                show(o, path);
        } else if (tree && !same(data.cFileName, L".") && !same(data.cFileName, L"..")) {
            search(o, path, pattern, extensions, true);
        }
    } while (FindNextFileW(find, &data));
    FindClose(find);
    release(before);
}

static void search_list(options *o, const wchar_t *list, const wchar_t *pattern, const wchar_t *extensions)
{
    while (list && *list) {
        size_t n = wcscspn(list, L";"), length = n;

        if (length > 1 && list[0] == L'"')
            search(o, full_path(copy_n(list + 1, length - 2)), pattern, extensions, false);
        else if (length)
            search(o, full_path(copy_n(list, length)), pattern, extensions, false);
        list += n;
        if (*list)
            list++;
    }
}

int tool(int count, wchar_t **words)
{
    options o = {0};
    const wchar_t *root = NULL;
    wchar_t *extensions = get_env(L"PATHEXT"), *path = get_env(L"PATH");
    int first = 1, missing = 0;

    for (; first < count && *words[first] == L'/'; first++) {
        if (is_option(words[first], L"q")) {
            o.quiet = true;
        } else if (is_option(words[first], L"f")) {
            o.quoted = true;
        } else if (is_option(words[first], L"t")) {
            o.times = true;
        } else if (is_option(words[first], L"r") && first + 1 < count) {
            root = words[++first];
        } else if (is_option(words[first], L"?")) {
            out(L"WHERE [/R dir] [/Q] [/F] [/T] pattern...\r\n\r\nDescription:\r\n    Displays the location of files that match "
                L"the search pattern.\r\n    By default, the search is done along the current directory and\r\n    in the paths "
                L"specified by the PATH environment variable.\r\n");
            return 0;
        } else {
            errf(L"ERROR: Invalid argument or option - '%s'.\r\nType \"WHERE /?\" for usage help.\r\n", words[first]);
            return 2;
        }
    }
    if (first >= count) {
        err(L"ERROR: The syntax of the command is incorrect.\r\nType \"WHERE /?\" for usage help.\r\n");
        return 2;
    }
    for (int i = first; i < count; i++) {
        wchar_t *word = words[i], *colon = wcschr(word, L':');
        int before = o.found;

        if (root) {
            search(&o, full_path(root), word, extensions, true);
        } else if (*word == L'$' && colon) {
            wchar_t *value;

            *colon = 0;
            value = get_env(word + 1);
            search_list(&o, value, colon + 1, extensions);
        } else if (colon || wcschr(word, L'\\')) {
            colon = wcsrchr(word, L':');
            if (!colon) {
                errf(L"ERROR: Invalid pattern is specified in \"path:pattern\".\r\n");
                return 2;
            }
            *colon = 0;
            search_list(&o, word, colon + 1, extensions);
        } else {
            search(&o, current_directory(), word, extensions, false);
            search_list(&o, path, word, extensions);
        }
        if (o.found == before) {
            missing = 1;
            if (!o.quiet)
                err(L"INFO: Could not find files for the given pattern(s).\r\n");
        }
    }
    return o.found && !missing ? 0 : 1;
}
