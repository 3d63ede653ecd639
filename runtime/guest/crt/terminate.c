/* terminate, unexpected, pure calls and other ends of C++ programs that do not concern frames. */
#include "internal.h"
#include "exit.h"
#include "startup.h"

typedef void (*crt_void_handler)(void);

__declspec(noreturn) void _amsg_exit(int message);

#ifdef MSVCRT
static crt_void_handler purecall_handler, global_terminate, global_unexpected;
#define terminate_slot() (&global_terminate)
#define unexpected_slot() (&global_unexpected)
#else
static crt_void_handler purecall_handler;
#define terminate_slot() ((crt_void_handler *)&crt_thread_data()->terminate_handler)
#define unexpected_slot() ((crt_void_handler *)&crt_thread_data()->unexpected_handler)
#endif

CRT_EXPORT crt_void_handler set_terminate(crt_void_handler handler)
{
    crt_void_handler *slot = terminate_slot(), old = *slot;

    *slot = handler;
    return old ? old : (crt_void_handler)abort;
}

CRT_EXPORT crt_void_handler _get_terminate(void)
{
    crt_void_handler handler = *terminate_slot();

    return handler ? handler : (crt_void_handler)abort;
}

CRT_EXPORT crt_void_handler set_unexpected(crt_void_handler handler)
{
    crt_void_handler *slot = unexpected_slot(), old = *slot;

    *slot = handler;
    return old;
}

CRT_EXPORT crt_void_handler _get_unexpected(void)
{
    return *unexpected_slot();
}

CRT_EXPORT __declspec(noreturn) void terminate(void)
{
    crt_void_handler handler = *terminate_slot();

    if (handler)
        handler();
    abort();
}

CRT_EXPORT __declspec(noreturn) void unexpected(void)
{
    crt_void_handler handler = *unexpected_slot();

    if (handler)
        handler();
    terminate();
}

CRT_EXPORT crt_void_handler _set_purecall_handler(crt_void_handler handler)
{
    crt_void_handler old = purecall_handler;

    purecall_handler = handler;
    return old;
}

CRT_EXPORT crt_void_handler _get_purecall_handler(void)
{
    return purecall_handler;
}

CRT_EXPORT int _purecall(void)
{
    if (purecall_handler)
        purecall_handler();
#ifdef MSVCRT
    _amsg_exit(25);
#else
    abort();
#endif
}

CRT_EXPORT void *_set_se_translator(void *translator)
{
    crt_thread *data = crt_thread_data();
    void *old = data->translator;

    data->translator = translator;
    return old;
}

CRT_EXPORT void **crt_se_translator(void)
{
    return &crt_thread_data()->translator;
}

CRT_EXPORT void _crt_debugger_hook(int reserved)
{
    (void)reserved; /* a place for debuggers to break at */
}

CRT_EXPORT __declspec(noreturn) void __report_gsfailure(uintptr_t cookie)
{
    (void)cookie;
    __fastfail(2); /* FAST_FAIL_STACK_COOKIE_CHECK_FAILURE */
}

/* After a stack overflow: put the guard page back below the page in use. Nonzero when that worked. */
CRT_EXPORT int _resetstkoflw(void)
{
    char *here = (char *)__builtin_frame_address(0), *guard;
    MEMORY_BASIC_INFORMATION info;
    SYSTEM_INFO system;
    ULONG guaranteed = 0;
    DWORD old;

    GetSystemInfo(&system);
    if (!VirtualQuery(here, &info, sizeof info))
        return 0;
    SetThreadStackGuarantee(&guaranteed);
    guaranteed = (guaranteed + system.dwPageSize - 1) & ~(system.dwPageSize - 1);
    if (!guaranteed)
        guaranteed = system.dwPageSize;
    guard = (char *)((uintptr_t)here & ~(uintptr_t)(system.dwPageSize - 1)) - system.dwPageSize - guaranteed;
    if (guard < (char *)info.AllocationBase + system.dwPageSize)
        return 0;
    if (!VirtualAlloc(guard, guaranteed, MEM_COMMIT, PAGE_READWRITE))
        return 0;
    return VirtualProtect(guard, guaranteed, PAGE_READWRITE | PAGE_GUARD, &old) != 0;
}
