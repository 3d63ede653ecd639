// rcx: where to leave the stack pointer of the fiber that is left, rdx: stack pointer of the one that goes on.
        .text
        .globl  RtlpSwitchStacks, RtlpFiberEntry
        .p2align 4
        .def RtlpSwitchStacks; .scl 2; .type 32; .endef
        .seh_proc RtlpSwitchStacks
RtlpSwitchStacks:
        pushq   %rbx
        .seh_pushreg %rbx
        pushq   %rbp
        .seh_pushreg %rbp
        pushq   %rsi
        .seh_pushreg %rsi
        pushq   %rdi
        .seh_pushreg %rdi
        pushq   %r12
        .seh_pushreg %r12
        pushq   %r13
        .seh_pushreg %r13
        pushq   %r14
        .seh_pushreg %r14
        pushq   %r15
        .seh_pushreg %r15
        subq    $0xB8, %rsp
        .seh_stackalloc 0xB8
        movdqa  %xmm6, 0x10(%rsp)
        .seh_savexmm %xmm6, 0x10
        movdqa  %xmm7, 0x20(%rsp)
        .seh_savexmm %xmm7, 0x20
        movdqa  %xmm8, 0x30(%rsp)
        .seh_savexmm %xmm8, 0x30
        movdqa  %xmm9, 0x40(%rsp)
        .seh_savexmm %xmm9, 0x40
        movdqa  %xmm10, 0x50(%rsp)
        .seh_savexmm %xmm10, 0x50
        movdqa  %xmm11, 0x60(%rsp)
        .seh_savexmm %xmm11, 0x60
        movdqa  %xmm12, 0x70(%rsp)
        .seh_savexmm %xmm12, 0x70
        movdqa  %xmm13, 0x80(%rsp)
        .seh_savexmm %xmm13, 0x80
        movdqa  %xmm14, 0x90(%rsp)
        .seh_savexmm %xmm14, 0x90
        movdqa  %xmm15, 0xA0(%rsp)
        .seh_savexmm %xmm15, 0xA0
        .seh_endprologue
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rcx)
        movq    %rdx, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        movdqa  0x10(%rsp), %xmm6
        movdqa  0x20(%rsp), %xmm7
        movdqa  0x30(%rsp), %xmm8
        movdqa  0x40(%rsp), %xmm9
        movdqa  0x50(%rsp), %xmm10
        movdqa  0x60(%rsp), %xmm11
        movdqa  0x70(%rsp), %xmm12
        movdqa  0x80(%rsp), %xmm13
        movdqa  0x90(%rsp), %xmm14
        movdqa  0xA0(%rsp), %xmm15
        addq    $0xB8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rdi
        popq    %rsi
        popq    %rbp
        popq    %rbx
        retq
        .seh_endproc

// A fiber's first instructions, entered with rsp aligned to 16: rbx and rbp were put into its first frame by CreateFiberEx.
        .p2align 4
        .def RtlpFiberEntry; .scl 2; .type 32; .endef
        .seh_proc RtlpFiberEntry
RtlpFiberEntry:
        subq    $0x20, %rsp
        .seh_stackalloc 0x20
        .seh_endprologue
        movq    %rbx, %rcx
        movq    %rbp, %rdx
        callq   RtlUserFiberStart_
        int3
        .seh_endproc
