/* What concerns the host process: is its processor good enough, and mapped files that shrink under us.
 *
 * Touching a page of a mapping that the file no longer covers raises SIGBUS. Guest memory is full of such mappings and
 * the host may truncate any file, so inside guarded ranges the page is replaced by zeros and noted; when guest code
 * touched it, its engine is stopped as well. Everything else goes to the handler that was there before (Python's
 * faulthandler).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "state.h"

enum { PAGE = 0x1000, RANGES = 4096, NOTED = 256 };

typedef struct {
    _Atomic u64 start, size;
} Range;

static Range ranges[RANGES];
static struct sigaction before;

_Atomic u64 winfs_lost_pages; /* how many pages were replaced */

/* Pages that one engine's guest code lost: a count, then host addresses; what does not fit any more is not noted. */
typedef struct {
    u64 count, pages[NOTED];
} Lost;

static __thread Lost *lost;
static __thread void *running;
static int (*start)(void *engine, u64 begin, u64 until, u64 timeout, u64 count);
static int (*stop)(void *engine);

/* Called once, before `winfs_run`, with two functions of libunicorn. */
void winfs_attach_engine(int (*emu_start)(void *, u64, u64, u64, u64), int (*emu_stop)(void *))
{
    start = emu_start;
    stop = emu_stop;
}

extern __thread void *winfs_jumps __attribute__((visibility("hidden")));

/* uc_emu_start, noting lost pages; `jumps` is the engine's table of jumps.c. */
int winfs_run(void *engine, u64 begin, Lost *noted, void *jumps)
{
    int error;

    winfs_jumps = jumps;

    running = engine;
    lost = noted;
    error = start(engine, begin, 0, 0, 0);
    lost = 0;
    return error;
}

int winfs_supported(void)
{
    u32 eax = 1, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ecx & (1u << 0 | 1u << 9 | 1u << 19 | 1u << 20)) == (1u << 0 | 1u << 9 | 1u << 19 | 1u << 20);
}

static void on_bus_error(int signal, siginfo_t *information, void *context)
{
    u64 address = (u64)information->si_addr;
    int index;

    for (index = 0; index < RANGES; index++) {
        u64 start = ranges[index].start, size = ranges[index].size;
        void *page = (void *)(address & ~(u64)(PAGE - 1));

        if (address < start || address - start >= size)
            continue;
        if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
            break;
        winfs_lost_pages++;
        if (lost) {
            if (lost->count < NOTED)
                lost->pages[lost->count++] = (u64)page;
            stop(running);
        }
        return;
    }
    if (before.sa_flags & SA_SIGINFO && before.sa_sigaction)
        before.sa_sigaction(signal, information, context);
    else if (!(before.sa_flags & SA_SIGINFO) && before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
        before.sa_handler(signal);
    else
        sigaction(signal, &before, NULL); /* the access is repeated and ends the process */
}

/* Guards guest memory at `start`. 0, or -1 when there is no room left. */
int winfs_guard(void *start, u64 size)
{
    struct sigaction action = {0}, current;
    int index;

    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    if (sigaction(SIGBUS, NULL, &current))
        return -1;
    if (!(current.sa_flags & SA_SIGINFO) || current.sa_sigaction != on_bus_error) {
        before = current;
        if (sigaction(SIGBUS, &action, NULL))
            return -1;
    }
    for (index = 0; index < RANGES; index++) {
        u64 none = 0;

        if (atomic_compare_exchange_strong(&ranges[index].start, &none, (u64)start)) {
            ranges[index].size = size;
            return 0;
        }
    }
    return -1;
}

void winfs_unguard(void *start)
{
    int index;

    for (index = 0; index < RANGES; index++)
        if (ranges[index].start == (u64)start) {
            ranges[index].size = 0;
            ranges[index].start = 0;
        }
}
