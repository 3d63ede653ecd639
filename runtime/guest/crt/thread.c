/* Threads that the runtime starts. */
#include "internal.h"
#include "process_start.h"
#include "thread_data.h"

typedef void (*crt_thread_start)(void *);
typedef unsigned(__stdcall *crt_thread_start_ex)(void *);

int _XcptFilter(unsigned long code, EXCEPTION_POINTERS *pointers);
CRT_EXPORT __declspec(noreturn) void _endthread(void);
CRT_EXPORT __declspec(noreturn) void _endthreadex(unsigned code);

static void __attribute__((noinline)) run(crt_thread *data, unsigned *code)
{
    if (data->start_routine_ex)
        *code = data->start_routine_ex(data->start_argument);
    else
        ((crt_thread_start)data->start_routine)(data->start_argument);
}

static DWORD WINAPI thread_main(void *parameter)
{
    crt_thread *data = parameter, *existing = TlsGetValue(crt_tls_index);
    unsigned code = 0;

    if (existing) {
        /* A DLL's notification has used the runtime in this thread already. */
        existing->start_routine = data->start_routine;
        existing->start_routine_ex = data->start_routine_ex;
        existing->start_argument = data->start_argument;
        existing->start_handle = data->start_handle;
        existing->start_module = data->start_module;
        data->start_module = NULL;
        crt_thread_data_free(data);
        data = existing;
    } else if (!crt_thread_data_attach(data)) {
        ExitThread(GetLastError());
    }
    __try {
        run(data, &code);
    } __except (_XcptFilter(GetExceptionCode(), GetExceptionInformation())) {
        _exit((int)GetExceptionCode());
    }
    if (data->start_routine_ex)
        _endthreadex(code);
    _endthread();
}

static crt_thread *prepare(void *start, void *argument)
{
    crt_thread *data = crt_thread_data_new();

    if (!data) {
        errno = EAGAIN;
        _doserrno = ERROR_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    data->start_argument = argument;
#ifdef UCRT
    /* The thread keeps the module loaded that its code is in. */
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, start, &data->start_module);
#endif
    return data;
}

static void give_up(crt_thread *data)
{
    if (data->start_module)
        FreeLibrary(data->start_module);
    crt_thread_data_free(data);
}

CRT_EXPORT uintptr_t _beginthread(crt_thread_start start, unsigned stack_size, void *argument)
{
    crt_thread *data;
    HANDLE thread;

    CRT_VALIDATE(start, EINVAL, (uintptr_t)-1);
    data = prepare((void *)start, argument);
    if (!data)
        return (uintptr_t)-1;
    data->start_routine = (void (*)(void))start;
    thread = CreateThread(NULL, stack_size, thread_main, data, CREATE_SUSPENDED, NULL);
    if (!thread) {
        DWORD error = GetLastError();

        give_up(data);
        _dosmaperr(error);
        return (uintptr_t)-1;
    }
    data->start_handle = thread;
    ResumeThread(thread);
    return (uintptr_t)thread;
}

CRT_EXPORT uintptr_t _beginthreadex(void *security, unsigned stack_size, crt_thread_start_ex start, void *argument,
                                    unsigned flags, unsigned *id)
{
    crt_thread *data;
    HANDLE thread;
    DWORD number;

    CRT_VALIDATE(start, EINVAL, 0);
    data = prepare((void *)start, argument);
    if (!data)
        return 0;
    data->start_routine_ex = start;
    thread = CreateThread(security, stack_size, thread_main, data, flags, &number);
    if (!thread) {
        DWORD error = GetLastError();

        give_up(data);
        _dosmaperr(error);
        return 0;
    }
    if (id)
        *id = number;
    return (uintptr_t)thread;
}

static __declspec(noreturn) void leave(unsigned code)
{
    crt_thread *data = crt_thread_data();
    HANDLE handle = data->start_handle;
    HMODULE module = data->start_module;

    data->start_handle = NULL;
    if (handle)
        CloseHandle(handle);
    if (module)
        FreeLibraryAndExitThread(module, code);
    ExitThread(code);
}

CRT_EXPORT __declspec(noreturn) void _endthread(void)
{
    leave(0);
}

CRT_EXPORT __declspec(noreturn) void _endthreadex(unsigned code)
{
    leave(code);
}
