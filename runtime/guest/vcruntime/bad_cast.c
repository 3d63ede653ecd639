/* What dynamic_cast and typeid throw: std::bad_cast and std::bad_typeid, laid out as the C++ library has them. */
#include "eh.h"

struct exception_data {
    const char *what;
    BOOLEAN owned;
};
struct exception {
    const void *functions;
    struct exception_data data;
};

void _CxxThrowException(void *object, const struct throw_info *info);
void __std_exception_copy(const struct exception_data *from, struct exception_data *to);
void __std_exception_destroy(struct exception_data *data);

extern const void *const vftable_exception[], *const vftable_bad_cast[], *const vftable_bad_typeid[];
extern const struct throw_info throw_bad_cast, throw_bad_typeid;

const char *exception_what(const struct exception *object)
{
    return object->data.what ? object->data.what : "Unknown exception";
}

void exception_destroy(struct exception *object)
{
    object->functions = vftable_exception;
    __std_exception_destroy(&object->data);
}

/* The compiler's deleting destructor; these objects live on stacks, but a copy may be on the heap. */
void *exception_delete(struct exception *object, unsigned flags)
{
    exception_destroy(object);
    if (flags & 1)
        HeapFree(GetProcessHeap(), 0, object);
    return object;
}

static struct exception *copy(struct exception *to, const struct exception *from, const void *functions)
{
    to->functions = functions;
    to->data.what = NULL;
    to->data.owned = FALSE;
    __std_exception_copy(&from->data, &to->data);
    return to;
}

struct exception *exception_copy(struct exception *to, const struct exception *from)
{
    return copy(to, from, vftable_exception);
}

struct exception *bad_cast_copy(struct exception *to, const struct exception *from)
{
    return copy(to, from, vftable_bad_cast);
}

struct exception *bad_typeid_copy(struct exception *to, const struct exception *from)
{
    return copy(to, from, vftable_bad_typeid);
}

__attribute__((noreturn)) void cxx_throw_bad_cast(void)
{
    struct exception object = {vftable_bad_cast, {"Bad dynamic_cast!", FALSE}};
    _CxxThrowException(&object, &throw_bad_cast);
    __builtin_unreachable();
}

__attribute__((noreturn)) void cxx_throw_bad_typeid(void)
{
    struct exception object = {vftable_bad_typeid, {"Attempted a typeid of nullptr pointer!", FALSE}};
    _CxxThrowException(&object, &throw_bad_typeid);
    __builtin_unreachable();
}
