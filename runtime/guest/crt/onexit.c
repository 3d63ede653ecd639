/* onexit tables: the runtime's own, those of modules (ucrt) and those of DLLs (__dllonexit). */
#include "internal.h"
#include "exit.h"
#include <string.h>

typedef int (*crt_onexit)(void);

typedef struct crt_onexit_table {
    crt_onexit *first;
    crt_onexit *last;
    crt_onexit *end;
} crt_onexit_table;

static crt_onexit_table exit_table;
static crt_onexit_table quick_exit_table;

CRT_EXPORT int _initialize_onexit_table(crt_onexit_table *table)
{
    if (!table)
        return -1;
    if (table->first == table->end)
        memset(table, 0, sizeof *table);
    return 0;
}

CRT_EXPORT int _register_onexit_function(crt_onexit_table *table, crt_onexit function)
{
    if (!table)
        return -1;
    _lock(CRT_LOCK_EXIT);
    if (table->last == table->end) {
        size_t used = table->last - table->first;
        size_t wanted = used ? used * 2 : 32;
        crt_onexit *grown = realloc(table->first, wanted * sizeof *grown);

        if (!grown) {
            _unlock(CRT_LOCK_EXIT);
            return -1;
        }
        table->first = grown;
        table->last = grown + used;
        table->end = grown + wanted;
    }
    *table->last++ = function;
    _unlock(CRT_LOCK_EXIT);
    return 0;
}

CRT_EXPORT int _execute_onexit_table(crt_onexit_table *table)
{
    if (!table)
        return -1;
    /* A function may register more: those run before what was there already. */
    for (;;) {
        crt_onexit function = NULL;
        int more;

        _lock(CRT_LOCK_EXIT);
        more = table->last > table->first;
        if (more)
            function = *--table->last;
        _unlock(CRT_LOCK_EXIT);
        if (!more)
            break;
        if (function)
            function();
    }
    _lock(CRT_LOCK_EXIT);
    free(table->first);
    memset(table, 0, sizeof *table);
    _unlock(CRT_LOCK_EXIT);
    return 0;
}

CRT_EXPORT int _crt_atexit(crt_onexit function)
{
    return _register_onexit_function(&exit_table, function);
}

CRT_EXPORT int _crt_at_quick_exit(crt_onexit function)
{
    return _register_onexit_function(&quick_exit_table, function);
}

CRT_EXPORT crt_onexit _onexit(crt_onexit function)
{
    return _crt_atexit(function) ? NULL : function;
}

CRT_EXPORT int atexit(void (*function)(void))
{
    return _crt_atexit((crt_onexit)function);
}

/* A DLL's own list: *first is its memory and *end the slot after the last function. */
CRT_EXPORT crt_onexit __dllonexit(crt_onexit function, crt_onexit **first, crt_onexit **end)
{
    size_t used;
    crt_onexit *grown;

    if (!first || !*first || !end || !*end)
        return NULL;
    _lock(CRT_LOCK_EXIT);
    used = *end - *first;
    grown = realloc(*first, (used + 1) * sizeof *grown);
    if (grown) {
        grown[used] = function;
        *first = grown;
        *end = grown + used + 1;
    }
    _unlock(CRT_LOCK_EXIT);
    return grown ? function : NULL;
}

void crt_run_onexit(void)
{
    _execute_onexit_table(&exit_table);
}

void crt_run_quick_onexit(void)
{
    _execute_onexit_table(&quick_exit_table);
}
