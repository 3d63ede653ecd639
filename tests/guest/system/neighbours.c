/* Functions beside the common ones: text of dates and numbers, atoms, normalization, attributes of threads and processes. */
#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>

#define TRY(what) do { SetLastError(0); long long ok = (long long)(what); printf("%s: %lld %lu\n", #what, ok, ok ? 0 : GetLastError()); } while (0)
#define TEXT_OF(what) do { WCHAR text[100] = L"?"; SetLastError(0); int size = what; \
    printf("%s: %d %lu '%ls'\n", #what, size, size ? 0 : GetLastError(), text); } while (0)

static void dates(void)
{
    SYSTEMTIME t = {2024, 2, 0, 29, 15, 4, 9, 8}, bad = {2023, 2, 0, 29};
    TEXT_OF(GetDateFormatW(0x409, 0, &t, 0, text, 100));
    TEXT_OF(GetDateFormatW(0x409, DATE_LONGDATE, &t, 0, text, 100));
    TEXT_OF(GetDateFormatW(0x409, DATE_YEARMONTH, &t, 0, text, 100));
    TEXT_OF(GetDateFormatW(0x409, 0, &t, L"ddd, d MMM yy 'o''clock' yyyy-MM-dd", text, 100));
    TEXT_OF(GetDateFormatW(0x409, DATE_LONGDATE, &t, L"d", text, 100));
    TEXT_OF(GetDateFormatW(0x409, 0, &bad, 0, text, 100));
    TEXT_OF(GetDateFormatW(0x409, 0, &t, 0, text, 4));
    TEXT_OF(GetDateFormatW(0x409, 0, &t, 0, text, 0));
    TEXT_OF(GetDateFormatEx(L"en-US", DATE_SHORTDATE, &t, 0, text, 100, 0));
    TEXT_OF(GetTimeFormatW(0x409, 0, &t, 0, text, 100));
    TEXT_OF(GetTimeFormatW(0x409, TIME_NOSECONDS, &t, 0, text, 100));
    TEXT_OF(GetTimeFormatW(0x409, TIME_FORCE24HOURFORMAT | TIME_NOTIMEMARKER, &t, 0, text, 100));
    TEXT_OF(GetTimeFormatW(0x409, TIME_NOMINUTESORSECONDS, &t, 0, text, 100));
    TEXT_OF(GetTimeFormatW(0x409, 0, &t, L"HH':'mm':'ss t", text, 100));
    TEXT_OF(GetTimeFormatEx(L"en-US", 0, &t, L"hh mm", text, 100));
    char narrow[50];
    TRY(GetDateFormatA(0x409, 0, &t, "yyyy", narrow, 50));
    TRY(GetTimeFormatA(0x409, 0, &t, "HHmm", narrow, 50));
    printf("%s\n", narrow);
}

static void numbers(void)
{
    TEXT_OF(GetNumberFormatW(0x409, 0, L"1234567.895", 0, text, 100));
    TEXT_OF(GetNumberFormatW(0x409, 0, L"-0.5", 0, text, 100));
    TEXT_OF(GetNumberFormatW(0x409, 0, L"12x", 0, text, 100));
    NUMBERFMTW plain = {0, 1, 3, L".", L"'", 1}, indian = {1, 0, 32, L",", L".", 3};
    TEXT_OF(GetNumberFormatW(0x409, 0, L"1234567.5", &plain, text, 100));
    TEXT_OF(GetNumberFormatW(0x409, 0, L"-123456789.25", &indian, text, 100));
    TEXT_OF(GetCurrencyFormatW(0x409, 0, L"1234.5", 0, text, 100));
    TEXT_OF(GetCurrencyFormatW(0x409, 0, L"-1234.5", 0, text, 100));
}

static void atoms(void)
{
    WCHAR name[50];
    ATOM first = GlobalAddAtomW(L"Winfs Test"), again = GlobalAddAtomW(L"WINFS TEST");
    TRY(first == again); TRY(first >= 0xC000);
    TRY(GlobalGetAtomNameW(first, name, 50)); printf("%ls\n", name);
    TRY(GlobalFindAtomA("winfs test") == first); TRY(FindAtomW(L"winfs test"));
    TRY(GlobalDeleteAtom(first) == 0); TRY(GlobalFindAtomW(L"winfs test") == first);
    TRY(GlobalDeleteAtom(first) == 0); TRY(GlobalFindAtomW(L"winfs test"));
    TRY(AddAtomW(L"#123") == 123); TRY(GetAtomNameW(123, name, 50)); printf("%ls\n", name);
    TRY(AddAtomW(MAKEINTATOM(77)) == 77);
    ATOM local = AddAtomA("local"); TRY(FindAtomA("LOCAL") == local); TRY(DeleteAtom(local) == 0); TRY(FindAtomA("local"));
}

static void normal(void)
{
    WCHAR text[50];
    TRY(NormalizeString(NormalizationC, L"e\x301", -1, text, 50) >= 2); printf("%x %x\n", text[0], text[1]);
    TRY(NormalizeString(NormalizationD, L"\x00e9", 1, text, 50)); printf("%x %x\n", text[0], text[1]);
    TRY(NormalizeString(NormalizationKC, L"\xfb01", 1, text, 50)); printf("%x %x\n", text[0], text[1]);
    TRY(IsNormalizedString(NormalizationC, L"e\x301", -1)); TRY(IsNormalizedString(NormalizationC, L"\x00e9", -1));
    TRY(IdnToAscii(0, L"b\x00fc" L"cher.example", -1, text, 50)); printf("%ls\n", text);
    TRY(IdnToUnicode(0, L"xn--bcher-kva.example", -1, text, 50)); printf("%x\n", text[1]);
    TRY(IdnToAscii(0, L"", 0, text, 50));
    int length = 0;
    TRY(FindNLSString(0x409, FIND_FROMSTART | NORM_IGNORECASE, L"one TWO two", -1, L"two", -1, &length)); printf("%d\n", length);
    TRY(FindNLSString(0x409, FIND_FROMEND | NORM_IGNORECASE, L"one TWO two", -1, L"two", -1, 0));
    TRY(FindStringOrdinal(FIND_FROMSTART, L"one TWO two", -1, L"two", -1, FALSE));
    TRY(FindStringOrdinal(FIND_STARTSWITH, L"one TWO two", -1, L"ONE", -1, TRUE) == 0);
    TRY(FindStringOrdinal(FIND_ENDSWITH, L"one TWO two", -1, L"one", -1, TRUE) == -1);
}

static void attributes(void)
{
    BOOL wow = 7; USHORT process = 1, native = 1; WCHAR *name = 0; DWORD level = 0, flags = 0; ULONG64 cycles = 0; UCHAR node = 9;
    TRY(IsWow64Process(GetCurrentProcess(), &wow)); printf("%d\n", wow);
    BOOL (WINAPI *two)(HANDLE, USHORT *, USHORT *) = (void *)GetProcAddress(GetModuleHandleA("kernel32"), "IsWow64Process2");
    TRY(two(GetCurrentProcess(), &process, &native)); printf("%x %x\n", process, native);
    HRESULT (WINAPI *set)(HANDLE, PCWSTR) = (void *)GetProcAddress(GetModuleHandleA("kernel32"), "SetThreadDescription");
    HRESULT (WINAPI *get)(HANDLE, PWSTR *) = (void *)GetProcAddress(GetModuleHandleA("kernel32"), "GetThreadDescription");
    TRY(set(GetCurrentThread(), L"worker") >= 0); TRY(get(GetCurrentThread(), &name) >= 0); printf("%ls\n", name); TRY(LocalFree(name) == 0);
    TRY(SetProcessShutdownParameters(0x300, 0)); TRY(GetProcessShutdownParameters(&level, &flags)); printf("%lx\n", level);
    TRY(SetProcessShutdownParameters(0x700, 0));
    TRY(SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED) == ES_CONTINUOUS);
    TRY(SetThreadExecutionState(ES_CONTINUOUS) == (EXECUTION_STATE)(ES_CONTINUOUS | ES_SYSTEM_REQUIRED));
    TRY(QueryThreadCycleTime(GetCurrentThread(), &cycles)); TRY(cycles > 0);
    TRY(GetNumaProcessorNode(0, &node)); printf("%d\n", node);
    SYSTEM_POWER_STATUS power; TRY(GetSystemPowerStatus(&power)); printf("%d\n", power.ACLineStatus);
    TRY(GetFirmwareEnvironmentVariableW(L"x", L"{00000000-0000-0000-0000-000000000000}", 0, 0) == 0);
    HANDLE context = 0; ULONG_PTR cookie = 0; TRY(GetCurrentActCtx(&context)); TRY(context == 0);
    ACTCTXW wanted = {sizeof wanted}; wanted.lpSource = L"C:\\no such.manifest"; TRY(CreateActCtxW(&wanted) == INVALID_HANDLE_VALUE);
    TRY(ActivateActCtx(0, &cookie)); TRY(DeactivateActCtx(0, cookie));
}

int main(void) { dates(); numbers(); atoms(); normal(); attributes(); return 0; }
