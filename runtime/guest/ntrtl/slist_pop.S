// RtlInterlockedPopEntrySList.  Between reading the head and reading the entry's link another thread may take the entry and
// free its memory: a fault at ExpInterlockedPopEntrySListFault starts over (except.c), as the Windows kernel does.
        .text
        .globl  RtlInterlockedPopEntrySList, ExpInterlockedPopEntrySListFault, ExpInterlockedPopEntrySListResume
        .p2align 4
        .def RtlInterlockedPopEntrySList; .scl 2; .type 32; .endef
        .seh_proc RtlInterlockedPopEntrySList
RtlInterlockedPopEntrySList:
        pushq   %rbx
        .seh_pushreg %rbx
        .seh_endprologue
        movq    %rcx, %r10
ExpInterlockedPopEntrySListResume:
        movq    (%r10), %rax
        movq    8(%r10), %rdx
1:      movq    %rdx, %r8
        andq    $-16, %r8
        jz      2f
ExpInterlockedPopEntrySListFault:
        movq    (%r8), %rcx
        orq     $1, %rcx
        leaq    -1(%rax), %rbx
        lock cmpxchg16b (%r10)
        jne     1b
2:      movq    %r8, %rax
        popq    %rbx
        retq
        .seh_endproc
