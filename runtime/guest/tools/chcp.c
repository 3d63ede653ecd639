/* chcp: the console's code page. */
#include "tool.h"

int tool(int count, wchar_t **words)
{
    wchar_t *end;
    long page;

    if (count < 2) {
        outf(L"Active code page: %u\r\n", output_page());
        return 0;
    }
    page = wcstol(words[1], &end, 10);
    if (end == words[1] || *end) {
        errf(L"Parameter format not correct - %s\r\n", words[1]);
        return 1;
    }
    if (!IsValidCodePage((UINT)page) || !SetConsoleCP((UINT)page) || !SetConsoleOutputCP((UINT)page)) {
        err(L"Invalid code page\r\n");
        return 1;
    }
    outf(L"Active code page: %u\r\n", (unsigned)page);
    return 0;
}
