/* Port instructions, which libunicorn lets pass in ring 3, and breakpoints, which end its run. */
#include "state.h"

enum { TRAP_PORT = 0xF1, PROTECTION = 13, DEBUG = 1 };

static void (*out_byte)(State *, u32, u32);

/* Called once with libunicorn's own function, which calls the trap hook. */
void winfs_attach_out(void (*original)(State *, u32, u32))
{
    out_byte = original;
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
