#ifndef CRT_PROCESS_START_H
#define CRT_PROCESS_START_H

/* CreateProcess with our descriptors for the child or, when given, just these three standard handles. Returns 0, or -1
 * with errno. */
int crt_start_process(const wchar_t *program, wchar_t *line, wchar_t *environment, DWORD flags, HANDLE *standard,
                      PROCESS_INFORMATION *process);
__declspec(noreturn) void _exit(int code);

#endif
