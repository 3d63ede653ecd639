/* attrib: shows and changes the attributes of files. */
#include "tool.h"

static const struct {
    wchar_t letter;
    DWORD bit;
    int column;
} letters[] = {{L'A', FILE_ATTRIBUTE_ARCHIVE, 0}, {L'S', FILE_ATTRIBUTE_SYSTEM, 3},
               {L'H', FILE_ATTRIBUTE_HIDDEN, 4},  {L'R', FILE_ATTRIBUTE_READONLY, 5},
               {L'O', FILE_ATTRIBUTE_OFFLINE, 7}, {L'I', FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, 8}};

static DWORD set, clear;
static bool tree, folders_too;
static int found, code;

static void one(const wchar_t *path, DWORD attributes)
{
    wchar_t columns[22];

    found++;
    if (set || clear) {
        DWORD now = (attributes | set) & ~clear & ~(DWORD)FILE_ATTRIBUTE_DIRECTORY;

        /* Hidden and system files change only when that is said too. */
        if ((attributes & FILE_ATTRIBUTE_HIDDEN && !((set | clear) & FILE_ATTRIBUTE_HIDDEN)) ||
            (attributes & FILE_ATTRIBUTE_SYSTEM && !((set | clear) & FILE_ATTRIBUTE_SYSTEM))) {
            outf(attributes & FILE_ATTRIBUTE_SYSTEM ? L"Not resetting system file - %s\r\n"
                                                    : L"Not resetting hidden file - %s\r\n", full_path(path));
            return;
        }
        if (!SetFileAttributesW(path, now ? now : FILE_ATTRIBUTE_NORMAL)) {
            errf(L"%s - %s\r\n", error_text(GetLastError()), full_path(path));
            code = 1;
        }
        return;
    }
    for (int i = 0; i < 21; i++)
        columns[i] = L' ';
    columns[21] = 0;
    for (int i = 0; i < 6; i++)
        if (attributes & letters[i].bit)
            columns[letters[i].column] = letters[i].letter;
    outf(L"%s%s\r\n", columns, full_path(path));
}

static void all(const wchar_t *folder, const wchar_t *name)
{
    size_t before = mark();
    WIN32_FIND_DATAW data;
    HANDLE find = FindFirstFileW(join(folder, name), &data);
    bool wild = wcspbrk(name, L"*?") != NULL;

    if (find != INVALID_HANDLE_VALUE) {
        do {
            if (same(data.cFileName, L".") || same(data.cFileName, L".."))
                continue;
            if (!(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || folders_too || !wild)
                one(join(folder, data.cFileName), data.dwFileAttributes);
        } while (FindNextFileW(find, &data));
        FindClose(find);
    }
    if (tree && (find = FindFirstFileW(join(folder, L"*"), &data)) != INVALID_HANDLE_VALUE) {
        do
            if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY && !same(data.cFileName, L".") &&
                !same(data.cFileName, L".."))
                all(format(L"%s%s\\", folder, data.cFileName), name);
        while (FindNextFileW(find, &data));
        FindClose(find);
    }
    release(before);
}

int tool(int count, wchar_t **words)
{
    const wchar_t *names[64];
    int name_count = 0;

    for (int i = 1; i < count; i++) {
        wchar_t *word = words[i];

        if ((*word == L'+' || *word == L'-') && word[1] && !word[2]) {
            int n = 0;

            while (n < 6 && letters[n].letter != (word[1] & ~0x20))
                n++;
            if (n == 6) {
                errf(L"Parameter format not correct - %s\r\n", word);
                return 1;
            }
            *(*word == L'+' ? &set : &clear) |= letters[n].bit;
        } else if (is_option(word, L"s")) {
            tree = true;
        } else if (is_option(word, L"d")) {
            folders_too = true;
        } else if (*word == L'/' && !is_option(word, L"l")) {
            errf(L"Invalid switch - %s\r\n", word);
            return 1;
        } else if (name_count < 64) {
            names[name_count++] = word;
        }
    }
    if (!name_count)
        names[name_count++] = L"*";
    for (int i = 0; i < name_count; i++) {
        wchar_t *folder = folder_part(names[i]);

        found = 0;
        all(folder, names[i] + wcslen(folder));
        if (!found) {
            outf(L"File not found - %s\r\n", names[i]);
            code = 1;
        }
    }
    return code;
}
