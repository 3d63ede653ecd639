/* Thread local storage slots: 64 in the TEB, 1,024 more in an array that a thread gets when it first needs it. */
#include "rtl.h"

#define TLS_FIRST 64u
#define TLS_MORE 1024u
#define THREAD_ZERO_TLS_CELL 10

struct bitmap {
    ULONG size;
    ULONG *bits;
};

static struct bitmap tls_bitmap, expansion_bitmap;
static spin_lock tls_lock;

void tls_init_process(void)
{
    uint8_t *peb = PEB_POINTER();
    if (!AT(PVOID, peb, PEB_TLS_BITMAP)) {
        tls_bitmap = (struct bitmap){TLS_FIRST, &AT(ULONG, peb, PEB_TLS_BITS)};
        AT(PVOID, peb, PEB_TLS_BITMAP) = &tls_bitmap;
    }
    if (!AT(PVOID, peb, PEB_TLS_EXPANSION_BITMAP)) {
        expansion_bitmap = (struct bitmap){TLS_MORE, &AT(ULONG, peb, PEB_TLS_EXPANSION_BITS)};
        AT(PVOID, peb, PEB_TLS_EXPANSION_BITMAP) = &expansion_bitmap;
    }
    /* Slot 0 belongs to the system. */
    AT(ULONG, peb, PEB_TLS_BITS) |= 1;
}

static int take_clear_bit(uint64_t *words, unsigned count)
{
    for (unsigned i = 0; i < count; ++i)
        if (~words[i]) {
            int bit = __builtin_ctzll(~words[i]);
            words[i] |= 1ull << bit;
            return (int)(i * 64) + bit;
        }
    return -1;
}

static PVOID *expansion_slots(void)
{
    PVOID *slots = (PVOID *)TEB64(TEB_TLS_EXPANSION);
    if (!slots) {
        slots = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, TLS_MORE * sizeof(PVOID));
        __writegsqword(TEB_TLS_EXPANSION, (uint64_t)slots);
    }
    return slots;
}

DWORD WINAPI k32_TlsAlloc(void)
{
    uint8_t *peb = PEB_POINTER();
    spin_acquire(&tls_lock);
    int index = take_clear_bit((uint64_t *)(peb + PEB_TLS_BITS), 1);
    if (index < 0) {
        index = take_clear_bit((uint64_t *)(peb + PEB_TLS_EXPANSION_BITS), TLS_MORE / 64);
        if (index >= 0)
            index += TLS_FIRST;
    }
    spin_release(&tls_lock);
    if (index < 0) {
        set_last_error(ERROR_NO_MORE_ITEMS);
        return TLS_OUT_OF_INDEXES;
    }
    if ((unsigned)index < TLS_FIRST) {
        AT(PVOID, TEB_POINTER(), TEB_TLS_SLOTS + index * 8) = NULL;
    } else {
        PVOID *slots = expansion_slots();
        if (slots)
            slots[index - TLS_FIRST] = NULL;
    }
    return (DWORD)index;
}

BOOL WINAPI k32_TlsFree(DWORD index)
{
    uint8_t *peb = PEB_POINTER();
    BOOL taken = FALSE;
    spin_acquire(&tls_lock);
    if (index < TLS_FIRST + TLS_MORE) {
        uint64_t *words = (uint64_t *)(peb + (index < TLS_FIRST ? PEB_TLS_BITS : PEB_TLS_EXPANSION_BITS));
        unsigned bit = index < TLS_FIRST ? index : index - TLS_FIRST;
        taken = words[bit / 64] >> (bit % 64) & 1;
        if (taken) {
            NtSetInformationThread(THIS_THREAD, THREAD_ZERO_TLS_CELL, &index, sizeof index);
            words[bit / 64] &= ~(1ull << (bit % 64));
        }
    }
    spin_release(&tls_lock);
    if (!taken)
        set_last_error(ERROR_INVALID_PARAMETER);
    return taken;
}

PVOID WINAPI k32_TlsGetValue(DWORD index)
{
    set_last_error(ERROR_SUCCESS);
    if (index < TLS_FIRST)
        return (PVOID)TEB64(TEB_TLS_SLOTS + (uint64_t)index * 8);
    if (index < TLS_FIRST + TLS_MORE) {
        PVOID *slots = (PVOID *)TEB64(TEB_TLS_EXPANSION);
        return slots ? slots[index - TLS_FIRST] : NULL;
    }
    set_last_error(ERROR_INVALID_PARAMETER);
    return NULL;
}

BOOL WINAPI k32_TlsSetValue(DWORD index, PVOID value)
{
    if (index < TLS_FIRST) {
        __writegsqword(TEB_TLS_SLOTS + (uint64_t)index * 8, (uint64_t)value);
        return TRUE;
    }
    if (index >= TLS_FIRST + TLS_MORE) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    PVOID *slots = expansion_slots();
    if (!slots) {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    slots[index - TLS_FIRST] = value;
    return TRUE;
}
