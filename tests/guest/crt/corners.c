/* Functions that programs call seldom: at the process's end, on faults, on memory, on words. Runs itself. */
#include <complex.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <malloc.h>
#include <math.h>
#include <new.h>
#include <process.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

typedef void(__cdecl *nothing)(void);


static jmp_buf back;
static int depth;

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static void on_exit_function(void)
{
    say("atexit");
}

static int __cdecl on_exit_int(void)
{
    say("_onexit");
    return 0;
}

static void caught(int number)
{
    printf("signal %d, now default %d\n", number, signal(number, SIG_DFL) == SIG_DFL);
    fflush(stdout);
    _exit(40 + number);
}

static void caught_float(int number, int code)
{
    printf("signal %d code %x\n", number, code);
    fflush(stdout);
    _exit(60);
}

static void quick(void)
{
    say("quick");
}

static int child(const char *what)
{
    if (!strcmp(what, "segv")) {
        signal(SIGSEGV, caught);
        *(volatile int *)8 = 1;
    }
    if (!strcmp(what, "ill")) {
        signal(SIGILL, caught);
        __asm__ volatile("ud2");
    }
    if (!strcmp(what, "fpe")) {
        signal(SIGFPE, (void (*)(int))caught_float);
        raise(SIGFPE);
    }
    if (!strcmp(what, "abort")) {
        signal(SIGABRT, caught);
        abort();
    }
    if (!strcmp(what, "ignored")) {
        signal(SIGINT, SIG_IGN);
        signal(SIGBREAK, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        printf("raised %d %d %d\n", raise(SIGINT), raise(SIGBREAK), raise(SIGTERM));
        return 2;
    }
    if (!strcmp(what, "int"))
        raise(SIGINT);
    if (!strcmp(what, "cexit")) {
        atexit(on_exit_function);
        _onexit(on_exit_int);
        _cexit();
        say("still here");
        _exit(5);
    }
    if (!strcmp(what, "c_exit")) {
        atexit(on_exit_function);
        _c_exit();
        say("nothing ran");
        _exit(6);
    }
    if (!strcmp(what, "quick")) {
        int(__cdecl * at)(nothing) = (void *)GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "_crt_at_quick_exit");
        void(__cdecl * leave)(int) = (void *)GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "quick_exit");
        if (!at || !leave) {
            say("quick");
            return 7;
        }
        atexit(on_exit_function);
        at(quick);
        leave(7);
    }
    return 99;
}


static int formatted(char *out, size_t size, const char *format, ...)
{
    va_list list;
    int count;

    va_start(list, format);
    count = _vscprintf(format, list);
    va_end(list);
    va_start(list, format);
    _vsnprintf_s(out, size, _TRUNCATE, format, list);
    va_end(list);
    return count;
}

static void deep(int levels)
{
    if (!levels)
        longjmp(back, 17);
    deep(levels - 1);
    depth++;
}

int main(int argc, char **argv, char **initial_environment)
{
    static const char *const ends[] = {
#if __MSVCRT_VERSION__ != 0x700 /* there the start-up code of this test has no frame that makes signals of faults */
        "segv", "ill",
#endif
        "fpe", "abort", "ignored", "int", "cexit", "c_exit", "quick"
    };
    char text[64], path[MAX_PATH], *copy;
    wchar_t wide[64];
    void *block;
    size_t size;
    int value;

    if (argc > 1)
        return child(argv[1]);
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        printf("> %s\n", ends[i]);
        printf("code %d\n", (int)_spawnl(_P_WAIT, argv[0], "corners", ends[i], NULL));
    }

    printf("jumps\n");
    value = setjmp(back);
    if (!value)
        deep(20);
    printf("%d %d\n", value, depth);

    printf("words\n");
    printf("%x %x %llx %llx\n", _rotl(0x80000001u, 4), _rotr(0x80000001u, 4), _rotl64(0x8000000000000001ull, 8),
           _rotr64(0x8000000000000001ull, 8));
#if __MSVCRT_VERSION__ != 0x700
    printf("%x %lx %llx\n", _byteswap_ushort(0x1234), _byteswap_ulong(0x12345678),
           _byteswap_uint64(0x123456789abcdef0ull));
#endif
    memset(text, 0, sizeof text);
    _swab("badcfe", text, 6);
    printf("%s\n", text);

    printf("memory\n");
    block = malloc(10);
    printf("%d %d", (int)_msize(block), _expand(block, 5) == block);
    printf(" %d\n", (int)_msize(block));
    free(block);
#if __MSVCRT_VERSION__ != 0x700
    block = _recalloc(NULL, 4, 4);
    memset(block, 'x', 16);
    block = _recalloc(block, 8, 4);
    printf("%.16s %d\n", (char *)block, ((char *)block)[16] == 0 && ((char *)block)[31] == 0);
    free(block);
    errno = 0;
    printf("%d", _recalloc(NULL, (size_t)-1, 8) == NULL);
    printf(" %d\n", errno);
#endif

    printf("text\n");
    printf("%d %s\n", formatted(text, 8, "%d-%s", 1234, "abcdef"), text);
    printf("%d %s\n", _snprintf_s(text, sizeof text, _TRUNCATE, "%05.1f|%-4d|", 3.14159, 7), text);
    printf("%d", _snprintf_s(text, 6, _TRUNCATE, "%s", "too long for it"));
    printf(" %s\n", text);
    printf("%d", _snwprintf_s(wide, 64, _TRUNCATE, L"%ls %hs %d", L"wide", "narrow", 3));
    printf(" %ls\n", wide);
    printf("%d\n", _scprintf("%*d", 12, 5));

    printf("environment\n");
    _putenv("CORNER=value");
    copy = NULL;
    size = 0;
    printf("%d", _dupenv_s(&copy, &size, "CORNER"));
    printf(" %s %d", copy, (int)size);
    free(copy);
    printf(" %d", _dupenv_s(&copy, &size, "NO_SUCH_CORNER"));
    printf(" %d %d\n", copy == NULL, (int)size);
    fclose(fopen("found.txt", "w"));
    _putenv("CORNERPATH=C:\\no such folder;.");
    _searchenv("found.txt", "CORNERPATH", path);
    printf("found %d\n", strstr(path, "found.txt") != NULL);
    _searchenv("missing.txt", "CORNERPATH", path);
    printf("missing [%s]\n", path);
    remove("found.txt");

    value = 0;
    for (char **p = initial_environment; *p; p++)
        value += !strncmp(*p, "CORNER", 6) + !strncmp(*p, "SystemRoot=", 11);
    printf("at the start %d\n", value);

    printf("numbers\n");
    {
        struct _complex z = {3.0, -4.0};
        printf("%g\n", _cabs(z));
    }
    printf("%d %d\n", abs(-5), (int)_abs64(-7));
    printf("%.3f %.3f %.3f\n", _chgsign(2.5), _copysign(3.0, -0.0), _nextafter(1.0, 2.0));
    printf("%d %d %d\n", _finite(1.0), _isnan(NAN), _fpclass(-0.0) == _FPCLASS_NZ);

#if __MSVCRT_VERSION__ != 0x700
    printf("locale of a thread %d", _configthreadlocale(_ENABLE_PER_THREAD_LOCALE));
    printf(" %d", _configthreadlocale(0));
    printf(" %d\n", _configthreadlocale(_DISABLE_PER_THREAD_LOCALE));
    {
        char *(__cdecl * undecorate)(char *, const char *, int, void *(__cdecl *)(size_t), void(__cdecl *)(void *), int);
        wchar_t *(__cdecl * environment)(void);
        char ***initial = (void *)GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "__dcrt_initial_narrow_environment");

        *(FARPROC *)&undecorate = GetProcAddress(LoadLibraryA("vcruntime140.dll"), "__unDName");
        printf("%s\n", undecorate(text, "?f@A@@QEAAHH@Z", sizeof text, malloc, free, 0));
        *(FARPROC *)&environment = GetProcAddress(GetModuleHandleA("ucrtbase.dll"), "__dcrt_get_wide_environment_from_os");
        printf("initial environments %d %d\n", initial && *initial && strchr(**initial, '='),
               wcschr(environment(), L'=') != NULL);
    }
    {
        HMODULE crt = GetModuleHandleA("ucrtbase.dll");
        short(__cdecl * drop)(double *, short) = (void *)GetProcAddress(crt, "_d_int");
        short(__cdecl * scale)(double *, long) = (void *)GetProcAddress(crt, "_dscale");
        short(__cdecl * split)(short *, double *) = (void *)GetProcAddress(crt, "_dunscale");
        double(__cdecl * poly)(double, const double *, int) = (void *)GetProcAddress(crt, "_dpoly");
        short(__cdecl * power)(double *, double, long) = (void *)GetProcAddress(crt, "_dexp");
        double(__cdecl * sine)(double, unsigned) = (void *)GetProcAddress(crt, "_o__ldsin");
        float(__cdecl * logarithm)(float, int) = (void *)GetProcAddress(crt, "_fdlog");
        static const double table[] = {2, 3, 4};
        double x = 6.6875;
        short exponent = 9;

        printf("dropped %d", drop(&x, 2));
        printf(" %g %d\n", x, drop(&x, 2));
        printf("scaled %d", scale(&x, 3));
        printf(" %g, split %d", x, split(&exponent, &x));
        printf(" %g %d\n", x, exponent);
        x = 1;
        printf("polynomial %g, power %d", poly(10, table, 2), power(&x, 2, 3));
        printf(" %.6f, sine %.6f %.6f, logarithm %g\n", x, sine(0.5, 1), sine(0.5, 2), logarithm(1000, 1));
    }
#endif
    return 0;
}
