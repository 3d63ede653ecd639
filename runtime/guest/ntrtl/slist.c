/* Interlocked singly linked lists: Depth in bits 0-15 and Sequence in bits 16-63 of the first quadword, the first entry's
 * address in the second (entries are 16-aligned; its low bits are reserved). */
#include "rtl.h"

struct list {
    volatile uint64_t counts, first;
} __attribute__((aligned(16)));

struct entry {
    struct entry *next;
};

static inline BOOL swap(struct list *list, uint64_t *counts, uint64_t *first, uint64_t new_counts, uint64_t new_first)
{
    BOOLEAN done;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*list), "+a"(*counts), "+d"(*first)
                     : "b"(new_counts), "c"(new_first)
                     : "memory");
    return done;
}

#define COUNTS(depth, sequence) (((uint64_t)(depth) & 0xffff) | ((sequence) << 16))
#define DEPTH(counts) ((counts) & 0xffff)
#define SEQUENCE(counts) ((counts) >> 16)

void NTAPI rtl_InitializeSListHead(struct list *list)
{
    if ((uintptr_t)list & 15)
        RtlRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
    list->counts = 0;
    list->first = 1;
}

struct entry *NTAPI rtl_FirstEntrySList(const struct list *list)
{
    return (struct entry *)(list->first & ~15ull);
}

struct entry *NTAPI rtl_InterlockedPushListSListEx(struct list *list, struct entry *first, struct entry *last, ULONG count)
{
    uint64_t counts = list->counts, head = list->first;
    do
        last->next = (struct entry *)(head & ~15ull);
    while (!swap(list, &counts, &head, COUNTS(DEPTH(counts) + count, SEQUENCE(counts) + 1), (uint64_t)first | 1));
    return (struct entry *)(head & ~15ull);
}

struct entry *NTAPI rtl_InterlockedPushEntrySList(struct list *list, struct entry *entry)
{
    return rtl_InterlockedPushListSListEx(list, entry, entry, 1);
}

struct entry *NTAPI rtl_InterlockedFlushSList(struct list *list)
{
    uint64_t counts = list->counts, head = list->first;
    do
        if (!(head & ~15ull))
            return NULL;
    while (!swap(list, &counts, &head, COUNTS(0, SEQUENCE(counts) + 1), 1));
    return (struct entry *)(head & ~15ull);
}

USHORT NTAPI rtl_QueryDepthSList(const struct list *list)
{
    return (USHORT)DEPTH(list->counts);
}
