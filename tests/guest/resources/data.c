/* Files loaded as data; tests/test_resources.py builds res.dll, which would print if it ran. */
#include <windows.h>
#include <stdio.h>
#define CHECK(e) do { SetLastError(0); int v = (e) != 0; printf("%s: %d %lu\n", #e, v, GetLastError()); } while (0)
static int count;
static BOOL CALLBACK on_type(HMODULE m, char *type, LONG_PTR p)
{
    if (IS_INTRESOURCE(type)) printf(" type %u\n", (unsigned)(ULONG_PTR)type); else printf(" type %s\n", type);
    return TRUE;
}
static BOOL CALLBACK on_name(HMODULE m, const char *type, char *name, LONG_PTR p)
{
    if (IS_INTRESOURCE(name)) printf(" name %u\n", (unsigned)(ULONG_PTR)name); else printf(" name %s\n", name);
    return ++count % 2;
}
static BOOL CALLBACK on_language(HMODULE m, const char *type, const char *name, WORD language, LONG_PTR p)
{
    printf(" language %x\n", language);
    return TRUE;
}
static void show(HMODULE module, int bits)
{
    char path[300], text[50] = "";
    printf("bits %d\n", (int)((ULONG_PTR)module & 3) == bits);
    HRSRC found = FindResourceA(module, (char *)7, (char *)10);
    DWORD size = SizeofResource(module, found);
    printf("%.*s\n", (int)size, (char *)LockResource(LoadResource(module, found)));
    printf("string %d %s\n", LoadStringA(module, 3, text, 50), text);
    CHECK(GetProcAddress(module, "exported"));
    CHECK(GetModuleFileNameA(module, path, sizeof path));
    CHECK(FindResourceExA(module, (char *)10, (char *)7, 0x409));
    CHECK(FindResourceExA(module, (char *)10, (char *)7, 0x809));
    CHECK(FindResourceExA(module, (char *)10, (char *)7, 0x407));
    CHECK(FindResourceExA(module, (char *)10, (char *)8, 0x407));
    CHECK(FindResourceExA(module, "KIND", "one", 0));
    CHECK(FindResourceExA(module, "KIND", "three", 0));
    CHECK(FindResourceExA(module, "NO KIND", "one", 0));
    CHECK(EnumResourceTypesA(module, (ENUMRESTYPEPROCA)on_type, 0));
    CHECK(EnumResourceNamesA(module, "kind", (ENUMRESNAMEPROCA)on_name, 0));
    CHECK(EnumResourceNamesA(module, "none", (ENUMRESNAMEPROCA)on_name, 0));
    CHECK(EnumResourceLanguagesA(module, (char *)10, (char *)7, on_language, 0));
    CHECK(EnumResourceLanguagesA(module, (char *)10, (char *)99, on_language, 0));
    CHECK(EnumResourceLanguagesExA(module, (char *)10, (char *)7, on_language, 0, RESOURCE_ENUM_LN, 0));
    CHECK(EnumResourceLanguagesExA(module, (char *)10, (char *)7, on_language, 0, 0x100, 0));
}
int main(void)
{
    HMODULE data = LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_DATAFILE), image, again;
    show(data, 1);
    /* the file lies as it is */
    IMAGE_DOS_HEADER *dos = (void *)((ULONG_PTR)data & ~3);
    IMAGE_NT_HEADERS *nt = (void *)((char *)dos + dos->e_lfanew);
    IMAGE_SECTION_HEADER *sections = IMAGE_FIRST_SECTION(nt);
    MEMORY_BASIC_INFORMATION info;
    VirtualQuery(dos, &info, sizeof info);
    HANDLE file = CreateFileA("res.dll", GENERIC_READ, 7, 0, OPEN_EXISTING, 0, 0);
    printf("mapped %d size %d\n", info.Type == MEM_MAPPED, info.RegionSize == ((GetFileSize(file, 0) + 0xfff) & ~0xfff));
    CloseHandle(file);
    printf("modules %d %d\n", GetModuleHandleA("res.dll") == 0,
        GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (char *)dos, &again));
    image = LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_IMAGE_RESOURCE);
    show(image, 2);
    VirtualQuery((void *)((ULONG_PTR)image & ~3), &info, sizeof info);
    printf("image %d\n", info.Type == MEM_IMAGE);
    CHECK(FreeLibrary(image));
    CHECK(FreeLibrary(image));
    file = CreateFileA("res.dll", GENERIC_WRITE, 7, 0, OPEN_EXISTING, 0, 0);
    printf("writable %d\n", file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    CHECK(FreeLibrary(data));
    data = LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE);
    printf("bits %d\n", (int)((ULONG_PTR)data & 3));
    SetLastError(0);
    file = CreateFileA("res.dll", GENERIC_WRITE, 7, 0, OPEN_EXISTING, 0, 0);
    printf("exclusive %d %lu\n", file != INVALID_HANDLE_VALUE, GetLastError());
    CHECK(FreeLibrary(data));
    file = CreateFileA("res.dll", GENERIC_WRITE, 7, 0, OPEN_EXISTING, 0, 0);
    printf("writable %d\n", file != INVALID_HANDLE_VALUE);
    CHECK(LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE));
    CloseHandle(file);
    CHECK(LoadLibraryExA("nothing.dll", 0, LOAD_LIBRARY_AS_DATAFILE));
    CHECK(LoadLibraryExA("nothing.dll", 0, LOAD_LIBRARY_AS_IMAGE_RESOURCE));
    CHECK(LoadLibraryExA("text.dll", 0, LOAD_LIBRARY_AS_DATAFILE));
    CHECK(LoadLibraryExA("res.dll", 0, LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE));
    CHECK(again = LoadLibraryExA("x86.dll", 0, LOAD_LIBRARY_AS_DATAFILE)); /* for another processor */
    CHECK(FindResourceA(again, (char *)7, (char *)10));
    CHECK(again = LoadLibraryExA("x86.dll", 0, LOAD_LIBRARY_AS_IMAGE_RESOURCE));
    CHECK(FindResourceA(again, (char *)7, (char *)10));
    CHECK(again = LoadLibraryExA("kernel32.dll", 0, LOAD_LIBRARY_AS_DATAFILE));
    CHECK(FreeLibrary(again));
    CHECK(FreeLibrary((HMODULE)0x10001));
    CHECK(FindResourceA((HMODULE)0x10001, (char *)7, (char *)10));
    CHECK(DeleteFileA("res.dll"));
    return 0;
}
