/* The end of a process: onexit functions and what runs after them. */
#ifndef CRT_EXIT_H
#define CRT_EXIT_H

/* Run what atexit and _onexit registered, last one first. */
void crt_run_onexit(void);
/* Write out every stream's buffer, skipping streams that another thread holds. */
void crt_stdio_flush_at_end(void);
__declspec(noreturn) void _exit(int code);
__declspec(noreturn) void abort(void);

#endif
