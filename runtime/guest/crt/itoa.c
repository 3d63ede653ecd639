/* _itoa and its kin. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

#define CHAR char
#define NAME(narrow, wide) narrow
#include "itoa_template.h"
