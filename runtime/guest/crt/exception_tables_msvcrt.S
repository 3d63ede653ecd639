/* Virtual function tables and type information of the C++ classes that msvcrt.dll exports: exception, bad_cast,
 * bad_typeid, __non_rtti_object and type_info. Addresses in type information are relative to the image. */

    .macro descriptor label, name
    .data
    .p2align 3
\label:
    .quad crt_type_info_vtable
    .quad 0
    .asciz "\name"
    .endm

    .macro base label, type, bases
    .section .rdata,"dr"
    .p2align 2
\label:
    .rva \type
    .long \bases, 0, -1, 0, 0x40
    .rva \label\()_hierarchy
    .endm

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

    .macro locator label, type, table
    .p2align 2
\label:
    .long 1, 0, 0
    .rva \type
    .rva \table\()_hierarchy
    .rva \label
    .endm

    descriptor crt_type_exception, ".?AVexception@@"
    descriptor crt_type_bad_cast, ".?AVbad_cast@@"
    descriptor crt_type_bad_typeid, ".?AVbad_typeid@@"
    descriptor crt_type_non_rtti, ".?AV__non_rtti_object@@"
    descriptor crt_type_type_info, ".?AVtype_info@@"

    base base_exception, crt_type_exception, 0
    base base_bad_cast, crt_type_bad_cast, 1
    base base_bad_typeid, crt_type_bad_typeid, 1
    base base_non_rtti, crt_type_non_rtti, 2
    base base_type_info, crt_type_type_info, 0
    hierarchy base_exception, 1, base_exception
    hierarchy base_bad_cast, 2, base_bad_cast, base_exception
    hierarchy base_bad_typeid, 2, base_bad_typeid, base_exception
    hierarchy base_non_rtti, 3, base_non_rtti, base_bad_typeid, base_exception
    hierarchy base_type_info, 1, base_type_info

    locator locator_exception, crt_type_exception, base_exception
    locator locator_bad_cast, crt_type_bad_cast, base_bad_cast
    locator locator_bad_typeid, crt_type_bad_typeid, base_bad_typeid
    locator locator_non_rtti, crt_type_non_rtti, base_non_rtti
    locator locator_type_info, crt_type_type_info, base_type_info

    .macro table label, locator, destructor, what
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

    table crt_vftable_exception, locator_exception, crt_exception_delete, crt_exception_what
    table crt_vftable_bad_cast, locator_bad_cast, crt_exception_delete, crt_exception_what
    table crt_vftable_bad_typeid, locator_bad_typeid, crt_exception_delete, crt_exception_what
    table crt_vftable_non_rtti, locator_non_rtti, crt_exception_delete, crt_exception_what
    table crt_type_info_vtable, locator_type_info, crt_type_info_vector_destroy
