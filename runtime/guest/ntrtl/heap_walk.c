/* Heap validation, enumeration, user values and information. */
#include "heap.h"

static BOOL valid_block(struct heap *heap, const void *block)
{
    if (!block || ((uintptr_t)block & 15))
        return FALSE;
    uint64_t word = HEAD(block)->word;
    if (TAG_OF(word) != TAG_OF(heap->tag))
        return FALSE;
    unsigned kind = KIND_OF(word);
    return kind == KIND_SMALL || kind == KIND_CHUNK || kind == KIND_HUGE;
}

static BOOL valid_segment(struct heap *heap, struct segment *segment)
{
    uint32_t prev = 0;
    uint8_t *end = (uint8_t *)segment + segment->size;
    for (struct chunk *chunk = FIRST_CHUNK(segment); (uint8_t *)chunk < end; chunk = NEXT_CHUNK(chunk)) {
        if (TAG_OF(chunk->word) != TAG_OF(heap->tag) || chunk->prev_units != prev)
            return FALSE;
        switch (KIND_OF(chunk->word)) {
        case KIND_END: return TRUE;
        case KIND_CHUNK:
        case KIND_CHUNK_FREE:
        case KIND_SPAN: break;
        default: return FALSE;
        }
        if (!(prev = UNITS(chunk->word)))
            return FALSE;
    }
    return FALSE;
}

BOOLEAN NTAPI RtlValidateHeap(PVOID handle, ULONG flags, const void *block)
{
    struct heap *heap = handle;
    if (!heap || heap->signature != HEAP_SIGNATURE)
        return FALSE;
    heap_lock(heap, flags);
    BOOL valid = TRUE;
    if (block)
        valid = valid_block(heap, block);
    else
        for (struct segment *segment = heap->segments; segment && valid; segment = segment->next)
            valid = valid_segment(heap, segment);
    heap_unlock(heap, flags);
    return (BOOLEAN)valid;
}

SIZE_T NTAPI RtlCompactHeap(PVOID handle, ULONG flags)
{
    struct heap *heap = handle;
    uint64_t largest = 0;
    heap_lock(heap, flags);
    for (unsigned bin = 0; bin < BINS; ++bin)
        for (struct chunk *chunk = heap->bins[bin]; chunk; chunk = chunk->next)
            if (CHUNK_BYTES(chunk) - CHUNK_HEAD > largest)
                largest = CHUNK_BYTES(chunk) - CHUNK_HEAD;
    heap_unlock(heap, flags);
    return largest;
}

/* User values live in a table of their own: hardly anybody sets one. */
struct user_value {
    struct user_value *next;
    const void *block;
    void *value;
};
static struct user_value *user_values;
static spin_lock user_values_lock;

BOOLEAN NTAPI RtlSetUserValueHeap(PVOID heap, ULONG flags, PVOID block, PVOID value)
{
    if (!valid_block(heap, block))
        return FALSE;
    spin_acquire(&user_values_lock);
    struct user_value *entry = user_values;
    while (entry && entry->block != block)
        entry = entry->next;
    spin_release(&user_values_lock);
    if (!entry) {
        if (!(entry = RtlAllocateHeap(PROCESS_HEAP(), 0, sizeof *entry)))
            return FALSE;
        entry->block = block;
        spin_acquire(&user_values_lock);
        entry->next = user_values;
        user_values = entry;
        spin_release(&user_values_lock);
    }
    entry->value = value;
    return TRUE;
}

BOOLEAN NTAPI RtlGetUserInfoHeap(PVOID heap, ULONG flags, PVOID block, PVOID *value, PULONG user_flags)
{
    if (!valid_block(heap, block))
        return FALSE;
    if (user_flags)
        *user_flags = (ULONG)(HEAD(block)->word >> 32 & 0xff) << 4;
    if (value) {
        *value = NULL;
        spin_acquire(&user_values_lock);
        for (struct user_value *entry = user_values; entry; entry = entry->next)
            if (entry->block == block)
                *value = entry->value;
        spin_release(&user_values_lock);
    }
    return TRUE;
}

/* HeapWalk.  An entry's address tells where to go on. */
struct heap_entry {
    PVOID data;
    DWORD size;
    BYTE overhead, region;
    WORD flags;
    union {
        struct {
            DWORD committed, uncommitted;
            PVOID first, last;
        } r;
    } u;
};

static BOOL report(struct heap_entry *walk, void *data, uint64_t size, unsigned overhead, WORD flags)
{
    walk->data = data;
    walk->size = (DWORD)size;
    walk->overhead = (BYTE)overhead;
    walk->flags = flags;
    return TRUE;
}

static BOOL report_region(struct heap_entry *walk, struct segment *segment)
{
    report(walk, segment, sizeof *segment, 0, PROCESS_HEAP_REGION);
    walk->u.r.committed = (DWORD)segment->committed;
    walk->u.r.uncommitted = (DWORD)(segment->reserved - segment->committed);
    walk->u.r.first = (uint8_t *)FIRST_CHUNK(segment) + CHUNK_HEAD;
    walk->u.r.last = (uint8_t *)segment + segment->size;
    return TRUE;
}

static BOOL report_small(struct heap_entry *walk, struct span *span, uint8_t *block)
{
    if (block >= span->blocks + (uint64_t)span->fresh * span->block_size)
        return FALSE;
    uint64_t word = HEAD(block)->word;
    BOOL busy = KIND_OF(word) == KIND_SMALL;
    uint64_t size = busy ? word & 0xffff : span->block_size - 8u;
    return report(walk, block, size, 8, busy ? PROCESS_HEAP_ENTRY_BUSY : 0);
}

static struct segment *segment_of(struct heap *heap, const void *address)
{
    for (struct segment *segment = heap->segments; segment; segment = segment->next)
        if ((const uint8_t *)address >= (uint8_t *)segment && (const uint8_t *)address < (uint8_t *)segment + segment->size)
            return segment;
    return NULL;
}

static BOOL report_from(struct heap *heap, struct heap_entry *walk, struct chunk *chunk)
{
    for (;; chunk = NEXT_CHUNK(chunk)) {
        unsigned kind = KIND_OF(chunk->word);
        uint8_t *body = (uint8_t *)chunk + CHUNK_HEAD;
        if (kind == KIND_CHUNK)
            return report(walk, body, heap_block_size(body), CHUNK_HEAD, PROCESS_HEAP_ENTRY_BUSY);
        if (kind == KIND_CHUNK_FREE)
            return report(walk, body, CHUNK_BYTES(chunk) - CHUNK_HEAD, CHUNK_HEAD, 0);
        if (kind != KIND_SPAN)
            break;
        struct span *span = (struct span *)body;
        if (report_small(walk, span, span->blocks))
            return TRUE;
    }
    struct segment *segment = segment_of(heap, chunk);
    if (segment && segment->next) {
        ++walk->region;
        return report_region(walk, segment->next);
    }
    if (heap->huges)
        return report(walk, heap->huges + 1, heap->huges->size, sizeof(struct huge), PROCESS_HEAP_ENTRY_BUSY);
    return FALSE;
}

NTSTATUS NTAPI RtlpWalkHeap(PVOID handle, struct heap_entry *walk)
{
    struct heap *heap = handle;
    BOOL more;
    heap_lock(heap, 0);
    if (!walk->data) {
        walk->region = 0;
        more = report_region(walk, heap->segments);
    } else if (walk->flags & PROCESS_HEAP_REGION) {
        more = report_from(heap, walk, FIRST_CHUNK((struct segment *)walk->data));
    } else {
        uint64_t word = HEAD(walk->data)->word;
        switch (KIND_OF(word)) {
        case KIND_SMALL:
        case KIND_SMALL_FREE: {
            struct span *span = (struct span *)((uint8_t *)walk->data - ((word >> 16 & 0xffff) << 4));
            more = report_small(walk, span, (uint8_t *)walk->data + span->block_size) ||
                   report_from(heap, walk, NEXT_CHUNK((struct chunk *)((uint8_t *)span - CHUNK_HEAD)));
            break;
        }
        case KIND_HUGE: {
            struct huge *huge = ((struct huge *)walk->data - 1)->next;
            more = huge && report(walk, huge + 1, huge->size, sizeof *huge, PROCESS_HEAP_ENTRY_BUSY);
            break;
        }
        default: more = report_from(heap, walk, NEXT_CHUNK((struct chunk *)HEAD(walk->data)));
        }
    }
    heap_unlock(heap, 0);
    return more ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

NTSTATUS NTAPI rtl_SetHeapInformation(PVOID heap, ULONG kind, PVOID data, SIZE_T size)
{
    switch (kind) {
    case 0: /* HeapCompatibilityInformation: 0 standard, 2 low fragmentation; both are what this heap is. */
        if (size < sizeof(ULONG))
            return STATUS_BUFFER_TOO_SMALL;
        return *(ULONG *)data == 0 || *(ULONG *)data == 2 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
    case 1: /* HeapEnableTerminationOnCorruption: always on. */
    case 3: /* HeapOptimizeResources */
        return STATUS_SUCCESS;
    default: return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI rtl_QueryHeapInformation(PVOID heap, ULONG kind, PVOID data, SIZE_T size, PSIZE_T needed)
{
    if (kind != 0)
        return STATUS_INVALID_PARAMETER;
    if (needed)
        *needed = sizeof(ULONG);
    if (size < sizeof(ULONG))
        return STATUS_BUFFER_TOO_SMALL;
    *(ULONG *)data = 2;
    return STATUS_SUCCESS;
}
