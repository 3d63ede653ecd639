/* wcstol, _wtoi and their kin. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <stdlib.h>
#include <wchar.h>

/* The first code of each run of ten decimal digits beyond ASCII. */
static const wchar_t zeros[] = {
    0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0c66, 0x0ce6, 0x0d66,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810, 0xff10,
};

static int digit_value(wchar_t c)
{
    if (c < 0x80) {
        if (c - '0' < 10u)
            return c - '0';
        c |= 0x20;
        return c - 'a' < 26u ? c - 'a' + 10 : 99;
    }
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (c - zeros[i] < 10u)
            return c - zeros[i];
    return 99;
}

#define CHAR wchar_t
#define IS_SPACE(c, locale) crt_iswspace(c, locale)
#define DIGIT(c) digit_value(c)
#define NAME(narrow, wide) wide
#include "strtol_template.h"
