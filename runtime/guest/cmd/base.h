/* What the console programs share: memory that is released as a whole, strings that grow, output. */
#pragma once
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <windows.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* Memory is taken from one growing block and given back by going back to a mark: what was taken since is gone. */
void *take(size_t bytes);
size_t mark(void);
void release(size_t where);

/* A string that grows; `p` is always terminated. */
typedef struct text {
    wchar_t *p;
    size_t n, room;
} text;

void add(text *t, const wchar_t *s, size_t n);
void add_string(text *t, const wchar_t *s);
void add_char(text *t, wchar_t c);
/* %s %c %d %u %x %X %lld %llu with flags 0 and -, width, and %%. */
void add_format(text *t, const wchar_t *format, ...);
void add_formatv(text *t, const wchar_t *format, va_list list);
wchar_t *format(const wchar_t *format, ...);
wchar_t *copy_n(const wchar_t *s, size_t n);
wchar_t *copy(const wchar_t *s);
wchar_t *join(const wchar_t *a, const wchar_t *b);

int compare_text(const wchar_t *a, const wchar_t *b);
bool same(const wchar_t *a, const wchar_t *b);
bool starts(const wchar_t *s, const wchar_t *prefix);
bool is_blank(wchar_t c);
wchar_t *find_text(const wchar_t *in, const wchar_t *what);

/* Bytes as text and back, in the console's code pages. */
wchar_t *decode(const char *bytes, size_t n, UINT page);
UINT output_page(void);
UINT input_page(void);

/* Where output goes: the handles of the command that runs. */
extern HANDLE handles[10];
/* Stands in `handles` for a buffer in memory; take_captured returns what was written to it and empties it. */
#define CAPTURE ((HANDLE)(LONG_PTR)-7)
wchar_t *take_captured(void);
extern bool unicode_output;
/* Set when output cannot be delivered: its reader is gone or the disk is full. */
extern bool output_failed;

void out(const wchar_t *s);
void out_n(const wchar_t *s, size_t n);
void outf(const wchar_t *format, ...);
void out_bytes(const char *bytes, size_t n);
void err(const wchar_t *s);
void errf(const wchar_t *format, ...);
void flush(void);
bool is_console(HANDLE handle);
/* The system's text for an error, to standard error. */
void print_error(DWORD code);
wchar_t *error_text(DWORD code);

/* The whole of a file as bytes; NULL with the last error. */
char *read_file(const wchar_t *path, size_t *size);
/* One line of input without its end; NULL at the end of input. */
wchar_t *read_line(HANDLE handle);
/* All that can be read from a handle. */
char *read_all(HANDLE handle, size_t *size);

/* The value of an environment variable, NULL when there is none. */
wchar_t *get_env(const wchar_t *name);
wchar_t *full_path(const wchar_t *path);
wchar_t *current_directory(void);

/* The arguments as C programs split them: backslashes and quotes; count in *count, program first. */
wchar_t **split_arguments(const wchar_t *line, int *count);
/* The local date and time of a file as DIR writes it: MM/dd/yyyy  hh:mm tt. */
void add_file_time(text *t, const FILETIME *time, const wchar_t *between);
/* A number with commas between the thousands. */
wchar_t *with_commas(unsigned long long value);
