/* Locale names: "C", "", ".1252", "English_United States.1252", "american", and with the universal runtime also
 * "en-US", "en_US.UTF-8" and ".UTF8". */
#include "internal.h"
#include "locale_internal.h"
#include <wchar.h>

#undef MB_CUR_MAX

/* Words that Microsoft's runtimes have always taken for a language, a language with a country, or a country. */
static const struct {
    const wchar_t *word, *locale;
} aliases[] = {
    {L"american", L"en-US"}, {L"american english", L"en-US"}, {L"american-english", L"en-US"},
    {L"english-american", L"en-US"}, {L"english-us", L"en-US"}, {L"english-usa", L"en-US"}, {L"us", L"en-US"},
    {L"usa", L"en-US"}, {L"english", L"en-US"}, {L"enu", L"en-US"}, {L"australian", L"en-AU"},
    {L"english-aus", L"en-AU"}, {L"ena", L"en-AU"}, {L"belgian", L"nl-BE"}, {L"canadian", L"en-CA"},
    {L"english-can", L"en-CA"}, {L"enc", L"en-CA"}, {L"chh", L"zh-HK"}, {L"chi", L"zh-SG"}, {L"chinese", L"zh-CN"},
    {L"chinese-hongkong", L"zh-HK"}, {L"chinese-simplified", L"zh-CN"}, {L"chinese-singapore", L"zh-SG"},
    {L"chinese-traditional", L"zh-TW"}, {L"chs", L"zh-CN"}, {L"cht", L"zh-TW"}, {L"dutch-belgian", L"nl-BE"},
    {L"english-caribbean", L"en-029"}, {L"english-ire", L"en-IE"}, {L"english-jamaica", L"en-JM"},
    {L"english-nz", L"en-NZ"}, {L"english-south africa", L"en-ZA"}, {L"english-trinidad y tobago", L"en-TT"},
    {L"english-uk", L"en-GB"}, {L"eng", L"en-GB"}, {L"frb", L"fr-BE"}, {L"frc", L"fr-CA"},
    {L"french-belgian", L"fr-BE"}, {L"french-canadian", L"fr-CA"}, {L"french-luxembourg", L"fr-LU"},
    {L"french-swiss", L"fr-CH"}, {L"german-austrian", L"de-AT"}, {L"german-lichtenstein", L"de-LI"},
    {L"german-luxembourg", L"de-LU"}, {L"german-swiss", L"de-CH"}, {L"irish-english", L"en-IE"},
    {L"italian-swiss", L"it-CH"}, {L"norwegian", L"nb-NO"}, {L"norwegian-bokmal", L"nb-NO"},
    {L"norwegian-nynorsk", L"nn-NO"}, {L"portuguese-brazilian", L"pt-BR"}, {L"spanish-argentina", L"es-AR"},
    {L"spanish-mexican", L"es-MX"}, {L"spanish-modern", L"es-ES"}, {L"swedish-finland", L"sv-FI"}, {L"swiss", L"de-CH"},
    {L"german", L"de-DE"}, {L"deu", L"de-DE"}, {L"french", L"fr-FR"}, {L"fra", L"fr-FR"}, {L"spanish", L"es-ES"},
    {L"italian", L"it-IT"}, {L"japanese", L"ja-JP"}, {L"jpn", L"ja-JP"}, {L"korean", L"ko-KR"}, {L"kor", L"ko-KR"},
    {L"russian", L"ru-RU"}, {L"rus", L"ru-RU"}, {L"portuguese", L"pt-BR"}, {L"dutch", L"nl-NL"}, {L"swedish", L"sv-SE"},
    {L"polish", L"pl-PL"}, {L"turkish", L"tr-TR"}, {L"greek", L"el-GR"}, {L"czech", L"cs-CZ"}, {L"danish", L"da-DK"},
    {L"finnish", L"fi-FI"}, {L"hungarian", L"hu-HU"}, {L"hebrew", L"he-IL"}, {L"arabic", L"ar-SA"}, {L"thai", L"th-TH"},
};

static const struct {
    const wchar_t *word, *country;
} country_aliases[] = {
    {L"america", L"US"}, {L"us", L"US"}, {L"usa", L"US"}, {L"united-states", L"US"}, {L"united states", L"US"},
    {L"britain", L"GB"}, {L"england", L"GB"}, {L"great britain", L"GB"}, {L"uk", L"GB"}, {L"united kingdom", L"GB"},
    {L"united-kingdom", L"GB"}, {L"china", L"CN"}, {L"pr china", L"CN"}, {L"pr-china", L"CN"}, {L"czech", L"CZ"},
    {L"holland", L"NL"}, {L"hong-kong", L"HK"}, {L"new-zealand", L"NZ"}, {L"nz", L"NZ"}, {L"slovak", L"SK"},
    {L"south africa", L"ZA"}, {L"south korea", L"KR"}, {L"south-africa", L"ZA"}, {L"south-korea", L"KR"},
    {L"trinidad & tobago", L"TT"}, {L"puerto-rico", L"PR"},
};

static int same(const wchar_t *a, const wchar_t *b)
{
    for (; *a && crt_wide_lower(*a) == crt_wide_lower(*b); a++, b++)
        ;
    return *a == *b;
}

static int locale_text_is(const wchar_t *locale, LCTYPE what, const wchar_t *wanted)
{
    wchar_t text[128];
    return GetLocaleInfoEx(locale, what, text, 128) && same(text, wanted);
}

typedef struct search {
    const wchar_t *language, *country; /* country: NULL when not given */
    wchar_t *found;
} search;

static int matches(const wchar_t *locale, const search *wanted)
{
    if (!locale_text_is(locale, LOCALE_SENGLISHLANGUAGENAME, wanted->language) &&
        !locale_text_is(locale, LOCALE_SABBREVLANGNAME, wanted->language) &&
        !locale_text_is(locale, LOCALE_SISO639LANGNAME, wanted->language))
        return 0;
    return !wanted->country || locale_text_is(locale, LOCALE_SENGLISHCOUNTRYNAME, wanted->country) ||
           locale_text_is(locale, LOCALE_SISO3166CTRYNAME, wanted->country) ||
           locale_text_is(locale, LOCALE_SABBREVCTRYNAME, wanted->country);
}

static WINBOOL CALLBACK try_locale(LPWSTR locale, DWORD flags, LPARAM parameter)
{
    search *wanted = (search *)parameter;
    (void)flags;
    if (!wcschr(locale, L'-') || !matches(locale, wanted))
        return TRUE;
    wcscpy(wanted->found, locale);
    return FALSE;
}

/* The Windows locale for "language[_country]" in Microsoft's words. */
static int find_by_words(wchar_t *language, wchar_t *found)
{
    wchar_t user[LOCALE_NAME_MAX_LENGTH];
    wchar_t *country = wcschr(language, L'_');
    search wanted = {language, NULL, found};

    if (country) {
        *country++ = 0;
        wanted.country = country;
        for (size_t i = 0; i < sizeof country_aliases / sizeof *country_aliases; i++)
            if (same(country_aliases[i].word, country))
                wanted.country = country_aliases[i].country;
    } else {
        for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
            if (same(aliases[i].word, language)) {
                wcscpy(found, aliases[i].locale);
                return 1;
            }
    }
    found[0] = 0;
    if (GetUserDefaultLocaleName(user, LOCALE_NAME_MAX_LENGTH) && matches(user, &wanted))
        wcscpy(found, user);
    else
        EnumSystemLocalesEx(try_locale, LOCALE_WINDOWS, (LPARAM)&wanted, NULL);
    if (country)
        country[-1] = L'_';
    return found[0] != 0;
}

/* "en-US" and, as on other systems, "en_US". */
static int find_by_tag(const wchar_t *tag, wchar_t *found)
{
    size_t length = wcslen(tag);

    if (!CRT_IS_UCRT || length >= 85 || length < 2)
        return 0;
    for (size_t i = 0; i <= length; i++)
        found[i] = tag[i] == L'_' ? L'-' : tag[i];
    /* Any well-formed tag is valid on Windows 10; only the known ones have a country. */
    return IsValidLocaleName(found);
}

static unsigned parse_codepage(const wchar_t *text, const wchar_t *locale)
{
    unsigned codepage = 0;
    LCTYPE what;

    if (same(text, L"utf8") || same(text, L"utf-8"))
        return CRT_IS_UCRT ? CP_UTF8 : 0;
    if (!*text || same(text, L"ACP"))
        what = LOCALE_IDEFAULTANSICODEPAGE;
    else if (same(text, L"OCP"))
        what = LOCALE_IDEFAULTCODEPAGE;
    else {
        for (; *text >= L'0' && *text <= L'9' && codepage < 100000; text++)
            codepage = codepage * 10 + (unsigned)(*text - L'0');
        return *text ? 0 : codepage;
    }
    if (!GetLocaleInfoEx(locale, what | LOCALE_RETURN_NUMBER, (wchar_t *)&codepage, 2))
        return 0;
    if (codepage == CP_ACP && CRT_IS_UCRT)
        return CP_UTF8; /* a locale without an ANSI code page */
    return codepage;
}

static wchar_t *append(wchar_t *end, const wchar_t *text)
{
    size_t length = wcslen(text);
    memcpy(end, text, (length + 1) * sizeof(wchar_t));
    return end + length;
}

static void qualified_name(crt_category *result)
{
    wchar_t *end = result->wide_name;
    unsigned codepage = result->codepage, divisor = 1;

    if (!GetLocaleInfoEx(result->windows, LOCALE_SENGLISHLANGUAGENAME, end, 60))
        *end = 0;
    end = append(end + wcslen(end), L"_");
    if (!GetLocaleInfoEx(result->windows, LOCALE_SENGLISHCOUNTRYNAME, end, 60))
        *end = 0;
    end = append(end + wcslen(end), L".");
    if (codepage == CP_UTF8) {
        append(end, L"utf8");
        return;
    }
    while (codepage / divisor >= 10)
        divisor *= 10;
    for (; divisor; divisor /= 10)
        *end++ = (wchar_t)(L'0' + codepage / divisor % 10);
    *end = 0;
}

int crt_parse_locale(const wchar_t *text, crt_category *result)
{
    wchar_t language[CRT_LOCALE_NAME];
    CPINFO info;
    int tag = 0;

    memset(result, 0, sizeof *result);
    if (text[0] == L'C' && !text[1]) {
        wcscpy(result->wide_name, L"C");
        strcpy(result->name, "C");
        return 1;
    }
    if (wcslen(text) >= CRT_LOCALE_NAME)
        return 0;
    wcscpy(language, text);
    wchar_t *dot = wcschr(language, L'.');
    if (dot)
        *dot++ = 0;
    if (!language[0]) {
        if (!GetUserDefaultLocaleName(result->windows, LOCALE_NAME_MAX_LENGTH))
            return 0;
    } else if (!find_by_words(language, result->windows)) {
        if (!find_by_tag(language, result->windows))
            return 0;
        tag = 1;
    } else {
        tag = CRT_IS_UCRT && find_by_tag(language, language) && same(language, result->windows);
    }
    result->codepage = parse_codepage(dot ? dot : L"", result->windows);
    if (!result->codepage || result->codepage == CP_UTF7 || !GetCPInfo(result->codepage, &info))
        return 0;
    if (info.MaxCharSize > 2 && !(CRT_IS_UCRT && result->codepage == CP_UTF8))
        return 0;
    if (tag)
        wcscpy(result->wide_name, text);
    else
        qualified_name(result);
    return WideCharToMultiByte(result->codepage, 0, result->wide_name, -1, result->name, sizeof result->name, NULL,
                               NULL) != 0;
}
