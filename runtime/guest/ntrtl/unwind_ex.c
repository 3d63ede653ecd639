/* RtlUnwindEx and RtlRestoreContext: leave frames for good. */
#include "rtl.h"
#include <unwind.h>

EXCEPTION_DISPOSITION NTAPI RtlpExecuteHandlerForUnwind(PEXCEPTION_RECORD, PVOID, PCONTEXT, PDISPATCHER_CONTEXT);
PRUNTIME_FUNCTION NTAPI rtl_LookupFunctionEntry(ULONG64, PULONG64, PUNWIND_HISTORY_TABLE);
PEXCEPTION_ROUTINE NTAPI rtl_VirtualUnwind(ULONG, ULONG64, ULONG64, PRUNTIME_FUNCTION, PCONTEXT, PVOID *, PULONG64,
                                           PKNONVOLATILE_CONTEXT_POINTERS);
__attribute__((noreturn)) void NTAPI RtlpRestoreContext(PCONTEXT);
__attribute__((noreturn)) void NTAPI RtlpConsolidateFrames(PCONTEXT, PEXCEPTION_RECORD);
__attribute__((noreturn)) void NTAPI rtl_jump(JUMP_BUFFER *, int);

void NTAPI rtl_RestoreContext(PCONTEXT context, PEXCEPTION_RECORD record)
{
    if (record && record->ExceptionCode == (DWORD)STATUS_LONGJUMP && record->NumberParameters >= 1) {
        JUMP_BUFFER *buffer = (JUMP_BUFFER *)record->ExceptionInformation[0];
        context->Rbx = buffer->rbx;
        context->Rsp = buffer->rsp;
        context->Rbp = buffer->rbp;
        context->Rsi = buffer->rsi;
        context->Rdi = buffer->rdi;
        context->R12 = buffer->r12;
        context->R13 = buffer->r13;
        context->R14 = buffer->r14;
        context->R15 = buffer->r15;
        context->Rip = buffer->rip;
        context->MxCsr = buffer->mxcsr;
        context->FltSave.MxCsr = buffer->mxcsr;
        context->FltSave.ControlWord = buffer->fpcsr;
        for (int i = 0; i < 10; ++i) {
            (&context->Xmm6)[i].Low = buffer->xmm[i].Low;
            (&context->Xmm6)[i].High = buffer->xmm[i].High;
        }
    } else if (record && record->ExceptionCode == (DWORD)STATUS_UNWIND_CONSOLIDATE && record->NumberParameters >= 1) {
        RtlpConsolidateFrames(context, record);
    }
    RtlpRestoreContext(context);
}

void NTAPI rtl_UnwindEx(PVOID target_frame, PVOID target_ip, PEXCEPTION_RECORD record, PVOID value, PCONTEXT original,
                        PUNWIND_HISTORY_TABLE history)
{
    CONTEXT local;
    EXCEPTION_RECORD own;
    PCONTEXT current = original, previous = &local;
    DISPATCHER_CONTEXT dispatcher;
    ULONG64 target = (ULONG64)target_frame, frame = 0, pc;
    ULONG64 low = TEB64(TEB_DEALLOCATION_STACK), high = TEB64(TEB_STACK_BASE);

    RtlCaptureContext(current);
    if (!record) {
        own = (EXCEPTION_RECORD){.ExceptionCode = (DWORD)STATUS_UNWIND, .ExceptionAddress = (PVOID)current->Rip};
        record = &own;
    }
    ULONG flags = EXCEPTION_UNWINDING | (record->ExceptionFlags & EXCEPTION_NONCONTINUABLE);
    if (!target_frame)
        flags |= EXCEPTION_EXIT_UNWIND;

    for (;;) {
        pc = current->Rip;
        ULONG64 base;
        PRUNTIME_FUNCTION function = rtl_LookupFunctionEntry(pc, &base, NULL);
        if (!function) {
            if ((current->Rsp & 7) || current->Rsp < low || current->Rsp >= high)
                break;
            frame = current->Rsp;
            current->Rip = *(ULONG64 *)current->Rsp;
            current->Rsp += 8;
            if (!current->Rip || current->Rip == pc)
                break;
            continue;
        }
        PVOID data = NULL;
        *previous = *current;
        PEXCEPTION_ROUTINE routine = rtl_VirtualUnwind(UNW_FLAG_UHANDLER, base, pc, function, previous, &data, &frame, NULL);
        if ((frame & 7) || frame < low || frame >= high || (target && frame > target))
            RtlRaiseStatus(STATUS_BAD_STACK);
        ULONG scope = 0;
        while (routine) {
            if (frame == target)
                flags |= EXCEPTION_TARGET_UNWIND;
            record->ExceptionFlags = flags;
            current->Rax = (ULONG64)value;
            dispatcher = (DISPATCHER_CONTEXT){
                .ControlPc = pc,
                .ImageBase = base,
                .FunctionEntry = function,
                .EstablisherFrame = frame,
                .TargetIp = (ULONG64)target_ip,
                .ContextRecord = current,
                .LanguageHandler = routine,
                .HandlerData = data,
                .HistoryTable = history,
                .ScopeIndex = scope,
            };
            EXCEPTION_DISPOSITION answer = RtlpExecuteHandlerForUnwind(record, (PVOID)frame, current, &dispatcher);
            flags &= ~(ULONG)(EXCEPTION_COLLIDED_UNWIND | EXCEPTION_TARGET_UNWIND);
            routine = NULL;
            if (answer == ExceptionCollidedUnwind) {
                /* Take over from the unwind that was under way. */
                pc = dispatcher.ControlPc;
                base = dispatcher.ImageBase;
                function = dispatcher.FunctionEntry;
                *original = *dispatcher.ContextRecord;
                original->Rip = pc;
                current = original;
                previous = &local;
                *previous = *current;
                rtl_VirtualUnwind(UNW_FLAG_NHANDLER, base, pc, function, previous, &data, &frame, NULL);
                frame = dispatcher.EstablisherFrame;
                data = dispatcher.HandlerData;
                routine = dispatcher.LanguageHandler;
                scope = dispatcher.ScopeIndex;
                history = dispatcher.HistoryTable;
                flags |= EXCEPTION_COLLIDED_UNWIND;
            } else if (answer != ExceptionContinueSearch) {
                RtlRaiseStatus(STATUS_INVALID_DISPOSITION);
            }
        }
        if (frame == target)
            break;
        PCONTEXT swap = current;
        current = previous;
        previous = swap;
        if (!current->Rip || frame >= high)
            break;
    }
    if (frame == target && target) {
        current->Rax = (ULONG64)value;
        if (record->ExceptionCode != (DWORD)STATUS_UNWIND_CONSOLIDATE)
            current->Rip = (ULONG64)target_ip;
        rtl_RestoreContext(current, record);
    }
    /* An exit unwind has run all handlers; a target that is not on the stack is an error. */
    if (pc == current->Rip)
        RtlRaiseStatus(STATUS_BAD_FUNCTION_TABLE);
    NtRaiseException(record, current, FALSE);
}

void NTAPI rtl_Unwind(PVOID target_frame, PVOID target_ip, PEXCEPTION_RECORD record, PVOID value)
{
    CONTEXT context;
    rtl_UnwindEx(target_frame, target_ip, record, value, &context, NULL);
}

__attribute__((noreturn)) void NTAPI rtl_longjmp(JUMP_BUFFER *buffer, int value)
{
    if (!value)
        value = 1;
    if (buffer->frame) {
        EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)STATUS_LONGJUMP,
                                   .NumberParameters = 1,
                                   .ExceptionInformation = {(ULONG_PTR)buffer}};
        rtl_Unwind((PVOID)buffer->frame, (PVOID)buffer->rip, &record, (PVOID)(ULONG_PTR)value);
    }
    rtl_jump(buffer, value);
}

/* __C_specific_handler: the handler behind __try in C. */
struct scope_table {
    ULONG count;
    struct {
        ULONG begin, end, handler, target;
    } scopes[];
};

EXCEPTION_DISPOSITION NTAPI __C_specific_handler(PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                                   PDISPATCHER_CONTEXT dispatcher)
{
    typedef LONG(NTAPI * filter_function)(PEXCEPTION_POINTERS, PVOID);
    typedef void(NTAPI * finally_function)(BOOLEAN, PVOID);
    const struct scope_table *table = dispatcher->HandlerData;
    ULONG64 base = dispatcher->ImageBase, pc = dispatcher->ControlPc - base;

    if (record->ExceptionFlags & EXCEPTION_UNWIND_ANY) {
        ULONG64 target = dispatcher->TargetIp - base;
        BOOL here = (record->ExceptionFlags & EXCEPTION_TARGET_UNWIND) != 0;
        for (ULONG i = dispatcher->ScopeIndex; i < table->count; ++i) {
            if (pc < table->scopes[i].begin || pc >= table->scopes[i].end)
                continue;
            if (here) {
                /* Stop at a scope that the target lies in as well. */
                ULONG j = 0;
                while (j < table->count &&
                       !(target >= table->scopes[j].begin && target < table->scopes[j].end &&
                         table->scopes[j].target == table->scopes[i].target &&
                         table->scopes[j].handler == table->scopes[i].handler))
                    ++j;
                if (j < table->count)
                    break;
            }
            if (table->scopes[i].target) {
                if (here && target == table->scopes[i].target)
                    break;
            } else {
                dispatcher->ScopeIndex = i + 1;
                ((finally_function)(base + table->scopes[i].handler))(TRUE, frame);
            }
        }
        return ExceptionContinueSearch;
    }

    EXCEPTION_POINTERS pointers = {record, context};
    for (ULONG i = dispatcher->ScopeIndex; i < table->count; ++i) {
        if (pc < table->scopes[i].begin || pc >= table->scopes[i].end || !table->scopes[i].target)
            continue;
        LONG answer = 1;
        if (table->scopes[i].handler != 1)
            answer = ((filter_function)(base + table->scopes[i].handler))(&pointers, frame);
        if (answer < 0)
            return ExceptionContinueExecution;
        if (answer > 0)
            rtl_UnwindEx(frame, (PVOID)(base + table->scopes[i].target), record,
                         (PVOID)(ULONG_PTR)record->ExceptionCode, dispatcher->ContextRecord, dispatcher->HistoryTable);
    }
    return ExceptionContinueSearch;
}
