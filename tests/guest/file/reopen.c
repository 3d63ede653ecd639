/* ReOpenFile and lists of volumes. */
#include "common.h"

int main(void)
{
    char volume[100];
    DWORD done;
    put("f", "abc");
    HANDLE first = open_file("f", GENERIC_READ, 7, OPEN_EXISTING), again = ReOpenFile(first, GENERIC_WRITE, 7, 0);
    SHOW(WriteFile(again, "X", 1, &done, NULL));
    TRY(WriteFile(first, "X", 1, &done, NULL));
    CloseHandle(again);
    CloseHandle(first);
    show_file("f");
    HANDLE search = FindFirstVolumeA(volume, sizeof volume);
    SHOW(!strncmp(volume, "\\\\?\\Volume{", 11)); SHOW(volume[strlen(volume) - 1] == '\\');
    SHOW(FindVolumeClose(search));
    return 0;
}
