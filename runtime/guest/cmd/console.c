/* Built-in commands about the session: directory, output, prompt, time. */
#include "cmd.h"

int builtin_echo(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments);

    if (!*word && (!*arguments || is_blank(*arguments))) {
        outf(L"ECHO is %s.\r\n", cmd.echo ? L"on" : L"off");
        return 0;
    }
    if (is_blank(*arguments) && (same(word, L"on") || same(word, L"off"))) {
        cmd.echo = same(word, L"on");
        return 0;
    }
    /* The character that ends the command's name is no part of the message. */
    outf(L"%s\r\n", *arguments && *arguments != L'"' ? arguments + 1 : arguments);
    return 0;
}

int builtin_rem(const wchar_t *arguments)
{
    (void)arguments;
    return 0;
}

int builtin_break(const wchar_t *arguments)
{
    (void)arguments;
    return 0;
}

int builtin_cls(const wchar_t *arguments)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD home = {0, 0};
    DWORD done;

    (void)arguments;
    if (!GetConsoleScreenBufferInfo(handles[1], &info)) {
        out(L"\f");
        return 0;
    }
    FillConsoleOutputCharacterW(handles[1], L' ', (DWORD)info.dwSize.X * (DWORD)info.dwSize.Y, home, &done);
    FillConsoleOutputAttribute(handles[1], info.wAttributes, (DWORD)info.dwSize.X * (DWORD)info.dwSize.Y, home, &done);
    SetConsoleCursorPosition(handles[1], home);
    return 0;
}

int builtin_color(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments);
    long value = 7;

    if (*word) {
        wchar_t *end;

        value = wcstol(word, &end, 16);
        if (*end || wcslen(word) > 2 || (value & 15) == value >> 4)
            return 1;
    }
    SetConsoleTextAttribute(handles[1], (WORD)value);
    return 0;
}

/* ---- directories -------------------------------------------------------------------------------------------------------------- */

int builtin_cd(const wchar_t *arguments)
{
    wchar_t *path = trim(arguments);
    bool drive_too = false;
    size_t n;

    if (starts(path, L"/d") && (!path[2] || is_blank(path[2]) || path[2] == L'"')) {
        drive_too = true;
        path = trim(path + 2);
    }
    path = strip_quotes(path);
    while (*path && wcschr(L",;=", *path))
        path++;
    if (!*path) {
        outf(L"%s\r\n", current_directory());
        return 0;
    }
    if (path[1] == L':' && !path[2] && !drive_too) {
        wchar_t *now = current_directory(), variable[] = {L'=', path[0] & ~0x20, L':', 0};

        if ((now[0] | 0x20) != (path[0] | 0x20)) {
            now = get_env(variable);
            if (!now)
                now = format(L"%c:\\", path[0] & ~0x20);
        }
        outf(L"%s\r\n", now);
        return 0;
    }
    n = wcslen(path);
    while (n && path[n - 1] == L' ')
        path[--n] = 0;
    if (has_wildcard(path)) {
        /* The first folder that matches. */
        WIN32_FIND_DATAW found;
        HANDLE find = FindFirstFileW(path, &found);

        if (find != INVALID_HANDLE_VALUE) {
            do
                if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY && found.cFileName[0] != L'.') {
                    path = join(folder_of(path), found.cFileName);
                    break;
                }
            while (FindNextFileW(find, &found));
            FindClose(find);
        }
    }
    if (change_directory(path, drive_too))
        return 0;
    switch (GetLastError()) {
    case ERROR_DIRECTORY:
        err(L"The directory name is invalid.\r\n");
        break;
    case ERROR_INVALID_NAME:
        print_error(ERROR_INVALID_NAME);
        break;
    case ERROR_ACCESS_DENIED:
        print_error(ERROR_ACCESS_DENIED);
        break;
    default:
        err(L"The system cannot find the path specified.\r\n");
    }
    return 1;
}

typedef struct pushed {
    struct pushed *next;
    wchar_t path[];
} pushed;

static pushed *stack;

int builtin_pushd(const wchar_t *arguments)
{
    wchar_t *path = strip_quotes(trim(arguments)), *now = current_directory();
    pushed *one;

    if (!*path) {
        for (one = stack; one; one = one->next)
            outf(L"%s\r\n", one->path);
        return 0;
    }
    if (!change_directory(path, true)) {
        if (GetLastError() == ERROR_DIRECTORY)
            print_error(ERROR_DIRECTORY);
        else
            err(L"The system cannot find the path specified.\r\n");
        return 1;
    }
    one = HeapAlloc(GetProcessHeap(), 0, sizeof *one + (wcslen(now) + 1) * sizeof *now);
    if (!one)
        return 1;
    wcscpy(one->path, now);
    one->next = stack;
    stack = one;
    return 0;
}

int builtin_popd(const wchar_t *arguments)
{
    pushed *one = stack;
    bool done;

    (void)arguments;
    if (!one)
        return 1;
    stack = one->next;
    done = change_directory(one->path, true);
    if (!done)
        print_error(GetLastError());
    HeapFree(GetProcessHeap(), 0, one);
    return !done;
}

/* ---- prompt and title ------------------------------------------------------------------------------------------------------------- */

void show_prompt(void)
{
    size_t before = mark();
    const wchar_t *p = get_env(L"PROMPT");
    text t = {0};

    add(&t, L"", 0);
    if (!p)
        p = L"$P$G";
    for (; *p; p++) {
        if (*p != L'$' || !p[1]) {
            add_char(&t, *p);
            continue;
        }
        switch (*++p | 0x20) {
        case L'a': add_char(&t, L'&'); break;
        case L'b': add_char(&t, L'|'); break;
        case L'c': add_char(&t, L'('); break;
        case L'd': add_string(&t, date_text()); break;
        case L'e': add_char(&t, 27); break;
        case L'f': add_char(&t, L')'); break;
        case L'g': add_char(&t, L'>'); break;
        case L'h':
            if (t.n)
                t.p[--t.n] = 0;
            break;
        case L'l': add_char(&t, L'<'); break;
        case L'n': add_char(&t, *current_directory()); break;
        case L'p': add_string(&t, current_directory()); break;
        case L'q': add_char(&t, L'='); break;
        case L's': add_char(&t, L' '); break;
        case L't': add_string(&t, time_text()); break;
        case L'v': add_string(&t, L"Microsoft Windows [Version 10.0.19045.4046]"); break;
        case L'_' | 0x20: add_string(&t, L"\r\n"); break;
        case L'$' | 0x20: add_char(&t, L'$'); break;
        case L'+' | 0x20:
            for (pushed *one = stack; one; one = one->next)
                add_char(&t, L'+');
            break;
        }
    }
    out(t.p);
    release(before);
}

int builtin_prompt(const wchar_t *arguments)
{
    wchar_t *value = trim(arguments);

    if (*value == L'=')
        value = trim(value + 1);
    SetEnvironmentVariableW(L"PROMPT", *value ? value : L"$P$G");
    return 0;
}

int builtin_title(const wchar_t *arguments)
{
    SetConsoleTitleW(trim(arguments));
    return 0;
}

int builtin_path(const wchar_t *arguments)
{
    wchar_t *value = trim(arguments);

    if (!*value && *arguments != L';' ) {
        wchar_t *now = get_env(L"PATH");

        if (now)
            outf(L"PATH=%s\r\n", now);
        else
            out(L"No Path\r\n");
        return 0;
    }
    while (*value == L'=')
        value = trim(value + 1);
    if (same(value, L";"))
        value = NULL;
    SetEnvironmentVariableW(L"PATH", value);
    return 0;
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------- */

static int set_clock(const wchar_t *word, bool date)
{
    SYSTEMTIME t;
    int parts[4] = {0}, count = 0;
    const wchar_t *p = word;

    GetLocalTime(&t);
    while (count < 4 && *p >= L'0' && *p <= L'9') {
        wchar_t *end;

        parts[count++] = (int)wcstol(p, &end, 10);
        p = end;
        if (*p && wcschr(L"/-.:,", *p))
            p++;
        else
            break;
    }
    while (is_blank(*p))
        p++;
    if (date) {
        if (count != 3 || *p)
            return 0;
        t.wMonth = (WORD)parts[0];
        t.wDay = (WORD)parts[1];
        t.wYear = (WORD)(parts[2] < 80 ? parts[2] + 2000 : parts[2] < 100 ? parts[2] + 1900 : parts[2]);
    } else {
        if (starts(p, L"p") && parts[0] < 12)
            parts[0] += 12;
        else if (starts(p, L"a") && parts[0] == 12)
            parts[0] = 0;
        else if (*p && !starts(p, L"a") && !starts(p, L"p"))
            return 0;
        if (!count)
            return 0;
        t.wHour = (WORD)parts[0];
        t.wMinute = (WORD)parts[1];
        t.wSecond = (WORD)parts[2];
        t.wMilliseconds = (WORD)(parts[3] * 10);
    }
    if (SetLocalTime(&t))
        return 1;
    if (GetLastError() == ERROR_INVALID_PARAMETER)
        return 0;
    err(L"A required privilege is not held by the client.\r\n");
    return -1;
}

static int show_or_set(const wchar_t *arguments, bool date)
{
    wchar_t *word = trim(arguments);

    if (same(word, L"/t")) {
        if (date) {
            outf(L"%s \r\n", date_text());
        } else {
            SYSTEMTIME t;

            GetLocalTime(&t);
            outf(L"%02d:%02d %s\r\n", t.wHour % 12 ? t.wHour % 12 : 12, t.wMinute, t.wHour < 12 ? L"AM" : L"PM");
        }
        return 0;
    }
    if (!*word)
        outf(L"The current %s is: %s \r\n", date ? L"date" : L"time", date ? date_text() : time_text());
    for (;;) {
        int done;

        if (!*word) {
            outf(L"Enter the new %s", date ? L"date: (mm-dd-yy) " : L"time: ");
            flush();
            word = read_line(handles[0]);
            if (!word || !*(word = trim(word)))
                return word ? 0 : 1;
        }
        done = set_clock(word, date);
        if (done)
            return done < 0;
        errf(L"The system cannot accept the %s entered.\r\n", date ? L"date" : L"time");
        word = L"";
    }
}

int builtin_date(const wchar_t *arguments)
{
    return show_or_set(arguments, true);
}

int builtin_time(const wchar_t *arguments)
{
    return show_or_set(arguments, false);
}

int builtin_ver(const wchar_t *arguments)
{
    OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof info};
    LONG NTAPI RtlGetVersion(OSVERSIONINFOW *);

    (void)arguments;
    RtlGetVersion(&info);
    outf(L"\r\nMicrosoft Windows [Version %u.%u.%u.4046]\r\n", info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber);
    return 0;
}

int builtin_verify(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments);

    if (!*word)
        outf(L"VERIFY is %s.\r\n", cmd.verify ? L"on" : L"off");
    else if (same(word, L"on") || same(word, L"off"))
        cmd.verify = same(word, L"on");
    else {
        err(L"An incorrect parameter was\r\nentered for the command.\r\n");
        return 1;
    }
    return 0;
}

int builtin_vol(const wchar_t *arguments)
{
    wchar_t *word = trim(arguments), root[4] = L"C:\\", label[64];
    DWORD serial;

    root[0] = *word ? *word : *current_directory();
    root[0] &= (wchar_t)~0x20;
    if (*word && (word[1] != L':' || word[2]))
        return syntax_error();
    if (!GetVolumeInformationW(root, label, 64, &serial, NULL, NULL, NULL, 0)) {
        print_error(GetLastError());
        return 1;
    }
    if (*label)
        outf(L" Volume in drive %c is %s\r\n", root[0], label);
    else
        outf(L" Volume in drive %c has no label.\r\n", root[0]);
    outf(L" Volume Serial Number is %04X-%04X\r\n", serial >> 16, serial & 0xffff);
    return 0;
}

int builtin_pause(const wchar_t *arguments)
{
    DWORD mode;

    (void)arguments;
    out(L"Press any key to continue . . . ");
    flush();
    if (GetConsoleMode(handles[0], &mode)) {
        wchar_t c;
        DWORD n;

        SetConsoleMode(handles[0], ENABLE_PROCESSED_INPUT);
        ReadConsoleW(handles[0], &c, 1, &n, NULL);
        SetConsoleMode(handles[0], mode);
    } else {
        char c;
        DWORD n;

        ReadFile(handles[0], &c, 1, &n, NULL);
    }
    out(L"\r\n");
    return 0;
}
