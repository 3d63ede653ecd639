/* Startup code of a console program that uses msvcrt.dll, which the compiler's own libraries no longer know. */
typedef struct {
    int new_mode;
} startup_info;
__declspec(dllimport) void __set_app_type(int type);
__declspec(dllimport) int __getmainargs(int *argc, char ***argv, char ***envp, int wildcards, startup_info *info);
__declspec(dllimport) __declspec(noreturn) void exit(int code);
int main(int argc, char **argv, char **envp);

__attribute__((weak)) int _dowildcard;

void mainCRTStartup(void)
{
    startup_info info = {0};
    char **argv, **envp;
    int argc;

    __set_app_type(1);
    __getmainargs(&argc, &argv, &envp, _dowildcard, &info);
    exit(main(argc, argv, envp));
}

void __main(void)
{
}

/* The headers spell stdin, stdout and stderr this way in every flavour. */
__declspec(dllimport) char *__iob_func(void);

static void *standard_stream(unsigned index)
{
    return __iob_func() + index * 48;
}

void *(*__imp___acrt_iob_func)(unsigned index) = standard_stream;

/* Touch each page of a big stack frame in turn: rax holds its size and every register is kept. */
__asm__(".globl ___chkstk_ms\n"
        "___chkstk_ms:\n"
        "    pushq %rcx\n"
        "    pushq %rax\n"
        "    leaq 24(%rsp), %rcx\n"
        "1:  cmpq $4096, %rax\n"
        "    jb 2f\n"
        "    subq $4096, %rcx\n"
        "    orq $0, (%rcx)\n"
        "    subq $4096, %rax\n"
        "    jmp 1b\n"
        "2:  subq %rax, %rcx\n"
        "    orq $0, (%rcx)\n"
        "    popq %rax\n"
        "    popq %rcx\n"
        "    ret\n");
