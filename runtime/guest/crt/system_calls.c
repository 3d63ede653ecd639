/* Small services of the system under the names of the runtime. */
#include "internal.h"

CRT_EXPORT int _getpid(void)
{
    return (int)GetCurrentProcessId();
}

CRT_EXPORT void _sleep(unsigned long milliseconds)
{
    Sleep(milliseconds ? milliseconds : 1);
}

CRT_EXPORT void _beep(unsigned frequency, unsigned duration)
{
    Beep(frequency, duration);
}

CRT_EXPORT void _seterrormode(int mode)
{
    SetErrorMode(mode);
}

CRT_EXPORT intptr_t _loaddll(char *name)
{
    return (intptr_t)LoadLibraryA(name);
}

CRT_EXPORT int _unloaddll(intptr_t module)
{
    return FreeLibrary((HMODULE)module) ? 0 : (int)GetLastError();
}

typedef int (*crt_procedure)(void);

CRT_EXPORT crt_procedure _getdllprocaddr(intptr_t module, char *name, intptr_t ordinal)
{
    if (name && ordinal != -1)
        return NULL;
    return (crt_procedure)GetProcAddress((HMODULE)module, name ? name : (LPCSTR)(ordinal & 0xFFFF));
}
