/* Exception dispatch: vectored handlers, then the handlers of the frames. */
#include "rtl.h"
#include <unwind.h>

void *memcpy(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
__attribute__((noreturn)) void NTAPI RtlpRestoreContext(PCONTEXT context);

EXCEPTION_DISPOSITION NTAPI RtlpExecuteHandlerForException(PEXCEPTION_RECORD, PVOID, PCONTEXT, PDISPATCHER_CONTEXT);
PRUNTIME_FUNCTION NTAPI rtl_LookupFunctionEntry(ULONG64, PULONG64, PUNWIND_HISTORY_TABLE);
PEXCEPTION_ROUTINE NTAPI rtl_VirtualUnwind(ULONG, ULONG64, ULONG64, PRUNTIME_FUNCTION, PCONTEXT, PVOID *, PULONG64,
                                           PKNONVOLATILE_CONTEXT_POINTERS);
extern const char ExpInterlockedPopEntrySListFault[], ExpInterlockedPopEntrySListResume[];

/* Vectored handlers: an entry leaves the list at once when removed and is freed when nobody calls it any more. */
struct vectored {
    struct vectored *next;
    PVECTORED_EXCEPTION_HANDLER handler;
    ULONG references;
    BOOL removed;
};

enum { EXCEPTION_LIST, CONTINUE_LIST };
static struct vectored *vectored_lists[2];
static spin_lock vectored_lock;

static PVOID add_vectored(int list, ULONG first, PVECTORED_EXCEPTION_HANDLER handler)
{
    struct vectored *entry = RtlAllocateHeap(PROCESS_HEAP(), 0, sizeof *entry);
    if (!entry)
        return NULL;
    *entry = (struct vectored){.handler = handler, .references = 1};
    spin_acquire(&vectored_lock);
    struct vectored **link = &vectored_lists[list];
    while (!first && *link)
        link = &(*link)->next;
    entry->next = *link;
    *link = entry;
    spin_release(&vectored_lock);
    return entry;
}

/* With the lock held; returns the entry when the last reference went. */
static struct vectored *drop(int list, struct vectored *entry)
{
    if (--entry->references)
        return NULL;
    for (struct vectored **link = &vectored_lists[list]; *link; link = &(*link)->next)
        if (*link == entry) {
            *link = entry->next;
            return entry;
        }
    return NULL;
}

static ULONG remove_vectored(int list, PVOID handle)
{
    struct vectored *found = NULL, *dead = NULL;
    spin_acquire(&vectored_lock);
    for (struct vectored *entry = vectored_lists[list]; entry && !found; entry = entry->next)
        if (entry == handle && !entry->removed) {
            found = entry;
            entry->removed = TRUE;
            dead = drop(list, entry);
        }
    spin_release(&vectored_lock);
    if (dead)
        RtlFreeHeap(PROCESS_HEAP(), 0, dead);
    return found != NULL;
}

PVOID NTAPI RtlAddVectoredExceptionHandler_(ULONG first, PVECTORED_EXCEPTION_HANDLER handler)
{
    return add_vectored(EXCEPTION_LIST, first, handler);
}

PVOID NTAPI RtlAddVectoredContinueHandler_(ULONG first, PVECTORED_EXCEPTION_HANDLER handler)
{
    return add_vectored(CONTINUE_LIST, first, handler);
}

ULONG NTAPI RtlRemoveVectoredExceptionHandler_(PVOID handle)
{
    return remove_vectored(EXCEPTION_LIST, handle);
}

ULONG NTAPI RtlRemoveVectoredContinueHandler_(PVOID handle)
{
    return remove_vectored(CONTINUE_LIST, handle);
}

static BOOL call_vectored(int list, PEXCEPTION_RECORD record, PCONTEXT context)
{
    if (!vectored_lists[list])
        return FALSE;
    EXCEPTION_POINTERS pointers = {record, context};
    BOOL handled = FALSE;
    spin_acquire(&vectored_lock);
    for (struct vectored *entry = vectored_lists[list]; entry && !handled;) {
        if (entry->removed) {
            entry = entry->next;
            continue;
        }
        ++entry->references;
        spin_release(&vectored_lock);
        handled = entry->handler(&pointers) == EXCEPTION_CONTINUE_EXECUTION;
        spin_acquire(&vectored_lock);
        struct vectored *next = entry->next, *dead = drop(list, entry);
        if (dead) {
            spin_release(&vectored_lock);
            RtlFreeHeap(PROCESS_HEAP(), 0, dead);
            spin_acquire(&vectored_lock);
        }
        entry = next;
    }
    spin_release(&vectored_lock);
    return handled;
}

static __attribute__((noreturn)) void raise_from(NTSTATUS code, PEXCEPTION_RECORD cause)
{
    EXCEPTION_RECORD record = {
        .ExceptionCode = (DWORD)code, .ExceptionFlags = EXCEPTION_NONCONTINUABLE, .ExceptionRecord = cause};
    RtlRaiseException(&record);
    __builtin_unreachable();
}

/* The handlers of RtlpExecuteHandlerForException's and ...ForUnwind's own frames (except.S): an exception or unwind that
 * comes by means that the handler called there has itself raised, or been unwound through. */
EXCEPTION_DISPOSITION NTAPI RtlpExceptionHandler(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                                 PDISPATCHER_CONTEXT dispatcher)
{
    if (record->ExceptionFlags & EXCEPTION_UNWIND_ANY)
        return ExceptionContinueSearch;
    dispatcher->EstablisherFrame = (AT(PDISPATCHER_CONTEXT, frame, 0x20))->EstablisherFrame;
    return ExceptionNestedException;
}

EXCEPTION_DISPOSITION NTAPI RtlpUnwindHandler(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                              PDISPATCHER_CONTEXT dispatcher)
{
    PDISPATCHER_CONTEXT interrupted = AT(PDISPATCHER_CONTEXT, frame, 0x20);
    ULONG64 target = dispatcher->TargetIp;
    *dispatcher = *interrupted;
    dispatcher->TargetIp = target;
    return ExceptionCollidedUnwind;
}

static BOOL frame_in_stack(ULONG64 frame)
{
    return !(frame & 7) && frame >= TEB64(TEB_DEALLOCATION_STACK) && frame < TEB64(TEB_STACK_BASE);
}

static BOOL dispatch_to_frames(PEXCEPTION_RECORD record, PCONTEXT context)
{
    CONTEXT unwound = *context;
    DISPATCHER_CONTEXT dispatcher;
    ULONG flags = record->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
    ULONG64 nested = 0;
    UNWIND_HISTORY_TABLE history;
    history.Count = 0;

    for (;;) {
        ULONG64 pc = unwound.Rip, base, frame;
        PRUNTIME_FUNCTION function = rtl_LookupFunctionEntry(pc, &base, NULL);
        if (!function) {
            /* A leaf: nothing but the return address is on the stack. */
            if (!frame_in_stack(unwound.Rsp))
                break;
            ULONG64 next = *(ULONG64 *)unwound.Rsp;
            unwound.Rsp += 8;
            if (!next || next == pc)
                break;
            unwound.Rip = next;
            continue;
        }
        PVOID data = NULL;
        PEXCEPTION_ROUTINE routine = rtl_VirtualUnwind(UNW_FLAG_EHANDLER, base, pc, function, &unwound, &data, &frame, NULL);
        if (!frame_in_stack(frame)) {
            flags |= EXCEPTION_STACK_INVALID;
            break;
        }
        ULONG scope = 0;
        while (routine) {
            record->ExceptionFlags = flags;
            dispatcher = (DISPATCHER_CONTEXT){
                .ControlPc = pc,
                .ImageBase = base,
                .FunctionEntry = function,
                .EstablisherFrame = frame,
                .ContextRecord = &unwound,
                .LanguageHandler = routine,
                .HandlerData = data,
                .HistoryTable = &history,
                .ScopeIndex = scope,
            };
            EXCEPTION_DISPOSITION answer =
                RtlpExecuteHandlerForException(record, (PVOID)frame, context, &dispatcher);
            flags |= record->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
            routine = NULL;
            if (nested == frame) {
                flags &= ~(ULONG)EXCEPTION_NESTED_CALL;
                nested = 0;
            }
            switch (answer) {
            case ExceptionContinueExecution:
                if (flags & EXCEPTION_NONCONTINUABLE)
                    raise_from(STATUS_NONCONTINUABLE_EXCEPTION, record);
                return TRUE;
            case ExceptionContinueSearch: break;
            case ExceptionNestedException:
                flags |= EXCEPTION_NESTED_CALL;
                if (dispatcher.EstablisherFrame > nested)
                    nested = dispatcher.EstablisherFrame;
                break;
            case ExceptionCollidedUnwind:
                /* The frames up to the interrupted unwind's are gone: go on with the one it was at. */
                pc = dispatcher.ControlPc;
                base = dispatcher.ImageBase;
                function = dispatcher.FunctionEntry;
                unwound = *dispatcher.ContextRecord;
                unwound.Rip = pc;
                rtl_VirtualUnwind(UNW_FLAG_NHANDLER, base, pc, function, &unwound, &data, &frame, NULL);
                frame = dispatcher.EstablisherFrame;
                data = dispatcher.HandlerData;
                routine = dispatcher.LanguageHandler;
                scope = dispatcher.ScopeIndex;
                break;
            default: raise_from(STATUS_INVALID_DISPOSITION, record);
            }
        }
        if (!unwound.Rip)
            break;
    }
    record->ExceptionFlags = flags;
    return FALSE;
}

BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD record, PCONTEXT context)
{
    if (call_vectored(EXCEPTION_LIST, record, context) || dispatch_to_frames(record, context)) {
        call_vectored(CONTINUE_LIST, record, context);
        return TRUE;
    }
    return FALSE;
}

__attribute__((noreturn)) void NTAPI RtlpDispatchUserException(PEXCEPTION_RECORD record, PCONTEXT context)
{
    if (record->ExceptionCode == (DWORD)STATUS_ACCESS_VIOLATION && context->Rip == (ULONG64)ExpInterlockedPopEntrySListFault) {
        context->Rip = (ULONG64)ExpInterlockedPopEntrySListResume;
        NtContinue(context, FALSE);
    }
    /* Registers that only the system can load: debug registers a handler has changed. */
    ULONG64 debug[6];
    memcpy(debug, &context->Dr0, sizeof debug);
    NTSTATUS status;
    if (RtlDispatchException(record, context)) {
        if ((context->ContextFlags & 0xf) == 0xf && !memcmp(debug, &context->Dr0, sizeof debug))
            RtlpRestoreContext(context);
        status = NtContinue(context, FALSE);
    } else {
        status = NtRaiseException(record, context, FALSE);
    }
    raise_from(status, record);
}

__attribute__((noreturn)) void NTAPI RtlpDispatchUserCallback(PVOID buffer, ULONG length, ULONG number)
{
    typedef NTSTATUS(NTAPI * callback)(PVOID, ULONG);
    callback *table = AT(callback *, PEB_POINTER(), 0x58);
    NTSTATUS status = table[number](buffer, length);
    for (;;)
        RtlRaiseStatus(NtCallbackReturn(NULL, 0, status));
}

void NTAPI RtlRaiseStatus(NTSTATUS status)
{
    for (;;) {
        EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)status, .ExceptionFlags = EXCEPTION_NONCONTINUABLE};
        RtlRaiseException(&record);
    }
}

/* The system asks a thread to raise what it left in TEB.ExceptionCode. */
NTSTATUS NTAPI KiRaiseUserExceptionDispatcher(void)
{
    NTSTATUS code = AT(NTSTATUS, TEB_POINTER(), 0x2C0);
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)code};
    RtlRaiseException(&record);
    return code;
}

void WINAPI k32_RaiseException(DWORD code, DWORD flags, DWORD count, const ULONG_PTR *arguments)
{
    EXCEPTION_RECORD record = {.ExceptionCode = code & ~0x10000000u, .ExceptionFlags = flags & EXCEPTION_NONCONTINUABLE};
    if (arguments) {
        record.NumberParameters = count < EXCEPTION_MAXIMUM_PARAMETERS ? count : EXCEPTION_MAXIMUM_PARAMETERS;
        for (DWORD i = 0; i < record.NumberParameters; ++i)
            record.ExceptionInformation[i] = arguments[i];
    }
    RtlRaiseException(&record);
}

USHORT NTAPI RtlCaptureStackBackTrace_(ULONG skip, ULONG count, PVOID *trace, PULONG hash)
{
    CONTEXT context;
    RtlCaptureContext(&context);
    ULONG depth = 0, sum = 0;
    for (ULONG n = 0; depth < count; ++n) {
        ULONG64 base, frame;
        PVOID data;
        PRUNTIME_FUNCTION function = rtl_LookupFunctionEntry(context.Rip, &base, NULL);
        if (!frame_in_stack(context.Rsp))
            break;
        rtl_VirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, function, &context, &data, &frame, NULL);
        if (!context.Rip)
            break;
        if (n >= skip) {
            trace[depth++] = (PVOID)context.Rip;
            sum += (ULONG)context.Rip;
        }
    }
    if (hash)
        *hash = sum;
    return (USHORT)depth;
}

ULONG NTAPI RtlWalkFrameChain_(PVOID *callers, ULONG count, ULONG flags)
{
    return RtlCaptureStackBackTrace_(flags >> 8, count, callers, NULL);
}
