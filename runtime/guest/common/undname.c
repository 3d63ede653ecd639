/* __unDName: Visual C++'s decorated names as C++ declarations. */
#include "undname.h"
#include <string.h>

static const char *variable(parser *u, const char *name, char kind)
{
    static const char *const access[] = {"private: static ", "protected: static ", "public: static ", "", ""};
    const char *pointer = "";
    declarator it = und_type(u, 1);
    const char *cv = und_modifiers(u, &pointer);
    const char *left = und_spaced(u, und_spaced(u, it.left, cv), pointer);
    if (u->flags & NAME_ONLY)
        return name;
    return JOIN(u, u->flags & NO_ACCESS_SPECIFIERS ? "" : access[kind - '0'], left, " ", name, it.right);
}

static const char *table(parser *u, const char *name)
{
    const char *cv = und_modifiers(u, NULL), *owners = "";
    while (*u->p && *u->p != '@' && !u->failed) {
        const char *owner = und_qualified(u, NULL);
        owners = *owners ? JOIN(u, owners, "'s `", owner) : JOIN(u, "{for `", owner);
    }
    if (*u->p == '@')
        u->p++;
    if (*owners)
        name = JOIN(u, name, owners, "'}");
    return u->flags & NAME_ONLY ? name : und_spaced(u, cv, name);
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
            const char *offset = und_number_text(u);
            adjustor = 1;
            name = JOIN(u, name, "`adjustor{", offset, "}' ");
        }
        if (storage != 1)
            this_cv = und_modifiers(u, &pointer_words);
    }
    const char *convention = und_calling_convention(u);
    declarator result = und_return_type(u);
    const char *list = und_parameter_list(u);
    if (*name == *CONVERSION) {
        name = JOIN(u, "operator ", result.left, result.right);
        result = (declarator){"", ""};
    } else {
        const char *mark = strchr(name, *CONVERSION);
        if (mark) {
            size_t length = (size_t)(mark - name);
            char *start = und_keep(u, length);
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
    const char *left = *result.right == ')' ? JOIN(u, result.left, convention) : und_spaced(u, result.left, convention);
    const char *gap = *left && !(*result.right == ')' && !*convention) ? " " : "";
    const char *after = *this_cv         ? JOIN(u, this_cv, " ", pointer_words)
                        : *pointer_words ? JOIN(u, " ", pointer_words)
                                         : "";
    return JOIN(u, adjustor && *prefix ? "[thunk]:" : "", prefix, left, gap, name, list, result.right, after);
}

/* At '?': a whole decorated name. */
const char *und_symbol(parser *u)
{
    const char *name;

    if (*u->p != '?' || u->failed || ++u->depth > MAX_DEPTH)
        return und_fail(u);
    u->p++;
    if (u->p[0] == '?' && u->p[1] == '$') {
        u->p += 2;
        name = und_template_name(u);
    } else if (*u->p == '?') {
        u->p++;
        name = und_operator_name(u);
    } else {
        name = und_scope(u);
    }
    name = und_scopes(u, name, NULL);
    char kind = *u->p;
    u->p += kind != 0;
    u->depth--;
    if (kind >= '0' && kind <= '4')
        return variable(u, name, kind);
    if (kind == '6' || kind == '7')
        return table(u, name);
    if (kind == '8' || kind == '9' || !kind)
        return name;
    return kind >= 'A' && kind <= 'Z' ? function(u, name, kind) : und_fail(u);
}

/* ".?AVclass@@" without its point: a storage letter, then the type. */
static const char *type_only(parser *u)
{
    if (*u->p == '?') {
        u->p++;
        const char *cv = und_modifiers(u, NULL);
        declarator it = und_type(u, 1);
        return und_spaced(u, cv, JOIN(u, it.left, it.right));
    }
    declarator it = und_type(u, 1);
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
        text = *decorated == '?' ? und_symbol(&u) : decorated;
    if (u.failed)
        text = flags & TYPE_ONLY ? NULL : decorated;
    char *result = NULL;
    if (text) {
        size_t length = strlen(text);
        if (!buffer) {
            result = allocate ? allocate(length + 1) : HeapAlloc(GetProcessHeap(), 0, length + 1);
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
        HeapFree(GetProcessHeap(), 0, u.pieces);
        u.pieces = next;
    }
    return result;
}

char *__unDName(char *buffer, const char *decorated, int size, void *(*allocate)(size_t), void (*release)(void *),
                unsigned short flags)
{
    return __unDNameEx(buffer, decorated, size, allocate, release, NULL, flags);
}
