/* __unDName: Visual C++'s decorated names as C++ declarations. */
#include "internal.h"
#include <string.h>

/* Flags that programs pass. */
#define NO_LEADING_UNDERSCORES 0x0001
#define NO_MS_KEYWORDS 0x0002
#define NO_FUNCTION_RETURNS 0x0004
#define NO_ACCESS_SPECIFIERS 0x0080
#define NO_MEMBER_TYPE 0x0200
#define NAME_ONLY 0x1000
#define TYPE_ONLY 0x2000
#define NO_COMPLEX_TYPE 0x8000

#define MAX_BACK 10
#define MAX_DEPTH 64

typedef struct piece {
    struct piece *next;
    char text[];
} piece;

typedef struct parser {
    const char *p;
    unsigned flags;
    int failed, depth;
    piece *pieces; /* everything allocated so far */
    const char *names[MAX_BACK], *types[MAX_BACK];
    int name_count, type_count;
} parser;

/* A declaration around a name: "int (__cdecl*" and ")(void)". */
typedef struct declarator {
    const char *left, *right;
} declarator;

static const char *fail(parser *u)
{
    u->failed = 1;
    return "";
}

static char *keep(parser *u, size_t length)
{
    piece *block = malloc(sizeof *block + length + 1);
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

#define JOIN(u, ...) join(u, (const char *const[]){__VA_ARGS__, NULL})

static const char *join(parser *u, const char *const *parts)
{
    size_t length = 0;
    for (const char *const *part = parts; *part; part++)
        length += strlen(*part);
    if (length > 0x10000)
        return fail(u);
    char *text = keep(u, length), *end = text;
    if (u->failed)
        return "";
    for (; *parts; parts++)
        for (const char *s = *parts; *s; s++)
            *end++ = *s;
    *end = 0;
    return text;
}

static const char *spaced(parser *u, const char *left, const char *right)
{
    return *left && *right ? JOIN(u, left, " ", right) : *left ? left : right;
}

static const char *keyword(const parser *u, const char *word)
{
    if (u->flags & NO_MS_KEYWORDS)
        return "";
    return u->flags & NO_LEADING_UNDERSCORES ? word + 2 : word;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static const char *symbol(parser *u);
static const char *qualified(parser *u, const char **last);
static declarator type(parser *u, int top);
static const char *arguments(parser *u, int is_template);

static const char *remember(parser *u, const char *name)
{
    if (u->name_count < MAX_BACK)
        u->names[u->name_count++] = name;
    return name;
}

static const char *number_text(parser *u)
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
            return fail(u);
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
        return fail(u);
    size_t length = (size_t)(u->p++ - start);
    char *name = keep(u, length);
    if (u->failed)
        return "";
    memcpy(name, start, length);
    name[length] = 0;
    return name;
}

static const char *operator_name(parser *u);

/* "?$name@args@" */
static const char *template_name(parser *u)
{
    const char *saved_names[MAX_BACK], *saved_types[MAX_BACK];
    int names = u->name_count, types = u->type_count;

    memcpy(saved_names, u->names, sizeof saved_names);
    memcpy(saved_types, u->types, sizeof saved_types);
    u->name_count = u->type_count = 0;
    const char *name = *u->p == '?' ? (u->p++, operator_name(u)) : remember(u, literal(u));
    const char *list = arguments(u, 1);
    memcpy(u->names, saved_names, sizeof saved_names);
    memcpy(u->types, saved_types, sizeof saved_types);
    u->name_count = names;
    u->type_count = types;
    size_t length = strlen(list);
    return JOIN(u, name, "<", list, length && list[length - 1] == '>' ? " >" : ">");
}

/* One part of a qualified name other than the innermost. */
static const char *scope(parser *u)
{
    if (*u->p >= '0' && *u->p <= '9') {
        int index = *u->p++ - '0';
        return index < u->name_count ? u->names[index] : fail(u);
    }
    if (*u->p != '?')
        return remember(u, literal(u));
    u->p++;
    switch (*u->p) {
    case '$':
        u->p++;
        return remember(u, template_name(u));
    case 'A':
        u->p++;
        literal(u);
        return remember(u, "`anonymous namespace'");
    case '?': {
        const char *inner = symbol(u);
        return JOIN(u, "`", inner, "'");
    }
    default: {
        const char *number = number_text(u);
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

#define CONSTRUCTOR "\1"
#define DESTRUCTOR "\2"
#define CONVERSION "\3"

/* After '?': the operator, or a mark for the names that depend on the class or the return type. */
static const char *operator_name(parser *u)
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
        return index >= 0 && operators[index] ? JOIN(u, "operator", operators[index]) : fail(u);
    }
    }
    c = *u->p++;
    if (c == 'R') {
        switch (*u->p++) {
        case '0':
            return JOIN(u, type(u, 0).left, " `RTTI Type Descriptor'");
        case '1': {
            const char *a = number_text(u), *b = number_text(u), *d = number_text(u), *e = number_text(u);
            return JOIN(u, "`RTTI Base Class Descriptor at (", a, ",", b, ",", d, ",", e, ")'");
        }
        case '2':
            return "`RTTI Base Class Array'";
        case '3':
            return "`RTTI Class Hierarchy Descriptor'";
        case '4':
            return "`RTTI Complete Object Locator'";
        }
        return fail(u);
    }
    int index = operator_index(c);
    return index >= 0 && more_operators[index] ? more_operators[index] : fail(u);
}

/* A name with its scopes up to '@'. *last gets the scope next to the name. */
static const char *scopes(parser *u, const char *name, const char **last)
{
    const char *nearest = NULL, *whole = "";

    for (int parts = 0; *u->p && *u->p != '@' && !u->failed; parts++) {
        const char *part = scope(u);
        if (!nearest)
            nearest = part;
        whole = *whole ? JOIN(u, part, "::", whole) : part;
        if (parts > 200)
            return fail(u);
    }
    if (*u->p++ != '@') {
        u->p--;
        return fail(u);
    }
    if (last)
        *last = nearest;
    if (*name == *CONSTRUCTOR || *name == *DESTRUCTOR) {
        if (!nearest)
            return fail(u);
        name = JOIN(u, *name == *DESTRUCTOR ? "~" : "", nearest, name + 1);
    }
    return *whole ? JOIN(u, whole, "::", name) : name;
}

static const char *qualified(parser *u, const char **last)
{
    return scopes(u, scope(u), last);
}

/* ---- types ------------------------------------------------------------------------------------------------------------------ */

static const char *modifiers(parser *u, const char **pointer)
{
    const char *extra = "";
    for (;; u->p++) {
        if (*u->p == 'E')
            extra = spaced(u, extra, keyword(u, "__ptr64"));
        else if (*u->p == 'F')
            extra = spaced(u, extra, keyword(u, "__unaligned"));
        else if (*u->p == 'I')
            extra = spaced(u, extra, keyword(u, "__restrict"));
        else
            break;
    }
    if (pointer)
        *pointer = extra;
    switch (*u->p++) {
    case 'A':
    case 'Q':
        return "";
    case 'B':
    case 'R':
        return "const";
    case 'C':
    case 'S':
        return "volatile";
    case 'D':
    case 'T':
        return "const volatile";
    }
    u->p--;
    return fail(u);
}

static const char *calling_convention(parser *u)
{
    char c = *u->p++;
    switch (c) {
    case 'A':
    case 'B':
        return keyword(u, "__cdecl");
    case 'C':
    case 'D':
        return keyword(u, "__pascal");
    case 'E':
    case 'F':
        return keyword(u, "__thiscall");
    case 'G':
    case 'H':
        return keyword(u, "__stdcall");
    case 'I':
    case 'J':
        return keyword(u, "__fastcall");
    case 'M':
    case 'N':
        return keyword(u, "__clrcall");
    case 'Q':
        return keyword(u, "__vectorcall");
    }
    return fail(u);
}

static declarator return_type(parser *u)
{
    const char *cv = "";
    if (*u->p == '@') {
        u->p++;
        return (declarator){"", ""};
    }
    if (*u->p == '?') {
        u->p++;
        cv = modifiers(u, NULL);
    }
    declarator result = type(u, 0);
    result.left = spaced(u, cv, result.left);
    return result;
}

/* Parameters and the end of a function's code, in parentheses. */
static const char *parameter_list(parser *u)
{
    const char *list = arguments(u, 0);
    if (*u->p == 'Z') /* may throw */
        u->p++;
    else if (*u->p == '_' && u->p[1] == 'E')
        u->p += 2;
    return JOIN(u, "(", list, ")");
}

/* A pointer to a function: "R (conv class::*" and ")(args)". */
static declarator function_pointer(parser *u, const char *mark, const char *owner)
{
    const char *this_cv = "", *pointer = "";
    if (*owner)
        this_cv = modifiers(u, &pointer);
    const char *convention = calling_convention(u);
    declarator result = return_type(u);
    const char *list = parameter_list(u);
    const char *inner = spaced(u, convention, *owner ? JOIN(u, owner, "::", mark) : mark);
    if (*convention && !*owner)
        inner = JOIN(u, convention, mark);
    const char *after = *this_cv && *pointer ? JOIN(u, this_cv, " ", pointer) : *pointer ? JOIN(u, " ", pointer) : this_cv;
    result.left = spaced(u, result.left, JOIN(u, "(", inner));
    result.right = JOIN(u, ")", list, after, result.right);
    return result;
}

static declarator array(parser *u, const char *mark)
{
    const char *sizes = "";
    int count = *u->p >= '0' && *u->p <= '9' ? *u->p++ - '0' + 1 : 0;
    if (!count || count > 16)
        return (declarator){fail(u), ""};
    while (count--) {
        const char *size = number_text(u);
        sizes = JOIN(u, sizes, "[", size, "]");
    }
    declarator element = type(u, 0);
    if (*mark) {
        element.left = spaced(u, element.left, JOIN(u, "(", mark));
        element.right = JOIN(u, ")", sizes, element.right);
    } else {
        element.right = JOIN(u, sizes, element.right);
    }
    return element;
}

static declarator pointer(parser *u, const char *sign, const char *own)
{
    const char *extra = "", *owner = "";
    char c = *u->p;

    if (c == '6') {
        u->p++;
        return function_pointer(u, JOIN(u, sign, own), "");
    }
    if (c == '8') {
        u->p++;
        owner = qualified(u, NULL);
        return function_pointer(u, JOIN(u, sign, own), owner);
    }
    const char *before = u->p;
    while (*before == 'E' || *before == 'F' || *before == 'I')
        before++;
    int member = *before >= 'Q' && *before <= 'T';
    const char *cv = modifiers(u, &extra);
    if (member) {
        owner = qualified(u, NULL);
        sign = JOIN(u, owner, "::", sign);
    }
    const char *mark = sign;
    if (*extra)
        mark = spaced(u, sign, extra);
    mark = spaced(u, mark, own);
    if (*u->p == 'Y') {
        u->p++;
        declarator result = array(u, mark);
        result.left = spaced(u, cv, result.left);
        return result;
    }
    declarator target = type(u, 0);
    const char *pointee = target.left;
    if (*cv) {
        size_t length = strlen(pointee);
        int points = length && (pointee[length - 1] == '*' || pointee[length - 1] == '&' || strstr(pointee, "* "));
        pointee = points ? spaced(u, pointee, cv) : JOIN(u, pointee, " ", cv);
    }
    return (declarator){JOIN(u, pointee, " ", mark), target.right};
}

static const char *basic_type(char c)
{
    switch (c) {
    case 'C':
        return "signed char";
    case 'D':
        return "char";
    case 'E':
        return "unsigned char";
    case 'F':
        return "short";
    case 'G':
        return "unsigned short";
    case 'H':
        return "int";
    case 'I':
        return "unsigned int";
    case 'J':
        return "long";
    case 'K':
        return "unsigned long";
    case 'M':
        return "float";
    case 'N':
        return "double";
    case 'O':
        return "long double";
    case 'X':
        return "void";
    case 'Z':
        return "...";
    }
    return NULL;
}

static const char *extended_type(const parser *u, char c)
{
    static const char *const sized[] = {"__int8", "unsigned __int8", "__int16", "unsigned __int16", "__int32",
                                        "unsigned __int32", "__int64", "unsigned __int64", "__int128",
                                        "unsigned __int128"};
    (void)u;
    if (c >= 'D' && c <= 'M')
        return sized[c - 'D'];
    switch (c) {
    case 'N':
        return "bool";
    case 'Q':
        return "char8_t";
    case 'S':
        return "char16_t";
    case 'U':
        return "char32_t";
    case 'W':
        return "wchar_t";
    }
    return NULL;
}

static const char *class_type(parser *u, const char *word)
{
    const char *name = qualified(u, NULL);
    return u->flags & NO_COMPLEX_TYPE ? name : JOIN(u, word, " ", name);
}

/* After "$$". */
static declarator special_type(parser *u)
{
    const char *cv;
    switch (*u->p++) {
    case 'Q':
        return pointer(u, "&&", "");
    case 'R':
        return pointer(u, "&&", "volatile");
    case 'T':
        return (declarator){"std::nullptr_t", ""};
    case 'B':
        return type(u, 0);
    case 'A': {
        if (*u->p++ != '6')
            break;
        const char *convention = calling_convention(u);
        declarator result = return_type(u);
        const char *list = parameter_list(u);
        return (declarator){spaced(u, result.left, convention), JOIN(u, list, result.right)};
    }
    case 'C': {
        cv = modifiers(u, NULL);
        declarator result = type(u, 0);
        result.left = spaced(u, result.left, cv);
        return result;
    }
    case 'V':
    case 'Z':
        return (declarator){"", ""};
    }
    return (declarator){fail(u), ""};
}

static declarator type(parser *u, int top)
{
    const char *text;
    char c = *u->p;

    if (u->failed || ++u->depth > MAX_DEPTH)
        return (declarator){fail(u), ""};
    declarator result = {"", ""};
    u->p += c != 0;
    switch (c) {
    case 'A':
        result = pointer(u, "&", "");
        break;
    case 'B':
        result = pointer(u, "&", "volatile");
        break;
    case 'P':
        result = pointer(u, "*", "");
        break;
    case 'Q':
        result = pointer(u, "*", "const");
        break;
    case 'R':
        result = pointer(u, "*", "volatile");
        break;
    case 'S':
        result = pointer(u, "*", "const volatile");
        break;
    case 'T':
        result.left = class_type(u, "union");
        break;
    case 'U':
        result.left = class_type(u, "struct");
        break;
    case 'V':
        result.left = class_type(u, "class");
        break;
    case 'W':
        if (*u->p >= '0' && *u->p <= '7')
            u->p++;
        result.left = class_type(u, "enum");
        break;
    case 'Y':
        result = array(u, "");
        break;
    case '?': {
        const char *cv = modifiers(u, NULL);
        result = type(u, 0);
        if (*cv)
            result.left = spaced(u, result.left, cv);
        break;
    }
    case '_':
        text = extended_type(u, *u->p);
        result.left = text ? (u->p++, text) : fail(u);
        break;
    case '$':
        if (*u->p == '$') {
            u->p++;
            result = special_type(u);
        } else {
            result.left = fail(u);
        }
        break;
    default:
        text = basic_type(c);
        result.left = text ? text : fail(u);
    }
    (void)top;
    u->depth--;
    return result;
}

static const char *template_argument(parser *u)
{
    if (*u->p == '?' && u->p[1] >= '0' && u->p[1] <= '9') {
        u->p++;
        const char *number = number_text(u);
        return JOIN(u, "`template-parameter", number, "'");
    }
    if (*u->p != '$' || u->p[1] == '$') {
        declarator one = type(u, 0);
        return JOIN(u, one.left, one.right);
    }
    u->p++;
    switch (*u->p++) {
    case '0':
        return number_text(u);
    case '1':
    case 'E': {
        const char *name = symbol(u);
        return JOIN(u, "&", name);
    }
    case 'S':
        return "";
    case 'D': {
        const char *number = number_text(u);
        return JOIN(u, "`template-parameter", number, "'");
    }
    case 'Q': {
        const char *number = number_text(u);
        return JOIN(u, "`non-type-template-parameter", number, "'");
    }
    }
    return fail(u);
}

/* "int,char *": up to '@', or for functions also up to 'Z', which stands for "...". */
static const char *arguments(parser *u, int is_template)
{
    const char *list = "";

    if (!is_template && *u->p == 'X') {
        u->p++;
        return "void";
    }
    for (int count = 0; *u->p && *u->p != '@' && !u->failed; count++) {
        const char *one;
        if (*u->p == 'Z' && !is_template) {
            u->p++;
            return *list ? JOIN(u, list, ",...") : "...";
        }
        if (*u->p >= '0' && *u->p <= '9') {
            int index = *u->p++ - '0';
            one = index < u->type_count ? u->types[index] : fail(u);
        } else {
            const char *start = u->p;
            if (is_template) {
                one = template_argument(u);
            } else {
                declarator parameter = type(u, 0);
                one = JOIN(u, parameter.left, parameter.right);
            }
            if (u->p - start > 1 && u->type_count < MAX_BACK)
                u->types[u->type_count++] = one;
        }
        list = *list && *one ? JOIN(u, list, ",", one) : *list ? list : one;
        if (count > 500)
            return fail(u);
    }
    if (*u->p == '@')
        u->p++;
    else
        fail(u);
    return list;
}

/* ---- whole symbols ------------------------------------------------------------------------------------------------------------- */

static const char *variable(parser *u, const char *name, char kind)
{
    static const char *const access[] = {"private: static ", "protected: static ", "public: static ", "", ""};
    const char *pointer = "";
    declarator it = type(u, 1);
    const char *cv = modifiers(u, &pointer);
    const char *left = spaced(u, spaced(u, it.left, cv), pointer);
    if (u->flags & NAME_ONLY)
        return name;
    return JOIN(u, u->flags & NO_ACCESS_SPECIFIERS ? "" : access[kind - '0'], left, " ", name, it.right);
}

static const char *table(parser *u, const char *name)
{
    const char *cv = modifiers(u, NULL), *owners = "";
    while (*u->p && *u->p != '@' && !u->failed) {
        const char *owner = qualified(u, NULL);
        owners = *owners ? JOIN(u, owners, "'s `", owner) : JOIN(u, "{for `", owner);
    }
    if (*u->p == '@')
        u->p++;
    if (*owners)
        name = JOIN(u, name, owners, "'}");
    return u->flags & NAME_ONLY ? name : spaced(u, cv, name);
}

static const char *function(parser *u, const char *name, char kind)
{
    static const char *const access[] = {"private: ", "protected: ", "public: "};
    const char *prefix = "", *this_cv = "", *pointer_words = "";
    int adjustor = 0;

    if (kind < 'Y') {
        int index = kind - 'A', storage = index % 8 / 2;
        prefix = u->flags & NO_ACCESS_SPECIFIERS ? "" : access[index / 8];
        if (!(u->flags & NO_MEMBER_TYPE))
            prefix = JOIN(u, prefix, storage == 1 ? "static " : storage >= 2 ? "virtual " : "");
        if (storage == 3) {
            const char *offset = number_text(u);
            adjustor = 1;
            name = JOIN(u, name, "`adjustor{", offset, "}' ");
        }
        if (storage != 1)
            this_cv = modifiers(u, &pointer_words);
    }
    const char *convention = calling_convention(u);
    declarator result = return_type(u);
    const char *list = parameter_list(u);
    if (*name == *CONVERSION) {
        name = JOIN(u, "operator ", result.left, result.right);
        result = (declarator){"", ""};
    } else {
        const char *mark = strchr(name, *CONVERSION);
        if (mark) {
            size_t length = (size_t)(mark - name);
            char *start = keep(u, length);
            if (u->failed)
                return "";
            memcpy(start, name, length);
            start[length] = 0;
            name = JOIN(u, start, "operator ", result.left, result.right, mark + 1);
            result = (declarator){"", ""};
        }
    }
    if (u->flags & NAME_ONLY)
        return name;
    if (u->flags & NO_FUNCTION_RETURNS)
        result = (declarator){"", ""};
    /* "int (__cdecl*" leaves no space before what it points to. */
    const char *left = *result.right == ')' ? JOIN(u, result.left, convention) : spaced(u, result.left, convention);
    const char *gap = *left && !(*result.right == ')' && !*convention) ? " " : "";
    const char *after = *this_cv ? JOIN(u, this_cv, " ", pointer_words) : *pointer_words ? JOIN(u, " ", pointer_words) : "";
    return JOIN(u, adjustor && *prefix ? "[thunk]:" : "", prefix, left, gap, name, list, result.right, after);
}

/* At '?': a whole decorated name. */
static const char *symbol(parser *u)
{
    const char *name;

    if (*u->p != '?' || u->failed || ++u->depth > MAX_DEPTH)
        return fail(u);
    u->p++;
    if (u->p[0] == '?' && u->p[1] == '$') {
        u->p += 2;
        name = template_name(u);
    } else if (*u->p == '?') {
        u->p++;
        name = operator_name(u);
    } else {
        name = scope(u);
    }
    name = scopes(u, name, NULL);
    char kind = *u->p;
    u->p += kind != 0;
    u->depth--;
    if (kind >= '0' && kind <= '4')
        return variable(u, name, kind);
    if (kind == '6' || kind == '7')
        return table(u, name);
    if (kind == '8' || kind == '9' || !kind)
        return name;
    return kind >= 'A' && kind <= 'Z' ? function(u, name, kind) : fail(u);
}

/* ".?AVclass@@" without its point: a storage letter, then the type. */
static const char *type_only(parser *u)
{
    if (*u->p == '?') {
        u->p++;
        const char *cv = modifiers(u, NULL);
        declarator it = type(u, 1);
        return spaced(u, cv, JOIN(u, it.left, it.right));
    }
    declarator it = type(u, 1);
    return JOIN(u, it.left, it.right);
}

/* The undecorated name: in buffer, cut to size, or without a buffer from allocate. What cannot be read comes back as it
 * is; as a type it gives NULL. */
char *__unDNameEx(char *buffer, const char *decorated, int size, void *(*allocate)(size_t), void (*release)(void *),
                  void *(*parameter)(long), unsigned flags)
{
    parser u = {.p = decorated, .flags = flags};
    const char *text;
    (void)release;
    (void)parameter;

    if (flags & TYPE_ONLY)
        text = type_only(&u);
    else
        text = *decorated == '?' ? symbol(&u) : decorated;
    if (u.failed)
        text = flags & TYPE_ONLY ? NULL : decorated;
    char *result = NULL;
    if (text) {
        size_t length = strlen(text);
        if (!buffer) {
            result = allocate ? allocate(length + 1) : malloc(length + 1);
            size = INT_MAX;
        } else if (size > 0) {
            result = buffer;
        }
        if (result) {
            if (length >= (size_t)size)
                length = (size_t)size - 1;
            memcpy(result, text, length);
            result[length] = 0;
        }
    }
    while (u.pieces) {
        piece *next = u.pieces->next;
        free(u.pieces);
        u.pieces = next;
    }
    return result;
}

char *__unDName(char *buffer, const char *decorated, int size, void *(*allocate)(size_t), void (*release)(void *),
                unsigned short flags)
{
    return __unDNameEx(buffer, decorated, size, allocate, release, NULL, flags);
}
