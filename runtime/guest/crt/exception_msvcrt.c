/* The C++ classes that msvcrt.dll exports: exception and those derived from it, and type_info. Their layout is that of
 * Visual C++ 6: a table of virtual functions, then the members. */
#include "internal.h"
#include <string.h>

typedef struct crt_exception {
    const void *functions;
    char *text;
    int owned; /* text is ours to free */
} crt_exception;

typedef struct crt_type_info {
    const void *functions;
    char *name;     /* undecorated, made at the first call of name() */
    char decorated[]; /* ".?AVexception@@" */
} crt_type_info;

extern const void *const crt_vftable_exception[], *const crt_vftable_bad_cast[], *const crt_vftable_bad_typeid[],
    *const crt_vftable_non_rtti[], *const crt_type_info_vtable[];

static void set_text(crt_exception *object, const char *text)
{
    object->text = text ? _strdup(text) : NULL;
    object->owned = object->text != NULL;
}

static crt_exception *copy(crt_exception *object, const crt_exception *other, const void *functions)
{
    object->functions = functions;
    if (other->owned) {
        set_text(object, other->text);
    } else {
        object->text = other->text;
        object->owned = 0;
    }
    return object;
}

void crt_exception_destroy(crt_exception *object)
{
    object->functions = crt_vftable_exception;
    if (object->owned)
        free(object->text);
}

static crt_exception *assign(crt_exception *object, const crt_exception *other)
{
    if (object != other) {
        const void *functions = object->functions;
        crt_exception_destroy(object);
        copy(object, other, functions);
    }
    return object;
}

const char *crt_exception_what(const crt_exception *object)
{
    return object->text ? object->text : "Unknown exception";
}

/* The compiler's deleting destructor: bit 0 frees, bit 1 says array, with its count in front. */
void *crt_exception_delete(crt_exception *object, unsigned flags)
{
    if (flags & 2) {
        size_t *count = (size_t *)object - 1;
        for (size_t i = *count; i-- > 0;)
            crt_exception_destroy(object + i);
        if (flags & 1)
            free(count);
        return count;
    }
    crt_exception_destroy(object);
    if (flags & 1)
        free(object);
    return object;
}

crt_exception *crt_exception_new(crt_exception *object)
{
    object->functions = crt_vftable_exception;
    object->text = NULL;
    object->owned = 0;
    return object;
}

crt_exception *crt_exception_new_indirect(crt_exception *object, const char *const *text)
{
    object->functions = crt_vftable_exception;
    set_text(object, *text);
    return object;
}

/* The text is a literal: not copied. */
crt_exception *crt_exception_new_literal(crt_exception *object, const char *const *text, int unused)
{
    (void)unused;
    object->functions = crt_vftable_exception;
    object->text = (char *)*text;
    object->owned = 0;
    return object;
}

#define CLASS(name)                                                                                                    \
    crt_exception *crt_##name##_new_text(crt_exception *object, const char *text)                                      \
    {                                                                                                                  \
        set_text(object, text);                                                                                        \
        object->functions = crt_vftable_##name;                                                                        \
        return object;                                                                                                 \
    }                                                                                                                  \
    crt_exception *crt_##name##_copy(crt_exception *object, const crt_exception *other)                                \
    {                                                                                                                  \
        return copy(object, other, crt_vftable_##name);                                                                \
    }                                                                                                                  \
    crt_exception *crt_##name##_assign(crt_exception *object, const crt_exception *other)                              \
    {                                                                                                                  \
        return assign(object, other);                                                                                  \
    }

CLASS(exception)
CLASS(bad_cast)
CLASS(bad_typeid)
CLASS(non_rtti)

crt_exception *crt_bad_cast_new_indirect(crt_exception *object, const char *const *text)
{
    return crt_bad_cast_new_text(object, *text);
}

/* Default constructors, for arrays. */
void crt_bad_cast_new(crt_exception *object)
{
    crt_bad_cast_new_text(object, "bad cast");
}

void crt_bad_typeid_new(crt_exception *object)
{
    crt_bad_typeid_new_text(object, "bad typeid");
}

/* ---- what dynamic_cast and typeid throw (../vcruntime/rtti.c) ------------------------------------------------------- */

#define CXX_EXCEPTION 0xe06d7363
#define CXX_MAGIC 0x19930520

extern const char __ImageBase[];
extern const unsigned crt_throw_bad_cast[], crt_throw_bad_typeid[];

static __attribute__((noreturn)) void throw(crt_exception *object, const unsigned *information)
{
    ULONG_PTR arguments[4] = {CXX_MAGIC, (ULONG_PTR)object, (ULONG_PTR)information, (ULONG_PTR)__ImageBase};
    RaiseException(CXX_EXCEPTION, EXCEPTION_NONCONTINUABLE, 4, arguments);
    __builtin_unreachable();
}

__attribute__((noreturn)) void cxx_throw_bad_cast(void)
{
    crt_exception object;
    throw(crt_bad_cast_new_text(&object, "Bad dynamic_cast!"), crt_throw_bad_cast);
}

__attribute__((noreturn)) void cxx_throw_bad_typeid(void)
{
    crt_exception object;
    throw(crt_bad_typeid_new_text(&object, "Attempted a typeid of NULL pointer!"), crt_throw_bad_typeid);
}

/* ---- type_info --------------------------------------------------------------------------------------------------- */

void crt_type_info_destroy(crt_type_info *info)
{
    free(info->name);
    info->name = NULL;
}

void *crt_type_info_vector_destroy(crt_type_info *info, unsigned flags)
{
    crt_type_info_destroy(info);
    if (flags & 1)
        free(info);
    return info;
}

int crt_type_info_equal(const crt_type_info *left, const crt_type_info *right)
{
    return !strcmp(left->decorated + 1, right->decorated + 1);
}

int crt_type_info_differ(const crt_type_info *left, const crt_type_info *right)
{
    return !crt_type_info_equal(left, right);
}

int crt_type_info_before(const crt_type_info *left, const crt_type_info *right)
{
    return strcmp(left->decorated + 1, right->decorated + 1) < 0;
}

const char *crt_type_info_raw_name(const crt_type_info *info)
{
    return info->decorated;
}

char *__unDName(char *buffer, const char *decorated, int size, void *(*allocate)(size_t), void (*release)(void *),
                unsigned short flags);

#define UNDNAME_TYPE_ONLY 0x2000
#define UNDNAME_32_BIT 0x0800

const char *crt_type_info_name(crt_type_info *info)
{
    if (!info->name) {
        char *name = __unDName(NULL, info->decorated + 1, 0, malloc, free, UNDNAME_TYPE_ONLY | UNDNAME_32_BIT);
        if (name && InterlockedCompareExchangePointer((void **)&info->name, name, NULL))
            free(name);
    }
    return info->name;
}
