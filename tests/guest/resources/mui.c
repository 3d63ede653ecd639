/* Language files; tests/test_resources.py builds name.dll and its .mui files. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#include <string.h>
#define CHECK(e) do { SetLastError(0); int v = (e) != 0; printf("%s: %d %lu\n", #e, v, GetLastError()); } while (0)
static HMODULE module;
static void strings(const char *when)
{
    char text[50] = "";
    printf("%s:", when);
    for (int i = 1; i <= 3; i++)
        printf(" %s", LoadStringA(module, i, text, sizeof text) ? text : "-");
    HRSRC found = FindResourceA(module, (char *)1, (char *)10);
    printf(" | %.*s", (int)SizeofResource(module, found), found ? (char *)LockResource(LoadResource(module, found)) : "-");
    found = FindResourceA(module, (char *)5, (char *)10);
    printf(" %.*s\n", (int)SizeofResource(module, found), found ? (char *)LockResource(LoadResource(module, found)) : "-");
}
static void list(const char *what, BOOL ok, ULONG count, WCHAR *text, ULONG size)
{
    printf("%s: %d %lu %lu:", what, ok, count, size);
    for (; ok && *text; text += wcslen(text) + 1)
        printf(" %ls", text);
    printf("\n");
}
#define LIST(call, flags) do { WCHAR b[300] = L""; ULONG n = 99, s = 300; BOOL ok = call(flags, &n, b, &s); list(#call " " #flags, ok, n, b, s); } while (0)
static BOOL CALLBACK on_type(HMODULE m, char *type, LONG_PTR p)
{
    if (IS_INTRESOURCE(type)) printf(" %u", (unsigned)(ULONG_PTR)type); else printf(" %s", type);
    return TRUE;
}
static BOOL CALLBACK on_language(HMODULE m, const char *type, const char *name, WORD language, LONG_PTR p) { printf(" %x", language); return TRUE; }
static BOOL CALLBACK on_ui(WCHAR *name, LONG_PTR p) { printf("installed %ls\n", name); return TRUE; }
static void paths(DWORD flags, WCHAR *language)
{
    WCHAR path[300], name[100];
    ULONGLONG at = 0;
    for (;;) {
        ULONG length = 300, size = 100;
        wcscpy(name, language ? language : L"");
        if (!GetFileMUIPath(flags, L"name.dll", name, &size, path, &length, &at))
            break;
        WCHAR *tail = wcsrchr(path, '\\');
        while (tail[-1] != '\\') tail--;
        printf(" %ls %ls %d\n", name, tail, wcslen(path) + 1 == length);
        if (language) return;
    }
    printf(" end %lu\n", GetLastError());
}
int main(void)
{
    ULONG n = 0, size = 0;
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_ID | MUI_UI_FALLBACK);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME | MUI_THREAD_LANGUAGES);
    LIST(GetProcessPreferredUILanguages, MUI_LANGUAGE_NAME);
    LIST(GetUserPreferredUILanguages, MUI_LANGUAGE_NAME);
    LIST(GetSystemPreferredUILanguages, MUI_LANGUAGE_ID);
    CHECK(GetThreadPreferredUILanguages(MUI_LANGUAGE_NAME | MUI_LANGUAGE_ID, &n, 0, &size));
    CHECK(GetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, &n, 0, &size)); printf("%lu %lu\n", n, size);
    size = 2; WCHAR small[4];
    CHECK(GetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, &n, small, &size));
    EnumUILanguagesW(on_ui, MUI_LANGUAGE_NAME, 0);

    module = LoadLibraryA("name.dll");
    strings("user's");
    CHECK(SetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, L"de-AT\0en-US\0", &n)); printf("%lu\n", n);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME | MUI_UI_FALLBACK);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME | MUI_MERGE_USER_FALLBACK);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME | MUI_THREAD_LANGUAGES);
    printf("%x\n", GetThreadUILanguage());
    strings("Austrian");
    CHECK(SetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, L"no such tongue\0", &n));
    CHECK(SetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, 0, &n));
    CHECK(SetProcessPreferredUILanguages(MUI_LANGUAGE_ID, L"040c\0" L"0407\0", &n)); printf("%lu\n", n);
    LIST(GetProcessPreferredUILanguages, MUI_LANGUAGE_NAME);
    LIST(GetThreadPreferredUILanguages, MUI_LANGUAGE_NAME | MUI_UI_FALLBACK);
    strings("process's");
    CHECK(SetProcessPreferredUILanguages(0, 0, &n));
    SetThreadUILanguage(0x407);
    strings("German");
    SetThreadUILanguage(0);
    CHECK(FindResourceExA(module, (char *)6, (char *)1, 0x407));
    CHECK(FindResourceExA(module, (char *)6, (char *)1, 0x40c));
    printf("types:"); EnumResourceTypesExA(module, (ENUMRESTYPEPROCA)on_type, 0, RESOURCE_ENUM_MUI, 0); printf("\n");
    printf("languages:"); EnumResourceLanguagesExA(module, (char *)6, (char *)1, on_language, 0, RESOURCE_ENUM_MUI | RESOURCE_ENUM_LN, 0x407); printf("\n");

    printf("files:\n"); paths(MUI_LANGUAGE_NAME, 0);
    printf("all:\n"); paths(MUI_LANGUAGE_ID | MUI_USE_SEARCH_ALL_LANGUAGES, 0);
    printf("German:\n"); paths(MUI_LANGUAGE_NAME, L"de-DE");
    printf("French:\n"); paths(MUI_LANGUAGE_NAME, L"fr-FR");

    static const WCHAR *files[] = {L"name.dll", L"de\\name.dll.mui", L"plain.dll", L"nothing.dll"};
    for (int i = 0; i < 4; i++) {
        struct { FILEMUIINFO info; BYTE more[300]; } b = {{sizeof b}};
        DWORD length = sizeof b;
        SetLastError(0);
        BOOL ok = GetFileMUIInfo(MUI_QUERY_TYPE | MUI_QUERY_LANGUAGE_NAME | MUI_QUERY_RESOURCE_TYPES, files[i], &b.info, &length);
        printf("%ls: %d %lu", files[i], ok, GetLastError());
        if (ok) {
            printf(" type %lu", b.info.dwFileType);
            if (b.info.dwLanguageNameOffset) printf(" language %ls", (WCHAR *)((char *)&b + b.info.dwLanguageNameOffset));
            for (DWORD k = 0; k < b.info.dwTypeIDMUISize; k++) printf(" mui %lu", ((DWORD *)((char *)&b + b.info.dwTypeIDMUIOffset))[k]);
            for (DWORD k = 0; k < b.info.dwTypeIDMainSize; k++) printf(" main %lu", ((DWORD *)((char *)&b + b.info.dwTypeIDMainOffset))[k]);
        }
        printf("\n");
    }
    module = LoadLibraryExA("plain.dll", 0, LOAD_LIBRARY_AS_DATAFILE);
    strings("without configuration");
    CHECK(FreeLibrary(module));
    module = GetModuleHandleA("name.dll");
    CHECK(DeleteFileA("en-US\\name.dll.mui"));
    CHECK(FreeLibrary(module));
    module = LoadLibraryA("name.dll");
    strings("without language file");
    return 0;
}
