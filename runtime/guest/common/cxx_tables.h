/* Assembler macros for the tables of C++ classes that a runtime DLL defines: virtual functions, type information, what can
 * be caught. Addresses in them are relative to the image. */

/* A type: its decorated name, and the table of type_info's virtual functions (or 0). */
    .macro descriptor label, vtable, name
    .data
    .p2align 3
\label:
    .quad \vtable
    .quad 0
    .asciz "\name"
    .endm

/* A class as a base: how many bases of its own follow it in a hierarchy. */
    .macro base label, type, bases
    .section .rdata,"dr"
    .p2align 2
\label:
    .rva \type
    .long \bases, 0, -1, 0, 0x40
    .rva \label\()_hierarchy
    .endm

/* The class and its bases, itself first. */
    .macro hierarchy label, count, first, second, third
    .section .rdata,"dr"
    .p2align 2
\label\()_hierarchy:
    .long 0, 0, \count
    .rva \label\()_bases
\label\()_bases:
    .rva \first
    .ifnb \second
    .rva \second
    .endif
    .ifnb \third
    .rva \third
    .endif
    .endm

    .macro locator label, type, base
    .section .rdata,"dr"
    .p2align 2
\label:
    .long 1, 0, 0
    .rva \type
    .rva \base\()_hierarchy
    .rva \label
    .endm

/* A table of virtual functions; what stands before it tells the type. */
    .macro vftable label, locator, destructor, what
    .section .rdata,"dr"
    .p2align 3
    .quad \locator
    .globl \label
\label:
    .quad \destructor
    .ifnb \what
    .quad \what
    .endif
    .endm

/* One type that an exception can be caught as, and its copy constructor. The objects have 24 bytes. */
    .macro catchable label, type, copy
    .section .rdata,"dr"
    .p2align 2
\label:
    .long 0
    .rva \type
    .long 0, -1, 0, 24
    .rva \copy
    .endm

/* What _CxxThrowException wants to know. */
    .macro throwable label, destructor, count, first, second, third
    .section .rdata,"dr"
    .p2align 2
    .globl \label
\label:
    .long 0
    .rva \destructor
    .long 0
    .rva \label\()_types
\label\()_types:
    .long \count
    .rva \first
    .rva \second
    .ifnb \third
    .rva \third
    .endif
    .endm
