/* Run-time type information: typeid, dynamic_cast, and std::type_info's members. */
#include "eh.h"

int strcmp(const char *, const char *);
size_t strlen(const char *);
char *strchr(const char *, int);
void *memmove(void *, const void *, size_t);

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

/* Exceptions of these functions are std::bad_cast and its kin, whose classes live in the program: an access violation, which
 * is what a damaged object gives, is all that can be raised here without them. */
static __attribute__((noreturn)) void bad_object(void)
{
    RaiseException((DWORD)STATUS_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, NULL);
    __builtin_unreachable();
}

void *__RTCastToVoid(void *object)
{
    return object ? complete_object(object, locator_of(object)) : NULL;
}

const struct type_descriptor *__RTtypeid(void *object)
{
    if (!object)
        bad_object();
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
    return (char *)__AdjustPointer(complete, &base->displacement);
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
        bad_object();
    return NULL;
}

/* std::type_info: the data is the undecorated name's cache and the decorated name, which begins with a dot. */
struct type_data {
    char *undecorated;
    char decorated[];
};

int __std_type_info_compare(const struct type_data *left, const struct type_data *right)
{
    return left == right ? 0 : strcmp(left->decorated + 1, right->decorated + 1);
}

size_t __std_type_info_hash(const struct type_data *data)
{
    size_t value = 14695981039346656037ull;
    for (const char *p = data->decorated + 1; *p; ++p)
        value = (value ^ (uint8_t)*p) * 1099511628211ull;
    return value ^ value >> 32;
}

struct name_list {
    void *next;
    void *padding;
    char text[];
};

/* ".?AVname@inner@outer@@" reads "class outer::inner::name"; names with templates or operators stay decorated. */
static size_t undecorate(const char *decorated, char *buffer, size_t room)
{
    static const struct {
        char code[4];
        const char *text;
    } kinds[] = {{".?AV", "class "}, {".?AU", "struct "}, {".?AT", "union "}, {".?AW", "enum "}};
    static const char basic[][2] = {".H", ".I", ".J", ".K", ".D", ".E", ".F", ".G", ".M", ".N", ".C", ".X"};
    static const char *const basic_names[] = {"int",   "unsigned int",   "long",  "unsigned long", "char",        "unsigned char",
                                              "short", "unsigned short", "float", "double",        "signed char", "void"};
    if (strlen(decorated) == 2)
        for (unsigned i = 0; i < sizeof basic / sizeof *basic; ++i)
            if (decorated[1] == basic[i][1]) {
                size_t length = strlen(basic_names[i]);
                memmove(buffer, basic_names[i], length);
                return length;
            }
    for (unsigned i = 0; i < 4; ++i) {
        if (__builtin_memcmp(decorated, kinds[i].code, 4))
            continue;
        const char *name = decorated + 4;
        if (kinds[i].code[3] == 'W' && *name == '4')
            ++name;
        size_t length = strlen(name);
        if (strchr(name, '?') || length < 3 || name[length - 1] != '@' || name[length - 2] != '@' || length + 64 > room)
            return 0;
        size_t at = strlen(kinds[i].text);
        memmove(buffer, kinds[i].text, at);
        const char *end = name + length - 2;
        while (end > name) {
            const char *start = end;
            while (start > name && start[-1] != '@')
                --start;
            memmove(buffer + at, start, (size_t)(end - start));
            at += (size_t)(end - start);
            if (start == name)
                return at;
            buffer[at++] = ':';
            buffer[at++] = ':';
            end = start - 1;
        }
        return at;
    }
    return 0;
}

const char *__std_type_info_name(struct type_data *data, void *list)
{
    char *known = *(char *volatile *)&data->undecorated;
    if (known)
        return known;
    char buffer[1024];
    size_t length = undecorate(data->decorated, buffer, sizeof buffer);
    const char *text = buffer;
    if (!length) {
        text = data->decorated + 1;
        length = strlen(text);
    }
    struct name_list *entry = HeapAlloc(GetProcessHeap(), 0, sizeof *entry + length + 1);
    if (!entry)
        return NULL;
    memmove(entry->text, text, length);
    entry->text[length] = 0;
    known = InterlockedCompareExchangePointer((PVOID volatile *)&data->undecorated, entry->text, NULL);
    if (known) {
        HeapFree(GetProcessHeap(), 0, entry);
        return known;
    }
    /* The module frees its names when it goes (SLIST_HEADER: 16-aligned entries). */
    InterlockedPushEntrySList(list, (PSLIST_ENTRY)entry);
    return entry->text;
}

void __std_type_info_destroy_list(void *list)
{
    PSLIST_ENTRY entry = InterlockedFlushSList(list);
    while (entry) {
        PSLIST_ENTRY next = entry->Next;
        HeapFree(GetProcessHeap(), 0, entry);
        entry = next;
    }
}
