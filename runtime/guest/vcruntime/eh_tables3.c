/* FuncInfo, version 3: arrays of fixed-size entries addressed by RVA. */
#include "eh.h"

struct info3 {
    ULONG magic;
    LONG states;
    LONG unwind_map;
    ULONG tries;
    LONG try_map;
    ULONG ips;
    LONG ip_map;
    LONG unwind_help;
    LONG exception_types;
    ULONG flags;
};
struct unwind3 {
    int next;
    LONG action;
};
struct try3 {
    int low, high, catch_high;
    unsigned catches;
    LONG clauses;
};
struct clause3 {
    ULONG adjectives;
    LONG type;
    LONG object;
    LONG handler;
    LONG frame;
};
struct ip3 {
    ULONG ip;
    int state;
};
enum { FLAG_SYNCHRONOUS = 1, FLAG_NO_EXCEPT = 4 };

struct try_block eh_try3(const struct function *function, unsigned index)
{
    const struct try3 *entry = (const struct try3 *)function->try_map + index;
    return (struct try_block){entry->low, entry->high, entry->catch_high, entry->catches,
                              (const uint8_t *)(function->base + (ULONG)entry->clauses)};
}

struct catch_clause eh_clause3(const struct function *function, const struct try_block *block, unsigned index)
{
    const struct clause3 *entry = (const struct clause3 *)block->clauses + index;
    return (struct catch_clause){
        .adjectives = entry->adjectives,
        .type = entry->type ? (const struct type_descriptor *)(function->base + (ULONG)entry->type) : NULL,
        .object = entry->object,
        .handler = (ULONG)entry->handler,
        .frame = entry->frame,
    };
}

int eh_state_at3(const struct function *function, ULONG64 ip)
{
    const struct info3 *info = (const struct info3 *)function->info;
    const struct ip3 *map = (const struct ip3 *)function->ip_map;
    ULONG rva = (ULONG)(ip - function->base), low = 0, high = info->ips;
    while (low < high) {
        ULONG middle = (low + high) / 2;
        if (rva < map[middle].ip)
            high = middle;
        else
            low = middle + 1;
    }
    return low ? map[low - 1].state : -1;
}

struct unwind_step eh_step3(const struct function *function, int state)
{
    const struct unwind3 *entry = (const struct unwind3 *)function->unwind + state;
    return (struct unwind_step){entry->next, entry->action ? STEP_FUNCLET : STEP_NONE, (ULONG)entry->action, 0};
}

void eh_open3(struct function *function, const DISPATCHER_CONTEXT *dispatcher, const uint8_t *data)
{
    const struct info3 *info = (const struct info3 *)data;
    unsigned version = info->magic & 0x1fffffff;
    *function = (struct function){
        .base = dispatcher->ImageBase,
        .begin = eh_begin(dispatcher),
        .frame = dispatcher->EstablisherFrame,
        .parent = dispatcher->EstablisherFrame,
        .info = data,
        .states = info->states,
        .tries = info->tries,
        .unwind = (const uint8_t *)(dispatcher->ImageBase + (ULONG)info->unwind_map),
        .try_map = (const uint8_t *)(dispatcher->ImageBase + (ULONG)info->try_map),
        .ip_map = (const uint8_t *)(dispatcher->ImageBase + (ULONG)info->ip_map),
        .synchronous = version >= 0x19930522 && (info->flags & FLAG_SYNCHRONOUS),
        .no_except = version >= 0x19930522 && (info->flags & FLAG_NO_EXCEPT),
    };
    for (unsigned i = 0; i < function->tries; ++i) {
        struct try_block block = eh_try3(function, i);
        for (unsigned k = 0; k < block.catches; ++k) {
            struct catch_clause clause = eh_clause3(function, &block, k);
            if (clause.handler != function->begin)
                continue;
            function->is_catch = TRUE;
            function->catch_frame = (ULONG)clause.frame;
            function->parent = *(ULONG64 *)(function->frame + (ULONG64)(LONG64)clause.frame);
            return;
        }
    }
}
