// Entry points from the system layer and the register-level parts of exception handling.
//
// The system pushes a CONTEXT and enters with rsp pointing to it.  The entry points build a machine frame below it from the
// CONTEXT's rip and rsp; their unwind information names that frame and the registers in the CONTEXT, so that unwinding
// continues in the interrupted code.

#define CTX_FLAGS 0x30
#define CTX_MXCSR 0x34
#define CTX_CS 0x38
#define CTX_SS 0x42
#define CTX_EFLAGS 0x44
#define CTX_RAX 0x78
#define CTX_RCX 0x80
#define CTX_RDX 0x88
#define CTX_RBX 0x90
#define CTX_RSP 0x98
#define CTX_RBP 0xA0
#define CTX_RSI 0xA8
#define CTX_RDI 0xB0
#define CTX_R8 0xB8
#define CTX_R9 0xC0
#define CTX_R10 0xC8
#define CTX_R11 0xD0
#define CTX_R12 0xD8
#define CTX_R13 0xE0
#define CTX_R14 0xE8
#define CTX_R15 0xF0
#define CTX_RIP 0xF8
#define CTX_FLOAT 0x100
#define CTX_SIZE 0x4D0
#define REC_INFO 0x20
#define FRAME 0x50              /* shadow 0x20, machine frame 0x28, 8 spare */

.macro FUNCTION name
        .globl  \name
        .p2align 4
        .def \name; .scl 2; .type 32; .endef
        .seh_proc \name
\name:
.endm

// Unwind information: registers in a CONTEXT at FRAME, machine frame at 0x20.
.macro CONTEXT_FRAME
        .seh_pushframe
        .seh_stackalloc 0x20
        .seh_savereg %rbx, FRAME + CTX_RBX
        .seh_savereg %rbp, FRAME + CTX_RBP
        .seh_savereg %rsi, FRAME + CTX_RSI
        .seh_savereg %rdi, FRAME + CTX_RDI
        .seh_savereg %r12, FRAME + CTX_R12
        .seh_savereg %r13, FRAME + CTX_R13
        .seh_savereg %r14, FRAME + CTX_R14
        .seh_savereg %r15, FRAME + CTX_R15
        .seh_savexmm %xmm6, FRAME + 0x200
        .seh_savexmm %xmm7, FRAME + 0x210
        .seh_savexmm %xmm8, FRAME + 0x220
        .seh_savexmm %xmm9, FRAME + 0x230
        .seh_savexmm %xmm10, FRAME + 0x240
        .seh_savexmm %xmm11, FRAME + 0x250
        .seh_savexmm %xmm12, FRAME + 0x260
        .seh_savexmm %xmm13, FRAME + 0x270
        .seh_savexmm %xmm14, FRAME + 0x280
        .seh_savexmm %xmm15, FRAME + 0x290
        .seh_endprologue
.endm

// Fill the machine frame from the CONTEXT at FRAME.
.macro MACHINE_FRAME
        movq    FRAME + CTX_RIP(%rsp), %rax
        movq    %rax, 0x20(%rsp)
        movq    FRAME + CTX_RSP(%rsp), %rax
        movq    %rax, 0x38(%rsp)
        movzwl  FRAME + CTX_CS(%rsp), %eax
        movq    %rax, 0x28(%rsp)
        movl    FRAME + CTX_EFLAGS(%rsp), %eax
        movq    %rax, 0x30(%rsp)
        movzwl  FRAME + CTX_SS(%rsp), %eax
        movq    %rax, 0x40(%rsp)
.endm

        .text

// rsp: CONTEXT, EXCEPTION_RECORD at 0x4F0.  The floating-point state is still in the registers: saving it here is cheaper
// than for the system to do it.
FUNCTION KiUserExceptionDispatcher
        CONTEXT_FRAME
        cld
        subq    $FRAME, %rsp
        fxsave  FRAME + CTX_FLOAT(%rsp)
        stmxcsr FRAME + CTX_MXCSR(%rsp)
        orl     $8, FRAME + CTX_FLAGS(%rsp)
        MACHINE_FRAME
        leaq    FRAME + 0x4F0(%rsp), %rcx
        leaq    FRAME(%rsp), %rdx
        callq   RtlpDispatchUserException
        int3
        .seh_endproc

// rsp: CONTEXT; P1Home-P3Home the arguments, P4Home the routine.
FUNCTION KiUserApcDispatcher
        CONTEXT_FRAME
        cld
        subq    $FRAME, %rsp
        MACHINE_FRAME
        movq    FRAME + 0x00(%rsp), %rcx
        movq    FRAME + 0x08(%rsp), %rdx
        movq    FRAME + 0x10(%rsp), %r8
        leaq    FRAME(%rsp), %r9
        callq   *FRAME + 0x18(%rsp)
        leaq    FRAME(%rsp), %rcx
        movl    $1, %edx
        callq   *__imp_NtContinue(%rip)
        movl    %eax, %ecx
        callq   RtlRaiseStatus
        int3
        .seh_endproc

// rsp: home space 0x20, then buffer, length, api number, machine frame.
FUNCTION KiUserCallbackDispatcher
        .seh_pushframe
        .seh_stackalloc 0x30
        .seh_endprologue
        cld
        movq    0x20(%rsp), %rcx
        movl    0x28(%rsp), %edx
        movl    0x2C(%rsp), %r8d
        callq   RtlpDispatchUserCallback
        int3
        .seh_endproc

// Call the language handler of a frame.  The dispatcher context is left where the two handlers below find it.
FUNCTION RtlpExecuteHandlerForException
        .seh_handler RtlpExceptionHandler, @except, @unwind
        subq    $0x28, %rsp
        .seh_stackalloc 0x28
        .seh_endprologue
        movq    %r9, 0x20(%rsp)
        callq   *0x30(%r9)
        nop
        addq    $0x28, %rsp
        retq
        .seh_endproc

FUNCTION RtlpExecuteHandlerForUnwind
        .seh_handler RtlpUnwindHandler, @except, @unwind
        subq    $0x28, %rsp
        .seh_stackalloc 0x28
        .seh_endprologue
        movq    %r9, 0x20(%rsp)
        callq   *0x30(%r9)
        nop
        addq    $0x28, %rsp
        retq
        .seh_endproc

// rcx: CONTEXT to fill with the caller's state as it is after this call returns.
FUNCTION RtlCaptureContext
        pushfq
        .seh_stackalloc 8
        .seh_endprologue
        movl    $0x10000F, CTX_FLAGS(%rcx)
        movq    %rax, CTX_RAX(%rcx)
        movq    %rcx, CTX_RCX(%rcx)
        movq    %rdx, CTX_RDX(%rcx)
        movq    %rbx, CTX_RBX(%rcx)
        movq    %rbp, CTX_RBP(%rcx)
        movq    %rsi, CTX_RSI(%rcx)
        movq    %rdi, CTX_RDI(%rcx)
        movq    %r8, CTX_R8(%rcx)
        movq    %r9, CTX_R9(%rcx)
        movq    %r10, CTX_R10(%rcx)
        movq    %r11, CTX_R11(%rcx)
        movq    %r12, CTX_R12(%rcx)
        movq    %r13, CTX_R13(%rcx)
        movq    %r14, CTX_R14(%rcx)
        movq    %r15, CTX_R15(%rcx)
        movw    %cs, CTX_CS(%rcx)
        movw    %ds, 0x3A(%rcx)
        movw    %es, 0x3C(%rcx)
        movw    %fs, 0x3E(%rcx)
        movw    %gs, 0x40(%rcx)
        movw    %ss, CTX_SS(%rcx)
        stmxcsr CTX_MXCSR(%rcx)
        fxsave  CTX_FLOAT(%rcx)
        movl    (%rsp), %eax
        movl    %eax, CTX_EFLAGS(%rcx)
        leaq    0x10(%rsp), %rax
        movq    %rax, CTX_RSP(%rcx)
        movq    8(%rsp), %rax
        movq    %rax, CTX_RIP(%rcx)
        movq    CTX_RAX(%rcx), %rax
        addq    $8, %rsp
        retq
        .seh_endproc

// rcx: CONTEXT to continue with.
FUNCTION RtlpRestoreContext
        .seh_endprologue
        subq    $0x30, %rsp
        andq    $-16, %rsp
        testl   $8, CTX_FLAGS(%rcx)
        jz      1f
        fxrstor CTX_FLOAT(%rcx)
        ldmxcsr CTX_MXCSR(%rcx)
1:      movl    %ss, %eax
        movq    %rax, 0x20(%rsp)
        movq    CTX_RSP(%rcx), %rax
        movq    %rax, 0x18(%rsp)
        movl    CTX_EFLAGS(%rcx), %eax
        movq    %rax, 0x10(%rsp)
        movl    %cs, %eax
        movq    %rax, 0x08(%rsp)
        movq    CTX_RIP(%rcx), %rax
        movq    %rax, 0x00(%rsp)
        movq    CTX_RAX(%rcx), %rax
        movq    CTX_RDX(%rcx), %rdx
        movq    CTX_RBX(%rcx), %rbx
        movq    CTX_RBP(%rcx), %rbp
        movq    CTX_RSI(%rcx), %rsi
        movq    CTX_RDI(%rcx), %rdi
        movq    CTX_R8(%rcx), %r8
        movq    CTX_R9(%rcx), %r9
        movq    CTX_R10(%rcx), %r10
        movq    CTX_R11(%rcx), %r11
        movq    CTX_R12(%rcx), %r12
        movq    CTX_R13(%rcx), %r13
        movq    CTX_R14(%rcx), %r14
        movq    CTX_R15(%rcx), %r15
        movq    CTX_RCX(%rcx), %rcx
        iretq
        .seh_endproc

// rcx: CONTEXT of the target, rdx: record of a consolidating unwind.  Calls the record's function on this deep stack, with
// unwind information that leads straight to the target; it returns where to go on.
FUNCTION RtlpConsolidateFrames
        CONTEXT_FRAME
        subq    $0x538, %rsp
        movq    %rdx, 0x528(%rsp)
        movq    %rcx, %rdx
        leaq    FRAME(%rsp), %rcx
        movl    $CTX_SIZE, %r8d
        callq   memmove
        MACHINE_FRAME
        movq    0x528(%rsp), %rcx
        callq   *REC_INFO(%rcx)
        movq    %rax, FRAME + CTX_RIP(%rsp)
        leaq    FRAME(%rsp), %rcx
        jmp     RtlpRestoreContext
        .seh_endproc

// rcx: record.  The context raised is the caller's, as if this function had returned.
FUNCTION RtlRaiseException
        subq    $0x4F8, %rsp
        .seh_stackalloc 0x4F8
        .seh_endprologue
        movq    %rcx, 0x500(%rsp)
        leaq    0x20(%rsp), %rcx
        callq   RtlCaptureContext
        leaq    0x20(%rsp), %rdx
        movq    0x500(%rsp), %rcx
        movq    %rcx, CTX_RCX(%rdx)
        leaq    0x500(%rsp), %rax
        movq    %rax, CTX_RSP(%rdx)
        movq    0x4F8(%rsp), %rax
        movq    %rax, CTX_RIP(%rdx)
        movq    %rax, 0x10(%rcx)
        andl    $~8, CTX_FLAGS(%rdx)    // the floating-point state is in the registers, as the dispatcher expects it
        movl    $1, %r8d
        callq   *__imp_NtRaiseException(%rip)
        movl    %eax, %ecx
        callq   RtlRaiseStatus
        int3
        .seh_endproc

// setjmp: rcx jmp_buf, rdx the frame to unwind to, or 0 to jump without unwinding.
FUNCTION rtl_setjmp
        .seh_endprologue
        movq    %rdx, 0x00(%rcx)
        movq    %rbx, 0x08(%rcx)
        leaq    8(%rsp), %rax
        movq    %rax, 0x10(%rcx)
        movq    %rbp, 0x18(%rcx)
        movq    %rsi, 0x20(%rcx)
        movq    %rdi, 0x28(%rcx)
        movq    %r12, 0x30(%rcx)
        movq    %r13, 0x38(%rcx)
        movq    %r14, 0x40(%rcx)
        movq    %r15, 0x48(%rcx)
        movq    (%rsp), %rax
        movq    %rax, 0x50(%rcx)
        stmxcsr 0x58(%rcx)
        fnstcw  0x5C(%rcx)
        movdqu  %xmm6, 0x60(%rcx)
        movdqu  %xmm7, 0x70(%rcx)
        movdqu  %xmm8, 0x80(%rcx)
        movdqu  %xmm9, 0x90(%rcx)
        movdqu  %xmm10, 0xA0(%rcx)
        movdqu  %xmm11, 0xB0(%rcx)
        movdqu  %xmm12, 0xC0(%rcx)
        movdqu  %xmm13, 0xD0(%rcx)
        movdqu  %xmm14, 0xE0(%rcx)
        movdqu  %xmm15, 0xF0(%rcx)
        xorl    %eax, %eax
        retq
        .seh_endproc

// rcx jmp_buf, edx value: the registers of the buffer, without unwinding.
FUNCTION rtl_jump
        .seh_endprologue
        movl    %edx, %eax
        movq    0x08(%rcx), %rbx
        movq    0x18(%rcx), %rbp
        movq    0x20(%rcx), %rsi
        movq    0x28(%rcx), %rdi
        movq    0x30(%rcx), %r12
        movq    0x38(%rcx), %r13
        movq    0x40(%rcx), %r14
        movq    0x48(%rcx), %r15
        ldmxcsr 0x58(%rcx)
        fnclex
        fldcw   0x5C(%rcx)
        movdqu  0x60(%rcx), %xmm6
        movdqu  0x70(%rcx), %xmm7
        movdqu  0x80(%rcx), %xmm8
        movdqu  0x90(%rcx), %xmm9
        movdqu  0xA0(%rcx), %xmm10
        movdqu  0xB0(%rcx), %xmm11
        movdqu  0xC0(%rcx), %xmm12
        movdqu  0xD0(%rcx), %xmm13
        movdqu  0xE0(%rcx), %xmm14
        movdqu  0xF0(%rcx), %xmm15
        movq    0x50(%rcx), %rdx
        movq    0x10(%rcx), %rsp
        jmpq    *%rdx
        .seh_endproc
