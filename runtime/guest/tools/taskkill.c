/* taskkill: ends programs. */
#include "tool.h"
#include <tlhelp32.h>

typedef struct target {
    DWORD pid, parent;
    wchar_t *name;
} target;

/* `child` says whose child it was, or is NULL for one that is called by its name. */
static bool end(DWORD pid, const wchar_t *name, const wchar_t *child)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, pid);
    BOOL done = process && TerminateProcess(process, 1);
    DWORD error = GetLastError();

    if (process)
        CloseHandle(process);
    if (!done) {
        errf(L"ERROR: The process \"%s\" with PID %u could not be terminated.\r\nReason: %s\r\n", name, pid, error_text(error));
        return false;
    }
    if (child)
        outf(L"SUCCESS: The process with PID %u%s has been terminated.\r\n", pid, child);
    else
        outf(L"SUCCESS: The process \"%s\" with PID %u has been terminated.\r\n", name, pid);
    flush();
    return true;
}

static bool end_tree(const target *list, int count, int which)
{
    bool done = true;

    for (int i = 0; i < count; i++)
        if (list[i].parent == list[which].pid && i != which)
            done &= end_tree(list, count, i);
    return end(list[which].pid, list[which].name, format(L" (child process of PID %u)", list[which].parent)) && done;
}

int tool(int count, wchar_t **words)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    target *list;
    HANDLE snapshot;
    bool tree = false, any = false;
    int n = 0, code = 0;

    for (int i = 1; i < count; i++) {
        if (is_option(words[i], L"t"))
            tree = true;
        else if ((is_option(words[i], L"pid") || is_option(words[i], L"im")) && i + 1 < count)
            any = ++i;
        else if (!is_option(words[i], L"f")) {
            errf(L"ERROR: Invalid argument/option - '%s'.\r\nType \"TASKKILL /?\" for usage.\r\n", words[i]);
            return 1;
        }
    }
    if (!any) {
        err(L"ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.\r\nType \"TASKKILL /?\" for usage.\r\n");
        return 1;
    }
    snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    list = take(4096 * sizeof *list);
    if (snapshot != INVALID_HANDLE_VALUE && Process32FirstW(snapshot, &entry))
        do
            list[n++] = (target){entry.th32ProcessID, entry.th32ParentProcessID, copy(entry.szExeFile)};
        while (n < 4096 && Process32NextW(snapshot, &entry));
    for (int i = 1; i + 1 < count; i++) {
        bool by_name = is_option(words[i], L"im"), found = false;
        DWORD pid;

        if (!by_name && !is_option(words[i], L"pid"))
            continue;
        i++;
        pid = (DWORD)wcstol(words[i], NULL, 10);
        for (int k = 0; k < n; k++) {
            if (by_name ? !matches(list[k].name, words[i]) : list[k].pid != pid)
                continue;
            if (list[k].pid == GetCurrentProcessId())
                continue;
            found = true;
            if (tree ? !end_tree(list, n, k)
                     : !end(list[k].pid, list[k].name, by_name ? NULL : L""))
                code = 1;
        }
        if (!found) {
            errf(L"ERROR: The process \"%s\" not found.\r\n", words[i]);
            code = 128;
        }
    }
    return code;
}
