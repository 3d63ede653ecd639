/* Fiber local storage.  Values hang off TEB.FlsData in chunks of 16, 32, 64… slots (as many as are in use); all threads' and
 * fibers' data are on one list, because freeing an index runs its callback for every value. */
#include "rtl.h"

#define FLS_CHUNKS 8
#define FLS_LIMIT (16u * ((1u << FLS_CHUNKS) - 1))

struct fls_data {
    struct fls_data *next, **link;
    PVOID *chunks[FLS_CHUNKS];
};

typedef void(WINAPI *fls_callback)(PVOID value);

static spin_lock fls_lock;
static struct fls_data *fls_first;
static fls_callback fls_callbacks[FLS_LIMIT];
static uint64_t fls_used[(FLS_LIMIT + 63) / 64];
static ULONG fls_high = 1;

/* Slot i lies in chunk c, which starts at slot 16 * (2^c - 1). */
static inline unsigned chunk_of(ULONG index)
{
    return 27 - (unsigned)__builtin_clz(index + 16);
}

static inline ULONG chunk_start(unsigned chunk)
{
    return (16u << chunk) - 16u;
}

static PVOID *slot_of(struct fls_data *data, ULONG index)
{
    unsigned chunk = chunk_of(index);
    return data && data->chunks[chunk] ? &data->chunks[chunk][index - chunk_start(chunk)] : NULL;
}

static BOOL in_use(ULONG index)
{
    return index && index < FLS_LIMIT && (fls_used[index / 64] >> (index % 64) & 1);
}

NTSTATUS NTAPI RtlFlsAlloc(fls_callback callback, PULONG result)
{
    NTSTATUS status = STATUS_NO_MEMORY;
    spin_acquire(&fls_lock);
    for (ULONG index = 1; index < FLS_LIMIT; ++index)
        if (!(fls_used[index / 64] >> (index % 64) & 1)) {
            fls_used[index / 64] |= 1ull << (index % 64);
            fls_callbacks[index] = callback;
            if (index >= fls_high)
                fls_high = index + 1;
            *result = index;
            status = STATUS_SUCCESS;
            break;
        }
    spin_release(&fls_lock);
    return status;
}

NTSTATUS NTAPI RtlFlsGetValue(ULONG index, PVOID *value)
{
    struct fls_data *data = (struct fls_data *)TEB64(TEB_FLS_DATA);
    if (!index || index >= FLS_LIMIT)
        return STATUS_INVALID_PARAMETER;
    PVOID *slot = slot_of(data, index);
    *value = slot ? *slot : NULL;
    return STATUS_SUCCESS;
}

static struct fls_data *own_data(void)
{
    struct fls_data *data = (struct fls_data *)TEB64(TEB_FLS_DATA);
    if (data)
        return data;
    data = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *data);
    if (!data)
        return NULL;
    spin_acquire(&fls_lock);
    struct fls_data **link = &fls_first;
    while (*link)
        link = &(*link)->next;
    data->link = link;
    *link = data;
    spin_release(&fls_lock);
    __writegsqword(TEB_FLS_DATA, (uint64_t)data);
    return data;
}

NTSTATUS NTAPI RtlFlsSetValue(ULONG index, PVOID value)
{
    if (!in_use(index))
        return STATUS_INVALID_PARAMETER;
    struct fls_data *data = own_data();
    if (!data)
        return STATUS_NO_MEMORY;
    unsigned chunk = chunk_of(index);
    if (!data->chunks[chunk]) {
        PVOID *slots = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, (16u << chunk) * sizeof(PVOID));
        if (!slots)
            return STATUS_NO_MEMORY;
        data->chunks[chunk] = slots;
    }
    data->chunks[chunk][index - chunk_start(chunk)] = value;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlFlsFree(ULONG index)
{
    if (!in_use(index))
        return STATUS_INVALID_PARAMETER;
    fls_callback callback = fls_callbacks[index];
    for (;;) {
        /* The callback runs without the lock; start over after each, for the list may have changed. */
        PVOID value = NULL;
        spin_acquire(&fls_lock);
        for (struct fls_data *data = fls_first; data && !value; data = data->next) {
            PVOID *slot = slot_of(data, index);
            if (slot && *slot) {
                value = *slot;
                *slot = NULL;
            }
        }
        if (!value) {
            fls_callbacks[index] = NULL;
            fls_used[index / 64] &= ~(1ull << (index % 64));
        }
        spin_release(&fls_lock);
        if (!value)
            return STATUS_SUCCESS;
        if (callback)
            callback(value);
    }
}

void NTAPI RtlProcessFlsData(PVOID fls_data, ULONG flags)
{
    struct fls_data *data = fls_data;
    if (!data)
        return;
    if (flags & 1) {
        for (ULONG index = 1; index < fls_high; ++index) {
            PVOID *slot = slot_of(data, index);
            if (!slot || !*slot || !in_use(index))
                continue;
            PVOID value = *slot;
            *slot = NULL;
            if (fls_callbacks[index])
                fls_callbacks[index](value);
        }
    }
    if (flags & 2) {
        spin_acquire(&fls_lock);
        *data->link = data->next;
        if (data->next)
            data->next->link = data->link;
        spin_release(&fls_lock);
        for (unsigned chunk = 0; chunk < FLS_CHUNKS; ++chunk)
            if (data->chunks[chunk])
                RtlFreeHeap(PROCESS_HEAP(), 0, data->chunks[chunk]);
        RtlFreeHeap(PROCESS_HEAP(), 0, data);
        if ((struct fls_data *)TEB64(TEB_FLS_DATA) == data)
            __writegsqword(TEB_FLS_DATA, 0);
    }
}

DWORD WINAPI k32_FlsAlloc(fls_callback callback)
{
    ULONG index;
    NTSTATUS status = RtlFlsAlloc(callback, &index);
    if (NT_SUCCESS(status))
        return index;
    rtl_set_status_error(status);
    return FLS_OUT_OF_INDEXES;
}

static BOOL success(NTSTATUS status)
{
    if (NT_SUCCESS(status))
        return TRUE;
    rtl_set_status_error(status);
    return FALSE;
}

BOOL WINAPI k32_FlsFree(DWORD index)
{
    return success(RtlFlsFree(index));
}

BOOL WINAPI k32_FlsSetValue(DWORD index, PVOID value)
{
    return success(RtlFlsSetValue(index, value));
}

PVOID WINAPI k32_FlsGetValue(DWORD index)
{
    PVOID value = NULL;
    if (success(RtlFlsGetValue(index, &value)))
        set_last_error(ERROR_SUCCESS);
    return value;
}
