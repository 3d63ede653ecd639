/* shlwapi: paths changed in place, sizes and times as text, what programs the registry has for a kind of file. */
#include <windows.h>
#include <shlwapi.h>
#include <stdio.h>

static void edit(void)
{
    char path[MAX_PATH], other[MAX_PATH];
    strcpy(path, "C:\\some folder\\file");
    printf("%d", PathAddExtensionA(path, ".txt")); printf(" %s", path);
    printf(", %d", PathAddExtensionA(path, NULL)); printf(" %s", path);
    printf(", %d", PathRenameExtensionA(path, ".doc")); printf(" %s\n", path);
    PathQuoteSpacesA(path); printf("%s", path);
    PathUnquoteSpacesA(path); printf(", %s", path);
    printf(", skip '%s', next '%s'", PathSkipRootA(path), PathFindNextComponentA(path));
    printf(", root %d", PathStripToRootA(path)); printf(" %s\n", path);
    strcpy(path, "  program.exe one two ");
    PathRemoveBlanksA(path); printf("'%s' args '%s'", path, PathGetArgsA(path));
    PathRemoveArgsA(path); printf(" '%s'", path);
    printf(" %s\n", PathBuildRootA(path, 3));
    printf("%d", PathRelativePathToA(path, "C:\\a\\b", FILE_ATTRIBUTE_DIRECTORY, "C:\\a\\c\\d.txt", 0)); printf(" %s", path);
    printf(", %d", PathCommonPrefixA("C:\\a\\b\\c", "c:\\A\\b\\d", other)); printf(" %s\n", other);
    strcpy(path, "C:\\x\\shell32.dll,-5");
    printf("icon %d", PathParseIconLocationA(path)); printf(" %s", path);
    strcpy(path, "C:\\x\\page[1].htm");
    PathUndecorateA(path); printf(", %s\n", path);
}

static void ask(void)
{
    WCHAR path[MAX_PATH] = L"cmd.exe";
    printf("server: %d %d, share: %d %d\n", PathIsUNCServerW(L"\\\\server"), PathIsUNCServerW(L"\\\\server\\share"),
           PathIsUNCServerShareW(L"\\\\server\\share"), PathIsUNCServerShareW(L"\\\\server\\share\\x"));
    printf("network: %d %d\n", PathIsNetworkPathW(L"\\\\server\\share"), PathIsNetworkPathW(L"C:\\x"));
    printf("long: %d %d %d\n", PathIsLFNFileSpecW(L"short.txt"), PathIsLFNFileSpecW(L"quite long.txt"), PathIsLFNFileSpecW(L"a.html"));
    printf("character: %x %x %x %x\n", PathGetCharTypeW(L'a'), PathGetCharTypeW(L'*'), PathGetCharTypeW(L'\\'), PathGetCharTypeW(L'|'));
    CreateDirectoryW(L"C:\\path text", NULL);
    printf("empty: %d %d %d\n", PathIsDirectoryEmptyW(L"C:\\path text"), PathIsDirectoryEmptyW(L"C:\\Windows"), PathIsDirectoryEmptyW(L"C:\\no such"));
    RemoveDirectoryW(L"C:\\path text");
    printf("on the path: %d", PathFindOnPathW(path, NULL)); printf(" %d\n", !lstrcmpiW(path, L"C:\\Windows\\System32\\cmd.exe"));
    printf("span: %d %d, last: %s %s\n", StrSpnA("aabbc", "ab"), StrCSpnA("aabbc", "c"), StrRChrA("a.b.c", NULL, '.'), StrRChrIA("aXbxc", NULL, 'x'));
    printf("any of: %s\n", StrPBrkA("hello, world", ",w"));
}

static void text(void)
{
    WCHAR out[64];
    char narrow[64];
    printf("%ls, ", StrFormatByteSizeW(532, out, 64));
    printf("%ls, ", StrFormatByteSizeW(1340, out, 64));
    printf("%s, ", StrFormatByteSize64A(23506, narrow, 64));
    printf("%s, ", StrFormatByteSizeA(2400016, narrow, 64));
    printf("%ls\n", StrFormatKBSizeW(2400016, out, 64));
    for (int digits = 1; digits <= 4; digits++) {
        int length = StrFromTimeIntervalW(out, 64, 34034000, digits);
        printf("'%ls' %d\n", out, length);
    }
}

static void associations(void)
{
    WCHAR out[MAX_PATH];
    DWORD size = MAX_PATH;
    HKEY key;
    LONGLONG number;
    RegCreateKeyW(HKEY_CURRENT_USER, L"Software\\Path text", &key);
    printf("set: %lx", SHSetValueW(HKEY_CURRENT_USER, L"Software\\Path text", L"x", REG_SZ, L"value", 12));
    size = sizeof out;
    printf(", get: %lx", SHRegGetValueW(HKEY_CURRENT_USER, L"Software\\Path text", L"x", SRRF_RT_REG_SZ, NULL, out, &size)); printf(" %ls", out);
    printf(", delete: %lx", SHDeleteValueW(HKEY_CURRENT_USER, L"Software\\Path text", L"x"));
    printf(", again %lx\n", SHDeleteValueW(HKEY_CURRENT_USER, L"Software\\Path text", L"x"));
    RegCloseKey(key);
    SHDeleteKeyW(HKEY_CURRENT_USER, L"Software\\Path text");
    size = MAX_PATH;
    printf("name: %lx", AssocQueryStringW(0, ASSOCSTR_FRIENDLYDOCNAME, L".txt", NULL, out, &size)); printf(" %ls %lu\n", out, size);
    size = 3;
    printf("short: %lx", AssocQueryStringW(ASSOCF_NOTRUNCATE, ASSOCSTR_FRIENDLYDOCNAME, L".txt", NULL, out, &size)); printf(" %lu\n", size);
    printf("none: %lx\n", AssocQueryStringW(0, ASSOCSTR_COMMAND, L".nosuchtype", NULL, out, &size));
    printf("number: %d", StrToInt64ExA("0x1234567890", STIF_SUPPORT_HEX, &number)); printf(" %llx\n", number);
}

int main(void)
{
    edit();
    ask();
    text();
    associations();
    return 0;
}
