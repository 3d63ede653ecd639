/* Commands back to text: as they are shown, and for the interpreter at the other end of a pipe. */
#include "cmd.h"

static void unparse_redirections(text *t, const redirection *r)
{
    for (; r; r = r->next) {
        add_format(t, L" %d%s", r->handle, r->input ? L"<" : r->append ? L">>" : L">");
        if (r->duplicate >= 0)
            add_format(t, L"&%d", r->duplicate);
        else
            add_string(t, r->file);
    }
}

static void unparse_list(text *t, const node *n, bool lines)
{
    for (; n && n->kind == NODE_SEQUENCE; n = n->right) {
        unparse(t, n->left, lines);
        add_string(t, lines && n->newline ? L"\r\n " : L"& ");
    }
    if (n)
        unparse(t, n, lines);
}

void unparse(text *t, const node *n, bool lines)
{
    static const wchar_t *const comparisons[] = {L"==", L"EQU", L"NEQ", L"LSS", L"LEQ", L"GTR", L"GEQ"};

    switch (n->kind) {
    case NODE_COMMAND:
        add_string(t, n->name);
        add_string(t, n->arguments);
        unparse_redirections(t, n->redirections);
        add_char(t, L' ');
        return;
    case NODE_BLOCK:
        add_string(t, lines ? L"(\r\n" : L"(");
        unparse_list(t, n->left, lines);
        add_string(t, lines ? L"\r\n) " : L")");
        break;
    case NODE_SEQUENCE:
    case NODE_AND:
    case NODE_OR:
    case NODE_PIPE:
        unparse(t, n->left, lines);
        add_string(t, n->kind == NODE_SEQUENCE ? L"& " : n->kind == NODE_AND ? L"&& " : n->kind == NODE_OR ? L"|| " : L"| ");
        unparse(t, n->right, lines);
        return;
    case NODE_IF:
        add_string(t, L"if ");
        if (n->fold)
            add_string(t, L"/I ");
        if (n->negate)
            add_string(t, L"not ");
        if (n->condition < IF_EQUAL)
            add_format(t, L"%s %s ",
                       n->condition == IF_EXIST     ? L"exist"
                       : n->condition == IF_DEFINED ? L"defined"
                       : n->condition == IF_VERSION ? L"cmdextversion"
                                                    : L"errorlevel",
                       n->first);
        else
            add_format(t, L"%s %s %s ", n->first, comparisons[n->condition - IF_EQUAL], n->second);
        unparse(t, n->left, lines);
        if (n->right) {
            add_string(t, L" else ");
            unparse(t, n->right, lines);
        }
        break;
    case NODE_FOR:
        add_string(t, L"for ");
        if (n->loop != FOR_PLAIN)
            add_format(t, L"/%c ", L" DLF"[n->loop]);
        if (n->tree)
            add_string(t, L"/R ");
        if (n->options)
            add_format(t, L"%s ", n->options);
        add_format(t, L"%%%c in (%s) do ", n->variable, n->set);
        unparse(t, n->left, lines);
        break;
    }
    unparse_redirections(t, n->redirections);
}
