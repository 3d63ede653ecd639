/* What built-in commands share: words, paths, questions. And the table of the commands. */
#include "cmd.h"

wchar_t *trim(const wchar_t *s)
{
    size_t n;

    while (is_blank(*s))
        s++;
    n = wcslen(s);
    while (n && is_blank(s[n - 1]))
        n--;
    return copy_n(s, n);
}

const wchar_t *next_word(const wchar_t *s, wchar_t **word)
{
    bool quoted = false;
    size_t n;

    while (*s && wcschr(L" \t,;=", *s))
        s++;
    for (n = 0; s[n] && (quoted || !wcschr(L" \t,;=", s[n])); n++)
        if (s[n] == L'"')
            quoted = !quoted;
    *word = copy_n(s, n);
    return s + n;
}

const wchar_t *next_argument(const wchar_t *s, wchar_t **word)
{
    bool quoted = false;
    size_t n;

    while (*s && wcschr(L" \t,;=", *s))
        s++;
    for (n = 0; s[n] && (quoted || !wcschr(L" \t,;=", s[n])); n++) {
        if (s[n] == L'"')
            quoted = !quoted;
        else if (n && !quoted && s[n] == L'/')
            break;
    }
    *word = copy_n(s, n);
    return s + n;
}

wchar_t ask(const wchar_t *question, const wchar_t *allowed)
{
    for (;;) {
        size_t before = mark();
        wchar_t *line, letter;

        out(question);
        flush();
        line = read_line(handles[0]);
        if (!line)
            return 0;
        if (!is_console(handles[0]))
            out(L"\r\n");
        while (is_blank(*line))
            line++;
        letter = *line >= L'a' && *line <= L'z' ? *line - 32 : *line;
        release(before);
        if (letter && wcschr(allowed, letter))
            return letter;
    }
}

bool is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

bool exists(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

bool has_wildcard(const wchar_t *s)
{
    return wcspbrk(s, L"*?") != NULL;
}

const wchar_t *name_of(const wchar_t *path)
{
    const wchar_t *name = path;

    for (; *path; path++)
        if (*path == L'\\' || *path == L'/' || *path == L':')
            name = path + 1;
    return name;
}

wchar_t *folder_of(const wchar_t *path)
{
    return copy_n(path, (size_t)(name_of(path) - path));
}

wchar_t *join_path(const wchar_t *folder, const wchar_t *name)
{
    size_t n = wcslen(folder);

    if (n && folder[n - 1] != L'\\' && folder[n - 1] != L'/' && folder[n - 1] != L':')
        return format(L"%s\\%s", folder, name);
    return join(folder, name);
}

bool change_directory(const wchar_t *path, bool drive_too)
{
    wchar_t *full = full_path(path), *now = current_directory();
    wchar_t variable[] = {L'=', full[0] & ~0x20, L':', 0};
    size_t n = wcslen(full);

    if (full[0] && full[1] == L':' && !drive_too && (full[0] | 0x20) != (now[0] | 0x20)) {
        /* The directory of another drive: kept for when it becomes the current one. */
        if (!is_directory(full)) {
            SetLastError(ERROR_PATH_NOT_FOUND);
            return false;
        }
        return SetEnvironmentVariableW(variable, full);
    }
    if (n > 3 && (full[n - 1] == L'\\' || full[n - 1] == L'/'))
        full[n - 1] = 0;
    if (!SetCurrentDirectoryW(full))
        return false;
    if (full[1] == L':') {
        /* Write the names as they are on disk. */
        text t = {0};
        const wchar_t *p = full + 3;

        add_char(&t, full[0] & ~0x20);
        add_string(&t, L":\\");
        while (*p) {
            size_t length = wcscspn(p, L"\\/");
            WIN32_FIND_DATAW found;
            HANDLE find;

            if (t.n > 3)
                add_char(&t, L'\\');
            find = FindFirstFileW(format(L"%s%s", t.p, copy_n(p, length)), &found);
            if (find != INVALID_HANDLE_VALUE)
                FindClose(find);
            add_string(&t, find == INVALID_HANDLE_VALUE ? copy_n(p, length) : found.cFileName);
            p += length;
            while (*p == L'\\' || *p == L'/')
                p++;
        }
        full = t.p;
        SetCurrentDirectoryW(full);
        SetEnvironmentVariableW(variable, full);
    }
    return true;
}

static const builtin builtins[] = {
    {L"assoc", builtin_assoc, CLEARS_IN_CMD,
     L"Displays or modifies file extension associations.\r\n\r\nASSOC [.ext[=[fileType]]]"},
    {L"break", builtin_break, KEEPS_LEVEL, NULL},
    {L"call", builtin_call, OWN_LEVEL,
     L"Calls one batch program from another.\r\n\r\nCALL [drive:][path]filename [batch-parameters]\r\nCALL :label arguments"},
    {L"cd", builtin_cd, CLEARS_LEVEL,
     L"Displays the name of or changes the current directory.\r\n\r\nCHDIR [/D] [drive:][path]\r\nCD [/D] [drive:][path]"},
    {L"chdir", builtin_cd, CLEARS_LEVEL,
     L"Displays the name of or changes the current directory.\r\n\r\nCHDIR [/D] [drive:][path]\r\nCD [/D] [drive:][path]"},
    {L"cls", builtin_cls, KEEPS_LEVEL, L"Clears the screen.\r\n\r\nCLS"},
    {L"color", builtin_color, CLEARS_LEVEL,
     L"Sets the default console foreground and background colors.\r\n\r\nCOLOR [attr]"},
    {L"copy", builtin_copy, CLEARS_LEVEL,
     L"Copies one or more files to another location.\r\n\r\nCOPY [/D] [/V] [/N] [/Y | /-Y] [/Z] [/L] [/A | /B ] source [/A | /B]\r\n"
     L"     [+ source [/A | /B] [+ ...]] [destination [/A | /B]]"},
    {L"date", builtin_date, CLEARS_LEVEL, L"Displays or sets the date.\r\n\r\nDATE [/T | date]"},
    {L"del", builtin_del, CLEARS_LEVEL,
     L"Deletes one or more files.\r\n\r\nDEL [/P] [/F] [/S] [/Q] [/A[[:]attributes]] names"},
    {L"dir", builtin_dir, CLEARS_LEVEL,
     L"Displays a list of files and subdirectories in a directory.\r\n\r\nDIR [drive:][path][filename] [/A[[:]attributes]] [/B] [/C] "
     L"[/D] [/L] [/N]\r\n  [/O[[:]sortorder]] [/P] [/Q] [/R] [/S] [/T[[:]timefield]] [/W] [/X] [/4]"},
    {L"echo", builtin_echo, KEEPS_LEVEL,
     L"Displays messages, or turns command-echoing on or off.\r\n\r\n  ECHO [ON | OFF]\r\n  ECHO [message]"},
    {L"endlocal", builtin_endlocal, KEEPS_LEVEL,
     L"Ends localization of environment changes in a batch file.\r\n\r\nENDLOCAL"},
    {L"erase", builtin_del, CLEARS_LEVEL,
     L"Deletes one or more files.\r\n\r\nERASE [/P] [/F] [/S] [/Q] [/A[[:]attributes]] names"},
    {L"exit", builtin_exit, OWN_LEVEL,
     L"Quits the CMD.EXE program (command interpreter) or the current batch\r\nscript.\r\n\r\nEXIT [/B] [exitCode]"},
    {L"ftype", builtin_ftype, CLEARS_IN_CMD,
     L"Displays or modifies file types used in file extension associations\r\n\r\nFTYPE [fileType[=[openCommandString]]]"},
    {L"goto", builtin_goto, OWN_LEVEL, L"Directs cmd.exe to a labeled line in a batch program.\r\n\r\nGOTO label"},
    {L"md", builtin_md, CLEARS_LEVEL, L"Creates a directory.\r\n\r\nMKDIR [drive:]path\r\nMD [drive:]path"},
    {L"mkdir", builtin_md, CLEARS_LEVEL, L"Creates a directory.\r\n\r\nMKDIR [drive:]path\r\nMD [drive:]path"},
    {L"mklink", builtin_mklink, CLEARS_LEVEL,
     L"Creates a symbolic link.\r\n\r\nMKLINK [[/D] | [/H] | [/J]] Link Target"},
    {L"move", builtin_move, CLEARS_LEVEL,
     L"Moves files and renames files and directories.\r\n\r\nMOVE [/Y | /-Y] [drive:][path]filename1[,...] destination"},
    {L"path", builtin_path, CLEARS_IN_CMD,
     L"Displays or sets a search path for executable files.\r\n\r\nPATH [[drive:]path[;...][;%PATH%]\r\nPATH ;"},
    {L"pause", builtin_pause, KEEPS_LEVEL,
     L"Suspends processing of a batch program and displays the message\r\n    Press any key to continue . . ."},
    {L"popd", builtin_popd, KEEPS_LEVEL,
     L"Changes to the directory stored by the PUSHD command.\r\n\r\nPOPD"},
    {L"prompt", builtin_prompt, CLEARS_IN_CMD, L"Changes the cmd.exe command prompt.\r\n\r\nPROMPT [text]"},
    {L"pushd", builtin_pushd, CLEARS_LEVEL,
     L"Stores the current directory for use by the POPD command, then\r\nchanges to the specified directory.\r\n\r\nPUSHD [path | ..]"},
    {L"rd", builtin_rd, OWN_LEVEL, L"Removes (deletes) a directory.\r\n\r\nRMDIR [/S] [/Q] [drive:]path\r\nRD [/S] [/Q] [drive:]path"},
    {L"rem", builtin_rem, KEEPS_LEVEL, NULL},
    {L"ren", builtin_ren, CLEARS_LEVEL, L"Renames a file or files.\r\n\r\nRENAME [drive:][path]filename1 filename2."},
    {L"rename", builtin_ren, CLEARS_LEVEL, L"Renames a file or files.\r\n\r\nRENAME [drive:][path]filename1 filename2."},
    {L"rmdir", builtin_rd, OWN_LEVEL,
     L"Removes (deletes) a directory.\r\n\r\nRMDIR [/S] [/Q] [drive:]path\r\nRD [/S] [/Q] [drive:]path"},
    {L"set", builtin_set, CLEARS_IN_CMD,
     L"Displays, sets, or removes cmd.exe environment variables.\r\n\r\nSET [variable=[string]]\r\nSET /A expression\r\n"
     L"SET /P variable=[promptString]"},
    {L"setlocal", builtin_setlocal, CLEARS_LEVEL,
     L"Begins localization of environment changes in a batch file.\r\n\r\nSETLOCAL"},
    {L"shift", builtin_shift, CLEARS_LEVEL,
     L"Changes the position of replaceable parameters in a batch file.\r\n\r\nSHIFT [/n]"},
    {L"start", builtin_start, OWN_LEVEL,
     L"Starts a separate window to run a specified program or command.\r\n\r\nSTART [\"title\"] [/D path] [/I] [/MIN] [/MAX] [/WAIT] "
     L"[/B] [command/program]\r\n      [parameters]"},
    {L"time", builtin_time, CLEARS_LEVEL, L"Displays or sets the system time.\r\n\r\nTIME [/T | time]"},
    {L"title", builtin_title, KEEPS_LEVEL, L"Sets the window title for a cmd.exe session.\r\n\r\nTITLE [string]"},
    {L"type", builtin_type, CLEARS_LEVEL,
     L"Displays the contents of a text file or files.\r\n\r\nTYPE [drive:][path]filename"},
    {L"ver", builtin_ver, CLEARS_LEVEL, L"Displays the Windows version.\r\n\r\nVER"},
    {L"verify", builtin_verify, CLEARS_LEVEL,
     L"Tells cmd.exe whether to verify that your files are written correctly to a\r\ndisk.\r\n\r\nVERIFY [ON | OFF]"},
    {L"vol", builtin_vol, CLEARS_LEVEL,
     L"Displays the disk volume label and serial number, if they exist.\r\n\r\nVOL [drive:]"},
};

const builtin *find_builtin(const wchar_t *name, size_t *length)
{
    wchar_t word[12];
    size_t n = 0;

    for (; n < 11 && ((name[n] >= L'a' && name[n] <= L'z') || (name[n] >= L'A' && name[n] <= L'Z')); n++)
        word[n] = name[n];
    word[n] = 0;
    if (!n || (name[n] && !wcschr(L" \t,;=./\\:+[]()\"<>&|", name[n])))
        return NULL;
    /* echo.exe is a program's name, echo.hello is not. */
    if (name[n] == L'.' && name[n + 1]) {
        static const wchar_t *const programs[] = {L".exe", L".com", L".bat", L".cmd"};

        for (int i = 0; i < 4; i++)
            if (same(name + n, programs[i]))
                return NULL;
    }
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (same(builtins[i].name, word)) {
            *length = n;
            return &builtins[i];
        }
    return NULL;
}
