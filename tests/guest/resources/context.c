/* Activation contexts; tests/test_activation.py lays out the manifests and assemblies. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <objbase.h>
#include <stdio.h>
#include <string.h>
#define CHECK(e) do { SetLastError(0); int v = (e) != 0; printf("%s: %d %lu\n", #e, v, v ? 0 : GetLastError()); } while (0)
int which(void); /* of dep.dll */
static const GUID class_id = {0x11223344, 0x5566, 0x7788, {1, 2, 3, 4, 5, 6, 7, 8}}, other_id = {1};
static const char *tail(const char *path)
{
    const char *last = strrchr(path, '\\');
    while (last > path && last[-1] != '\\')
        last--;
    return last;
}
static void load(const char *name)
{
    char path[300];
    SetLastError(0);
    HMODULE module = LoadLibraryA(name);
    if (!module) {
        printf("%s: error %lu\n", name, GetLastError());
        return;
    }
    GetModuleFileNameA(module, path, sizeof path);
    printf("%s: %s %d\n", name, tail(path), ((int (*)(void))GetProcAddress(module, "which"))());
    FreeLibrary(module);
}
static void keyed(const char *what, BOOL ok, ACTCTX_SECTION_KEYED_DATA *data)
{
    printf("%s: %d", what, ok);
    if (!ok)
        printf(" %lu\n", GetLastError());
    else
        printf(" version %lu length %lu assembly %lu handle %d\n", data->ulDataFormatVersion, data->ulLength,
            data->ulAssemblyRosterIndex, data->hActCtx != 0);
}
static void sections(void)
{
    ACTCTX_SECTION_KEYED_DATA data = {sizeof data};
    keyed("dll", FindActCtxSectionStringA(0, 0, 2, "DEP.dll", &data), &data);
    keyed("no dll", FindActCtxSectionStringW(FIND_ACTCTX_SECTION_KEY_RETURN_HACTCTX, 0, 2, L"none.dll", &data), &data);
    keyed("class", FindActCtxSectionGuid(0, 0, 4, &class_id, &data), &data);
    if (data.lpData) {
        const DWORD *words = data.lpData;
        printf(" model %lu class %d module %ls\n", words[2], !memcmp(words + 3, &class_id, 16),
            (WCHAR *)((char *)data.lpSectionBase + words[20]));
    }
    keyed("no class", FindActCtxSectionGuid(0, 0, 4, &other_id, &data), &data);
    keyed("window", FindActCtxSectionStringW(0, 0, 3, L"TheirClass", &data), &data);
    keyed("no section", FindActCtxSectionStringW(0, 0, 99, L"dep.dll", &data), &data);
    data.cbSize = 8;
    keyed("small", FindActCtxSectionStringW(0, 0, 2, L"dep.dll", &data), &data);
}
static void settings(HANDLE context)
{
    static const struct { const WCHAR *space, *name; } wanted[] = {
        {0, L"dpiAware"}, {L"http://schemas.microsoft.com/SMI/2016/WindowsSettings", L"longPathAware"},
        {L"http://schemas.microsoft.com/SMI/2019/WindowsSettings", L"activeCodePage"}, {0, L"longPathAware"}, {L"wrong", L"dpiAware"}};
    for (int i = 0; i < 5; i++) {
        WCHAR text[50];
        SIZE_T size = 0;
        BOOL ok = QueryActCtxSettingsW(0, context, wanted[i].space, wanted[i].name, text, 50, &size);
        if (ok) printf("%ls: %ls %d\n", wanted[i].name, text, (int)size);
        else printf("%ls: error %lu\n", wanted[i].name, GetLastError());
    }
    WCHAR text[2]; SIZE_T size = 0;
    CHECK(QueryActCtxSettingsW(0, context, 0, L"dpiAware", text, 2, &size)); printf("%d\n", (int)size);
}
static void query(DWORD flags, HANDLE context)
{
    union { char bytes[3000]; ACTIVATION_CONTEXT_DETAILED_INFORMATION all; ACTIVATION_CONTEXT_ASSEMBLY_DETAILED_INFORMATION one;
        ASSEMBLY_FILE_DETAILED_INFORMATION file; ACTIVATION_CONTEXT_RUN_LEVEL_INFORMATION level; ACTIVATION_CONTEXT_BASIC_INFORMATION basic; DWORD words[1]; } b;
    SIZE_T size = 0;
    char path[300];
    CHECK(QueryActCtxW(flags, context, 0, 1, &b, sizeof b, &size)); printf("handle %d size %d\n", b.basic.hActCtx == context, (int)size);
    CHECK(QueryActCtxW(flags, context, 0, 2, &b, sizeof b, &size));
    DWORD count = b.all.ulAssemblyCount;
    sprintf(path, "%ls", b.all.lpRootManifestPath ? b.all.lpRootManifestPath : L"");
    printf("assemblies %lu root %s characters %d\n", count, path[0] ? strrchr(path, '\\') : "none", b.all.ulRootManifestPathChars == strlen(path));
    for (DWORD i = 1; i <= count; i++) {
        CHECK(QueryActCtxW(flags, context, &i, 3, &b, sizeof b, &size));
        sprintf(path, "%ls", b.one.lpAssemblyManifestPath);
        printf(" %ls %s files %lu folder %ls\n", b.one.lpAssemblyEncodedAssemblyIdentity, strrchr(path, '\\'), b.one.ulFileCount,
            b.one.lpAssemblyDirectoryName ? b.one.lpAssemblyDirectoryName : L"none");
        DWORD files = b.one.ulFileCount;
        for (DWORD k = 0; k < files; k++) {
            ACTIVATION_CONTEXT_QUERY_INDEX at = {i - 1, k};
            QueryActCtxW(flags, context, &at, 4, &b, sizeof b, &size);
            sprintf(path, "%ls", b.file.lpFilePath);
            printf("  %ls %s\n", b.file.lpFileName, tail(path));
        }
    }
    DWORD wrong = 99;
    CHECK(QueryActCtxW(flags, context, &wrong, 3, &b, sizeof b, &size));
    CHECK(QueryActCtxW(flags, context, 0, 3, &b, sizeof b, &size));
    CHECK(QueryActCtxW(flags, context, 0, 2, &b, 8, &size));
    CHECK(QueryActCtxW(flags, context, 0, 5, &b, sizeof b, &size)); printf("level %d access %lu\n", b.level.RunLevel, b.level.UiAccess);
    CHECK(QueryActCtxW(flags, context, 0, 6, &b, sizeof b, &size)); printf("systems %lu\n", b.words[0]);
    CHECK(QueryActCtxW(flags, context, 0, 77, &b, sizeof b, &size));
}
int main(void)
{
    char path[300];
    setvbuf(stdout, 0, _IONBF, 0);
    printf("imported %d\n", which());
    GetModuleFileNameA(GetModuleHandleA("dep.dll"), path, sizeof path);
    printf("from %s\n", tail(path));
    sections();
    settings(0);
    query(0, 0);
    OSVERSIONINFOW version = {sizeof version};
    GetVersionExW(&version);
    printf("version %lu.%lu.%lu, code pages %u %u\n", version.dwMajorVersion, version.dwMinorVersion, version.dwBuildNumber, GetACP(), GetOEMCP());

    void *object;
    CoInitialize(0);
    printf("class object %lx dpi aware %d\n", CoGetClassObject(&class_id, 1, 0, &other_id, &object), IsProcessDPIAware());
    load("plain.dll");
    ACTCTXA made = {sizeof made};
    HANDLE context, now; ULONG_PTR cookie, second;
    made.lpSource = "missing.manifest"; CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE);
    made.lpSource = "broken.manifest"; CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE);
    made.lpSource = "needy.manifest"; CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE);
    made.cbSize = 5; CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE); made.cbSize = sizeof made;
    made.lpSource = "plain.dll"; made.dwFlags = ACTCTX_FLAG_RESOURCE_NAME_VALID; made.lpResourceName = (char *)7;
    CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE);
    made.lpSource = "late.manifest"; made.dwFlags = 0; CHECK((context = CreateActCtxA(&made)) != INVALID_HANDLE_VALUE);
    CHECK(GetCurrentActCtx(&now)); printf("current %d\n", now == 0);
    CHECK(ActivateActCtx(context, &cookie));
    CHECK(GetCurrentActCtx(&now)); printf("current %d\n", now == context); ReleaseActCtx(now);
    load("plain.dll");
    load("inner.dll");
    CHECK(ActivateActCtx(0, &second));
    load("plain.dll");
    CHECK(DeactivateActCtx(0, second));
    query(QUERY_ACTCTX_FLAG_USE_ACTIVE_ACTCTX, 0);
    CHECK(DeactivateActCtx(0, cookie));
    load("plain.dll");
    AddRefActCtx(context); ReleaseActCtx(context); ReleaseActCtx(context);
    CHECK(ActivateActCtx(context, &cookie));
    HMODULE aware = LoadLibraryA("aware.dll");
    printf("aware %d\n", aware ? ((int (*)(void))GetProcAddress(aware, "from_own"))() : 0);
    return 0;
}
