/* The printf engine, compiled once for char and once for wchar_t:
 *   CHAR, SINK, WIDE (0 or 1), FORMAT (the function's name).
 *
 * Every argument of a variadic Windows x64 function takes one 8-byte slot, so the arguments are an array, which makes
 * positional conversions the same work as sequential ones. */

#define FLAG_LEFT 1
#define FLAG_PLUS 2
#define FLAG_SPACE 4
#define FLAG_ALTERNATE 8
#define FLAG_ZERO 16

enum size_word { WORD_NONE, WORD_HH, WORD_H, WORD_L, WORD_LL, WORD_BIG_L, WORD_W, WORD_I, WORD_I32, WORD_T };

typedef struct formatter {
    SINK *sink;
    uint64_t options;
    crt_locale_t locale;
    const uint64_t *slots, *next;
    int flags, width, precision;
    enum size_word size;
    __int64 count;
} formatter;

static int emit(formatter *f, const CHAR *text, size_t length)
{
    f->count += length;
    return length ? f->sink->put(f->sink, text, length) : 0;
}

static int pad(formatter *f, CHAR c, __int64 count)
{
    CHAR run[32];

    if (count <= 0)
        return 0;
    for (int i = 0; i < 32; i++)
        run[i] = c;
    for (; count > 32; count -= 32)
        if (emit(f, run, 32))
            return -1;
    return emit(f, run, count);
}

/* Prefix and body in a field of the conversion's width. */
static int emit_field(formatter *f, const char *prefix, size_t prefix_length, const CHAR *body, size_t length)
{
    __int64 fill = (__int64)f->width - (__int64)prefix_length - (__int64)length;

    if (!(f->flags & (FLAG_LEFT | FLAG_ZERO)) && pad(f, ' ', fill))
        return -1;
    for (size_t i = 0; i < prefix_length; i++) {
        CHAR c = prefix[i];

        if (emit(f, &c, 1))
            return -1;
    }
    if ((f->flags & (FLAG_LEFT | FLAG_ZERO)) == FLAG_ZERO && pad(f, '0', fill))
        return -1;
    if (emit(f, body, length))
        return -1;
    return f->flags & FLAG_LEFT ? pad(f, ' ', fill) : 0;
}

static uint64_t argument(formatter *f, int position)
{
    return position ? f->slots[position - 1] : *f->next++;
}

static int format_integer(formatter *f, CHAR type, uint64_t raw)
{
    CHAR text[600], *end = text + sizeof text / sizeof *text, *p = end;
    const char *digits = type == 'X' || type == 'p' ? "0123456789ABCDEF" : "0123456789abcdef";
    char prefix[2];
    int prefix_length = 0, is_signed = type == 'd' || type == 'i', precision = f->precision;
    unsigned base = type == 'o' ? 8 : type == 'x' || type == 'X' || type == 'p' ? 16 : 10;
    uint64_t value;
    CHAR *heap = NULL;
    int result;

    switch (type == 'p' ? WORD_LL : f->size) {
    case WORD_LL:
    case WORD_I:
        value = raw;
        break;
    case WORD_HH:
        value = is_signed ? (uint64_t)(signed char)raw : (unsigned char)raw;
        break;
    case WORD_H:
        value = is_signed ? (uint64_t)(short)raw : (unsigned short)raw;
        break;
    default:
        value = is_signed ? (uint64_t)(int)raw : (unsigned)raw;
    }
    if (is_signed && (__int64)value < 0) {
        value = -value;
        prefix[prefix_length++] = '-';
    } else if (is_signed && f->flags & FLAG_PLUS) {
        prefix[prefix_length++] = '+';
    } else if (is_signed && f->flags & FLAG_SPACE) {
        prefix[prefix_length++] = ' ';
    }
    if (type == 'p')
        precision = 16;
    if (precision >= 0)
        f->flags &= ~FLAG_ZERO;
    else
        precision = 1;
    if (base == 16 && f->flags & FLAG_ALTERNATE && (value || type == 'p')) {
        prefix[prefix_length++] = '0';
        prefix[prefix_length++] = type == 'x' ? 'x' : 'X';
    }
    if (precision > 500) {
        heap = malloc((precision + 70) * sizeof *heap);
        if (!heap) {
            errno = ENOMEM;
            return -1;
        }
        p = end = heap + precision + 70;
    }
    for (; value; value /= base)
        *--p = digits[value % base];
    while (end - p < precision)
        *--p = '0';
    if (type == 'o' && f->flags & FLAG_ALTERNATE && (p == end || *p != '0'))
        *--p = '0';
    result = emit_field(f, prefix, prefix_length, p, end - p);
    free(heap);
    return result;
}

static int format_floating(formatter *f, CHAR type, uint64_t raw)
{
    char fixed[CRT_DOUBLE_SPACE(160)], *text = fixed, prefix[3], *body;
    int precision = f->precision, prefix_length = 0, finite, result;
    size_t length;
    double value;

    memcpy(&value, &raw, sizeof value);
    if (precision < 0)
        precision = (type | 32) == 'a' && !(f->options & PRINTF_MSVCRT) ? 13 : 6;
    if (precision > 160) {
        text = malloc(CRT_DOUBLE_SPACE(precision));
        if (!text) {
            errno = ENOMEM;
            return -1;
        }
    }
    length = crt_format_double(text, value, (char)type, precision, f->flags & FLAG_ALTERNATE, f->options,
                               *crt_locale_decimal_point(f->locale), &finite);
    body = text;
    if (raw >> 63)
        prefix[prefix_length++] = '-';
    else if (f->flags & FLAG_PLUS)
        prefix[prefix_length++] = '+';
    else if (f->flags & FLAG_SPACE)
        prefix[prefix_length++] = ' ';
    if ((type | 32) == 'a' && finite) {
        /* Zeros of a zero-padded field go behind the "0x". */
        prefix[prefix_length++] = *body++;
        prefix[prefix_length++] = *body++;
        length -= 2;
    }
    if (!finite && !(f->options & PRINTF_MSVCRT))
        f->flags &= ~FLAG_ZERO;
#if WIDE
    {
        wchar_t *wide = malloc((length + 1) * sizeof *wide);

        if (!wide) {
            errno = ENOMEM;
            result = -1;
        } else {
            for (size_t i = 0; i < length; i++)
                wide[i] = (unsigned char)body[i];
            result = emit_field(f, prefix, prefix_length, wide, length);
            free(wide);
        }
    }
#else
    result = emit_field(f, prefix, prefix_length, body, length);
#endif
    if (text != fixed)
        free(text);
    return result;
}

#if WIDE
/* A string of the other kind: multibyte in a wide format. limit: most bytes to look at, or -1. */
static int format_other_string(formatter *f, const char *text, __int64 limit)
{
    __int64 characters = 0, fill;
    const char *p = text;
    __int64 most = f->precision >= 0 ? f->precision : INT_MAX;
    int length;

    for (; characters < most && (limit < 0 ? *p != 0 : p < text + limit); characters++) {
        wchar_t c;

        length = crt_mbtowc(&c, p, limit < 0 ? 8 : (size_t)(text + limit - p), f->locale);
        if (length < 0)
            break;
        p += length ? length : 1;
    }
    fill = f->width - characters;
    if (!(f->flags & FLAG_LEFT) && pad(f, f->flags & FLAG_ZERO ? '0' : ' ', fill))
        return -1;
    for (p = text; characters > 0; characters--) {
        wchar_t c = 0;

        length = crt_mbtowc(&c, p, 8, f->locale);
        if (length < 0)
            break;
        p += length ? length : 1;
        if (emit(f, &c, 1))
            return -1;
    }
    return f->flags & FLAG_LEFT ? pad(f, ' ', fill) : 0;
}
#else
/* A string of the other kind: wide in a narrow format. limit: most characters to look at, or -1. */
static int format_other_string(formatter *f, const wchar_t *text, __int64 limit)
{
    __int64 characters = 0, fill;
    __int64 most = f->precision >= 0 ? f->precision : INT_MAX;
    char c[8];

    if (limit >= 0 && limit < most)
        most = limit;
    for (; characters < most && (limit >= 0 || text[characters]); characters++) {
        int length = crt_wctomb(c, sizeof c, text[characters], f->locale);

        if (length < 0) {
            errno = EILSEQ;
            return -1;
        }
    }
    fill = f->width - characters;
    if (!(f->flags & FLAG_LEFT) && pad(f, f->flags & FLAG_ZERO ? '0' : ' ', fill))
        return -1;
    for (__int64 i = 0; i < characters; i++) {
        int length = crt_wctomb(c, sizeof c, text[i], f->locale);

        if (length > 0 && emit(f, c, length))
            return -1;
    }
    return f->flags & FLAG_LEFT ? pad(f, ' ', fill) : 0;
}
#endif

/* Whether a string or character conversion takes a wide argument. */
static int takes_wide(const formatter *f, int capital)
{
    if (f->size == WORD_H || f->size == WORD_HH)
        return 0;
    if (f->size == WORD_L || f->size == WORD_LL || f->size == WORD_W)
        return 1;
    if (f->size == WORD_T)
        return WIDE;
#if WIDE
    return f->options & PRINTF_LEGACY_WIDE_SPECIFIERS ? !capital : capital;
#else
    return capital;
#endif
}

static int format_string(formatter *f, int capital, const void *text, __int64 limit)
{
    int wide = takes_wide(f, capital);

    if (!text) {
        text = wide ? (const void *)L"(null)" : "(null)";
        limit = -1;
    }
    if (wide == WIDE) {
        const CHAR *p = text;
        size_t most = f->precision >= 0 ? (size_t)f->precision : INT_MAX, length = 0;

        if (limit >= 0) {
            length = (size_t)limit < most ? (size_t)limit : most;
        } else {
            while (length < most && p[length])
                length++;
        }
        return emit_field(f, NULL, 0, p, length);
    }
    return format_other_string(f, text, limit);
}

static int format_character(formatter *f, int capital, uint64_t raw)
{
    int wide = takes_wide(f, capital);
    CHAR text[8];
    int length = 1;

#if WIDE
    if (wide) {
        text[0] = (wchar_t)raw;
    } else {
        char c = (char)raw;

        if (!c)
            text[0] = 0;
        else if (crt_mbtowc(text, &c, 1, f->locale) < 0)
            length = 0;
    }
#else
    if (wide) {
        if (!(wchar_t)raw)
            text[0] = 0;
        else
            length = crt_wctomb(text, sizeof text, (wchar_t)raw, f->locale);
        if (length < 0)
            length = 0;
    } else {
        text[0] = (char)raw;
    }
#endif
    return emit_field(f, NULL, 0, text, length);
}

/* %Z: a counted string of the kernel's. */
static int format_counted(formatter *f, const void *counted)
{
    struct {
        unsigned short length, maximum;
        const void *buffer;
    } string;

    if (!counted)
        return format_string(f, 0, NULL, -1);
    memcpy(&string, counted, sizeof string);
    if (!string.buffer)
        return format_string(f, 0, NULL, -1);
    return format_string(f, 0, string.buffer, takes_wide(f, 0) ? string.length / 2 : string.length);
}

static int store_count(formatter *f, void *target)
{
    if (!crt_printf_counts || !target) {
        CRT_INVALID(EINVAL);
        return -1;
    }
    switch (f->size) {
    case WORD_HH:
        *(signed char *)target = (signed char)f->count;
        break;
    case WORD_H:
        *(short *)target = (short)f->count;
        break;
    case WORD_LL:
    case WORD_I:
        *(__int64 *)target = f->count;
        break;
    default:
        *(int *)target = (int)f->count;
    }
    return 0;
}

static const CHAR *parse_number(const CHAR *p, int *value)
{
    __int64 n = 0;

    for (; *p >= '0' && *p <= '9'; p++)
        if (n <= INT_MAX)
            n = n * 10 + (*p - '0');
    *value = n > INT_MAX ? INT_MAX : (int)n;
    return p;
}

/* "5$" at p: which argument is meant. Leaves p alone and gives 0 when there is no such thing. */
static const CHAR *parse_position(const formatter *f, const CHAR *p, int *position)
{
    const CHAR *end = parse_number(p, position);

    if (!(f->options & PRINTF_POSITIONAL) || end == p || *end != '$') {
        *position = 0;
        return p;
    }
    return end + 1;
}

static const CHAR *parse_size(formatter *f, const CHAR *p)
{
    int old = f->options & PRINTF_MSVCRT;

    f->size = WORD_NONE;
    for (;;) {
        switch (*p) {
        case 'h':
            f->size = f->size == WORD_H && !old ? WORD_HH : WORD_H;
            break;
        case 'l':
            f->size = f->size == WORD_L ? WORD_LL : WORD_L;
            break;
        case 'L':
            f->size = WORD_BIG_L;
            break;
        case 'w':
            f->size = WORD_W;
            break;
        case 'I':
            if (p[1] == '6' && p[2] == '4') {
                f->size = WORD_LL;
                p += 2;
            } else if (p[1] == '3' && p[2] == '2') {
                f->size = WORD_I32;
                p += 2;
            } else {
                f->size = WORD_I;
            }
            break;
        case 'j':
        case 't':
        case 'z':
            if (old)
                return p;
            f->size = WORD_LL;
            break;
        case 'T':
            if (old)
                return p;
            f->size = WORD_T;
            break;
        default:
            return p;
        }
        p++;
    }
}

/* One conversion, after its '%'. Returns the rest of the format, or NULL with errno. */
static const CHAR *convert(formatter *f, const CHAR *p)
{
    int position, star;
    CHAR type;
    int failed;

    f->flags = 0;
    f->width = 0;
    f->precision = -1;
    p = parse_position(f, p, &position);
    for (;; p++) {
        if (*p == '-')
            f->flags |= FLAG_LEFT;
        else if (*p == '+')
            f->flags |= FLAG_PLUS;
        else if (*p == ' ')
            f->flags |= FLAG_SPACE;
        else if (*p == '#')
            f->flags |= FLAG_ALTERNATE;
        else if (*p == '0')
            f->flags |= FLAG_ZERO;
        else
            break;
    }
    if (*p == '*') {
        p = parse_position(f, p + 1, &star);
        f->width = (int)argument(f, star);
        if (f->width < 0) {
            f->flags |= FLAG_LEFT;
            f->width = -f->width;
        }
    } else {
        p = parse_number(p, &f->width);
    }
    if (*p == '.') {
        p++;
        if (*p == '*') {
            p = parse_position(f, p + 1, &star);
            f->precision = (int)argument(f, star);
            if (f->precision < 0)
                f->precision = -1;
        } else {
            p = parse_number(p, &f->precision);
        }
    }
    p = parse_size(f, p);
    type = *p;
    if (!type) {
        if (f->options & PRINTF_MSVCRT)
            return p;
        CRT_INVALID(EINVAL);
        return NULL;
    }
    p++;
    switch (type) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p':
        failed = format_integer(f, type, argument(f, position));
        break;
    case 'F':
        if (f->options & PRINTF_MSVCRT)
            return emit(f, &type, 1) ? NULL : p;
        /* fall through */
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
        failed = format_floating(f, type, argument(f, position));
        break;
    case 's':
    case 'S':
        failed = format_string(f, type == 'S', (const void *)argument(f, position), -1);
        break;
    case 'c':
    case 'C':
        failed = format_character(f, type == 'C', argument(f, position));
        break;
    case 'Z':
        failed = format_counted(f, (const void *)argument(f, position));
        break;
    case 'n':
        failed = store_count(f, (void *)argument(f, position));
        break;
    case '%':
        failed = emit(f, &type, 1);
        break;
    default:
        if (!(f->options & PRINTF_MSVCRT)) {
            CRT_INVALID(EINVAL);
            return NULL;
        }
        failed = emit(f, &type, 1);
    }
    return failed ? NULL : p;
}

int FORMAT(SINK *sink, uint64_t options, const CHAR *format, crt_locale_t locale, va_list arguments)
{
    formatter f = {.sink = sink, .options = options, .locale = locale};

    f.slots = f.next = (const uint64_t *)arguments;
    if (!format) {
        CRT_INVALID(EINVAL);
        return -1;
    }
    while (*format) {
        const CHAR *p = format;

        while (*p && *p != '%')
            p++;
        if (p > format && emit(&f, format, p - format))
            return -1;
        format = p;
        if (*p) {
            format = convert(&f, p + 1);
            if (!format)
                return -1;
        }
        if (f.count > INT_MAX) {
            errno = EOVERFLOW;
            return -1;
        }
    }
    return (int)f.count;
}
