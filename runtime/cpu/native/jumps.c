/* Finding the translation that an indirect jump or a return goes to.
 *
 * libunicorn keeps the last ones in a table of 4096, which large programs overflow, and then searches a hash table. Here
 * a larger table stands in front of its own. libunicorn clears its table whenever addresses may mean other code; a mark
 * that is put into one of its entries and is gone afterwards tells that this table is out of date as well. A translation
 * that was made invalid alone says so itself.
 */
#include "state.h"

enum { OWN_TABLE = 4096, MARKED = 4095, SIZE = 1 << 14, GENERATIONS = 1 << 16 };
enum { FLAGS_IN_EFLAGS = 0x73100, COMPARED = 0xFF0EFFFF };

typedef struct {
    u64 pc, cs_base;
    u32 flags, size, compile_flags, trace;
    void *code;
} Translation;

typedef struct {
    u64 tag; /* address, and generation above bit 48 */
    Translation *translation;
} Entry;

typedef struct {
    u64 generation;
    Entry entries[SIZE];
} Jumps;

/* In front of `State`, in the structure that holds it. */
#define BEFORE(state, type, distance) (*(type *)((u8 *)(state) - (distance)))
#define TABLE(state) ((Translation **)((u8 *)(state) - 0x8918))
#define CLUSTER(state) BEFORE(state, u32, 0x8BC)

extern __thread Jumps *winfs_jumps __attribute__((visibility("hidden")));
__thread Jumps *winfs_jumps; /* of the engine that runs on this thread */

static Translation mark = {.pc = ~0ull, .compile_flags = ~0u};
static void *(*find)(State *);

/* Called once with libunicorn's own function. */
void winfs_attach_jumps(void *(*original)(State *))
{
    find = original;
}

void *HELPER(lookup_tb_ptr)(State *state)
{
    Jumps *jumps = winfs_jumps;
    u64 pc = state->rip, base = state->code_base;
    Translation **table = TABLE(state), *found;
    void *code;
    Entry *entry;
    u64 tag;

    if (!jumps || base || pc >> 48)
        return find(state);
    if (__builtin_expect(table[MARKED] != &mark, 0)) {
        jumps->generation = (jumps->generation + 1) % GENERATIONS;
        if (!jumps->generation)
            for (int n = 0; n < SIZE; n++)
                jumps->entries[n].tag = 0;
        table[MARKED] = &mark;
    }
    tag = pc | jumps->generation << 48;
    entry = &jumps->entries[pc * 0x9E3779B97F4A7C15ull >> 50];
    found = entry->translation;
    if (entry->tag == tag && found && found->pc == pc && !found->cs_base
        && found->flags == (state->hidden_flags | (state->eflags & FLAGS_IN_EFLAGS))
        && (found->compile_flags & COMPARED) == CLUSTER(state) << 24)
        return found->code;
    code = find(state);
    found = table[((pc ^ pc >> 6) & 0x3F) | ((pc ^ pc >> 6) >> 6 & 0xFC0)];
    if (found && found->pc == pc && found->code == code) {
        entry->tag = tag;
        entry->translation = found;
    }
    return code;
}
