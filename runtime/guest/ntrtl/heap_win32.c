/* kernel32's heap functions: Heap*, Local*, Global*.
 *
 * A moveable block's handle is the address of a table entry plus 8: heap blocks are 16-aligned, so bit 3 tells handles from
 * pointers, as on Windows.
 */
#include "heap.h"

#define ENTRIES_PER_TABLE 256u
#define DISCARDED 0x4000u

struct moveable {
    void *block;             /* with `next_free` while the entry is free */
    uint16_t flags, locks;
    uint32_t in_use;
};
struct table {
    struct table *next;
    uint64_t padding;
    struct moveable entries[ENTRIES_PER_TABLE];
};

static struct table *tables;
static struct moveable *free_entries;
static spin_lock table_lock;

#define IS_HANDLE(memory) ((uintptr_t)(memory)&8)
#define ENTRY(memory) ((struct moveable *)((uintptr_t)(memory)-8))

void *memset(void *, int, size_t);
BOOLEAN NTAPI RtlValidateHeap(PVOID heap, ULONG flags, const void *block);
PVOID NTAPI RtlCreateHeap(ULONG, PVOID, SIZE_T, SIZE_T, PVOID, PVOID);
PVOID NTAPI RtlDestroyHeap(PVOID);
SIZE_T NTAPI RtlCompactHeap(PVOID, ULONG);
NTSTATUS NTAPI RtlpWalkHeap(PVOID heap, void *entry);
NTSTATUS NTAPI rtl_SetHeapInformation(PVOID, ULONG, PVOID, SIZE_T);
NTSTATUS NTAPI rtl_QueryHeapInformation(PVOID, ULONG, PVOID, SIZE_T, PSIZE_T);

HANDLE WINAPI k32_HeapCreate(DWORD options, SIZE_T initial, SIZE_T maximum)
{
    ULONG flags = options & (HEAP_GENERATE_EXCEPTIONS | HEAP_NO_SERIALIZE | HEAP_CREATE_ENABLE_EXECUTE);
    if (maximum && initial > maximum) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return RtlCreateHeap(flags | (maximum ? 0 : HEAP_GROWABLE), NULL, maximum, initial, NULL, NULL);
}

BOOL WINAPI k32_HeapDestroy(HANDLE heap)
{
    if (heap && !RtlDestroyHeap(heap))
        return TRUE;
    set_last_error(ERROR_INVALID_HANDLE);
    return FALSE;
}

BOOL WINAPI k32_HeapFree(HANDLE heap, DWORD flags, PVOID block)
{
    return RtlFreeHeap(heap, flags, block);
}

BOOL WINAPI k32_HeapValidate(HANDLE heap, DWORD flags, const void *block)
{
    return RtlValidateHeap(heap, flags, block);
}

SIZE_T WINAPI k32_HeapCompact(HANDLE heap, DWORD flags)
{
    return RtlCompactHeap(heap, flags);
}

static BOOL success(NTSTATUS status)
{
    if (NT_SUCCESS(status))
        return TRUE;
    rtl_set_status_error(status);
    return FALSE;
}

BOOL WINAPI k32_HeapWalk(HANDLE heap, void *entry)
{
    return success(RtlpWalkHeap(heap, entry));
}

BOOL WINAPI k32_HeapSetInformation(HANDLE heap, ULONG kind, PVOID data, SIZE_T size)
{
    return success(rtl_SetHeapInformation(heap, kind, data, size));
}

BOOL WINAPI k32_HeapQueryInformation(HANDLE heap, ULONG kind, PVOID data, SIZE_T size, PSIZE_T needed)
{
    return success(rtl_QueryHeapInformation(heap, kind, data, size, needed));
}

BOOL WINAPI k32_HeapSummary(HANDLE heap, DWORD flags, PSIZE_T summary)
{
    struct heap *self = heap;
    uint64_t committed = 0, reserved = 0, unused = 0;
    heap_lock(self, flags);
    for (struct segment *segment = self->segments; segment; segment = segment->next) {
        committed += segment->committed;
        reserved += segment->reserved;
    }
    for (struct huge *huge = self->huges; huge; huge = huge->next) {
        committed += huge->committed;
        reserved += huge->reserved;
    }
    for (unsigned bin = 0; bin < BINS; ++bin)
        for (struct chunk *chunk = self->bins[bin]; chunk; chunk = chunk->next)
            unused += CHUNK_BYTES(chunk);
    heap_unlock(self, flags);
    summary[1] = committed - unused;
    summary[2] = committed;
    summary[3] = self->limit ? reserved - committed : 0;
    summary[4] = reserved;
    return TRUE;
}

static struct moveable *new_entry(void)
{
    spin_acquire(&table_lock);
    struct moveable *entry = free_entries;
    if (entry)
        free_entries = entry->block;
    spin_release(&table_lock);
    if (entry)
        return entry;
    struct table *table = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *table);
    if (!table)
        return NULL;
    spin_acquire(&table_lock);
    table->next = tables;
    tables = table;
    for (unsigned i = 1; i < ENTRIES_PER_TABLE; ++i) {
        table->entries[i].block = free_entries;
        free_entries = &table->entries[i];
    }
    spin_release(&table_lock);
    return &table->entries[0];
}

static void free_entry(struct moveable *entry)
{
    spin_acquire(&table_lock);
    entry->in_use = 0;
    entry->block = free_entries;
    free_entries = entry;
    spin_release(&table_lock);
}

/* The entry behind a handle, or NULL with ERROR_INVALID_HANDLE. */
static struct moveable *entry_of(const void *memory)
{
    spin_acquire(&table_lock);
    struct moveable *entry = ENTRY(memory);
    struct table *table = tables;
    while (table && !(entry >= table->entries && entry < table->entries + ENTRIES_PER_TABLE))
        table = table->next;
    spin_release(&table_lock);
    if (table && entry->in_use)
        return entry;
    set_last_error(ERROR_INVALID_HANDLE);
    return NULL;
}

HGLOBAL WINAPI k32_GlobalAlloc(UINT flags, SIZE_T size)
{
    PVOID heap = PROCESS_HEAP();
    ULONG heap_flags = flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    if (!(flags & GMEM_MOVEABLE))
        return RtlAllocateHeap(heap, heap_flags, size);
    struct moveable *entry = new_entry();
    if (!entry) {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    entry->locks = 0;
    entry->flags = (uint16_t)(flags & (GMEM_DISCARDABLE | GMEM_DDESHARE));
    entry->block = NULL;
    entry->in_use = 1;
    if (size && !(entry->block = RtlAllocateHeap(heap, heap_flags, size))) {
        free_entry(entry);
        return NULL;
    }
    if (!size)
        entry->flags |= DISCARDED;
    return (HGLOBAL)((uintptr_t)entry + 8);
}

HGLOBAL WINAPI k32_GlobalFree(HGLOBAL memory)
{
    if (!memory)
        return NULL;
    if (!IS_HANDLE(memory)) {
        RtlFreeHeap(PROCESS_HEAP(), 0, memory);
        return NULL;
    }
    struct moveable *entry = entry_of(memory);
    if (!entry)
        return memory;
    if (entry->block)
        RtlFreeHeap(PROCESS_HEAP(), 0, entry->block);
    free_entry(entry);
    return NULL;
}

PVOID WINAPI k32_GlobalLock(HGLOBAL memory)
{
    if (!IS_HANDLE(memory))
        return memory;
    struct moveable *entry = entry_of(memory);
    if (!entry)
        return NULL;
    if (!entry->block) {
        set_last_error(ERROR_DISCARDED);
        return NULL;
    }
    if (entry->locks < 255)
        ++entry->locks;
    return entry->block;
}

static BOOL unlock(HGLOBAL memory, BOOL fixed_result)
{
    if (!IS_HANDLE(memory)) {
        if (!fixed_result)
            set_last_error(ERROR_NOT_LOCKED);
        return fixed_result;
    }
    struct moveable *entry = entry_of(memory);
    if (!entry)
        return FALSE;
    if (!entry->locks) {
        set_last_error(ERROR_NOT_LOCKED);
        return FALSE;
    }
    if (--entry->locks)
        return TRUE;
    set_last_error(ERROR_SUCCESS);
    return FALSE;
}

BOOL WINAPI k32_GlobalUnlock(HGLOBAL memory)
{
    return unlock(memory, TRUE);
}

BOOL WINAPI k32_LocalUnlock(HLOCAL memory)
{
    return unlock(memory, FALSE);
}

SIZE_T WINAPI k32_GlobalSize(HGLOBAL memory)
{
    const void *block = memory;
    if (IS_HANDLE(memory)) {
        struct moveable *entry = entry_of(memory);
        if (!entry || !entry->block)
            return 0;
        block = entry->block;
    }
    SIZE_T size = block ? RtlSizeHeap(PROCESS_HEAP(), 0, block) : (SIZE_T)-1;
    if (size == (SIZE_T)-1) {
        set_last_error(ERROR_INVALID_HANDLE);
        return 0;
    }
    return size;
}

UINT WINAPI k32_GlobalFlags(HGLOBAL memory)
{
    if (!IS_HANDLE(memory))
        return memory ? 0 : GMEM_INVALID_HANDLE;
    struct moveable *entry = entry_of(memory);
    return entry ? (UINT)entry->locks | entry->flags : GMEM_INVALID_HANDLE;
}

HGLOBAL WINAPI k32_GlobalHandle(const void *block)
{
    HGLOBAL found = NULL;
    spin_acquire(&table_lock);
    for (struct table *table = tables; table && !found; table = table->next)
        for (unsigned i = 0; i < ENTRIES_PER_TABLE; ++i)
            if (table->entries[i].in_use && table->entries[i].block == block) {
                found = (HGLOBAL)((uintptr_t)&table->entries[i] + 8);
                break;
            }
    spin_release(&table_lock);
    if (found)
        return found;
    if (block && RtlValidateHeap(PROCESS_HEAP(), 0, block))
        return (HGLOBAL)block;
    set_last_error(ERROR_INVALID_HANDLE);
    return NULL;
}

static HGLOBAL realloc_handle(HGLOBAL memory, SIZE_T size, UINT flags, ULONG heap_flags)
{
    struct moveable *entry = entry_of(memory);
    if (!entry)
        return NULL;
    if (flags & GMEM_MODIFY) {
        entry->flags = (uint16_t)((entry->flags & ~GMEM_DISCARDABLE) | (flags & GMEM_DISCARDABLE));
        return memory;
    }
    if (!size) {
        if (entry->locks) {
            set_last_error(ERROR_NOT_ENOUGH_MEMORY);
            return NULL;
        }
        if (entry->block)
            RtlFreeHeap(PROCESS_HEAP(), 0, entry->block);
        entry->block = NULL;
        entry->flags |= DISCARDED;
        return memory;
    }
    if (entry->locks && !(flags & GMEM_MOVEABLE))
        heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    void *block = entry->block ? RtlReAllocateHeap(PROCESS_HEAP(), heap_flags, entry->block, size)
                               : RtlAllocateHeap(PROCESS_HEAP(), heap_flags, size);
    if (!block)
        return NULL;
    entry->block = block;
    entry->flags &= (uint16_t)~DISCARDED;
    return memory;
}

HGLOBAL WINAPI k32_GlobalReAlloc(HGLOBAL memory, SIZE_T size, UINT flags)
{
    ULONG heap_flags = flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    if (!memory) {
        set_last_error(ERROR_INVALID_HANDLE);
        return NULL;
    }
    if (IS_HANDLE(memory))
        return realloc_handle(memory, size, flags, heap_flags);
    if (flags & GMEM_MODIFY) {
        if (!(flags & GMEM_MOVEABLE))
            return memory;
        struct moveable *entry = new_entry();
        if (!entry)
            return NULL;
        *entry = (struct moveable){.block = memory, .in_use = 1};
        return (HGLOBAL)((uintptr_t)entry + 8);
    }
    if (!(flags & GMEM_MOVEABLE))
        heap_flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    return RtlReAllocateHeap(PROCESS_HEAP(), heap_flags, memory, size);
}

SIZE_T WINAPI k32_GlobalCompact(DWORD minimum)
{
    return RtlCompactHeap(PROCESS_HEAP(), 0);
}
