/* Per-thread state of C++ exceptions. */
#include "eh.h"

static DWORD fls_index = FLS_OUT_OF_INDEXES;

static void WINAPI free_thread(PVOID data)
{
    HeapFree(GetProcessHeap(), 0, data);
}

struct eh_thread *eh_thread(void)
{
    DWORD error = GetLastError();
    struct eh_thread *thread = FlsGetValue(fls_index);
    if (!thread) {
        thread = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *thread);
        if (!thread || !FlsSetValue(fls_index, thread))
            __std_terminate();
    }
    SetLastError(error);
    return thread;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        fls_index = FlsAlloc(free_thread);
        return fls_index != FLS_OUT_OF_INDEXES;
    }
    if (reason == DLL_PROCESS_DETACH && !reserved)
        FlsFree(fls_index);
    return TRUE;
}

EXCEPTION_RECORD **__current_exception(void)
{
    return &eh_thread()->current;
}

CONTEXT **__current_exception_context(void)
{
    return &eh_thread()->context;
}

int *__processing_throw(void)
{
    return &eh_thread()->processing_throw;
}

int __uncaught_exceptions(void)
{
    return eh_thread()->processing_throw;
}

BOOLEAN __uncaught_exception(void)
{
    return eh_thread()->processing_throw != 0;
}

se_translator _set_se_translator(se_translator translator)
{
    struct eh_thread *thread = eh_thread();
    se_translator old = thread->translator;
    thread->translator = translator;
    return old;
}

typedef void(__cdecl *handler)(void);

handler set_unexpected(handler function)
{
    struct eh_thread *thread = eh_thread();
    handler old = thread->unexpected;
    thread->unexpected = function;
    return old;
}

handler _get_unexpected(void)
{
    return eh_thread()->unexpected;
}

void unexpected(void)
{
    handler function = eh_thread()->unexpected;
    if (function)
        function();
    __std_terminate();
}

static void *volatile purecall_handler;

handler _set_purecall_handler(handler function)
{
    return (handler)InterlockedExchangePointer(&purecall_handler, (void *)function);
}

handler _get_purecall_handler(void)
{
    return (handler)purecall_handler;
}

int _purecall(void)
{
    handler function = (handler)purecall_handler;
    if (function)
        function();
    __std_terminate();
}
