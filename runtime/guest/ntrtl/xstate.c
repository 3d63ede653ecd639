/* CONTEXT records made in the program's buffers.  Behind a CONTEXT lies a CONTEXT_EX, which says where its parts are; with
 * CONTEXT_XSTATE an XSAVE area without its legacy part follows, on a multiple of 64.  What states there are, the machine tells
 * in KUSER_SHARED_DATA. */
#include "rtl.h"

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);

#define FLAG_CONTROL 1
#define FLAG_INTEGER 2
#define FLAG_SEGMENTS 4
#define FLAG_FLOAT 8
#define FLAG_DEBUG 0x10
#define FLAG_XSTATE 0x40
#define FLAG_AMD64 0x100000
#define KNOWN_FLAGS (FLAG_AMD64 | 0x1f | FLAG_XSTATE | 0xf8000000)

#define LEGACY_STATES 3ull
#define LEGACY_AREA 0x200
#define XSAVE_HEADER 0x40

struct chunk { LONG offset; DWORD length; };
struct context_ex { struct chunk all, legacy, xstate; };

struct xsave_configuration {
    ULONGLONG enabled, enabled_volatile;
    DWORD size, flags;
    struct { DWORD offset, size; } features[64];
};

static const volatile struct xsave_configuration *configuration(void)
{
    return (const volatile struct xsave_configuration *)(SHARED_DATA + 0x3d8);
}

static struct context_ex *extension(const CONTEXT *context)
{
    return (struct context_ex *)(context + 1);
}

/* The XSAVE header of a CONTEXT that has CONTEXT_XSTATE. */
static ULONGLONG *xsave_header(const CONTEXT *context)
{
    return (ULONGLONG *)((char *)extension(context) + extension(context)->xstate.offset);
}

static BOOL fails(DWORD error)
{
    set_last_error(error);
    return FALSE;
}

static BOOL are_flags(DWORD flags)
{
    return (flags & FLAG_AMD64) && !(flags & ~KNOWN_FLAGS);
}

ULONGLONG WINAPI k32_GetEnabledXStateFeatures(void)
{
    return configuration()->enabled;
}

BOOL WINAPI k32_InitializeContext(void *buffer, DWORD flags, CONTEXT **context, DWORD *length)
{
    DWORD room = *length, states = 0, needed = sizeof(CONTEXT) + sizeof(struct context_ex);
    if (!are_flags(flags))
        return fails(ERROR_INVALID_PARAMETER);
    if (flags & FLAG_XSTATE) {
        if (!configuration()->enabled)
            return fails(ERROR_NOT_SUPPORTED);
        states = configuration()->size - LEGACY_AREA;
        needed += states + 63;
    } else
        needed += 15;
    *length = needed;
    if (!buffer || room < needed)
        return fails(ERROR_INSUFFICIENT_BUFFER);
    CONTEXT *made = (CONTEXT *)(((uintptr_t)buffer + 15) & ~(uintptr_t)15);
    struct context_ex *parts = extension(made);
    made->ContextFlags = flags;
    parts->legacy = (struct chunk){-(LONG)sizeof(CONTEXT), sizeof(CONTEXT)};
    parts->all = (struct chunk){-(LONG)sizeof(CONTEXT), sizeof(CONTEXT) + sizeof *parts};
    parts->xstate = (struct chunk){sizeof *parts, 0};
    if (states) {
        LONG place = (LONG)((((uintptr_t)(parts + 1) + 63) & ~(uintptr_t)63) - (uintptr_t)parts);
        parts->xstate = (struct chunk){place, states};
        parts->all.length = sizeof(CONTEXT) + (DWORD)place + states;
        memset(xsave_header(made), 0, XSAVE_HEADER);
    }
    *context = made;
    return TRUE;
}

BOOL WINAPI k32_CopyContext(CONTEXT *to, DWORD flags, CONTEXT *from)
{
    if (!are_flags(flags) || !(to->ContextFlags & FLAG_AMD64) || !(from->ContextFlags & FLAG_AMD64))
        return fails(ERROR_INVALID_PARAMETER);
    if (flags & FLAG_XSTATE && !(to->ContextFlags & from->ContextFlags & FLAG_XSTATE))
        return fails(ERROR_MORE_DATA);
    to->ContextFlags |= flags;
    flags &= from->ContextFlags;
    if (flags & FLAG_CONTROL) {
        to->SegCs = from->SegCs;
        to->SegSs = from->SegSs;
        to->EFlags = from->EFlags;
        to->Rsp = from->Rsp;
        to->Rip = from->Rip;
    }
    if (flags & FLAG_INTEGER) {
        ULONGLONG stack = to->Rsp;
        memcpy(&to->Rax, &from->Rax, (char *)&from->Rip - (char *)&from->Rax);
        to->Rsp = stack;
        if (flags & FLAG_CONTROL)
            to->Rsp = from->Rsp;
    }
    if (flags & FLAG_SEGMENTS) {
        to->SegDs = from->SegDs;
        to->SegEs = from->SegEs;
        to->SegFs = from->SegFs;
        to->SegGs = from->SegGs;
    }
    if (flags & FLAG_FLOAT) {
        to->MxCsr = from->MxCsr;
        memcpy(&to->FltSave, &from->FltSave, sizeof to->FltSave);
    }
    if (flags & FLAG_DEBUG)
        memcpy(&to->Dr0, &from->Dr0, 6 * sizeof to->Dr0);
    if (flags & FLAG_XSTATE) {
        DWORD size = extension(to)->xstate.length;
        if (size > extension(from)->xstate.length)
            size = extension(from)->xstate.length;
        memcpy(xsave_header(to), xsave_header(from), size);
    }
    return TRUE;
}

void *WINAPI k32_LocateXStateFeature(CONTEXT *context, DWORD feature, DWORD *length)
{
    if (!(context->ContextFlags & FLAG_AMD64) || feature > 63 || !(configuration()->enabled >> feature & 1))
        return NULL;
    DWORD size = configuration()->features[feature].size;
    if (length)
        *length = size;
    if (LEGACY_STATES >> feature & 1)
        return (char *)&context->FltSave + configuration()->features[feature].offset;
    if (!(context->ContextFlags & FLAG_XSTATE))
        return NULL;
    return (char *)xsave_header(context) + configuration()->features[feature].offset - LEGACY_AREA;
}

BOOL WINAPI k32_SetXStateFeaturesMask(CONTEXT *context, ULONGLONG mask)
{
    if (!(context->ContextFlags & FLAG_AMD64))
        return FALSE;
    if (mask & LEGACY_STATES)
        context->ContextFlags |= FLAG_AMD64 | FLAG_FLOAT;
    if (context->ContextFlags & FLAG_XSTATE)
        *xsave_header(context) = mask & configuration()->enabled & ~LEGACY_STATES;
    else if (mask & ~LEGACY_STATES)
        return FALSE;
    return TRUE;
}

BOOL WINAPI k32_GetXStateFeaturesMask(CONTEXT *context, ULONGLONG *mask)
{
    if (!(context->ContextFlags & FLAG_AMD64))
        return FALSE;
    *mask = context->ContextFlags & FLAG_FLOAT ? LEGACY_STATES : 0;
    if (context->ContextFlags & FLAG_XSTATE)
        *mask |= *xsave_header(context);
    return TRUE;
}
