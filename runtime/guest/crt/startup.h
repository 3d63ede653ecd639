/* What startup, arguments, environment and signals share. */
#ifndef CRT_STARTUP_H
#define CRT_STARTUP_H

/* Write a message to the standard error handle, past every stream. */
void crt_write_message(const char *text);
int crt_signal_is_handled(int signal);

/* 0 unknown, 1 console, 2 GUI: _set_app_type. */
extern int crt_app_type;

/* Variables that msvcrt exports as data and ucrt hands out by address. */
extern char **crt_environ;
extern wchar_t **crt_wenviron;
extern char **crt_initenv;
extern wchar_t **crt_winitenv;

/* The environment in that kind of string, made at first use; NULL without memory. */
char **crt_narrow_environment(void);
wchar_t **crt_wide_environment(void);

#endif
