/* Entry point of the runtime's DLL: what happens when a process or thread begins and ends. */
#include "internal.h"
#include "exit.h"
#include "locks.h"
#include "thread_data.h"

void crt_system_data_init(void);

BOOL WINAPI crt_dll_main(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        crt_locks_init();
        if (!crt_thread_data_init())
            return FALSE;
        crt_heap_init();
        crt_locale_init();
        crt_system_data_init();
        crt_environment_init();
        crt_lowio_init();
        crt_stdio_init();
        crt_time_init();
        crt_math_init();
        break;
    case DLL_PROCESS_DETACH:
        if (reserved) {
            /* The process ends; other threads may have died holding locks. */
            crt_stdio_flush_at_end();
            break;
        }
        crt_run_onexit();
        crt_stdio_shutdown();
        crt_lowio_shutdown();
        crt_locale_shutdown();
        crt_thread_data_detach();
        break;
    case DLL_THREAD_DETACH:
        crt_thread_data_detach();
        break;
    }
    return TRUE;
}
