/* The rest of vcruntime140: std::exception's text, small services for start-up code, rethrow helpers of older compilers. */
#include "eh.h"

size_t strlen(const char *);
void *memmove(void *, const void *, size_t);

typedef void *(*allocator)(size_t);
typedef void (*releaser)(void *);

/* Text of exceptions is freed by whichever runtime copy sees it last: it comes from the C library's malloc. */
static void *crt_function(const char *name)
{
    HMODULE crt = GetModuleHandleW(L"ucrtbase.dll");
    return crt ? (void *)GetProcAddress(crt, name) : NULL;
}

static void *crt_malloc(size_t size)
{
    allocator function = (allocator)crt_function("malloc");
    return function ? function(size) : HeapAlloc(GetProcessHeap(), 0, size);
}

static void crt_free(void *block)
{
    releaser function = (releaser)crt_function("free");
    if (function)
        function(block);
    else
        HeapFree(GetProcessHeap(), 0, block);
}

struct exception_data {
    const char *what;
    BOOLEAN owned;
};

void __std_exception_copy(const struct exception_data *from, struct exception_data *to)
{
    if (!from->owned || !from->what) {
        to->what = from->what;
        to->owned = FALSE;
        return;
    }
    size_t size = strlen(from->what) + 1;
    char *copy = crt_malloc(size);
    if (!copy)
        return;
    memmove(copy, from->what, size);
    to->what = copy;
    to->owned = TRUE;
}

void __std_exception_destroy(struct exception_data *data)
{
    if (data->owned)
        crt_free((void *)data->what);
    data->what = NULL;
    data->owned = FALSE;
}

BOOL __vcrt_InitializeCriticalSectionEx(LPCRITICAL_SECTION section, DWORD spin, DWORD flags)
{
    return InitializeCriticalSectionEx(section, spin, flags);
}

HMODULE __vcrt_LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags)
{
    return LoadLibraryExW(name, file, flags);
}

DWORD __vcrt_GetModuleFileNameW(HMODULE module, LPWSTR name, DWORD room)
{
    return GetModuleFileNameW(module, name, room);
}

HMODULE __vcrt_GetModuleHandleW(LPCWSTR name)
{
    return GetModuleHandleW(name);
}

/* Events for Microsoft's telemetry, which nobody listens to: they do nothing on Windows either. */
void __telemetry_main_invoke_trigger(HMODULE module)
{
}

void __telemetry_main_return_trigger(HMODULE module)
{
}

void __NLG_Return2(void)
{
}

void __NLG_Dispatch2(void)
{
}

__attribute__((noreturn)) void __report_gsfailure(ULONG64 cookie)
{
    /* FAST_FAIL_STACK_COOKIE_CHECK_FAILURE */
    __asm__ volatile("int $0x29" ::"c"(2ull));
    __builtin_unreachable();
}

EXCEPTION_DISPOSITION __C_specific_handler_noexcept(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                                    PDISPATCHER_CONTEXT dispatcher)
{
    EXCEPTION_DISPOSITION answer = __C_specific_handler(record, frame, context, dispatcher);
    if (!(record->ExceptionFlags & EXCEPTION_UNWIND_ANY) && answer == ExceptionContinueSearch)
        __std_terminate();
    return answer;
}

void _local_unwind(void *frame, void *target)
{
    RtlUnwind(frame, target, NULL, NULL);
}

/* Where other parts of the C++ support keep the exceptions they handle, as a list through FRAMEINFO. */
struct frame_info {
    void *object;
    struct frame_info *next;
};

static struct frame_info **frame_list(void)
{
    static DWORD index = FLS_OUT_OF_INDEXES;
    if (index == FLS_OUT_OF_INDEXES)
        index = FlsAlloc(NULL);
    struct frame_info **list = FlsGetValue(index);
    if (!list) {
        list = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *list);
        FlsSetValue(index, list);
    }
    return list;
}

struct frame_info *_CreateFrameInfo(struct frame_info *info, void *object)
{
    struct frame_info **list = frame_list();
    info->object = object;
    info->next = *list;
    *list = info;
    return info;
}

void _FindAndUnlinkFrame(struct frame_info *info)
{
    for (struct frame_info **link = frame_list(); *link; link = &(*link)->next)
        if (*link == info) {
            *link = info->next;
            return;
        }
}

int _IsExceptionObjectToBeDestroyed(void *object)
{
    for (struct frame_info *info = *frame_list(); info; info = info->next)
        if (info->object == object)
            return 0;
    return 1;
}

/* C++/CLI and structured handlers that catch C++ exceptions. */
int __CxxExceptionFilter(PEXCEPTION_POINTERS pointers, const struct type_descriptor *type, int flags, void *target)
{
    PEXCEPTION_RECORD record = pointers->ExceptionRecord;
    if (!is_cxx(record))
        return !type || !type->name[0] ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
    if (!thrown_info(record)) {
        record = eh_thread()->current;
        if (!record)
            return EXCEPTION_CONTINUE_SEARCH;
    }
    struct catch_clause clause = {.adjectives = (ULONG)flags, .type = type};
    const struct catchable_type *found = eh_match(record, &clause);
    if (!found)
        return EXCEPTION_CONTINUE_SEARCH;
    if (target && type && type->name[0]) {
        struct catch_clause copy = clause;
        copy.object = 1;
        eh_build_object(record, (ULONG64)target - 1, &copy, found);
    }
    return EXCEPTION_EXECUTE_HANDLER;
}

struct registered {
    PEXCEPTION_RECORD record, before;
    PCONTEXT before_context;
};

int __CxxRegisterExceptionObject(PEXCEPTION_POINTERS pointers, struct registered *space)
{
    struct eh_thread *thread = eh_thread();
    *space = (struct registered){pointers->ExceptionRecord, thread->current, thread->context};
    thread->current = pointers->ExceptionRecord;
    thread->context = pointers->ContextRecord;
    return 1;
}

void __CxxUnregisterExceptionObject(struct registered *space, int rethrown)
{
    struct eh_thread *thread = eh_thread();
    thread->current = space->before;
    thread->context = space->before_context;
    if (!rethrown)
        __DestructExceptionObject(space->record, TRUE);
}

int __CxxDetectRethrow(PEXCEPTION_POINTERS pointers)
{
    return is_cxx(pointers->ExceptionRecord) && !thrown_info(pointers->ExceptionRecord);
}

int __CxxQueryExceptionSize(void)
{
    return sizeof(struct registered);
}
