/* The command interpreter: what its parts know of each other.
 *
 * A line goes through the phases that Microsoft's documentation of cmd and its batch files describes: percent variables
 * are replaced in the text, the text is parsed into commands, and at the execution of each one FOR variables and
 * delayed variables are replaced in its words. */
#pragma once
#include "base.h"

/* ---- parsed commands ------------------------------------------------------------------------------------------------- */

typedef struct redirection {
    struct redirection *next;
    int handle;      /* what is redirected */
    int duplicate;   /* the handle to copy, or -1: `file` */
    bool input, append;
    const wchar_t *file;
} redirection;

enum node_kind { NODE_COMMAND, NODE_BLOCK, NODE_SEQUENCE, NODE_AND, NODE_OR, NODE_PIPE, NODE_IF, NODE_FOR };
enum condition { IF_EXIST, IF_DEFINED, IF_ERRORLEVEL, IF_VERSION, IF_EQUAL, IF_EQU, IF_NEQ, IF_LSS, IF_LEQ, IF_GTR, IF_GEQ };
enum for_kind { FOR_PLAIN, FOR_DIRECTORIES, FOR_NUMBERS, FOR_TEXT };

typedef struct node {
    enum node_kind kind;
    bool silent;                      /* @ */
    bool newline;                     /* SEQUENCE of two lines of a block */
    redirection *redirections;
    struct node *left, *right;        /* operands; bodies: IF then and else, FOR and BLOCK left */
    const wchar_t *name, *arguments;  /* COMMAND */
    bool fold, negate;                /* IF /I, NOT */
    enum condition condition;
    const wchar_t *first, *second;    /* IF operands */
    enum for_kind loop;
    bool tree;                        /* FOR /R */
    wchar_t variable;
    const wchar_t *options, *set;     /* FOR /F options, /R root; what is between the parentheses */
} node;

/* The next line for a command that goes on, percent variables replaced; NULL when there is none. */
typedef wchar_t *(*line_source)(void *context);

/* Parse one command line; NULL for an empty one. On a syntax error *failed is set and the message has been written. */
node *parse(const wchar_t *line, line_source more, void *context, bool *failed);
/* A command as text that parses to the same again: in one line, or in lines as it is shown. */
void unparse(text *t, const node *n, bool lines);

/* ---- batch files ------------------------------------------------------------------------------------------------------- */

typedef struct saved {
    struct saved *next;
    wchar_t *environment, *directory;
    bool delayed, extensions;
} saved;

typedef struct batch {
    struct batch *parent;
    const wchar_t *path;              /* full */
    const wchar_t *name;              /* as written: %0 */
    const wchar_t **arguments;        /* %1 and on */
    int count, shifted;               /* SHIFT */
    int first_shifted;                /* SHIFT /n */
    const wchar_t *rest;              /* %* */
    char *data;
    size_t size, position;
    FILETIME written;
    bool owns_data;
    bool is_cmd;                      /* a .cmd file: more commands set ERRORLEVEL */
    saved *setlocals;
    int for_depth;
} batch;

/* Why commands that would come next do not run. */
enum stop { RUN, STOP_LINE, STOP_BATCH, STOP_ALL, STOP_EXIT };

typedef struct state {
    int errorlevel;
    enum stop stop;
    batch *batch;                     /* the innermost one that runs */
    bool echo, delayed, extensions;
    bool interactive, no_autorun;
    bool files_changed;               /* a running batch file may have been written */
    volatile LONG interrupted;        /* Ctrl-C */
    wchar_t prompt[512];
    const wchar_t *loop_variables[128];
    int for_depth;                    /* FOR loops that run in the present batch file */
    int depth;                        /* nested batch files and calls */
    const wchar_t *command_line;
    wchar_t title[256];
    bool verify;
} state;

extern state cmd;

/* Runs a batch file or, with a label, a part of the present one; returns its exit code. */
int run_batch(const wchar_t *path, const wchar_t *name, const wchar_t *arguments, bool call);
int call_label(const wchar_t *label, const wchar_t *arguments);
/* Whether the label was found; the batch goes on behind it. */
bool go_to(const wchar_t *label);
void set_local(const wchar_t *arguments);
void end_local(void);
const wchar_t *batch_argument(int number);

/* ---- expansion ---------------------------------------------------------------------------------------------------------- */

/* %variables% of a line. NULL after a message when a path operator is wrong. */
wchar_t *expand_percent(const wchar_t *line);
/* FOR variables, then !variables! where they are switched on. */
wchar_t *expand_late(const wchar_t *s);
wchar_t *get_variable(const wchar_t *name);
wchar_t *date_text(void);
wchar_t *time_text(void);
wchar_t *strip_quotes(const wchar_t *s);
/* `value` with the path operators (fdpnxsatz) applied. */
wchar_t *apply_modifiers(const wchar_t *value, const wchar_t *modifiers, size_t n, const wchar_t *search);

/* ---- execution ---------------------------------------------------------------------------------------------------------- */

/* Runs a command; returns its code, which && and || look at. */
int execute(node *n);
int execute_for(node *n);
bool stopped(void);
/* Parses and runs a line; returns the code. */
int run_line(const wchar_t *line, line_source more, void *context);
void echo_command(const node *n);
void show_prompt(void);
/* Ctrl-C came: asks whether to end the batch; true when commands are to stop. */
bool check_interrupt(void);
/* Runs a command by its words: built-in, batch file or program. */
int dispatch(const wchar_t *name, const wchar_t *arguments, bool call);
int execute_pipe(node *n);
/* One of the commands that only print: they can run here with their output collected. */
bool only_prints(const node *n);
/* Runs `cmd /c`-like text with its output collected, for FOR /F. */
wchar_t *capture(const wchar_t *command);

/* Where the file of an external command is; NULL when there is none. */
wchar_t *find_command(const wchar_t *name);
bool is_batch_name(const wchar_t *path);
/* A program with the present handles; NULL with the last error. */
HANDLE start_process(const wchar_t *path, const wchar_t *line, const wchar_t *directory, DWORD flags);
/* Waits for a process and closes it; its exit code. */
int wait_for(HANDLE process);
int run_external(const wchar_t *name, const wchar_t *arguments, bool call);
int run_program(const wchar_t *path, const wchar_t *line);
wchar_t *own_path(void);

/* ---- built-in commands -------------------------------------------------------------------------------------------------- */

typedef struct builtin {
    const wchar_t *name;
    int (*run)(const wchar_t *arguments);
    int sets; /* how success changes ERRORLEVEL: one of the below */
    const wchar_t *help;
} builtin;

enum { KEEPS_LEVEL, CLEARS_LEVEL, CLEARS_IN_CMD, OWN_LEVEL };

const builtin *find_builtin(const wchar_t *name, size_t *length);

/* The code of a command that failed: it also becomes ERRORLEVEL. */
int fail(int code);
/* Words separated as batch arguments are; quotes stay. */
const wchar_t *next_word(const wchar_t *s, wchar_t **word);
/* Words with switches (/x) split off, also where they are joined (dir/b/s): for file commands. */
const wchar_t *next_argument(const wchar_t *s, wchar_t **word);
wchar_t *trim(const wchar_t *s);
int syntax_error(void);
/* Y, N, A or another letter; the answer to a question asked before; `allowed` in upper case. 0 at the end of input. */
wchar_t ask(const wchar_t *question, const wchar_t *allowed);
bool is_directory(const wchar_t *path);
bool exists(const wchar_t *path);
bool has_wildcard(const wchar_t *s);
wchar_t *join_path(const wchar_t *folder, const wchar_t *name);
/* The folder part of a path with its last backslash, and what is behind. */
wchar_t *folder_of(const wchar_t *path);
const wchar_t *name_of(const wchar_t *path);
bool change_directory(const wchar_t *path, bool drive_too);

int builtin_assoc(const wchar_t *), builtin_break(const wchar_t *), builtin_call(const wchar_t *);
int builtin_cd(const wchar_t *), builtin_cls(const wchar_t *), builtin_color(const wchar_t *);
int builtin_copy(const wchar_t *), builtin_date(const wchar_t *), builtin_del(const wchar_t *);
int builtin_dir(const wchar_t *), builtin_echo(const wchar_t *), builtin_endlocal(const wchar_t *);
int builtin_exit(const wchar_t *), builtin_ftype(const wchar_t *), builtin_goto(const wchar_t *);
int builtin_md(const wchar_t *), builtin_mklink(const wchar_t *), builtin_move(const wchar_t *);
int builtin_path(const wchar_t *), builtin_pause(const wchar_t *), builtin_popd(const wchar_t *);
int builtin_prompt(const wchar_t *), builtin_pushd(const wchar_t *), builtin_rd(const wchar_t *);
int builtin_rem(const wchar_t *), builtin_ren(const wchar_t *), builtin_set(const wchar_t *);
int builtin_setlocal(const wchar_t *), builtin_shift(const wchar_t *), builtin_start(const wchar_t *);
int builtin_time(const wchar_t *), builtin_title(const wchar_t *), builtin_type(const wchar_t *);
int builtin_ver(const wchar_t *), builtin_verify(const wchar_t *), builtin_vol(const wchar_t *);
int set_arithmetic(const wchar_t *expression);
