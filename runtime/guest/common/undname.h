/* What the parts of __unDName share: names (undname_names.c), types (undname_types.c), whole symbols (undname.c). Every
 * function reads from u->p; after a failure u->failed is set and results mean nothing. */
#ifndef GUEST_UNDNAME_H
#define GUEST_UNDNAME_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

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

/* What operator names stand for until the class or the return type is known. */
#define CONSTRUCTOR "\1"
#define DESTRUCTOR "\2"
#define CONVERSION "\3"

#define JOIN(u, ...) und_join(u, (const char *const[]){__VA_ARGS__, NULL})

const char *und_fail(parser *u);
char *und_keep(parser *u, size_t length);
const char *und_join(parser *u, const char *const *parts);
/* Both with a space between, unless one is empty. */
const char *und_spaced(parser *u, const char *left, const char *right);
/* A Microsoft keyword as the flags want it. */
const char *und_keyword(const parser *u, const char *word);

const char *und_number_text(parser *u);
const char *und_template_name(parser *u);
const char *und_scope(parser *u);
const char *und_operator_name(parser *u);
const char *und_scopes(parser *u, const char *name, const char **last);
const char *und_qualified(parser *u, const char **last);

const char *und_modifiers(parser *u, const char **pointer);
const char *und_calling_convention(parser *u);
declarator und_return_type(parser *u);
const char *und_parameter_list(parser *u);
declarator und_type(parser *u, int top);
const char *und_arguments(parser *u, int is_template);

const char *und_symbol(parser *u);

char *__unDNameEx(char *buffer, const char *decorated, int size, void *(*allocate)(size_t), void (*release)(void *),
                  void *(*parameter)(long), unsigned flags);

#endif
