/* Changes the resources of the program it is given and reads them back; tests/test_update_resource.py runs it. */
#include <windows.h>
#include <stdio.h>
#define SHOW(e) printf("%s: %lld\n", #e, (long long)(e))
#define CHECK(e) do { SetLastError(0); long long v = (long long)(e); printf("%s: %d %lu\n", #e, v != 0, GetLastError()); } while (0)
static char big[300000];
int main(int n, char **a)
{
    const char *file = a[1];
    HANDLE h, text;
    for (int i = 0; i < sizeof big; i++)
        big[i] = (char)(i % 250);
    CHECK(BeginUpdateResourceA("nothing.exe", FALSE));
    CHECK(BeginUpdateResourceA("nothing.exe", TRUE));
    CHECK(BeginUpdateResourceA("text.txt", FALSE));
    CHECK(text = BeginUpdateResourceA("text.txt", TRUE)); /* looked at when it is written */
    CHECK(UpdateResourceA(text, (char *)10, (char *)1, 0, "x", 1));
    CHECK(EndUpdateResourceA(text, FALSE));
    CHECK(BeginUpdateResourceA(".", FALSE));
    CHECK(UpdateResourceA(0, (char *)10, (char *)1, 0, "x", 1));
    CHECK(EndUpdateResourceA(0, FALSE));
    h = BeginUpdateResourceA(file, FALSE);
    SHOW(h != 0);
    CHECK(UpdateResourceA(h, (char *)10, (char *)1, 0x409, "hello", 5));
    CHECK(UpdateResourceA(h, (char *)10, (char *)1, 0x407, "hallo!", 6));
    CHECK(UpdateResourceW(h, L"MyType", L"my name", 0, "named", 5));
    CHECK(UpdateResourceW(h, L"#10", L"#77", 0, "numbered", 8));
    CHECK(UpdateResourceA(h, (char *)10, (char *)5, 0x409, 0, 0));
    CHECK(UpdateResourceA(h, (char *)10, (char *)6, 0x409, "x", 0));
    CHECK(EndUpdateResourceA(h, FALSE));
    CHECK(EndUpdateResourceA(h, FALSE));
    HMODULE m = LoadLibraryExA(file, 0, LOAD_LIBRARY_AS_DATAFILE);
    SHOW(m != 0);
    HRSRC r = FindResourceA(m, "MY NAME", "mytype");
    SHOW(r != 0); SHOW(SizeofResource(m, r)); printf("%.5s\n", (char *)LockResource(LoadResource(m, r)));
    r = FindResourceExA(m, (char *)10, (char *)1, 0x407);
    SHOW(r != 0); SHOW(SizeofResource(m, r)); printf("%.6s\n", (char *)LockResource(LoadResource(m, r)));
    r = FindResourceA(m, (char *)77, (char *)10); SHOW(r != 0);
    SHOW(FreeLibrary(m));
    /* busy */
    h = BeginUpdateResourceA(file, FALSE);
    HANDLE f = CreateFileA(file, GENERIC_READ, 0, 0, OPEN_EXISTING, 0, 0);
    CHECK(EndUpdateResourceA(h, FALSE));
    CloseHandle(f);
    f = CreateFileA(file, GENERIC_READ, 0, 0, OPEN_EXISTING, 0, 0);
    CHECK(BeginUpdateResourceA(file, FALSE));
    CloseHandle(f);
    h = BeginUpdateResourceA(file, FALSE);
    CHECK(UpdateResourceA(h, (char *)10, (char *)1, 0x407, 0, 0));
    CHECK(UpdateResourceA(h, (char *)10, (char *)1, 0x407, 0, 0));
    CHECK(UpdateResourceA(h, (char *)10, "BIG", 0, big, sizeof big));
    CHECK(EndUpdateResourceA(h, TRUE));
    h = BeginUpdateResourceA(file, FALSE);
    CHECK(UpdateResourceA(h, (char *)10, "BIG", 0, big, sizeof big));
    CHECK(EndUpdateResourceA(h, FALSE));
    SetFileAttributesA(file, FILE_ATTRIBUTE_READONLY);
    CHECK(h = BeginUpdateResourceA(file, FALSE));
    CHECK(EndUpdateResourceA(h, FALSE));
    SetFileAttributesA(file, FILE_ATTRIBUTE_NORMAL);
    return 0;
}
