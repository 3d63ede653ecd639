/* RtlAllocateHeap and its family. */
#include "heap.h"

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);

static spin_lock heaps_lock;
static PVOID heap_table[512];
static volatile LONG heap_counter;

/* The size class of a request of at most SMALL_LIMIT bytes: steps of 16 up to 512, then eight to each power of two. */
static inline unsigned class_of(uint64_t size)
{
    uint64_t bytes = size + 8;
    if (__builtin_expect(bytes <= 512, 1))
        return (unsigned)((bytes + 15) >> 4) - 1;
    unsigned top = 63 - (unsigned)__builtin_clzll(bytes - 1);
    return 32 + (top - 9) * 8 + (unsigned)((bytes - 1) >> (top - 3) & 7);
}

static inline unsigned class_bytes(unsigned size_class)
{
    if (size_class < 32)
        return (size_class + 1) << 4;
    unsigned octave = (size_class - 32) / 8, step = (size_class - 32) % 8;
    return (9 + step) << (octave + 6);
}

void heap_lock_slow(struct heap *heap)
{
    if (heap->owner == this_thread_id()) {
        ++heap->recursion;
        return;
    }
    LONG contended = 2;
    while (InterlockedExchange(&heap->lock, contended) != 0)
        RtlWaitOnAddress(&heap->lock, &contended, sizeof contended, NULL);
    heap->owner = this_thread_id();
}

void heap_unlock_slow(struct heap *heap)
{
    RtlWakeAddressSingle((const void *)&heap->lock);
}

void heap_corrupted(struct heap *heap, const void *block)
{
    CONTEXT context;
    RtlCaptureContext(&context);
    EXCEPTION_RECORD record = {
        .ExceptionCode = (DWORD)STATUS_HEAP_CORRUPTION,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
        .ExceptionAddress = (PVOID)context.Rip,
        .NumberParameters = 2,
        .ExceptionInformation = {(ULONG_PTR)heap, (ULONG_PTR)block},
    };
    NtRaiseException(&record, &context, FALSE);
    for (;;)
        NtTerminateProcess(THIS_PROCESS, STATUS_HEAP_CORRUPTION);
}

static __attribute__((noinline)) void *no_memory(struct heap *heap, ULONG flags, uint64_t size)
{
    if ((flags | heap->flags) & HEAP_GENERATE_EXCEPTIONS) {
        EXCEPTION_RECORD record = {
            .ExceptionCode = (DWORD)STATUS_NO_MEMORY, .NumberParameters = 1, .ExceptionInformation = {size}};
        RtlRaiseException(&record);
    }
    __writegsdword(TEB_LAST_STATUS, (DWORD)STATUS_NO_MEMORY);
    set_last_error(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
}

static void list_span(struct heap *heap, struct span *span)
{
    struct span **first = &heap->spans[span->size_class];
    span->prev = NULL;
    span->next = *first;
    if (*first)
        (*first)->prev = span;
    *first = span;
    span->listed = 1;
}

static void unlist_span(struct heap *heap, struct span *span)
{
    if (span->next)
        span->next->prev = span->prev;
    if (span->prev)
        span->prev->next = span->next;
    else
        heap->spans[span->size_class] = span->next;
    span->listed = 0;
}

static struct span *new_span(struct heap *heap, unsigned size_class)
{
    unsigned block = class_bytes(size_class);
    /* Around 32 blocks, at least 4 KiB and 5 blocks, at most 64 KiB; small heaps start with less. */
    uint64_t bytes = (uint64_t)block * 32;
    bytes = bytes < 4096 ? 4096 : bytes > 0x10000 ? 0x10000 : bytes;
    struct chunk *chunk = heap_take_chunk(heap, bytes, KIND_SPAN);
    if (!chunk)
        return NULL;
    struct span *span = (struct span *)((uint8_t *)chunk + CHUNK_HEAD);
    uint64_t room = CHUNK_BYTES(chunk) - CHUNK_HEAD - sizeof *span;
    *span = (struct span){
        .block_size = (uint16_t)block,
        .size_class = (uint8_t)size_class,
        .blocks = (uint8_t *)span + sizeof *span + 16,
    };
    span->capacity = (uint32_t)((room - 8) / block);
    list_span(heap, span);
    return span;
}

static __attribute__((noinline)) void *take_fresh(struct heap *heap, unsigned size_class)
{
    struct span *span = heap->spans[size_class];
    if (!span && !(span = new_span(heap, size_class)))
        return NULL;
    uint8_t *block = span->blocks + (uint64_t)span->fresh * span->block_size;
    HEAD(block)->word = heap->small_word | (uint64_t)((block - (uint8_t *)span) >> 4) << 16;
    if (++span->fresh < span->capacity && span->fresh < 0x10000) {
        /* Leave the next one on the free chain, so that the fast path finds it. */
        uint8_t *next = block + span->block_size;
        ++span->fresh;
        HEAD(next)->word = WORD(heap, KIND_SMALL_FREE) | (uint64_t)((next - (uint8_t *)span) >> 4) << 16;
        *(void **)next = NULL;
        span->free = next;
    }
    if (++span->used == span->capacity)
        unlist_span(heap, span);
    return block;
}

static void *take_small(struct heap *heap, uint64_t size)
{
    unsigned size_class = class_of(size);
    struct span *span = heap->spans[size_class];
    uint8_t *block;
    if (__builtin_expect(span && span->free, 1)) {
        block = span->free;
        span->free = *(void **)block;
        if (++span->used == span->capacity)
            unlist_span(heap, span);
    } else if (!(block = take_fresh(heap, size_class))) {
        return NULL;
    }
    HEAD(block)->word = heap->small_word | (HEAD(block)->word & 0xffff0000) | size;
    return block;
}

static void give_small(struct heap *heap, uint8_t *block, uint64_t word)
{
    struct span *span = (struct span *)(block - ((word >> 16 & 0xffff) << 4));
    HEAD(block)->word = WORD(heap, KIND_SMALL_FREE) | (word & 0xffff0000);
    *(void **)block = span->free;
    span->free = block;
    --span->used;
    if (__builtin_expect(!span->listed, 0))
        list_span(heap, span);
    if (__builtin_expect(!span->used, 0) && (span->next || span->prev)) {
        unlist_span(heap, span);
        HEAD(block)->word = WORD(heap, KIND_SMALL_FREE);
        heap_give_chunk(heap, (struct chunk *)((uint8_t *)span - CHUNK_HEAD));
    }
}

static __attribute__((noinline)) void *take_large(struct heap *heap, uint64_t size, BOOL *zero)
{
    if (size > HUGE_LIMIT)
        return heap->flags & HEAP_GROWABLE ? heap_take_huge(heap, size, 0, zero) : NULL;
    struct chunk *chunk = heap_take_chunk(heap, size + CHUNK_HEAD, KIND_CHUNK);
    if (!chunk)
        return NULL;
    chunk->slack = (uint32_t)(CHUNK_BYTES(chunk) - CHUNK_HEAD - size);
    return (uint8_t *)chunk + CHUNK_HEAD;
}

/* The whole of RtlAllocateHeap; `locked` when the fast path below already holds the lock. */
static __attribute__((noinline)) void *allocate(struct heap *heap, ULONG flags, uint64_t size, BOOL locked)
{
    flags |= heap->force_flags;
    if (!locked)
        heap_lock(heap, flags);
    BOOL zero = FALSE;
    void *block = size <= SMALL_LIMIT ? take_small(heap, size) : take_large(heap, size, &zero);
    heap_unlock(heap, flags);
    if (!block)
        return no_memory(heap, flags, size);
    if ((flags & HEAP_ZERO_MEMORY) && !zero)
        memset(block, 0, size);
    return block;
}

static __attribute__((noinline)) void *wake_and_return(struct heap *heap, ULONG flags, uint64_t size, void *block)
{
    heap_unlock_slow(heap);
    return flags & HEAP_ZERO_MEMORY ? memset(block, 0, size) : block;
}

#define FAST_LIMIT 504u

/* The most called function of all: the common case makes no call and keeps nothing on the stack. */
PVOID NTAPI RtlAllocateHeap(PVOID handle, ULONG flags, SIZE_T size)
{
    struct heap *heap = handle;
    if (size > FAST_LIMIT || ((flags | heap->force_flags) & HEAP_NO_SERIALIZE) ||
        InterlockedCompareExchange(&heap->lock, 1, 0) != 0)
        return allocate(heap, flags, size, FALSE);
    heap->owner = this_thread_id();
    struct span *span = heap->spans[((size + 23) >> 4) - 1];
    uint8_t *block;
    if (!span || !(block = span->free) || span->used + 1 == span->capacity)
        return allocate(heap, flags, size, TRUE);
    span->free = *(void **)block;
    ++span->used;
    HEAD(block)->word = heap->small_word | (HEAD(block)->word & 0xffff0000) | size;
    heap->owner = 0;
    if (InterlockedExchange(&heap->lock, 0) != 1)
        return wake_and_return(heap, flags, size, block);
    return flags & HEAP_ZERO_MEMORY ? memset(block, 0, size) : block;
}

static __attribute__((noinline)) BOOLEAN free_large(struct heap *heap, void *block, uint64_t word)
{
    if (TAG_OF(word) != TAG_OF(heap->tag) || ((uintptr_t)block & 15))
        heap_corrupted(heap, block);
    switch (KIND_OF(word)) {
    case KIND_CHUNK:
        heap_give_chunk(heap, (struct chunk *)HEAD(block));
        return TRUE;
    case KIND_HUGE:
        HEAD(block)->word = WORD(heap, KIND_HUGE_FREE);
        heap_give_huge(heap, (struct huge *)block - 1);
        return TRUE;
    default:
        heap_corrupted(heap, block);
    }
}

static __attribute__((noinline)) BOOLEAN release(struct heap *heap, ULONG flags, void *block, BOOL locked)
{
    if (!block)
        return TRUE;
    flags |= heap->force_flags;
    if (!locked)
        heap_lock(heap, flags);
    uint64_t word = HEAD(block)->word;
    if ((word ^ heap->small_word) >> 40 == 0)
        give_small(heap, block, word);
    else
        free_large(heap, block, word);
    heap_unlock(heap, flags);
    return TRUE;
}

static __attribute__((noinline)) BOOLEAN wake_and_succeed(struct heap *heap)
{
    heap_unlock_slow(heap);
    return TRUE;
}

BOOLEAN NTAPI RtlFreeHeap(PVOID handle, ULONG flags, PVOID block)
{
    struct heap *heap = handle;
    if (!block || ((flags | heap->force_flags) & HEAP_NO_SERIALIZE) || InterlockedCompareExchange(&heap->lock, 1, 0) != 0)
        return release(heap, flags, block, FALSE);
    heap->owner = this_thread_id();
    uint64_t word = HEAD(block)->word;
    struct span *span = (struct span *)((uint8_t *)block - ((word >> 16 & 0xffff) << 4));
    if ((word ^ heap->small_word) >> 40 || !span->listed ||
        (span->used == 1 && (span->next || span->prev)))
        return release(heap, flags, block, TRUE);
    HEAD(block)->word = word ^ (uint64_t)(KIND_SMALL ^ KIND_SMALL_FREE) << 40;
    *(void **)block = span->free;
    span->free = block;
    --span->used;
    heap->owner = 0;
    if (InterlockedExchange(&heap->lock, 0) != 1)
        return wake_and_succeed(heap);
    return TRUE;
}

uint64_t heap_block_size(const void *block)
{
    uint64_t word = HEAD(block)->word;
    switch (KIND_OF(word)) {
    case KIND_SMALL: return word & 0xffff;
    case KIND_CHUNK: return ((uint64_t)UNITS(word) << 4) - CHUNK_HEAD - ((struct chunk *)HEAD(block))->slack;
    case KIND_HUGE: return ((const struct huge *)block - 1)->size;
    default: return (uint64_t)-1;
    }
}

SIZE_T NTAPI RtlSizeHeap(PVOID handle, ULONG flags, const void *block)
{
    struct heap *heap = handle;
    if (!block || TAG_OF(HEAD(block)->word) != TAG_OF(heap->tag))
        return (SIZE_T)-1;
    return heap_block_size(block);
}

/* Change a block's size where it is; FALSE when it must move. */
static BOOL resize_in_place(struct heap *heap, void *block, uint64_t size)
{
    uint64_t word = HEAD(block)->word;
    switch (KIND_OF(word)) {
    case KIND_SMALL: {
        struct span *span = (struct span *)((uint8_t *)block - ((word >> 16 & 0xffff) << 4));
        if (size > span->block_size - 8u)
            return FALSE;
        HEAD(block)->word = (word & ~0xffffull) | size;
        return TRUE;
    }
    case KIND_CHUNK: {
        struct chunk *chunk = (struct chunk *)HEAD(block);
        uint64_t flags = word & 0xff00000000;
        if (size > HUGE_LIMIT || !heap_resize_chunk(heap, chunk, size + CHUNK_HEAD))
            return FALSE;
        chunk->word |= flags;
        chunk->slack = (uint32_t)(CHUNK_BYTES(chunk) - CHUNK_HEAD - size);
        return TRUE;
    }
    default: {
        struct huge *huge = (struct huge *)block - 1;
        uint64_t commit = (size + sizeof *huge + 0xfff) & ~0xfffull;
        if (commit < size || commit > huge->reserved)
            return FALSE;
        if (commit > huge->committed) {
            void *start = (uint8_t *)huge + huge->committed;
            SIZE_T more = commit - huge->committed;
            if (!NT_SUCCESS(NtAllocateVirtualMemory(THIS_PROCESS, &start, 0, &more, MEM_COMMIT, heap->protect)))
                return FALSE;
            huge->committed = commit;
        }
        huge->size = size;
        return TRUE;
    }
    }
}

PVOID NTAPI RtlReAllocateHeap(PVOID handle, ULONG flags, PVOID block, SIZE_T size)
{
    struct heap *heap = handle;
    if (!block)
        return NULL;
    flags |= heap->force_flags;
    heap_lock(heap, flags);
    uint64_t word = HEAD(block)->word;
    uint64_t old = heap_block_size(block);
    if (TAG_OF(word) != TAG_OF(heap->tag) || old == (uint64_t)-1)
        heap_corrupted(heap, block);
    void *now = block;
    /* A small block that shrinks to less than half moves, so that its memory serves others. */
    BOOL stay = (flags & HEAP_REALLOC_IN_PLACE_ONLY) || size >= old / 4 || size + 256 >= old;
    if (!stay || !resize_in_place(heap, block, size)) {
        BOOL zero;
        now = NULL;
        if (!(flags & HEAP_REALLOC_IN_PLACE_ONLY)) {
            if (size <= SMALL_LIMIT)
                now = take_small(heap, size);
            else if (size > HUGE_LIMIT && (heap->flags & HEAP_GROWABLE))
                now = heap_take_huge(heap, size, KIND_OF(word) == KIND_HUGE ? size + size / 2 : 0, &zero);
            else
                now = take_large(heap, size, &zero);
        }
        if (now) {
            memcpy(now, block, old < size ? old : size);
            HEAD(now)->word |= word & 0xff00000000;
            if (KIND_OF(word) == KIND_SMALL)
                give_small(heap, block, word);
            else
                free_large(heap, block, word);
        }
    }
    heap_unlock(heap, flags);
    if (!now)
        return no_memory(heap, flags, size);
    if ((flags & HEAP_ZERO_MEMORY) && size > old)
        memset((uint8_t *)now + old, 0, size - old);
    return now;
}

PVOID NTAPI RtlCreateHeap(ULONG flags, PVOID base, SIZE_T reserve, SIZE_T commit, PVOID lock, PVOID parameters)
{
    ULONG protect = flags & HEAP_CREATE_ENABLE_EXECUTE ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    BOOL growable = (flags & HEAP_GROWABLE) != 0;
    uint64_t limit = growable ? 0 : (reserve + 0xffff) & ~0xffffull;
    uint64_t first = (commit + sizeof(struct heap) + 0xffff) & ~0xffffull;
    if (growable && first < 0x40000)
        first = 0x40000;
    if (!growable && limit < first)
        limit = first;
    struct heap *heap = base ? base : heap_system_memory(growable ? first : limit, first, protect);
    if (!heap) {
        rtl_set_status_error(STATUS_NO_MEMORY);
        return NULL;
    }
    memset(heap, 0, sizeof *heap);
    heap->signature = HEAP_SIGNATURE;
    heap->flags = flags & ~(ULONG)HEAP_CREATE_ALIGN_16;
    heap->force_flags = flags & (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS);
    heap->tag = (((uint64_t)heap >> 16 ^ (uint64_t)InterlockedIncrement(&heap_counter) * 0x9E37) & 0xffff) << 48;
    heap->small_word = WORD(heap, KIND_SMALL);
    heap->protect = protect;
    heap->limit = limit;
    heap->next_segment = 0x100000;
    heap_add_segment(heap, heap, offsetof(struct heap, first), first, growable ? first : limit);

    uint8_t *peb = PEB_POINTER();
    spin_acquire(&heaps_lock);
    PVOID *table = AT(PVOID *, peb, PEB_HEAPS);
    ULONG count = AT(ULONG, peb, PEB_HEAP_COUNT);
    if (!table) {
        AT(PVOID *, peb, PEB_HEAPS) = table = heap_table;
        AT(ULONG, peb, PEB_HEAP_LIMIT) = sizeof heap_table / sizeof *heap_table;
    }
    if (count < AT(ULONG, peb, PEB_HEAP_LIMIT)) {
        table[count] = heap;
        AT(ULONG, peb, PEB_HEAP_COUNT) = count + 1;
    }
    spin_release(&heaps_lock);
    return heap;
}

PVOID NTAPI RtlDestroyHeap(PVOID handle)
{
    struct heap *heap = handle;
    uint8_t *peb = PEB_POINTER();
    if (!heap || heap == AT(PVOID, peb, PEB_PROCESS_HEAP))
        return heap;
    spin_acquire(&heaps_lock);
    PVOID *table = AT(PVOID *, peb, PEB_HEAPS);
    ULONG count = AT(ULONG, peb, PEB_HEAP_COUNT);
    for (ULONG i = 0; i < count; ++i)
        if (table[i] == heap) {
            table[i] = table[count - 1];
            AT(ULONG, peb, PEB_HEAP_COUNT) = count - 1;
            break;
        }
    spin_release(&heaps_lock);
    while (heap->huges)
        heap_give_huge(heap, heap->huges);
    if (heap->spare)
        heap_system_free(heap->spare);
    struct segment *segment = heap->segments;
    while (segment) {
        struct segment *next = segment->next;
        if (segment != &heap->first)
            heap_system_free(segment);
        segment = next;
    }
    heap->signature = 0;
    heap_system_free(heap);
    return NULL;
}

BOOLEAN NTAPI RtlLockHeap(PVOID heap)
{
    heap_lock(heap, 0);
    return TRUE;
}

BOOLEAN NTAPI RtlUnlockHeap(PVOID heap)
{
    heap_unlock(heap, 0);
    return TRUE;
}

ULONG NTAPI RtlGetProcessHeaps(ULONG room, PVOID *heaps)
{
    uint8_t *peb = PEB_POINTER();
    spin_acquire(&heaps_lock);
    ULONG count = AT(ULONG, peb, PEB_HEAP_COUNT);
    for (ULONG i = 0; i < count && count <= room; ++i)
        heaps[i] = AT(PVOID *, peb, PEB_HEAPS)[i];
    spin_release(&heaps_lock);
    return count;
}

void heap_init_process(void)
{
    uint8_t *peb = PEB_POINTER();
    if (!AT(PVOID, peb, PEB_PROCESS_HEAP))
        AT(PVOID, peb, PEB_PROCESS_HEAP) = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
}
