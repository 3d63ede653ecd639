/* Standard input that is a file of the host. */
#include "common.h"

int main(void)
{
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    BY_HANDLE_FILE_INFORMATION info;
    LARGE_INTEGER size;
    char text[8];
    DWORD done;
    SHOW(GetFileInformationByHandle(in, &info)); SHOW(info.nFileSizeLow); SHOW(info.dwFileAttributes);
    SHOW(GetFileSizeEx(in, &size)); SHOW(size.QuadPart); SHOW(SetFilePointer(in, 2, NULL, FILE_BEGIN));
    SHOW(ReadFile(in, text, 8, &done, NULL)); SHOW(done); SHOW(text[0]);
    SHOW(ReadFile(in, text, 8, &done, NULL)); SHOW(done);
    return 0;
}
