/* strcpy_s and the other bounded functions for bytes. */
#include "internal.h"
#include <string.h>

#define CHAR char
#define FILL int
#define LENGTH strlen
#define BOUNDED_LENGTH strnlen
#define NAME(narrow, wide) narrow
#include "string_bounds.h"
