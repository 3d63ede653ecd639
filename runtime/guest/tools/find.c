/* find: lines that hold a string. */
#include "tool.h"

typedef struct options {
    bool invert, count, number, fold, offline;
} options;

static unsigned search(const wchar_t *what, wchar_t *text, const options *o)
{
    line_list list = split_lines(text);
    unsigned found = 0;

    for (size_t i = 0; i < list.count && !output_failed; i++) {
        const wchar_t *line = list.lines[i];
        bool hit = *what && (o->fold ? find_text(line, what) != NULL : wcsstr(line, what) != NULL);

        if (hit == o->invert)
            continue;
        found++;
        if (o->count)
            continue;
        if (o->number)
            outf(L"[%u]", (unsigned)i + 1);
        outf(L"%s\r\n", line);
    }
    return found;
}

int tool(int count, wchar_t **words)
{
    options o = {0};
    const wchar_t *what = NULL, *line = GetCommandLineW(), *quote;
    int files = 0;
    unsigned found = 0;
    bool failed = false;

    for (int i = 1; i < count; i++) {
        if (*words[i] == L'/' && words[i][1]) {
            for (const wchar_t *p = words[i]; *p == L'/'; p += 2) {
                switch (p[1] | 0x20) {
                case L'v': o.invert = true; break;
                case L'c': o.count = true; break;
                case L'n': o.number = true; break;
                case L'i': o.fold = true; break;
                case L'o': o.offline = true; break;
                case L'?' | 0x20:
                    out(L"Searches for a text string in a file or files.\r\n\r\nFIND [/V] [/C] [/N] [/I] [/OFF[LINE]] "
                        L"\"string\" [[drive:][path]filename[ ...]]\r\n");
                    return 0;
                default:
                    err(L"FIND: Invalid switch\r\n");
                    return 2;
                }
                if (o.offline)
                    break;
                if (!p[2])
                    break;
            }
        } else if (!what) {
            what = words[i];
        }
    }
    /* The string must stand in quotes. */
    quote = wcschr(line + (*line == L'"' ? wcscspn(line + 1, L"\"") + 2 : wcscspn(line, L" \t")), L'"');
    if (!what || !quote) {
        err(L"FIND: Parameter format not correct\r\n");
        return 2;
    }
    for (int i = 1, seen = 0; i < count; i++) {
        WIN32_FIND_DATAW data;
        HANDLE find;

        if (*words[i] == L'/' && words[i][1])
            continue;
        if (!seen++)
            continue;
        files++;
        find = FindFirstFileW(words[i], &data);
        if (find == INVALID_HANDLE_VALUE) {
            errf(L"File not found - %s\r\n", words[i]);
            failed = true;
            continue;
        }
        do {
            size_t before = mark();
            wchar_t *path = join(folder_part(words[i]), data.cFileName), *text, *upper;
            unsigned hits;

            if (data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
                continue;
            upper = copy(path);
            for (wchar_t *p = upper; *p; p++)
                *p = towupper(*p);
            text = read_text(path);
            if (!text) {
                errf(L"Access denied - %s\r\n", path);
                failed = true;
                continue;
            }
            outf(o.count ? L"\r\n---------- %s: " : L"\r\n---------- %s\r\n", upper);
            hits = search(what, text, &o);
            if (o.count)
                outf(L"%u\r\n", hits);
            found += hits;
            release(before);
        } while (FindNextFileW(find, &data));
        FindClose(find);
    }
    if (!files) {
        found = search(what, read_input(), &o);
        if (o.count)
            outf(L"%u\r\n", found);
    }
    return found ? 0 : failed ? 2 : 1;
}
