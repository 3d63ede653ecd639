/* Smaller objects of the system: the task allocator, error information, the context of an apartment. */
#include "ole.h"
#include <oleauto.h>
#include <ctxtcall.h>

/* IMalloc over the process heap, which CoTaskMemAlloc uses too. */

static const GUID id_malloc = {2, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

static HRESULT WINAPI malloc_query(IMalloc *self, REFIID iid, void **result)
{
    *result = same_guid(iid, &id_unknown) || same_guid(iid, &id_malloc) ? self : NULL;
    return *result ? S_OK : E_NOINTERFACE;
}
static ULONG WINAPI malloc_count(IMalloc *self) { return 1; }
static void *WINAPI malloc_alloc(IMalloc *self, SIZE_T size) { return HeapAlloc(GetProcessHeap(), 0, size); }
static void WINAPI malloc_free(IMalloc *self, void *block)
{
    if (block)
        HeapFree(GetProcessHeap(), 0, block);
}
static void *WINAPI malloc_realloc(IMalloc *self, void *block, SIZE_T size)
{
    if (!block)
        return malloc_alloc(self, size);
    if (size)
        return HeapReAlloc(GetProcessHeap(), 0, block, size);
    malloc_free(self, block);
    return NULL;
}
static SIZE_T WINAPI malloc_size(IMalloc *self, void *block) { return block ? HeapSize(GetProcessHeap(), 0, block) : (SIZE_T)-1; }
static int WINAPI malloc_did(IMalloc *self, void *block) { return block ? HeapValidate(GetProcessHeap(), 0, block) : -1; }
static void WINAPI malloc_minimize(IMalloc *self) { HeapCompact(GetProcessHeap(), 0); }

static IMallocVtbl malloc_methods = {malloc_query, malloc_count, malloc_count, malloc_alloc, malloc_realloc, malloc_free, malloc_size, malloc_did, malloc_minimize};
static IMalloc task_malloc = {&malloc_methods};

HRESULT WINAPI CoGetMalloc(DWORD context, IMalloc **result)
{
    if (!result)
        return E_INVALIDARG;
    *result = context == 1 ? &task_malloc : NULL;
    return context == 1 ? S_OK : E_INVALIDARG;
}

/* Error information. */

static const GUID id_error = {0x1CF2B120, 0x547D, 0x101B, {0x8E, 0x65, 0x08, 0x00, 0x2B, 0x2B, 0xD1, 0x19}};
static const GUID id_create_error = {0x22F03340, 0x547D, 0x101B, {0x8E, 0x65, 0x08, 0x00, 0x2B, 0x2B, 0xD1, 0x19}};

typedef struct {
    IErrorInfo info;
    ICreateErrorInfo create;
    LONG references;
    GUID guid;
    WCHAR *source, *description, *help;
    DWORD context;
} ErrorInfo;

/* A BSTR has its length in bytes in the four bytes before it; oleaut32 allocates it 8 bytes into a heap block. */
static BSTR new_text(const WCHAR *text)
{
    DWORD size = (DWORD)lstrlenW(text) * 2;
    char *block = HeapAlloc(GetProcessHeap(), 0, (SIZE_T)size + 16);
    if (!block)
        return NULL;
    *(DWORD *)(block + 4) = size;
    memcpy(block + 8, text, (SIZE_T)size + 2);
    return (BSTR)(block + 8);
}

static HRESULT keep(WCHAR **place, const WCHAR *text)
{
    WCHAR *copy = NULL;
    if (text) {
        SIZE_T size = ((SIZE_T)lstrlenW(text) + 1) * 2;
        copy = allocate(size);
        if (!copy)
            return E_OUTOFMEMORY;
        memcpy(copy, text, size);
    }
    if (*place)
        release_memory(*place);
    *place = copy;
    return S_OK;
}

static HRESULT give(const WCHAR *text, BSTR *result)
{
    if (!result)
        return E_INVALIDARG;
    *result = text ? new_text(text) : NULL;
    return text && !*result ? E_OUTOFMEMORY : S_OK;
}

static HRESULT WINAPI error_query(IErrorInfo *self, REFIID iid, void **result)
{
    ErrorInfo *error = (ErrorInfo *)self;
    if (same_guid(iid, &id_unknown) || same_guid(iid, &id_error))
        *result = &error->info;
    else if (same_guid(iid, &id_create_error))
        *result = &error->create;
    else {
        *result = NULL;
        return E_NOINTERFACE;
    }
    InterlockedIncrement(&error->references);
    return S_OK;
}
static ULONG WINAPI error_add(IErrorInfo *self) { return InterlockedIncrement(&((ErrorInfo *)self)->references); }
static ULONG WINAPI error_release(IErrorInfo *self)
{
    ErrorInfo *error = (ErrorInfo *)self;
    ULONG left = InterlockedDecrement(&error->references);
    if (!left) {
        keep(&error->source, NULL);
        keep(&error->description, NULL);
        keep(&error->help, NULL);
        release_memory(error);
    }
    return left;
}
static HRESULT WINAPI error_guid(IErrorInfo *self, GUID *result)
{
    if (!result)
        return E_INVALIDARG;
    *result = ((ErrorInfo *)self)->guid;
    return S_OK;
}
static HRESULT WINAPI error_source(IErrorInfo *self, BSTR *result) { return give(((ErrorInfo *)self)->source, result); }
static HRESULT WINAPI error_description(IErrorInfo *self, BSTR *result) { return give(((ErrorInfo *)self)->description, result); }
static HRESULT WINAPI error_help(IErrorInfo *self, BSTR *result) { return give(((ErrorInfo *)self)->help, result); }
static HRESULT WINAPI error_context(IErrorInfo *self, DWORD *result)
{
    if (!result)
        return E_INVALIDARG;
    *result = ((ErrorInfo *)self)->context;
    return S_OK;
}
static IErrorInfoVtbl error_methods = {error_query, error_add, error_release, error_guid, error_source, error_description, error_help, error_context};

static ErrorInfo *of_create(ICreateErrorInfo *self) { return (ErrorInfo *)((char *)self - offsetof(ErrorInfo, create)); }
static HRESULT WINAPI create_query(ICreateErrorInfo *self, REFIID iid, void **result) { return error_query(&of_create(self)->info, iid, result); }
static ULONG WINAPI create_add(ICreateErrorInfo *self) { return error_add(&of_create(self)->info); }
static ULONG WINAPI create_release(ICreateErrorInfo *self) { return error_release(&of_create(self)->info); }
static HRESULT WINAPI create_guid(ICreateErrorInfo *self, REFGUID guid)
{
    of_create(self)->guid = *guid;
    return S_OK;
}
static HRESULT WINAPI create_source(ICreateErrorInfo *self, LPOLESTR text) { return keep(&of_create(self)->source, text); }
static HRESULT WINAPI create_description(ICreateErrorInfo *self, LPOLESTR text) { return keep(&of_create(self)->description, text); }
static HRESULT WINAPI create_help(ICreateErrorInfo *self, LPOLESTR text) { return keep(&of_create(self)->help, text); }
static HRESULT WINAPI create_context(ICreateErrorInfo *self, DWORD context)
{
    of_create(self)->context = context;
    return S_OK;
}
static ICreateErrorInfoVtbl create_methods = {create_query, create_add, create_release, create_guid, create_source, create_description, create_help, create_context};

HRESULT WINAPI CreateErrorInfo(ICreateErrorInfo **result)
{
    ErrorInfo *made;
    if (!result)
        return E_INVALIDARG;
    made = allocate(sizeof *made);
    *result = made ? &made->create : NULL;
    if (!made)
        return E_OUTOFMEMORY;
    made->info.lpVtbl = &error_methods;
    made->create.lpVtbl = &create_methods;
    made->references = 1;
    return S_OK;
}

/* The context of an apartment: what runs in it is called at once, what would have to move to another is refused. */

static const GUID id_callback = {0x1DA, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

typedef struct Context {
    IContextCallback callback;
    struct Context *next;
    UINT64 apartment;
    LONG references; /* counted for callers that look: a context stays, since its token is good after its apartment is gone */
} Context;

static SRWLOCK contexts_lock = SRWLOCK_INIT;
static Context *contexts;

static HRESULT WINAPI context_query(IContextCallback *self, REFIID iid, void **result)
{
    *result = same_guid(iid, &id_unknown) || same_guid(iid, &id_callback) ? self : NULL;
    if (!*result)
        return E_NOINTERFACE;
    IUnknown_AddRef((IUnknown *)self);
    return S_OK;
}
static ULONG WINAPI context_add(IContextCallback *self) { return InterlockedIncrement(&((Context *)self)->references); }
static ULONG WINAPI context_release(IContextCallback *self) { return InterlockedDecrement(&((Context *)self)->references); }
static HRESULT WINAPI context_call(IContextCallback *self, PFNCONTEXTCALL function, ComCallData *data, REFIID iid, int method, IUnknown *object)
{
    UINT64 here;
    HRESULT result;
    if (!function)
        return E_INVALIDARG;
    result = apartment(&here);
    if (FAILED(result))
        return result;
    return here == ((Context *)self)->apartment ? function(data) : RPC_E_WRONG_THREAD;
}
static IContextCallbackVtbl context_methods = {context_query, context_add, context_release, context_call};

static HRESULT context_here(Context **result)
{
    UINT64 here;
    Context *found;
    HRESULT code = apartment(&here);
    *result = NULL;
    if (FAILED(code))
        return code;
    AcquireSRWLockExclusive(&contexts_lock);
    for (found = contexts; found && found->apartment != here; found = found->next)
        ;
    if (!found && (found = allocate(sizeof *found))) {
        found->callback.lpVtbl = &context_methods;
        found->apartment = here;
        found->references = 1;
        found->next = contexts;
        contexts = found;
    }
    ReleaseSRWLockExclusive(&contexts_lock);
    *result = found;
    return found ? S_OK : E_OUTOFMEMORY;
}

HRESULT WINAPI CoGetContextToken(ULONG_PTR *token)
{
    Context *here;
    HRESULT result;
    if (!token)
        return E_POINTER;
    result = context_here(&here);
    if (SUCCEEDED(result))
        *token = (ULONG_PTR)here;
    return result;
}

HRESULT WINAPI CoGetObjectContext(REFIID iid, void **result)
{
    Context *here;
    HRESULT code;
    if (!result)
        return E_POINTER;
    *result = NULL;
    code = context_here(&here);
    return SUCCEEDED(code) ? context_query(&here->callback, iid, result) : code;
}

HRESULT WINAPI SHGetMalloc(IMalloc **result) { return CoGetMalloc(1, result); }
