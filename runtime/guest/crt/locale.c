/* setlocale, _create_locale, localeconv and the choice of locale per thread. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <string.h>
#include <wchar.h>

#undef _pctype
#undef __mb_cur_max
#undef MB_CUR_MAX

crt_locale crt_c_locale;
crt_locale *crt_global_locale = &crt_c_locale;
volatile long crt_thread_locales;

/* What old programs read as variables. */
const unsigned short *_pctype = crt_c_classes + 128;
int __mb_cur_max = 1;
unsigned __lc_codepage;
unsigned __lc_collate_cp;
LCID __lc_handle[CRT_CATEGORIES];
int __setlc_active;
int __unguarded_readlc_active;

/* All locales made so far, the "C" locale last. Additions hold CRT_LOCK_LOCALE. */
static crt_locale *locales = &crt_c_locale;

int *___setlc_active_func(void)
{
    return &__setlc_active;
}

int *___unguarded_readlc_active_add_func(void)
{
    return &__unguarded_readlc_active;
}

void crt_locale_init(void)
{
    for (int i = 1; i < CRT_CATEGORIES; i++)
        crt_parse_locale(L"C", &crt_c_locale.category[i]);
    crt_fill_locale(&crt_c_locale);
    crt_wctype_init();
    crt_global_multibyte = crt_multibyte_for(GetACP());
}

void crt_locale_thread_exit(crt_thread *data)
{
    data->locale = NULL;
    data->mbcinfo = NULL;
}

void crt_locale_shutdown(void)
{
}

static int same_categories(const crt_category *a, const crt_category *b)
{
    for (int i = 1; i < CRT_CATEGORIES; i++)
        if (strcmp(a[i].name, b[i].name) || wcscmp(a[i].windows, b[i].windows) || a[i].codepage != b[i].codepage)
            return 0;
    return 1;
}

/* The locale with these categories, made when it is the first of its kind. NULL without memory. */
static crt_locale *intern(const crt_category *categories)
{
    crt_locale *locale;

    _lock(CRT_LOCK_LOCALE);
    for (locale = locales; locale; locale = locale->next)
        if (same_categories(locale->category, categories))
            break;
    if (!locale && (locale = calloc(1, sizeof *locale))) {
        memcpy(locale->category, categories, sizeof locale->category);
        crt_fill_locale(locale);
        locale->next = locales;
        locales = locale;
    }
    _unlock(CRT_LOCK_LOCALE);
    return locale;
}

static int parse_one(const wchar_t *text, size_t length, crt_category *result)
{
    wchar_t name[CRT_LOCALE_NAME];
    if (length >= CRT_LOCALE_NAME)
        return 0;
    memcpy(name, text, length * sizeof(wchar_t));
    name[length] = 0;
    return crt_parse_locale(name, result);
}

/* "LC_COLLATE=C;LC_CTYPE=...": what setlocale(LC_ALL, NULL) returned earlier. */
static int parse_list(const wchar_t *text, crt_category *categories)
{
    static const wchar_t *const words[CRT_CATEGORIES] = {
        L"LC_ALL=", L"LC_COLLATE=", L"LC_CTYPE=", L"LC_MONETARY=", L"LC_NUMERIC=", L"LC_TIME=",
    };
    while (*text) {
        int category = 1;
        while (category < CRT_CATEGORIES && wcsncmp(text, words[category], wcslen(words[category])))
            category++;
        if (category == CRT_CATEGORIES)
            return 0;
        text += wcslen(words[category]);
        size_t length = wcscspn(text, L";");
        if (!parse_one(text, length, &categories[category]))
            return 0;
        text += length;
        if (*text == L';')
            text++;
    }
    return 1;
}

static crt_locale *change(const crt_locale *from, int category, const wchar_t *text)
{
    crt_category categories[CRT_CATEGORIES];

    memcpy(categories, from->category, sizeof categories);
    if (category == LC_ALL && !wcsncmp(text, L"LC_", 3)) {
        if (!parse_list(text, categories))
            return NULL;
    } else if (category == LC_ALL) {
        if (!crt_parse_locale(text, &categories[1]))
            return NULL;
        for (int i = 2; i < CRT_CATEGORIES; i++)
            categories[i] = categories[1];
    } else if (!crt_parse_locale(text, &categories[category])) {
        return NULL;
    }
    return intern(categories);
}

static void publish(const crt_locale *locale)
{
    _pctype = locale->classes;
    __mb_cur_max = locale->longest;
    __lc_codepage = locale->codepage;
    __lc_collate_cp = locale->collate_codepage;
    for (int i = 1; i < CRT_CATEGORIES; i++)
        __lc_handle[i] = locale->windows[i] ? LocaleNameToLCID(locale->windows[i], 0) : 0;
}

static const crt_locale *set(int category, const wchar_t *text)
{
    if (category < LC_ALL || category >= CRT_CATEGORIES) {
        CRT_INVALID(EINVAL);
        return NULL;
    }
    if (!text)
        return crt_locale_data(NULL);
    crt_locale *locale = change(crt_locale_data(NULL), category, text);
    if (!locale)
        return NULL;
    crt_thread *data = crt_thread_data();
    if (data->locale_mode & _ENABLE_PER_THREAD_LOCALE) {
        data->locale = locale;
    } else {
        _lock(CRT_LOCK_LOCALE);
        crt_global_locale = locale;
        publish(locale);
        if (locale != &crt_c_locale)
            __setlc_active = 1;
        _unlock(CRT_LOCK_LOCALE);
    }
    return locale;
}

char *setlocale(int category, const char *text)
{
    wchar_t wide[CRT_CATEGORIES * (CRT_LOCALE_NAME + 12)];

    if (text) {
        if (!MultiByteToWideChar(CP_ACP, 0, text, -1, wide, sizeof wide / sizeof *wide))
            return NULL;
    }
    const crt_locale *locale = set(category, text ? wide : NULL);
    return locale ? (char *)locale->name[category] : NULL;
}

wchar_t *_wsetlocale(int category, const wchar_t *text)
{
    const crt_locale *locale = set(category, text);
    return locale ? (wchar_t *)locale->wide_name[category] : NULL;
}

/* 1: this thread gets a locale of its own, at first a copy; 2: back to the global one; 0: only ask. Returns the
 * state before. */
int _configthreadlocale(int mode)
{
    crt_thread *data = crt_thread_data();
    int before = data->locale_mode & _ENABLE_PER_THREAD_LOCALE ? _ENABLE_PER_THREAD_LOCALE : _DISABLE_PER_THREAD_LOCALE;

    switch (mode) {
    case 0:
    case -1: /* _ENABLE_PER_THREAD_LOCALE for threads to come, as startup code asks: the global locale stays */
        return before;
    case _ENABLE_PER_THREAD_LOCALE:
        if (before != mode) {
            data->locale = crt_global_locale;
            data->mbcinfo = crt_global_multibyte;
            data->locale_mode = mode;
            InterlockedIncrement(&crt_thread_locales);
        }
        return before;
    case _DISABLE_PER_THREAD_LOCALE:
        data->locale_mode = mode;
        data->locale = NULL;
        data->mbcinfo = NULL;
        return before;
    default:
        CRT_INVALID(EINVAL);
        return -1;
    }
}

static _locale_t handle_for(const crt_locale *locale, const crt_multibyte *multibyte)
{
    _locale_t result = malloc(sizeof *result);
    if (result) {
        result->locinfo = (pthreadlocinfo)locale;
        result->mbcinfo = (pthreadmbcinfo)multibyte;
    }
    return result;
}

_locale_t _wcreate_locale(int category, const wchar_t *text)
{
    if (category < LC_ALL || category >= CRT_CATEGORIES || !text)
        return NULL;
    const crt_locale *locale = change(&crt_c_locale, category, text);
    if (!locale)
        return NULL;
    const crt_multibyte *multibyte = crt_multibyte_for(locale->codepage);
    return multibyte ? handle_for(locale, multibyte) : NULL;
}

_locale_t _create_locale(int category, const char *text)
{
    wchar_t wide[CRT_CATEGORIES * (CRT_LOCALE_NAME + 12)];
    if (!text || !MultiByteToWideChar(CP_ACP, 0, text, -1, wide, sizeof wide / sizeof *wide))
        return NULL;
    return _wcreate_locale(category, wide);
}

_locale_t _get_current_locale(void)
{
    return handle_for(crt_locale_data(NULL), crt_multibyte_data(NULL));
}

void _free_locale(_locale_t locale)
{
    free(locale);
}

struct lconv *localeconv(void)
{
    return crt_locale_conv(crt_locale_data(NULL));
}

/* Programs compiled with unsigned plain chars want UCHAR_MAX where the "C" locale says CHAR_MAX. */
int __lconv_init(void)
{
    struct lconv *conv = &crt_c_locale.conv;
    conv->int_frac_digits = conv->frac_digits = (char)UCHAR_MAX;
    conv->p_cs_precedes = conv->p_sep_by_space = (char)UCHAR_MAX;
    conv->n_cs_precedes = conv->n_sep_by_space = (char)UCHAR_MAX;
    conv->p_sign_posn = conv->n_sign_posn = (char)UCHAR_MAX;
    return 0;
}

void __initialize_lconv_for_unsigned_char(void)
{
    __lconv_init();
}

LCID *___lc_handle_func(void)
{
    return __lc_handle;
}

const wchar_t **___lc_locale_name_func(void)
{
    return (const wchar_t **)crt_locale_data(NULL)->windows;
}

unsigned crt_locale_codepage(crt_locale_t locale)
{
    return crt_locale_data(locale)->codepage;
}

int crt_locale_mb_cur_max(crt_locale_t locale)
{
    return crt_locale_data(locale)->longest;
}

const char *crt_locale_decimal_point(crt_locale_t locale)
{
    return crt_locale_data(locale)->conv.decimal_point;
}

wchar_t crt_locale_wide_decimal_point(crt_locale_t locale)
{
    return crt_locale_data(locale)->conv._W_decimal_point[0];
}
