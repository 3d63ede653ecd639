/* The contents of a locale: character classes of its code page, number and money formats, names of days and months. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <string.h>
#include <wchar.h>

/* ---- the "C" locale ---------------------------------------------------------------------------------------------- */

#define AT(c) [128 + (c)]
#define RANGE(first, last) [128 + (first)... 128 + (last)]

const unsigned short crt_c_classes[128 + 256] = {
    RANGE(0, 8) = _CONTROL,
    RANGE(9, 13) = _SPACE | _CONTROL,
    RANGE(14, 31) = _CONTROL,
    AT(' ') = _SPACE | _BLANK,
    RANGE('!', '/') = _PUNCT,
    RANGE('0', '9') = _DIGIT | _HEX,
    RANGE(':', '@') = _PUNCT,
    RANGE('A', 'F') = 0x100 | _UPPER | _HEX,
    RANGE('G', 'Z') = 0x100 | _UPPER,
    RANGE('[', '`') = _PUNCT,
    RANGE('a', 'f') = 0x100 | _LOWER | _HEX,
    RANGE('g', 'z') = 0x100 | _LOWER,
    RANGE('{', '~') = _PUNCT,
    AT(127) = _CONTROL,
};

/* msvcrt's exported table begins with the entry for EOF. */
__asm__(".globl _ctype\n_ctype = crt_c_classes + 254");

#define DAYS(p) p##"Sunday", p##"Monday", p##"Tuesday", p##"Wednesday", p##"Thursday", p##"Friday", p##"Saturday"
#define SHORT_DAYS(p) p##"Sun", p##"Mon", p##"Tue", p##"Wed", p##"Thu", p##"Fri", p##"Sat"
#define MONTHS(p)                                                                                                      \
    p##"January", p##"February", p##"March", p##"April", p##"May", p##"June", p##"July", p##"August", p##"September",  \
        p##"October", p##"November", p##"December"
#define SHORT_MONTHS(p)                                                                                                \
    p##"Jan", p##"Feb", p##"Mar", p##"Apr", p##"May", p##"Jun", p##"Jul", p##"Aug", p##"Sep", p##"Oct", p##"Nov",      \
        p##"Dec"

static const crt_time_names c_times = {
    .short_day = {SHORT_DAYS()},
    .day = {DAYS()},
    .short_month = {SHORT_MONTHS()},
    .month = {MONTHS()},
    .am = "AM",
    .pm = "PM",
    .short_date = "MM/dd/yy",
    .long_date = "dddd, MMMM dd, yyyy",
    .time = "HH:mm:ss",
    .calendar = 1,
    .wide_short_day = {SHORT_DAYS(L)},
    .wide_day = {DAYS(L)},
    .wide_short_month = {SHORT_MONTHS(L)},
    .wide_month = {MONTHS(L)},
    .wide_am = L"AM",
    .wide_pm = L"PM",
    .wide_short_date = L"MM/dd/yy",
    .wide_long_date = L"dddd, MMMM dd, yyyy",
    .wide_time = L"HH:mm:ss",
    .locale_name = L"",
};

static struct lconv c_conv = {
    .decimal_point = ".",
    .thousands_sep = "",
    .grouping = "",
    .int_curr_symbol = "",
    .currency_symbol = "",
    .mon_decimal_point = "",
    .mon_thousands_sep = "",
    .mon_grouping = "",
    .positive_sign = "",
    .negative_sign = "",
    .int_frac_digits = CHAR_MAX,
    .frac_digits = CHAR_MAX,
    .p_cs_precedes = CHAR_MAX,
    .p_sep_by_space = CHAR_MAX,
    .n_cs_precedes = CHAR_MAX,
    .n_sep_by_space = CHAR_MAX,
    .p_sign_posn = CHAR_MAX,
    .n_sign_posn = CHAR_MAX,
    ._W_decimal_point = L".",
    ._W_thousands_sep = L"",
    ._W_int_curr_symbol = L"",
    ._W_currency_symbol = L"",
    ._W_mon_decimal_point = L"",
    ._W_mon_thousands_sep = L"",
    ._W_positive_sign = L"",
    ._W_negative_sign = L"",
};

/* ---- strings that live as long as the process -------------------------------------------------------------------- */

static wchar_t *keep_wide(const wchar_t *text)
{
    size_t size = (wcslen(text) + 1) * sizeof(wchar_t);
    wchar_t *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : L"";
}

static char *keep_narrow(const wchar_t *text, unsigned codepage)
{
    char buffer[256];
    size_t length = 0;
    while (length < sizeof buffer && text[length] < 0x80 && text[length])
        length++;
    if (length < sizeof buffer && !text[length]) { /* ASCII is the same everywhere */
        char *copy = malloc(length + 1);
        for (size_t i = 0; copy && i <= length; i++)
            copy[i] = (char)text[i];
        return copy ? copy : "";
    }
    int size = WideCharToMultiByte(codepage, 0, text, -1, buffer, sizeof buffer, NULL, NULL);
    char *copy = size > 0 ? malloc((size_t)size) : NULL;
    return copy ? memcpy(copy, buffer, (size_t)size) : "";
}

static const wchar_t *ask(const wchar_t *locale, LCTYPE what, wchar_t *buffer, int size)
{
    if (!GetLocaleInfoEx(locale, what, buffer, size))
        buffer[0] = 0;
    return buffer;
}

static int ask_number(const wchar_t *locale, LCTYPE what)
{
    DWORD value = 0;
    return GetLocaleInfoEx(locale, what | LOCALE_RETURN_NUMBER, (wchar_t *)&value, 2) ? (int)value : CHAR_MAX;
}

/* ---- LC_NUMERIC, LC_MONETARY ------------------------------------------------------------------------------------- */

static void text_of(const crt_category *category, LCTYPE what, char **narrow, wchar_t **wide)
{
    wchar_t buffer[128];
    ask(category->windows, what, buffer, 128);
    *narrow = keep_narrow(buffer, category->codepage);
    *wide = keep_wide(buffer);
}

/* Windows' "3;2;0" is C's "\3\2"; without the last 0 the grouping ends and C wants CHAR_MAX. */
static char *grouping_of(const crt_category *category, LCTYPE what)
{
    wchar_t buffer[32];
    char result[20];
    size_t length = 0;

    ask(category->windows, what, buffer, 32);
    for (wchar_t *p = buffer; *p && length < sizeof result - 2; p++)
        if (*p >= L'1' && *p <= L'9')
            result[length++] = (char)(*p - L'0');
    if (length && buffer[wcslen(buffer) - 1] != L'0')
        result[length++] = CHAR_MAX;
    result[length++] = 0;
    char *copy = malloc(length);
    return copy ? memcpy(copy, result, length) : "";
}

static void fill_numeric(struct lconv *conv, const crt_category *category)
{
    text_of(category, LOCALE_SDECIMAL, &conv->decimal_point, &conv->_W_decimal_point);
    text_of(category, LOCALE_STHOUSAND, &conv->thousands_sep, &conv->_W_thousands_sep);
    conv->grouping = grouping_of(category, LOCALE_SGROUPING);
}

static void fill_monetary(struct lconv *conv, const crt_category *category)
{
    const wchar_t *locale = category->windows;

    text_of(category, LOCALE_SINTLSYMBOL, &conv->int_curr_symbol, &conv->_W_int_curr_symbol);
    text_of(category, LOCALE_SCURRENCY, &conv->currency_symbol, &conv->_W_currency_symbol);
    text_of(category, LOCALE_SMONDECIMALSEP, &conv->mon_decimal_point, &conv->_W_mon_decimal_point);
    text_of(category, LOCALE_SMONTHOUSANDSEP, &conv->mon_thousands_sep, &conv->_W_mon_thousands_sep);
    text_of(category, LOCALE_SPOSITIVESIGN, &conv->positive_sign, &conv->_W_positive_sign);
    text_of(category, LOCALE_SNEGATIVESIGN, &conv->negative_sign, &conv->_W_negative_sign);
    conv->mon_grouping = grouping_of(category, LOCALE_SMONGROUPING);
    conv->int_frac_digits = (char)ask_number(locale, LOCALE_IINTLCURRDIGITS);
    conv->frac_digits = (char)ask_number(locale, LOCALE_ICURRDIGITS);
    conv->p_cs_precedes = (char)ask_number(locale, LOCALE_IPOSSYMPRECEDES);
    conv->p_sep_by_space = (char)ask_number(locale, LOCALE_IPOSSEPBYSPACE);
    conv->n_cs_precedes = (char)ask_number(locale, LOCALE_INEGSYMPRECEDES);
    conv->n_sep_by_space = (char)ask_number(locale, LOCALE_INEGSEPBYSPACE);
    conv->p_sign_posn = (char)ask_number(locale, LOCALE_IPOSSIGNPOSN);
    conv->n_sign_posn = (char)ask_number(locale, LOCALE_INEGSIGNPOSN);
}

/* ---- LC_TIME ----------------------------------------------------------------------------------------------------- */

static void time_text(const crt_category *category, LCTYPE what, const char **narrow, const wchar_t **wide)
{
    text_of(category, what, (char **)narrow, (wchar_t **)wide);
}

static const crt_time_names *make_times(const crt_category *category)
{
    crt_time_names *times = calloc(1, sizeof *times);
    if (!times)
        return &c_times;
    for (int day = 0; day < 7; day++) { /* Windows counts from Monday, C from Sunday */
        LCTYPE index = (LCTYPE)((day + 6) % 7);
        time_text(category, LOCALE_SABBREVDAYNAME1 + index, &times->short_day[day], &times->wide_short_day[day]);
        time_text(category, LOCALE_SDAYNAME1 + index, &times->day[day], &times->wide_day[day]);
    }
    for (LCTYPE month = 0; month < 12; month++) {
        time_text(category, LOCALE_SABBREVMONTHNAME1 + month, &times->short_month[month],
                  &times->wide_short_month[month]);
        time_text(category, LOCALE_SMONTHNAME1 + month, &times->month[month], &times->wide_month[month]);
    }
    time_text(category, LOCALE_S1159, &times->am, &times->wide_am);
    time_text(category, LOCALE_S2359, &times->pm, &times->wide_pm);
    time_text(category, LOCALE_SSHORTDATE, &times->short_date, &times->wide_short_date);
    time_text(category, LOCALE_SLONGDATE, &times->long_date, &times->wide_long_date);
    time_text(category, LOCALE_STIMEFORMAT, &times->time, &times->wide_time);
    times->calendar = ask_number(category->windows, LOCALE_ICALENDARTYPE);
    times->references = 1;
    times->locale_name = keep_wide(category->windows);
    return times;
}

/* ---- LC_CTYPE ---------------------------------------------------------------------------------------------------- */

static void ascii_case(crt_locale *locale)
{
    for (int c = 0; c < 256; c++) {
        locale->lower[c] = (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        locale->upper[c] = (unsigned char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
}

void crt_high_half(unsigned codepage, wchar_t wide[128])
{
    char bytes[128];
    for (int i = 0; i < 128; i++)
        bytes[i] = (char)(128 + i);
    MultiByteToWideChar(codepage, 0, bytes, 128, wide, 128);
}

void crt_other_case(unsigned codepage, const wchar_t wide[128], unsigned char result[256], wchar_t (*convert)(wchar_t))
{
    wchar_t other[128], back[128];
    char bytes[128];

    for (int i = 0; i < 128; i++)
        other[i] = wide[i] ? convert(wide[i]) : ' ';
    if (WideCharToMultiByte(codepage, 0, other, 128, bytes, 128, NULL, NULL) != 128 ||
        MultiByteToWideChar(codepage, 0, bytes, 128, back, 128) != 128)
        return;
    for (int i = 0; i < 128; i++)
        if (wide[i] && other[i] != wide[i] && back[i] == other[i])
            result[128 + i] = (unsigned char)bytes[i];
}

/* In a double-byte code page: only the bytes that are characters by themselves. */
static void single_bytes(unsigned codepage, const unsigned short *classes, wchar_t wide[128])
{
    for (int i = 0; i < 128; i++) {
        char byte = (char)(128 + i);
        if (classes[128 + i] & _LEADBYTE || !MultiByteToWideChar(codepage, MB_ERR_INVALID_CHARS, &byte, 1, wide + i, 1))
            wide[i] = 0;
    }
}

static void fill_ctype(crt_locale *locale)
{
    unsigned codepage = locale->codepage;
    wchar_t wide[128];
    CPINFO info;

    ascii_case(locale);
    locale->classes = crt_c_classes + 128;
    locale->plain = !codepage;
    locale->longest = 1;
    if (!codepage)
        return;
    if (!GetCPInfo(codepage, &info))
        info.MaxCharSize = 1;
    locale->longest = codepage == CP_UTF8 ? 4 : (int)info.MaxCharSize;
    if (codepage == CP_UTF8)
        return;

    memcpy(locale->class_storage, crt_c_classes, sizeof crt_c_classes);
    unsigned short *classes = locale->class_storage + 128;
    if (locale->longest == 1) {
        crt_high_half(codepage, wide);
    } else {
        for (BYTE *range = info.LeadByte; range < info.LeadByte + MAX_LEADBYTES && *range; range += 2)
            for (int c = range[0]; c <= range[1]; c++)
                classes[c] = _LEADBYTE;
        single_bytes(codepage, classes, wide);
    }
    for (int i = 0; i < 128; i++)
        if (wide[i])
            classes[128 + i] = crt_wide_class(wide[i]);
    for (int i = 0; i < 127; i++) /* negative characters, but EOF's entry stays empty */
        classes[i - 128] = classes[128 + i];
    if (locale->longest == 1) {
        crt_other_case(codepage, wide, locale->lower, crt_wide_lower);
        crt_other_case(codepage, wide, locale->upper, crt_wide_upper);
    }
    locale->classes = classes;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static const char *const category_words[CRT_CATEGORIES] = {
    NULL, "LC_COLLATE", "LC_CTYPE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
};

static void name_all(crt_locale *locale)
{
    int mixed = 0;
    for (int i = 2; i < CRT_CATEGORIES; i++)
        mixed |= strcmp(locale->category[1].name, locale->category[i].name) != 0;
    char *end = locale->all_name;
    if (!mixed) {
        strcpy(end, locale->category[1].name);
        wcscpy(locale->wide_all_name, locale->category[1].wide_name);
        return;
    }
    wchar_t *wide = locale->wide_all_name;
    for (int i = 1; i < CRT_CATEGORIES; i++) {
        if (i > 1) {
            *end++ = ';';
            *wide++ = ';';
        }
        for (const char *word = category_words[i]; *word; word++)
            *end++ = *word, *wide++ = (wchar_t)*word;
        *end++ = '=';
        *wide++ = '=';
        strcpy(end, locale->category[i].name);
        wcscpy(wide, locale->category[i].wide_name);
        end += strlen(end);
        wide += wcslen(wide);
    }
}

void crt_fill_locale(crt_locale *locale)
{
    crt_category *category = locale->category;

    for (int i = 1; i < CRT_CATEGORIES; i++) {
        locale->windows[i] = category[i].windows[0] ? category[i].windows : NULL;
        locale->name[i] = category[i].name;
        locale->wide_name[i] = category[i].wide_name;
    }
    name_all(locale);
    locale->name[0] = locale->all_name;
    locale->wide_name[0] = locale->wide_all_name;
    locale->codepage = category[LC_CTYPE].codepage;
    locale->collate_codepage = category[LC_COLLATE].codepage;
    fill_ctype(locale);
    locale->conv = c_conv;
    if (category[LC_NUMERIC].codepage)
        fill_numeric(&locale->conv, &category[LC_NUMERIC]);
    locale->money_known = !category[LC_MONETARY].codepage;
    locale->times = category[LC_TIME].codepage ? NULL : &c_times;

    locale->head.pctype = locale->classes;
    locale->head.mb_cur_max = locale->longest;
    locale->head.lc_codepage = locale->codepage;
#ifdef MSVCRT
    locale->head.refcount = 1;
    locale->head.lc_collate_cp = locale->collate_codepage;
    locale->head.lc_clike = !locale->codepage;
    locale->head.lconv = &locale->conv;
    locale->head.ctype1 = (unsigned short *)locale->classes;
    locale->head.pclmap = locale->lower;
    locale->head.pcumap = locale->upper;
    locale->head.lc_time_curr = (struct __lc_time_data *)&c_times;
    for (int i = 1; i < CRT_CATEGORIES; i++) {
        locale->head.lc_handle[i] = locale->windows[i] ? LocaleNameToLCID(locale->windows[i], 0) : 0;
        locale->head.lc_category[i].locale = category[i].name;
        locale->head.lc_category[i].wlocale = category[i].wide_name;
    }
#endif
}

/* What asks the system for dozens of texts waits until a program wants it. */

struct lconv *crt_locale_conv(const crt_locale *locale)
{
    crt_locale *data = (crt_locale *)locale;
    if (!data->money_known) {
        _lock(CRT_LOCK_LOCALE);
        if (!data->money_known) {
            fill_monetary(&data->conv, &data->category[LC_MONETARY]);
            __atomic_store_n(&data->money_known, 1, __ATOMIC_RELEASE);
        }
        _unlock(CRT_LOCK_LOCALE);
    }
    return &data->conv;
}

const crt_time_names *crt_locale_times(const crt_locale *locale)
{
    crt_locale *data = (crt_locale *)locale;
    if (!data->times) {
        _lock(CRT_LOCK_LOCALE);
        if (!data->times)
            __atomic_store_n(&data->times, make_times(&data->category[LC_TIME]), __ATOMIC_RELEASE);
        _unlock(CRT_LOCK_LOCALE);
    }
    return data->times;
}
