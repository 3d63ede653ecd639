/* _itow and its kin. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

#define CHAR wchar_t
#define NAME(narrow, wide) wide
#include "itoa_template.h"
