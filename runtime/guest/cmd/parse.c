/* Command lines to commands: words, redirection, operators, blocks. */
#include "parser.h"


wchar_t peek(parser *p)
{
    return p->at < p->line.n ? p->line.p[p->at] : 0;
}

wchar_t peek_next(parser *p)
{
    return p->at + 1 < p->line.n ? p->line.p[p->at + 1] : 0;
}

/* Append the next line of the source. */
bool read_more(parser *p)
{
    wchar_t *line = p->more ? p->more(p->context) : NULL;

    if (!line)
        return false;
    add_string(&p->line, line);
    add_char(&p->line, L'\n');
    return true;
}

static bool is_delimiter(wchar_t c)
{
    return c == L' ' || c == L'\t' || c == L',' || c == L';' || c == L'=' || c == 0x0b || c == 0x0c || c == 0xa0;
}

void skip_delimiters(parser *p)
{
    while (peek(p) && is_delimiter(peek(p)))
        p->at++;
}

static void skip_blanks(parser *p)
{
    while (is_blank(peek(p)))
        p->at++;
}

void *unexpected(parser *p)
{
    text t = {0};
    wchar_t c;

    if (p->failed)
        return NULL;
    p->failed = true;
    skip_delimiters(p);
    c = peek(p);
    if (!c || c == L'\n') {
        err(L"The syntax of the command is incorrect.\r\n");
        return NULL;
    }
    if (wcschr(L"&|<>()", c)) {
        add_char(&t, c);
        if (c != L'(' && c != L')' && peek_next(p) == c)
            add_char(&t, c);
    } else {
        for (size_t i = p->at; i < p->line.n && !wcschr(L" \t\n&|<>()", p->line.p[i]); i++)
            add_char(&t, p->line.p[i]);
    }
    errf(L"%s was unexpected at this time.\r\n", t.p);
    return NULL;
}

void *syntax(parser *p)
{
    if (!p->failed)
        err(L"The syntax of the command is incorrect.\r\n");
    p->failed = true;
    return NULL;
}

node *new_node(enum node_kind kind)
{
    node *n = take(sizeof *n);

    memset(n, 0, sizeof *n);
    n->kind = kind;
    return n;
}

/* A caret outside quotes: the next character is taken as it is. A line's end is left out, and the first character of
 * the next line is taken as it is, even when that is the line's end. */
void take_escaped(parser *p, text *t)
{
    p->at++;
    if (peek(p) == L'\n') {
        p->at++;
        if (p->at >= p->line.n && !read_more(p))
            return;
    }
    if (peek(p))
        add_char(t, p->line.p[p->at++]);
    if (p->at >= p->line.n)
        read_more(p);
}

/* One word up to a delimiter or special character, quotes kept. `stops` are further characters that end it. */
wchar_t *take_word(parser *p, const wchar_t *stops)
{
    bool quoted = false;
    text t = {0};

    add(&t, L"", 0);
    for (;;) {
        wchar_t c = peek(p);

        if (!c || c == L'\n')
            break;
        if (c == L'"') {
            quoted = !quoted;
        } else if (!quoted) {
            if (c == L'^') {
                take_escaped(p, &t);
                continue;
            }
            if (is_delimiter(c) || wcschr(L"&|<>", c) || (c == L')' && p->parentheses) || wcschr(stops, c))
                break;
        }
        add_char(&t, c);
        p->at++;
    }
    return t.p;
}

/* At < or >; `handle` is the digit before it or -1. */
static bool take_redirection(parser *p, int handle, redirection ***end)
{
    redirection *r = take(sizeof *r);

    *r = (redirection){.duplicate = -1, .input = peek(p) == L'<'};
    r->handle = handle >= 0 ? handle : r->input ? 0 : 1;
    p->at++;
    if (!r->input && peek(p) == L'>') {
        r->append = true;
        p->at++;
    }
    if (peek(p) == L'&') {
        p->at++;
        skip_blanks(p);
        if (peek(p) < L'0' || peek(p) > L'9') {
            unexpected(p);
            return false;
        }
        r->duplicate = p->line.p[p->at++] - L'0';
    } else {
        skip_delimiters(p);
        r->file = take_word(p, L"");
        if (!*r->file) {
            unexpected(p);
            return false;
        }
    }
    **end = r;
    *end = &r->next;
    return true;
}

/* Redirections that stand before or behind a command or block. */
static bool take_redirections(parser *p, redirection ***end)
{
    for (;;) {
        wchar_t c;

        skip_delimiters(p);
        c = peek(p);
        if (c == L'<' || c == L'>') {
            if (!take_redirection(p, -1, end))
                return false;
        } else if (c >= L'0' && c <= L'9' && (peek_next(p) == L'<' || peek_next(p) == L'>')) {
            p->at++;
            if (!take_redirection(p, c - L'0', end))
                return false;
        } else {
            return true;
        }
    }
}

static redirection **last_redirection(node *n)
{
    redirection **end = &n->redirections;

    while (*end)
        end = &(*end)->next;
    return end;
}

/* The rest of a command: everything up to an operator, without the redirections. */
static wchar_t *take_arguments(parser *p, redirection ***end)
{
    bool quoted = false;
    text t = {0};

    add(&t, L"", 0);
    for (;;) {
        wchar_t c = peek(p);

        if (!c || c == L'\n')
            break;
        if (c == L'"') {
            quoted = !quoted;
        } else if (!quoted) {
            if (c == L'^') {
                take_escaped(p, &t);
                continue;
            }
            if (c == L'&' || c == L'|' || (c == L')' && p->parentheses))
                break;
            if (c == L'<' || c == L'>') {
                int handle = -1;

                /* A single digit in front is the handle. */
                if (t.n && t.p[t.n - 1] >= L'0' && t.p[t.n - 1] <= L'9' && p->line.p[p->at - 1] == t.p[t.n - 1] &&
                    (t.n == 1 || is_delimiter(t.p[t.n - 2]) || t.p[t.n - 2] == L'"' || t.p[t.n - 2] == L')')) {
                    handle = t.p[t.n - 1] - L'0';
                    t.p[--t.n] = 0;
                }
                if (!take_redirection(p, handle, end))
                    return NULL;
                continue;
            }
        }
        add_char(&t, c);
        p->at++;
    }
    return t.p;
}

static void skip_line(parser *p)
{
    while (peek(p) && peek(p) != L'\n')
        p->at++;
}

bool at_else(parser *p)
{
    return starts(p->line.p + p->at, L"else") &&
           (is_delimiter(p->line.p[p->at + 4]) || wcschr(L"(\n", p->line.p[p->at + 4]));
}

static node *parse_block(parser *p)
{
    node *block = new_node(NODE_BLOCK), **end = &block->left;
    redirection **redirections;

    p->at++;
    p->parentheses++;
    for (;;) {
        node *one;

        for (;;) {
            skip_delimiters(p);
            if (peek(p) == L'\n')
                p->at++;
            else if (!peek(p)) {
                if (!read_more(p))
                    return syntax(p);
            } else if (peek(p) == L':') {
                skip_line(p);
            } else {
                break;
            }
        }
        if (peek(p) == L')')
            break;
        one = parse_sequence(p);
        if (p->failed)
            return NULL;
        if (one) {
            /* Lines of a block are a list: sequences whose right side is the next line. */
            if (*end) {
                node *list = new_node(NODE_SEQUENCE);

                list->left = *end;
                list->right = one;
                list->newline = true;
                *end = list;
                end = &list->right;
            } else {
                *end = one;
            }
        }
        skip_delimiters(p);
        if (peek(p) && peek(p) != L'\n' && peek(p) != L')')
            return unexpected(p);
    }
    if (!block->left)
        return unexpected(p);
    p->parentheses--;
    p->at++;
    redirections = last_redirection(block);
    if (!take_redirections(p, &redirections))
        return NULL;
    skip_delimiters(p);
    if (peek(p) && !wcschr(L"&|\n)", peek(p)) && !(p->conditions && at_else(p)))
        return unexpected(p);
    return block;
}

static node *parse_command(parser *p)
{
    redirection *first = NULL, **end = &first;
    bool silent = false;
    node *n;

    for (;;) {
        skip_delimiters(p);
        if (peek(p) == L'@') {
            silent = true;
            p->at++;
        } else {
            break;
        }
    }
    if (!take_redirections(p, &end))
        return NULL;
    switch (peek(p)) {
    case L'(':
        n = parse_block(p);
        break;
    case L')':
        if (p->parentheses)
            return NULL;
        skip_line(p); /* the rest of a line behind a lone parenthesis is a remark */
        return NULL;
    case L':':
        skip_line(p);
        return NULL;
    case 0:
    case L'\n':
        if (!first)
            return NULL;
        n = new_node(NODE_COMMAND);
        n->name = n->arguments = L"";
        break;
    case L'&':
    case L'|':
        if (!first)
            return NULL;
        n = new_node(NODE_COMMAND);
        n->name = n->arguments = L"";
        break;
    default: {
        wchar_t *name = take_word(p, L"(");

        if (same(name, L"if") && peek(p) != L'(') {
            n = parse_if(p);
            break;
        }
        if (same(name, L"for") && peek(p) != L'(') {
            n = parse_for(p);
            break;
        }
        n = new_node(NODE_COMMAND);
        if (same(name, L"rem")) {
            size_t from = p->at;

            skip_blanks(p);
            if (peek(p) != L'&' && peek(p) != L'|')
                skip_line(p);
            n->name = name;
            n->arguments = copy_n(p->line.p + from, p->at - from);
            break;
        }
        if (peek(p) == L'(') {
            /* A parenthesis inside a word is part of it. */
            name = join(name, take_word(p, L""));
        }
        n->name = name;
        n->arguments = take_arguments(p, &end);
        if (p->failed)
            return NULL;
    }
    }
    if (!n || p->failed)
        return NULL;
    n->silent = silent;
    if (first) {
        *end = n->redirections;
        n->redirections = first;
    }
    return n;
}

static node *binary(enum node_kind kind, node *left, node *right)
{
    node *n = new_node(kind);

    n->left = left;
    n->right = right;
    return n;
}

static node *parse_pipe(parser *p)
{
    node *left = parse_command(p);

    if (p->failed)
        return NULL;
    skip_delimiters(p);
    if (peek(p) == L'|' && peek_next(p) != L'|') {
        node *right;

        if (!left)
            return unexpected(p);
        p->at++;
        right = parse_pipe(p);
        if (p->failed)
            return NULL;
        return right ? binary(NODE_PIPE, left, right) : syntax(p);
    }
    return left;
}

/* What stands between the doubled sign: `operand sign sign operand …`, from left to right. */
static node *parse_chain(parser *p, node *(*operand)(parser *), wchar_t sign, enum node_kind kind)
{
    node *left = operand(p);

    for (;;) {
        node *right;

        if (p->failed)
            return NULL;
        skip_delimiters(p);
        if (peek(p) != sign || peek_next(p) != sign)
            return left;
        if (!left)
            return unexpected(p);
        p->at += 2;
        right = operand(p);
        if (!p->failed && !right)
            return syntax(p);
        left = binary(kind, left, right);
    }
}

static node *parse_and(parser *p)
{
    return parse_chain(p, parse_pipe, L'&', NODE_AND);
}

static node *parse_or(parser *p)
{
    return parse_chain(p, parse_and, L'|', NODE_OR);
}

node *parse_sequence(parser *p)
{
    node *left = parse_or(p), *right;

    if (p->failed)
        return NULL;
    skip_delimiters(p);
    if (peek(p) != L'&')
        return left;
    if (!left || peek_next(p) == L'&')
        return unexpected(p);
    p->at++;
    right = parse_sequence(p);
    if (p->failed || !right)
        return p->failed ? NULL : left;
    return binary(NODE_SEQUENCE, left, right);
}

node *parse(const wchar_t *line, line_source source, void *context, bool *failed)
{
    parser p = {.more = source, .context = context};
    node *n;

    add_string(&p.line, line);
    add_char(&p.line, L'\n');
    n = parse_sequence(&p);
    if (!p.failed) {
        skip_delimiters(&p);
        if (peek(&p) && peek(&p) != L'\n')
            unexpected(&p);
    }
    *failed = p.failed;
    return p.failed ? NULL : n;
}
