/* longjmp: back to setjmp, through the unwind handlers between when setjmp was given a frame. */
#include "internal.h"

#define STATUS_LONGJUMP ((DWORD)0x80000026)

typedef struct crt_jump_buffer {
    uint64_t frame, rbx, rsp, rbp, rsi, rdi, r12, r13, r14, r15, rip;
    /* MXCSR, the x87 control word and xmm6 to xmm15 follow */
} crt_jump_buffer;

__attribute__((noreturn)) void crt_restore_jump(crt_jump_buffer *buffer, int value);

__attribute__((noreturn)) void crt_longjmp(crt_jump_buffer *buffer, int value)
{
    if (!value)
        value = 1;
    if (buffer->frame) {
        /* The unwinder finds the registers to restore through the record. */
        EXCEPTION_RECORD record = {
            .ExceptionCode = STATUS_LONGJUMP,
            .NumberParameters = 1,
            .ExceptionInformation = {(ULONG_PTR)buffer},
        };
        RtlUnwind((void *)buffer->frame, (void *)buffer->rip, &record, (void *)(intptr_t)value);
    }
    crt_restore_jump(buffer, value);
}
