/* strtol, atoi and their kin for bytes. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <stdlib.h>

static inline int digit_value(unsigned char c)
{
    if (c - '0' < 10u)
        return c - '0';
    c |= 0x20;
    return c - 'a' < 26u ? c - 'a' + 10 : 99;
}

static inline int is_space(unsigned char c, _locale_t locale)
{
    if (c < 0x80)
        return c == ' ' || c - 9u < 5;
    return crt_locale_data(locale)->classes[c] & _SPACE;
}

#define CHAR char
#define IS_SPACE(c, locale) is_space((unsigned char)(c), locale)
#define DIGIT(c) digit_value((unsigned char)(c))
#define NAME(narrow, wide) narrow
#include "strtol_template.h"
