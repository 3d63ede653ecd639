/* IF and FOR. */
#include "parser.h"

node *parse_if(parser *p)
{
    static const struct {
        const wchar_t *name;
        enum condition condition;
    } comparisons[] = {{L"EQU", IF_EQU}, {L"NEQ", IF_NEQ}, {L"LSS", IF_LSS},
                       {L"LEQ", IF_LEQ}, {L"GTR", IF_GTR}, {L"GEQ", IF_GEQ}};
    node *n = new_node(NODE_IF);
    wchar_t *word;

    for (;;) {
        skip_delimiters(p);
        word = take_word(p, L"");
        if (same(word, L"/i"))
            n->fold = true;
        else if (same(word, L"not"))
            n->negate = !n->negate;
        else
            break;
    }
    if (!*word)
        return unexpected(p);
    if (same(word, L"exist") || same(word, L"defined") || same(word, L"errorlevel") || same(word, L"cmdextversion")) {
        skip_delimiters(p);
        n->condition = *word == L'c' || *word == L'C'   ? IF_VERSION
                       : *word == L'd' || *word == L'D' ? IF_DEFINED
                       : same(word, L"exist")           ? IF_EXIST
                                                        : IF_ERRORLEVEL;
        n->first = take_word(p, L"");
        if (!*n->first)
            return unexpected(p);
    } else {
        n->first = word;
        while (is_blank(peek(p)) || peek(p) == L',' || peek(p) == L';')
            p->at++;
        if (peek(p) == L'=' && peek_next(p) == L'=') {
            n->condition = IF_EQUAL;
            p->at += 2;
        } else {
            size_t i, start;

            skip_delimiters(p);
            start = p->at;
            word = take_word(p, L"");
            for (i = 0; i < 6 && !same(word, comparisons[i].name); i++)
                ;
            if (i == 6) {
                p->at = start;
                return unexpected(p);
            }
            n->condition = comparisons[i].condition;
        }
        skip_delimiters(p);
        n->second = take_word(p, L"");
        if (!*n->second)
            return unexpected(p);
    }
    p->conditions++;
    skip_delimiters(p);
    n->left = peek(p) ? parse_sequence(p) : NULL;
    p->conditions--;
    if (p->failed)
        return NULL;
    if (!n->left)
        return syntax(p);
    skip_delimiters(p);
    if (n->left->kind == NODE_BLOCK && at_else(p)) {
        p->at += 4;
        skip_delimiters(p);
        n->right = parse_sequence(p);
        if (p->failed)
            return NULL;
        if (!n->right)
            return syntax(p);
    }
    return n;
}

/* What is between the parentheses of FOR. */
static wchar_t *take_set(parser *p)
{
    bool quoted = false;
    text t = {0};

    add(&t, L"", 0);
    p->at++;
    for (;;) {
        wchar_t c = peek(p);

        if (!c) {
            if (!read_more(p))
                return syntax(p);
            continue;
        }
        if (c == L'\n') {
            quoted = false;
            c = L' ';
        } else if (c == L'"') {
            quoted = !quoted;
        } else if (!quoted) {
            if (c == L'^') {
                take_escaped(p, &t);
                continue;
            }
            if (c == L')')
                break;
            if (wcschr(L"&|<>", c))
                return unexpected(p);
        }
        add_char(&t, c);
        p->at++;
    }
    p->at++;
    return t.p;
}

node *parse_for(parser *p)
{
    node *n = new_node(NODE_FOR);
    wchar_t *word;
    size_t start;

    for (;;) {
        skip_delimiters(p);
        start = p->at;
        word = take_word(p, L"(");
        if (same(word, L"/d"))
            n->loop = FOR_DIRECTORIES;
        else if (same(word, L"/l"))
            n->loop = FOR_NUMBERS;
        else if (same(word, L"/f"))
            n->loop = FOR_TEXT;
        else if (same(word, L"/r"))
            n->tree = true;
        else if (*word && *word != L'%' && !n->options && (n->tree || n->loop == FOR_TEXT))
            n->options = word;
        else
            break;
    }
    if (word[0] != L'%' || !word[1] || word[2] || word[1] >= 128) {
        p->at = start;
        return unexpected(p);
    }
    n->variable = word[1];
    skip_delimiters(p);
    start = p->at;
    word = take_word(p, L"(");
    if (!same(word, L"in")) {
        p->at = start;
        return unexpected(p);
    }
    skip_delimiters(p);
    if (peek(p) != L'(')
        return unexpected(p);
    n->set = take_set(p);
    if (p->failed)
        return NULL;
    skip_delimiters(p);
    start = p->at;
    word = take_word(p, L"(");
    if (!same(word, L"do")) {
        p->at = start;
        return unexpected(p);
    }
    skip_delimiters(p);
    n->left = parse_sequence(p);
    if (p->failed)
        return NULL;
    return n->left ? n : syntax(p);
}
