/* exit, abort and their kin, and the messages of a runtime that gives up. */
#include "internal.h"
#include "exit.h"
#include "startup.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FAST_FAIL_FATAL_APP_EXIT 7

void crt_run_quick_onexit(void);
int raise(int signal);

static BOOL exiting;
static PIMAGE_TLS_CALLBACK thread_local_exe_atexit;
static int error_mode;
static unsigned abort_behavior = _WRITE_ABORT_MSG | _CALL_REPORTFAULT;

typedef void (*crt_initializer)(void);
typedef int (*crt_initializer_e)(void);

CRT_EXPORT void _initterm(crt_initializer *first, crt_initializer *last)
{
    for (; first < last; first++)
        if (*first)
            (*first)();
}

CRT_EXPORT int _initterm_e(crt_initializer_e *first, crt_initializer_e *last)
{
    for (; first < last; first++) {
        int result = *first ? (*first)() : 0;

        if (result)
            return result;
    }
    return 0;
}

/* Registered by an executable's startup code: runs the destructors of the main thread's thread-local objects. */
CRT_EXPORT void _register_thread_local_exe_atexit_callback(PIMAGE_TLS_CALLBACK callback)
{
    thread_local_exe_atexit = callback;
}

static void end_cleanly(BOOL quick, BOOL full)
{
    _lock(CRT_LOCK_EXIT);
    if (full && !exiting) {
        exiting = TRUE;
        if (quick) {
            crt_run_quick_onexit();
        } else {
            PIMAGE_TLS_CALLBACK callback = thread_local_exe_atexit;

            thread_local_exe_atexit = NULL;
            if (callback)
                callback(NULL, DLL_PROCESS_DETACH, NULL);
            crt_run_onexit();
        }
    }
    if (full && !quick)
        crt_stdio_shutdown();
    _unlock(CRT_LOCK_EXIT);
}

CRT_EXPORT __declspec(noreturn) void exit(int code)
{
    end_cleanly(FALSE, TRUE);
    ExitProcess(code);
}

CRT_EXPORT __declspec(noreturn) void _exit(int code)
{
    ExitProcess(code);
}

CRT_EXPORT __declspec(noreturn) void quick_exit(int code)
{
    end_cleanly(TRUE, TRUE);
    ExitProcess(code);
}

CRT_EXPORT void _cexit(void)
{
    end_cleanly(FALSE, TRUE);
}

CRT_EXPORT void _c_exit(void)
{
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

CRT_EXPORT int _set_error_mode(int mode)
{
    int old = error_mode;

    if (mode == _REPORT_ERRMODE)
        return old;
    if (mode < _OUT_TO_DEFAULT || mode > _OUT_TO_MSGBOX) {
        CRT_INVALID(EINVAL);
        return -1;
    }
    error_mode = mode;
    return old;
}

void crt_write_message(const char *text)
{
    HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
    DWORD written;

    if (handle && handle != INVALID_HANDLE_VALUE)
        WriteFile(handle, text, (DWORD)strlen(text), &written, NULL);
}

static const struct {
    int number;
    const char *text;
} runtime_errors[] = {
    {2, "R6002\r\n- floating point support not loaded\r\n"},
    {8, "R6008\r\n- not enough space for arguments\r\n"},
    {9, "R6009\r\n- not enough space for environment\r\n"},
    {10, "R6010\r\n- abort() has been called\r\n"},
    {16, "R6016\r\n- not enough space for thread data\r\n"},
    {17, "R6017\r\n- unexpected multithread lock error\r\n"},
    {18, "R6018\r\n- unexpected heap error\r\n"},
    {19, "R6019\r\n- unable to open console device\r\n"},
    {24, "R6024\r\n- not enough space for _onexit/atexit table\r\n"},
    {25, "R6025\r\n- pure virtual function call\r\n"},
    {26, "R6026\r\n- not enough space for stdio initialization\r\n"},
    {27, "R6027\r\n- not enough space for lowio initialization\r\n"},
    {28, "R6028\r\n- unable to initialize heap\r\n"},
    {30, "R6030\r\n- CRT not initialized\r\n"},
    {31, "R6031\r\n- Attempt to initialize the CRT more than once.\r\n"},
    {32, "R6032\r\n- not enough space for locale information\r\n"},
};

CRT_EXPORT __declspec(noreturn) void _amsg_exit(int message)
{
    crt_write_message("\r\nruntime error ");
    for (size_t i = 0; i < sizeof runtime_errors / sizeof *runtime_errors; i++)
        if (runtime_errors[i].number == message)
            crt_write_message(runtime_errors[i].text);
    ExitProcess(255);
}

/* ---- abort ------------------------------------------------------------------------------------------------------- */

CRT_EXPORT unsigned _set_abort_behavior(unsigned flags, unsigned mask)
{
    unsigned old = abort_behavior;

    abort_behavior = (old & ~mask) | (flags & mask);
    return old;
}

CRT_EXPORT __declspec(noreturn) void abort(void)
{
#ifdef MSVCRT
    crt_write_message("\r\nThis application has requested the Runtime to terminate it in an unusual way.\r\n"
                      "Please contact the application's support team for more information.\r\n");
    raise(SIGABRT);
#else
    if (crt_signal_is_handled(SIGABRT))
        raise(SIGABRT);
    if (abort_behavior & _CALL_REPORTFAULT)
        if (IsProcessorFeaturePresent(PF_FASTFAIL_AVAILABLE))
            __fastfail(FAST_FAIL_FATAL_APP_EXIT);
#endif
    _exit(3);
}

#ifdef MSVCRT
/* Called, where a program sets it, in place of the end of the process. */
void (*crt_aexit_routine)(int) = _exit;
#endif
