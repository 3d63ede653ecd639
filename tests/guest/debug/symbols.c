/* dbghelp: modules and exported symbols by list, decorated names, directories of an image, stacks with inline contexts. */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <dbghelp.h>

static int modules, ntdlls, wide, sized;

static BOOL CALLBACK on_module(PCSTR name, DWORD64 base, PVOID context)
{
    modules++;
    ntdlls += !_stricmp(name, "ntdll") && base == (DWORD64)GetModuleHandleA("ntdll");
    return TRUE;
}

static BOOL CALLBACK on_wide_module(PCWSTR name, DWORD64 base, PVOID context)
{
    wide++;
    return wide < 2;
}

static BOOL CALLBACK on_loaded(PCSTR name, DWORD64 base, ULONG size, PVOID context)
{
    sized += size > 0 && strchr(name, '\\') != NULL;
    return TRUE;
}

static BOOL CALLBACK on_symbol(PSYMBOL_INFO symbol, ULONG size, PVOID context)
{
    printf("%s at its place %d, %s\n", symbol->Name, symbol->Address == (DWORD64)GetProcAddress(GetModuleHandle(NULL), symbol->Name),
           (const char *)context);
    return TRUE;
}

static BOOL CALLBACK on_wide_symbol(PSYMBOL_INFOW symbol, ULONG size, PVOID context)
{
    printf("%ls\n", symbol->Name);
    return FALSE;
}

__declspec(dllexport) int exported_one(int value)
{
    return value + 1;
}

__declspec(dllexport) __attribute__((noinline)) int exported_two(int value)
{
    STACKFRAME_EX frame;
    CONTEXT context;
    BYTE room[sizeof(SYMBOL_INFO) + 100];
    SYMBOL_INFO *symbol = (SYMBOL_INFO *)room;
    DWORD64 displacement;
    int found = 0, frames = 0;
    BOOL(WINAPI * walk)(DWORD, HANDLE, HANDLE, void *, PVOID, PVOID, PVOID, PVOID, PVOID, DWORD) =
        (void *)GetProcAddress(GetModuleHandleA("dbghelp"), "StackWalkEx");

    RtlCaptureContext(&context);
    memset(&frame, 0, sizeof frame);
    frame.StackFrameSize = sizeof frame;
    frame.AddrPC.Offset = context.Rip, frame.AddrPC.Mode = AddrModeFlat;
    frame.AddrStack.Offset = context.Rsp, frame.AddrStack.Mode = AddrModeFlat;
    frame.AddrFrame.Offset = context.Rbp, frame.AddrFrame.Mode = AddrModeFlat;
    while (frames < 20 && walk(IMAGE_FILE_MACHINE_AMD64, GetCurrentProcess(), GetCurrentThread(), &frame, &context,
                               NULL, NULL, NULL, NULL, 0)) {
        symbol->SizeOfStruct = sizeof *symbol;
        symbol->MaxNameLen = 100;
        if (SymFromAddr(GetCurrentProcess(), frame.AddrPC.Offset, &displacement, symbol))
            found += !strcmp(symbol->Name, "exported_two");
        frames++;
    }
    printf("frames %d, this function %d\n", frames > 1, found > 0);
    return value + 2;
}

int main(void)
{
    HANDLE process = GetCurrentProcess();
    char *base = (char *)GetModuleHandle(NULL), text[200];
    wchar_t wide_text[100];
    ULONG size = 0;
    IMAGE_NT_HEADERS *headers;
    IMAGE_SECTION_HEADER *section = NULL;
    IMAGE_EXPORT_DIRECTORY *exports;

    printf("before %d", SymEnumerateModules64(process, on_module, NULL));
    printf(" %lu\n", GetLastError());
    printf("initialize %d\n", SymInitialize(process, NULL, TRUE));
    printf("modules %d", SymEnumerateModules64(process, on_module, NULL));
    printf(" %d ntdll %d\n", modules > 3, ntdlls);
    SymEnumerateModulesW64(process, on_wide_module, NULL);
    printf("stopped after %d\n", wide);
    EnumerateLoadedModules64(process, on_loaded, NULL);
    printf("loaded %d\n", sized == modules);

    printf("symbols %d\n", SymEnumSymbols(process, (DWORD64)base, "exported_*", on_symbol, "context"));
    SymEnumSymbolsW(process, 0, L"symbols!*two", on_wide_symbol, NULL);
    printf("no base, no module %d", SymEnumSymbols(process, 0, "exported_one", on_symbol, "none"));
    printf(" %d\n", GetLastError() != 0);
    printf("no such base %d\n", SymEnumSymbols(process, 0x1000, "*", on_symbol, NULL));

    printf("name %lu", UnDecorateSymbolName("?f@A@@QEAAHH@Z", text, sizeof text, UNDNAME_COMPLETE));
    printf(" %s\n", text);
    printf("name %lu", UnDecorateSymbolName("?f@A@@QEAAHH@Z", text, sizeof text, UNDNAME_NAME_ONLY));
    printf(" %s\n", text);
    printf("plain %lu", UnDecorateSymbolName("plain_name", text, 6, 0));
    printf(" %s\n", text);
    printf("wide %lu", UnDecorateSymbolNameW(L"??0B@@QEAA@XZ", wide_text, 100, UNDNAME_NAME_ONLY));
    printf(" %ls\n", wide_text);

    headers = ImageNtHeader(base);
    printf("headers %d\n", headers && headers->Signature == IMAGE_NT_SIGNATURE);
    exports = ImageDirectoryEntryToDataEx(base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &size, &section);
    printf("exports %lu, size %d, section %d\n", exports->NumberOfNames, size > 40, section != NULL);
    printf("section %.5s\n", ImageRvaToSection(headers, base, headers->OptionalHeader.AddressOfEntryPoint)->Name);
    printf("place %d\n", ImageRvaToVa(headers, base, headers->OptionalHeader.AddressOfEntryPoint, NULL) != NULL);
    printf("no directory %d\n", ImageDirectoryEntryToData(base, TRUE, IMAGE_DIRECTORY_ENTRY_ARCHITECTURE, &size) != NULL);
    printf("no image %d", ImageNtHeader(text) != NULL);
    printf(" %lu\n", GetLastError());
    exported_two(1);
    printf("cleanup %d\n", SymCleanup(process));
    return 0;
}
