/* timeout: waits some seconds or until a key is pressed. */
#include "tool.h"

int tool(int count, wchar_t **words)
{
    bool no_break = false;
    long seconds = -2;
    DWORD events;

    for (int i = 1; i < count; i++) {
        wchar_t *end = words[i];

        if (is_option(words[i], L"nobreak")) {
            no_break = true;
            continue;
        }
        if (is_option(words[i], L"t")) {
            if (++i >= count)
                break;
            end = words[i];
        } else if (is_option(words[i], L"?")) {
            out(L"TIMEOUT [/T] timeout [/NOBREAK]\r\n\r\nDescription:\r\n    This utility accepts a timeout parameter to wait for "
                L"the specified\r\n    time period (in seconds) or until any key is pressed.\r\n");
            return 0;
        }
        seconds = wcstol(words[i], &end, 10);
        if (*end || end == words[i] || seconds < -1 || seconds > 99999) {
            errf(L"ERROR: Invalid value for timeout (/T) specified. Valid range is -1 to 99999 seconds.\r\n");
            return 1;
        }
    }
    if (seconds == -2) {
        err(L"ERROR: Invalid syntax. Default option is not allowed more than '1' time(s).\r\n"
            L"Type \"TIMEOUT /?\" for usage.\r\n");
        return 1;
    }
    if (!GetNumberOfConsoleInputEvents(handles[0], &events)) {
        err(L"ERROR: Input redirection is not supported, exiting the process immediately.\r\n");
        return 1;
    }
    out(L"\r\n");
    if (seconds < 0) {
        out(L"Press any key to continue ...");
    } else {
        outf(L"Waiting for %d seconds, press %s to %s ...", (int)seconds, no_break ? L"CTRL+C" : L"a key",
             no_break ? L"quit" : L"continue");
    }
    flush();
    FlushConsoleInputBuffer(handles[0]);
    for (long left = seconds; left != 0;) {
        DWORD waited = WaitForSingleObject(handles[0], left < 0 ? INFINITE : 1000);

        if (waited == WAIT_OBJECT_0) {
            INPUT_RECORD record;
            DWORD n;

            if (!ReadConsoleInputW(handles[0], &record, 1, &n))
                break;
            if (!no_break && record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown)
                break;
        } else if (left > 0) {
            left--;
        }
    }
    out(L"\r\n");
    return 0;
}
