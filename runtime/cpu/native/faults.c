/* Port instructions, which libunicorn lets pass in ring 3, and breakpoints, which it does not finish. */
#include "state.h"

enum { TRAP_PORT = 0xF1, PROTECTION = 13, DEBUG = 1 };

enum { READ = 1, WRITE = 2, TRAP_FLAG = 0x100 };

static void (*out_byte)(State *, u32, u32);
static void (*leave)(void *processor, u64 where);

/* Called once with libunicorn's own functions: the one that calls the trap hook, and the one that ends a translation
 * in the middle, with the state of the instruction at hand. */
void winfs_attach_faults(void (*original)(State *, u32, u32), void (*cpu_loop_exit_restore)(void *, u64))
{
    out_byte = original;
    leave = cpu_loop_exit_restore;
}

/* Guest code may use one port: `OUT 0xF1, AL` is how trap stubs call the machine. */
void HELPER(outb)(State *state, u32 port, u32 data)
{
    if (port != TRAP_PORT)
        winfs_raise(state, PROTECTION, HERE);
    out_byte(state, port, data);
}

#define OUT(name)                                                                                                      \
    void HELPER(name)(State * state, u32 port, u32 data)                                                               \
    {                                                                                                                  \
        (void)port, (void)data;                                                                                        \
        winfs_raise(state, PROTECTION, HERE);                                                                          \
    }
#define IN(name)                                                                                                       \
    u64 HELPER(name)(State * state, u32 port)                                                                          \
    {                                                                                                                  \
        (void)port;                                                                                                    \
        winfs_raise(state, PROTECTION, HERE);                                                                          \
        return 0;                                                                                                      \
    }
OUT(outw)
OUT(outl)
IN(inb)
IN(inw)
IN(inl)

/* An execution breakpoint of the debug registers: RIP is on the instruction. */
void HELPER(debug)(State *state)
{
    u64 control = state->debug[7], hit = 0;

    for (int n = 0; n < 4; n++)
        if (control >> 2 * n & 3 && !(control >> (16 + 4 * n) & 3) && state->debug[n] == state->rip)
            hit |= 1 << n;
    state->debug[6] = (state->debug[6] & ~0xFull) | hit;
    winfs_raise(state, DEBUG, 0);
}

/* Data breakpoints. libunicorn asks for each page whether it has any, and for each access to such a page whether it
 * hits one, but its own answers are always no. They are traps: the instruction is begun anew with a single step behind
 * it, without looking again.
 */
static __thread u32 hits;
static __thread int stepping, stepped_anyway;

static u32 watched(State *state, u64 start, u64 size, u32 *numbers)
{
    u64 control = state->debug[7];
    u32 found = 0;

    for (int n = 0; n < 4; n++) {
        u32 kind = control >> (16 + 4 * n) & 3, length = control >> (18 + 4 * n) & 3;
        u64 bytes = length == 2 ? 8 : length + 1, first = state->debug[n] & ~(bytes - 1);

        if (!(control >> 2 * n & 3) || !(kind & 1) || first >= start + size || first + bytes <= start)
            continue;
        found |= kind == 1 ? WRITE : READ | WRITE;
        *numbers |= 1 << n;
    }
    return found;
}

int cpu_watchpoint_address_matches_x86_64(u8 *processor, u64 page, u64 size)
{
    u32 numbers = 0;

    return watched((State *)(processor + STATE_IN_PROCESSOR), page, size, &numbers);
}

void cpu_check_watchpoint_x86_64(u8 *processor, u64 address, u64 size, u32 attributes, int access, u64 where)
{
    State *state = (State *)(processor + STATE_IN_PROCESSOR);
    u32 numbers = 0;

    (void)attributes;
    if (stepping || !(watched(state, address, size, &numbers) & access))
        return;
    for (int n = 0; n < 4; n++) /* a breakpoint for writing is not hit by reading */
        if (access == READ && (state->debug[7] >> (16 + 4 * n) & 3) == 1)
            numbers &= ~(1 << n);
    hits = numbers;
    stepping = 1;
    stepped_anyway = !!(state->eflags & TRAP_FLAG);
    state->eflags |= TRAP_FLAG;
    leave(processor, where);
}

void HELPER(single_step)(State *state)
{
    if (stepping) {
        state->debug[6] = (state->debug[6] & ~0xFull) | hits;
        if (!stepped_anyway)
            state->eflags &= ~(u64)TRAP_FLAG;
        stepping = 0;
    }
    winfs_raise(state, DEBUG, 0);
}
