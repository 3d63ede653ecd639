/* Segments, chunks and huge blocks: the heap's large parts. */
#include "heap.h"

/* Bins by size in sixteens: eight steps to each power of two. */
static unsigned bin_of(uint64_t units)
{
    unsigned top = 63 - (unsigned)__builtin_clzll(units | 8);
    unsigned bin = (top - 3) * 8 + ((unsigned)(units >> (top - 3)) & 7);
    return bin < BINS ? bin : BINS - 1;
}

static void bin_add(struct heap *heap, struct chunk *chunk)
{
    unsigned bin = bin_of(UNITS(chunk->word));
    chunk->prev = NULL;
    chunk->next = heap->bins[bin];
    if (chunk->next)
        chunk->next->prev = chunk;
    heap->bins[bin] = chunk;
    heap->bin_map[bin / 64] |= 1ull << (bin % 64);
}

static void bin_remove(struct heap *heap, struct chunk *chunk)
{
    unsigned bin = bin_of(UNITS(chunk->word));
    if (chunk->next)
        chunk->next->prev = chunk->prev;
    if (chunk->prev)
        chunk->prev->next = chunk->next;
    else if (!(heap->bins[bin] = chunk->next))
        heap->bin_map[bin / 64] &= ~(1ull << (bin % 64));
}

static void set_size(struct heap *heap, struct chunk *chunk, uint64_t bytes, unsigned kind)
{
    chunk->word = WORD(heap, kind) | (uint32_t)(bytes >> 4);
    NEXT_CHUNK(chunk)->prev_units = (uint32_t)(bytes >> 4);
}

void *heap_system_memory(uint64_t reserve, uint64_t commit, ULONG protect)
{
    void *base = NULL;
    SIZE_T size = reserve;
    ULONG type = commit == reserve ? MEM_RESERVE | MEM_COMMIT : MEM_RESERVE;
    if (!NT_SUCCESS(NtAllocateVirtualMemory(THIS_PROCESS, &base, 0, &size, type, protect)))
        return NULL;
    if (commit < reserve) {
        void *start = base;
        size = commit;
        if (!NT_SUCCESS(NtAllocateVirtualMemory(THIS_PROCESS, &start, 0, &size, MEM_COMMIT, protect))) {
            heap_system_free(base);
            return NULL;
        }
    }
    return base;
}

void heap_system_free(void *base)
{
    SIZE_T size = 0;
    NtFreeVirtualMemory(THIS_PROCESS, &base, &size, MEM_RELEASE);
}

/* Make the memory from base + used a segment with one free chunk and an end mark. */
BOOL heap_add_segment(struct heap *heap, void *base, uint64_t used, uint64_t committed, uint64_t reserved)
{
    struct segment *segment = (struct segment *)((uint8_t *)base + used);
    segment->size = committed - used;
    segment->committed = committed;
    segment->reserved = reserved;
    segment->next = heap->segments;
    heap->segments = segment;
    struct chunk *chunk = FIRST_CHUNK(segment);
    uint64_t bytes = ((uint64_t)base + committed - (uint64_t)chunk - CHUNK_HEAD) & ~15ull;
    chunk->prev_units = 0;
    struct chunk *end = (struct chunk *)((uint8_t *)chunk + bytes);
    end->word = WORD(heap, KIND_END);
    set_size(heap, chunk, bytes, KIND_CHUNK_FREE);
    bin_add(heap, chunk);
    return TRUE;
}

/* Commit more of a heap of limited size: its only segment grows in place. */
static BOOL extend_segment(struct heap *heap, uint64_t bytes)
{
    struct segment *segment = heap->segments;
    uint64_t more = (bytes + CHUNK_HEAD + 0xffff) & ~0xffffull;
    if (segment->committed + more > segment->reserved)
        more = (bytes + CHUNK_HEAD + 0xfff) & ~0xfffull;
    if (segment->committed + more > segment->reserved)
        return FALSE;
    uint8_t *end_of_memory = (uint8_t *)segment + segment->size;
    void *start = end_of_memory;
    SIZE_T size = more;
    if (!NT_SUCCESS(NtAllocateVirtualMemory(THIS_PROCESS, &start, 0, &size, MEM_COMMIT, heap->protect)))
        return FALSE;
    struct chunk *chunk = (struct chunk *)(end_of_memory - CHUNK_HEAD);
    segment->size += more;
    segment->committed += more;
    struct chunk *end = (struct chunk *)((uint8_t *)chunk + more);
    end->word = WORD(heap, KIND_END);
    set_size(heap, chunk, more, KIND_CHUNK);
    heap_give_chunk(heap, chunk);
    return TRUE;
}

static BOOL grow(struct heap *heap, uint64_t bytes)
{
    if (!(heap->flags & HEAP_GROWABLE))
        return extend_segment(heap, bytes);
    uint64_t size = heap->next_segment;
    uint64_t needed = (bytes + sizeof(struct segment) + CHUNK_HEAD + CHUNK_MIN + 0xffff) & ~0xffffull;
    if (size < needed)
        size = needed;
    else if (heap->next_segment < 0x1000000)
        heap->next_segment *= 2;
    void *base = heap_system_memory(size, size, heap->protect);
    if (!base && size > needed)
        base = heap_system_memory(size = needed, needed, heap->protect);
    return base && heap_add_segment(heap, base, 0, size, size);
}

static struct chunk *find_chunk(struct heap *heap, uint64_t bytes)
{
    uint64_t units = bytes >> 4;
    unsigned bin = bin_of(units);
    /* The request's own bin holds chunks a little smaller too: look through a few of them. */
    int tries = 8;
    for (struct chunk *chunk = heap->bins[bin]; chunk && tries; chunk = chunk->next, --tries)
        if (UNITS(chunk->word) >= units)
            return chunk;
    for (++bin; bin < BINS; bin = (bin | 63) + 1) {
        uint64_t map = heap->bin_map[bin / 64] >> (bin % 64);
        if (!map)
            continue;
        bin += (unsigned)__builtin_ctzll(map);
        if (bin < BINS - 1)
            return heap->bins[bin];
        break;
    }
    for (struct chunk *chunk = heap->bins[BINS - 1]; chunk; chunk = chunk->next)
        if (UNITS(chunk->word) >= units)
            return chunk;
    return NULL;
}

/* Cut the part of a chunk beyond `bytes` off as a free chunk, when it is worth one. */
static void trim_chunk(struct heap *heap, struct chunk *chunk, uint64_t bytes, unsigned kind)
{
    uint64_t whole = CHUNK_BYTES(chunk);
    if (whole - bytes < CHUNK_MIN) {
        chunk->word = WORD(heap, kind) | (uint32_t)(whole >> 4);
        return;
    }
    set_size(heap, chunk, bytes, kind);
    struct chunk *rest = NEXT_CHUNK(chunk);
    set_size(heap, rest, whole - bytes, KIND_CHUNK);
    heap_give_chunk(heap, rest);
}

/* A chunk with at least `bytes` bytes, its head included; NULL when there is no memory. */
struct chunk *heap_take_chunk(struct heap *heap, uint64_t bytes, unsigned kind)
{
    bytes = bytes < CHUNK_MIN ? CHUNK_MIN : (bytes + 15) & ~15ull;
    struct chunk *chunk = find_chunk(heap, bytes);
    if (!chunk) {
        if (!grow(heap, bytes) || !(chunk = find_chunk(heap, bytes)))
            return NULL;
    }
    bin_remove(heap, chunk);
    trim_chunk(heap, chunk, bytes, kind);
    return chunk;
}

static BOOL wholly_free(struct segment *segment)
{
    struct chunk *chunk = FIRST_CHUNK(segment);
    return KIND_OF(chunk->word) == KIND_CHUNK_FREE && KIND_OF(NEXT_CHUNK(chunk)->word) == KIND_END;
}

/* Give a free segment back, unless it is the only one: programs that take and free one large block should not pay twice. */
static BOOL release_segment(struct heap *heap, struct chunk *chunk)
{
    struct segment *segment = (struct segment *)((uint8_t *)chunk - sizeof(struct segment));
    BOOL spare = FALSE;
    if (segment == &heap->first || segment->size < 0x100000)
        return FALSE;
    for (struct segment *other = heap->segments; other && !spare; other = other->next)
        spare = other != segment && wholly_free(other);
    if (!spare)
        return FALSE;
    for (struct segment **link = &heap->segments; *link; link = &(*link)->next)
        if (*link == segment) {
            *link = segment->next;
            heap_system_free(segment);
            return TRUE;
        }
    return FALSE;
}

void heap_give_chunk(struct heap *heap, struct chunk *chunk)
{
    uint64_t bytes = CHUNK_BYTES(chunk);
    struct chunk *next = NEXT_CHUNK(chunk);
    if (KIND_OF(next->word) == KIND_CHUNK_FREE) {
        bin_remove(heap, next);
        bytes += CHUNK_BYTES(next);
    }
    if (chunk->prev_units) {
        struct chunk *prev = PREV_CHUNK(chunk);
        if (KIND_OF(prev->word) == KIND_CHUNK_FREE) {
            bin_remove(heap, prev);
            bytes += CHUNK_BYTES(prev);
            /* A stale pointer to the swallowed chunk must not look allocated. */
            chunk->word = WORD(heap, KIND_CHUNK_FREE);
            chunk = prev;
        }
    }
    set_size(heap, chunk, bytes, KIND_CHUNK_FREE);
    if (!chunk->prev_units && KIND_OF(NEXT_CHUNK(chunk)->word) == KIND_END && release_segment(heap, chunk))
        return;
    bin_add(heap, chunk);
}

BOOL heap_resize_chunk(struct heap *heap, struct chunk *chunk, uint64_t bytes)
{
    bytes = bytes < CHUNK_MIN ? CHUNK_MIN : (bytes + 15) & ~15ull;
    uint64_t whole = CHUNK_BYTES(chunk);
    if (bytes > whole) {
        struct chunk *next = NEXT_CHUNK(chunk);
        if (KIND_OF(next->word) != KIND_CHUNK_FREE || whole + CHUNK_BYTES(next) < bytes)
            return FALSE;
        bin_remove(heap, next);
        set_size(heap, chunk, whole + CHUNK_BYTES(next), KIND_CHUNK);
    }
    trim_chunk(heap, chunk, bytes, KIND_CHUNK);
    return TRUE;
}

#define SPARE_LIMIT 0x1000000u

static void *list_huge(struct heap *heap, struct huge *huge, uint64_t size)
{
    huge->size = size;
    huge->head.word = WORD(heap, KIND_HUGE);
    huge->next = heap->huges;
    huge->link = &heap->huges;
    if (heap->huges)
        heap->huges->link = &huge->next;
    heap->huges = huge;
    return huge + 1;
}

/* A block of system memory of its own; `zero` says whether its contents are known to be zero. */
void *heap_take_huge(struct heap *heap, uint64_t size, uint64_t reserve, BOOL *zero)
{
    uint64_t commit = (size + sizeof(struct huge) + 0xfff) & ~0xfffull;
    if (commit < size)
        return NULL;
    struct huge *huge = heap->spare;
    if (huge && huge->committed >= commit && huge->committed / 2 <= commit && huge->reserved >= reserve) {
        heap->spare = NULL;
        *zero = FALSE;
        return list_huge(heap, huge, size);
    }
    reserve = reserve < commit ? commit : (reserve + 0xffff) & ~0xffffull;
    if (!(huge = heap_system_memory(reserve, commit, heap->protect)))
        return NULL;
    huge->reserved = reserve;
    huge->committed = commit;
    *zero = TRUE;
    return list_huge(heap, huge, size);
}

void heap_give_huge(struct heap *heap, struct huge *huge)
{
    *huge->link = huge->next;
    if (huge->next)
        huge->next->link = huge->link;
    if (huge->committed <= SPARE_LIMIT) {
        struct huge *old = heap->spare;
        heap->spare = huge;
        if (!old)
            return;
        huge = old;
    }
    heap_system_free(huge);
}
