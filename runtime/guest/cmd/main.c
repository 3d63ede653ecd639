/* The start: the command line of cmd.exe itself, and the interactive session. */
#include "cmd.h"

static BOOL WINAPI on_control(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        return FALSE;
    InterlockedExchange(&cmd.interrupted, 1);
    return TRUE;
}

bool check_interrupt(void)
{
    if (!cmd.interrupted)
        return false;
    if (cmd.batch && cmd.stop < STOP_ALL) {
        wchar_t answer = L'Y';

        if (is_console(handles[0])) {
            InterlockedExchange(&cmd.interrupted, 0);
            answer = ask(L"Terminate batch job (Y/N)? ", L"YN");
        }
        if (answer == L'N')
            return false;
    }
    InterlockedExchange(&cmd.interrupted, 0);
    cmd.errorlevel = (int)0xC000013A;
    cmd.stop = STOP_ALL;
    return true;
}

static wchar_t *more_input(void *context)
{
    wchar_t *line;

    (void)context;
    out(L"More? ");
    flush();
    line = read_line(handles[0]);
    return line ? expand_percent(line) : NULL;
}

static void converse(void)
{
    for (;;) {
        size_t before = mark();
        wchar_t *line;

        if (cmd.echo) {
            out(L"\r\n");
            show_prompt();
        }
        flush();
        line = read_line(handles[0]);
        if (!line && cmd.interrupted) {
            InterlockedExchange(&cmd.interrupted, 0);
            release(before);
            continue;
        }
        if (!line)
            break;
        if (!is_console(handles[0]) && cmd.echo)
            outf(L"%s\r\n", line);
        cmd.stop = RUN;
        run_line(expand_percent(line), more_input, NULL);
        flush();
        release(before);
        if (cmd.stop == STOP_EXIT)
            break;
        cmd.stop = RUN;
        InterlockedExchange(&cmd.interrupted, 0);
    }
}

/* Whether /C keeps the quotes: exactly two, nothing special between them, a blank, and a program's name. */
static bool keeps_quotes(const wchar_t *s)
{
    const wchar_t *end = wcschr(s + 1, L'"');
    wchar_t *inside;

    if (!end || wcschr(end + 1, L'"'))
        return false;
    inside = copy_n(s + 1, (size_t)(end - s - 1));
    if (wcspbrk(inside, L"&<>()@^|") || !wcspbrk(inside, L" \t"))
        return false;
    return find_command(inside) != NULL;
}

static wchar_t *without_quotes(const wchar_t *s)
{
    wchar_t *result = copy(s + 1), *last = wcsrchr(result, L'"');

    if (last)
        memmove(last, last + 1, wcslen(last) * sizeof *last);
    return result;
}

static bool says(const wchar_t *s, bool otherwise)
{
    if (starts(s, L":on"))
        return true;
    return starts(s, L":off") ? false : otherwise;
}

/* The descriptors 3 to 9 that the parent passed on. */
static void inherit_descriptors(void)
{
    STARTUPINFOW info;
    int count;

    GetStartupInfoW(&info);
    if (!info.lpReserved2 || info.cbReserved2 < sizeof count)
        return;
    memcpy(&count, info.lpReserved2, sizeof count);
    if (count < 0 || sizeof count + (size_t)count * 9 > info.cbReserved2)
        return;
    for (int i = 3; i < 10 && i < count; i++)
        if (info.lpReserved2[sizeof count + i] & 1) {
            memcpy(&handles[i], info.lpReserved2 + sizeof count + count + i * sizeof(HANDLE), sizeof(HANDLE));
            if (handles[i] == INVALID_HANDLE_VALUE)
                handles[i] = NULL;
        }
}

static const wchar_t help[] =
    L"Starts a new instance of the Windows command interpreter\r\n\r\n"
    L"CMD [/A | /U] [/Q] [/D] [/E:ON | /E:OFF] [/F:ON | /F:OFF] [/V:ON | /V:OFF]\r\n    [[/S] [/C | /K] string]\r\n\r\n"
    L"/C      Carries out the command specified by string and then terminates\r\n"
    L"/K      Carries out the command specified by string but remains\r\n"
    L"/S      Modifies the treatment of string after /C or /K\r\n"
    L"/Q      Turns echo off\r\n"
    L"/D      Disable execution of AutoRun commands from registry\r\n"
    L"/A      Causes the output of internal commands to a pipe or file to be ANSI\r\n"
    L"/U      Causes the output of internal commands to a pipe or file to be\r\n        Unicode\r\n"
    L"/E:ON   Enable command extensions\r\n/E:OFF  Disable command extensions\r\n"
    L"/V:ON   Enable delayed environment variable expansion using ! as the\r\n        delimiter\r\n"
    L"/V:OFF  Disable delayed environment expansion.\r\n";

static void set_default(const wchar_t *name, const wchar_t *value)
{
    if (!get_env(name))
        SetEnvironmentVariableW(name, value);
}

void cmd_start(void)
{
    const wchar_t *line = GetCommandLineW(), *p = line, *string = NULL;
    bool quoted = false, stay = true, strip = false;

    handles[0] = GetStdHandle(STD_INPUT_HANDLE);
    handles[1] = GetStdHandle(STD_OUTPUT_HANDLE);
    handles[2] = GetStdHandle(STD_ERROR_HANDLE);
    inherit_descriptors();
    cmd.echo = cmd.extensions = true;
    cmd.command_line = line;
    for (; *p && (quoted || !(is_blank(*p) || *p == L'/')); p++)
        if (*p == L'"')
            quoted = !quoted;
    while (*p && !string) {
        while (*p && *p != L'/')
            p++;
        if (!*p)
            break;
        switch (*++p | 0x20) {
        case L'c': case L'r': stay = false; string = p + 1; break;
        case L'k': string = p + 1; break;
        case L's': strip = true; break;
        case L'q': cmd.echo = false; break;
        case L'd': cmd.no_autorun = true; break;
        case L'u': unicode_output = true; break;
        case L'a': unicode_output = false; break;
        case L'e': cmd.extensions = says(p + 1, cmd.extensions); break;
        case L'v': cmd.delayed = says(p + 1, cmd.delayed); break;
        case L'x': cmd.extensions = true; break;
        case L'y': cmd.extensions = false; break;
        case L'?' | 0x20:
            out(help);
            flush();
            ExitProcess(0);
        }
        if (*p)
            p++;
    }
    SetConsoleCtrlHandler(on_control, TRUE);
    set_default(L"COMSPEC", own_path());
    set_default(L"PATHEXT", L".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC");
    set_default(L"PROMPT", L"$P$G");
    cmd.interactive = stay;
    if (string) {
        wchar_t *text;

        while (is_blank(*string))
            string++;
        text = copy(string);
        if (*text == L'"' && (strip || !keeps_quotes(text)))
            text = without_quotes(text);
        text = expand_percent(text);
        if (text)
            run_line(text, NULL, NULL);
        flush();
        if (cmd.stop != STOP_EXIT)
            cmd.stop = RUN;
    } else {
        builtin_ver(L"");
    }
    if (stay && cmd.stop != STOP_EXIT)
        converse();
    flush();
    ExitProcess((UINT)cmd.errorlevel);
}
