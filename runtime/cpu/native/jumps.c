/* Finding the translation that an indirect jump or a return goes to.
 *
 * libunicorn keeps the last ones in a table of 4096, which large programs overflow, and then searches a hash table. Here
 * a larger table stands in front of its own. libunicorn clears its table whenever addresses may mean other code; a mark
 * that is put into one of its entries and is gone afterwards tells that this table is out of date as well. A translation
 * that was made invalid alone says so itself.
 */
#include "state.h"

enum { MARKED = 4095, BITS = 14, SIZE = 1 << BITS };
enum { FLAGS_IN_EFLAGS = 0x73100, COMPARED = 0xFF0EFFFF };

typedef struct {
    u64 pc, cs_base;
    u32 flags, size, compile_flags, trace;
    void *code;
} Translation;

/* One engine's table. The mark looks like a translation of an address that is none. */
typedef struct {
    Translation mark;
    Translation *entries[SIZE];
} Jumps;

/* In front of `State`, in the structure that holds it. */
#define BEFORE(state, type, distance) (*(type *)((u8 *)(state) - (distance)))
#define TABLE(state) ((Translation **)((u8 *)(state) - 0x8918))
#define CLUSTER(state) BEFORE(state, u32, 0x8BC)

extern __thread Jumps *winfs_jumps __attribute__((visibility("hidden")));
__thread Jumps *winfs_jumps; /* of the engine that runs on this thread */

static void *(*find)(State *);

/* Called once with libunicorn's own function. */
void winfs_attach_jumps(void *(*original)(State *))
{
    find = original;
}

static inline __attribute__((always_inline)) int fits(State *state, Translation *found, u64 pc)
{
    return found && found->pc == pc && !found->cs_base
           && found->flags == (state->hidden_flags | (state->eflags & FLAGS_IN_EFLAGS))
           && (found->compile_flags & COMPARED) == CLUSTER(state) << 24;
}

#define PLACE(pc) (((pc) >> 2 ^ (pc) >> 16) & (SIZE - 1))

static __attribute__((noinline)) void *search(State *state, u64 pc)
{
    Translation **table = TABLE(state), *found;
    Jumps *jumps = winfs_jumps;
    void *code;

    if (!jumps || state->code_base)
        return find(state);
    if (table[MARKED] != &jumps->mark) {
        for (int n = 0; n < SIZE; n++)
            jumps->entries[n] = 0;
        jumps->mark.pc = ~0ull;
        table[MARKED] = &jumps->mark;
    }
    code = find(state);
    found = table[((pc ^ pc >> 6) & 0x3F) | ((pc ^ pc >> 6) >> 6 & 0xFC0)];
    if (found && found->code == code && fits(state, found, pc))
        jumps->entries[PLACE(pc)] = found;
    return code;
}

void *HELPER(lookup_tb_ptr)(State *state)
{
    u64 pc = state->rip;
    Translation *mark = TABLE(state)[MARKED], *found;

    if (__builtin_expect(mark && mark->pc == ~0ull, 1)) {
        found = ((Jumps *)mark)->entries[PLACE(pc)];
        if (__builtin_expect(fits(state, found, pc), 1))
            return found->code;
    }
    return search(state, pc);
}
