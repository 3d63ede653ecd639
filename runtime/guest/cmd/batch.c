/* Batch files: their lines, labels, arguments, SETLOCAL, CALL. */
#include "cmd.h"

#define MOST_NESTED 400

static bool load(batch *b)
{
    WIN32_FILE_ATTRIBUTE_DATA now;
    char *data;
    size_t size;

    if (!GetFileAttributesExW(b->path, GetFileExInfoStandard, &now))
        return false;
    if (b->data && CompareFileTime(&now.ftLastWriteTime, &b->written) == 0 && now.nFileSizeLow == b->size)
        return true;
    data = read_file(b->path, &size);
    if (!data)
        return false;
    if (b->owns_data)
        HeapFree(GetProcessHeap(), 0, b->data);
    b->data = data;
    b->size = size;
    b->written = now.ftLastWriteTime;
    b->owns_data = true;
    return true;
}

/* The next line as it is in the file; NULL at the end. */
static wchar_t *raw_line(batch *b)
{
    size_t start = b->position, end;
    size_t length;

    if (cmd.files_changed) {
        /* What ran may have written or removed the file: Windows reads each line when its turn comes. */
        cmd.files_changed = false;
        if (!load(b)) {
            err(L"The batch file cannot be found.\r\n");
            cmd.errorlevel = 1;
            return NULL;
        }
    }
    if (start >= b->size || b->data[start] == 26)
        return NULL;
    for (end = start; end < b->size && b->data[end] != '\n' && b->data[end] != 26; end++)
        ;
    length = end - start;
    b->position = end < b->size && b->data[end] == '\n' ? end + 1 : end;
    if (length && b->data[start + length - 1] == '\r')
        length--;
    return decode(b->data + start, length, output_page());
}

static wchar_t *next_line(void *context)
{
    wchar_t *line = raw_line(context);

    return line ? expand_percent(line) : NULL;
}

static void run_lines(batch *b)
{
    while (cmd.stop <= STOP_LINE && !check_interrupt()) {
        size_t before = mark();
        wchar_t *line, *start;

        cmd.stop = RUN;
        line = raw_line(b);
        if (!line) {
            release(before);
            break;
        }
        start = line;
        while (is_blank(*start) || *start == L',' || *start == L';' || *start == L'=')
            start++;
        if (*start && *start != L':') {
            line = expand_percent(line);
            if (!line) {
                cmd.errorlevel = 255;
                cmd.stop = STOP_ALL;
            } else {
                run_line(line, next_line, b);
            }
        }
        release(before);
    }
}

const wchar_t *batch_argument(int number)
{
    batch *b = cmd.batch;
    int index = number >= b->first_shifted ? number + b->shifted : number;

    if (index == 0)
        return b->name;
    return index - 1 < b->count ? b->arguments[index - 1] : L"";
}

static void set_arguments(batch *b, const wchar_t *text)
{
    const wchar_t *p = text;
    int room = 0;
    wchar_t *word;

    while (is_blank(*text))
        text++;
    b->rest = trim(text);
    while (*(p = next_word(p, &word)) || *word)
        room++;
    b->arguments = take((size_t)(room + 1) * sizeof *b->arguments);
    p = text;
    while (b->count < room) {
        p = next_word(p, &word);
        b->arguments[b->count++] = word;
    }
}

/* Runs the lines with `b` as the present batch file, and ends its SETLOCALs. */
static void run_in(batch *b)
{
    const wchar_t *variables[128];
    int depth = cmd.for_depth;

    memcpy(variables, cmd.loop_variables, sizeof variables);
    memset(cmd.loop_variables, 0, sizeof variables);
    cmd.for_depth = 0;
    cmd.batch = b;
    cmd.depth++;
    run_lines(b);
    cmd.depth--;
    while (b->setlocals)
        end_local();
    cmd.batch = b->parent;
    cmd.for_depth = depth;
    memcpy(cmd.loop_variables, variables, sizeof variables);
}

static bool too_deep(void)
{
    if (cmd.depth < MOST_NESTED)
        return false;
    err(L"******  B A T C H   R E C U R S I O N  exceeds STACK limits ******\r\n");
    cmd.errorlevel = 1;
    cmd.stop = STOP_ALL;
    return true;
}

int run_batch(const wchar_t *path, const wchar_t *name, const wchar_t *arguments, bool call)
{
    size_t before = mark();
    batch b = {.parent = cmd.batch, .path = copy(path), .name = copy(name)};
    const wchar_t *dot = wcsrchr(path, L'.');
    bool chained = cmd.batch && !call, echo = cmd.echo;

    if (too_deep())
        return cmd.errorlevel;
    b.is_cmd = dot && same(dot, L".cmd");
    set_arguments(&b, arguments);
    if (!load(&b)) {
        print_error(GetLastError());
        return fail(1);
    }
    run_in(&b);
    if (b.owns_data)
        HeapFree(GetProcessHeap(), 0, b.data);
    if (cmd.stop <= STOP_BATCH)
        cmd.stop = RUN;
    if (!cmd.batch)
        cmd.echo = echo; /* what the file switched off is on again at the prompt */
    if (chained)
        cmd.stop = cmd.stop > STOP_BATCH ? cmd.stop : STOP_BATCH; /* without CALL there is no way back */
    release(before);
    return cmd.errorlevel;
}

/* ---- labels ---------------------------------------------------------------------------------------------------------------- */

static bool ends_label(wchar_t c)
{
    return !c || wcschr(L" \t:+,;=&<>|()", c);
}

bool go_to(const wchar_t *label)
{
    batch *b = cmd.batch;
    size_t start = b->position, length = 0;
    bool again = false;

    while (*label && (is_blank(*label) || *label == L'=' || *label == L',' || *label == L';'))
        label++;
    if (*label == L':')
        label++;
    while (!ends_label(label[length]))
        length++;
    if (cmd.files_changed) {
        cmd.files_changed = false;
        load(b);
    }
    for (;;) {
        size_t before = mark();
        wchar_t *line;

        if (again && b->position >= start)
            break;
        line = raw_line(b);
        if (!line) {
            release(before);
            if (again || b->position < start)
                break;
            again = true;
            b->position = 0;
            if (!start)
                break;
            continue;
        }
        while (*line && wcschr(L" \t,;=", *line))
            line++;
        if (*line == L':') {
            size_t n = 0;

            line++;
            while (*line && wcschr(L" \t,;=", *line))
                line++;
            while (!ends_label(line[n]))
                n++;
            if (n == length && starts(line, copy_n(label, length))) {
                release(before);
                return true;
            }
        }
        release(before);
    }
    b->position = start;
    return false;
}

int builtin_goto(const wchar_t *arguments)
{
    wchar_t *label = trim(arguments);

    if (!cmd.batch)
        return 0;
    if (!*label) {
        err(L"No batch label specified to GOTO command.\r\n");
        cmd.stop = STOP_BATCH;
        return fail(1);
    }
    if (cmd.extensions && starts(label, L":eof") && ends_label(label[4])) {
        cmd.stop = STOP_BATCH;
        return 0;
    }
    if (!go_to(label)) {
        errf(L"The system cannot find the batch label specified - %s\r\n", *label == L':' ? label + 1 : label);
        cmd.stop = STOP_BATCH;
        return fail(1);
    }
    cmd.stop = STOP_LINE;
    return 0;
}

int call_label(const wchar_t *label, const wchar_t *arguments)
{
    size_t before = mark();
    batch b;

    if (!cmd.batch) {
        err(L"Invalid attempt to call batch label outside of batch script.\r\n");
        return fail(1);
    }
    if (too_deep())
        return cmd.errorlevel;
    b = *cmd.batch;
    b.parent = cmd.batch;
    b.name = copy(label);
    b.setlocals = NULL;
    b.owns_data = false;
    b.count = b.shifted = b.first_shifted = 0;
    set_arguments(&b, arguments);
    cmd.batch = &b;
    if (starts(label, L":eof") && ends_label(label[4])) {
        cmd.batch = b.parent;
        return cmd.errorlevel;
    }
    if (!go_to(label)) {
        cmd.batch = b.parent;
        errf(L"The system cannot find the batch label specified - %s\r\n", label + 1);
        return fail(1);
    }
    run_in(&b);
    if (b.owns_data)
        HeapFree(GetProcessHeap(), 0, b.data);
    if (cmd.stop <= STOP_BATCH)
        cmd.stop = RUN;
    release(before);
    return cmd.errorlevel;
}

/* CALL reads its words a second time. */
int builtin_call(const wchar_t *arguments)
{
    wchar_t *line = trim(arguments), *text;
    const wchar_t *rest;
    bool failed = false;
    int code;
    struct text doubled = {0};
    node *n;

    if (!*line)
        return fail(0);
    add(&doubled, L"", 0);
    for (wchar_t *p = line; *p; p++) {
        add_char(&doubled, *p);
        if (*p == L'^')
            add_char(&doubled, L'^');
    }
    text = expand_percent(doubled.p);
    if (!text)
        return fail(1);
    while (is_blank(*text))
        text++;
    if (*text == L':') {
        size_t length = 1;

        while (text[length] && !wcschr(L" \t,;=", text[length]))
            length++;
        rest = text + length;
        /* Carets outside quotes go; those inside stay doubled, as Windows leaves them. */
        n = parse(join(L"x", rest), NULL, NULL, &failed);
        if (failed || !n)
            return fail(1);
        if (n->kind != NODE_COMMAND)
            return fail(1);
        return call_label(copy_n(text, length), n->arguments);
    }
    n = parse(text, NULL, NULL, &failed);
    if (failed || !n)
        return fail(failed ? 1 : 0);
    if (n->kind != NODE_COMMAND) {
        errf(L"'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
             copy_n(text, wcscspn(text, L" ")));
        return fail(1);
    }
    code = n->redirections ? execute(n) : dispatch(n->name, n->arguments, true);
    return code == 9009 ? fail(1) : code;
}

int builtin_shift(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments);
    int from = 0;

    if (!cmd.batch)
        return 0;
    if (word[0] == L'/') {
        if (word[1] < L'0' || word[1] > L'8' || word[2]) {
            err(L"Invalid parameter to SHIFT command\r\n");
            return 1;
        }
        from = word[1] - L'0';
    }
    if (from == 0 && cmd.batch->first_shifted == 0) {
        cmd.batch->shifted++;
        return 0;
    }
    /* From the n-th on: the list itself moves, since those before stay. */
    batch *b = cmd.batch;

    if (from == 0) {
        from = 1;
    }
    for (int i = from - 1 + b->shifted; i + 1 < b->count; i++)
        b->arguments[i] = b->arguments[i + 1];
    if (b->count > from - 1 + b->shifted)
        b->count--;
    return 0;
}

int builtin_exit(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments);
    bool only_batch = false;

    if (starts(word, L"/b")) {
        only_batch = true;
        word = trim(word + 2);
    }
    if (*word && (wcschr(L"-+", *word) || (*word >= L'0' && *word <= L'9')))
        cmd.errorlevel = (int)wcstol(word, NULL, 10);
    cmd.stop = only_batch && cmd.batch ? STOP_BATCH : STOP_EXIT;
    return cmd.errorlevel;
}

/* ---- SETLOCAL ---------------------------------------------------------------------------------------------------------------- */

static wchar_t *heap_copy(const wchar_t *s, size_t n)
{
    wchar_t *p = HeapAlloc(GetProcessHeap(), 0, (n + 1) * sizeof *p);

    if (p) {
        memcpy(p, s, n * sizeof *p);
        p[n] = 0;
    }
    return p;
}

static size_t block_length(const wchar_t *block)
{
    const wchar_t *p = block;

    while (*p)
        p += wcslen(p) + 1;
    return (size_t)(p - block);
}

int builtin_setlocal(const wchar_t *arguments)
{
    saved *s;
    wchar_t *block, *word, *directory;
    const wchar_t *p = arguments;
    bool delayed = cmd.delayed, extensions = cmd.extensions;

    while (*(p = next_word(p, &word)) || *word) {
        if (same(word, L"enabledelayedexpansion"))
            delayed = true;
        else if (same(word, L"disabledelayedexpansion"))
            delayed = false;
        else if (same(word, L"enableextensions"))
            extensions = true;
        else if (same(word, L"disableextensions"))
            extensions = false;
        else {
            err(L"Invalid parameter to SETLOCAL command\r\n");
            return 1;
        }
    }
    if (!cmd.batch)
        return 0;
    s = HeapAlloc(GetProcessHeap(), 0, sizeof *s);
    block = GetEnvironmentStringsW();
    if (!s || !block)
        return 1;
    directory = current_directory();
    s->next = cmd.batch->setlocals;
    s->environment = heap_copy(block, block_length(block));
    s->directory = heap_copy(directory, wcslen(directory));
    s->delayed = cmd.delayed;
    s->extensions = cmd.extensions;
    FreeEnvironmentStringsW(block);
    cmd.batch->setlocals = s;
    cmd.delayed = delayed;
    cmd.extensions = extensions;
    return 0;
}

static size_t name_length(const wchar_t *entry)
{
    const wchar_t *equals = wcschr(entry + 1, L'=');

    return equals ? (size_t)(equals - entry) : wcslen(entry);
}

static const wchar_t *find_entry(const wchar_t *block, const wchar_t *entry)
{
    size_t n = name_length(entry);

    for (; *block; block += wcslen(block) + 1)
        if (name_length(block) == n && wcsncmp(block, entry, n) == 0)
            return block;
    return NULL;
}

static void restore_environment(const wchar_t *before)
{
    wchar_t *now = GetEnvironmentStringsW();
    size_t where = mark();

    for (wchar_t *p = now; *p; p += wcslen(p) + 1)
        if (*p != L'=' && !find_entry(before, p))
            SetEnvironmentVariableW(copy_n(p, name_length(p)), NULL);
    for (const wchar_t *p = before; *p; p += wcslen(p) + 1) {
        const wchar_t *same_name;

        if (*p == L'=')
            continue;
        same_name = find_entry(now, p);
        if (!same_name || wcscmp(same_name, p)) {
            size_t n = name_length(p);

            SetEnvironmentVariableW(copy_n(p, n), p + n + 1);
        }
    }
    release(where);
    FreeEnvironmentStringsW(now);
}

void end_local(void)
{
    saved *s = cmd.batch ? cmd.batch->setlocals : NULL;

    if (!s)
        return;
    cmd.batch->setlocals = s->next;
    if (s->environment)
        restore_environment(s->environment);
    if (s->directory)
        change_directory(s->directory, true);
    cmd.delayed = s->delayed;
    cmd.extensions = s->extensions;
    HeapFree(GetProcessHeap(), 0, s->environment);
    HeapFree(GetProcessHeap(), 0, s->directory);
    HeapFree(GetProcessHeap(), 0, s);
}

int builtin_endlocal(const wchar_t *arguments)
{
    (void)arguments;
    end_local();
    return 0;
}
