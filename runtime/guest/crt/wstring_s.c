/* wcscpy_s and the other bounded functions for wide characters. */
#include "internal.h"
#include <string.h>
#include <wchar.h>

#define CHAR wchar_t
#define FILL wchar_t
#define LENGTH wcslen
#define BOUNDED_LENGTH wcsnlen
#define NAME(narrow, wide) wide
#include "string_bounds.h"
