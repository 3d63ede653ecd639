/* Tables of the classes that dynamic_cast and typeid throw: std::bad_cast, std::bad_typeid and their base. */
#include "cxx_tables.h"

    descriptor type_exception, 0, ".?AVexception@std@@"
    descriptor type_bad_cast, 0, ".?AVbad_cast@std@@"
    descriptor type_bad_typeid, 0, ".?AVbad_typeid@std@@"

    base base_exception, type_exception, 0
    base base_bad_cast, type_bad_cast, 1
    base base_bad_typeid, type_bad_typeid, 1
    hierarchy base_exception, 1, base_exception
    hierarchy base_bad_cast, 2, base_bad_cast, base_exception
    hierarchy base_bad_typeid, 2, base_bad_typeid, base_exception
    locator locator_exception, type_exception, base_exception
    locator locator_bad_cast, type_bad_cast, base_bad_cast
    locator locator_bad_typeid, type_bad_typeid, base_bad_typeid

    vftable vftable_exception, locator_exception, exception_delete, exception_what
    vftable vftable_bad_cast, locator_bad_cast, exception_delete, exception_what
    vftable vftable_bad_typeid, locator_bad_typeid, exception_delete, exception_what

    catchable catch_exception, type_exception, exception_copy
    catchable catch_bad_cast, type_bad_cast, bad_cast_copy
    catchable catch_bad_typeid, type_bad_typeid, bad_typeid_copy
    throwable throw_bad_cast, exception_destroy, 2, catch_bad_cast, catch_exception
    throwable throw_bad_typeid, exception_destroy, 2, catch_bad_typeid, catch_exception
