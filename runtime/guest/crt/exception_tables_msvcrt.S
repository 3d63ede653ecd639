/* Tables of the C++ classes that msvcrt.dll exports: exception, bad_cast, bad_typeid, __non_rtti_object, type_info. */
#include "cxx_tables.h"

    descriptor type_exception, crt_type_info_vtable, ".?AVexception@@"
    descriptor type_bad_cast, crt_type_info_vtable, ".?AVbad_cast@@"
    descriptor type_bad_typeid, crt_type_info_vtable, ".?AVbad_typeid@@"
    descriptor type_non_rtti, crt_type_info_vtable, ".?AV__non_rtti_object@@"
    descriptor type_type_info, crt_type_info_vtable, ".?AVtype_info@@"

    base base_exception, type_exception, 0
    base base_bad_cast, type_bad_cast, 1
    base base_bad_typeid, type_bad_typeid, 1
    base base_non_rtti, type_non_rtti, 2
    base base_type_info, type_type_info, 0
    hierarchy base_exception, 1, base_exception
    hierarchy base_bad_cast, 2, base_bad_cast, base_exception
    hierarchy base_bad_typeid, 2, base_bad_typeid, base_exception
    hierarchy base_non_rtti, 3, base_non_rtti, base_bad_typeid, base_exception
    hierarchy base_type_info, 1, base_type_info

    locator locator_exception, type_exception, base_exception
    locator locator_bad_cast, type_bad_cast, base_bad_cast
    locator locator_bad_typeid, type_bad_typeid, base_bad_typeid
    locator locator_non_rtti, type_non_rtti, base_non_rtti
    locator locator_type_info, type_type_info, base_type_info

    vftable crt_vftable_exception, locator_exception, crt_exception_delete, crt_exception_what
    vftable crt_vftable_bad_cast, locator_bad_cast, crt_exception_delete, crt_exception_what
    vftable crt_vftable_bad_typeid, locator_bad_typeid, crt_exception_delete, crt_exception_what
    vftable crt_vftable_non_rtti, locator_non_rtti, crt_exception_delete, crt_exception_what
    vftable crt_type_info_vtable, locator_type_info, crt_type_info_vector_destroy

    catchable catch_exception, type_exception, crt_exception_copy
    catchable catch_bad_cast, type_bad_cast, crt_bad_cast_copy
    catchable catch_bad_typeid, type_bad_typeid, crt_bad_typeid_copy
    throwable crt_throw_bad_cast, crt_exception_destroy, 2, catch_bad_cast, catch_exception
    throwable crt_throw_bad_typeid, crt_exception_destroy, 2, catch_bad_typeid, catch_exception
