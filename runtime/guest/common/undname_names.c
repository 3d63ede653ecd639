/* Decorated names: identifiers, scopes, templates and operators. */
#include "undname.h"
#include <string.h>

const char *und_fail(parser *u)
{
    u->failed = 1;
    return "";
}

char *und_keep(parser *u, size_t length)
{
    piece *block = HeapAlloc(GetProcessHeap(), 0, sizeof *block + length + 1);
    if (!block) {
        u->failed = 1;
        static char empty[1];
        return empty;
    }
    block->next = u->pieces;
    u->pieces = block;
    block->text[0] = 0;
    return block->text;
}

const char *und_join(parser *u, const char *const *parts)
{
    size_t length = 0;
    for (const char *const *part = parts; *part; part++)
        length += strlen(*part);
    if (length > 0x10000)
        return und_fail(u);
    char *text = und_keep(u, length), *end = text;
    if (u->failed)
        return "";
    for (; *parts; parts++)
        for (const char *s = *parts; *s; s++)
            *end++ = *s;
    *end = 0;
    return text;
}

const char *und_spaced(parser *u, const char *left, const char *right)
{
    return *left && *right ? JOIN(u, left, " ", right) : *left ? left : right;
}

const char *und_keyword(const parser *u, const char *word)
{
    if (u->flags & NO_MS_KEYWORDS)
        return "";
    return u->flags & NO_LEADING_UNDERSCORES ? word + 2 : word;
}

static const char *remember(parser *u, const char *name)
{
    if (u->name_count < MAX_BACK)
        u->names[u->name_count++] = name;
    return name;
}

const char *und_number_text(parser *u)
{
    int negative = 0;
    uint64_t value = 0;
    char digits[24], *end = digits + sizeof digits - 1;

    if (*u->p == '?') {
        negative = 1;
        u->p++;
    }
    if (*u->p >= '0' && *u->p <= '9') {
        value = (uint64_t)(*u->p++ - '0' + 1);
    } else {
        while (*u->p >= 'A' && *u->p <= 'P')
            value = value << 4 | (uint64_t)(*u->p++ - 'A');
        if (*u->p++ != '@') {
            u->p--;
            return und_fail(u);
        }
    }
    *end = 0;
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        *--end = '-';
    return JOIN(u, end);
}

static const char *literal(parser *u)
{
    const char *start = u->p;
    while (*u->p && *u->p != '@')
        u->p++;
    if (!*u->p || u->p == start)
        return und_fail(u);
    size_t length = (size_t)(u->p++ - start);
    char *name = und_keep(u, length);
    if (u->failed)
        return "";
    memcpy(name, start, length);
    name[length] = 0;
    return name;
}


/* "?$name@args@" */
const char *und_template_name(parser *u)
{
    const char *saved_names[MAX_BACK], *saved_types[MAX_BACK];
    int names = u->name_count, types = u->type_count;

    memcpy(saved_names, u->names, sizeof saved_names);
    memcpy(saved_types, u->types, sizeof saved_types);
    u->name_count = u->type_count = 0;
    const char *name = *u->p == '?' ? (u->p++, und_operator_name(u)) : remember(u, literal(u));
    const char *list = und_arguments(u, 1);
    memcpy(u->names, saved_names, sizeof saved_names);
    memcpy(u->types, saved_types, sizeof saved_types);
    u->name_count = names;
    u->type_count = types;
    size_t length = strlen(list);
    return JOIN(u, name, "<", list, length && list[length - 1] == '>' ? " >" : ">");
}

/* One part of a qualified name other than the innermost. */
const char *und_scope(parser *u)
{
    if (*u->p >= '0' && *u->p <= '9') {
        int index = *u->p++ - '0';
        return index < u->name_count ? u->names[index] : und_fail(u);
    }
    if (*u->p != '?')
        return remember(u, literal(u));
    u->p++;
    switch (*u->p) {
    case '$':
        u->p++;
        return remember(u, und_template_name(u));
    case 'A':
        u->p++;
        literal(u);
        return remember(u, "`anonymous namespace'");
    case '?': {
        const char *inner = und_symbol(u);
        return JOIN(u, "`", inner, "'");
    }
    default: {
        const char *number = und_number_text(u);
        return JOIN(u, "`", number, "'");
    }
    }
}

static const char *const operators[] = {
    NULL, NULL, " new", " delete", "=", ">>", "<<", "!", "==", "!=", "[]", NULL, "->", "*", "++", "--", "-", "+",
    "&", "->*", "/", "%", "<", "<=", ">", ">=", ",", "()", "~", "^", "|", "&&", "||", "*=", "+=", "-=",
};
static const char *const more_operators[] = {
    "operator/=", "operator%=", "operator>>=", "operator<<=", "operator&=", "operator|=", "operator^=", "`vftable'",
    "`vbtable'", "`vcall'", "`typeof'", "`local static guard'", "`string'", "`vbase destructor'",
    "`vector deleting destructor'", "`default constructor closure'", "`scalar deleting destructor'",
    "`vector constructor iterator'", "`vector destructor iterator'", "`vector vbase constructor iterator'",
    "`virtual displacement map'", "`eh vector constructor iterator'", "`eh vector destructor iterator'",
    "`eh vector vbase constructor iterator'", "`copy constructor closure'", NULL, NULL, NULL, "`local vftable'",
    "`local vftable constructor closure'", "operator new[]", "operator delete[]", NULL, "`placement delete closure'",
    "`placement delete[] closure'", NULL,
};

static int operator_index(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

/* After '?': the operator, or a mark for the names that depend on the class or the return type. */
const char *und_operator_name(parser *u)
{
    char c = *u->p++;

    switch (c) {
    case '0':
        return CONSTRUCTOR;
    case '1':
        return DESTRUCTOR;
    case 'B':
        return CONVERSION;
    case '_':
        break;
    default: {
        int index = operator_index(c);
        return index >= 0 && operators[index] ? JOIN(u, "operator", operators[index]) : und_fail(u);
    }
    }
    c = *u->p++;
    if (c == 'R') {
        switch (*u->p++) {
        case '0':
            return JOIN(u, und_type(u, 0).left, " `RTTI Type Descriptor'");
        case '1': {
            const char *a = und_number_text(u), *b = und_number_text(u), *d = und_number_text(u),
                       *e = und_number_text(u);
            return JOIN(u, "`RTTI Base Class Descriptor at (", a, ",", b, ",", d, ",", e, ")'");
        }
        case '2':
            return "`RTTI Base Class Array'";
        case '3':
            return "`RTTI Class Hierarchy Descriptor'";
        case '4':
            return "`RTTI Complete Object Locator'";
        }
        return und_fail(u);
    }
    int index = operator_index(c);
    return index >= 0 && more_operators[index] ? more_operators[index] : und_fail(u);
}

/* A name with its scopes up to '@'. *last gets the scope next to the name. */
const char *und_scopes(parser *u, const char *name, const char **last)
{
    const char *nearest = NULL, *whole = "";

    for (int parts = 0; *u->p && *u->p != '@' && !u->failed; parts++) {
        const char *part = und_scope(u);
        if (!nearest)
            nearest = part;
        whole = *whole ? JOIN(u, part, "::", whole) : part;
        if (parts > 200)
            return und_fail(u);
    }
    if (*u->p++ != '@') {
        u->p--;
        return und_fail(u);
    }
    if (last)
        *last = nearest;
    if (*name == *CONSTRUCTOR || *name == *DESTRUCTOR) {
        if (!nearest)
            return und_fail(u);
        name = JOIN(u, *name == *DESTRUCTOR ? "~" : "", nearest, name + 1);
    }
    return *whole ? JOIN(u, whole, "::", name) : name;
}

const char *und_qualified(parser *u, const char **last)
{
    return und_scopes(u, und_scope(u), last);
}
