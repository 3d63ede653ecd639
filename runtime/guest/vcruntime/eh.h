/* C++ exceptions: what the parts of the frame handler share.
 *
 * The compiler describes a function with states: a number for each point of its life, a map from each state to the one to
 * fall back to and what to destroy on the way, the try blocks as ranges of states, and a map from instruction addresses to
 * states.  A catch block is a function of its own (a funclet) that shares its function's description.  Versions 3 (tables)
 * and 4 (compressed) are read through `struct function` (eh_tables3.c, eh_tables4.c); eh_frame.c knows no formats.
 */
#pragma once
#include <stdint.h>
#include <unwind.h>

#define CXX_EXCEPTION 0xE06D7363u
#define CXX_MAGIC 0x19930520u
#define CXX_MAGIC_PURE 0x01994000u

/* Type descriptors and what is thrown. */
struct type_descriptor {
    const void *vtable;
    char *undecorated;
    char name[];
};
struct member_displacement {
    LONG member, vtable, index;
};
struct catchable_type {
    ULONG properties;
    LONG type;
    struct member_displacement displacement;
    LONG size;
    LONG copy;
};
enum { TYPE_SIMPLE = 1, TYPE_BY_REFERENCE_ONLY = 2, TYPE_VIRTUAL_BASE = 4, TYPE_BAD_ALLOC = 16 };
struct throw_info {
    ULONG attributes;
    LONG destructor, forward, types;
};
enum { THROW_CONST = 1, THROW_VOLATILE = 2, THROW_UNALIGNED = 4, THROW_PURE = 8 };
enum { CATCH_CONST = 1, CATCH_VOLATILE = 2, CATCH_UNALIGNED = 4, CATCH_REFERENCE = 8, CATCH_STD_ALL = 0x40 };

/* EXCEPTION_RECORD.ExceptionInformation of a C++ exception. */
enum { THROWN_MAGIC, THROWN_OBJECT, THROWN_INFO, THROWN_BASE, THROWN_COUNT };

struct try_block {
    int low, high, catch_high;
    unsigned catches;
    const uint8_t *clauses;
};
struct catch_clause {
    ULONG adjectives;
    const struct type_descriptor *type;
    LONG object;
    ULONG handler;
    LONG frame;
    unsigned continuations;
    ULONG64 continuation[2];
};
enum { STEP_NONE, STEP_FUNCLET, STEP_OBJECT, STEP_POINTER };
struct unwind_step {
    int next;
    int kind;
    ULONG action;
    ULONG object;
};

/* One activation of a function (or of one of its catch funclets) on the stack. */
struct function {
    ULONG64 base;        /* image */
    ULONG begin;         /* RVA of the function or funclet that the frame belongs to */
    ULONG64 frame;       /* its frame */
    ULONG64 parent;      /* the frame of the function that variables live in: for a funclet its function's */
    BOOL compressed;
    BOOL synchronous;    /* only C++ exceptions concern it */
    BOOL no_except;
    BOOL is_catch;
    unsigned tries;
    const uint8_t *info, *unwind, *ip_map, *try_map;
    int states;
    ULONG catch_frame;
};

/* Where the function that a frame runs in begins: a part's entry chains to the first one. */
static inline ULONG eh_begin(const DISPATCHER_CONTEXT *dispatcher)
{
    const RUNTIME_FUNCTION *entry = dispatcher->FunctionEntry;
    const UNWIND_HEADER *header = (const UNWIND_HEADER *)(dispatcher->ImageBase + entry->UnwindData);
    while (header->flags & UNW_FLAG_CHAININFO) {
        entry = (const RUNTIME_FUNCTION *)unwind_tail(header);
        header = (const UNWIND_HEADER *)(dispatcher->ImageBase + entry->UnwindData);
    }
    return entry->BeginAddress;
}

/* eh_tables3.c, eh_tables4.c */
void eh_open3(struct function *function, const DISPATCHER_CONTEXT *dispatcher, const uint8_t *info);
void eh_open4(struct function *function, const DISPATCHER_CONTEXT *dispatcher, const uint8_t *info);
int eh_state_at3(const struct function *function, ULONG64 ip);
int eh_state_at4(const struct function *function, ULONG64 ip);
struct unwind_step eh_step3(const struct function *function, int state);
struct unwind_step eh_step4(const struct function *function, int state);
struct try_block eh_try3(const struct function *function, unsigned index);
struct try_block eh_try4(const struct function *function, unsigned index);
struct catch_clause eh_clause3(const struct function *function, const struct try_block *block, unsigned index);
struct catch_clause eh_clause4(const struct function *function, const struct try_block *block, unsigned index);

static inline int eh_state_at(const struct function *function, ULONG64 ip)
{
    return function->compressed ? eh_state_at4(function, ip) : eh_state_at3(function, ip);
}
static inline struct unwind_step eh_step(const struct function *function, int state)
{
    return function->compressed ? eh_step4(function, state) : eh_step3(function, state);
}
static inline struct try_block eh_try(const struct function *function, unsigned index)
{
    return function->compressed ? eh_try4(function, index) : eh_try3(function, index);
}
static inline struct catch_clause eh_clause(const struct function *function, const struct try_block *block, unsigned index)
{
    return function->compressed ? eh_clause4(function, block, index) : eh_clause3(function, block, index);
}

/* A catch block that runs: on the stack of its caller, in a list of the thread. */
struct active_catch {
    struct active_catch *next;
    ULONG64 frame;                /* where the exception was caught: the frame that the handler returns into */
    int outside;                  /* the state of that frame once the handler is left */
    PEXCEPTION_RECORD record;     /* the exception */
    PEXCEPTION_RECORD previous;   /* what was current before */
    PCONTEXT previous_context;
};

/* Per thread (eh_thread.c). */
typedef void(__cdecl *se_translator)(unsigned code, PEXCEPTION_POINTERS pointers);
struct eh_thread {
    PEXCEPTION_RECORD current;
    PCONTEXT context;
    struct active_catch *catches;
    int processing_throw;
    se_translator translator;
    void(__cdecl *unexpected)(void);
};
struct eh_thread *eh_thread(void);

static inline BOOL is_cxx(const EXCEPTION_RECORD *record)
{
    return record->ExceptionCode == CXX_EXCEPTION && record->NumberParameters >= THROWN_COUNT &&
           (record->ExceptionInformation[THROWN_MAGIC] - CXX_MAGIC <= 2 ||
            record->ExceptionInformation[THROWN_MAGIC] == CXX_MAGIC_PURE);
}
static inline void *thrown_object(const EXCEPTION_RECORD *record)
{
    return (void *)record->ExceptionInformation[THROWN_OBJECT];
}
static inline const struct throw_info *thrown_info(const EXCEPTION_RECORD *record)
{
    return (const struct throw_info *)record->ExceptionInformation[THROWN_INFO];
}

/* eh_objects.c */
void *__AdjustPointer(void *object, const struct member_displacement *displacement);
const struct catchable_type *eh_match(const EXCEPTION_RECORD *record, const struct catch_clause *clause);
void eh_build_object(const EXCEPTION_RECORD *record, ULONG64 frame, const struct catch_clause *clause,
                     const struct catchable_type *type);
void __DestructExceptionObject(PEXCEPTION_RECORD record, BOOLEAN check);
__attribute__((noreturn)) void __std_terminate(void);
