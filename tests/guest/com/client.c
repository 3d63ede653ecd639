/* COM without windows: classes of a server that the registry names, streams, memory, interfaces between threads, errors. */
#define COBJMACROS
#define INITGUID
#include <windows.h>
#include <objbase.h>
#include <oleauto.h>
#include <shlwapi.h>
#include <stdio.h>

DEFINE_GUID(CLSID_Tested, 0x7A1D5C01, 0x2B3C, 0x4D5E, 0x8F, 0x90, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6);
DEFINE_GUID(CLSID_Table, 0x00000323, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46);
DEFINE_GUID(CLSID_Missing, 0x7A1D5C02, 0x2B3C, 0x4D5E, 0x8F, 0x90, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6);

static IStream *passed;
static DWORD cookie;
static IGlobalInterfaceTable *table;

static DWORD WINAPI other(void *apartment)
{
    IPersist *object = NULL;
    CLSID clsid;
    CoInitializeEx(NULL, apartment ? COINIT_APARTMENTTHREADED : COINIT_MULTITHREADED);
    HRESULT result = CoGetInterfaceAndReleaseStream(passed, &IID_IPersist, (void **)&object);
    printf("in another thread: %lx", result);
    if (object) {
        printf(" %lx", IPersist_GetClassID(object, &clsid));
        printf(" %d", IsEqualCLSID(&clsid, &CLSID_Tested));
        IPersist_Release(object);
    }
    object = NULL;
    result = IGlobalInterfaceTable_GetInterfaceFromGlobal(table, cookie, &IID_IPersist, (void **)&object);
    printf(", by the table: %lx %d\n", result, object != NULL);
    if (object) IPersist_Release(object);
    CoUninitialize();
    return 0;
}

static void classes(const char *server)
{
    IPersist *object = NULL;
    IClassFactory *factory = NULL;
    IUnknown *unknown = NULL;
    MULTI_QI several[2] = {{&IID_IPersist}, {&IID_IStream}};
    HKEY key;
    DWORD registered = 0;
    CLSID clsid;
    printf("before: %lx\n", CoCreateInstance(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, &IID_IPersist, (void **)&object));
    CoInitialize(NULL);
    printf("unknown: %lx\n", CoCreateInstance(&CLSID_Missing, NULL, CLSCTX_ALL, &IID_IUnknown, (void **)&object));
    RegCreateKeyA(HKEY_CURRENT_USER, "Software\\Classes\\CLSID\\{7A1D5C01-2B3C-4D5E-8F90-A1B2C3D4E5F6}\\InprocServer32", &key);
    RegSetValueExA(key, NULL, 0, REG_SZ, (BYTE *)server, strlen(server) + 1);
    RegSetValueExA(key, "ThreadingModel", 0, REG_SZ, (BYTE *)"Both", 5);
    RegCloseKey(key);
    printf("created: %lx\n", CoCreateInstance(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, &IID_IPersist, (void **)&object));
    printf("class: %lx", IPersist_GetClassID(object, &clsid));
    printf(" %d\n", IsEqualCLSID(&clsid, &CLSID_Tested));
    printf("not aggregated: %lx\n", CoCreateInstance(&CLSID_Tested, (IUnknown *)object, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown));
    printf("no such interface: %lx\n", CoCreateInstance(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, &IID_IStream, (void **)&unknown));
    printf("several: %lx", CoCreateInstanceEx(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, NULL, 2, several));
    printf(" %lx %lx\n", several[0].hr, several[1].hr);
    IUnknown_Release(several[0].pItf);
    printf("factory: %lx\n", CoGetClassObject(&CLSID_Tested, CLSCTX_INPROC_SERVER, NULL, &IID_IClassFactory, (void **)&factory));
    printf("registered: %lx\n", CoRegisterClassObject(&CLSID_Missing, (IUnknown *)factory, CLSCTX_INPROC_SERVER, REGCLS_MULTIPLEUSE, &registered));
    printf("used: %lx\n", CoCreateInstance(&CLSID_Missing, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown));
    IUnknown_Release(unknown);
    printf("revoked: %lx, again %d\n", CoRevokeClassObject(registered), FAILED(CoRevokeClassObject(registered)));
    printf("gone: %lx\n", CoCreateInstance(&CLSID_Missing, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown));
    printf("table: %lx\n", CoCreateInstance(&CLSID_Table, NULL, CLSCTX_INPROC_SERVER, &IID_IGlobalInterfaceTable, (void **)&table));
    printf("put: %lx\n", IGlobalInterfaceTable_RegisterInterfaceInGlobal(table, (IUnknown *)object, &IID_IPersist, &cookie));
    for (int apartment = 0; apartment < 2; apartment++) {
        printf("passed: %lx\n", CoMarshalInterThreadInterfaceInStream(&IID_IPersist, (IUnknown *)object, &passed));
        fflush(stdout);
        HANDLE thread = CreateThread(NULL, 0, other, (void *)(INT_PTR)apartment, 0, NULL);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    printf("taken back: %lx, again %d\n", IGlobalInterfaceTable_RevokeInterfaceFromGlobal(table, cookie), FAILED(IGlobalInterfaceTable_RevokeInterfaceFromGlobal(table, cookie)));
    printf("references: %lu\n", IPersist_Release(object));
}

static void streams(void)
{
    IStream *stream, *clone, *file;
    HGLOBAL memory;
    STATSTG about;
    ULONG done = 0;
    char buffer[32] = "";
    LARGE_INTEGER move = {0};
    ULARGE_INTEGER size, at;
    printf("stream: %lx", CreateStreamOnHGlobal(NULL, TRUE, &stream));
    printf(" %lx", IStream_Write(stream, "hello world", 11, &done));
    printf(" %lu", done);
    move.QuadPart = 6;
    printf(", seek %lx", IStream_Seek(stream, move, STREAM_SEEK_SET, &at));
    printf(" %llu", at.QuadPart);
    printf(", read %lx", IStream_Read(stream, buffer, 31, &done));
    printf(" %lu '%s'\n", done, buffer);
    move.QuadPart = -1;
    printf("before the start: %lx\n", IStream_Seek(stream, move, STREAM_SEEK_END, NULL) | (IStream_Seek(stream, (LARGE_INTEGER){.QuadPart = -100}, STREAM_SEEK_CUR, NULL)));
    size.QuadPart = 5;
    printf("size: %lx", IStream_SetSize(stream, size));
    printf(" %lx", IStream_Stat(stream, &about, STATFLAG_NONAME));
    printf(" %llu type %lu\n", about.cbSize.QuadPart, about.type);
    printf("clone: %lx\n", IStream_Clone(stream, &clone));
    move.QuadPart = 0;
    IStream_Seek(clone, move, STREAM_SEEK_SET, NULL);
    memset(buffer, 0, sizeof buffer);
    IStream_Read(clone, buffer, 31, &done);
    printf("the same: '%s', memory %lx %d\n", buffer, GetHGlobalFromStream(clone, &memory), memory != NULL);
    IStream_Release(clone);
    printf("file: %lx\n", SHCreateStreamOnFileW(L"C:\\stream test.bin", STGM_CREATE | STGM_READWRITE, &file));
    IStream_Seek(stream, move, STREAM_SEEK_SET, NULL);
    size.QuadPart = 100;
    printf("copied: %lx", IStream_CopyTo(stream, file, size, &at, &size));
    printf(" %llu %llu\n", at.QuadPart, size.QuadPart);
    IStream_Release(stream);
    IStream_Release(file);
    printf("none: %lx\n", SHCreateStreamOnFileW(L"C:\\no such file.bin", STGM_READ, &file));
    printf("again: %lx", SHCreateStreamOnFileW(L"C:\\stream test.bin", STGM_READ, &file));
    memset(buffer, 0, sizeof buffer);
    IStream_Read(file, buffer, 31, &done);
    printf(" '%s' %lu\n", buffer, done);
    IStream_Release(file);
    DeleteFileW(L"C:\\stream test.bin");
}

static void others(void)
{
    IMalloc *memory;
    ICreateErrorInfo *create;
    IErrorInfo *error;
    BSTR text;
    DWORD context;
    ULONG_PTR token = 0;
    printf("malloc: %lx", CoGetMalloc(1, &memory));
    void *block = IMalloc_Alloc(memory, 100);
    printf(" %d %d", IMalloc_GetSize(memory, block) == 100, IMalloc_DidAlloc(memory, block));
    CoTaskMemFree(block);
    printf(" %lx\n", CoGetMalloc(2, &memory));
    printf("error: %lx", CreateErrorInfo(&create));
    ICreateErrorInfo_SetDescription(create, L"it went wrong");
    ICreateErrorInfo_SetHelpContext(create, 42);
    ICreateErrorInfo_QueryInterface(create, &IID_IErrorInfo, (void **)&error);
    printf(" %lx", SetErrorInfo(0, error));
    IErrorInfo_Release(error);
    ICreateErrorInfo_Release(create);
    printf(" %lx", GetErrorInfo(0, &error));
    IErrorInfo_GetDescription(error, &text);
    IErrorInfo_GetHelpContext(error, &context);
    printf(" '%ls' %u %lu", text, SysStringLen(text), context);
    SysFreeString(text);
    printf(" %lu %lx\n", IErrorInfo_Release(error), GetErrorInfo(0, &error));
    printf("context: %lx %d\n", CoGetContextToken(&token), token != 0);
    printf("server: %lu %lu %lu\n", CoAddRefServerProcess(), CoAddRefServerProcess(), CoReleaseServerProcess());
}

static void variants(void)
{
    PROPVARIANT value, copy;
    CO_MTA_USAGE_COOKIE usage;
    IUnknown *unknown;
    FILETIME now, system;
    CLSID clsid;
    PropVariantInit(&value);
    value.vt = VT_LPWSTR;
    value.pwszVal = CoTaskMemAlloc(12);
    wcscpy(value.pwszVal, L"words");
    printf("copy: %lx", PropVariantCopy(&copy, &value));
    printf(" %d '%ls' %d", copy.vt, copy.pwszVal, copy.pwszVal != value.pwszVal);
    printf(", clear: %lx %lx", PropVariantClear(&value), PropVariantClear(&copy));
    printf(" %d\n", value.vt);
    value.vt = VT_VECTOR | VT_LPSTR;
    value.calpstr.cElems = 1;
    value.calpstr.pElems = CoTaskMemAlloc(sizeof(char *));
    value.calpstr.pElems[0] = CoTaskMemAlloc(4);
    printf("vector: %lx", PropVariantClear(&value));
    value.vt = 0x777;
    printf(", bad: %lx\n", PropVariantClear(&value));
    GetSystemTimeAsFileTime(&system);
    printf("now: %lx %d\n", CoFileTimeNow(&now), CompareFileTime(&now, &system) >= 0);
    printf("without: %lx", CoCreateInstance(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown));
    printf(", held: %lx", CoIncrementMTAUsage(&usage));
    printf(" %lx", CoCreateInstance(&CLSID_Tested, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown));
    IUnknown_Release(unknown);
    printf(", let go: %lx\n", CoDecrementMTAUsage(usage));
    printf("proxies of none: %lx\n", CoGetPSClsid(&CLSID_Missing, &clsid));
}

int main(int argc, char **argv)
{
    classes(argv[1]);
    streams();
    others();
    CoUninitialize();
    variants();
    return 0;
}
