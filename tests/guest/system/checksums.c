/* Checksums of executable files. */
#include <windows.h>
#include <imagehlp.h>
#include <stdio.h>
#include <stdlib.h>
#define SHOW(what) printf("%s: %#llx\n", #what, (unsigned long long)(what))
static void file(const char *name, const void *data, DWORD size)
{
    DWORD put; HANDLE f = CreateFileA(name, GENERIC_WRITE, 0, 0, CREATE_ALWAYS, 0, 0);
    WriteFile(f, data, size, &put, 0); CloseHandle(f);
}
static void sums(const char *name)
{
    DWORD stored = 77, real = 77, code = MapFileAndCheckSumA(name, &stored, &real);
    printf("%s: %lu %#lx %#lx\n", name, code, stored, real);           /* a failure leaves both as they were */
}
int main(void)
{
    char self[MAX_PATH], *data; DWORD stored, real, again, got, size; IMAGE_NT_HEADERS *nt; WCHAR wide[MAX_PATH];
    static unsigned char image[0x401] = "MZ";
    *(DWORD *)(image + 0x3c) = 0x80; memcpy(image + 0x80, "PE\0\0", 4); *(WORD *)(image + 0x84) = IMAGE_FILE_MACHINE_AMD64; *(WORD *)(image + 0x94) = 0xf0;
    *(WORD *)(image + 0x98) = 0x20b; *(DWORD *)(image + 0x80 + 88) = 0x12345678;
    for (int i = 0x200; i < 0x401; i++) image[i] = i * 7;
    file("tiny.bin", image, sizeof image); sums("tiny.bin");
    image[0x80 + 88] = 1; file("tiny.bin", image, sizeof image); sums("tiny.bin");              /* the stored one does not count */
    image[0x400] = 1; file("tiny.bin", image, sizeof image); sums("tiny.bin");
    file("empty.txt", "", 0); sums("empty.txt");
    sums("missing.exe");
    GetModuleFileNameA(0, self, MAX_PATH); GetModuleFileNameW(0, wide, MAX_PATH);
    HANDLE f = CreateFileA(self, GENERIC_READ, FILE_SHARE_READ, 0, OPEN_EXISTING, 0, 0); size = GetFileSize(f, 0);
    data = malloc(size); ReadFile(f, data, size, &got, 0);
    nt = CheckSumMappedFile(data, size, &stored, &real);
    SHOW(MapFileAndCheckSumW(wide, &got, &again)); SHOW(again == real); SHOW(got == stored); SHOW((char *)nt == data + *(DWORD *)(data + 0x3c));
    SHOW(ImageNtHeader(data) == nt); SHOW(CheckSumMappedFile("hello, world", 12, &stored, &real));
    return 0;
}
