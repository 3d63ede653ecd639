/* RtlVirtualUnwind: undo one frame of a CONTEXT by its function's unwind codes. */
#include "rtl.h"
#include <unwind.h>

void *memcpy(void *, const void *, size_t);

static inline uint64_t *reg(PCONTEXT context, unsigned number)
{
    return (uint64_t *)&context->Rax + number;
}

static const UNWIND_HEADER *header_of(ULONG64 base, PRUNTIME_FUNCTION function)
{
    return (const UNWIND_HEADER *)(base + function->UnwindData);
}

/* An entry's unwind data may itself name another entry (low bit set). */
static PRUNTIME_FUNCTION direct_entry(ULONG64 base, PRUNTIME_FUNCTION function)
{
    while (function->UnwindData & 1)
        function = (PRUNTIME_FUNCTION)(base + function->UnwindData - 1);
    return function;
}

static void restored(PKNONVOLATILE_CONTEXT_POINTERS pointers, unsigned number, uint64_t *where)
{
    if (pointers)
        pointers->IntegerContext[number] = where;
}

static void pop_register(PCONTEXT context, unsigned number, PKNONVOLATILE_CONTEXT_POINTERS pointers)
{
    *reg(context, number) = *(uint64_t *)context->Rsp;
    restored(pointers, number, (uint64_t *)context->Rsp);
    context->Rsp += 8;
}

/* Slots that a code takes. */
static unsigned code_slots(const UNWIND_HEADER *header, unsigned i)
{
    switch (header->codes[i].op) {
    case UWOP_ALLOC_LARGE: return header->codes[i].info ? 3 : 2;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128: return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR: return 3;
    case UWOP_EPILOG: return header->version >= 2 ? 1 : 2;
    case UWOP_SPARE: return 3;
    default: return 1;
    }
}

/* Undo the codes of one header whose prologue part up to `offset` has run (0xFFFFFFFF: all).  `frame` is what
 * register-relative saves refer to.  Returns whether a machine frame was popped. */
static BOOL undo_codes(const UNWIND_HEADER *header, uint64_t offset, uint64_t frame, PCONTEXT context,
                       PKNONVOLATILE_CONTEXT_POINTERS pointers)
{
    BOOL machine_frame = FALSE;
    for (unsigned i = 0; i < header->count; i += code_slots(header, i)) {
        UNWIND_CODE_SLOT code = header->codes[i];
        if (code.op == UWOP_EPILOG && header->version >= 2)
            continue;
        if (offset < code.offset)
            continue;
        uint64_t *where;
        switch (code.op) {
        case UWOP_PUSH_NONVOL: pop_register(context, code.info, pointers); break;
        case UWOP_ALLOC_LARGE:
            context->Rsp += code.info ? SLOT32(header, i + 1) : (uint64_t)SLOT16(header, i + 1) * 8;
            break;
        case UWOP_ALLOC_SMALL: context->Rsp += code.info * 8u + 8; break;
        case UWOP_SET_FPREG:
            context->Rsp = *reg(context, header->frame_register) - header->frame_offset * 16u;
            break;
        case UWOP_SAVE_NONVOL:
        case UWOP_SAVE_NONVOL_FAR:
            where = (uint64_t *)(frame + (code.op == UWOP_SAVE_NONVOL ? SLOT16(header, i + 1) * 8ull : SLOT32(header, i + 1)));
            *reg(context, code.info) = *where;
            restored(pointers, code.info, where);
            break;
        case UWOP_SAVE_XMM128:
        case UWOP_SAVE_XMM128_FAR:
            where =
                (uint64_t *)(frame + (code.op == UWOP_SAVE_XMM128 ? SLOT16(header, i + 1) * 16ull : SLOT32(header, i + 1)));
            (&context->Xmm0)[code.info].Low = where[0];
            (&context->Xmm0)[code.info].High = (LONGLONG)where[1];
            if (pointers)
                pointers->FloatingContext[code.info] = (PM128A)where;
            break;
        case UWOP_PUSH_MACHFRAME:
            where = (uint64_t *)(context->Rsp + (code.info ? 8 : 0));
            context->Rip = where[0];
            context->Rsp = where[3];
            machine_frame = TRUE;
            break;
        default: break;
        }
    }
    return machine_frame;
}

static unsigned rex_of(const uint8_t **code)
{
    unsigned rex = 0;
    if ((**code & 0xf0) == 0x40)
        rex = *(*code)++ & 0xf;
    return rex;
}

/* Version 1 has no epilogue codes: an epilogue is known by its instructions.  Only what remains of a frame's release may
 * stand between rip and the return: add rsp or lea rsp, pops, then ret or a jump out of the function. */
static BOOL in_epilogue(const uint8_t *code, ULONG64 base, PRUNTIME_FUNCTION function, const UNWIND_HEADER *header)
{
    if (code[0] == 0x48 && code[1] == 0x83 && code[2] == 0xc4)
        code += 4;
    else if (code[0] == 0x48 && code[1] == 0x81 && code[2] == 0xc4)
        code += 7;
    else if ((code[0] & 0xfe) == 0x48 && code[1] == 0x8d && (code[2] & 0x38) == 0x20 && header->frame_register) {
        unsigned base_register = (code[2] & 7) | (code[0] & 1) << 3;
        if (base_register != header->frame_register)
            return FALSE;
        unsigned sib = (code[2] & 7) == 4;
        if ((code[2] & 0xc0) == 0x40)
            code += 4 + sib;
        else if ((code[2] & 0xc0) == 0x80)
            code += 7 + sib;
        else
            return FALSE;
    }
    for (;;) {
        if ((*code & 0xf8) == 0x58)
            code += 1;
        else if ((code[0] & 0xf0) == 0x40 && (code[1] & 0xf8) == 0x58)
            code += 2;
        else
            break;
    }
    if (*code == 0xf2) /* bnd */
        ++code;
    switch (code[0]) {
    case 0xc3: return TRUE;
    case 0xc2: return TRUE;
    case 0xf3: return code[1] == 0xc3;
    case 0xeb:
    case 0xe9: {
        ULONG64 next = code[0] == 0xeb ? (ULONG64)code + 2 + (ULONG64)(LONG64)(int8_t)code[1]
                                       : (ULONG64)code + 5 + (ULONG64)(LONG64) * (const LONG __attribute__((aligned(1))) *)(code + 1);
        ULONG64 rva = next - base;
        if (rva < function->BeginAddress || rva >= function->EndAddress)
            return !(header->flags & UNW_FLAG_CHAININFO);
        return rva == function->BeginAddress && !(header->flags & UNW_FLAG_CHAININFO);
    }
    case 0xff:
        return code[1] == 0x25;
    default:
        if ((code[0] & 0xf8) == 0x48 && code[1] == 0xff) {
            if (code[2] == 0x25)
                return TRUE;
            return (code[2] & 0x38) == 0x20;
        }
        return FALSE;
    }
}

static void run_epilogue(PCONTEXT context, const UNWIND_HEADER *header, PKNONVOLATILE_CONTEXT_POINTERS pointers)
{
    const uint8_t *code = (const uint8_t *)context->Rip;
    if (code[0] == 0x48 && code[1] == 0x83 && code[2] == 0xc4) {
        context->Rsp += (ULONG64)(LONG64)(int8_t)code[3];
        code += 4;
    } else if (code[0] == 0x48 && code[1] == 0x81 && code[2] == 0xc4) {
        context->Rsp += (ULONG64)(LONG64) * (const LONG __attribute__((aligned(1))) *)(code + 3);
        code += 7;
    } else if ((code[0] & 0xfe) == 0x48 && code[1] == 0x8d) {
        unsigned sib = (code[2] & 7) == 4;
        uint64_t from = *reg(context, (code[2] & 7) | (code[0] & 1u) << 3);
        if ((code[2] & 0xc0) == 0x40) {
            context->Rsp = from + (ULONG64)(LONG64)(int8_t)code[3 + sib];
            code += 4 + sib;
        } else {
            context->Rsp = from + (ULONG64)(LONG64) * (const LONG __attribute__((aligned(1))) *)(code + 3 + sib);
            code += 7 + sib;
        }
    }
    for (;;) {
        const uint8_t *start = code;
        unsigned rex = rex_of(&code);
        if ((*code & 0xf8) != 0x58) {
            code = start;
            break;
        }
        pop_register(context, (*code++ & 7u) | (rex & 1) << 3, pointers);
    }
    context->Rip = *(uint64_t *)context->Rsp;
    context->Rsp += 8;
}

/* Version 2: the first EPILOG code holds the epilogue's size and whether one lies at the end of the function; the others
 * hold distances from the end.  Inside, the pops that are still to come are those of the PUSH_NONVOL codes. */
static BOOL epilogue_v2(ULONG64 base, PRUNTIME_FUNCTION function, const UNWIND_HEADER *header, PCONTEXT context,
                        PKNONVOLATILE_CONTEXT_POINTERS pointers)
{
    if (!header->count || header->codes[0].op != UWOP_EPILOG)
        return FALSE;
    uint64_t rva = context->Rip - base;
    unsigned size = header->codes[0].offset;
    uint64_t start = 0;
    for (unsigned i = 0; i < header->count && header->codes[i].op == UWOP_EPILOG; ++i) {
        uint64_t distance;
        if (i == 0) {
            if (!(header->codes[0].info & 1))
                continue;
            distance = size;
        } else {
            distance = header->codes[i].offset | (uint64_t)header->codes[i].info << 8;
            if (!distance)
                continue;
        }
        uint64_t begin = function->EndAddress - distance;
        if (rva >= begin && rva < begin + size)
            start = begin;
    }
    if (!start)
        return FALSE;
    /* The epilogue begins after the stack pointer's adjustment; each pop is one byte, two for r8-r15. */
    uint64_t at = start;
    for (unsigned i = 0; i < header->count; i += code_slots(header, i)) {
        UNWIND_CODE_SLOT code = header->codes[i];
        if (code.op == UWOP_PUSH_NONVOL) {
            if (rva <= at)
                pop_register(context, code.info, pointers);
            at += code.info >= 8 ? 2 : 1;
        } else if (code.op == UWOP_ALLOC_SMALL && code.info == 0 && i && rva <= at) {
            context->Rsp += 8;
        }
    }
    context->Rip = *(uint64_t *)context->Rsp;
    context->Rsp += 8;
    return TRUE;
}

PEXCEPTION_ROUTINE NTAPI rtl_VirtualUnwind(ULONG wanted, ULONG64 base, ULONG64 pc, PRUNTIME_FUNCTION function,
                                           PCONTEXT context, PVOID *handler_data, PULONG64 establisher,
                                           PKNONVOLATILE_CONTEXT_POINTERS pointers)
{
    if (!function) {
        *establisher = context->Rsp;
        context->Rip = *(uint64_t *)context->Rsp;
        context->Rsp += 8;
        return NULL;
    }
    function = direct_entry(base, function);
    const UNWIND_HEADER *header = header_of(base, function);
    uint64_t offset = pc - base - function->BeginAddress;
    BOOL in_prologue = offset < header->prolog;

    /* The frame: where saves are relative to, and what handlers know this activation by. */
    uint64_t frame = context->Rsp;
    if (header->frame_register) {
        /* A chained part begins where the frame register is already set. */
        BOOL established = !in_prologue || (header->flags & UNW_FLAG_CHAININFO);
        for (unsigned i = 0; !established && i < header->count; i += code_slots(header, i))
            if (header->codes[i].op == UWOP_SET_FPREG)
                established = offset >= header->codes[i].offset;
        if (established)
            frame = *reg(context, header->frame_register) - header->frame_offset * 16u;
    }
    *establisher = frame;

    if (!in_prologue) {
        context->Rip = pc;
        if (header->version >= 2) {
            if (epilogue_v2(base, function, header, context, pointers))
                return NULL;
        } else if (in_epilogue((const uint8_t *)pc, base, function, header)) {
            run_epilogue(context, header, pointers);
            return NULL;
        }
    }

    BOOL machine_frame = undo_codes(header, in_prologue ? offset : 0xffffffff, frame, context, pointers);
    for (unsigned depth = 0; (header->flags & UNW_FLAG_CHAININFO) && depth < 32; ++depth) {
        function = direct_entry(base, (PRUNTIME_FUNCTION)unwind_tail(header));
        header = header_of(base, function);
        machine_frame |= undo_codes(header, 0xffffffff, frame, context, pointers);
    }
    if (!machine_frame) {
        context->Rip = *(uint64_t *)context->Rsp;
        context->Rsp += 8;
    }
    if (in_prologue || !(header->flags & wanted & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER)))
        return NULL;
    const ULONG *tail = unwind_tail(header);
    *handler_data = (PVOID)(tail + 1);
    return (PEXCEPTION_ROUTINE)(base + tail[0]);
}
