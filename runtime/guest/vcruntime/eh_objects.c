/* Exception objects: matching types, copying into the catch variable, destruction; throwing. */
#include "eh.h"

void *memmove(void *, const void *, size_t);
int strcmp(const char *, const char *);

typedef void (*copy_constructor)(void *self, void *from);
typedef void (*copy_constructor_virtual)(void *self, void *from, int most_derived);
typedef void (*destructor)(void *self);

void *__AdjustPointer(void *object, const struct member_displacement *displacement)
{
    char *result = (char *)object + displacement->member;
    if (displacement->vtable >= 0) {
        char *table = *(char **)((char *)object + displacement->vtable);
        result += displacement->vtable;
        result += *(int *)(table + displacement->index);
    }
    return result;
}

static BOOL same_type(const struct type_descriptor *left, const struct type_descriptor *right)
{
    return left == right || !strcmp(left->name, right->name);
}

static BOOL catches_all(const struct catch_clause *clause)
{
    return !clause->type || !clause->type->name[0];
}

/* The catchable type by which a clause takes an exception, or NULL.  A clause for everything takes the first. */
const struct catchable_type *eh_match(const EXCEPTION_RECORD *record, const struct catch_clause *clause)
{
    const struct throw_info *info = thrown_info(record);
    ULONG64 base = record->ExceptionInformation[THROWN_BASE];
    const ULONG *types = (const ULONG *)(base + (ULONG)info->types);
    for (ULONG i = 0; i < types[0]; ++i) {
        const struct catchable_type *type = (const struct catchable_type *)(base + types[i + 1]);
        if (catches_all(clause))
            return type;
        if (!same_type(clause->type, (const struct type_descriptor *)(base + (ULONG)type->type)))
            continue;
        if ((type->properties & TYPE_BY_REFERENCE_ONLY) && !(clause->adjectives & CATCH_REFERENCE))
            continue;
        if ((info->attributes & THROW_CONST) && !(clause->adjectives & CATCH_CONST))
            continue;
        if ((info->attributes & THROW_UNALIGNED) && !(clause->adjectives & CATCH_UNALIGNED))
            continue;
        if ((info->attributes & THROW_VOLATILE) && !(clause->adjectives & CATCH_VOLATILE))
            continue;
        return type;
    }
    return NULL;
}

static void copy_object(const EXCEPTION_RECORD *record, void *target, BOOL reference, const struct catchable_type *type)
{
    void *object = thrown_object(record);
    ULONG64 base = record->ExceptionInformation[THROWN_BASE];
    if (reference) {
        *(void **)target = __AdjustPointer(object, &type->displacement);
    } else if (type->properties & TYPE_SIMPLE) {
        memmove(target, object, (size_t)type->size);
        if (type->size == sizeof(void *) && *(void **)target)
            *(void **)target = __AdjustPointer(*(void **)target, &type->displacement);
    } else if (!type->copy) {
        memmove(target, __AdjustPointer(object, &type->displacement), (size_t)type->size);
    } else if (type->properties & TYPE_VIRTUAL_BASE) {
        ((copy_constructor_virtual)(base + (ULONG)type->copy))(target, __AdjustPointer(object, &type->displacement), 1);
    } else {
        ((copy_constructor)(base + (ULONG)type->copy))(target, __AdjustPointer(object, &type->displacement));
    }
}

static LONG terminate_filter(void)
{
    __std_terminate();
}

/* An exception out of a copy constructor or destructor of an exception object ends the program. */
void eh_build_object(const EXCEPTION_RECORD *record, ULONG64 frame, const struct catch_clause *clause,
                     const struct catchable_type *type)
{
    if (!type || catches_all(clause) || !clause->object)
        return;
    void *target = (void *)(frame + (ULONG64)(LONG64)clause->object);
    __try {
        copy_object(record, target, (clause->adjectives & CATCH_REFERENCE) != 0, type);
    } __except (terminate_filter()) {
    }
}

void __DestructExceptionObject(PEXCEPTION_RECORD record, BOOLEAN check)
{
    if (!record || !is_cxx(record) || !thrown_info(record) || !thrown_info(record)->destructor)
        return;
    ULONG64 base = record->ExceptionInformation[THROWN_BASE];
    __try {
        ((destructor)(base + (ULONG)thrown_info(record)->destructor))(thrown_object(record));
    } __except (terminate_filter()) {
    }
}

/* The public form of the version 3 catch entry. */
struct handler_type {
    ULONG adjectives;
    LONG type, object, handler, frame;
};

static struct catch_clause public_clause(const struct handler_type *entry, ULONG64 base)
{
    return (struct catch_clause){
        .adjectives = entry->adjectives,
        .type = entry->type ? (const struct type_descriptor *)(base + (ULONG)entry->type) : NULL,
        .object = entry->object,
    };
}

static ULONG64 image_of(const void *address)
{
    PVOID base;
    RtlPcToFileHeader((PVOID)address, &base);
    return (ULONG64)base;
}

/* Returns how the caller must build: 0 nothing left to do. */
int __BuildCatchObjectHelper(PEXCEPTION_RECORD record, void *frame, const struct handler_type *entry,
                             const struct catchable_type *type)
{
    struct catch_clause clause = public_clause(entry, image_of(entry));
    eh_build_object(record, (ULONG64)frame, &clause, type);
    return 0;
}

void __BuildCatchObject(PEXCEPTION_RECORD record, void *frame, const struct handler_type *entry,
                        const struct catchable_type *type)
{
    __BuildCatchObjectHelper(record, frame, entry, type);
}

int __TypeMatch(const struct handler_type *entry, const struct catchable_type *type, const struct throw_info *info)
{
    struct catch_clause clause = public_clause(entry, image_of(entry));
    ULONG64 base = image_of(info);
    if (catches_all(&clause))
        return 1;
    return same_type(clause.type, (const struct type_descriptor *)(base + (ULONG)type->type)) &&
           (!(type->properties & TYPE_BY_REFERENCE_ONLY) || (clause.adjectives & CATCH_REFERENCE)) &&
           (!(info->attributes & THROW_CONST) || (clause.adjectives & CATCH_CONST)) &&
           (!(info->attributes & THROW_UNALIGNED) || (clause.adjectives & CATCH_UNALIGNED)) &&
           (!(info->attributes & THROW_VOLATILE) || (clause.adjectives & CATCH_VOLATILE));
}

void _CxxThrowException(void *object, const struct throw_info *info)
{
    ULONG_PTR arguments[THROWN_COUNT] = {CXX_MAGIC, (ULONG_PTR)object, (ULONG_PTR)info, 0};
    if (info) {
        if (info->attributes & THROW_PURE)
            arguments[THROWN_MAGIC] = CXX_MAGIC_PURE;
        arguments[THROWN_BASE] = image_of(info);
    }
    RaiseException(CXX_EXCEPTION, EXCEPTION_NONCONTINUABLE, THROWN_COUNT, arguments);
}

int _is_exception_typeof(const struct type_descriptor *type, PEXCEPTION_POINTERS pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    if (!is_cxx(record) || !thrown_info(record))
        return 0;
    ULONG64 base = record->ExceptionInformation[THROWN_BASE];
    const ULONG *types = (const ULONG *)(base + (ULONG)thrown_info(record)->types);
    for (ULONG i = 0; i < types[0]; ++i) {
        const struct catchable_type *item = (const struct catchable_type *)(base + types[i + 1]);
        if (same_type(type, (const struct type_descriptor *)(base + (ULONG)item->type)))
            return 1;
    }
    return 0;
}

void __std_terminate(void)
{
    typedef void (*function)(void);
    HMODULE crt = GetModuleHandleW(L"ucrtbase.dll");
    function terminate = crt ? (function)(void *)GetProcAddress(crt, "terminate") : NULL;
    if (terminate)
        terminate();
    /* FAST_FAIL_FATAL_APP_EXIT: what abort() does without a handler. */
    __asm__ volatile("int $0x29" ::"c"(7ull));
    for (;;)
        TerminateProcess(GetCurrentProcess(), (UINT)STATUS_STACK_BUFFER_OVERRUN);
}
