/* whoami: the user's name. */
#include "tool.h"

int tool(int count, wchar_t **words)
{
    wchar_t user[256], computer[256];
    DWORD user_room = 256, computer_room = 256;

    if (count > 1) {
        errf(L"ERROR: Invalid argument/option - '%s'.\r\nType \"WHOAMI /?\" for usage.\r\n", words[1]);
        return 1;
    }
    if (!GetUserNameW(user, &user_room) || !GetComputerNameW(computer, &computer_room)) {
        print_error(GetLastError());
        return 1;
    }
    for (wchar_t *p = user; *p; p++)
        *p = towlower(*p);
    for (wchar_t *p = computer; *p; p++)
        *p = towlower(*p);
    outf(L"%s\\%s\r\n", computer, user);
    return 0;
}
