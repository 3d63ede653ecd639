/* Signals: three that exceptions turn into, kept per thread, and those of the process. */
#include "internal.h"
#include "process_start.h"
#include "startup.h"
#include <signal.h>
#include <string.h>

typedef void (*crt_handler)(int);

#undef SIGABRT_COMPAT
#define SIGABRT_COMPAT 6
#undef SIG_DIE
#define SIG_DIE ((crt_handler)5)
#undef SIG_GET
#define SIG_GET ((crt_handler)2)
#undef SIG_SGE
#define SIG_SGE ((crt_handler)3)
#undef SIG_ACK
#define SIG_ACK ((crt_handler)4)
#define CPP_EXCEPTION 0xE06D7363
#define FPE_CODE_EXPLICIT 0x8C

/* Handlers of the whole process, under CRT_LOCK_SIGNAL. */
static crt_handler on_int, on_break, on_abort, on_term;
static int console_watched;

static const crt_signal_action initial_actions[CRT_SIGNAL_ACTIONS] = {
    {STATUS_ACCESS_VIOLATION, SIGSEGV},
    {STATUS_ILLEGAL_INSTRUCTION, SIGILL},
    {STATUS_PRIVILEGED_INSTRUCTION, SIGILL},
    {STATUS_FLOAT_DENORMAL_OPERAND, SIGFPE},
    {STATUS_FLOAT_DIVIDE_BY_ZERO, SIGFPE},
    {STATUS_FLOAT_INEXACT_RESULT, SIGFPE},
    {STATUS_FLOAT_INVALID_OPERATION, SIGFPE},
    {STATUS_FLOAT_OVERFLOW, SIGFPE},
    {STATUS_FLOAT_STACK_CHECK, SIGFPE},
    {STATUS_FLOAT_UNDERFLOW, SIGFPE},
    {0xC00002B4, SIGFPE}, /* STATUS_FLOAT_MULTIPLE_FAULTS */
    {0xC00002B5, SIGFPE}, /* STATUS_FLOAT_MULTIPLE_TRAPS */
};

static int float_code(unsigned long exception)
{
    switch (exception) {
    case STATUS_FLOAT_DIVIDE_BY_ZERO:
        return 0x83;
    case STATUS_FLOAT_INVALID_OPERATION:
        return 0x81;
    case STATUS_FLOAT_OVERFLOW:
        return 0x84;
    case STATUS_FLOAT_UNDERFLOW:
        return 0x85;
    case STATUS_FLOAT_DENORMAL_OPERAND:
        return 0x82;
    case STATUS_FLOAT_INEXACT_RESULT:
        return 0x86;
    case STATUS_FLOAT_STACK_CHECK:
        return 0x8A;
    case 0xC00002B5:
        return 0x8D;
    case 0xC00002B4:
        return 0x8E;
    }
    return 0;
}

static crt_handler *process_handler(int signal)
{
    switch (signal) {
    case SIGINT:
        return &on_int;
    case SIGBREAK:
        return &on_break;
    case SIGABRT:
    case SIGABRT_COMPAT:
        return &on_abort;
    case SIGTERM:
        return &on_term;
    }
    return NULL;
}

static BOOL WINAPI console_event(DWORD event)
{
    int signal = event == CTRL_C_EVENT ? SIGINT : SIGBREAK;
    crt_handler *slot = process_handler(signal), handler;

    _lock(CRT_LOCK_SIGNAL);
    handler = *slot;
    if (handler != SIG_DFL && handler != SIG_IGN)
        *slot = SIG_DFL;
    _unlock(CRT_LOCK_SIGNAL);
    if (handler == SIG_DFL)
        return FALSE;
    if (handler != SIG_IGN)
        handler(signal);
    return TRUE;
}

int crt_signal_is_handled(int signal)
{
    crt_handler *slot = process_handler(signal);

    return slot && *slot != SIG_DFL;
}

CRT_EXPORT crt_handler signal(int number, crt_handler handler)
{
    crt_handler *slot = process_handler(number), old = SIG_DFL;
    crt_thread *data;

    if (handler == SIG_ACK || handler == SIG_SGE)
        goto bad;
    if (slot) {
        _lock(CRT_LOCK_SIGNAL);
        if ((number == SIGINT || number == SIGBREAK) && !console_watched && handler != SIG_GET) {
            if (!SetConsoleCtrlHandler(console_event, TRUE)) {
                _doserrno = GetLastError();
                _unlock(CRT_LOCK_SIGNAL);
                goto bad;
            }
            console_watched = 1;
        }
        old = *slot;
        if (handler != SIG_GET)
            *slot = handler;
        _unlock(CRT_LOCK_SIGNAL);
        return old;
    }
    if (number != SIGFPE && number != SIGILL && number != SIGSEGV)
        goto bad;
    data = crt_thread_data();
    if (!data->signals) {
        if (handler == SIG_GET)
            return SIG_DFL;
        data->signals = malloc(sizeof initial_actions);
        if (!data->signals)
            goto bad;
        memcpy(data->signals, initial_actions, sizeof initial_actions);
    }
    for (int i = 0; i < CRT_SIGNAL_ACTIONS; i++) {
        if (data->signals[i].signal != number)
            continue;
        old = data->signals[i].handler;
        if (handler != SIG_GET)
            data->signals[i].handler = handler;
    }
    return old;
bad:
    errno = EINVAL;
    return SIG_ERR;
}

/* Call the handler of a signal that belongs to an exception, the way that exceptions and raise share. */
static void call(crt_thread *data, int number, crt_handler handler, EXCEPTION_POINTERS *pointers, int code)
{
    EXCEPTION_POINTERS *old_pointers = data->exception_pointers;
    int old_code = data->fpe_code;

    data->exception_pointers = pointers;
    if (number == SIGFPE) {
        data->fpe_code = code;
        ((void (*)(int, int))handler)(SIGFPE, code);
        data->fpe_code = old_code;
    } else {
        handler(number);
    }
    data->exception_pointers = old_pointers;
}

CRT_EXPORT int raise(int number)
{
    crt_handler *slot = process_handler(number), handler = SIG_DFL;
    crt_thread *data;

    if (slot) {
        _lock(CRT_LOCK_SIGNAL);
        handler = *slot;
        if (handler != SIG_IGN)
            *slot = SIG_DFL;
        _unlock(CRT_LOCK_SIGNAL);
        if (handler == SIG_DFL)
            _exit(3);
        if (handler != SIG_IGN)
            handler(number);
        return 0;
    }
    if (number != SIGFPE && number != SIGILL && number != SIGSEGV) {
        CRT_INVALID(EINVAL);
        return -1;
    }
    data = crt_thread_data();
    for (int i = 0; data->signals && i < CRT_SIGNAL_ACTIONS; i++) {
        if (data->signals[i].signal != number)
            continue;
        handler = data->signals[i].handler;
        if (handler != SIG_IGN)
            data->signals[i].handler = SIG_DFL;
    }
    if (handler == SIG_DFL)
        _exit(3);
    if (handler != SIG_IGN)
        call(data, number, handler, NULL, FPE_CODE_EXPLICIT);
    return 0;
}

/* What to do with an exception that reached the runtime's outermost frame. */
CRT_EXPORT int _XcptFilter(unsigned long code, EXCEPTION_POINTERS *pointers)
{
    crt_thread *data = crt_thread_data();
    crt_signal_action *action = NULL;
    crt_handler handler;
    int number;

    for (int i = 0; data->signals && i < CRT_SIGNAL_ACTIONS; i++)
        if (data->signals[i].exception == code)
            action = &data->signals[i];
    handler = action ? action->handler : SIG_DFL;
    if (handler == SIG_DFL) {
#ifdef UCRT
        return EXCEPTION_CONTINUE_SEARCH;
#else
        return UnhandledExceptionFilter(pointers);
#endif
    }
    if (handler == SIG_DIE) {
        action->handler = SIG_DFL;
        return EXCEPTION_EXECUTE_HANDLER;
    }
    if (handler == SIG_IGN)
        return EXCEPTION_CONTINUE_EXECUTION;
    number = action->signal;
    for (int i = 0; i < CRT_SIGNAL_ACTIONS; i++)
        if (data->signals[i].signal == number)
            data->signals[i].handler = SIG_DFL;
    call(data, number, handler, pointers, float_code(code));
    return EXCEPTION_CONTINUE_EXECUTION;
}

CRT_EXPORT int __CppXcptFilter(unsigned long code, EXCEPTION_POINTERS *pointers)
{
    return code == CPP_EXCEPTION ? _XcptFilter(code, pointers) : EXCEPTION_CONTINUE_SEARCH;
}

CRT_EXPORT void **__pxcptinfoptrs(void)
{
    return (void **)&crt_thread_data()->exception_pointers;
}

CRT_EXPORT int *__fpecode(void)
{
    return &crt_thread_data()->fpe_code;
}
