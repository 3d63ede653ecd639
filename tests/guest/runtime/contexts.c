/* CONTEXT records in buffers of the program: sizes, places, copies. This machine has no processor state beyond SSE. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define ALL (CONTEXT_ALL)
static __attribute__((aligned(64))) char buffer[0x1000], other[0x1000];

static void make(const char *what, DWORD flags, char *place, DWORD room)
{
    CONTEXT *context = NULL;
    DWORD length = room;
    SetLastError(0);
    BOOL ok = InitializeContext(place, flags, &context, &length);
    printf("%s: %d, error %lu, length %lx", what, ok, ok ? 0 : GetLastError(), length);
    if (ok)
        printf(", at %lld, flags %lx", (long long)((char *)context - place), context->ContextFlags);
    puts("");
}

int main(void)
{
    CONTEXT *from, *to;
    DWORD length, size;
    printf("features %llx\n", (unsigned long long)GetEnabledXStateFeatures());
    make("no buffer", ALL, NULL, 0);
    make("too small", ALL, buffer, 100);
    make("integers", CONTEXT_INTEGER, NULL, 0);
    make("all", ALL, buffer, sizeof buffer);
    make("all at 8", ALL, buffer + 8, sizeof buffer - 8);
    make("all at 1", ALL, buffer + 1, sizeof buffer - 1);
    make("unknown bits", CONTEXT_AMD64 | 0x800, buffer, sizeof buffer);
    make("nothing", CONTEXT_AMD64, buffer, sizeof buffer);

    length = sizeof buffer;
    InitializeContext(buffer, ALL, &from, &length);
    length = sizeof other;
    InitializeContext(other, ALL, &to, &length);
    RtlCaptureContext(from);
    from->ContextFlags = ALL;
    from->Rax = 0x1111;
    from->Rip = 0x2222;
    from->Dr0 = 0x3333;
    from->FltSave.XmmRegisters[3].Low = 0x4444;
    from->MxCsr = 0x1fa0;
    memset(&to->P1Home, 0x55, 48);
    to->P1Home = 1;
    printf("copy %d", CopyContext(to, CONTEXT_INTEGER, from));
    printf(" rax %llx rip %llx\n", to->Rax, to->Rip);
    printf("copy %d", CopyContext(to, CONTEXT_CONTROL, from));
    printf(" rip %llx dr0 %llx xmm %llx home %llx flags %lx\n", to->Rip, to->Dr0, to->FltSave.XmmRegisters[3].Low, to->P1Home, to->ContextFlags);
    printf("copy %d", CopyContext(to, CONTEXT_DEBUG_REGISTERS | CONTEXT_FLOATING_POINT, from));
    printf(" dr0 %llx xmm %llx\n", to->Dr0, to->FltSave.XmmRegisters[3].Low);
    from->ContextFlags = CONTEXT_INTEGER;
    from->Rax = 5, from->Rip = 6;
    printf("copy %d", CopyContext(to, ALL, from));
    printf(" rax %llx rip %llx\n", to->Rax, to->Rip);
    SetLastError(0);
    printf("copy of something else %d", CopyContext(to, 0x10007, from));
    printf(" %lu\n", GetLastError());

    from->ContextFlags = ALL;
    size = 0;
    char *legacy = LocateXStateFeature(from, XSTATE_LEGACY_FLOATING_POINT, &size);
    printf("x87 at %llx, %lx bytes\n", (long long)(legacy - (char *)from), size);
    char *sse = LocateXStateFeature(from, XSTATE_LEGACY_SSE, &size);
    printf("SSE at %llx, %lx bytes\n", (long long)(sse - (char *)from), size);
    printf("AVX at %p\n", LocateXStateFeature(from, XSTATE_AVX, &size));
    DWORD64 mask = 7;
    printf("mask %d", GetXStateFeaturesMask(from, &mask));
    printf(" %llx\n", mask);
    printf("set %d\n", SetXStateFeaturesMask(from, 4));
    return 0;
}
