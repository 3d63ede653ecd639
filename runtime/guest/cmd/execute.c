/* Running parsed commands: operators, redirection, conditions, and which command a word means. */
#include "cmd.h"

state cmd;

bool stopped(void)
{
    return cmd.stop != RUN || cmd.interrupted;
}

int fail(int code)
{
    cmd.errorlevel = code;
    return code;
}

int syntax_error(void)
{
    err(L"The syntax of the command is incorrect.\r\n");
    return 1;
}

/* ---- redirection ------------------------------------------------------------------------------------------------------------ */

typedef struct redirected {
    struct redirected *next;
    int handle;
    HANDLE before, opened;
} redirected;

static void undo(redirected *list)
{
    flush();
    for (; list; list = list->next) {
        handles[list->handle] = list->before;
        if (list->opened)
            CloseHandle(list->opened);
    }
}

static HANDLE open_target(const redirection *r)
{
    wchar_t *file = strip_quotes(expand_late(r->file));
    HANDLE handle;

    if (r->input) {
        handle = CreateFileW(file, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             OPEN_EXISTING, 0, NULL);
    } else {
        handle = CreateFileW(file, GENERIC_WRITE | (r->append ? GENERIC_READ : 0),
                             FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             r->append ? OPEN_ALWAYS : CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        if (handle == INVALID_HANDLE_VALUE && r->append && GetLastError() == ERROR_ACCESS_DENIED)
            handle = CreateFileW(file, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                 OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        if (handle != INVALID_HANDLE_VALUE) {
            DWORD error = GetLastError();

            if (r->append)
                SetFilePointer(handle, 0, NULL, FILE_END);
            SetLastError(error);
            cmd.files_changed = true;
        }
    }
    return handle;
}

/* Opens what a command's output goes to; false after a message. */
static bool redirect(const redirection *r, redirected **list)
{
    flush();
    for (; r; r = r->next) {
        redirected *one = take(sizeof *one);
        HANDLE handle;

        *one = (redirected){.next = *list, .handle = r->handle, .before = handles[r->handle]};
        if (r->duplicate >= 0) {
            handle = handles[r->duplicate];
            if (!handle) {
                print_error(ERROR_INVALID_HANDLE);
                return false;
            }
        } else {
            handle = open_target(r);
            if (handle == INVALID_HANDLE_VALUE) {
                print_error(GetLastError());
                return false;
            }
            one->opened = handle;
        }
        handles[r->handle] = handle;
        *list = one;
    }
    return true;
}

/* ---- conditions --------------------------------------------------------------------------------------------------------------- */

static bool is_number(const wchar_t *s, long *value)
{
    wchar_t *end;

    *value = wcstol(s, &end, 0);
    return end != s && !*end;
}

static bool holds(const node *n)
{
    wchar_t *first = expand_late(n->first), *second = n->second ? expand_late(n->second) : NULL;
    long a, b;
    int order;

    switch (n->condition) {
    case IF_EXIST: {
        wchar_t *path = strip_quotes(first);
        size_t length = wcslen(path);
        WIN32_FIND_DATAW found;
        HANDLE find;

        if (!has_wildcard(path)) {
            if (length && (path[length - 1] == L'\\' || path[length - 1] == L'/'))
                return is_directory(path);
            return exists(path);
        }
        find = FindFirstFileW(path, &found);
        if (find == INVALID_HANDLE_VALUE)
            return false;
        FindClose(find);
        return true;
    }
    case IF_DEFINED:
        return get_variable(first) != NULL;
    case IF_ERRORLEVEL:
        return cmd.errorlevel >= wcstol(first, NULL, 10);
    case IF_VERSION:
        return wcstol(first, NULL, 10) <= 2;
    case IF_EQUAL:
        return n->fold ? same(first, second) : wcscmp(first, second) == 0;
    default:
        if (is_number(first, &a) && is_number(second, &b))
            order = a < b ? -1 : a > b;
        else
            order = n->fold ? compare_text(first, second)
                            : CompareStringW(LOCALE_USER_DEFAULT, 0, first, -1, second, -1) - CSTR_EQUAL;
        switch (n->condition) {
        case IF_EQU:
            return order == 0;
        case IF_NEQ:
            return order != 0;
        case IF_LSS:
            return order < 0;
        case IF_LEQ:
            return order <= 0;
        case IF_GTR:
            return order > 0;
        default:
            return order >= 0;
        }
    }
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------- */

static bool is_separator(wchar_t c)
{
    return c == L' ' || c == L'\t' || c == L',' || c == L';' || c == L'=';
}

static int run_builtin(const builtin *b, const wchar_t *arguments)
{
    int code;

    if (b->help) {
        const wchar_t *p = wcsstr(arguments, L"/?");

        if (p && (p[2] == 0 || is_separator(p[2])) && !same(b->name, L"echo") && !same(b->name, L"rem") &&
            (p == arguments || is_separator(p[-1]))) {
            outf(L"%s\r\n", b->help);
            flush();
            return 0;
        }
    }
    output_failed = false;
    code = b->run(arguments);
    flush();
    if (b->sets == OWN_LEVEL)
        return code;
    if (code)
        cmd.errorlevel = code;
    else if (b->sets == CLEARS_LEVEL || (b->sets == CLEARS_IN_CMD && cmd.batch && cmd.batch->is_cmd))
        cmd.errorlevel = 0;
    return code;
}

static int change_drive(const wchar_t *name)
{
    wchar_t variable[] = {L'=', name[0] & ~0x20, L':', 0}, *folder = get_env(variable);
    wchar_t root[] = {name[0] & ~0x20, L':', L'\\', 0};

    if (folder && SetCurrentDirectoryW(folder))
        return 0;
    if (SetCurrentDirectoryW(root))
        return 0;
    err(L"The system cannot find the drive specified.\r\n");
    return fail(1);
}

int dispatch(const wchar_t *name, const wchar_t *arguments, bool call)
{
    const builtin *b;
    const wchar_t *p;
    size_t length;
    bool quoted = false;

    while (*name && is_separator(*name))
        name++;
    if (!*name) {
        while (*arguments && is_separator(*arguments))
            arguments++;
        if (!*arguments)
            return 0;
        name = arguments;
        arguments = L"";
    }
    /* Words that came out of variables are split again. */
    for (p = name; *p && (quoted || !is_separator(*p)); p++)
        if (*p == L'"')
            quoted = !quoted;
    if (*p) {
        arguments = join(p, arguments);
        name = copy_n(name, (size_t)(p - name));
    }
    if (name[0] && name[1] == L':' && !name[2] && (name[0] | 0x20) >= L'a' && (name[0] | 0x20) <= L'z')
        return change_drive(name);
    b = find_builtin(name, &length);
    if (b)
        return run_builtin(b, name[length] ? join(name + length, arguments) : arguments);
    return run_external(name, arguments, call);
}

static int execute_plain(node *n)
{
    switch (n->kind) {
    case NODE_COMMAND:
        return dispatch(expand_late(n->name), expand_late(n->arguments), false);
    case NODE_BLOCK:
        return execute(n->left);
    case NODE_IF:
        if (holds(n) != n->negate)
            return execute(n->left);
        return n->right ? execute(n->right) : 0;
    case NODE_FOR:
        return execute_for(n);
    default:
        return 0;
    }
}

int execute(node *n)
{
    size_t before = mark();
    redirected *list = NULL;
    int code = 0;

    for (; n && n->kind == NODE_SEQUENCE && !stopped(); n = n->right)
        code = execute(n->left);
    if (n && !stopped()) {
        switch (n->kind) {
        case NODE_AND:
            code = execute(n->left);
            if (!code && !stopped())
                code = execute(n->right);
            break;
        case NODE_OR:
            code = execute(n->left);
            if (code && !stopped()) {
                cmd.errorlevel = code;
                code = execute(n->right);
            }
            break;
        case NODE_PIPE:
            code = execute_pipe(n);
            break;
        default:
            if (!n->redirections) {
                code = execute_plain(n);
            } else {
                if (redirect(n->redirections, &list))
                    code = execute_plain(n);
                else
                    code = fail(1);
                undo(list);
            }
        }
    }
    check_interrupt();
    release(before);
    return code;
}

/* ---- echo ------------------------------------------------------------------------------------------------------------------------- */

static const node *leftmost(const node *n)
{
    while (n && (n->kind == NODE_SEQUENCE || n->kind == NODE_AND || n->kind == NODE_OR || n->kind == NODE_PIPE))
        n = n->left;
    return n;
}

void echo_command(const node *n)
{
    size_t before = mark();
    text t = {0};

    if (!cmd.echo || !n || leftmost(n)->silent)
        return;
    unparse(&t, n, true);
    out(L"\r\n");
    show_prompt();
    outf(L"%s\r\n", cmd.for_depth ? expand_late(t.p) : t.p);
    flush();
    release(before);
}

int run_line(const wchar_t *line, line_source more, void *context)
{
    size_t before = mark();
    bool failed = false;
    int code = 0;
    node *n = parse(line, more, context, &failed);

    if (failed) {
        code = fail(cmd.batch ? 255 : 1);
        cmd.stop = STOP_ALL;
    } else if (n) {
        if (cmd.batch)
            echo_command(n);
        code = execute(n);
    }
    release(before);
    return code;
}
