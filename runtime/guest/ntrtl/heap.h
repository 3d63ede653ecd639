/* The heap's structures.
 *
 * Memory comes from the system in segments.  A segment is divided into chunks with boundary tags (heap_chunks.c); free chunks
 * sit in size-ordered bins.  Requests up to SMALL_LIMIT are served from spans: chunks cut into equal blocks, one size class
 * a span (heap.c).  Requests above HUGE_LIMIT get system memory of their own.
 *
 * Eight bytes before every block say what it is, in one word:
 *   63..48 the heap's tag   47..40 kind and state   39..32 user flags
 *   small: 31..16 distance to the span in sixteens, 15..0 requested size
 *   chunk: 31..0 chunk size in sixteens; the requested size's slack is kept in `slack`
 *   huge:  the size is in the structure before it
 */
#pragma once
#include "rtl.h"
#undef huge

#define KIND_SMALL 0xA1u
#define KIND_SMALL_FREE 0x51u
#define KIND_CHUNK 0xA2u
#define KIND_CHUNK_FREE 0x52u
#define KIND_SPAN 0xA3u
#define KIND_END 0xA4u
#define KIND_HUGE 0xA5u
#define KIND_HUGE_FREE 0x55u

#define SMALL_LIMIT 8184u /* the largest request of a size class: 8 KiB less the header */
#define HUGE_LIMIT 0xFE000u
#define CLASSES 64u
#define BINS 128u

#define HEAP_SIGNATURE 0xFFEEFFEEu

/* Before a block: at block - 16 a field of the kind's own, at block - 8 the word above.  A small block has the word only. */
struct head {
    uint64_t extra;
    uint64_t word;
};
#define HEAD(block) ((struct head *)((uint8_t *)(block) - 16))

struct span {
    struct span *next, *prev;   /* in the heap's list of spans of this class that have free blocks */
    void *free;                 /* chain of free blocks */
    uint32_t used, capacity;
    uint32_t fresh;             /* blocks cut so far */
    uint16_t block_size;
    uint8_t size_class;
    uint8_t listed;
    uint8_t *blocks;
};

/* A chunk: prev_size and word are the head; free chunks keep list links in their body. */
struct chunk {
    uint32_t prev_units;        /* size of the chunk before in sixteens, 0 for the first of a segment */
    uint32_t slack;             /* chunk bytes (head excluded) beyond the requested size */
    uint64_t word;
    struct chunk *next, *prev;  /* only while free */
};
#define CHUNK_HEAD 16u
#define CHUNK_MIN 64u

struct segment {
    struct segment *next;
    uint64_t size, committed, reserved;
    uint64_t padding[4];
} __attribute__((aligned(16)));

struct huge {
    struct huge *next, **link;
    uint64_t size, reserved, committed;
    uint64_t padding;
    struct head head;
};

struct heap {
    uint8_t system_part[0x10];
    ULONG signature;            /* 0x10 */
    ULONG segment_flags;
    uint8_t gap1[0x70 - 0x18];
    ULONG flags;                /* 0x70 */
    ULONG force_flags;          /* 0x74 */
    uint64_t tag;               /* in bits 63..48 */
    uint64_t small_word;        /* tag and KIND_SMALL, bits 63..40 */
    volatile LONG lock;
    DWORD owner;
    LONG recursion;
    ULONG protect;
    uint64_t limit;             /* of a heap that may not grow, else 0 */
    uint64_t next_segment;      /* size of the next segment */
    struct segment *segments;
    struct huge *huges;
    struct huge *spare;         /* the last huge block freed, kept for the next request of about its size */
    uint64_t bin_map[BINS / 64];
    struct chunk *bins[BINS];
    struct span *spans[CLASSES];
    struct segment first;
};

#define KIND_OF(word) ((unsigned)((word) >> 40) & 0xff)
#define TAG_OF(word) ((word) >> 48)
#define WORD(heap, kind) ((heap)->tag | (uint64_t)(kind) << 40)
#define UNITS(word) ((uint32_t)(word))
#define CHUNK_BYTES(chunk_) ((uint64_t)UNITS((chunk_)->word) << 4)
#define NEXT_CHUNK(chunk_) ((struct chunk *)((uint8_t *)(chunk_) + CHUNK_BYTES(chunk_)))
#define PREV_CHUNK(chunk_) ((struct chunk *)((uint8_t *)(chunk_) - ((uint64_t)(chunk_)->prev_units << 4)))
#define FIRST_CHUNK(segment_) ((struct chunk *)((uint8_t *)(segment_) + sizeof(struct segment)))

/* heap_chunks.c: all under the heap's lock. */
BOOL heap_add_segment(struct heap *heap, void *base, uint64_t used, uint64_t committed, uint64_t reserved);
void *heap_system_memory(uint64_t reserve, uint64_t commit, ULONG protect);
void heap_system_free(void *base);
struct chunk *heap_take_chunk(struct heap *heap, uint64_t bytes, unsigned kind);
void heap_give_chunk(struct heap *heap, struct chunk *chunk);
BOOL heap_resize_chunk(struct heap *heap, struct chunk *chunk, uint64_t bytes);
void *heap_take_huge(struct heap *heap, uint64_t size, uint64_t reserve, BOOL *zero);
void heap_give_huge(struct heap *heap, struct huge *huge);

/* heap.c */
__attribute__((noreturn)) void heap_corrupted(struct heap *heap, const void *block);
void heap_lock_slow(struct heap *heap);
void heap_unlock_slow(struct heap *heap);
uint64_t heap_block_size(const void *block);
extern const uint16_t heap_class_sizes[CLASSES];

static inline void heap_lock(struct heap *heap, ULONG flags)
{
    if (flags & HEAP_NO_SERIALIZE)
        return;
    if (__builtin_expect(InterlockedCompareExchange(&heap->lock, 1, 0) != 0, 0))
        heap_lock_slow(heap);
    else
        heap->owner = this_thread_id();
}

static inline void heap_unlock(struct heap *heap, ULONG flags)
{
    if (flags & HEAP_NO_SERIALIZE)
        return;
    if (__builtin_expect(heap->recursion != 0, 0)) {
        --heap->recursion;
        return;
    }
    heap->owner = 0;
    if (__builtin_expect(InterlockedExchange(&heap->lock, 0) != 1, 0))
        heap_unlock_slow(heap);
}
