/* wcstod, _wtof and their kin. */
#include "internal.h"
#include "locale_internal.h"
#include "strtod.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CHAR wchar_t
#define IS_SPACE(c, locale) crt_iswspace(c, locale)
#define POINT(locale) (crt_locale_data(locale)->conv._W_decimal_point[0])
#define NAME(narrow, wide) wide
#include "strtod_template.h"
