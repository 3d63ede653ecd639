/* The invalid parameter handler.
 *
 * ucrt ends the process (fast fail, STATUS_INVALID_CRUNTIME_PARAMETER) when no handler is set; the system's msvcrt.dll
 * has no such handler of its own and lets the function return its error. */
#include "internal.h"

typedef void (*crt_invalid_parameter_handler)(const wchar_t *, const wchar_t *, const wchar_t *, unsigned, uintptr_t);

#ifndef STATUS_INVALID_CRUNTIME_PARAMETER
#define STATUS_INVALID_CRUNTIME_PARAMETER ((DWORD)0xC0000417)
#endif
#define FAST_FAIL_INVALID_ARG 5

static crt_invalid_parameter_handler global_handler;

CRT_EXPORT __declspec(noreturn) void _invoke_watson(const wchar_t *expression, const wchar_t *function,
                                                    const wchar_t *file, unsigned line, uintptr_t reserved)
{
    if (IsProcessorFeaturePresent(PF_FASTFAIL_AVAILABLE))
        __fastfail(FAST_FAIL_INVALID_ARG);
    TerminateProcess(GetCurrentProcess(), STATUS_INVALID_CRUNTIME_PARAMETER);
    for (;;)
        ;
}

CRT_EXPORT void _invalid_parameter(const wchar_t *expression, const wchar_t *function, const wchar_t *file,
                                   unsigned line, uintptr_t reserved)
{
    crt_invalid_parameter_handler handler = crt_thread_data()->invalid_parameter_handler;

    if (!handler)
        handler = global_handler;
    if (handler) {
        handler(expression, function, file, line, reserved);
        return;
    }
#ifdef UCRT
    _invoke_watson(expression, function, file, line, reserved);
#endif
}

CRT_EXPORT void _invalid_parameter_noinfo(void)
{
    _invalid_parameter(NULL, NULL, NULL, 0, 0);
}

CRT_EXPORT __declspec(noreturn) void _invalid_parameter_noinfo_noreturn(void)
{
    _invalid_parameter(NULL, NULL, NULL, 0, 0);
    _invoke_watson(NULL, NULL, NULL, 0, 0);
}

CRT_EXPORT crt_invalid_parameter_handler _set_invalid_parameter_handler(crt_invalid_parameter_handler handler)
{
    return InterlockedExchangePointer((void *volatile *)&global_handler, handler);
}

CRT_EXPORT crt_invalid_parameter_handler _get_invalid_parameter_handler(void)
{
    return global_handler;
}

CRT_EXPORT crt_invalid_parameter_handler
_set_thread_local_invalid_parameter_handler(crt_invalid_parameter_handler handler)
{
    crt_thread *data = crt_thread_data();
    crt_invalid_parameter_handler old = data->invalid_parameter_handler;

    data->invalid_parameter_handler = handler;
    return old;
}

CRT_EXPORT crt_invalid_parameter_handler _get_thread_local_invalid_parameter_handler(void)
{
    return crt_thread_data()->invalid_parameter_handler;
}
