/* Hardware exceptions: code, address, parameters, RIP and flags as a vectored handler sees them.
 *
 * The expected text is Windows' behaviour as documented; Wine agrees but for these: it calls every #DE a division by
 * zero, leaves ICEBP's RIP on the instruction, lets INT 80h through to Linux, and calls RDMSR, WRMSR, LGDT and INVLPG
 * access violations. Wine does not check alignment when EFLAGS.AC is set.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

typedef unsigned char byte;

static byte *code, *data, *none, *readonly, *guarded; /* pages: executable, writable, reserved, ... */
static byte *back;                                    /* where a handled exception goes on */
static int seen;

static void place(const char *what, unsigned long long address)
{
    struct { const char *name; byte *start; } places[] = {
        {"code", code}, {"data", data}, {"none", none}, {"readonly", readonly}, {"guarded", guarded}};

    for (int i = 0; i < 5; i++)
        if (address >= (ULONG_PTR)places[i].start && address < (ULONG_PTR)places[i].start + 0x1000) {
            printf(" %s %s+%llx", what, places[i].name, address - (ULONG_PTR)places[i].start);
            return;
        }
    printf(" %s %llx", what, address);
}

static LONG CALLBACK handler(EXCEPTION_POINTERS *pointers)
{
    EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    CONTEXT *context = pointers->ContextRecord;

    printf("  %08lx flags %lx", record->ExceptionCode, record->ExceptionFlags);
    place("at", (ULONG_PTR)record->ExceptionAddress);
    place("rip", context->Rip);
    printf(" tf %ld", context->EFlags >> 8 & 1);
    for (DWORD i = 0; i < record->NumberParameters; i++)
        place("info", record->ExceptionInformation[i]);
    printf("\n");
    if (++seen > 3 || record->ExceptionCode != STATUS_SINGLE_STEP)
        context->Rip = (ULONG_PTR)back;
    context->EFlags &= ~0x40000; /* AC */
    if (record->ExceptionCode >> 4 == 0xC000008 || record->ExceptionCode >> 4 == 0xC000009) {
        context->MxCsr = 0x1F80;
        context->FltSave.MxCsr = 0x1F80;
        context->FltSave.ControlWord = 0x37F;
        context->FltSave.StatusWord = 0;
        context->FltSave.TagWord = 0;
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Runs some bytes, with rcx = `first` and rdx = `second`; a handled exception goes on at the RET behind them. */
static void run(const char *name, const char *bytes, int size, void *first, unsigned long long second)
{
    memset(code, 0xCC, 0x1000);
    memcpy(code, bytes, size);
    code[size] = 0xC3;
    back = code + size;
    seen = 0;
    FlushInstructionCache(GetCurrentProcess(), code, 0x1000);
    printf("%s\n", name);
    ((void (*)(void *, unsigned long long))code)(first, second);
    if (!seen)
        printf("  no exception\n");
}

#define RUN(name, bytes, first, second) run(name, bytes, sizeof bytes - 1, (void *)(first), second)

int main(void)
{
    DWORD old;

    setvbuf(stdout, NULL, _IONBF, 0);
    code = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    data = VirtualAlloc(NULL, 0x2000, MEM_RESERVE, PAGE_READWRITE);
    VirtualAlloc(data, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    none = data + 0x1000;
    readonly = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    VirtualProtect(readonly, 0x1000, PAGE_READONLY, &old);
    guarded = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE | PAGE_GUARD);
    AddVectoredExceptionHandler(1, handler);

    RUN("div by zero register", "\x31\xD2\x31\xC9\xF7\xF1", 0, 0);
    RUN("div by zero memory", "\x31\xD2\xC7\x01\0\0\0\0\xF7\x31", data, 0);
    RUN("div overflow register", "\xBA\x05\0\0\0\xB9\x02\0\0\0\xF7\xF1", 0, 0);
    RUN("div overflow memory", "\xBA\x05\0\0\0\xC7\x41\x08\x02\0\0\0\xF7\x71\x08", data, 0);
    RUN("idiv overflow", "\xB8\0\0\0\x80\x99\xB9\xFF\xFF\xFF\xFF\xF7\xF9", 0, 0);
    RUN("div byte overflow", "\x66\xB8\0\x10\xB1\x01\xF6\xF1", 0, 0);
    RUN("int3", "\x90\xCC", 0, 0);
    RUN("int 3", "\x90\xCD\x03", 0, 0);
    RUN("int 10h", "\x90\xCD\x10", 0, 0);
    RUN("int 80h", "\x90\xCD\x80", 0, 0);
    RUN("icebp", "\x90\xF1", 0, 0);
    RUN("trap flag by popf", "\x9C\x81\x0C\x24\0\x01\0\0\x9D\x90\x90\x90", 0, 0);
    RUN("ud2", "\x90\x0F\x0B", 0, 0);
    RUN("hlt", "\x90\xF4", 0, 0);
    RUN("cli", "\xFA", 0, 0);
    RUN("sti", "\xFB", 0, 0);
    RUN("in", "\xEC", 0, 0);
    RUN("in imm", "\xE4\x10", 0, 0);
    RUN("out", "\xEE", 0, 0x10);
    RUN("out imm", "\xE7\x10", 0, 0);
    RUN("insb", "\x6C", 0, 0);
    RUN("mov cr0", "\x0F\x20\xC0", 0, 0);
    RUN("mov to cr3", "\x0F\x22\xD8", 0, 0);
    RUN("mov dr7", "\x0F\x23\xF8", 0, 0);
    RUN("rdmsr", "\x0F\x32", 0, 0);
    RUN("wrmsr", "\x0F\x30", 0, 0);
    RUN("lgdt", "\x0F\x01\x11", data, 0);
    RUN("invlpg", "\x0F\x01\x39", data, 0);
    RUN("wbinvd", "\x0F\x09", 0, 0);
    RUN("clts", "\x0F\x06", 0, 0);
    RUN("swapgs", "\x0F\x01\xF8", 0, 0);
    RUN("sysret", "\x48\x0F\x07", 0, 0);
    RUN("read nothing", "\x48\x8B\x01", none + 0x18, 0);
    RUN("write nothing", "\x48\x89\x01", none + 0x18, 0);
    RUN("add to nothing", "\x83\x01\x01", none + 0x18, 0);
    RUN("lock xadd to nothing", "\xF0\x0F\xC1\x01", none + 0x20, 0);
    RUN("xchg with nothing", "\x87\x01", none + 0x20, 0);
    RUN("inc nothing", "\xFE\x01", none + 0x20, 0);
    RUN("cmp with nothing", "\x83\x39\x01", none + 0x18, 0);
    RUN("call through nothing", "\xFF\x11", none + 0x18, 0);
    RUN("read across", "\x48\x8B\x01", none - 3, 0);
    RUN("write across", "\x48\x89\x01", none - 3, 0);
    RUN("read null", "\x8B\x01", 0x10, 0);
    RUN("read the kernel", "\x8B\x01", 0xFFFF800000000000, 0);
    RUN("read outside", "\x8B\x01", 0x8000000000000000, 0);
    RUN("write outside", "\x89\x01", 0x8000000000000000, 0);
    RUN("write read-only", "\x89\x01", readonly + 4, 0);
    RUN("guard page read", "\x8B\x01", guarded + 8, 0);
    RUN("guard page again", "\x8B\x01", guarded + 8, 0);
    VirtualProtect(guarded, 0x1000, PAGE_READWRITE | PAGE_GUARD, &old);
    RUN("guard page written", "\x89\x41\x04", guarded, 0);
    RUN("sse division by zero", "\xC7\x01\x80\x1D\0\0\x0F\xAE\x11\x31\xC0\x0F\x57\xC9\x83\xC0\x01\xF2\x0F\x2A\xC0\xF2\x0F\x5E\xC1", data, 0);
    RUN("sse invalid", "\xC7\x01\0\x1F\0\0\x0F\xAE\x11\x0F\x57\xC0\xF2\x0F\x5E\xC0", data, 0);
    RUN("sse inexact", "\xC7\x01\x80\x0F\0\0\x0F\xAE\x11\xB8\x01\0\0\0\xF2\x0F\x2A\xC0\xB8\x03\0\0\0\xF2\x0F\x2A\xC8\xF2\x0F\x5E\xC1", data, 0);
    RUN("x87 division by zero", "\x66\xC7\x01\x7B\x03\xDB\xE3\xD9\x29\xD9\xEE\xD9\xE8\xDE\xF1\x9B\xDB\xE3", data, 0);
    RUN("movaps misaligned load", "\x0F\x28\x41\x08", data, 0);
    RUN("movdqa misaligned store", "\x66\x0F\x7F\x41\x01", data, 0);
    RUN("addps misaligned operand", "\x0F\x58\x41\x04", data, 0);
    RUN("movaps aligned, movups misaligned", "\x0F\x28\x41\x10\x0F\x11\x41\x21", data, 0);
    RUN("movaps misaligned, of nothing", "\x0F\x28\x41\x08", none, 0);
    RUN("cmpxchg16b misaligned", "\x48\x0F\xC7\x49\x08", data, 0);
    RUN("alignment check", "\x9C\x81\x0C\x24\0\0\x04\0\x9D\x8B\x41\x04\x8B\x41\x01", data, 0);
    RUN("jump to data", "\xFF\xE1", data + 0x30, 0);
    return 0;
}
