/* The C++ frame handler: search for a catch, unwinding, and the running of catch blocks.
 *
 * A catch block runs deep on the stack, called from a consolidating unwind (RtlUnwindEx), so that the exception object and
 * its record, which lie above, stay intact.  For the unwinder the frames between are gone: below the catch funclet comes the
 * frame that caught (`frame`).  That frame's instruction pointer still says "inside the try"; the list of active catches
 * holds the state it is really in (`outside`).
 */
#include "eh.h"

typedef void *(*funclet)(void *unused, ULONG64 frame);

/* What the unwind's record carries to run_catch and to the frame's own handler. */
enum {
    CATCH_RUN,
    CATCH_PARENT,
    CATCH_HANDLER,
    CATCH_STATE,
    CATCH_CONTEXT,
    CATCH_DETAILS,
    CATCH_RECORD,
    CATCH_REFERENCE_COUNT,
    CATCH_MAGIC,
    CATCH_COUNT = 15,
};
#define OWN_MAGIC 0x57494e4653454800ull

struct catch_details {
    ULONG64 frame;
    int outside;
    unsigned continuations;
    ULONG64 continuation[2];
};

static struct active_catch *catch_of(struct eh_thread *thread, ULONG64 frame)
{
    struct active_catch *entry = thread->catches;
    while (entry && entry->frame != frame)
        entry = entry->next;
    return entry;
}

static BOOL object_in_use(const struct eh_thread *thread, const void *object)
{
    for (const struct active_catch *entry = thread->catches; entry; entry = entry->next)
        if (is_cxx(entry->record) && thrown_object(entry->record) == object)
            return TRUE;
    return FALSE;
}

/* The state a frame is in: what its instruction says, or beyond the try whose catch block it waits for. */
static int state_of(const struct function *function, const DISPATCHER_CONTEXT *dispatcher)
{
    struct active_catch *active = catch_of(eh_thread(), function->frame);
    return active ? active->outside : eh_state_at(function, dispatcher->ControlPc);
}

/* The try block that a catch funclet belongs to. */
static BOOL own_try(const struct function *function, struct try_block *result)
{
    for (unsigned i = 0; function->is_catch && i < function->tries; ++i) {
        struct try_block block = eh_try(function, i);
        for (unsigned k = 0; k < block.catches; ++k)
            if (eh_clause(function, &block, k).handler == function->begin) {
                *result = block;
                return TRUE;
            }
    }
    return FALSE;
}

static void run_step(const struct function *function, const struct unwind_step *step)
{
    typedef void (*destructor)(ULONG64 object);
    switch (step->kind) {
    case STEP_FUNCLET: ((funclet)(function->base + step->action))(NULL, function->parent); break;
    case STEP_OBJECT: ((destructor)(function->base + step->action))(function->parent + step->object); break;
    case STEP_POINTER:
        ((destructor)(function->base + step->action))(*(ULONG64 *)(function->parent + step->object));
        break;
    }
}

static LONG step_filter(PEXCEPTION_POINTERS pointers)
{
    /* A destructor that lets a C++ exception out while another is on its way. */
    if (is_cxx(pointers->ExceptionRecord))
        __std_terminate();
    return EXCEPTION_CONTINUE_SEARCH;
}

static void unwind_to(const struct function *function, int state, int target)
{
    struct eh_thread *thread = eh_thread();
    ++thread->processing_throw;
    while (state > target && state >= 0 && state < function->states) {
        struct unwind_step step = eh_step(function, state);
        if (step.next >= state)
            break;
        __try {
            run_step(function, &step);
        } __except (step_filter(GetExceptionInformation())) {
        }
        state = step.next;
    }
    --thread->processing_throw;
}

/* The catch block that ran on a frame's behalf has been left by an exception or a jump. */
static void abandon_catch(ULONG64 frame, const void *object)
{
    struct eh_thread *thread = eh_thread();
    struct active_catch *entry = catch_of(thread, frame);
    if (!entry)
        return;
    /* Catches entered later are deeper on the stack: gone as well. */
    while (thread->catches) {
        struct active_catch *top = thread->catches;
        thread->catches = top->next;
        thread->current = top->previous;
        thread->context = top->previous_context;
        if (is_cxx(top->record) && thrown_object(top->record) != object && !object_in_use(thread, thrown_object(top->record)))
            __DestructExceptionObject(top->record, TRUE);
        if (top == entry)
            break;
    }
}

static void unwind_frame(const struct function *function, PEXCEPTION_RECORD record, const DISPATCHER_CONTEXT *dispatcher)
{
    const ULONG_PTR *information = record->ExceptionInformation;
    int state = state_of(function, dispatcher), target = -1;
    const void *object = NULL;
    BOOL here = (record->ExceptionFlags & EXCEPTION_TARGET_UNWIND) != 0;
    BOOL ours = record->ExceptionCode == (DWORD)STATUS_UNWIND_CONSOLIDATE &&
                record->NumberParameters == CATCH_COUNT && information[CATCH_MAGIC] == OWN_MAGIC;
    if (ours && is_cxx((PEXCEPTION_RECORD)information[CATCH_RECORD]))
        object = thrown_object((PEXCEPTION_RECORD)information[CATCH_RECORD]);
    abandon_catch(function->frame, object);

    struct try_block block;
    if (here && ours)
        target = (int)information[CATCH_STATE];
    else if (here && record->ExceptionCode == (DWORD)STATUS_LONGJUMP)
        target = eh_state_at(function, dispatcher->TargetIp);
    else if (own_try(function, &block))
        target = block.high;
    unwind_to(function, state, target);
}

/* Runs at the end of the consolidating unwind; returns where to go on. */
static ULONG64 run_catch(PEXCEPTION_RECORD record)
{
    const ULONG_PTR *information = record->ExceptionInformation;
    const struct catch_details details = *(const struct catch_details *)information[CATCH_DETAILS];
    struct eh_thread *thread = eh_thread();
    struct active_catch self = {
        .next = thread->catches,
        .frame = details.frame,
        .outside = details.outside,
        .record = (PEXCEPTION_RECORD)information[CATCH_RECORD],
        .previous = thread->current,
        .previous_context = thread->context,
    };
    thread->catches = &self;
    thread->current = self.record;
    thread->context = (PCONTEXT)information[CATCH_CONTEXT];

    ULONG64 next = (ULONG64)((funclet)information[CATCH_HANDLER])(NULL, information[CATCH_PARENT]);

    thread = eh_thread();
    thread->catches = self.next;
    thread->current = self.previous;
    thread->context = self.previous_context;
    if (is_cxx(self.record) && !object_in_use(thread, thrown_object(self.record)))
        __DestructExceptionObject(self.record, TRUE);
    return details.continuations ? details.continuation[next < 2 ? next : 0] : next;
}

static void enter_catch(const struct function *function, PEXCEPTION_RECORD record, PCONTEXT context,
                        const DISPATCHER_CONTEXT *dispatcher, const struct try_block *block,
                        const struct catch_clause *clause, const struct catchable_type *type)
{
    eh_build_object(record, function->parent, clause, type);
    struct catch_details details = {
        .frame = function->frame,
        .outside = eh_step(function, block->low).next,
        .continuations = clause->continuations,
        .continuation = {clause->continuation[0], clause->continuation[1]},
    };
    EXCEPTION_RECORD unwind = {
        .ExceptionCode = (DWORD)STATUS_UNWIND_CONSOLIDATE,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
        .NumberParameters = CATCH_COUNT,
    };
    unwind.ExceptionInformation[CATCH_RUN] = (ULONG_PTR)run_catch;
    unwind.ExceptionInformation[CATCH_PARENT] = function->parent;
    unwind.ExceptionInformation[CATCH_HANDLER] = function->base + clause->handler;
    unwind.ExceptionInformation[CATCH_STATE] = (ULONG_PTR)(LONG_PTR)block->low;
    unwind.ExceptionInformation[CATCH_CONTEXT] = (ULONG_PTR)context;
    unwind.ExceptionInformation[CATCH_DETAILS] = (ULONG_PTR)&details;
    unwind.ExceptionInformation[CATCH_RECORD] = (ULONG_PTR)record;
    unwind.ExceptionInformation[CATCH_MAGIC] = OWN_MAGIC;
    RtlUnwindEx((PVOID)function->frame, (PVOID)dispatcher->ControlPc, &unwind, NULL, dispatcher->ContextRecord,
                dispatcher->HistoryTable);
}

/* Let the program's translator make a C++ exception of a structured one; it then does not return. */
static void translate(struct eh_thread *thread, PEXCEPTION_RECORD record, PCONTEXT context)
{
    EXCEPTION_POINTERS pointers = {record, context};
    PEXCEPTION_RECORD before = thread->current;
    PCONTEXT before_context = thread->context;
    thread->current = record;
    thread->context = context;
    __try {
        thread->translator(record->ExceptionCode, &pointers);
    } __finally {
        thread->current = before;
        thread->context = before_context;
    }
}

static void find_catch(const struct function *function, PEXCEPTION_RECORD record, PCONTEXT context,
                       const DISPATCHER_CONTEXT *dispatcher)
{
    struct eh_thread *thread = eh_thread();
    int state = state_of(function, dispatcher);
    struct try_block own;
    BOOL inside = own_try(function, &own);
    BOOL cxx = is_cxx(record);

    if (cxx && !thrown_info(record)) {
        /* "throw;" raises the current exception again. */
        if (!thread->current)
            return;
        record = thread->current;
        context = thread->context;
        cxx = is_cxx(record);
    }
    if (!cxx && thread->translator && record->ExceptionCode != EXCEPTION_BREAKPOINT && function->tries) {
        translate(thread, record, context);
    }
    for (unsigned i = 0; i < function->tries; ++i) {
        struct try_block block = eh_try(function, i);
        if (state < block.low || state > block.high)
            continue;
        /* A funclet answers for the try blocks within it; those around it are its function's. */
        if (inside && !(block.low > own.high && block.high <= own.catch_high))
            continue;
        for (unsigned k = 0; k < block.catches; ++k) {
            struct catch_clause clause = eh_clause(function, &block, k);
            const struct catchable_type *type = NULL;
            if (cxx) {
                if (!(type = eh_match(record, &clause)))
                    continue;
            } else if ((clause.type && clause.type->name[0]) || (clause.adjectives & CATCH_STD_ALL)) {
                continue;
            }
            enter_catch(function, record, context, dispatcher, &block, &clause, type);
        }
    }
    if (cxx && function->no_except)
        __std_terminate();
}

static EXCEPTION_DISPOSITION handle(const struct function *function, PEXCEPTION_RECORD record, PCONTEXT context,
                                    const DISPATCHER_CONTEXT *dispatcher)
{
    if (record->ExceptionFlags & EXCEPTION_UNWIND_ANY) {
        if (function->states)
            unwind_frame(function, record, dispatcher);
        return ExceptionContinueSearch;
    }
    if (function->synchronous && !is_cxx(record))
        return ExceptionContinueSearch;
    if (function->tries || function->no_except)
        find_catch(function, record, context, dispatcher);
    return ExceptionContinueSearch;
}

EXCEPTION_DISPOSITION __CxxFrameHandler3(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                         PDISPATCHER_CONTEXT dispatcher)
{
    struct function function;
    eh_open3(&function, dispatcher, (const uint8_t *)(dispatcher->ImageBase + *(ULONG *)dispatcher->HandlerData));
    return handle(&function, record, context, dispatcher);
}

EXCEPTION_DISPOSITION __CxxFrameHandler4(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                         PDISPATCHER_CONTEXT dispatcher)
{
    struct function function;
    eh_open4(&function, dispatcher, (const uint8_t *)(dispatcher->ImageBase + *(ULONG *)dispatcher->HandlerData));
    return handle(&function, record, context, dispatcher);
}
