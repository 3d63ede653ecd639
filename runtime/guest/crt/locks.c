/* The numbered locks of msvcrt, which the rest of the runtime uses too. */
#include "internal.h"
#include "locks.h"

static CRITICAL_SECTION locks[CRT_LOCK_COUNT];

void crt_locks_init(void)
{
    for (int i = 0; i < CRT_LOCK_COUNT; i++)
        InitializeCriticalSection(&locks[i]);
}

CRT_EXPORT void _lock(int number)
{
    EnterCriticalSection(&locks[number]);
}

CRT_EXPORT void _unlock(int number)
{
    LeaveCriticalSection(&locks[number]);
}

int crt_try_lock(int number)
{
    return TryEnterCriticalSection(&locks[number]);
}

CRT_EXPORT void _lock_locales(void)
{
    _lock(CRT_LOCK_LOCALE);
}

CRT_EXPORT void _unlock_locales(void)
{
    _unlock(CRT_LOCK_LOCALE);
}
