/* A program that runs cannot be overwritten or deleted, but renamed. */
#include "common.h"

int main(void)
{
    char path[MAX_PATH], moved[MAX_PATH];
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(moved, sizeof moved, "%s.old", path);
    TRY(keep(open_file(path, GENERIC_READ, 7, OPEN_EXISTING)));
    TRY(keep(open_file(path, GENERIC_WRITE, 7, OPEN_EXISTING)));
    TRY(keep(open_file(path, GENERIC_WRITE, 7, CREATE_ALWAYS)));
    TRY(DeleteFileA(path));
    TRY(MoveFileA(path, moved));
    put("new.exe", "x");
    TRY(MoveFileExA("new.exe", moved, MOVEFILE_REPLACE_EXISTING));
    TRY(MoveFileA(moved, path));
    return 0;
}
