/* Classification and case of wide characters, from tables that unicode_tables.py makes. */
#include "internal.h"
#include "locale_internal.h"
#include "unicode_tables.inc"
#include <ctype.h>
#include <wctype.h>

#undef _pwctype
#undef __pwctype_func

#define ALNUM (_ALPHA | _DIGIT)
#define PRINT (_BLANK | _PUNCT | _ALPHA | _DIGIT)
#define GRAPH (_PUNCT | _ALPHA | _DIGIT)

unsigned short crt_wide_class(wchar_t c)
{
    return class_entry[class_page[c >> 8]][c & 0xff];
}

wchar_t crt_wide_upper(wchar_t c)
{
    return (wchar_t)(c + upper_entry[upper_page[c >> 8]][c & 0xff]);
}

wchar_t crt_wide_lower(wchar_t c)
{
    return (wchar_t)(c + lower_entry[lower_page[c >> 8]][c & 0xff]);
}

/* The first 256 have a table that programs can see, from -1. */
unsigned short _wctype[257];
const unsigned short *_pwctype = _wctype + 1;

static inline int wide_class(wint_t c, int mask)
{
    if (c == WEOF)
        return 0;
    return (c < 256 ? _wctype[c + 1] : crt_wide_class(c)) & mask;
}

#define CLASS(name, mask)                                                                                              \
    int isw##name(wint_t c)                                                                                            \
    {                                                                                                                  \
        return wide_class(c, (mask));                                                                                  \
    }                                                                                                                  \
    int _isw##name##_l(wint_t c, _locale_t locale)                                                                     \
    {                                                                                                                  \
        (void)locale;                                                                                                  \
        return wide_class(c, (mask));                                                                                  \
    }

CLASS(alpha, _ALPHA)
CLASS(upper, _UPPER)
CLASS(lower, _LOWER)
CLASS(digit, _DIGIT)
CLASS(xdigit, _HEX)
CLASS(space, _SPACE)
CLASS(punct, _PUNCT)
CLASS(alnum, ALNUM)
CLASS(print, PRINT)
CLASS(graph, GRAPH)
CLASS(cntrl, _CONTROL)

int iswblank(wint_t c)
{
    return c == '\t' ? _BLANK : wide_class(c, _BLANK);
}

int _iswblank_l(wint_t c, _locale_t locale)
{
    (void)locale;
    return iswblank(c);
}

int iswctype(wint_t c, wctype_t mask)
{
    return c == '\t' && mask == _BLANK ? _BLANK : wide_class(c, mask);
}

int _iswctype_l(wint_t c, wctype_t mask, _locale_t locale)
{
    (void)locale;
    return iswctype(c, mask);
}

int is_wctype(wint_t c, wctype_t mask)
{
    return iswctype(c, mask);
}

int iswascii(wint_t c)
{
    return c < 0x80;
}

int __iswcsymf(wint_t c)
{
    return c == '_' || iswalpha(c);
}

int __iswcsym(wint_t c)
{
    return c == '_' || iswalnum(c);
}

int _iswcsymf_l(wint_t c, _locale_t locale)
{
    (void)locale;
    return __iswcsymf(c);
}

int _iswcsym_l(wint_t c, _locale_t locale)
{
    (void)locale;
    return __iswcsym(c);
}

/* In the "C" locale only the ASCII letters have case. */
wint_t _towlower_l(wint_t c, _locale_t locale)
{
    if (c < 0x80)
        return c - 'A' < 26u ? c | 0x20 : c;
    return c == WEOF || crt_locale_data(locale)->plain ? c : crt_wide_lower(c);
}

wint_t _towupper_l(wint_t c, _locale_t locale)
{
    if (c < 0x80)
        return c - 'a' < 26u ? c & ~0x20 : c;
    return c == WEOF || crt_locale_data(locale)->plain ? c : crt_wide_upper(c);
}

wint_t towlower(wint_t c)
{
    return _towlower_l(c, NULL);
}

wint_t towupper(wint_t c)
{
    return _towupper_l(c, NULL);
}

static const struct {
    const char *name;
    unsigned short mask;
} class_names[] = {
    {"alnum", ALNUM}, {"alpha", _ALPHA}, {"blank", _BLANK}, {"cntrl", _CONTROL}, {"digit", _DIGIT}, {"graph", GRAPH},
    {"lower", _LOWER}, {"print", PRINT}, {"punct", _PUNCT}, {"space", _SPACE}, {"upper", _UPPER}, {"xdigit", _HEX},
};

wctype_t wctype(const char *name)
{
    for (size_t i = 0; i < sizeof class_names / sizeof *class_names; i++)
        if (!strcmp(class_names[i].name, name))
            return class_names[i].mask;
    return 0;
}

wctrans_t wctrans(const char *name)
{
    return !strcmp(name, "tolower") ? 2 : !strcmp(name, "toupper") ? 1 : 0;
}

wint_t towctrans(wint_t c, wctrans_t transformation)
{
    return transformation == 1 ? towupper(c) : towlower(c);
}

int crt_iswspace(wint_t c, crt_locale_t locale)
{
    (void)locale;
    return wide_class(c, _SPACE);
}

const unsigned short *__pwctype_func(void)
{
    return _pwctype;
}

void crt_wctype_init(void)
{
    for (int c = 0; c < 256; c++)
        _wctype[c + 1] = crt_wide_class((wchar_t)c);
    _wctype['\t' + 1] &= ~_BLANK; /* else a tab would count as printable */
#ifdef MSVCRT
    /* msvcrt's table is older than these characters' letters. */
    _wctype[0x85 + 1] = _CONTROL;
    _wctype[0xaa + 1] = _wctype[0xad + 1] = _wctype[0xb5 + 1] = _wctype[0xba + 1] = _PUNCT;
#endif
}
