/* What every file of the C runtime shares. Include it first.
 *
 * The same sources make msvcrt.dll (-DMSVCRT) and ucrtbase.dll (-DUCRT). They are compiled against the msvcrt view of
 * the mingw-w64 headers in both flavours: those headers hide much of the universal CRT behind inline functions, and
 * what the two flavours export is decided by their .spec files, not by a header.
 */
#ifndef CRT_INTERNAL_H
#define CRT_INTERNAL_H

#if !defined(MSVCRT) == !defined(UCRT)
#error "compile with exactly one of -DMSVCRT and -DUCRT"
#endif

#undef _UCRT
#undef __MSVCRT_VERSION__
#define __MSVCRT_VERSION__ 0x700
#define _CRTIMP
#define _CRTIMP_ALTERNATIVE
#define _SECIMP
#define _CRTIMP_NOIA64
#define _CRTIMP2
#define __CRT__NO_INLINE 1
#define _NO_CRT_STDIO_INLINE 1
#define NO_OLDNAMES 1
#define __USE_MINGW_ANSI_STDIO 0
#define _CRT_SECURE_NO_WARNINGS 1
#define _CTYPE_DISABLE_MACROS 1
#define _WCTYPE_INLINE_DEFINED 1
#define WIN32_LEAN_AND_MEAN 1
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#define _FILE_DEFINED /* stream.h has it */
typedef struct _iobuf FILE;
#include <windows.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define CRT_EXPORT /* visibility comes from the .spec files; the word marks what programs can see */

/* ---- flavour -------------------------------------------------------------------------------------------------- */

#ifdef UCRT
#define CRT_IS_UCRT 1
#else
#define CRT_IS_UCRT 0
#endif

/* ---- per-thread data ------------------------------------------------------------------------------------------ */

struct crt_locale; /* locale_internal.h: what a _locale_t's locinfo points to */
struct tm;

typedef struct crt_signal_action {
    unsigned long exception; /* STATUS_... */
    int signal;              /* SIGFPE, SIGSEGV or SIGILL */
    void (*handler)(int);
} crt_signal_action;

#define CRT_SIGNAL_ACTIONS 12

typedef struct crt_thread {
    int errno_value;
    unsigned long doserrno_value;

    unsigned long rand_state;      /* rand(): starts at 1 */
    char *strtok_next;             /* strtok */
    wchar_t *wcstok_next;          /* wcstok without a context */
    unsigned char *mbstok_next;    /* _mbstok */

    char *strerror_buffer;         /* all buffers below: allocated at first use with malloc, freed with the thread */
    wchar_t *wcserror_buffer;
    char *asctime_buffer;
    wchar_t *wasctime_buffer;
    struct tm *tm_buffer;          /* gmtime, localtime */
    char *cvt_buffer;              /* _ecvt, _fcvt */
    char *tmpnam_buffer;
    wchar_t *wtmpnam_buffer;

    void *locale;                  /* the thread's own locale, or NULL: the global one (owned by locale code) */
    int locale_mode;               /* _configthreadlocale: 0 unset, else _ENABLE_/_DISABLE_PER_THREAD_LOCALE */
    void *mbcinfo;                 /* the thread's own multibyte code page data, or NULL */
    int mbstate[8];                /* hidden states of mbrtowc, mbrlen, wcrtomb, mbsrtowcs, c16rtomb... */

    void (*start_routine)(void);   /* _beginthread */
    unsigned (__stdcall *start_routine_ex)(void *);
    void *start_argument;
    HANDLE start_handle;           /* _beginthread closes it at the end */
    HMODULE start_module;          /* the module that holds start_routine, kept loaded */

    crt_signal_action *signals;    /* CRT_SIGNAL_ACTIONS entries, allocated by the first signal(SIGFPE...) */
    EXCEPTION_POINTERS *exception_pointers; /* __pxcptinfoptrs */
    int fpe_code;                  /* __fpecode */

    void *invalid_parameter_handler; /* _set_thread_local_invalid_parameter_handler */
    void *terminate_handler;       /* set_terminate, when the vcruntime part of msvcrt asks */
    void *unexpected_handler;
    void *translator;              /* _set_se_translator */
    void *current_exception;       /* slots for the C++ runtime (msvcrt holds its own) */
    void *current_exception_context;
    int processing_throw;
    void *frame_info_chain;
    void *cxx_private[4];
} crt_thread;

extern DWORD crt_tls_index;

/* The calling thread's data, made when it does not exist yet. Never fails: without memory the process ends with
 * R6016. Keeps the last error. */
crt_thread *crt_thread_data_slow(void);

static inline crt_thread *crt_thread_data(void)
{
    /* The TEB's TlsSlots array; slots past 64 live elsewhere and take the slow road. */
    if (crt_tls_index < 64) {
        crt_thread *data = (crt_thread *)__readgsqword(0x1480 + crt_tls_index * 8);
        if (data)
            return data;
    }
    return crt_thread_data_slow();
}

#undef errno
#define errno (crt_thread_data()->errno_value)
#undef _doserrno
#define _doserrno (crt_thread_data()->doserrno_value)

/* Set _doserrno to a Windows error code and errno to the value that Windows maps it to. */
void _dosmaperr(unsigned long error);
int crt_errno_from_windows(unsigned long error);

/* ---- invalid parameters --------------------------------------------------------------------------------------- */

/* Calls the invalid parameter handler (msvcrt: does nothing by default; ucrt: ends the process with
 * STATUS_INVALID_CRUNTIME_PARAMETER by default) after errno has been set. */
void _invalid_parameter_noinfo(void);

#define CRT_INVALID(code) (errno = (code), _invalid_parameter_noinfo())
#define CRT_VALIDATE(condition, code, result)                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            CRT_INVALID(code);                                                                                         \
            return result;                                                                                             \
        }                                                                                                              \
    } while (0)
#define CRT_VALIDATE_VOID(condition, code)                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            CRT_INVALID(code);                                                                                         \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* ---- locks ---------------------------------------------------------------------------------------------------- */

/* The numbers are msvcrt's, since programs may call _lock(8). */
enum crt_lock {
    CRT_LOCK_SIGNAL = 0,
    CRT_LOCK_IOB_SCAN = 1,
    CRT_LOCK_TMPNAM = 2,
    CRT_LOCK_INPUT = 3,
    CRT_LOCK_OUTPUT = 4,
    CRT_LOCK_CSCANF = 5,
    CRT_LOCK_CONIO = 6,
    CRT_LOCK_HEAP = 7,
    CRT_LOCK_UNDNAME = 8, /* also __dllonexit's by MinGW's crt */
    CRT_LOCK_TIME = 9,
    CRT_LOCK_ENV = 10,
    CRT_LOCK_EXIT = 11,
    CRT_LOCK_POPEN = 12,
    CRT_LOCK_LOCALE = 13,
    CRT_LOCK_MULTIBYTE = 14,
    CRT_LOCK_LOWIO = 15,
    CRT_LOCK_NEW_HANDLER = 16,
    CRT_LOCK_THREAD_INIT = 17,
    CRT_LOCK_STREAMS = 18, /* 20 of them, the standard streams of _iob */
    CRT_LOCK_COUNT = 38,
};
void _lock(int number);
void _unlock(int number);

/* ---- memory: the CRT heap is the process heap (heap.c) --------------------------------------------------------- */

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

/* ---- locale hooks (locale.c implements them; everything else uses only these) ----------------------------------- */

#ifndef CRT_LOCALE_T
#define CRT_LOCALE_T
typedef struct localeinfo_struct *crt_locale_t; /* the public _locale_t; NULL: the calling thread's locale */
#endif

/* Code page of LC_CTYPE; 0 in the "C" locale. */
unsigned crt_locale_codepage(crt_locale_t locale);
/* Longest character in bytes: 1, 2 or 4. */
int crt_locale_mb_cur_max(crt_locale_t locale);
/* Radix character: a NUL-terminated multibyte string, and the one wide character. */
const char *crt_locale_decimal_point(crt_locale_t locale);
wchar_t crt_locale_wide_decimal_point(crt_locale_t locale);
int crt_is_lead_byte(int byte, crt_locale_t locale);
/* One character at s (at most n bytes): stores it in *wide (when not NULL) and returns its bytes, 0 for NUL, -1 and
 * EILSEQ for a bad or incomplete one. */
int crt_mbtowc(wchar_t *wide, const char *s, size_t n, crt_locale_t locale);
/* One character to at most n bytes at s: the bytes written, or -1 and EILSEQ. (C locale: characters over 255 fail.) */
int crt_wctomb(char *s, size_t n, wchar_t wide, crt_locale_t locale);
/* The white space test of scanf and strtol in that locale. */
int crt_isspace(int byte, crt_locale_t locale);
int crt_iswspace(wint_t c, crt_locale_t locale);
/* Set up the "C" locale; called once by DllMain before anything else may ask. Also called at thread and process end. */
void crt_locale_init(void);
void crt_locale_thread_exit(crt_thread *data);
void crt_locale_shutdown(void);

/* ---- numbers <-> text (strtod.c, over mingw-w64's gdtoa from the wheel) ------------------------------------------ */

/* gdtoa's own entry points: mode, ndigits, decpt, sign, rve as David Gay documents them. */
char *__dtoa(double value, int mode, int ndigits, int *decpt, int *sign, char **rve);
void __freedtoa(char *s);
double __strtod(const char *s, char **end);

/* ---- initialisation: each part's hook, in the order in which DllMain calls them ---------------------------------- */

void crt_heap_init(void);        /* heap.c */
void crt_lowio_init(void);       /* lowio.c */
void crt_lowio_shutdown(void);
void crt_environment_init(void); /* environment.c */
void crt_stdio_init(void);       /* streams.c */
void crt_stdio_shutdown(void);
void crt_time_init(void);        /* time.c: tick base of clock() and the like */
void crt_math_init(void);        /* math.c */

#endif
