/* What the small programs share. */
#pragma once
#include "base.h"

/* The program: its exit code. `words` are the arguments, the first is the program's own name. */
int tool(int count, wchar_t **words);

/* The lines of a text, without their ends; `lines` has room for all. */
typedef struct line_list {
    wchar_t **lines;
    size_t count;
} line_list;
line_list split_lines(wchar_t *text);
/* All of standard input as text. */
wchar_t *read_input(void);
/* A file as text: UTF-16 with a byte order mark, else the console's code page. NULL with the last error. */
wchar_t *read_text(const wchar_t *path);
/* Whether a word is the switch /name or -name. */
bool is_option(const wchar_t *word, const wchar_t *name);
/* Whether a name matches a pattern with * and ?. */
bool matches(const wchar_t *name, const wchar_t *pattern);
wchar_t *path_in(const wchar_t *folder, const wchar_t *name);
wchar_t *folder_part(const wchar_t *path);
