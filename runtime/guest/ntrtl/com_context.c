/* The object behind a COM context token (CoGetContextToken, CoGetObjectContext): an IUnknown that programs compare by address.
 * It lives as long as the process, since a token stays good after its apartment is gone. */
#include "rtl.h"

struct context;

typedef struct {
    HRESULT(WINAPI *query)(struct context *self, const GUID *interface, void **found);
    ULONG(WINAPI *add)(struct context *self);
    ULONG(WINAPI *release)(struct context *self);
} methods;

struct context {
    const methods *table;
    LONG references;
};

static const ULONGLONG unknown[2] = {0, 0x46000000000000c0};

static ULONG WINAPI add(struct context *self)
{
    return (ULONG)__atomic_add_fetch(&self->references, 1, __ATOMIC_SEQ_CST);
}

static ULONG WINAPI release(struct context *self)
{
    return (ULONG)__atomic_sub_fetch(&self->references, 1, __ATOMIC_SEQ_CST);
}

static HRESULT WINAPI query(struct context *self, const GUID *interface, void **found)
{
    const ULONGLONG *wanted = (const ULONGLONG *)interface;
    if (!found)
        return (HRESULT)0x80004003; /* E_POINTER */
    *found = NULL;
    if (wanted[0] != unknown[0] || wanted[1] != unknown[1])
        return (HRESULT)0x80004002; /* E_NOINTERFACE */
    add(self);
    *found = self;
    return 0;
}

static const methods table = {query, add, release};

/* A new context with one reference; NULL when memory is short. */
void *WINAPI com_context_new(void)
{
    struct context *made = RtlAllocateHeap(PROCESS_HEAP(), 0, sizeof *made);
    if (made)
        *made = (struct context){&table, 1};
    return made;
}

HRESULT WINAPI com_context_query(void *context, const GUID *interface, void **found)
{
    return query(context, interface, found);
}
