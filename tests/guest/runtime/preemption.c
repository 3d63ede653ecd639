/* Threads that compute without ever waiting: being interrupted anywhere must not change what they compute. */
#include <windows.h>
#include <stdio.h>
enum { THREADS = 6, ROUNDS = 500, TURNS = 20000 };
static volatile LONG wrong;
static DWORD WINAPI count(void *parameter)
{
    for (int round = 0; round < ROUNDS; ++round) {
        volatile unsigned long long place[4] = {0};
        unsigned long long sum = 0, turns = TURNS, first = (unsigned long long)parameter;
        __asm__ volatile("1: addq $1, (%2)\n incq 8(%2)\n addq %3, 16(%2)\n xorq $5, 24(%2)\n adcq $0, 24(%2)\n"
                         "addq $3, %0\n pushq %0\n popq %0\n subq $1, %1\n jnz 1b"
                         : "+r"(sum), "+r"(turns) : "r"(place), "r"(first) : "memory", "cc");
        if (place[0] != TURNS || place[1] != TURNS || place[2] != TURNS * first || place[3] != 0 || sum != 3 * TURNS)
            InterlockedIncrement(&wrong);
    }
    return 0;
}
int main(void)
{
    HANDLE threads[THREADS];
    for (size_t i = 0; i < THREADS; ++i) threads[i] = CreateThread(0, 0, count, (void *)(i + 1), 0, 0);
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
    printf("wrong: %ld\n", wrong);
    return 0;
}
