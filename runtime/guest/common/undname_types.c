/* Decorated types. */
#include "undname.h"
#include <string.h>

const char *und_modifiers(parser *u, const char **pointer)
{
    const char *extra = "";
    for (;; u->p++) {
        if (*u->p == 'E')
            extra = und_spaced(u, extra, und_keyword(u, "__ptr64"));
        else if (*u->p == 'F')
            extra = und_spaced(u, extra, und_keyword(u, "__unaligned"));
        else if (*u->p == 'I')
            extra = und_spaced(u, extra, und_keyword(u, "__restrict"));
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
    return und_fail(u);
}

const char *und_calling_convention(parser *u)
{
    char c = *u->p++;
    switch (c) {
    case 'A':
    case 'B':
        return und_keyword(u, "__cdecl");
    case 'C':
    case 'D':
        return und_keyword(u, "__pascal");
    case 'E':
    case 'F':
        return und_keyword(u, "__thiscall");
    case 'G':
    case 'H':
        return und_keyword(u, "__stdcall");
    case 'I':
    case 'J':
        return und_keyword(u, "__fastcall");
    case 'M':
    case 'N':
        return und_keyword(u, "__clrcall");
    case 'Q':
        return und_keyword(u, "__vectorcall");
    }
    return und_fail(u);
}

declarator und_return_type(parser *u)
{
    const char *cv = "";
    if (*u->p == '@') {
        u->p++;
        return (declarator){"", ""};
    }
    if (*u->p == '?') {
        u->p++;
        cv = und_modifiers(u, NULL);
    }
    declarator result = und_type(u, 0);
    result.left = und_spaced(u, cv, result.left);
    return result;
}

/* Parameters and the end of a function's code, in parentheses. */
const char *und_parameter_list(parser *u)
{
    const char *list = und_arguments(u, 0);
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
        this_cv = und_modifiers(u, &pointer);
    const char *convention = und_calling_convention(u);
    declarator result = und_return_type(u);
    const char *list = und_parameter_list(u);
    const char *inner = und_spaced(u, convention, *owner ? JOIN(u, owner, "::", mark) : mark);
    if (*convention && !*owner)
        inner = JOIN(u, convention, mark);
    const char *after = *this_cv && *pointer ? JOIN(u, this_cv, " ", pointer)
                        : *pointer           ? JOIN(u, " ", pointer)
                                             : this_cv;
    result.left = und_spaced(u, result.left, JOIN(u, "(", inner));
    result.right = JOIN(u, ")", list, after, result.right);
    return result;
}

static declarator array(parser *u, const char *mark)
{
    const char *sizes = "";
    int count = *u->p >= '0' && *u->p <= '9' ? *u->p++ - '0' + 1 : 0;
    if (!count || count > 16)
        return (declarator){und_fail(u), ""};
    while (count--) {
        const char *size = und_number_text(u);
        sizes = JOIN(u, sizes, "[", size, "]");
    }
    declarator element = und_type(u, 0);
    if (*mark) {
        element.left = und_spaced(u, element.left, JOIN(u, "(", mark));
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
        owner = und_qualified(u, NULL);
        return function_pointer(u, JOIN(u, sign, own), owner);
    }
    const char *before = u->p;
    while (*before == 'E' || *before == 'F' || *before == 'I')
        before++;
    int member = *before >= 'Q' && *before <= 'T';
    const char *cv = und_modifiers(u, &extra);
    if (member) {
        owner = und_qualified(u, NULL);
        sign = JOIN(u, owner, "::", sign);
    }
    const char *mark = sign;
    if (*extra)
        mark = und_spaced(u, sign, extra);
    mark = und_spaced(u, mark, own);
    if (*u->p == 'Y') {
        u->p++;
        declarator result = array(u, mark);
        result.left = und_spaced(u, cv, result.left);
        return result;
    }
    declarator target = und_type(u, 0);
    const char *pointee = target.left;
    if (*cv) {
        size_t length = strlen(pointee);
        int points = length && (pointee[length - 1] == '*' || pointee[length - 1] == '&' || strstr(pointee, "* "));
        pointee = points ? und_spaced(u, pointee, cv) : JOIN(u, pointee, " ", cv);
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
    const char *name = und_qualified(u, NULL);
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
        return und_type(u, 0);
    case 'A': {
        if (*u->p++ != '6')
            break;
        const char *convention = und_calling_convention(u);
        declarator result = und_return_type(u);
        const char *list = und_parameter_list(u);
        return (declarator){und_spaced(u, result.left, convention), JOIN(u, list, result.right)};
    }
    case 'C': {
        cv = und_modifiers(u, NULL);
        declarator result = und_type(u, 0);
        result.left = und_spaced(u, result.left, cv);
        return result;
    }
    case 'V':
    case 'Z':
        return (declarator){"", ""};
    }
    return (declarator){und_fail(u), ""};
}

declarator und_type(parser *u, int top)
{
    const char *text;
    char c = *u->p;

    if (u->failed || ++u->depth > MAX_DEPTH)
        return (declarator){und_fail(u), ""};
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
        const char *cv = und_modifiers(u, NULL);
        result = und_type(u, 0);
        if (*cv)
            result.left = und_spaced(u, result.left, cv);
        break;
    }
    case '_':
        text = extended_type(u, *u->p);
        result.left = text ? (u->p++, text) : und_fail(u);
        break;
    case '$':
        if (*u->p == '$') {
            u->p++;
            result = special_type(u);
        } else {
            result.left = und_fail(u);
        }
        break;
    default:
        text = basic_type(c);
        result.left = text ? text : und_fail(u);
    }
    (void)top;
    u->depth--;
    return result;
}

static const char *template_argument(parser *u)
{
    if (*u->p == '?' && u->p[1] >= '0' && u->p[1] <= '9') {
        u->p++;
        const char *number = und_number_text(u);
        return JOIN(u, "`template-parameter", number, "'");
    }
    if (*u->p != '$' || u->p[1] == '$') {
        declarator one = und_type(u, 0);
        return JOIN(u, one.left, one.right);
    }
    u->p++;
    switch (*u->p++) {
    case '0':
        return und_number_text(u);
    case '1':
    case 'E': {
        const char *name = und_symbol(u);
        return JOIN(u, "&", name);
    }
    case 'S':
        return "";
    case 'D': {
        const char *number = und_number_text(u);
        return JOIN(u, "`template-parameter", number, "'");
    }
    case 'Q': {
        const char *number = und_number_text(u);
        return JOIN(u, "`non-type-template-parameter", number, "'");
    }
    }
    return und_fail(u);
}

/* "int,char *": up to '@', or for functions also up to 'Z', which stands for "...". */
const char *und_arguments(parser *u, int is_template)
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
            one = index < u->type_count ? u->types[index] : und_fail(u);
        } else {
            const char *start = u->p;
            if (is_template) {
                one = template_argument(u);
            } else {
                declarator parameter = und_type(u, 0);
                one = JOIN(u, parameter.left, parameter.right);
            }
            if (u->p - start > 1 && u->type_count < MAX_BACK)
                u->types[u->type_count++] = one;
        }
        list = *list && *one ? JOIN(u, list, ",", one) : *list ? list : one;
        if (count > 500)
            return und_fail(u);
    }
    if (*u->p == '@')
        u->p++;
    else
        und_fail(u);
    return list;
}
