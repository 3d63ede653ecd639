/* SET. */
#include "cmd.h"

/* ---- /A ------------------------------------------------------------------------------------------------------------------------- */

enum { UNBALANCED = 1073750988, NO_OPERAND = 1073750989, NO_OPERATOR = 1073750990, BAD_NUMBER = 1073750991,
       BIG_NUMBER = 1073750992, ZERO_DIVISION = 1073750993 };

typedef struct sum {
    const wchar_t *p;
    int error;
} sum;

static int comma(sum *s);

static void skip(sum *s)
{
    while (*s->p && (*s->p <= L' ' || *s->p == L'"'))
        s->p++;
}

static int number(sum *s)
{
    unsigned base = 10;
    unsigned long long value = 0;
    const wchar_t *start = s->p;

    if (*s->p == L'0') {
        if ((s->p[1] | 0x20) == L'x') {
            base = 16;
            s->p += 2;
            start = s->p;
        } else {
            base = 8;
        }
    }
    for (;; s->p++) {
        wchar_t c = *s->p;
        unsigned digit = c >= L'0' && c <= L'9' ? c - L'0' : (c | 0x20) >= L'a' && (c | 0x20) <= L'z' ? (c | 0x20) - L'a' + 10
                                                                                                     : 99;

        if (digit == 99)
            break;
        if (digit >= base) {
            s->error = BAD_NUMBER;
            return 0;
        }
        value = value * base + digit;
        if (value > 0xffffffffu || (base == 10 && value > 0x7fffffff)) {
            s->error = BIG_NUMBER;
            return 0;
        }
    }
    if (base == 16 && s->p == start)
        s->error = BAD_NUMBER;
    return (int)value;
}

static bool in_name(wchar_t c)
{
    return c && c > L' ' && !wcschr(L"()!~-*/%+<>&^|=,\"", c);
}

static int value_of(const wchar_t *name)
{
    wchar_t *value = get_variable(name), *end;

    /* A value counts as far as it is a number. */
    return value ? (int)wcstol(value, &end, 0) : 0;
}

static bool at_assignment(const wchar_t *p, int *length)
{
    while (*p && *p <= L' ')
        p++;
    if (*p == L'=') {
        *length = 1;
        return true;
    }
    if (*p && wcschr(L"*/%+-&^|", *p) && p[1] == L'=') {
        *length = 2;
        return true;
    }
    if ((*p == L'<' || *p == L'>') && p[1] == *p && p[2] == L'=') {
        *length = 3;
        return true;
    }
    return false;
}

static int divide(sum *s, int a, int b, bool modulo)
{
    if (!b) {
        s->error = ZERO_DIVISION;
        return 0;
    }
    if (b == -1)
        return modulo ? 0 : (int)(0u - (unsigned)a);
    return modulo ? a % b : a / b;
}

static int assign(sum *s, wchar_t operator, int a, int b)
{
    switch (operator) {
    case L'*': return (int)((unsigned)a * (unsigned)b);
    case L'/': return divide(s, a, b, false);
    case L'%': return divide(s, a, b, true);
    case L'+': return (int)((unsigned)a + (unsigned)b);
    case L'-': return (int)((unsigned)a - (unsigned)b);
    case L'&': return a & b;
    case L'^': return a ^ b;
    case L'|': return a | b;
    case L'<': return b < 0 || b > 31 ? 0 : (int)((unsigned)a << b);
    case L'>': return b < 0 || b > 31 ? (a < 0 ? -1 : 0) : a >> b;
    }
    return b;
}

static int assignment(sum *s);

static int unary(sum *s)
{
    int value;

    skip(s);
    switch (*s->p) {
    case L'!':
        s->p++;
        return !unary(s);
    case L'~':
        s->p++;
        return ~unary(s);
    case L'-':
        s->p++;
        return (int)(0u - (unsigned)unary(s));
    case L'+':
        s->p++;
        return unary(s);
    case L'(':
        s->p++;
        value = comma(s);
        skip(s);
        if (!s->error && *s->p != L')')
            s->error = UNBALANCED;
        else if (!s->error)
            s->p++;
        return value;
    }
    if (*s->p >= L'0' && *s->p <= L'9')
        return number(s);
    if (in_name(*s->p)) {
        const wchar_t *start = s->p;

        while (in_name(*s->p))
            s->p++;
        return value_of(copy_n(start, (size_t)(s->p - start)));
    }
    if (!s->error)
        s->error = NO_OPERAND;
    return 0;
}

/* Operators that take two values, from those that bind most. */
static int level(sum *s, int depth)
{
    static const wchar_t *const operators[] = {L"|", L"^", L"&", L"<>", L"+-", L"*/%"};
    int value, other;

    if (depth == 6)
        return unary(s);
    value = level(s, depth + 1);
    while (!s->error) {
        wchar_t c;

        skip(s);
        c = *s->p;
        if (!c || !wcschr(operators[depth], c))
            break;
        if (c == L'<' || c == L'>') {
            if (s->p[1] != c)
                break;
            s->p++;
        }
        if (s->p[1] == L'=')
            break;
        s->p++;
        other = level(s, depth + 1);
        if (!s->error)
            value = assign(s, c, value, other);
    }
    return value;
}

static int assignment(sum *s)
{
    const wchar_t *start;
    int length, value;

    skip(s);
    start = s->p;
    if (in_name(*start) && !(*start >= L'0' && *start <= L'9')) {
        const wchar_t *end = start;

        while (in_name(*end))
            end++;
        if (at_assignment(end, &length)) {
            wchar_t *name = copy_n(start, (size_t)(end - start));
            wchar_t operator;

            while (*end <= L' ')
                end++;
            operator = length == 1 ? L'=' : *end;
            s->p = end + length;
            value = assignment(s);
            if (s->error)
                return 0;
            if (operator != L'=')
                value = assign(s, operator, value_of(name), value);
            if (!s->error)
                SetEnvironmentVariableW(name, format(L"%d", value));
            return value;
        }
    }
    return level(s, 0);
}

static int comma(sum *s)
{
    int value = assignment(s);

    while (!s->error) {
        skip(s);
        if (*s->p != L',')
            break;
        s->p++;
        value = assignment(s);
    }
    return value;
}

int set_arithmetic(const wchar_t *expression)
{
    sum s = {expression, 0};
    int value;

    skip(&s);
    if (!*s.p)
        return syntax_error();
    value = comma(&s);
    skip(&s);
    if (!s.error && *s.p)
        s.error = *s.p == L')' ? UNBALANCED : NO_OPERATOR;
    switch (s.error) {
    case 0:
        if (!cmd.batch)
            outf(L"%d", value);
        return 0;
    case UNBALANCED:
        err(L"Unbalanced parenthesis.\r\n");
        break;
    case NO_OPERAND:
        err(L"Missing operand.\r\n");
        break;
    case NO_OPERATOR:
        err(L"Missing operator.\r\n");
        break;
    case BAD_NUMBER:
        err(L"Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021).\r\n");
        break;
    case BIG_NUMBER:
        err(L"Invalid number.  Numbers are limited to 32-bits of precision.\r\n");
        break;
    case ZERO_DIVISION:
        err(L"Divide by zero error.\r\n");
        break;
    }
    return s.error;
}

/* ---- variables -------------------------------------------------------------------------------------------------------------------- */

static int list(const wchar_t *prefix)
{
    wchar_t *block = GetEnvironmentStringsW();
    bool any = false;

    for (wchar_t *p = block; p && *p; p += wcslen(p) + 1)
        if (*p != L'=' && starts(p, prefix)) {
            outf(L"%s\r\n", p);
            any = true;
        }
    FreeEnvironmentStringsW(block);
    if (any)
        return 0;
    errf(L"Environment variable %s not defined\r\n", prefix);
    return 1;
}

/* The words of NAME=VALUE: with quotes around the whole of it, what follows the last quote is left out. */
static wchar_t *definition(const wchar_t *s)
{
    wchar_t *text, *last;

    while (is_blank(*s))
        s++;
    if (*s != L'"')
        return copy(s);
    text = copy(s + 1);
    last = wcsrchr(text, L'"');
    if (last)
        *last = 0;
    return text;
}

static int ask_for(const wchar_t *arguments)
{
    wchar_t *text = definition(arguments), *equals = wcschr(text, L'='), *line, *prompt;

    if (!equals || equals == text)
        return syntax_error();
    *equals = 0;
    prompt = equals + 1;
    while (is_blank(*prompt))
        prompt++;
    if (*prompt == L'"') {
        wchar_t *last = wcsrchr(++prompt, L'"');

        if (last)
            *last = 0;
    }
    out(prompt);
    flush();
    line = read_line(handles[0]);
    if (!line || !*line) {
        if (!line && !is_console(handles[0]))
            out(L"");
        return 1;
    }
    SetEnvironmentVariableW(text, line);
    return 0;
}

int builtin_set(const wchar_t *arguments)
{
    const wchar_t *s = arguments;
    wchar_t *text, *equals;

    while (*s && wcschr(L" \t,;=", *s) && !(s != arguments && *s == L'='))
        s++;
    if (cmd.extensions && starts(s, L"/a"))
        return set_arithmetic(s + 2);
    if (cmd.extensions && starts(s, L"/p"))
        return ask_for(s + 2);
    text = definition(s);
    if (!*text)
        return *s == L'"' ? syntax_error() : list(L"");
    equals = wcschr(text, L'=');
    if (!equals)
        return list(trim(text));
    if (equals == text)
        return syntax_error();
    *equals = 0;
    if (!SetEnvironmentVariableW(text, equals[1] ? equals + 1 : NULL) && GetLastError() != ERROR_ENVVAR_NOT_FOUND) {
        print_error(GetLastError());
        return 1;
    }
    return 0;
}
