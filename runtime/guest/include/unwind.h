/* x64 exception directory structures that <windows.h> lacks. */
#pragma once
#include <nt.h>

enum {
    UWOP_PUSH_NONVOL,
    UWOP_ALLOC_LARGE,
    UWOP_ALLOC_SMALL,
    UWOP_SET_FPREG,
    UWOP_SAVE_NONVOL,
    UWOP_SAVE_NONVOL_FAR,
    UWOP_EPILOG,
    UWOP_SPARE,
    UWOP_SAVE_XMM128,
    UWOP_SAVE_XMM128_FAR,
    UWOP_PUSH_MACHFRAME,
};

typedef struct {
    UCHAR offset;
    UCHAR op : 4;
    UCHAR info : 4;
} UNWIND_CODE_SLOT;

typedef struct {
    UCHAR version : 3;
    UCHAR flags : 5;
    UCHAR prolog;
    UCHAR count;
    UCHAR frame_register : 4;
    UCHAR frame_offset : 4;
    UNWIND_CODE_SLOT codes[];
} UNWIND_HEADER;

#define SLOT16(header, i) (*(const USHORT *)&(header)->codes[i])
#define SLOT32(header, i) (*(const ULONG __attribute__((aligned(2))) *)&(header)->codes[i])

/* What follows the codes: the handler's RVA and its data, or the chained function entry. */
static inline const ULONG *unwind_tail(const UNWIND_HEADER *header)
{
    return (const ULONG *)&header->codes[(header->count + 1) & ~1];
}

typedef EXCEPTION_DISPOSITION(NTAPI *EXCEPTION_HANDLER)(PEXCEPTION_RECORD, PVOID frame, PCONTEXT, PDISPATCHER_CONTEXT);

/* jmp_buf on x64. */
typedef struct {
    uint64_t frame, rbx, rsp, rbp, rsi, rdi, r12, r13, r14, r15, rip;
    ULONG mxcsr;
    USHORT fpcsr, spare;
    M128A xmm[10];
} JUMP_BUFFER;
