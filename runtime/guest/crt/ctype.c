/* Classification and case of bytes: isalpha, tolower and their _l forms. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>

#undef _pctype
#undef _pwctype
#undef __pctype_func
#undef __pwctype_func

#define ALNUM (_ALPHA | _DIGIT)
#define PRINT (_BLANK | _PUNCT | _ALPHA | _DIGIT)
#define GRAPH (_PUNCT | _ALPHA | _DIGIT)

/* The class of a character that does not fit a byte: a double-byte character given as lead byte * 256 + trail byte. */
static int wide_byte_class(int c, int mask, const crt_locale *locale)
{
    char bytes[2] = {(char)(c >> 8), (char)c};
    wchar_t wide[2];

    if (locale->longest != 2 || !(locale->classes[(c >> 8) & 0xff] & _LEADBYTE))
        return 0;
    if (MultiByteToWideChar(locale->codepage, MB_ERR_INVALID_CHARS, bytes, 2, wide, 2) != 1)
        return 0;
    return crt_wide_class(wide[0]) & mask;
}

int _isctype_l(int c, int mask, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    if (c >= -1 && c <= 255)
        return data->classes[c] & mask;
    return wide_byte_class(c, mask, data);
}

int _isctype(int c, int mask)
{
    return _isctype_l(c, mask, NULL);
}

#define CLASS(name, mask)                                                                                              \
    int is##name(int c)                                                                                                \
    {                                                                                                                  \
        const crt_locale *data = crt_locale_data(NULL);                                                                \
        if (c >= -1 && c <= 255)                                                                                       \
            return data->classes[c] & (mask);                                                                          \
        return wide_byte_class(c, (mask), data);                                                                       \
    }                                                                                                                  \
    int _is##name##_l(int c, _locale_t locale)                                                                         \
    {                                                                                                                  \
        return _isctype_l(c, (mask), locale);                                                                          \
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

int isblank(int c)
{
    return c == '\t' ? _BLANK : _isctype_l(c, _BLANK, NULL);
}

int _isblank_l(int c, _locale_t locale)
{
    return c == '\t' ? _BLANK : _isctype_l(c, _BLANK, locale);
}

int isleadbyte(int c)
{
    return crt_locale_data(NULL)->classes[(unsigned char)c] & _LEADBYTE;
}

int _isleadbyte_l(int c, _locale_t locale)
{
    return crt_locale_data(locale)->classes[(unsigned char)c] & _LEADBYTE;
}

static int wide_byte_case(int c, const crt_locale *locale, wchar_t (*convert)(wchar_t))
{
    char bytes[2] = {(char)(c >> 8), (char)c};
    wchar_t wide[2];

    if (locale->longest != 2 || !(locale->classes[(c >> 8) & 0xff] & _LEADBYTE))
        return c;
    if (MultiByteToWideChar(locale->codepage, MB_ERR_INVALID_CHARS, bytes, 2, wide, 2) != 1)
        return c;
    wide[0] = convert(wide[0]);
    if (WideCharToMultiByte(locale->codepage, 0, wide, 1, bytes, 2, NULL, NULL) != 2)
        return c;
    return (unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
}

int _tolower_l(int c, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    if (c >= 0 && c <= 255)
        return data->lower[c];
    return c < 0 ? c : wide_byte_case(c, data, crt_wide_lower);
}

int _toupper_l(int c, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    if (c >= 0 && c <= 255)
        return data->upper[c];
    return c < 0 ? c : wide_byte_case(c, data, crt_wide_upper);
}

int tolower(int c)
{
    return _tolower_l(c, NULL);
}

int toupper(int c)
{
    return _toupper_l(c, NULL);
}

/* The macros of old: no test whether the character is a letter at all. */
int _tolower(int c)
{
    return c - 'A' + 'a';
}

int _toupper(int c)
{
    return c - 'a' + 'A';
}

int __isascii(int c)
{
    return (unsigned)c < 0x80;
}

int __toascii(int c)
{
    return c & 0x7f;
}

int __iscsymf(int c)
{
    return c == '_' || (c >= 0 && c < 256 && isalpha(c));
}

int __iscsym(int c)
{
    return c == '_' || (c >= 0 && c < 256 && isalnum(c));
}

int _iscsymf_l(int c, _locale_t locale)
{
    return c == '_' || (c >= 0 && c < 256 && _isalpha_l(c, locale));
}

int _iscsym_l(int c, _locale_t locale)
{
    return c == '_' || (c >= 0 && c < 256 && _isalnum_l(c, locale));
}

const unsigned short *__pctype_func(void)
{
    return crt_locale_data(NULL)->classes;
}

int ___mb_cur_max_l_func(_locale_t locale)
{
    return crt_locale_data(locale)->longest;
}

int ___mb_cur_max_func(void)
{
    return crt_locale_data(NULL)->longest;
}

unsigned ___lc_codepage_func(void)
{
    return crt_locale_data(NULL)->codepage;
}

unsigned ___lc_collate_cp_func(void)
{
    return crt_locale_data(NULL)->collate_codepage;
}

int crt_isspace(int byte, crt_locale_t locale)
{
    return _isctype_l(byte, _SPACE, (_locale_t)locale);
}
