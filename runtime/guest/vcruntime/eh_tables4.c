/* FuncInfo, version 4: the same facts in a byte stream.
 *
 * Unsigned numbers take one to five bytes; the low bits of the first say how many (…0: one, …01: two, …011: three, …0111:
 * four, 1111: five, the first byte only announcing).
 */
#include "eh.h"

enum {
    HAS_CATCH = 1,
    HAS_SEPARATE_IPS = 2,
    HAS_FLAGS = 4,
    HAS_UNWIND = 8,
    HAS_TRIES = 16,
    IS_SYNCHRONOUS = 32,
    IS_NO_EXCEPT = 64,
};

static ULONG number(const uint8_t **at)
{
    const uint8_t *p = *at;
    ULONG value;
    if (!(*p & 1)) {
        *at = p + 1;
        return *p >> 1;
    }
    if (!(*p & 2)) {
        *at = p + 2;
        return (p[0] | (ULONG)p[1] << 8) >> 2;
    }
    if (!(*p & 4)) {
        *at = p + 3;
        return (p[0] | (ULONG)p[1] << 8 | (ULONG)p[2] << 16) >> 3;
    }
    if (!(*p & 8)) {
        __builtin_memcpy(&value, p, 4);
        *at = p + 4;
        return value >> 4;
    }
    __builtin_memcpy(&value, p + 1, 4);
    *at = p + 5;
    return value;
}

static ULONG rva(const uint8_t **at)
{
    ULONG value;
    __builtin_memcpy(&value, *at, 4);
    *at += 4;
    return value;
}

/* Offsets in a funclet are counted from the part of the function that the frame runs in. */
static const uint8_t *separate_map(const struct function *function, const uint8_t *segments)
{
    ULONG count = number(&segments);
    for (ULONG i = 0; i < count; ++i) {
        ULONG start = rva(&segments), map = rva(&segments);
        if (start == function->begin)
            return (const uint8_t *)(function->base + map);
    }
    return NULL;
}

void eh_open4(struct function *function, const DISPATCHER_CONTEXT *dispatcher, const uint8_t *data)
{
    const uint8_t *at = data;
    uint8_t header = *at++;
    *function = (struct function){
        .base = dispatcher->ImageBase,
        .begin = eh_begin(dispatcher),
        .frame = dispatcher->EstablisherFrame,
        .parent = dispatcher->EstablisherFrame,
        .info = data,
        .compressed = TRUE,
        .synchronous = (header & IS_SYNCHRONOUS) != 0,
        .no_except = (header & IS_NO_EXCEPT) != 0,
    };
    if (header & HAS_FLAGS)
        number(&at);
    if (header & HAS_UNWIND) {
        function->unwind = (const uint8_t *)(function->base + rva(&at));
        function->states = (int)number(&function->unwind);
    }
    if (header & HAS_TRIES) {
        function->try_map = (const uint8_t *)(function->base + rva(&at));
        function->tries = number(&function->try_map);
    }
    function->ip_map = (const uint8_t *)(function->base + rva(&at));
    if (header & HAS_SEPARATE_IPS)
        function->ip_map = separate_map(function, function->ip_map);
    if (header & HAS_CATCH) {
        function->is_catch = TRUE;
        function->catch_frame = number(&at);
        function->parent = *(ULONG64 *)(function->frame + function->catch_frame);
    }
}

int eh_state_at4(const struct function *function, ULONG64 ip)
{
    const uint8_t *at = function->ip_map;
    int state = -1;
    if (!at)
        return -1;
    ULONG offset = (ULONG)(ip - function->base) - function->begin, start = 0;
    for (ULONG count = number(&at); count; --count) {
        start += number(&at);
        int next = (int)number(&at) - 1;
        if (offset < start)
            break;
        state = next;
    }
    return state;
}

static const uint8_t *read_step(const uint8_t *at, ULONG *back, struct unwind_step *step)
{
    ULONG value = number(&at);
    *back = value >> 2;
    *step = (struct unwind_step){.next = -1};
    switch (value & 3) {
    case 1:
    case 2:
        step->kind = (value & 3) == 1 ? STEP_OBJECT : STEP_POINTER;
        step->action = rva(&at);
        step->object = number(&at);
        break;
    case 3:
        step->kind = STEP_FUNCLET;
        step->action = rva(&at);
        break;
    }
    return at;
}

struct unwind_step eh_step4(const struct function *function, int state)
{
    struct unwind_step step, ignored;
    ULONG back, unused;
    const uint8_t *at = function->unwind;
    for (int i = 0; i < state; ++i)
        at = read_step(at, &back, &ignored);
    read_step(at, &back, &step);
    /* The state to fall back to is the entry that begins `back` bytes before this one. */
    const uint8_t *target = at - back;
    at = function->unwind;
    for (int i = 0; i < state; ++i) {
        if (at == target) {
            step.next = i;
            break;
        }
        at = read_step(at, &unused, &ignored);
    }
    return step;
}

struct try_block eh_try4(const struct function *function, unsigned index)
{
    struct try_block block = {0};
    const uint8_t *at = function->try_map;
    for (unsigned i = 0; i <= index; ++i) {
        block.low = (int)number(&at);
        block.high = (int)number(&at);
        block.catch_high = (int)number(&at);
        block.clauses = (const uint8_t *)(function->base + rva(&at));
    }
    block.catches = number(&block.clauses);
    return block;
}

struct catch_clause eh_clause4(const struct function *function, const struct try_block *block, unsigned index)
{
    struct catch_clause clause = {0};
    const uint8_t *at = block->clauses;
    for (unsigned i = 0; i <= index; ++i) {
        uint8_t header = *at++;
        clause = (struct catch_clause){.continuations = header >> 4 & 3};
        if (header & 1)
            clause.adjectives = number(&at);
        if (header & 2)
            clause.type = (const struct type_descriptor *)(function->base + rva(&at));
        if (header & 4)
            clause.object = (LONG)number(&at);
        clause.handler = rva(&at);
        for (unsigned k = 0; k < clause.continuations; ++k) {
            ULONG where = header & 8 ? rva(&at) : function->begin + number(&at);
            if (k < 2)
                clause.continuation[k] = function->base + where;
        }
    }
    return clause;
}
