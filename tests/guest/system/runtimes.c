/* What runtimes ask of the system when they start: how much memory there is, error reporting, the COM context. */
#include <windows.h>
#include <objbase.h>
#include <werapi.h>
#include <stdio.h>

#define TRY(what) do { SetLastError(0); BOOL ok = (what) != 0; printf("%s: %d, error %lu\n", #what, ok, ok ? 0 : GetLastError()); } while (0)

static void conditions(void)
{
    BOOL state = 7;
    HANDLE low = CreateMemoryResourceNotification(LowMemoryResourceNotification);
    HANDLE high = CreateMemoryResourceNotification(HighMemoryResourceNotification);
    TRY(QueryMemoryResourceNotification(low, &state));
    printf("little memory: %d, wait %lx\n", state, WaitForSingleObject(low, 0));
    TRY(QueryMemoryResourceNotification(high, &state));
    printf("plenty of memory: %d, wait %lx\n", state, WaitForSingleObject(high, 0));
    TRY(CreateMemoryResourceNotification((MEMORY_RESOURCE_NOTIFICATION_TYPE)2));
    TRY(QueryMemoryResourceNotification(NULL, &state));
    TRY(SetEvent(low));
    printf("module: %lx\n", WerRegisterRuntimeExceptionModule(L"C:\\none.dll", NULL));
    printf("taken back: %lx, again %lx\n", WerUnregisterRuntimeExceptionModule(L"C:\\none.dll", NULL),
           WerUnregisterRuntimeExceptionModule(L"C:\\none.dll", NULL));
}

static DWORD WINAPI in_an_apartment(void *p)
{
    ULONG_PTR *token = p;
    CoInitializeEx(NULL, COINIT_APARTMENTTHREADED);
    return (DWORD)CoGetContextToken(token);
}

static void locale(void)
{
    char text[4];
    WCHAR wide[100];
    DWORD number = 9;
    TRY(GetGeoInfoA(244, GEO_ISO2, text, 2, 0));
    printf("nation: %d %s\n", GetGeoInfoA(244, GEO_ISO2, text, 4, 0), text);
    printf("neutral: %d %lu,", GetLocaleInfoEx(L"en-US", LOCALE_INEUTRAL | LOCALE_RETURN_NUMBER, (WCHAR *)&number, 2), number);
    printf(" %d %lu\n", GetLocaleInfoEx(L"de", LOCALE_INEUTRAL | LOCALE_RETURN_NUMBER, (WCHAR *)&number, 2), number);
    printf("parent: %d %ls,", GetLocaleInfoEx(L"en-US", LOCALE_SPARENT, wide, 100), wide);
    printf(" %d '%ls'\n", GetLocaleInfoEx(L"de", LOCALE_SPARENT, wide, 100), wide);
}

static void contexts(void)
{
    ULONG_PTR token = 0, again = 0, other = 0;
    IUnknown *unknown = NULL;
    printf("no COM: %lx\n", CoGetContextToken(&token));
    CoInitializeEx(NULL, COINIT_MULTITHREADED);
    printf("token: %lx, nowhere %lx\n", CoGetContextToken(&token), CoGetContextToken(NULL));
    printf("the same: %lx %d\n", CoGetContextToken(&again), again == token);
    HANDLE thread = CreateThread(NULL, 0, in_an_apartment, &other, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    printf("another apartment's: %d\n", other && other != token);
    IUnknown *context = (IUnknown *)token;
    ULONG references = context->lpVtbl->AddRef(context);
    printf("references: %d\n", context->lpVtbl->Release(context) == references - 1);
    printf("object: %lx", CoGetObjectContext(&IID_IUnknown, (void **)&unknown));
    printf(" %d\n", unknown != NULL);
    unknown->lpVtbl->Release(unknown);
    printf("another interface: %lx\n", CoGetObjectContext(&IID_IStream, (void **)&unknown));
}

int main(void)
{
    conditions();
    contexts();
    locale();
    return 0;
}
