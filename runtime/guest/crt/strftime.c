/* strftime and wcsftime, and the names of days and months. Everything is formatted in wide characters; the narrow forms
 * convert at their edges. */
#include "internal.h"
#include "locale_internal.h"
#include "time_internal.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

typedef struct output {
    wchar_t *at;
    size_t left; /* without the NUL; full when something did not fit */
    int full, bad;
    const struct tm *time;
    const crt_time_names *names;
    int plain; /* LC_TIME is "C" */
} output;

static void put(output *out, wchar_t c)
{
    if (!out->left) {
        out->full = 1;
        return;
    }
    *out->at++ = c;
    out->left--;
}

static void text(output *out, const wchar_t *s)
{
    while (*s)
        put(out, *s++);
}

static void number(output *out, int value, int width, wchar_t fill)
{
    wchar_t digits[12];
    int n = 0;
    if (value < 0) {
        put(out, '-');
        value = -value;
    }
    do
        digits[n++] = (wchar_t)('0' + value % 10);
    while (value /= 10);
    while (width-- > n)
        put(out, fill);
    while (n)
        put(out, digits[--n]);
}

static int hour12(const struct tm *time)
{
    return time->tm_hour % 12 ? time->tm_hour % 12 : 12;
}

/* ISO 8601: the week that holds the year's first Thursday is week 1. */
static int iso_week(const struct tm *time, int *year)
{
    int weekday = (time->tm_wday + 6) % 7; /* from Monday */
    int week = (time->tm_yday - weekday + 10) / 7;
    *year = time->tm_year + 1900;
    if (week < 1) {
        --*year;
        int days = 337 + crt_month_days(*year, 2);
        week = (time->tm_yday + days - weekday + 10) / 7;
    } else if (week == 53) {
        int days = 337 + crt_month_days(*year, 2);
        if (time->tm_yday - weekday + 3 >= days) {
            week = 1;
            ++*year;
        }
    }
    return week;
}

/* A Windows picture such as "dddd, MMMM d, yyyy" or "h:mm:ss tt"; text within '' is literal. */
static void picture(output *out, const wchar_t *p)
{
    const struct tm *time = out->time;
    const crt_time_names *names = out->names;

    while (*p) {
        wchar_t c = *p;
        int n = 0;
        if (c == '\'') {
            for (p++; *p && *p != '\''; p++)
                put(out, *p);
            if (*p)
                p++;
            continue;
        }
        while (*p == c) {
            p++;
            n++;
        }
        int width = n > 1 ? 2 : 1;
        switch (c) {
        case 'd':
            if (n >= 3)
                text(out, n == 3 ? names->wide_short_day[time->tm_wday] : names->wide_day[time->tm_wday]);
            else
                number(out, time->tm_mday, width, '0');
            break;
        case 'M':
            if (n >= 3)
                text(out, n == 3 ? names->wide_short_month[time->tm_mon] : names->wide_month[time->tm_mon]);
            else
                number(out, time->tm_mon + 1, width, '0');
            break;
        case 'y':
            if (n >= 3)
                number(out, time->tm_year + 1900, 4, '0');
            else
                number(out, (time->tm_year % 100 + 100) % 100, width, '0');
            break;
        case 'h':
            number(out, hour12(time), width, '0');
            break;
        case 'H':
            number(out, time->tm_hour, width, '0');
            break;
        case 'm':
            number(out, time->tm_min, width, '0');
            break;
        case 's':
            number(out, time->tm_sec, width, '0');
            break;
        case 't': {
            const wchar_t *half = time->tm_hour < 12 ? names->wide_am : names->wide_pm;
            if (n == 1) {
                if (*half)
                    put(out, *half);
            } else {
                text(out, half);
            }
            break;
        }
        case 'g':
            break;
        default:
            while (n--)
                put(out, c);
        }
    }
}

static void format(output *out, const wchar_t *p);

static void date_and_time(output *out, int alternative)
{
    if (alternative) {
        picture(out, out->names->wide_long_date);
    } else if (CRT_IS_UCRT && out->plain) {
        format(out, L"%a %b %e %H:%M:%S %Y");
        return;
    } else {
        picture(out, out->names->wide_short_date);
    }
    put(out, ' ');
    picture(out, out->names->wide_time);
}

static void offset_from_utc(output *out)
{
    long east = -(crt_zone_seconds() + (out->time->tm_isdst > 0 ? crt_zone_daylight_bias() : 0)) / 60;
    put(out, east < 0 ? '-' : '+');
    if (east < 0)
        east = -east;
    number(out, (int)(east / 60 * 100 + east % 60), 4, '0');
}

/* What only the universal runtime knows. */
static int newer(output *out, wchar_t c, wchar_t zero, int width)
{
    const struct tm *time = out->time;
    int year;

    switch (c) {
    case 'C':
        number(out, (time->tm_year + 1900) / 100, width, zero);
        return 1;
    case 'D':
        format(out, L"%m/%d/%y");
        return 1;
    case 'e':
        number(out, time->tm_mday, width, ' ');
        return 1;
    case 'F':
        format(out, L"%Y-%m-%d");
        return 1;
    case 'g':
        iso_week(time, &year);
        number(out, year % 100, width, zero);
        return 1;
    case 'G':
        iso_week(time, &year);
        number(out, year, width ? 4 : 0, zero);
        return 1;
    case 'h':
        text(out, out->names->wide_short_month[time->tm_mon]);
        return 1;
    case 'n':
        put(out, '\n');
        return 1;
    case 'r':
        if (out->plain)
            format(out, L"%I:%M:%S %p");
        else
            picture(out, out->names->wide_time);
        return 1;
    case 'R':
        format(out, L"%H:%M");
        return 1;
    case 't':
        put(out, '\t');
        return 1;
    case 'T':
        format(out, L"%H:%M:%S");
        return 1;
    case 'u':
        number(out, time->tm_wday ? time->tm_wday : 7, 1, '0');
        return 1;
    case 'V':
        number(out, iso_week(time, &year), width, zero);
        return 1;
    }
    return 0;
}

/* One conversion; alternative: after '#', which drops leading zeros or chooses the long date. */
static void conversion(output *out, wchar_t c, int alternative)
{
    const struct tm *time = out->time;
    const crt_time_names *names = out->names;
    int width = alternative ? 0 : 2;

    switch (c) {
    case 'a':
        text(out, names->wide_short_day[time->tm_wday]);
        break;
    case 'A':
        text(out, names->wide_day[time->tm_wday]);
        break;
    case 'b':
        text(out, names->wide_short_month[time->tm_mon]);
        break;
    case 'B':
        text(out, names->wide_month[time->tm_mon]);
        break;
    case 'c':
        date_and_time(out, alternative);
        break;
    case 'd':
        number(out, time->tm_mday, width, '0');
        break;
    case 'H':
        number(out, time->tm_hour, width, '0');
        break;
    case 'I':
        number(out, hour12(time), width, '0');
        break;
    case 'j':
        number(out, time->tm_yday + 1, alternative ? 0 : 3, '0');
        break;
    case 'm':
        number(out, time->tm_mon + 1, width, '0');
        break;
    case 'M':
        number(out, time->tm_min, width, '0');
        break;
    case 'p':
        text(out, time->tm_hour < 12 ? names->wide_am : names->wide_pm);
        break;
    case 'S':
        number(out, time->tm_sec, width, '0');
        break;
    case 'U':
        number(out, (time->tm_yday + 7 - time->tm_wday) / 7, width, '0');
        break;
    case 'w':
        number(out, time->tm_wday, 1, '0');
        break;
    case 'W':
        number(out, (time->tm_yday + 7 - (time->tm_wday + 6) % 7) / 7, width, '0');
        break;
    case 'x':
        picture(out, alternative ? names->wide_long_date : names->wide_short_date);
        break;
    case 'X':
        picture(out, names->wide_time);
        break;
    case 'y':
        number(out, (time->tm_year % 100 + 100) % 100, width, '0');
        break;
    case 'Y':
        number(out, time->tm_year + 1900, alternative ? 0 : 4, '0');
        break;
    case 'z':
        if (CRT_IS_UCRT) {
            if (time->tm_isdst >= 0)
                offset_from_utc(out);
            break;
        }
        text(out, crt_zone_wide_name(time->tm_isdst > 0));
        break;
    case 'Z':
        if (!CRT_IS_UCRT || time->tm_isdst >= 0)
            text(out, crt_zone_wide_name(time->tm_isdst > 0));
        break;
    case '%':
        put(out, '%');
        break;
    default:
        if (!CRT_IS_UCRT || !newer(out, c, '0', width))
            out->bad = 1;
    }
}

/* Whether the fields that a conversion looks at are in range; the others may hold anything. */
static int is_valid(const struct tm *time, wchar_t c)
{
    static const struct { const wchar_t *conversions; int offset, lowest, highest; } ranges[] = {
        {L"aAwuUWGgVcx", offsetof(struct tm, tm_wday), 0, 6},
        {L"bBhmDFcx", offsetof(struct tm, tm_mon), 0, 11},
        {L"deDFcx", offsetof(struct tm, tm_mday), 1, 31},
        {L"jUWGgV", offsetof(struct tm, tm_yday), 0, 365},
        {L"yYCDFGgVcx", offsetof(struct tm, tm_year), -1900, 8099},
        {L"HIprRTXc", offsetof(struct tm, tm_hour), 0, 23},
        {L"MrRTXc", offsetof(struct tm, tm_min), 0, 59},
        {L"SrTXc", offsetof(struct tm, tm_sec), 0, 60},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        int value = *(const int *)((const char *)time + ranges[i].offset);
        if (wcschr(ranges[i].conversions, c) && (value < ranges[i].lowest || value > ranges[i].highest))
            return 0;
    }
    return 1;
}

static void format(output *out, const wchar_t *p)
{
    for (; *p && !out->full && !out->bad; p++) {
        if (*p != '%') {
            put(out, *p);
            continue;
        }
        p++;
        int alternative = *p == '#';
        if (alternative)
            p++;
        if (CRT_IS_UCRT && (*p == 'E' || *p == 'O')) /* no alternative calendars or digits */
            p++;
        if (!*p || !is_valid(out->time, *p)) {
            out->bad = 1;
            return;
        }
        conversion(out, *p, alternative);
    }
}

static size_t write(wchar_t *buffer, size_t size, const wchar_t *pattern, const struct tm *time,
                    const crt_time_names *names, int plain)
{
    output out = {buffer, size - 1, 0, 0, time, names, plain};

    CRT_VALIDATE(time, EINVAL, 0);
    format(&out, pattern);
    if (out.bad || out.full) {
        *buffer = 0;
        if (out.bad)
            CRT_INVALID(EINVAL);
        else
            errno = ERANGE;
        return 0;
    }
    *out.at = 0;
    return (size_t)(out.at - buffer);
}

static size_t wide(wchar_t *buffer, size_t size, const wchar_t *pattern, const struct tm *time,
                   const crt_time_names *names, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    CRT_VALIDATE(buffer && size, EINVAL, 0);
    *buffer = 0;
    CRT_VALIDATE(pattern, EINVAL, 0);
    return write(buffer, size, pattern, time, names ? names : crt_locale_times(data), !data->windows[LC_TIME]);
}

static size_t narrow(char *buffer, size_t size, const char *pattern, const struct tm *time, const crt_time_names *names,
                     _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    wchar_t small_pattern[128], small_result[256], *wide_pattern = small_pattern, *result = small_result;
    size_t done = 0, units;

    CRT_VALIDATE(buffer && size, EINVAL, 0);
    *buffer = 0;
    CRT_VALIDATE(pattern, EINVAL, 0);
    units = _mbstowcs_l(NULL, pattern, 0, locale);
    if (units == (size_t)-1)
        return 0;
    size_t room = size < 4096 ? size : 4096 + units * 64;
    if (units >= 128)
        wide_pattern = malloc((units + 1) * sizeof(wchar_t));
    if (room > 256)
        result = malloc(room * sizeof(wchar_t));
    if (wide_pattern && result) {
        _mbstowcs_l(wide_pattern, pattern, units + 1, locale);
        done = write(result, room, wide_pattern, time, names ? names : crt_locale_times(data), !data->windows[LC_TIME]);
        if (done) {
            done = _wcstombs_l(NULL, result, 0, locale);
            if (done == (size_t)-1) {
                done = 0;
            } else if (done >= size) {
                done = 0;
                errno = ERANGE;
            } else {
                _wcstombs_l(buffer, result, done + 1, locale);
            }
        }
    }
    if (wide_pattern != small_pattern)
        free(wide_pattern);
    if (result != small_result)
        free(result);
    return done;
}

size_t strftime(char *restrict buffer, size_t size, const char *restrict pattern, const struct tm *restrict time)
{
    return narrow(buffer, size, pattern, time, NULL, NULL);
}

size_t _strftime_l(char *buffer, size_t size, const char *pattern, const struct tm *time, _locale_t locale)
{
    return narrow(buffer, size, pattern, time, NULL, locale);
}

size_t _Strftime(char *buffer, size_t size, const char *pattern, const struct tm *time, void *names)
{
    return narrow(buffer, size, pattern, time, names, NULL);
}

size_t wcsftime(wchar_t *restrict buffer, size_t size, const wchar_t *restrict pattern, const struct tm *restrict time)
{
    return wide(buffer, size, pattern, time, NULL, NULL);
}

size_t _wcsftime_l(wchar_t *buffer, size_t size, const wchar_t *pattern, const struct tm *time, _locale_t locale)
{
    return wide(buffer, size, pattern, time, NULL, locale);
}

size_t _Wcsftime(wchar_t *buffer, size_t size, const wchar_t *pattern, const struct tm *time, void *names)
{
    return wide(buffer, size, pattern, time, names, NULL);
}

/* ---- ":Sun:Sunday:Mon:Monday", from malloc, for the C++ library's time facets ------------------------------------ */

#define LIST(name, CHAR, LENGTH, brief, full, count)                                                                   \
    CHAR *name(void)                                                                                                   \
    {                                                                                                                  \
        const crt_time_names *names = crt_locale_times(crt_locale_data(NULL));                                         \
        size_t size = 1;                                                                                               \
        for (int i = 0; i < (count); i++)                                                                              \
            size += LENGTH(names->brief[i]) + LENGTH(names->full[i]) + 2;                                              \
        CHAR *list = malloc(size * sizeof(CHAR)), *p = list;                                                           \
        if (!list)                                                                                                     \
            return NULL;                                                                                               \
        for (int i = 0; i < (count); i++) {                                                                            \
            *p++ = ':';                                                                                                \
            for (const CHAR *s = names->brief[i]; *s; s++)                                                             \
                *p++ = *s;                                                                                             \
            *p++ = ':';                                                                                                \
            for (const CHAR *s = names->full[i]; *s; s++)                                                              \
                *p++ = *s;                                                                                             \
        }                                                                                                              \
        *p = 0;                                                                                                        \
        return list;                                                                                                   \
    }

LIST(_Getdays, char, strlen, short_day, day, 7)
LIST(_Getmonths, char, strlen, short_month, month, 12)
LIST(_W_Getdays, wchar_t, wcslen, wide_short_day, wide_day, 7)
LIST(_W_Getmonths, wchar_t, wcslen, wide_short_month, wide_month, 12)

void *_Gettnames(void)
{
    crt_time_names *copy = malloc(sizeof *copy);
    if (copy)
        *copy = *crt_locale_times(crt_locale_data(NULL));
    return copy;
}

void *_W_Gettnames(void)
{
    return _Gettnames();
}
