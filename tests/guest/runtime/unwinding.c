// At every instruction of a function, unwinding one frame gives the caller's registers back: single-stepped through
// functions that use each unwind code of x64 (prologue, body and epilogue), chained entries, and dynamic function tables.
#include <windows.h>
#include <stdio.h>
#include <string.h>

#define FUNCTION(name, text) \
    extern const char name[], name##_end[]; \
    __asm__(".text\n.globl " #name "\n.def " #name "; .scl 2; .type 32; .endef\n.seh_proc " #name "\n" #name ":\n" text \
            "\n.seh_endproc\n.globl " #name "_end\n" #name "_end:\n");

FUNCTION(pushes, "pushq %rbx\n.seh_pushreg %rbx\npushq %r12\n.seh_pushreg %r12\npushq %rsi\n.seh_pushreg %rsi\n"
                 ".seh_endprologue\nxorl %ebx,%ebx\nxorl %esi,%esi\nxorl %r12d,%r12d\nnop\npopq %rsi\npopq %r12\npopq %rbx\nretq")
FUNCTION(small_stack, "subq $40,%rsp\n.seh_stackalloc 40\n.seh_endprologue\nmovq %rcx,32(%rsp)\nnop\naddq $40,%rsp\nretq")
FUNCTION(large_stack, "subq $4096,%rsp\n.seh_stackalloc 4096\n.seh_endprologue\nmovq %rcx,(%rsp)\naddq $4096,%rsp\nretq")
FUNCTION(huge_stack, "subq $600016,%rsp\n.seh_stackalloc 600016\n.seh_endprologue\nnop\naddq $600016,%rsp\nretq")
FUNCTION(saves, "subq $56,%rsp\n.seh_stackalloc 56\nmovq %rdi,48(%rsp)\n.seh_savereg %rdi,48\nmovq %r15,40(%rsp)\n.seh_savereg %r15,40\n"
                ".seh_endprologue\nxorl %edi,%edi\nxorl %r15d,%r15d\nnop\nmovq 40(%rsp),%r15\nmovq 48(%rsp),%rdi\naddq $56,%rsp\nretq")
FUNCTION(far_saves, "subq $600040,%rsp\n.seh_stackalloc 600040\nmovq %rdi,600024(%rsp)\n.seh_savereg %rdi,600024\n"
                    "movaps %xmm9,600000(%rsp)\n.seh_savexmm %xmm9,600000\n.seh_endprologue\nxorl %edi,%edi\nxorps %xmm9,%xmm9\nnop\n"
                    "movaps 600000(%rsp),%xmm9\nmovq 600024(%rsp),%rdi\naddq $600040,%rsp\nretq")
FUNCTION(vectors, "subq $56,%rsp\n.seh_stackalloc 56\nmovaps %xmm6,(%rsp)\n.seh_savexmm %xmm6,0\nmovaps %xmm15,32(%rsp)\n.seh_savexmm %xmm15,32\n"
                  ".seh_endprologue\nxorps %xmm6,%xmm6\nxorps %xmm15,%xmm15\nnop\nmovaps (%rsp),%xmm6\nmovaps 32(%rsp),%xmm15\naddq $56,%rsp\nretq")
// The body moves RSP: only the frame register knows.
FUNCTION(frame, "pushq %rbp\n.seh_pushreg %rbp\nsubq $48,%rsp\n.seh_stackalloc 48\nleaq 32(%rsp),%rbp\n.seh_setframe %rbp,32\n"
                ".seh_endprologue\nsubq $128,%rsp\npushq $7\nsubq $8,%rsp\nnop\nleaq 16(%rbp),%rsp\npopq %rbp\nretq")
FUNCTION(high_frame, "pushq %r13\n.seh_pushreg %r13\nsubq $64,%rsp\n.seh_stackalloc 64\nleaq 64(%rsp),%r13\n.seh_setframe %r13,64\n"
                     ".seh_endprologue\nsubq $256,%rsp\nnop\nleaq (%r13),%rsp\npopq %r13\nretq")
// A jump out of the function is an epilogue too.
FUNCTION(tail_jump, "pushq %rbx\n.seh_pushreg %rbx\nsubq $32,%rsp\n.seh_stackalloc 32\n.seh_endprologue\nxorl %ebx,%ebx\naddq $32,%rsp\npopq %rbx\njmp pushes")
// RSI is saved late, under an entry of its own that is chained to the first; the rest is chained to the first too.
extern const char chained[], chained_end[];
__asm__(".text\n.globl chained, chained_end\nchained:\npushq %rbx\nsubq $48,%rsp\nxorl %ebx,%ebx\n"
        "chained_middle:\nmovq %rsi,40(%rsp)\nxorl %esi,%esi\nnop\nmovq 40(%rsp),%rsi\n"
        "chained_rest:\nnop\naddq $48,%rsp\npopq %rbx\nretq\nchained_end:\n"
        ".section .xdata,\"dr\"\n.p2align 2\n"
        "chained_first_info:\n.byte 1, 5, 2, 0, 5, 0x52, 1, 0x30\n"
        "chained_middle_info:\n.byte 0x21, 5, 2, 0, 5, 0x64, 5, 0\n.rva chained, chained_middle, chained_first_info\n"
        "chained_rest_info:\n.byte 0x21, 0, 0, 0\n.rva chained, chained_middle, chained_first_info\n"
        ".section .pdata,\"dr\"\n.p2align 2\n.rva chained, chained_middle, chained_first_info\n"
        ".rva chained_middle, chained_rest, chained_middle_info\n.rva chained_rest, chained_end, chained_rest_info\n.text\n");
// No unwind data: the return address is on top.
extern const char leaf[], leaf_end[];
__asm__(".text\n.globl leaf\nleaf:\nleaq 1(%rcx),%rax\nimulq $3,%rax,%rax\nretq\n.globl leaf_end\nleaf_end:\n");

// Sets every register that a function must keep, steps through the function in RCX, and puts all back.
extern void stepped(const void *function, void *marks);
extern const char stepped_return[];
__asm__(".text\n.globl stepped\n.seh_proc stepped\nstepped:\n"
        "pushq %rbx\n.seh_pushreg %rbx\npushq %rbp\n.seh_pushreg %rbp\npushq %rsi\n.seh_pushreg %rsi\npushq %rdi\n.seh_pushreg %rdi\n"
        "pushq %r12\n.seh_pushreg %r12\npushq %r13\n.seh_pushreg %r13\npushq %r14\n.seh_pushreg %r14\npushq %r15\n.seh_pushreg %r15\n"
        "subq $200,%rsp\n.seh_stackalloc 200\n"
        "movaps %xmm6,32(%rsp)\n.seh_savexmm %xmm6,32\nmovaps %xmm7,48(%rsp)\n.seh_savexmm %xmm7,48\nmovaps %xmm8,64(%rsp)\n.seh_savexmm %xmm8,64\n"
        "movaps %xmm9,80(%rsp)\n.seh_savexmm %xmm9,80\nmovaps %xmm10,96(%rsp)\n.seh_savexmm %xmm10,96\nmovaps %xmm11,112(%rsp)\n.seh_savexmm %xmm11,112\n"
        "movaps %xmm12,128(%rsp)\n.seh_savexmm %xmm12,128\nmovaps %xmm13,144(%rsp)\n.seh_savexmm %xmm13,144\nmovaps %xmm14,160(%rsp)\n.seh_savexmm %xmm14,160\n"
        "movaps %xmm15,176(%rsp)\n.seh_savexmm %xmm15,176\n.seh_endprologue\n"
        "movq %rcx,%rax\nmovq %rsp,(%rdx)\n"
        "movq $0x1b1b,%rbx\nmovq $0x2b2b,%rbp\nmovq $0x3b3b,%rsi\nmovq $0x4b4b,%rdi\nmovq $0x5b5b,%r12\nmovq $0x6b6b,%r13\nmovq $0x7b7b,%r14\nmovq $0x8b8b,%r15\n"
        "movq %rbx,%xmm6\nmovq %rbp,%xmm7\nmovq %rsi,%xmm8\nmovq %rdi,%xmm9\nmovq %r12,%xmm15\n"
        "pushfq\norq $0x100,(%rsp)\npopfq\ncall *%rax\n.globl stepped_return\nstepped_return:\npushfq\nandq $~0x100,(%rsp)\npopfq\n"
        "movaps 32(%rsp),%xmm6\nmovaps 48(%rsp),%xmm7\nmovaps 64(%rsp),%xmm8\nmovaps 80(%rsp),%xmm9\nmovaps 96(%rsp),%xmm10\nmovaps 112(%rsp),%xmm11\n"
        "movaps 128(%rsp),%xmm12\nmovaps 144(%rsp),%xmm13\nmovaps 160(%rsp),%xmm14\nmovaps 176(%rsp),%xmm15\n"
        "addq $200,%rsp\npopq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rdi\npopq %rsi\npopq %rbp\npopq %rbx\nretq\n.seh_endproc\n");

static ULONG64 stack, first, last;
static int steps, wrong;

static void complain(ULONG64 rip, const char *what, ULONG64 value)
{
    if (!wrong++) printf("  at +%u %s is %llx\n", (unsigned)(rip - first), what, value);
}

static void unwind_one(CONTEXT *context)
{
    ULONG64 base, rip = context->Rip, frame;
    void *data;
    RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(rip, &base, NULL);
    if (!function) { context->Rip = *(ULONG64 *)context->Rsp; context->Rsp += 8; }
    else RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, rip, function, context, &data, &frame, NULL);
}

static LONG WINAPI step(EXCEPTION_POINTERS *info)
{
    CONTEXT c = *info->ContextRecord;
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP) return EXCEPTION_CONTINUE_SEARCH;
    if (c.Rip >= first && c.Rip < last) {
        ULONG64 rip = c.Rip;
        steps++;
        unwind_one(&c);
        if (c.Rip != (ULONG64)stepped_return) complain(rip, "Rip", c.Rip);
        if (c.Rsp != stack) complain(rip, "Rsp", c.Rsp - stack);
        if (c.Rbx != 0x1b1b) complain(rip, "Rbx", c.Rbx);
        if (c.Rbp != 0x2b2b) complain(rip, "Rbp", c.Rbp);
        if (c.Rsi != 0x3b3b) complain(rip, "Rsi", c.Rsi);
        if (c.Rdi != 0x4b4b) complain(rip, "Rdi", c.Rdi);
        if (c.R12 != 0x5b5b) complain(rip, "R12", c.R12);
        if (c.R13 != 0x6b6b) complain(rip, "R13", c.R13);
        if (c.R14 != 0x7b7b) complain(rip, "R14", c.R14);
        if (c.R15 != 0x8b8b) complain(rip, "R15", c.R15);
        if (c.Xmm6.Low != 0x1b1b) complain(rip, "Xmm6", c.Xmm6.Low);
        if (c.Xmm9.Low != 0x4b4b) complain(rip, "Xmm9", c.Xmm9.Low);
        if (c.Xmm15.Low != 0x5b5b) complain(rip, "Xmm15", c.Xmm15.Low);
    }
    info->ContextRecord->EFlags |= 0x100;
    if (info->ContextRecord->Rip == (ULONG64)stepped_return) info->ContextRecord->EFlags &= ~0x100;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void walk(const char *name, const void *begin, const void *end)
{
    steps = wrong = 0;
    first = (ULONG64)begin;
    last = (ULONG64)end;
    stepped(begin, &stack);
    printf("%s: %d instructions, %d wrong\n", name, steps, wrong);
}
#define WALK(name) walk(#name, name, name##_end)

// An interrupt's frame, as in KiUserExceptionDispatcher: the return address and stack lie in it.
extern const char machine_frame[], machine_frame_body[];
__asm__(".text\n.globl machine_frame\n.seh_proc machine_frame\nmachine_frame:\n.seh_pushframe\nsubq $24,%rsp\n.seh_stackalloc 24\n"
        ".seh_endprologue\n.globl machine_frame_body\nmachine_frame_body:\nnop\naddq $24,%rsp\niretq\n.seh_endproc\n");

static void interrupt(void)
{
    ULONG64 space[16] = {0};
    CONTEXT c = {0};
    c.Rip = (ULONG64)machine_frame_body;
    c.Rsp = (ULONG64)space;
    space[3] = 0x123456789;  // RIP
    space[4] = 0x33;
    space[5] = 0x202;
    space[6] = 0xabcdef000;  // RSP
    unwind_one(&c);
    printf("machine frame: %llx %llx\n", (ULONG64)c.Rip, (ULONG64)c.Rsp);
}

// Code made at run time: `push rbx; sub rsp,32; xor ebx,ebx; nop; add rsp,32; pop rbx; ret` and its unwind data.
static const BYTE made[] = {0x53, 0x48, 0x83, 0xec, 0x20, 0x31, 0xdb, 0x90, 0x48, 0x83, 0xc4, 0x20, 0x5b, 0xc3};
static const BYTE made_info[] = {1, 5, 2, 0, 5, 0x32, 1, 0x30};
static RUNTIME_FUNCTION entry;
static int asked;

static RUNTIME_FUNCTION *CALLBACK answer(DWORD64 pc, void *context)
{
    asked++;
    return pc - (DWORD64)context < sizeof made ? &entry : NULL;
}

static void dynamic(void)
{
    BYTE *page = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    memcpy(page, made, sizeof made);
    memcpy(page + 64, made_info, sizeof made_info);
    entry.BeginAddress = 0;
    entry.EndAddress = sizeof made;
    entry.UnwindData = 64;
    ULONG64 base;
    printf("before: %d\n", RtlLookupFunctionEntry((ULONG64)page + 6, &base, NULL) != NULL);
    RtlAddFunctionTable(&entry, 1, (ULONG64)page);
    walk("table", page, page + sizeof made);
    RtlDeleteFunctionTable(&entry);
    printf("deleted: %d\n", RtlLookupFunctionEntry((ULONG64)page + 6, &base, NULL) != NULL);
    RtlInstallFunctionTableCallback((ULONG64)page | 3, (ULONG64)page, 0x1000, answer, page, NULL);
    walk("callback", page, page + sizeof made);
    printf("asked: %d\n", asked > 0);
    RtlDeleteFunctionTable((RUNTIME_FUNCTION *)((ULONG64)page | 3));
    printf("deleted: %d\n", RtlLookupFunctionEntry((ULONG64)page + 6, &base, NULL) != NULL);
}

// The functions above do not probe their stack: commit it for them.
static __attribute__((noinline)) void touch_stack(void)
{
    volatile char space[700000];
    for (int i = sizeof space - 1; i >= 0; i -= 4096) space[i] = 0;
}

int main(void)
{
    touch_stack();
    AddVectoredExceptionHandler(1, step);
    WALK(leaf);
    WALK(pushes);
    WALK(small_stack);
    WALK(large_stack);
    WALK(huge_stack);
    WALK(saves);
    WALK(far_saves);
    WALK(vectors);
    WALK(frame);
    WALK(high_frame);
    WALK(tail_jump);
    WALK(chained);
    interrupt();
    dynamic();
}
