/* Runs one piece of machine code on the host's processor with every register given, and gives every register back.
 *
 * Built by the tests as a shared library; `state` is shared with Python. RSP is the host's own.
 */
#include <setjmp.h>
#include <signal.h>

struct {
    unsigned long long general[16]; /* in the order of the encodings; [4] is not used */
    unsigned long long flags;
    unsigned long long unused[15];
    unsigned char fxsave[512] __attribute__((aligned(16)));
} state __attribute__((visibility("protected")));

void *code __attribute__((visibility("protected")));

__asm__(".globl run\n"
        "run:\n"
        "  pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
        "  fxsave64 host_fxsave(%rip)\n"
        "  fxrstor64 state+256(%rip)\n"
        "  pushq state+128(%rip)\n"
        "  popfq\n"
        "  movq state+0(%rip), %rax; movq state+8(%rip), %rcx; movq state+16(%rip), %rdx; movq state+24(%rip), %rbx\n"
        "  movq state+40(%rip), %rbp; movq state+48(%rip), %rsi; movq state+56(%rip), %rdi; movq state+64(%rip), %r8\n"
        "  movq state+72(%rip), %r9; movq state+80(%rip), %r10; movq state+88(%rip), %r11; movq state+96(%rip), %r12\n"
        "  movq state+104(%rip), %r13; movq state+112(%rip), %r14; movq state+120(%rip), %r15\n"
        "  call *code(%rip)\n"
        "  movq %rax, state+0(%rip); movq %rcx, state+8(%rip); movq %rdx, state+16(%rip); movq %rbx, state+24(%rip)\n"
        "  movq %rbp, state+40(%rip); movq %rsi, state+48(%rip); movq %rdi, state+56(%rip); movq %r8, state+64(%rip)\n"
        "  movq %r9, state+72(%rip); movq %r10, state+80(%rip); movq %r11, state+88(%rip); movq %r12, state+96(%rip)\n"
        "  movq %r13, state+104(%rip); movq %r14, state+112(%rip); movq %r15, state+120(%rip)\n"
        "  pushfq\n"
        "  popq state+128(%rip)\n"
        "  fxsave64 state+256(%rip)\n"
        "  fxrstor64 host_fxsave(%rip)\n"
        "  cld\n"
        "  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
        "  ret\n"
        ".local host_fxsave\n"
        ".comm host_fxsave,512,16\n");

void run(void);

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

/* Like run; 1 when the code faulted (SIGSEGV), which leaves `state` as it was. */
int run_guarded(void)
{
    static unsigned char saved[512] __attribute__((aligned(16)));
    struct sigaction action = {.sa_handler = on_fault}, before;
    int faulted;

    __asm__ volatile("fxsave64 %0" : "=m"(saved));
    sigaction(SIGSEGV, &action, &before);
    faulted = sigsetjmp(back, 1);
    if (!faulted)
        run();
    else
        __asm__ volatile("fxrstor64 %0; cld" : : "m"(saved));
    sigaction(SIGSEGV, &before, 0);
    return faulted != 0;
}
