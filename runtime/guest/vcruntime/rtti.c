/* Run-time type information: typeid and dynamic_cast. Also part of msvcrt.dll, which throws classes of its own. */
#include "eh.h"

int strcmp(const char *, const char *);

/* What each DLL throws for itself. */
__attribute__((noreturn)) void cxx_throw_bad_cast(void);
__attribute__((noreturn)) void cxx_throw_bad_typeid(void);

struct class_hierarchy {
    ULONG signature, attributes, count;
    ULONG bases;
};
struct base_class {
    ULONG type;
    ULONG contained;
    struct member_displacement displacement;
    ULONG attributes;
    ULONG hierarchy;
};
struct object_locator {
    ULONG signature, offset, constructor_offset;
    ULONG type, hierarchy, self;
};
enum { HIERARCHY_MULTIPLE = 1, HIERARCHY_VIRTUAL = 2, HIERARCHY_AMBIGUOUS = 4 };
enum { BASE_NOT_VISIBLE = 1, BASE_AMBIGUOUS = 2, BASE_PRIVATE = 4, BASE_PRIVATE_IN_COMPLETE = 8 };

static const struct object_locator *locator_of(const void *object)
{
    return (*(const struct object_locator ***)object)[-1];
}

static ULONG64 image_of(const struct object_locator *locator)
{
    if (locator->signature)
        return (ULONG64)locator - locator->self;
    PVOID base;
    RtlPcToFileHeader((PVOID)locator, &base);
    return (ULONG64)base;
}

static void *complete_object(const void *object, const struct object_locator *locator)
{
    char *result = (char *)object - locator->offset;
    if (locator->constructor_offset)
        result -= *(int *)((const char *)object - locator->constructor_offset);
    return result;
}

static BOOL same(const struct type_descriptor *left, const struct type_descriptor *right)
{
    return left == right || !strcmp(left->name, right->name);
}

void *__RTCastToVoid(void *object)
{
    return object ? complete_object(object, locator_of(object)) : NULL;
}

const struct type_descriptor *__RTtypeid(void *object)
{
    if (!object)
        cxx_throw_bad_typeid();
    const struct object_locator *locator = locator_of(object);
    return (const struct type_descriptor *)(image_of(locator) + locator->type);
}

static const struct base_class *base_at(ULONG64 image, const struct class_hierarchy *hierarchy, ULONG index)
{
    return (const struct base_class *)(image + ((const ULONG *)(image + hierarchy->bases))[index]);
}

static const struct type_descriptor *type_of(ULONG64 image, const struct base_class *base)
{
    return (const struct type_descriptor *)(image + base->type);
}

static char *base_address(char *complete, const struct base_class *base)
{
    const struct member_displacement *way = &base->displacement;
    char *address = complete + way->member;
    if (way->vtable >= 0) /* through the table of virtual bases */
        address += way->vtable + *(LONG *)(*(char **)(complete + way->vtable) + way->index);
    return address;
}

/* The base class subobject to cast to, or NULL.  First down the line from the source subobject, then across. */
static const struct base_class *find_target(ULONG64 image, const struct class_hierarchy *hierarchy, char *complete,
                                            const char *source_address, const struct type_descriptor *source,
                                            const struct type_descriptor *target)
{
    const struct base_class *across = NULL;
    BOOL source_public = FALSE;
    unsigned across_count = 0;
    for (ULONG i = 0; i < hierarchy->count; ++i) {
        const struct base_class *base = base_at(image, hierarchy, i);
        if (!same(type_of(image, base), target))
            continue;
        /* Down: the source is a public base within this target subobject. */
        for (ULONG k = 1; k <= base->contained && i + k < hierarchy->count; ++k) {
            const struct base_class *inner = base_at(image, hierarchy, i + k);
            if (!same(type_of(image, inner), source) || base_address(complete, inner) != source_address)
                continue;
            if (!(inner->attributes & BASE_NOT_VISIBLE) || i != 0) {
                if (!(inner->attributes & BASE_PRIVATE_IN_COMPLETE) || i != 0)
                    return base;
            }
        }
        if (!(base->attributes & (BASE_NOT_VISIBLE | BASE_AMBIGUOUS | BASE_PRIVATE_IN_COMPLETE))) {
            across = base;
            ++across_count;
        }
    }
    /* Across: the complete object has the source as a public base, and the target unambiguously. */
    for (ULONG i = 0; i < hierarchy->count; ++i) {
        const struct base_class *base = base_at(image, hierarchy, i);
        if (same(type_of(image, base), source) && base_address(complete, base) == source_address &&
            !(base->attributes & (BASE_NOT_VISIBLE | BASE_PRIVATE_IN_COMPLETE)))
            source_public = TRUE;
    }
    return source_public && across_count ? across : NULL;
}

void *__RTDynamicCast(void *object, LONG offset, const struct type_descriptor *source, const struct type_descriptor *target,
                      BOOL is_reference)
{
    if (!object)
        return NULL;
    const struct object_locator *locator = locator_of(object);
    ULONG64 image = image_of(locator);
    char *complete = complete_object(object, locator);
    const struct class_hierarchy *hierarchy = (const struct class_hierarchy *)(image + locator->hierarchy);
    /* `offset` is where the static type has the vtable pointer that `object` was found by. */
    const struct base_class *found = find_target(image, hierarchy, complete, (char *)object - offset, source, target);
    if (found)
        return base_address(complete, found);
    if (is_reference)
        cxx_throw_bad_cast();
    return NULL;
}
