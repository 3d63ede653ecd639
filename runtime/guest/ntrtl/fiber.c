/* Fibers and user stacks.  GetFiberData reads the first field of what TEB.FiberData points to. */
#include "rtl.h"

struct fiber {
    PVOID parameter;
    PVOID exception_list;
    uint8_t *stack_base, *stack_limit, *deallocation_stack;
    ULONG guaranteed, flags;
    PVOID stack_pointer;
    PVOID fls_data;
    LPFIBER_START_ROUTINE start;
};

void RtlpSwitchStacks(PVOID *leave, PVOID enter);
extern const char RtlpFiberEntry[];
void NTAPI RtlExitUserThread(NTSTATUS code);
PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID base);

#define CURRENT ((struct fiber *)TEB64(TEB_FIBER_DATA))

static BOOL has_fiber(void)
{
    return (AT(USHORT, TEB_POINTER(), TEB_SAME_FLAGS) & TEB_HAS_FIBER_DATA) != 0;
}

/* INITIAL_TEB as RtlCreateUserStack fills it. */
struct initial_teb {
    PVOID old_base, old_limit;
    uint8_t *base, *limit, *allocation;
};

/* Reserve a stack, commit its top with a guard page below. */
NTSTATUS NTAPI rtl_CreateUserStack(SIZE_T commit, SIZE_T reserve, ULONG_PTR zero_bits, SIZE_T page_size, SIZE_T granularity,
                                   struct initial_teb *result)
{
    PIMAGE_NT_HEADERS image = RtlImageNtHeader(AT(PVOID, PEB_POINTER(), PEB_IMAGE_BASE));
    if (!reserve)
        reserve = image ? image->OptionalHeader.SizeOfStackReserve : 0x100000;
    if (!commit)
        commit = image ? image->OptionalHeader.SizeOfStackCommit : 0x1000;
    commit = (commit + 0xfff) & ~0xfffull;
    if (reserve < commit + 0x3000)
        reserve = commit + 0x3000;
    if (commit >= reserve)
        reserve = (commit + 0xfffff) & ~0xfffffull;
    reserve = (reserve + 0xffff) & ~0xffffull;

    PVOID base = NULL;
    SIZE_T size = reserve;
    NTSTATUS status = NtAllocateVirtualMemory(THIS_PROCESS, &base, zero_bits, &size, MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(status))
        return status;
    uint8_t *top = (uint8_t *)base + reserve;
    PVOID start = top - commit - 0x2000;
    size = commit + 0x2000;
    status = NtAllocateVirtualMemory(THIS_PROCESS, &start, 0, &size, MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(status)) {
        ULONG old;
        PVOID guard = start;
        size = 0x2000;
        status = NtProtectVirtualMemory(THIS_PROCESS, &guard, &size, PAGE_READWRITE | PAGE_GUARD, &old);
    }
    if (!NT_SUCCESS(status)) {
        size = 0;
        NtFreeVirtualMemory(THIS_PROCESS, &base, &size, MEM_RELEASE);
        return status;
    }
    *result = (struct initial_teb){.base = top, .limit = top - commit, .allocation = base};
    return STATUS_SUCCESS;
}

void NTAPI rtl_FreeUserStack(PVOID allocation)
{
    SIZE_T size = 0;
    NtFreeVirtualMemory(THIS_PROCESS, &allocation, &size, MEM_RELEASE);
}

/* Where a fiber begins (fiber_switch.S calls it). */
void NTAPI RtlUserFiberStart_(struct fiber *fiber, LPFIBER_START_ROUTINE start)
{
    __try {
        start(fiber->parameter);
    } __except (RtlpUnhandledExceptionFilter(GetExceptionInformation())) {
        NtTerminateProcess(THIS_PROCESS, (NTSTATUS)GetExceptionCode());
    }
    RtlExitUserThread(1);
}

PVOID WINAPI k32_CreateFiberEx(SIZE_T commit, SIZE_T reserve, DWORD flags, LPFIBER_START_ROUTINE start, PVOID parameter)
{
    struct initial_teb stack;
    if (flags & ~(DWORD)FIBER_FLAG_FLOAT_SWITCH) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    struct fiber *fiber = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *fiber);
    if (!fiber) {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    NTSTATUS status = rtl_CreateUserStack(commit, reserve, 0, 0x1000, 0x10000, &stack);
    if (!NT_SUCCESS(status)) {
        RtlFreeHeap(PROCESS_HEAP(), 0, fiber);
        rtl_set_status_error(status);
        return NULL;
    }
    fiber->parameter = parameter;
    fiber->exception_list = (PVOID)(LONG_PTR)-1;
    fiber->stack_base = stack.base;
    fiber->stack_limit = stack.limit;
    fiber->deallocation_stack = stack.allocation;
    fiber->flags = flags;
    fiber->start = start;
    /* The frame that RtlpSwitchStacks leaves: floating state, eight registers, the return address, and above it the end. */
    uint64_t *top = (uint64_t *)(stack.base - 0x48);
    top[1] = 0;
    top[0] = (uint64_t)RtlpFiberEntry;
    top[-1] = (uint64_t)fiber;          /* rbx */
    top[-2] = (uint64_t)start;          /* rbp */
    uint8_t *pointer = (uint8_t *)(top - 8) - 0xB8;
    *(ULONG *)pointer = 0x1F80;
    *(ULONG *)(pointer + 4) = 0x27F;
    fiber->stack_pointer = pointer;
    return fiber;
}

PVOID WINAPI k32_CreateFiber(SIZE_T stack_size, LPFIBER_START_ROUTINE start, PVOID parameter)
{
    return k32_CreateFiberEx(stack_size, 0, 0, start, parameter);
}

PVOID WINAPI k32_ConvertThreadToFiberEx(PVOID parameter, DWORD flags)
{
    if (flags & ~(DWORD)FIBER_FLAG_FLOAT_SWITCH) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (has_fiber()) {
        set_last_error(ERROR_ALREADY_FIBER);
        return NULL;
    }
    struct fiber *fiber = RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, sizeof *fiber);
    if (!fiber) {
        set_last_error(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    fiber->parameter = parameter;
    fiber->flags = flags;
    __writegsqword(TEB_FIBER_DATA, (uint64_t)fiber);
    AT(USHORT, TEB_POINTER(), TEB_SAME_FLAGS) |= TEB_HAS_FIBER_DATA;
    return fiber;
}

PVOID WINAPI k32_ConvertThreadToFiber(PVOID parameter)
{
    return k32_ConvertThreadToFiberEx(parameter, 0);
}

BOOL WINAPI k32_ConvertFiberToThread(void)
{
    if (!has_fiber()) {
        set_last_error(ERROR_ALREADY_THREAD);
        return FALSE;
    }
    struct fiber *fiber = CURRENT;
    AT(USHORT, TEB_POINTER(), TEB_SAME_FLAGS) &= (USHORT)~TEB_HAS_FIBER_DATA;
    __writegsqword(TEB_FIBER_DATA, 0x1E00);
    RtlFreeHeap(PROCESS_HEAP(), 0, fiber);
    return TRUE;
}

BOOL WINAPI k32_IsThreadAFiber(void)
{
    return has_fiber();
}

void WINAPI k32_SwitchToFiber(struct fiber *to)
{
    struct fiber *from = CURRENT;
    from->exception_list = (PVOID)TEB64(0);
    from->stack_base = (uint8_t *)TEB64(TEB_STACK_BASE);
    from->stack_limit = (uint8_t *)TEB64(TEB_STACK_LIMIT);
    from->deallocation_stack = (uint8_t *)TEB64(TEB_DEALLOCATION_STACK);
    from->guaranteed = TEB32(TEB_GUARANTEED_STACK);
    from->fls_data = (PVOID)TEB64(TEB_FLS_DATA);
    __writegsqword(0, (uint64_t)to->exception_list);
    __writegsqword(TEB_STACK_BASE, (uint64_t)to->stack_base);
    __writegsqword(TEB_STACK_LIMIT, (uint64_t)to->stack_limit);
    __writegsqword(TEB_DEALLOCATION_STACK, (uint64_t)to->deallocation_stack);
    __writegsdword(TEB_GUARANTEED_STACK, to->guaranteed);
    __writegsqword(TEB_FLS_DATA, (uint64_t)to->fls_data);
    __writegsqword(TEB_FIBER_DATA, (uint64_t)to);
    RtlpSwitchStacks(&from->stack_pointer, to->stack_pointer);
}

void WINAPI k32_DeleteFiber(struct fiber *fiber)
{
    if (!fiber) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return;
    }
    if (fiber == CURRENT && has_fiber()) {
        RtlFreeHeap(PROCESS_HEAP(), 0, fiber);
        RtlExitUserThread(1);
    }
    if (fiber->deallocation_stack)
        rtl_FreeUserStack(fiber->deallocation_stack);
    RtlProcessFlsData(fiber->fls_data, 3);
    RtlFreeHeap(PROCESS_HEAP(), 0, fiber);
}
