// Stack probes: compilers call these with the frame size in rax before they lower rsp by more than a page.
// Every page between here and there is touched in order, so that the guard page can do its work.
        .text
        .globl  ___chkstk_ms
        .globl  __chkstk
        .p2align 4
        .def ___chkstk_ms; .scl 2; .type 32; .endef
        .def __chkstk; .scl 2; .type 32; .endef
        .seh_proc ___chkstk_ms
___chkstk_ms:
__chkstk:
        pushq   %rcx
        .seh_pushreg %rcx
        pushq   %rax
        .seh_pushreg %rax
        .seh_endprologue
        leaq    24(%rsp), %rcx
1:      cmpq    $0x1000, %rax
        jb      2f
        subq    $0x1000, %rcx
        testb   %cl, (%rcx)
        subq    $0x1000, %rax
        jmp     1b
2:      subq    %rax, %rcx
        testb   %cl, (%rcx)
        popq    %rax
        popq    %rcx
        retq
        .seh_endproc
