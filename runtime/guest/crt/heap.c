/* malloc and its kin over the process heap, aligned blocks, and what happens when memory runs out. */
#include "internal.h"
#include <malloc.h>
#include <new.h>
#include <string.h>

#undef malloc
#undef calloc

static HANDLE heap;
static _PNH new_handler;
static int new_mode;

void crt_heap_init(void)
{
    heap = GetProcessHeap();
}

intptr_t _get_heap_handle(void)
{
    return (intptr_t)heap;
}

/* ---- the new handler --------------------------------------------------------------------------------------------- */

_PNH _set_new_handler(_PNH handler)
{
    _PNH before = new_handler;
    new_handler = handler;
    return before;
}

_PNH _query_new_handler(void)
{
    return new_handler;
}

/* C++'s set_new_handler of old: only NULL makes sense here. */
void *crt_set_new_handler(void *handler)
{
    (void)handler;
    new_handler = NULL;
    return NULL;
}

int _set_new_mode(int mode)
{
    int before = new_mode;
    CRT_VALIDATE(mode == 0 || mode == 1, EINVAL, -1);
    new_mode = mode;
    return before;
}

int _query_new_mode(void)
{
    return new_mode;
}

/* Whether the program's handler asks to try again. */
int _callnewh(size_t size)
{
    _PNH handler = new_handler;
    return handler && handler(size);
}

static __attribute__((noinline)) void *try_again(size_t size, DWORD flags)
{
    while (new_mode && size <= _HEAP_MAXREQ && _callnewh(size)) {
        void *block = HeapAlloc(heap, flags, size);
        if (block)
            return block;
    }
    errno = ENOMEM;
    return NULL;
}

/* ---- plain blocks ------------------------------------------------------------------------------------------------ */

void *malloc(size_t size)
{
    if (!size)
        size = 1;
    void *block = size <= _HEAP_MAXREQ ? HeapAlloc(heap, 0, size) : NULL;
    return block ? block : try_again(size, 0);
}

void free(void *block)
{
    if (block && !HeapFree(heap, 0, block))
        errno = crt_errno_from_windows(GetLastError());
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) || total > _HEAP_MAXREQ) {
        errno = ENOMEM;
        return NULL;
    }
    if (!total)
        total = 1;
    void *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, total);
    return block ? block : try_again(total, HEAP_ZERO_MEMORY);
}

void *realloc(void *block, size_t size)
{
    if (!block)
        return malloc(size);
    if (!size) {
        free(block);
        return NULL;
    }
    if (size <= _HEAP_MAXREQ)
        do {
            void *moved = HeapReAlloc(heap, 0, block, size);
            if (moved)
                return moved;
        } while (new_mode && _callnewh(size));
    errno = ENOMEM;
    return NULL;
}

void *_recalloc(void *block, size_t count, size_t size)
{
    size_t total, before = block ? HeapSize(heap, 0, block) : 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    char *moved = realloc(block, total);
    if (moved && before < total)
        memset(moved + before, 0, total - before);
    return moved;
}

void *_expand(void *block, size_t size)
{
    CRT_VALIDATE(block, EINVAL, NULL);
    if (size > _HEAP_MAXREQ) {
        errno = ENOMEM;
        return NULL;
    }
    void *same = HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, size ? size : 1);
    if (!same)
        errno = crt_errno_from_windows(GetLastError());
    return same;
}

size_t _msize(void *block)
{
    CRT_VALIDATE(block, EINVAL, (size_t)-1);
    return HeapSize(heap, 0, block);
}

/* ---- aligned blocks: the word before one points to the heap's block ---------------------------------------------- */

static inline void **base_of(void *block)
{
    return (void **)((uintptr_t)block & ~(uintptr_t)7) - 1;
}

void *_aligned_offset_malloc(size_t size, size_t alignment, size_t offset)
{
    CRT_VALIDATE(alignment && !(alignment & (alignment - 1)), EINVAL, NULL);
    CRT_VALIDATE(!offset || offset < size, EINVAL, NULL);
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    size_t slack = alignment - 1 + 2 * sizeof(void *), total;
    if (__builtin_add_overflow(size, slack, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    char *base = malloc(total);
    if (!base)
        return NULL;
    uintptr_t lowest = (uintptr_t)base + 2 * sizeof(void *) + offset;
    char *block = (char *)(((lowest + alignment - 1) & ~(alignment - 1)) - offset);
    if (offset && block < base + 2 * sizeof(void *))
        block += alignment;
    if (block + size > base + total)
        block -= alignment;
    *base_of(block) = base;
    return block;
}

void *_aligned_malloc(size_t size, size_t alignment)
{
    return _aligned_offset_malloc(size, alignment, 0);
}

void _aligned_free(void *block)
{
    if (block)
        free(*base_of(block));
}

size_t _aligned_msize(void *block, size_t alignment, size_t offset)
{
    (void)alignment;
    (void)offset;
    CRT_VALIDATE(block, EINVAL, (size_t)-1);
    char *base = *base_of(block);
    return HeapSize(heap, 0, base) - (size_t)((char *)block - base);
}

void *_aligned_offset_realloc(void *block, size_t size, size_t alignment, size_t offset)
{
    if (!block)
        return _aligned_offset_malloc(size, alignment, offset);
    if (!size) {
        _aligned_free(block);
        return NULL;
    }
    size_t before = _aligned_msize(block, alignment, offset);
    void *moved = _aligned_offset_malloc(size, alignment, offset);
    if (moved) {
        memcpy(moved, block, before < size ? before : size);
        _aligned_free(block);
    }
    return moved;
}

void *_aligned_realloc(void *block, size_t size, size_t alignment)
{
    return _aligned_offset_realloc(block, size, alignment, 0);
}

void *_aligned_offset_recalloc(void *block, size_t count, size_t size, size_t alignment, size_t offset)
{
    size_t total, before = block ? _aligned_msize(block, alignment, offset) : 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    char *moved = _aligned_offset_realloc(block, total, alignment, offset);
    if (moved && before < total)
        memset(moved + before, 0, total - before);
    return moved;
}

void *_aligned_recalloc(void *block, size_t count, size_t size, size_t alignment)
{
    return _aligned_offset_recalloc(block, count, size, alignment, 0);
}

/* ---- inspection -------------------------------------------------------------------------------------------------- */

int _heapchk(void)
{
    return HeapValidate(heap, 0, NULL) ? _HEAPOK : _HEAPBADNODE;
}

int _heapset(unsigned fill)
{
    (void)fill;
    return _heapchk();
}

int _heapmin(void)
{
    if (!HeapCompact(heap, 0)) {
        errno = crt_errno_from_windows(GetLastError());
        return -1;
    }
    return 0;
}

int _heapadd(void *block, size_t size)
{
    (void)block;
    (void)size;
    errno = ENOSYS;
    return -1;
}

size_t _heapused(size_t *used, size_t *committed)
{
    (void)used;
    (void)committed;
    errno = ENOSYS;
    return 0;
}

int _heapwalk(_HEAPINFO *info)
{
    PROCESS_HEAP_ENTRY entry = {0};

    CRT_VALIDATE(info, EINVAL, _HEAPBADPTR);
    entry.lpData = info->_pentry;
    entry.wFlags = info->_useflag == _USEDENTRY ? PROCESS_HEAP_ENTRY_BUSY : 0;
    if (entry.lpData && info->_useflag == _USEDENTRY && !HeapValidate(heap, 0, entry.lpData))
        return _HEAPBADNODE;
    if (entry.lpData)
        entry.cbData = (DWORD)info->_size;
    do {
        if (!HeapWalk(heap, &entry))
            return GetLastError() == ERROR_NO_MORE_ITEMS ? _HEAPEND : entry.lpData ? _HEAPBADNODE : _HEAPBADBEGIN;
    } while (entry.wFlags & (PROCESS_HEAP_REGION | PROCESS_HEAP_UNCOMMITTED_RANGE));
    info->_pentry = entry.lpData;
    info->_size = entry.cbData;
    info->_useflag = entry.wFlags & PROCESS_HEAP_ENTRY_BUSY ? _USEDENTRY : _FREEENTRY;
    return _HEAPOK;
}

/* The small-block heap of old runtimes does not exist on 64-bit Windows. */
size_t _get_sbh_threshold(void)
{
    return 0;
}

int _set_sbh_threshold(size_t threshold)
{
    return threshold == 0;
}

/* ---- C++ --------------------------------------------------------------------------------------------------------- */

/* msvcrt's operator new gives NULL when neither the heap nor the new handler can help. */
void *crt_operator_new(size_t size)
{
    for (;;) {
        void *block = size <= _HEAP_MAXREQ ? HeapAlloc(heap, 0, size ? size : 1) : NULL;
        if (block || !_callnewh(size))
            return block;
    }
}

void *crt_operator_new_debug(size_t size, int kind, const char *file, int line)
{
    (void)kind;
    (void)file;
    (void)line;
    return crt_operator_new(size);
}
