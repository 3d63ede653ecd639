/*
 * Handing interfaces from thread to thread.
 *
 * Within an apartment, and for objects that marshal themselves by the free-threaded marshaler, that is the pointer itself.
 * Across apartments an interface needs a proxy made by its registered marshaler; a machine has none registered, so the
 * answer is the one Windows gives for such an interface: REGDB_E_IIDNOTREG.
 */
#include "ole.h"

static const GUID class_free_threaded = {0x33A, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID id_agile = {0x94EA2B94, 0xE9CC, 0x49E0, {0xC0, 0xFF, 0xEE, 0x64, 0xCA, 0x8F, 0x5B, 0x90}};
static const GUID id_table = {0x146, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

#define MAGIC 0x574F454Du

typedef struct {
    DWORD magic, process;
    UINT64 apartment; /* 0: any */
    GUID iid;
    IUnknown *object;
} Packet;

/* The marshaler of objects that any thread may call. */

typedef struct {
    IUnknown inner;
    IMarshal marshal;
    IUnknown *outer;
    LONG references;
} Marshaler;

static Marshaler *of_marshal(IMarshal *self) { return (Marshaler *)((char *)self - offsetof(Marshaler, marshal)); }

static HRESULT WINAPI inner_query(IUnknown *self, REFIID iid, void **result)
{
    Marshaler *marshaler = (Marshaler *)self;
    if (!result)
        return E_POINTER;
    if (same_guid(iid, &id_unknown))
        *result = self;
    else if (same_guid(iid, &id_marshal) || same_guid(iid, &id_agile))
        *result = &marshaler->marshal;
    else {
        *result = NULL;
        return E_NOINTERFACE;
    }
    IUnknown_AddRef((IUnknown *)*result);
    return S_OK;
}

static ULONG WINAPI inner_add(IUnknown *self) { return InterlockedIncrement(&((Marshaler *)self)->references); }

static ULONG WINAPI inner_release(IUnknown *self)
{
    ULONG left = InterlockedDecrement(&((Marshaler *)self)->references);
    if (!left)
        release_memory(self);
    return left;
}

static HRESULT WINAPI query(IMarshal *self, REFIID iid, void **result)
{
    return IUnknown_QueryInterface(of_marshal(self)->outer, iid, result);
}
static ULONG WINAPI add(IMarshal *self) { return IUnknown_AddRef(of_marshal(self)->outer); }
static ULONG WINAPI release(IMarshal *self) { return IUnknown_Release(of_marshal(self)->outer); }

static BOOL within_process(DWORD context) { return context == MSHCTX_INPROC || context == MSHCTX_CROSSCTX; }

static HRESULT WINAPI unmarshal_class(IMarshal *self, REFIID iid, void *object, DWORD context, void *reserved, DWORD flags, CLSID *clsid)
{
    if (!clsid)
        return E_INVALIDARG;
    if (!within_process(context))
        return REGDB_E_IIDNOTREG; /* standard marshaling, which needs a registered proxy */
    *clsid = class_free_threaded;
    return S_OK;
}

static HRESULT WINAPI size_max(IMarshal *self, REFIID iid, void *object, DWORD context, void *reserved, DWORD flags, DWORD *size)
{
    *size = sizeof(Packet);
    return within_process(context) ? S_OK : REGDB_E_IIDNOTREG;
}

static HRESULT put(IStream *stream, REFIID iid, IUnknown *object, UINT64 where)
{
    Packet packet = {MAGIC, GetCurrentProcessId(), where, *iid, NULL};
    HRESULT result = IUnknown_QueryInterface(object, iid, (void **)&packet.object);
    if (FAILED(result))
        return result;
    result = IStream_Write(stream, &packet, sizeof packet, NULL);
    if (FAILED(result))
        IUnknown_Release(packet.object);
    return result;
}

static HRESULT WINAPI marshal(IMarshal *self, IStream *stream, REFIID iid, void *object, DWORD context, void *reserved, DWORD flags)
{
    if (!stream || !object)
        return E_INVALIDARG;
    return within_process(context) ? put(stream, iid, object, 0) : REGDB_E_IIDNOTREG;
}

static HRESULT get(IStream *stream, Packet *packet)
{
    ULONG done = 0;
    HRESULT result = IStream_Read(stream, packet, sizeof *packet, &done);
    if (FAILED(result))
        return result;
    return done == sizeof *packet && packet->magic == MAGIC && packet->process == GetCurrentProcessId() ? S_OK : E_INVALIDARG;
}

static HRESULT WINAPI unmarshal(IMarshal *self, IStream *stream, REFIID iid, void **result) { return CoUnmarshalInterface(stream, iid, result); }
static HRESULT WINAPI release_data(IMarshal *self, IStream *stream) { return CoReleaseMarshalData(stream); }
static HRESULT WINAPI disconnect(IMarshal *self, DWORD reserved) { return S_OK; }

static IUnknownVtbl inner_methods = {inner_query, inner_add, inner_release};
static IMarshalVtbl marshal_methods = {query, add, release, unmarshal_class, size_max, marshal, unmarshal, release_data, disconnect};

HRESULT WINAPI CoCreateFreeThreadedMarshaler(IUnknown *outer, IUnknown **result)
{
    Marshaler *made;
    if (!result)
        return E_INVALIDARG;
    *result = NULL;
    made = allocate(sizeof *made);
    if (!made)
        return E_OUTOFMEMORY;
    made->inner.lpVtbl = &inner_methods;
    made->marshal.lpVtbl = &marshal_methods;
    made->references = 1;
    made->outer = outer ? outer : &made->inner;
    *result = &made->inner;
    return S_OK;
}

/* Whether any thread may call an object: it says so, or marshals itself by the marshaler above. */
BOOL is_agile(IUnknown *object)
{
    IUnknown *found;
    IMarshal *custom;
    CLSID clsid;
    BOOL agile = FALSE;
    if (SUCCEEDED(IUnknown_QueryInterface(object, &id_agile, (void **)&found))) {
        IUnknown_Release(found);
        return TRUE;
    }
    if (SUCCEEDED(IUnknown_QueryInterface(object, &id_marshal, (void **)&custom))) {
        agile = SUCCEEDED(IMarshal_GetUnmarshalClass(custom, &id_unknown, object, MSHCTX_INPROC, NULL, MSHLFLAGS_NORMAL, &clsid)) &&
                same_guid(&clsid, &class_free_threaded);
        IMarshal_Release(custom);
    }
    return agile;
}

HRESULT WINAPI CoMarshalInterface(IStream *stream, REFIID iid, IUnknown *object, DWORD context, void *reserved, DWORD flags)
{
    UINT64 where = 0;
    HRESULT result;
    if (!stream || !object)
        return E_INVALIDARG;
    result = apartment(&where);
    if (FAILED(result))
        return result;
    if (!within_process(context) || flags)
        return REGDB_E_IIDNOTREG;
    return put(stream, iid, object, is_agile(object) ? 0 : where);
}

HRESULT WINAPI CoUnmarshalInterface(IStream *stream, REFIID iid, void **result)
{
    Packet packet;
    UINT64 where;
    HRESULT code;
    if (!stream || !result)
        return E_INVALIDARG;
    *result = NULL;
    code = apartment(&where);
    if (SUCCEEDED(code))
        code = get(stream, &packet);
    if (FAILED(code))
        return code;
    if (packet.apartment && packet.apartment != where)
        return REGDB_E_IIDNOTREG;
    code = IUnknown_QueryInterface(packet.object, same_guid(iid, &(GUID){0}) ? &packet.iid : iid, result);
    IUnknown_Release(packet.object);
    return code;
}

HRESULT WINAPI CoReleaseMarshalData(IStream *stream)
{
    Packet packet;
    HRESULT result = stream ? get(stream, &packet) : E_INVALIDARG;
    if (SUCCEEDED(result))
        IUnknown_Release(packet.object);
    return result;
}

HRESULT WINAPI CoMarshalInterThreadInterfaceInStream(REFIID iid, IUnknown *object, IStream **stream)
{
    static const LARGE_INTEGER start;
    HRESULT result;
    if (!stream)
        return E_INVALIDARG;
    *stream = NULL;
    result = CreateStreamOnHGlobal(NULL, TRUE, stream);
    if (SUCCEEDED(result)) {
        result = CoMarshalInterface(*stream, iid, object, MSHCTX_INPROC, NULL, MSHLFLAGS_NORMAL);
        if (SUCCEEDED(result))
            return IStream_Seek(*stream, start, STREAM_SEEK_SET, NULL);
        IStream_Release(*stream);
        *stream = NULL;
    }
    return result;
}

HRESULT WINAPI CoGetInterfaceAndReleaseStream(IStream *stream, REFIID iid, void **result)
{
    HRESULT code;
    if (!stream)
        return E_INVALIDARG;
    code = CoUnmarshalInterface(stream, iid, result);
    IStream_Release(stream);
    return code;
}

/* The global interface table of the process. */

typedef struct Entry {
    struct Entry *next;
    DWORD cookie;
    UINT64 apartment;
    IUnknown *object;
} Entry;

static SRWLOCK table_lock = SRWLOCK_INIT;
static Entry *entries;
static DWORD last_cookie = 0xFF;

static HRESULT WINAPI table_query(IGlobalInterfaceTable *self, REFIID iid, void **result)
{
    *result = same_guid(iid, &id_unknown) || same_guid(iid, &id_table) ? self : NULL;
    return *result ? S_OK : E_NOINTERFACE;
}

static ULONG WINAPI table_count(IGlobalInterfaceTable *self) { return 1; }

static HRESULT WINAPI table_register(IGlobalInterfaceTable *self, IUnknown *object, REFIID iid, DWORD *cookie)
{
    Entry *entry;
    HRESULT result;
    if (!object || !cookie)
        return E_INVALIDARG;
    entry = allocate(sizeof *entry);
    if (!entry)
        return E_OUTOFMEMORY;
    result = apartment(&entry->apartment);
    if (SUCCEEDED(result))
        result = IUnknown_QueryInterface(object, iid, (void **)&entry->object);
    if (FAILED(result)) {
        release_memory(entry);
        return result;
    }
    if (is_agile(object))
        entry->apartment = 0;
    AcquireSRWLockExclusive(&table_lock);
    entry->cookie = *cookie = ++last_cookie;
    entry->next = entries;
    entries = entry;
    ReleaseSRWLockExclusive(&table_lock);
    return S_OK;
}

static HRESULT WINAPI table_revoke(IGlobalInterfaceTable *self, DWORD cookie)
{
    Entry **at, *found;
    AcquireSRWLockExclusive(&table_lock);
    for (at = &entries; *at && (*at)->cookie != cookie; at = &(*at)->next)
        ;
    found = *at;
    if (found)
        *at = found->next;
    ReleaseSRWLockExclusive(&table_lock);
    if (!found)
        return E_INVALIDARG;
    IUnknown_Release(found->object);
    release_memory(found);
    return S_OK;
}

static HRESULT WINAPI table_get(IGlobalInterfaceTable *self, DWORD cookie, REFIID iid, void **result)
{
    Entry *entry;
    IUnknown *object = NULL;
    UINT64 where, home = 0;
    HRESULT code;
    if (!result)
        return E_INVALIDARG;
    *result = NULL;
    code = apartment(&where);
    if (FAILED(code))
        return code;
    AcquireSRWLockShared(&table_lock);
    for (entry = entries; entry && entry->cookie != cookie; entry = entry->next)
        ;
    if (entry) {
        object = entry->object;
        home = entry->apartment;
        IUnknown_AddRef(object);
    }
    ReleaseSRWLockShared(&table_lock);
    if (!object)
        return E_INVALIDARG;
    code = home && home != where ? REGDB_E_IIDNOTREG : IUnknown_QueryInterface(object, iid, result);
    IUnknown_Release(object);
    return code;
}

static IGlobalInterfaceTableVtbl table_methods = {table_query, table_count, table_count, table_register, table_revoke, table_get};
static IGlobalInterfaceTable table = {&table_methods};

HRESULT global_interface_table(REFIID iid, void **result) { return table_query(&table, iid, result); }
