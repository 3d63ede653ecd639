/* What a locale consists of. Locales are made once for each combination of categories, then kept and never changed, so
 * a pointer to one stays good for the life of the process and reading it needs no lock. */
#ifndef CRT_LOCALE_INTERNAL_H
#define CRT_LOCALE_INTERNAL_H

#include <locale.h>

#define CRT_CATEGORIES 6 /* LC_ALL is 0; 1 to 5 are the real ones */
#define CRT_LOCALE_NAME 132

typedef struct crt_category {
    unsigned codepage;                 /* 0 in "C" */
    wchar_t windows[85];               /* "en-US"; empty in "C" */
    char name[CRT_LOCALE_NAME];        /* as setlocale reports it */
    wchar_t wide_name[CRT_LOCALE_NAME];
} crt_category;

/* The names that strftime, _Getdays and _Gettnames need, in the layout which _Gettnames has always handed out. */
typedef struct crt_time_names {
    const char *short_day[7], *day[7], *short_month[12], *month[12], *am, *pm;
    const char *short_date, *long_date, *time; /* pictures: "M/d/yyyy" */
    int calendar, references;
    const wchar_t *wide_short_day[7], *wide_day[7], *wide_short_month[12], *wide_month[12], *wide_am, *wide_pm;
    const wchar_t *wide_short_date, *wide_long_date, *wide_time;
    const wchar_t *locale_name;
} crt_time_names;

#ifdef UCRT
typedef struct crt_locale_head { /* __crt_locale_data_public: inline functions of the headers read it */
    const unsigned short *pctype;
    int mb_cur_max;
    unsigned lc_codepage;
} crt_locale_head;
#else
typedef threadlocinfo crt_locale_head;
#endif

typedef struct crt_locale {
    crt_locale_head head; /* first: what _locale_t's locinfo promises */
    const unsigned short *classes; /* indexed from -1 (-128 also works) to 255 */
    unsigned char lower[256], upper[256];
    unsigned codepage, collate_codepage; /* 0 in "C" */
    int longest; /* bytes of the longest character */
    int plain; /* LC_CTYPE is "C": ASCII rules for bytes */
    const wchar_t *windows[CRT_CATEGORIES];
    const char *name[CRT_CATEGORIES];
    const wchar_t *wide_name[CRT_CATEGORIES];
    struct lconv conv;           /* the money part through crt_locale_conv only */
    int money_known;
    const crt_time_names *times; /* through crt_locale_times only */
    crt_category category[CRT_CATEGORIES];
    char all_name[CRT_CATEGORIES * (CRT_LOCALE_NAME + 12)]; /* setlocale(LC_ALL, NULL) */
    wchar_t wide_all_name[CRT_CATEGORIES * (CRT_LOCALE_NAME + 12)];
    unsigned short class_storage[128 + 256];
    struct crt_locale *next;
} crt_locale;

typedef struct crt_multibyte { /* threadmbcinfo: what _locale_t's mbcinfo points to */
    int references;
    int codepage;
    int is_multibyte;
    unsigned short unicode_ranges[6];
    unsigned char type[257]; /* _mbctype: indexed by byte + 1 */
    unsigned char casemap[256];
    const wchar_t *locale_name;
    struct crt_multibyte *next;
} crt_multibyte;

/* Bits of crt_multibyte.type. */
#define MB_KANA 0x01
#define MB_KANA_PUNCT 0x02
#define MB_LEAD 0x04
#define MB_TRAIL 0x08
#define MB_UPPER 0x10
#define MB_LOWER 0x20

extern const unsigned short crt_c_classes[128 + 256];
extern crt_locale crt_c_locale;
extern crt_locale *crt_global_locale;
extern crt_multibyte *crt_global_multibyte;
extern volatile long crt_thread_locales; /* how many threads ever switched to a locale of their own */

static inline const crt_locale *crt_locale_data(_locale_t locale)
{
    if (locale)
        return (const crt_locale *)locale->locinfo;
    if (crt_thread_locales) {
        const crt_locale *own = crt_thread_data()->locale;
        if (own)
            return own;
    }
    return crt_global_locale;
}

static inline const crt_multibyte *crt_multibyte_data(_locale_t locale)
{
    if (locale)
        return (const crt_multibyte *)locale->mbcinfo;
    if (crt_thread_locales) {
        const crt_multibyte *own = crt_thread_data()->mbcinfo;
        if (own)
            return own;
    }
    return crt_global_multibyte;
}

/* locale_parse.c: what a locale name means for one category. False when there is no such locale. */
int crt_parse_locale(const wchar_t *text, crt_category *result);
/* locale_data.c: fill everything that follows from category[]. */
void crt_fill_locale(crt_locale *locale);
struct lconv *crt_locale_conv(const crt_locale *locale);
const crt_time_names *crt_locale_times(const crt_locale *locale);
/* Of a single-byte code page: the characters of the bytes from 128 on, and for those that have one the byte that convert
 * leads to. */
void crt_high_half(unsigned codepage, wchar_t wide[128]);
void crt_other_case(unsigned codepage, const wchar_t wide[128], unsigned char result[256], wchar_t (*convert)(wchar_t));
/* mbctype.c */
crt_multibyte *crt_multibyte_for(unsigned codepage);

/* wctype.c: class bits and case partners of a UTF-16 unit, in no particular locale. */
void crt_wctype_init(void);
wint_t _towlower_l(wint_t c, _locale_t locale);
wint_t _towupper_l(wint_t c, _locale_t locale);
unsigned short crt_wide_class(wchar_t c);
wchar_t crt_wide_upper(wchar_t c);
wchar_t crt_wide_lower(wchar_t c);

#endif
