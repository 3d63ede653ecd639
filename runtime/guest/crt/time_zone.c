/* The time zone: from the variable TZ ("PST8PDT") or, without it, from the system. */
#include "internal.h"
#include "time_internal.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#undef _daylight
#undef _dstbias
#undef _timezone
#undef _tzname
#undef __daylight

#define NAME_SIZE 64

static char names[2][NAME_SIZE] = {"PST", "PDT"};
static wchar_t wide_names[2][NAME_SIZE] = {L"PST", L"PDT"};

/* Exported variables; programs may read them any time after _tzset. */
long _timezone = 8 * 3600;
int _daylight = 1;
long _dstbias = -3600;
char *_tzname[2] = {names[0], names[1]};

static int known;                        /* _tzset has run */
static int from_system;                  /* zone holds the rules; else those of the United States apply */
static TIME_ZONE_INFORMATION zone;
static char last_tz[256];                /* the TZ that names[] came from */

static void set_name(int which, const wchar_t *text)
{
    WINBOOL lost = FALSE;
    unsigned codepage = crt_locale_codepage(NULL);

    wcsncpy(wide_names[which], text, NAME_SIZE - 1);
    int size = codepage == CP_UTF8
                   ? WideCharToMultiByte(CP_UTF8, 0, text, -1, names[which], NAME_SIZE, NULL, NULL)
                   : WideCharToMultiByte(codepage, 0, text, -1, names[which], NAME_SIZE, NULL, &lost);
    if (!size || lost)
        names[which][0] = 0;
}

static void ask_system(void)
{
    from_system = 0;
    if (GetTimeZoneInformation(&zone) == TIME_ZONE_ID_INVALID)
        return;
    from_system = 1;
    _timezone = zone.Bias * 60;
    if (zone.StandardDate.wMonth)
        _timezone += zone.StandardBias * 60;
    _daylight = zone.DaylightDate.wMonth && zone.DaylightBias;
    _dstbias = _daylight ? (zone.DaylightBias - zone.StandardBias) * 60 : 0;
    set_name(0, zone.StandardName);
    set_name(1, zone.DaylightName);
}

/* "tzn[+|-]hh[:mm[:ss]][dzn]" */
static void parse(const char *text)
{
    char name[2][4] = {"", ""};
    long seconds = 0;
    int negative;

    from_system = 0;
    for (int i = 0; i < 3 && *text; i++)
        name[0][i] = *text++;
    negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    for (long unit = 3600; unit; unit /= 60) {
        long value = 0;
        while (*text >= '0' && *text <= '9')
            value = value * 10 + (*text++ - '0');
        seconds += value * unit;
        if (*text != ':')
            break;
        text++;
    }
    _timezone = negative ? -seconds : seconds;
    _daylight = *text != 0;
    _dstbias = -3600;
    for (int i = 0; i < 3 && *text; i++)
        name[1][i] = *text++;
    for (int which = 0; which < 2; which++)
        for (int i = 0; i < 4; i++) {
            names[which][i] = name[which][i];
            wide_names[which][i] = (unsigned char)name[which][i];
        }
}

void _tzset(void)
{
    char value[sizeof last_tz];
    DWORD length = GetEnvironmentVariableA("TZ", value, sizeof value);
    const char *ours = getenv("TZ"); /* what _putenv of this runtime set */

    _lock(CRT_LOCK_TIME);
    if (ours && strlen(ours) < sizeof value) {
        strcpy(value, ours);
        length = (DWORD)strlen(ours);
    }
    if (!length || length >= sizeof value) {
        last_tz[0] = 0;
        ask_system();
    } else if (!known || strcmp(value, last_tz)) {
        strcpy(last_tz, value);
        parse(value);
    }
    known = 1;
    _unlock(CRT_LOCK_TIME);
}

static inline void need(void)
{
    if (!known)
        _tzset();
}

long crt_zone_seconds(void)
{
    need();
    return _timezone;
}

long crt_zone_daylight_bias(void)
{
    need();
    return _dstbias;
}

int crt_zone_has_daylight(void)
{
    need();
    return _daylight;
}

const char *crt_zone_name(int daylight)
{
    need();
    return _tzname[daylight];
}

const wchar_t *crt_zone_wide_name(int daylight)
{
    need();
    return wide_names[daylight];
}

/* ---- daylight saving time ---------------------------------------------------------------------------------------- */

static int weekday_of(int64_t days)
{
    return (int)(((days + 4) % 7 + 7) % 7);
}

/* Seconds from the beginning of 1970 to a change of the clocks in that year. */
static int64_t change(int64_t year, const SYSTEMTIME *rule)
{
    int64_t day;
    if (rule->wYear) {
        if (rule->wYear != year)
            return -1;
        day = crt_days_from_civil(year, rule->wMonth, rule->wDay);
    } else {
        int64_t first = crt_days_from_civil(year, rule->wMonth, 1);
        int offset = (rule->wDayOfWeek - weekday_of(first) + 7) % 7 + (rule->wDay - 1) * 7;
        while (offset >= crt_month_days(year, rule->wMonth))
            offset -= 7;
        day = first + offset;
    }
    return day * 86400 + rule->wHour * 3600 + rule->wMinute * 60 + rule->wSecond;
}

int crt_is_daylight(const struct tm *standard)
{
    static const SYSTEMTIME us_start = {.wMonth = 3, .wDay = 2, .wHour = 2};
    static const SYSTEMTIME us_end = {.wMonth = 11, .wDay = 1, .wHour = 2};
    static const SYSTEMTIME old_start = {.wMonth = 4, .wDay = 1, .wHour = 2};
    static const SYSTEMTIME old_end = {.wMonth = 10, .wDay = 5, .wHour = 2};
    int64_t year = standard->tm_year + 1900ll;

    if (!crt_zone_has_daylight())
        return 0;
    const SYSTEMTIME *start = from_system ? &zone.DaylightDate : year >= 2007 ? &us_start : &old_start;
    const SYSTEMTIME *end = from_system ? &zone.StandardDate : year >= 2007 ? &us_end : &old_end;
    int64_t from = change(year, start);
    int64_t to = change(year, end) + _dstbias; /* told in daylight time */
    int64_t now = crt_days_from_civil(year, standard->tm_mon + 1, standard->tm_mday) * 86400 +
                  standard->tm_hour * 3600 + standard->tm_min * 60 + standard->tm_sec;
    if (from < to)
        return now >= from && now < to;
    return now >= from || now < to;
}

/* ---- what programs ask ------------------------------------------------------------------------------------------- */

int *__daylight(void)
{
    return &_daylight;
}

long *__dstbias(void)
{
    return &_dstbias;
}

long *__timezone(void)
{
    return &_timezone;
}

char **__tzname(void)
{
    return _tzname;
}

int _get_daylight(int *value)
{
    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = _daylight;
    return 0;
}

int _get_dstbias(long *value)
{
    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = _dstbias;
    return 0;
}

int _get_timezone(long *value)
{
    CRT_VALIDATE(value, EINVAL, EINVAL);
    *value = _timezone;
    return 0;
}

int _get_tzname(size_t *length, char *buffer, size_t size, int which)
{
    CRT_VALIDATE((buffer && size) || (!buffer && !size), EINVAL, EINVAL);
    if (buffer)
        *buffer = 0;
    CRT_VALIDATE(length && (which == 0 || which == 1), EINVAL, EINVAL);
    *length = strlen(_tzname[which]) + 1;
    if (!buffer)
        return 0;
    if (*length > size)
        return ERANGE;
    strcpy(buffer, _tzname[which]);
    return 0;
}
