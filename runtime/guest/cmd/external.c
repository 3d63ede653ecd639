/* Programs and batch files: where they are, how they start, pipes between them. */
#include "cmd.h"

bool is_batch_name(const wchar_t *path)
{
    const wchar_t *dot = wcsrchr(name_of(path), L'.');

    return dot && (same(dot, L".bat") || same(dot, L".cmd"));
}

wchar_t *own_path(void)
{
    static wchar_t path[MAX_PATH];

    if (!*path)
        GetModuleFileNameW(NULL, path, MAX_PATH);
    return path;
}

static wchar_t *path_extensions(void)
{
    wchar_t *value = get_env(L"PATHEXT");

    return value && *value ? value : copy(L".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC");
}

/* In one folder: the name as it is when it has an extension, then with each of PATHEXT. One search finds them all, and
 * how they are written on disk. */
static wchar_t *find_in(const wchar_t *folder, const wchar_t *name, const wchar_t *extensions)
{
    wchar_t *path = *folder ? join_path(folder, name) : copy(name), *best = NULL;
    const wchar_t *last = name_of(path), *dot = wcsrchr(last, L'.');
    size_t length = wcslen(last);
    WIN32_FIND_DATAW found;
    HANDLE find;
    int rank = 1000;

    if (has_wildcard(name) || !length)
        return NULL;
    find = FindFirstFileW(join(path, L"*"), &found);
    if (find == INVALID_HANDLE_VALUE)
        return NULL;
    do {
        const wchar_t *extension = found.cFileName + length, *p = extensions;
        int this_rank = 1000;

        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY || !starts(found.cFileName, last))
            continue;
        if (!*extension)
            this_rank = dot && dot[1] ? 0 : 1000;
        for (int i = 1; *extension && *p; i++) {
            size_t n = wcscspn(p, L";");

            if (n == wcslen(extension) && starts(p, extension)) {
                this_rank = i;
                break;
            }
            p += n;
            if (*p)
                p++;
        }
        if (this_rank < rank) {
            rank = this_rank;
            best = join(folder_of(path), found.cFileName);
        }
    } while (rank && FindNextFileW(find, &found));
    FindClose(find);
    return best;
}

wchar_t *find_command(const wchar_t *name)
{
    wchar_t *extensions = path_extensions(), *path, *found;

    if (!*name)
        return NULL;
    if (wcspbrk(name, L"\\/:"))
        return find_in(L"", full_path(name), extensions);
    if (!get_env(L"NoDefaultCurrentDirectoryInExePath")) {
        found = find_in(L"", name, extensions);
        if (found)
            return full_path(found);
    }
    path = get_env(L"PATH");
    while (path && *path) {
        size_t n = 0;
        bool quoted = false;
        wchar_t *folder;

        for (; path[n] && (quoted || path[n] != L';'); n++)
            if (path[n] == L'"')
                quoted = !quoted;
        folder = strip_quotes(copy_n(path, n));
        if (*folder && (found = find_in(folder, name, extensions)) != NULL)
            return full_path(found);
        path += n;
        if (*path)
            path++;
    }
    return NULL;
}

/* ---- processes ----------------------------------------------------------------------------------------------------------------- */

/* The handles 3 to 9 in the form in which C programs get descriptors from their parent. */
static BYTE *descriptor_block(WORD *size)
{
    int count = 0;
    BYTE *block;

    for (int i = 3; i < 10; i++)
        if (handles[i])
            count = i + 1;
    *size = 0;
    if (!count)
        return NULL;
    *size = (WORD)(sizeof count + (size_t)count * (1 + sizeof(HANDLE)));
    block = take(*size);
    memset(block, 0, *size);
    memcpy(block, &count, sizeof count);
    for (int i = 0; i < count; i++) {
        HANDLE handle = i < 3 || !handles[i] ? INVALID_HANDLE_VALUE : handles[i];

        if (handle != INVALID_HANDLE_VALUE)
            block[sizeof count + i] = 1 | (GetFileType(handle) == FILE_TYPE_PIPE ? 8 : 0);
        memcpy(block + sizeof count + count + i * sizeof handle, &handle, sizeof handle);
    }
    return block;
}

HANDLE start_process(const wchar_t *path, const wchar_t *line, const wchar_t *directory, DWORD flags)
{
    STARTUPINFOW info = {.cb = sizeof info, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    bool changed[10] = {0};
    DWORD error;
    BOOL done;

    flush();
    info.hStdInput = handles[0];
    info.hStdOutput = handles[1];
    info.hStdError = handles[2];
    info.lpReserved2 = descriptor_block(&info.cbReserved2);
    for (int i = 0; i < 10; i++) {
        DWORD now;

        if (handles[i] && GetHandleInformation(handles[i], &now) && !(now & HANDLE_FLAG_INHERIT))
            changed[i] = SetHandleInformation(handles[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    }
    done = CreateProcessW(path, copy(line), NULL, NULL, TRUE, flags, NULL, directory, &info, &process);
    error = GetLastError();
    for (int i = 0; i < 10; i++)
        if (changed[i])
            SetHandleInformation(handles[i], HANDLE_FLAG_INHERIT, 0);
    SetLastError(error);
    cmd.files_changed = true;
    if (!done)
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

int wait_for(HANDLE process)
{
    DWORD code = 1;

    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    return (int)code;
}

static bool is_windowed(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    BYTE head[1024];
    DWORD n = 0, at;
    bool windowed = false;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    if (ReadFile(file, head, sizeof head, &n, NULL) && n > 64 && head[0] == 'M' && head[1] == 'Z') {
        memcpy(&at, head + 60, 4);
        if (at < n - 96)
            windowed = head[at + 92] == IMAGE_SUBSYSTEM_WINDOWS_GUI;
    }
    CloseHandle(file);
    return windowed;
}

int run_program(const wchar_t *path, const wchar_t *line)
{
    HANDLE process = start_process(path, line, NULL, 0);
    wchar_t text[16];
    int code;

    if (!process) {
        DWORD error = GetLastError();

        if (error == ERROR_BAD_EXE_FORMAT || error == ERROR_EXE_MACHINE_TYPE_MISMATCH)
            errf(L"This version of %s is not compatible with the version of Windows you're running. Check your computer's "
                 L"system information and then contact the software publisher.\r\n", path);
        else
            print_error(error);
        return fail(error == ERROR_BAD_EXE_FORMAT ? 216 : 1);
    }
    if (cmd.interactive && !cmd.batch && is_windowed(path)) {
        CloseHandle(process);
        return fail(0);
    }
    code = wait_for(process);
    if ((DWORD)code == 0xC000013A)
        InterlockedExchange(&cmd.interrupted, 1);
    wcscpy(text, format(L"%08X", (unsigned)code));
    SetEnvironmentVariableW(L"=ExitCode", text);
    return fail(code);
}

/* A document: the program that its extension names, as FTYPE shows it. */
static int run_document(const wchar_t *path, const wchar_t *arguments)
{
    wchar_t template[1024], *parameters = copy(arguments), *words[10] = {0}, *p = parameters;
    const wchar_t *dot = wcsrchr(name_of(path), L'.');
    bool open_command(const wchar_t *extension, wchar_t *command, DWORD room);
    text line = {0};

    if (!dot || !open_command(dot, template, 1024)) {
        err(L"The system cannot execute the specified program.\r\n");
        return fail(1);
    }
    for (int i = 2; i < 10; i++)
        p = (wchar_t *)next_word(p, &words[i]);
    add(&line, L"", 0);
    for (const wchar_t *t = template; *t; t++)
        if (*t == L'%' && (t[1] == L'1' || t[1] == L'0' || t[1] == L'L' || t[1] == L'l')) {
            add_string(&line, path);
            t++;
        } else if (*t == L'%' && t[1] == L'*') {
            while (is_blank(*parameters))
                parameters++;
            add_string(&line, parameters);
            t++;
        } else if (*t == L'%' && t[1] >= L'2' && t[1] <= L'9') {
            if (words[t[1] - L'0'])
                add_string(&line, words[t[1] - L'0']);
            t++;
        } else {
            add_char(&line, *t);
        }
    return run_program(NULL, line.p);
}

static int not_found(const wchar_t *name)
{
    wchar_t *plain = strip_quotes(name);

    if (wcspbrk(plain, L"\\/") && !is_directory(folder_of(full_path(plain)))) {
        print_error(ERROR_PATH_NOT_FOUND);
        return fail(1);
    }
    errf(L"'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", name);
    return fail(9009);
}

int run_external(const wchar_t *name, const wchar_t *arguments, bool call)
{
    wchar_t *path = find_command(strip_quotes(name));
    const wchar_t *dot;

    if (!path) {
        /* prog/x is prog with the argument /x. */
        const wchar_t *slash = wcschr(name, L'/');

        if (slash && slash != name && *name != L'"') {
            path = find_command(copy_n(name, (size_t)(slash - name)));
            if (path) {
                arguments = join(slash, arguments);
                name = copy_n(name, (size_t)(slash - name));
            }
        }
        if (!path)
            return not_found(name);
    }
    if (is_batch_name(path))
        return run_batch(path, name, arguments, call);
    dot = wcsrchr(name_of(path), L'.');
    if (dot && (same(dot, L".exe") || same(dot, L".com")))
        return run_program(path, join(name, arguments));
    return run_document(path, arguments);
}

/* ---- pipes and collected output ------------------------------------------------------------------------------------------------- */

bool only_prints(const node *n)
{
    static const wchar_t *const names[] = {L"echo", L"dir", L"type", L"ver", L"vol", L"assoc", L"ftype"};
    const builtin *b;
    size_t length;

    if (n->kind != NODE_COMMAND)
        return false;
    b = find_builtin(n->name, &length);
    if (!b)
        return false;
    for (int i = 0; i < 7; i++)
        if (same(b->name, names[i]))
            return wcschr(n->arguments, L'=') == NULL || i < 3;
    if (same(b->name, L"set"))
        return wcschr(n->arguments, L'=') == NULL && wcschr(n->arguments, L'/') == NULL;
    if (same(b->name, L"cd"))
        return !*trim(n->arguments);
    if (same(b->name, L"date") || same(b->name, L"time"))
        return same(trim(n->arguments), L"/t");
    return false;
}

/* The program of a command that is nothing but a program with arguments, and its command line; else NULL. */
static wchar_t *plain_program(const node *n, wchar_t **line)
{
    wchar_t *name, *path;
    const wchar_t *dot;
    size_t length;

    if (n->kind != NODE_COMMAND || n->redirections)
        return NULL;
    name = expand_late(n->name);
    if (!*name || wcspbrk(name, L" ,;=") || find_builtin(name, &length))
        return NULL;
    path = find_command(strip_quotes(name));
    dot = path ? wcsrchr(path, L'.') : NULL;
    if (!dot || !(same(dot, L".exe") || same(dot, L".com")))
        return NULL;
    *line = join(name, expand_late(n->arguments));
    return path;
}

static wchar_t *as_text(const node *n)
{
    bool delayed = cmd.delayed;
    text t = {0};

    if (n->kind == NODE_COMMAND) {
        node late = *n;

        late.name = expand_late(n->name);
        late.arguments = expand_late(n->arguments);
        unparse(&t, &late, false);
        t.p[t.n - 1] = 0; /* the blank behind the last word would be printed by ECHO */
        return t.p;
    }
    unparse(&t, n, false);
    cmd.delayed = false;
    t.p = expand_late(t.p);
    cmd.delayed = delayed;
    return t.p;
}

static HANDLE start_stage(const node *n)
{
    wchar_t *line, *path = plain_program(n, &line);

    if (!path) {
        path = own_path();
        line = format(L"%s  /S /D /c\" %s\"", path, as_text(n));
    }
    return start_process(path, line, NULL, 0);
}

int execute_pipe(node *n)
{
    HANDLE input = handles[0], output = handles[1], feed = NULL, next = NULL, processes[64];
    int count = 0, code = 1;
    node *first = NULL;

    flush();
    if (only_prints(n->left) && !n->left->redirections) {
        first = n->left;
        if (!CreatePipe(&next, &feed, NULL, 0)) {
            print_error(GetLastError());
            return fail(1);
        }
        n = n->right;
    }
    for (;;) {
        node *stage = n->kind == NODE_PIPE ? n->left : n;
        HANDLE read = NULL, write = NULL;

        if (n->kind == NODE_PIPE && (count == 63 || !CreatePipe(&read, &write, NULL, 0))) {
            print_error(GetLastError());
            break;
        }
        handles[0] = next ? next : input;
        handles[1] = write ? write : output;
        processes[count] = start_stage(stage);
        if (!processes[count])
            print_error(GetLastError());
        count++;
        handles[0] = input;
        handles[1] = output;
        if (next)
            CloseHandle(next);
        if (write)
            CloseHandle(write);
        next = read;
        if (n->kind != NODE_PIPE)
            break;
        n = n->right;
    }
    if (first) {
        handles[1] = feed;
        execute(first);
        flush();
        handles[1] = output;
        CloseHandle(feed);
        output_failed = false;
    }
    for (int i = 0; i < count; i++)
        code = processes[i] ? wait_for(processes[i]) : 1;
    if ((DWORD)code == 0xC000013A)
        InterlockedExchange(&cmd.interrupted, 1);
    return fail(code);
}

wchar_t *capture(const wchar_t *command)
{
    HANDLE read, write, output = handles[1], process;
    wchar_t *line, *path = NULL, *result;
    bool failed = false;
    size_t before, size;
    node *n;
    char *bytes;

    flush();
    before = mark();
    /* A syntax error is the other interpreter's to report. */
    n = wcspbrk(command, L"&|<>()%") ? NULL : parse(command, NULL, NULL, &failed);
    if (n && !failed && only_prints(n)) {
        bool interactive = cmd.delayed;

        cmd.delayed = false;
        handles[1] = CAPTURE;
        execute(n);
        flush();
        handles[1] = output;
        cmd.delayed = interactive;
        release(before);
        return take_captured();
    }
    if (n && !failed)
        path = plain_program(n, &line);
    if (!path) {
        path = own_path();
        line = format(L"%s /c %s", path, command);
    }
    if (!CreatePipe(&read, &write, NULL, 0)) {
        print_error(GetLastError());
        return NULL;
    }
    handles[1] = write;
    process = start_process(path, line, NULL, 0);
    if (!process)
        print_error(GetLastError());
    handles[1] = output;
    CloseHandle(write);
    bytes = read_all(read, &size);
    CloseHandle(read);
    if (process)
        wait_for(process);
    if (!bytes)
        return NULL;
    result = decode(bytes, size, output_page());
    HeapFree(GetProcessHeap(), 0, bytes);
    return result;
}
