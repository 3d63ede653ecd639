/* Multibyte code pages of the _mbs family: _setmbcp, the _mbctype table, _ismbb* and _ismbc*. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <mbctype.h>
#include <mbstring.h>
#include <string.h>

#undef _mbctype
#undef _mbcasemap
#undef __p__mbctype

unsigned char _mbctype[257];
unsigned char _mbcasemap[256];

static crt_multibyte *made; /* all of them; additions hold CRT_LOCK_MULTIBYTE */
crt_multibyte *crt_global_multibyte;

typedef struct byte_range {
    unsigned char first, last, bits;
} byte_range;

/* Trail bytes of the double-byte code pages, and the half-width katakana of Shift-JIS. */
static const struct {
    unsigned codepage;
    byte_range ranges[7];
} known[] = {
    {932, {{0x40, 0x7e, MB_TRAIL}, {0x80, 0xfc, MB_TRAIL}, {0xa6, 0xdf, MB_KANA}, {0xa1, 0xa5, MB_KANA_PUNCT}}},
    {936, {{0x40, 0x7e, MB_TRAIL}, {0x80, 0xfe, MB_TRAIL}}},
    {949, {{0x41, 0x5a, MB_TRAIL}, {0x61, 0x7a, MB_TRAIL}, {0x81, 0xfe, MB_TRAIL}}},
    {950, {{0x40, 0x7e, MB_TRAIL}, {0xa1, 0xfe, MB_TRAIL}}},
    {1361, {{0x31, 0x7e, MB_TRAIL}, {0x81, 0xfe, MB_TRAIL}}},
};

static wchar_t other_case_of(wchar_t c)
{
    int class = crt_wide_class(c);
    return class & _UPPER ? crt_wide_lower(c) : class & _LOWER ? crt_wide_upper(c) : c;
}

static void fill(crt_multibyte *data, unsigned codepage)
{
    unsigned char *type = data->type + 1;
    CPINFO info;

    for (int c = 'A'; c <= 'Z'; c++) {
        type[c] |= MB_UPPER;
        type[c + 32] |= MB_LOWER;
        data->casemap[c] = (unsigned char)(c + 32);
        data->casemap[c + 32] = (unsigned char)c;
    }
    if (!codepage || !GetCPInfo(codepage, &info))
        return;
    data->codepage = (int)codepage;
    if (info.MaxCharSize == 2) {
        data->is_multibyte = 1;
        for (BYTE *range = info.LeadByte; range < info.LeadByte + MAX_LEADBYTES && *range; range += 2)
            for (int c = range[0]; c <= range[1]; c++)
                type[c] |= MB_LEAD;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (known[i].codepage == codepage)
                for (const byte_range *range = known[i].ranges; range->last; range++)
                    for (int c = range->first; c <= range->last; c++)
                        type[c] |= range->bits;
        return;
    }
    if (info.MaxCharSize != 1)
        return;
    wchar_t wide[128];
    crt_high_half(codepage, wide);
    for (int i = 0; i < 128; i++) {
        int class = crt_wide_class(wide[i]);
        if (class & (_UPPER | _LOWER))
            type[128 + i] |= class & _UPPER ? MB_UPPER : MB_LOWER;
    }
    crt_other_case(codepage, wide, data->casemap, other_case_of);
}

crt_multibyte *crt_multibyte_for(unsigned codepage)
{
    crt_multibyte *data;

    _lock(CRT_LOCK_MULTIBYTE);
    for (data = made; data; data = data->next)
        if (data->codepage == (int)codepage)
            break;
    if (!data && (data = calloc(1, sizeof *data))) {
        fill(data, codepage);
        data->codepage = (int)codepage;
        data->references = 1;
        data->next = made;
        made = data;
    }
    if (!crt_global_multibyte && data) {
        memcpy(_mbctype, data->type, sizeof _mbctype);
        memcpy(_mbcasemap, data->casemap, sizeof _mbcasemap);
    }
    _unlock(CRT_LOCK_MULTIBYTE);
    return data;
}

int _setmbcp(int codepage)
{
    CPINFO info;

    switch (codepage) {
    case _MB_CP_SBCS:
        break;
    case _MB_CP_OEM:
        codepage = (int)GetOEMCP();
        break;
    case _MB_CP_ANSI:
        codepage = (int)GetACP();
        break;
    case _MB_CP_LOCALE:
        codepage = (int)crt_locale_data(NULL)->codepage;
        break;
    default:
        if (codepage < 0 || codepage == CP_UTF7 || !GetCPInfo((UINT)codepage, &info)) {
            CRT_INVALID(EINVAL);
            return -1;
        }
    }
    crt_multibyte *data = crt_multibyte_for((unsigned)codepage);
    if (!data)
        return -1;
    crt_thread *thread = crt_thread_data();
    if (thread->locale_mode & _ENABLE_PER_THREAD_LOCALE) {
        thread->mbcinfo = data;
        return 0;
    }
    _lock(CRT_LOCK_MULTIBYTE);
    crt_global_multibyte = data;
    memcpy(_mbctype, data->type, sizeof _mbctype);
    memcpy(_mbcasemap, data->casemap, sizeof _mbcasemap);
    _unlock(CRT_LOCK_MULTIBYTE);
    return 0;
}

int _getmbcp(void)
{
    const crt_multibyte *data = crt_multibyte_data(NULL);
    return data->is_multibyte || data->codepage == CP_UTF8 ? data->codepage : 0;
}

unsigned char *__p__mbctype(void)
{
    return _mbctype;
}

unsigned char *__p__mbcasemap(void)
{
    return _mbcasemap;
}

/* ---- one byte ---------------------------------------------------------------------------------------------------- */

static int byte_is(unsigned c, _locale_t locale, int classes, int bits)
{
    if (c > 255)
        return 0;
    return (crt_locale_data(locale)->classes[c] & classes) || (crt_multibyte_data(locale)->type[c + 1] & bits);
}

#define KANA (MB_KANA | MB_KANA_PUNCT)

#define BYTE_TEST(name, classes, bits)                                                                                 \
    int _ismbb##name##_l(unsigned c, _locale_t locale)                                                                 \
    {                                                                                                                  \
        return byte_is(c, locale, (classes), (bits));                                                                  \
    }                                                                                                                  \
    int _ismbb##name(unsigned c)                                                                                       \
    {                                                                                                                  \
        return byte_is(c, NULL, (classes), (bits));                                                                    \
    }

BYTE_TEST(kalnum, 0, MB_KANA)
BYTE_TEST(kprint, 0, KANA)
BYTE_TEST(kpunct, 0, MB_KANA_PUNCT)
BYTE_TEST(alnum, _ALPHA | _DIGIT, MB_KANA)
BYTE_TEST(alpha, _ALPHA, MB_KANA)
BYTE_TEST(graph, _PUNCT | _ALPHA | _DIGIT, KANA)
BYTE_TEST(print, _BLANK | _PUNCT | _ALPHA | _DIGIT, KANA)
BYTE_TEST(punct, _PUNCT, MB_KANA_PUNCT)
BYTE_TEST(lead, 0, MB_LEAD)
BYTE_TEST(trail, 0, MB_TRAIL)

int _ismbbblank_l(unsigned c, _locale_t locale)
{
    return c == '\t' || byte_is(c, locale, _BLANK, 0);
}

int _ismbbblank(unsigned c)
{
    return _ismbbblank_l(c, NULL);
}

int _ismbbkana_l(unsigned c, _locale_t locale)
{
    return crt_multibyte_data(locale)->codepage == 932 && byte_is(c, locale, 0, KANA);
}

int _ismbbkana(unsigned c)
{
    return _ismbbkana_l(c, NULL);
}

int crt_is_lead_byte(int byte, crt_locale_t locale)
{
    return crt_locale_data(locale)->classes[(unsigned char)byte] & _LEADBYTE;
}

/* Whether the byte at p, in a string that begins at s, starts (continues) a double-byte character. */
static int position(const unsigned char *s, const unsigned char *p, _locale_t locale)
{
    while (s < p && *s) {
        if (_ismbblead_l(*s, locale)) {
            if (++s == p)
                return _MBC_TRAIL;
            if (!*s)
                return _MBC_ILLEGAL;
        }
        s++;
    }
    return s == p && _ismbblead_l(*s, locale) ? _MBC_LEAD : _MBC_SINGLE;
}

int _ismbslead_l(const unsigned char *s, const unsigned char *p, _locale_t locale)
{
    CRT_VALIDATE(s && p, EINVAL, 0);
    return position(s, p, locale) == _MBC_LEAD ? -1 : 0;
}

int _ismbslead(const unsigned char *s, const unsigned char *p)
{
    return _ismbslead_l(s, p, NULL);
}

int _ismbstrail_l(const unsigned char *s, const unsigned char *p, _locale_t locale)
{
    CRT_VALIDATE(s && p, EINVAL, 0);
    return position(s, p, locale) == _MBC_TRAIL ? -1 : 0;
}

int _ismbstrail(const unsigned char *s, const unsigned char *p)
{
    return _ismbstrail_l(s, p, NULL);
}

int _mbbtype_l(unsigned char c, int before, _locale_t locale)
{
    if (before == _MBC_LEAD)
        return _ismbbtrail_l(c, locale) ? _MBC_TRAIL : _MBC_ILLEGAL;
    if (_ismbblead_l(c, locale))
        return _MBC_LEAD;
    return byte_is(c, locale, _BLANK | _PUNCT | _ALPHA | _DIGIT, KANA) ? _MBC_SINGLE : _MBC_ILLEGAL;
}

int _mbbtype(unsigned char c, int before)
{
    return _mbbtype_l(c, before, NULL);
}

int _mbsbtype_l(const unsigned char *s, size_t offset, _locale_t locale)
{
    int type = -1;
    CRT_VALIDATE(s, EINVAL, _MBC_ILLEGAL);
    do {
        if (!*s)
            return _MBC_ILLEGAL;
        type = _mbbtype_l(*s++, type, locale);
    } while (offset--);
    return type;
}

int _mbsbtype(const unsigned char *s, size_t offset)
{
    return _mbsbtype_l(s, offset, NULL);
}

/* ---- one character, given as lead byte * 256 + trail byte -------------------------------------------------------- */

static int wide_of(unsigned c, _locale_t locale, wchar_t *wide)
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    char bytes[2] = {(char)(c >> 8), (char)c};

    if (c <= 255)
        return data->codepage &&
               MultiByteToWideChar((UINT)data->codepage, MB_ERR_INVALID_CHARS, bytes + 1, 1, wide, 1) == 1;
    return c <= 0xffff && (data->type[(c >> 8) + 1] & MB_LEAD) && (data->type[(c & 255) + 1] & MB_TRAIL) &&
           MultiByteToWideChar((UINT)data->codepage, MB_ERR_INVALID_CHARS, bytes, 2, wide, 1) == 1;
}

static int character_is(unsigned c, _locale_t locale, int classes, int bits)
{
    wchar_t wide;
    if (c > 255)
        return wide_of(c, locale, &wide) && (crt_wide_class(wide) & classes);
    return byte_is(c, locale, classes, bits);
}

#define CHARACTER_TEST(name, classes, bits)                                                                            \
    int _ismbc##name##_l(unsigned c, _locale_t locale)                                                                 \
    {                                                                                                                  \
        return character_is(c, locale, (classes), (bits));                                                             \
    }                                                                                                                  \
    int _ismbc##name(unsigned c)                                                                                       \
    {                                                                                                                  \
        return character_is(c, NULL, (classes), (bits));                                                               \
    }

CHARACTER_TEST(alnum, _ALPHA | _DIGIT, MB_KANA)
CHARACTER_TEST(alpha, _ALPHA, MB_KANA)
CHARACTER_TEST(digit, _DIGIT, 0)
CHARACTER_TEST(graph, _PUNCT | _ALPHA | _DIGIT, KANA)
CHARACTER_TEST(print, _BLANK | _PUNCT | _ALPHA | _DIGIT, KANA)
CHARACTER_TEST(punct, _PUNCT, MB_KANA_PUNCT)
CHARACTER_TEST(space, _SPACE, 0)
CHARACTER_TEST(blank, _BLANK, 0)
CHARACTER_TEST(upper, _UPPER, 0)
CHARACTER_TEST(lower, _LOWER, 0)

int _ismbclegal_l(unsigned c, _locale_t locale)
{
    return c > 255 && c <= 0xffff && _ismbblead_l(c >> 8, locale) && _ismbbtrail_l(c & 255, locale);
}

int _ismbclegal(unsigned c)
{
    return _ismbclegal_l(c, NULL);
}

/* Areas of Shift-JIS; empty in other code pages. */
#define JAPANESE_AREA(name, first, last)                                                                               \
    int _ismbc##name##_l(unsigned c, _locale_t locale)                                                                 \
    {                                                                                                                  \
        return crt_multibyte_data(locale)->codepage == 932 && c >= (first) && c <= (last) && (c & 255) != 0x7f;        \
    }                                                                                                                  \
    int _ismbc##name(unsigned c)                                                                                       \
    {                                                                                                                  \
        return _ismbc##name##_l(c, NULL);                                                                              \
    }

JAPANESE_AREA(hira, 0x829f, 0x82f1)
JAPANESE_AREA(kata, 0x8340, 0x8396)
JAPANESE_AREA(symbol, 0x8141, 0x81ac)
JAPANESE_AREA(l0, 0x8140, 0x889e)
JAPANESE_AREA(l1, 0x889f, 0x9872)
JAPANESE_AREA(l2, 0x989f, 0xeafc)

static unsigned other_case(unsigned c, _locale_t locale, int bit, wchar_t (*convert)(wchar_t))
{
    const crt_multibyte *data = crt_multibyte_data(locale);
    char bytes[2];
    wchar_t wide;

    if (c <= 255)
        return data->type[c + 1] & bit && data->casemap[c] ? data->casemap[c] : c;
    if (!wide_of(c, locale, &wide))
        return c;
    wide = convert(wide);
    if (WideCharToMultiByte((UINT)data->codepage, 0, &wide, 1, bytes, 2, NULL, NULL) != 2)
        return c;
    return (unsigned)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1];
}

unsigned _mbctolower_l(unsigned c, _locale_t locale)
{
    return other_case(c, locale, MB_UPPER, crt_wide_lower);
}

unsigned _mbctolower(unsigned c)
{
    return _mbctolower_l(c, NULL);
}

unsigned _mbctoupper_l(unsigned c, _locale_t locale)
{
    return other_case(c, locale, MB_LOWER, crt_wide_upper);
}

unsigned _mbctoupper(unsigned c)
{
    return _mbctoupper_l(c, NULL);
}
