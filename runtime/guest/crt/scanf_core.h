/* The scanf engine, compiled once for char and once for wchar_t: CHAR, UNSIGNED, WIDE (0 or 1), SCAN (a name). */

enum size_word { WORD_NONE, WORD_HH, WORD_H, WORD_L, WORD_LL, WORD_BIG_L, WORD_W, WORD_T };

typedef struct scanner {
    crt_source *source;
    uint64_t options;
    crt_locale_t locale;
    const uint64_t *next;
    enum size_word size;
    int suppress, width; /* width: characters left, INT_MAX without one */
    __int64 consumed;
    int assigned, matched;
} scanner;

static int take(scanner *s)
{
    int c = s->source->get(s->source);

    if (c != -1)
        s->consumed++;
    return c;
}

static void back(scanner *s, int c)
{
    if (c == -1)
        return;
    s->consumed--;
    s->source->unget(s->source, c);
}

static int is_space(const scanner *s, int c)
{
    if (c == -1)
        return 0;
#if WIDE
    return crt_iswspace((wint_t)c, s->locale);
#else
    return crt_isspace(c, s->locale);
#endif
}

/* The next character that is not white space; -1 at the end. */
static int skip_space(scanner *s)
{
    int c;

    do
        c = take(s);
    while (is_space(s, c));
    return c;
}

static int digit_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'z')
        return (c | 32) - 'a' + 10;
    return 99;
}

static void store_integer(scanner *s, uint64_t value, int pointer)
{
    void *target = (void *)*s->next++;

    switch (pointer ? WORD_LL : s->size) {
    case WORD_LL:
        *(uint64_t *)target = value;
        break;
    case WORD_HH:
        *(unsigned char *)target = (unsigned char)value;
        break;
    case WORD_H:
        *(unsigned short *)target = (unsigned short)value;
        break;
    default:
        *(unsigned *)target = (unsigned)value;
    }
    s->assigned++;
}

/* Returns 1 when a number was there, 0 when not, -1 at the end of input. */
static int scan_integer(scanner *s, CHAR type)
{
    unsigned base = type == 'o' ? 8 : type == 'x' || type == 'X' || type == 'p' ? 16 : type == 'i' ? 0 : 10;
    uint64_t value = 0;
    int negative = 0, digits = 0, c = skip_space(s), overflow = 0;

    if (c == -1)
        return -1;
    if ((c == '-' || c == '+') && s->width > 0) {
        negative = c == '-';
        s->width--;
        c = s->width > 0 ? take(s) : -1;
    }
    if (c == '0' && (base == 0 || base == 16) && s->width > 0) {
        s->width--;
        digits = 1;
        c = s->width > 0 ? take(s) : -1;
        if ((c == 'x' || c == 'X') && s->width > 0) {
            base = 16;
            digits = 0;
            s->width--;
            c = s->width > 0 ? take(s) : -1;
        } else if (!base) {
            base = 8;
        }
    }
    if (!base)
        base = 10;
    while (s->width > 0 && c != -1 && digit_value(c) < (int)base) {
        if (value > (UINT64_MAX - digit_value(c)) / base)
            overflow = 1;
        value = value * base + digit_value(c);
        digits++;
        s->width--;
        c = s->width > 0 ? take(s) : -1;
    }
    back(s, c);
    if (!digits)
        return 0;
    if (overflow && !(s->options & SCANF_MSVCRT))
        value = UINT64_MAX;
    else if (negative)
        value = -value;
    if (!s->suppress)
        store_integer(s, value, type == 'p');
    return 1;
}

/* Text of a number being read, growing as needed. */
typedef struct number_text {
    char fixed[128], *text;
    size_t length, space;
} number_text;

static int keep(scanner *s, number_text *n, int *c)
{
    if (n->length + 1 >= n->space) {
        char *grown = malloc(n->space * 2);

        if (!grown)
            return -1;
        memcpy(grown, n->text, n->length);
        if (n->text != n->fixed)
            free(n->text);
        n->text = grown;
        n->space *= 2;
    }
    n->text[n->length++] = (char)*c;
    s->width--;
    *c = s->width > 0 ? take(s) : -1;
    return 0;
}

static int keep_word(scanner *s, number_text *n, int *c, const char *word)
{
    for (; *word; word++) {
        if (*c == -1 || (*c | 32) != *word)
            return 0;
        keep(s, n, c);
    }
    return 1;
}

static int scan_floating(scanner *s)
{
    number_text n = {.text = n.fixed, .space = sizeof n.fixed};
    int point = (unsigned char)*crt_locale_decimal_point(s->locale);
    int c = skip_space(s), digits = 0, hexadecimal = 0;
    double value;

    if (c == -1)
        return -1;
    if ((c == '-' || c == '+') && s->width > 0)
        keep(s, &n, &c);
    if (!(s->options & SCANF_MSVCRT) && (c == 'i' || c == 'I')) {
        digits = keep_word(s, &n, &c, "inf");
        if (digits && (c | 32) == 'i' && !keep_word(s, &n, &c, "inity"))
            digits = 0;
    } else if (!(s->options & SCANF_MSVCRT) && (c == 'n' || c == 'N')) {
        digits = keep_word(s, &n, &c, "nan");
        if (digits && c == '(') {
            while (c != -1 && c != ')')
                keep(s, &n, &c);
            if (c == ')')
                keep(s, &n, &c);
        }
    } else {
        if (c == '0' && s->width > 0) {
            digits = 1;
            keep(s, &n, &c);
            if (!(s->options & SCANF_MSVCRT) && (c == 'x' || c == 'X')) {
                hexadecimal = 1;
                digits = 0;
                keep(s, &n, &c);
            }
        }
        for (; c != -1 && digit_value(c) < (hexadecimal ? 16 : 10); digits++)
            keep(s, &n, &c);
        if (c == point) {
            c = '.';
            keep(s, &n, &c);
            for (; c != -1 && digit_value(c) < (hexadecimal ? 16 : 10); digits++)
                keep(s, &n, &c);
        }
        if (digits && c != -1 && (c | 32) == (hexadecimal ? 'p' : 'e')) {
            int exponent_digits = 0;

            keep(s, &n, &c);
            if (c == '-' || c == '+')
                keep(s, &n, &c);
            for (; c != -1 && digit_value(c) < 10; exponent_digits++)
                keep(s, &n, &c);
            if (!exponent_digits)
                digits = s->options & SCANF_MSVCRT ? digits : 0;
        }
    }
    back(s, c);
    if (!digits) {
        if (n.text != n.fixed)
            free(n.text);
        return 0;
    }
    n.text[n.length] = 0;
    value = __strtod(n.text, NULL);
    if (n.text != n.fixed)
        free(n.text);
    if (!s->suppress) {
        void *target = (void *)*s->next++;

        if (s->size == WORD_L || s->size == WORD_BIG_L || s->size == WORD_LL)
            *(double *)target = value;
        else
            *(float *)target = (float)value;
        s->assigned++;
    }
    return 1;
}

/* A set's characters, between "[" or "[^" and "]". */
typedef struct character_set {
    const CHAR *first, *end;
    int inverted;
} character_set;

static int in_set(const character_set *set, int c)
{
    for (const CHAR *p = set->first; p < set->end; p++) {
        if (p + 2 < set->end && p[1] == '-') {
            UNSIGNED low = (UNSIGNED)p[0], high = (UNSIGNED)p[2];

            if (low > high) {
                UNSIGNED swap = low;

                low = high;
                high = swap;
            }
            if ((UNSIGNED)c >= low && (UNSIGNED)c <= high)
                return !set->inverted;
            p += 2;
        } else if ((UNSIGNED)*p == (UNSIGNED)c) {
            return !set->inverted;
        }
    }
    return set->inverted;
}

static int takes_wide(const scanner *s, int capital)
{
    if (s->size == WORD_H || s->size == WORD_HH)
        return 0;
    if (s->size == WORD_L || s->size == WORD_LL || s->size == WORD_W)
        return 1;
    if (s->size == WORD_T)
        return WIDE;
#if WIDE
    return s->options & SCANF_LEGACY_WIDE_SPECIFIERS ? !capital : capital;
#else
    return capital;
#endif
}

/* %c (type 'c'), %s ('s') and %[ ('['): characters into a buffer. */
static int scan_string(scanner *s, CHAR type, int capital, const character_set *set)
{
    int wide = takes_wide(s, capital), c;
    char *narrow = NULL;
    wchar_t *wider = NULL;
    size_t space = SIZE_MAX, used = 0, read = 0;
    int secure = s->options & SCANF_SECURE;

    if (type == 's') {
        c = skip_space(s);
    } else {
        c = take(s);
        if (type == 'c' && s->width == INT_MAX)
            s->width = 1;
    }
    if (c == -1)
        return -1;
    if (!s->suppress) {
        if (wide)
            wider = (wchar_t *)*s->next++;
        else
            narrow = (char *)*s->next++;
        if (secure)
            space = (unsigned)*s->next++;
    }
    if (type != 'c' && space != SIZE_MAX && space)
        space--; /* for the NUL */
    for (;;) {
        char bytes[8];
        int length = 1;
        wchar_t character = (wchar_t)c;

        if (c == -1)
            break;
        if (s->width <= 0 || (type == 's' && is_space(s, c)) || (type == '[' && !in_set(set, c))) {
            back(s, c);
            break;
        }
        s->width--;
        read++;
        if (!s->suppress) {
#if WIDE
            if (!wide) {
                length = crt_wctomb(bytes, sizeof bytes, character, s->locale);
                if (length < 0)
                    length = 0;
            }
#else
            bytes[0] = (char)c;
            if (wide) {
                int need = 1;

                if (crt_is_lead_byte(c, s->locale))
                    need = 2;
                else if (crt_locale_codepage(s->locale) == CP_UTF8)
                    need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
                for (; length < need; length++) {
                    c = take(s);
                    if (c == -1)
                        break;
                    bytes[length] = (char)c;
                }
                if (crt_mbtowc(&character, bytes, length, s->locale) < 0)
                    character = L'?';
                length = 1;
            }
#endif
            if (used + length > space || (secure && !space)) {
                /* The buffer is too small: it becomes empty and the conversion fails. */
                if (wide && space)
                    *wider = 0;
                else if (!wide && space)
                    *narrow = 0;
                errno = ENOMEM;
                return 0;
            }
            if (wide)
                wider[used] = character;
            else
                memcpy(narrow + used, bytes, length);
            used += length;
        }
        c = s->width > 0 ? take(s) : -1;
    }
    if (!read)
        return 0;
    if (!s->suppress) {
        if (type != 'c') {
            if (wide)
                wider[used] = 0;
            else
                narrow[used] = 0;
        }
        s->assigned++;
    }
    return 1;
}

static const CHAR *parse_set(const CHAR *p, character_set *set)
{
    set->inverted = *p == '^';
    if (set->inverted)
        p++;
    set->first = p;
    if (*p == ']')
        p++;
    while (*p && *p != ']')
        p++;
    set->end = p;
    return *p ? p + 1 : NULL;
}

static const CHAR *parse_size(scanner *s, const CHAR *p)
{
    s->size = WORD_NONE;
    for (;; p++) {
        switch (*p) {
        case 'h':
            s->size = s->size == WORD_H && !(s->options & SCANF_MSVCRT) ? WORD_HH : WORD_H;
            continue;
        case 'l':
            s->size = s->size == WORD_L ? WORD_LL : WORD_L;
            continue;
        case 'L':
            s->size = WORD_BIG_L;
            continue;
        case 'w':
            s->size = WORD_W;
            continue;
        case 'F':
        case 'N':
            /* The far and near pointers of old; F is a conversion nowhere in scanf's legacy grammar. */
            if (s->options & SCANF_MSVCRT)
                continue;
            return p;
        case 'I':
            if (p[1] == '6' && p[2] == '4') {
                s->size = WORD_LL;
                p += 2;
            } else if (p[1] == '3' && p[2] == '2') {
                p += 2;
            } else {
                s->size = WORD_LL;
            }
            continue;
        case 'j':
        case 't':
        case 'z':
            if (s->options & SCANF_MSVCRT)
                return p;
            s->size = WORD_LL;
            continue;
        case 'T':
            if (s->options & SCANF_MSVCRT)
                return p;
            s->size = WORD_T;
            continue;
        }
        return p;
    }
}

/* One conversion, after its '%'. Returns the rest of the format, or NULL when scanning stops; *ended is set when the
 * input was at its end. */
static const CHAR *convert(scanner *s, const CHAR *p, int *ended)
{
    character_set set;
    CHAR type;
    int result;

    s->suppress = *p == '*';
    if (s->suppress)
        p++;
    s->width = INT_MAX;
    if (*p >= '0' && *p <= '9') {
        __int64 width = 0;

        for (; *p >= '0' && *p <= '9'; p++)
            if (width < INT_MAX)
                width = width * 10 + (*p - '0');
        s->width = width && width < INT_MAX ? (int)width : INT_MAX;
    }
    p = parse_size(s, p);
    type = *p++;
    switch (type) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p':
        result = scan_integer(s, type);
        break;
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        result = scan_floating(s);
        break;
    case 'c':
    case 'C':
        result = scan_string(s, 'c', type == 'C', NULL);
        break;
    case 's':
    case 'S':
        result = scan_string(s, 's', type == 'S', NULL);
        break;
    case '[':
        p = parse_set(p, &set);
        if (!p)
            return NULL;
        result = scan_string(s, '[', 0, &set);
        break;
    case 'n':
        if (!s->suppress) {
            store_integer(s, s->consumed, 0);
            s->assigned--;
        }
        return p;
    case 0:
        return NULL;
    default: { /* "%%" and what has no meaning match themselves */
        int c = type == '%' && !(s->options & SCANF_MSVCRT) ? skip_space(s) : take(s);

        if (c == -1) {
            *ended = 1;
            return NULL;
        }
        if (c != (UNSIGNED)type) {
            back(s, c);
            return NULL;
        }
        return p;
    }
    }
    if (result < 0)
        *ended = 1;
    if (result <= 0)
        return NULL;
    s->matched++;
    return p;
}

int SCAN(crt_source *source, uint64_t options, const CHAR *format, crt_locale_t locale, va_list arguments)
{
    scanner s = {.source = source, .options = options, .locale = locale, .next = (const uint64_t *)arguments};
    int ended = 0;

    while (format && *format) {
        int c;

        if (is_space(&s, (UNSIGNED)*format)) {
            do
                format++;
            while (is_space(&s, (UNSIGNED)*format) && *format);
            back(&s, skip_space(&s));
            continue;
        }
        if (*format == '%') {
            format = convert(&s, format + 1, &ended);
            continue;
        }
        c = take(&s);
        if (c != (UNSIGNED)*format) {
            ended = c == -1;
            back(&s, c);
            break;
        }
        format++;
    }
    if (options & SCANF_MSVCRT)
        return ended && !s.matched ? -1 : s.assigned;
    /* ucrt looks again when nothing was stored and the format is not used up. */
    if (!s.assigned && (!format || *format)) {
        int c = take(&s);

        if (c == -1)
            return -1;
        back(&s, c);
    }
    return s.assigned;
}
