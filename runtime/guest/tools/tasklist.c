/* tasklist: the programs that run. */
#include "tool.h"
#include <tlhelp32.h>

int tool(int count, wchar_t **words)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    bool csv = false, list = false, header = true;
    const wchar_t *name = NULL;
    DWORD pid = 0;
    HANDLE snapshot;
    int shown = 0;

    for (int i = 1; i < count; i++) {
        if (is_option(words[i], L"nh")) {
            header = false;
        } else if (is_option(words[i], L"fo") && i + 1 < count) {
            csv = same(words[++i], L"csv");
            list = same(words[i], L"list");
        } else if (is_option(words[i], L"fi") && i + 1 < count) {
            wchar_t *filter = words[++i];

            if (starts(filter, L"imagename eq ")) {
                name = filter + 13;
            } else if (starts(filter, L"pid eq ")) {
                pid = (DWORD)wcstol(filter + 7, NULL, 10);
            } else {
                err(L"ERROR: The search filter cannot be recognized.\r\n");
                return 1;
            }
        } else {
            errf(L"ERROR: Invalid argument/option - '%s'.\r\nType \"TASKLIST /?\" for usage.\r\n", words[i]);
            return 1;
        }
    }
    snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (snapshot == INVALID_HANDLE_VALUE || !Process32FirstW(snapshot, &entry)) {
        print_error(GetLastError());
        return 1;
    }
    do {
        HANDLE process;
        struct {
            DWORD size, faults;
            SIZE_T peak_set, set, rest[6];
        } memory = {sizeof memory};
        wchar_t *size;
        BOOL WINAPI K32GetProcessMemoryInfo(HANDLE, void *, DWORD);

        if ((name && !matches(entry.szExeFile, name)) || (pid && entry.th32ProcessID != pid))
            continue;
        process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, entry.th32ProcessID);
        if (process) {
            K32GetProcessMemoryInfo(process, &memory, sizeof memory);
            CloseHandle(process);
        }
        size = format(L"%s K", with_commas(memory.set / 1024));
        if (!shown++ && header && !list) {
            if (csv)
                out(L"\"Image Name\",\"PID\",\"Session Name\",\"Session#\",\"Mem Usage\"\r\n");
            else
                out(L"\r\nImage Name                     PID Session Name        Session#    Mem Usage\r\n"
                    L"========================= ======== ================ =========== ============\r\n");
        }
        if (csv)
            outf(L"\"%s\",\"%u\",\"Console\",\"1\",\"%s\"\r\n", entry.szExeFile, entry.th32ProcessID, size);
        else if (list)
            outf(L"\r\nImage Name:   %s\r\nPID:          %u\r\nSession Name: Console\r\nSession#:     1\r\nMem Usage:    %s\r\n",
                 entry.szExeFile, entry.th32ProcessID, size);
        else
            outf(L"%-25s %8u %-16s %11u %12s\r\n", copy_n(entry.szExeFile, wcslen(entry.szExeFile) > 25 ? 25 : wcslen(entry.szExeFile)),
                 entry.th32ProcessID, L"Console", 1, size);
    } while (Process32NextW(snapshot, &entry));
    if (!shown)
        out(L"INFO: No tasks are running which match the specified criteria.\r\n");
    return 0;
}
