/* hostname: the computer's name. */
#include "tool.h"

int tool(int count, wchar_t **words)
{
    wchar_t name[256];
    DWORD room = 256;

    if (count > 1 && !is_option(words[1], L"?")) {
        err(L"sethostname: Use the Network Control Panel Applet to set hostname.\r\nhostname -s is not supported.\r\n");
        return 1;
    }
    if (!GetComputerNameExW(ComputerNameDnsHostname, name, &room)) {
        print_error(GetLastError());
        return 1;
    }
    outf(L"%s\r\n", name);
    return 0;
}
