/* What libunicorn translates wrongly, put right while it translates.
 *
 * libunicorn turns guest instructions into its intermediate code by calling functions of its own through the dynamic
 * linker; those that stand here see each instruction's bytes as they are fetched and the operations that are made of
 * them. They let
 *  - MOVAPS and its kin fault on an address that is not a multiple of 16 (the alignment is part of the comparison that
 *    finds a page, so it costs nothing),
 *  - every access fault that is not aligned while EFLAGS.AC is set,
 *  - BEXTR, BLSI, BZHI, PDEP and CMPXCHG do what a processor does at their edges, and CMPPS ignore the reserved bits of
 *    its immediate.
 * Only 64-bit code is looked at.
 */
#include "state.h"

enum { LONGEST = 15, PROTECTION = 13, ALIGNMENT = 17, ALIGNMENT_CHECK = 0x40000 };
enum { SIZE = 3, SIZE_8 = 3, MUST_ALIGN = 7 << 4, ALIGN_16 = 4 << 4, ALIGN_SHIFT = 4, OPERATION_SHIFT = 4 };
enum { SHIFT_LEFT = 0x5A, SHIFT_RIGHT = 0x5B, TYPE_I64 = 1 };
enum { IF_EQUAL = 8, IF_LESS_OR_EQUAL = 10 };

typedef enum { PLAIN, ALIGNED, CMPPS, CMPXCHG, BEXTR, BLSI, BZHI, PDEP } Form;
typedef enum { PREFIXES, ESCAPED, ESCAPED_38, ESCAPED_3A, VEX2, VEX3, VEX3_REST, OPCODE_VEX, MODRM, REST } Stage;

typedef u8 *Context; /* of the translation; a value is named by its distance from it */
typedef u64 Value;

typedef struct {
    u64 tb, first, next;
    i32 ending, count, most;
} Block; /* DisasContextBase */

typedef struct {
    void (*begin)(Block *, void *);
    void (*start)(Block *, void *);
    void (*instruction_start)(Block *, void *);
    u64 (*breakpoint)(Block *, void *, void *);
    void (*translate)(Block *, void *);
    void (*stop)(Block *, void *);
    void (*log)(Block *, void *);
} Translator; /* TranslatorOps */

typedef void Access(Context, Value, Value, u64 index, u32 operation);
typedef u64 SlowLoad(State *, u64 address, u32 operation, u64 where);
typedef void SlowStore(State *, u64 address, u64 value, u32 operation, u64 where);

/* libunicorn's own functions, in the order of `_TRANSLATION` in __init__.py. */
static struct {
    void (*loop)(const Translator *, Block *, void *processor, u64 *tb, int most);
    u8 (*fetch)(State *, u64 address);
    Access *load, *store, *load_32, *store_32;
    void (*two)(Context, i32 operation, u8 *, u8 *);
    void (*three)(Context, i32 operation, u8 *, u8 *, u8 *);
    void (*choose)(Context, i32 condition, Value to, Value left, Value right, Value yes, Value no);
    void (*compare)(Context, i32 condition, Value to, Value left, Value right);
    void (*compare_constant)(Context, i32 condition, Value to, Value left, i64 right);
    void (*call)(Context, void *function, u8 *result, i32 count, u8 **arguments);
    void (*zero_extend)(Context, Value to, Value from);
    void (*add)(Context, Value to, Value from, i64 constant);
    void (*shift_right)(Context, Value to, Value from, i64 constant);
    Value (*constant)(Context, i64);
    u8 *(*temporary)(Context, i32 type, u32 local);
    void (*release)(Context, u8 *);
    u8 *(*global)(Context, i32 type, Value base, u64 offset, const char *name);
    SlowLoad *load_2, *load_4, *load_8;
    SlowStore *store_2, *store_4, *store_8;
} own;

/* Values that stand for fields of the processor's state, as distances from the context: the same for every engine. */
static Value general[16], comparison, source;

static __thread struct {
    u64 start; /* address of the instruction */
    u32 flags; /* EFLAGS bits that this translation is for */
    u32 count; /* bytes seen */
    u8 bytes[LONGEST], rex, vex, opcode, modrm_at;
    u8 operand_size, repeat, accesses, choices, saved;
    Stage stage;
    Form form;
    Value accumulator, destination;
} now;

void winfs_attach_translator(void **functions, u64 count)
{
    if (count == sizeof own / sizeof(void *))
        __builtin_memcpy(&own, functions, sizeof own);
}

/* Which instruction this is */

static int in(u8 value, u8 first, u8 last)
{
    return value >= first && value <= last;
}

/* Whether the instruction of map 1 (0F) takes its 16 bytes of memory only at a multiple of 16. SDM volume 2. */
static int is_aligned(u8 opcode, u8 prefix)
{
    switch (prefix) {
    case 0:
        return opcode == 0x28 || opcode == 0x29 || opcode == 0x2B || opcode == 0x14 || opcode == 0x15
               || in(opcode, 0x51, 0x59) || in(opcode, 0x5B, 0x5F) || opcode == 0xC6;
    case 0x66:
        return opcode == 0x28 || opcode == 0x29 || in(opcode, 0x2B, 0x2D) || opcode == 0x14 || opcode == 0x15
               || opcode == 0x51 || in(opcode, 0x54, 0x6D) || opcode == 0x6F || opcode == 0x70
               || in(opcode, 0x74, 0x76) || opcode == 0x7C || opcode == 0x7D || opcode == 0x7F || opcode == 0xC6
               || in(opcode, 0xD0, 0xD5) || in(opcode, 0xD8, 0xEF) || in(opcode, 0xF1, 0xF6) || in(opcode, 0xF8, 0xFE);
    case 0xF3:
        return opcode == 0x12 || opcode == 0x16 || opcode == 0x5B || opcode == 0x70;
    default:
        return opcode == 0x70 || opcode == 0x7C || opcode == 0x7D || opcode == 0xD0 || opcode == 0xE6;
    }
}

static int is_aligned_38(u8 opcode)
{
    return opcode <= 0x0B || opcode == 0x10 || opcode == 0x14 || opcode == 0x15 || opcode == 0x17
           || in(opcode, 0x1C, 0x1E) || in(opcode, 0x28, 0x2B) || in(opcode, 0x37, 0x41) || in(opcode, 0xDB, 0xDF);
}

static int is_aligned_3A(u8 opcode)
{
    return opcode == 0x08 || opcode == 0x09 || in(opcode, 0x0C, 0x0F) || in(opcode, 0x40, 0x42) || opcode == 0x44
           || opcode == 0xDF;
}

static Form name(u8 opcode)
{
    u8 prefix = now.operand_size ? 0x66 : now.repeat;

    switch (now.stage) {
    case ESCAPED:
        if (opcode == 0xC2)
            return CMPPS;
        if (opcode == 0xB1)
            return now.operand_size || now.rex & 8 ? PLAIN : CMPXCHG;
        return is_aligned(opcode, prefix) ? ALIGNED : PLAIN;
    case ESCAPED_38:
        return prefix == 0x66 && is_aligned_38(opcode) ? ALIGNED : PLAIN;
    case ESCAPED_3A:
        return prefix == 0x66 && is_aligned_3A(opcode) ? ALIGNED : PLAIN;
    default:
        break;
    }
    if (opcode == 0xF3)
        return BLSI;
    if (opcode == 0xF5)
        return (now.vex & 3) == 3 ? PDEP : now.vex & 3 ? PLAIN : BZHI;
    return opcode == 0xF7 && !(now.vex & 3) ? BEXTR : PLAIN;
}

static void see_opcode(u8 opcode)
{
    now.form = name(opcode);
    now.opcode = opcode;
    now.modrm_at = now.count + 1;
    now.stage = now.form == PLAIN ? REST : MODRM;
}

/* The next byte of the instruction. */
static void see(u8 byte)
{
    switch (now.stage) {
    case PREFIXES:
        if ((byte & 0xF0) == 0x40) {
            now.rex = byte;
        } else if (byte == 0x66 || byte == 0xF2 || byte == 0xF3) {
            now.rex = 0;
            if (byte == 0x66)
                now.operand_size = 1;
            else
                now.repeat = byte;
        } else if (byte == 0x0F) {
            now.stage = ESCAPED;
        } else if (byte == 0xC4) {
            now.stage = VEX3;
        } else if (byte == 0xF0 || byte == 0x2E || byte == 0x36 || byte == 0x3E || byte == 0x26 || byte == 0x64
                   || byte == 0x65 || byte == 0x67) {
            now.rex = 0;
        } else {
            now.stage = REST;
        }
        break;
    case ESCAPED:
        if (byte == 0x38)
            now.stage = ESCAPED_38;
        else if (byte == 0x3A)
            now.stage = ESCAPED_3A;
        else
            see_opcode(byte);
        break;
    case VEX3:
        now.stage = (byte & 0x1F) == 2 ? VEX3_REST : REST;
        break;
    case VEX3_REST:
        now.vex = byte;
        now.stage = OPCODE_VEX;
        break;
    case ESCAPED_38:
    case ESCAPED_3A:
    case OPCODE_VEX:
        see_opcode(byte);
        break;
    case MODRM:
        if (now.form == BLSI && (byte >> 3 & 7) != 3)
            now.form = PLAIN;
        now.stage = REST;
        break;
    default:
        break;
    }
}

/* How many bytes stand in front of the immediate. */
static u32 immediate_at(void)
{
    u8 modrm = now.bytes[now.modrm_at], mode = modrm >> 6;
    u32 at = now.modrm_at + 1, base = modrm & 7;

    if (mode == 3)
        return at;
    if (base == 4)
        base = now.bytes[at++] & 7;
    return at + (mode == 1 ? 1 : mode == 2 || base == 5 ? 4 : 0);
}

u8 cpu_ldub_code_x86_64(State *state, u64 address)
{
    u8 byte = own.fetch(state, address);

    if (address == now.start + now.count && now.count < LONGEST) {
        now.bytes[now.count] = byte;
        see(byte);
        now.count++;
    }
    if (now.form == CMPPS && now.stage == REST && address == now.start + immediate_at())
        byte &= 7;
    return byte;
}

/* What is made of it */

static Value temporary(Context context)
{
    return (Value)(own.temporary(context, TYPE_I64, 0) - context);
}

static void release(Context context, Value value)
{
    own.release(context, context + value);
}

static int is_wide(void)
{
    return now.vex >> 7;
}

/* CMPXCHG with 32 bits writes either the accumulator or the destination; the other keeps its upper half. */
static void save(Context context)
{
    u8 modrm = now.bytes[now.modrm_at], register_ = (modrm & 7) | (now.rex & 1) << 3;

    now.saved = 1;
    if (modrm >> 6 == 3 && !register_)
        return; /* compared with itself */
    now.accumulator = temporary(context);
    own.add(context, now.accumulator, general[0], 0);
    if (modrm >> 6 == 3) {
        now.destination = temporary(context);
        own.add(context, now.destination, general[register_], 0);
    }
}

static void restore(Context context)
{
    u8 modrm = now.bytes[now.modrm_at], register_ = (modrm & 7) | (now.rex & 1) << 3;
    Value difference, zero;

    if (!now.accumulator)
        return;
    difference = temporary(context);
    zero = own.constant(context, 0);
    own.zero_extend(context, difference, comparison);
    own.choose(context, IF_EQUAL, general[0], difference, zero, now.accumulator, general[0]);
    if (now.destination) {
        own.choose(context, IF_EQUAL, general[register_], difference, zero, general[register_], now.destination);
        release(context, now.destination);
    }
    release(context, now.accumulator);
    release(context, zero);
    release(context, difference);
}

static Context context_of(void *processor)
{
    u8 *engine = *(u8 **)((u8 *)processor + 0x81A8);

    return *(Context *)(engine + 0x300);
}

static void (*translate)(Block *, void *);

static void translate_instruction(Block *block, void *processor)
{
    u32 flags = now.flags;

    __builtin_memset(&now, 0, sizeof now);
    now.start = block->next;
    now.flags = flags;
    translate(block, processor);
    if (now.form == CMPXCHG && now.saved) {
        restore(context_of(processor));
    } else if (now.form == BLSI) { /* libunicorn's CF says whether the source is 0; a processor's says that it is not */
        if (!is_wide())
            own.zero_extend(context_of(processor), source, source);
        own.compare_constant(context_of(processor), IF_EQUAL, source, source, 0);
    }
    now.form = PLAIN;
}

void translator_loop_x86_64(const Translator *translator, Block *block, void *processor, u64 *tb, int most)
{
    Translator changed = *translator;

    translate = translator->translate;
    changed.translate = translate_instruction;
    now.flags = (u32)tb[2];
    own.loop(&changed, block, processor, tb, most);
    now.form = PLAIN;
}

u8 *tcg_global_mem_new_internal_x86_64(Context context, i32 type, Value base, u64 offset, const char *name)
{
    u8 *made = own.global(context, type, base, offset, name);
    Value value = (Value)(made - context);

    if (offset < sizeof general)
        general[offset / 8] = value;
    else if (offset == __builtin_offsetof(State, cc_dst))
        comparison = value;
    else if (offset == __builtin_offsetof(State, cc_src))
        source = value;
    return made;
}

static u32 aligned(u32 operation)
{
    if (now.form == ALIGNED || now.form == CMPPS) {
        if ((operation & SIZE) == SIZE_8 && !now.accesses++ && (now.form == ALIGNED || !now.repeat))
            return operation | ALIGN_16;
        return operation;
    }
    return now.flags & ALIGNMENT_CHECK ? operation | MUST_ALIGN : operation;
}

#define ACCESS(function, original)                                                                                     \
    void function(Context context, Value value, Value address, u64 index, u32 operation)                               \
    {                                                                                                                  \
        own.original(context, value, address, index, aligned(operation));                                              \
    }
ACCESS(tcg_gen_qemu_ld_i64_x86_64, load)
ACCESS(tcg_gen_qemu_st_i64_x86_64, store)
ACCESS(tcg_gen_qemu_ld_i32_x86_64, load_32)
ACCESS(tcg_gen_qemu_st_i32_x86_64, store_32)

void tcg_gen_op2_x86_64(Context context, i32 operation, u8 *to, u8 *from)
{
    if (now.form == CMPXCHG && !now.saved)
        save(context);
    own.two(context, operation, to, from);
}

void tcg_gen_op3_x86_64(Context context, i32 operation, u8 *to, u8 *left, u8 *right)
{
    Value half, rest;

    if (operation == SHIFT_RIGHT && now.form == BEXTR && !is_wide())
        own.zero_extend(context, (Value)(left - context), (Value)(left - context));
    if (operation != SHIFT_LEFT || (now.form != BEXTR && now.form != BZHI)) {
        own.three(context, operation, to, left, right);
        return;
    }
    /* by up to 64 bits, which the host's shift does not do at once */
    half = temporary(context);
    rest = temporary(context);
    own.shift_right(context, half, (Value)(right - context), 1);
    own.add(context, rest, (Value)(right - context), 1);
    own.shift_right(context, rest, rest, 1);
    own.three(context, operation, to, left, context + half);
    own.three(context, operation, to, to, context + rest);
    release(context, rest);
    release(context, half);
}

void tcg_gen_movcond_i64_x86_64(Context context, i32 condition, Value to, Value left, Value right, Value yes, Value no)
{
    int length = (now.form == BEXTR && now.choices++ == 1) || now.form == BZHI;
    Value most;

    if (!length) {
        own.choose(context, condition, to, left, right, yes, no);
        return;
    }
    /* the length, at most 64: libunicorn would take one less than the operand has bits */
    most = own.constant(context, 64);
    own.choose(context, condition, to, left, most, yes == right ? most : yes, no == right ? most : no);
    release(context, most);
}

void tcg_gen_setcond_i64_x86_64(Context context, i32 condition, Value to, Value left, Value right)
{
    own.compare(context, now.form == BZHI ? IF_LESS_OR_EQUAL : condition, to, left, right);
}

void tcg_gen_callN_x86_64(Context context, void *function, u8 *result, i32 count, u8 **arguments)
{
    if (now.form == PDEP && !is_wide() && count == 2)
        own.zero_extend(context, (Value)(arguments[1] - context), (Value)(arguments[1] - context));
    own.call(context, function, result, count, arguments);
}

/* The accesses that generated code could not make at once: because of their page, or because they are not aligned. */
static inline __attribute__((always_inline)) void check(State *state, u64 address, u32 operation, u64 where)
{
    u32 bits = operation >> OPERATION_SHIFT & MUST_ALIGN, size;

    if (__builtin_expect(!bits, 1))
        return;
    size = bits == MUST_ALIGN ? operation >> OPERATION_SHIFT & SIZE : bits >> ALIGN_SHIFT;
    if (address & ((1ull << size) - 1))
        winfs_raise(state, bits == MUST_ALIGN ? ALIGNMENT : PROTECTION, where);
}

#define LOAD(name, original)                                                                                           \
    u64 HELPER(name)(State * state, u64 address, u32 operation, u64 where)                                             \
    {                                                                                                                  \
        check(state, address, operation, where);                                                                       \
        return own.original(state, address, operation, where);                                                         \
    }
#define STORE(name, original)                                                                                          \
    void HELPER(name)(State * state, u64 address, u64 value, u32 operation, u64 where)                                 \
    {                                                                                                                  \
        check(state, address, operation, where);                                                                       \
        own.original(state, address, value, operation, where);                                                         \
    }
LOAD(le_lduw_mmu, load_2)
LOAD(le_ldul_mmu, load_4)
LOAD(le_ldq_mmu, load_8)
STORE(le_stw_mmu, store_2)
STORE(le_stl_mmu, store_4)
STORE(le_stq_mmu, store_8)
