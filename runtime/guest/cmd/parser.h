/* What the parts of the parser share. */
#pragma once
#include "cmd.h"

typedef struct parser {
    text line;
    size_t at;
    int parentheses;
    int conditions;      /* IF bodies around: `else` may follow a block */
    line_source more;
    void *context;
    bool failed;
} parser;

/* The character to come and the one behind it; 0 at the end of what was read. */
wchar_t peek(parser *p);
wchar_t peek_next(parser *p);
/* Appends the next line of the source; false when there is none. */
bool read_more(parser *p);
void skip_delimiters(parser *p);
/* Syntax errors: the first one is told. Both return NULL. */
void *unexpected(parser *p);
void *syntax(parser *p);
node *new_node(enum node_kind kind);
void take_escaped(parser *p, text *t);
wchar_t *take_word(parser *p, const wchar_t *stops);
bool at_else(parser *p);
node *parse_sequence(parser *p);
node *parse_if(parser *p);
node *parse_for(parser *p);
