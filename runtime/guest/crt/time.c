/* Clocks and calendar: time, gmtime, localtime, mktime, asctime, ctime, clock and their kin. */
#include "internal.h"
#include "time_internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/timeb.h>
#include <wchar.h>

#define NO_TIME (-1)

static int64_t start_counter;

void crt_time_init(void)
{
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    start_counter = now.QuadPart;
}

static int64_t now_100ns(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - CRT_TIME_EPOCH;
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

__time64_t _time64(__time64_t *result)
{
    __time64_t now = now_100ns() / 10000000;
    if (result)
        *result = now;
    return now;
}

__time32_t _time32(__time32_t *result)
{
    __time64_t now = _time64(NULL);
    __time32_t value = now > CRT_MAX_TIME32 ? NO_TIME : (__time32_t)now;
    if (result)
        *result = value;
    return value;
}

clock_t clock(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    if (!QueryPerformanceFrequency(&frequency) || !frequency.QuadPart)
        return -1;
    uint64_t ticks = (uint64_t)(now.QuadPart - start_counter), rate = (uint64_t)frequency.QuadPart;
    return (clock_t)(ticks / rate * CLOCKS_PER_SEC + ticks % rate * CLOCKS_PER_SEC / rate);
}

double _difftime64(__time64_t later, __time64_t earlier)
{
    CRT_VALIDATE(later >= 0 && earlier >= 0, EINVAL, 0);
    return (double)(later - earlier);
}

double _difftime32(__time32_t later, __time32_t earlier)
{
    CRT_VALIDATE(later >= 0 && earlier >= 0, EINVAL, 0);
    return (double)later - (double)earlier;
}

struct crt_timespec32 {
    __time32_t tv_sec;
    long tv_nsec;
};

struct crt_timespec64 {
    __time64_t tv_sec;
    long tv_nsec;
};

int _timespec64_get(struct crt_timespec64 *result, int base)
{
    CRT_VALIDATE(result, EINVAL, 0);
    if (base != 1)
        return 0;
    int64_t now = now_100ns();
    result->tv_sec = now / 10000000;
    result->tv_nsec = (long)(now % 10000000 * 100);
    return base;
}

int _timespec32_get(struct crt_timespec32 *result, int base)
{
    struct crt_timespec64 wide;
    CRT_VALIDATE(result, EINVAL, 0);
    if (!_timespec64_get(&wide, base) || wide.tv_sec > CRT_MAX_TIME32)
        return 0;
    result->tv_sec = (__time32_t)wide.tv_sec;
    result->tv_nsec = wide.tv_nsec;
    return base;
}

int _ftime64_s(struct __timeb64 *result)
{
    struct tm local;
    CRT_VALIDATE(result, EINVAL, EINVAL);
    int64_t now = now_100ns();
    result->time = now / 10000000;
    result->millitm = (unsigned short)(now / 10000 % 1000);
    result->timezone = (short)(crt_zone_seconds() / 60);
    result->dstflag = (short)(!_localtime64_s(&local, &result->time) && local.tm_isdst > 0);
    return 0;
}

void _ftime64(struct __timeb64 *result)
{
    _ftime64_s(result);
}

int _ftime32_s(struct __timeb32 *result)
{
    struct __timeb64 wide;
    CRT_VALIDATE(result, EINVAL, EINVAL);
    _ftime64_s(&wide);
    result->time = wide.time > CRT_MAX_TIME32 ? NO_TIME : (__time32_t)wide.time;
    result->millitm = wide.millitm;
    result->timezone = wide.timezone;
    result->dstflag = wide.dstflag;
    return 0;
}

void _ftime32(struct __timeb32 *result)
{
    _ftime32_s(result);
}

unsigned _getsystime(struct tm *result)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    *result = (struct tm){
        .tm_sec = now.wSecond, .tm_min = now.wMinute, .tm_hour = now.wHour, .tm_mday = now.wDay,
        .tm_mon = now.wMonth - 1, .tm_year = now.wYear - 1900, .tm_isdst = -1,
    };
    _mktime64(result);
    return now.wMilliseconds;
}

unsigned _setsystime(struct tm *time, unsigned milliseconds)
{
    if (_mktime64(time) == NO_TIME)
        return ERROR_INVALID_PARAMETER;
    SYSTEMTIME local = {
        .wYear = (WORD)(time->tm_year + 1900), .wMonth = (WORD)(time->tm_mon + 1), .wDay = (WORD)time->tm_mday,
        .wHour = (WORD)time->tm_hour, .wMinute = (WORD)time->tm_min, .wSecond = (WORD)time->tm_sec,
        .wMilliseconds = (WORD)milliseconds,
    };
    return SetLocalTime(&local) ? 0 : GetLastError();
}

/* ---- the calendar ------------------------------------------------------------------------------------------------ */

int64_t crt_days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2; /* years from March, so that the leap day is the last */
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int crt_month_days(int64_t year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

void crt_split_time(int64_t seconds, struct tm *result)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    result->tm_mday = (int)(of_year - (153 * month + 2) / 5 + 1);
    result->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
    year += era * 400 + (result->tm_mon <= 1);
    result->tm_year = (int)(year - 1900);
    result->tm_yday = (int)(days - crt_days_from_civil(year, 1, 1));
    result->tm_wday = (int)(((days + 4) % 7 + 7) % 7);
    result->tm_hour = (int)(rest / 3600);
    result->tm_min = (int)(rest / 60 % 60);
    result->tm_sec = (int)(rest % 60);
    result->tm_isdst = 0;
}

static int valid_tm(const struct tm *time)
{
    return time->tm_sec >= 0 && time->tm_sec <= 60 && time->tm_min >= 0 && time->tm_min <= 59 && time->tm_hour >= 0 &&
           time->tm_hour <= 23 && time->tm_mon >= 0 && time->tm_mon <= 11 && time->tm_mday >= 1 &&
           time->tm_mday <= 31 && time->tm_wday >= 0 && time->tm_wday <= 6 && time->tm_yday >= 0 &&
           time->tm_yday <= 365 && time->tm_year >= -1900 && time->tm_year <= 8099;
}

static struct tm *thread_tm(void)
{
    crt_thread *data = crt_thread_data();
    if (!data->tm_buffer && !(data->tm_buffer = malloc(sizeof(struct tm))))
        errno = ENOMEM;
    return data->tm_buffer;
}

/* The times that are taken: half a day before 1970, for zones east of Greenwich, and the last second of 3000. Another
 * one is an error of the caller's data, not of the call: the invalid parameter handler is not called.
 */
static int split(struct tm *result, const __time64_t *time, int local)
{
    CRT_VALIDATE(result, EINVAL, EINVAL);
    memset(result, 0xff, sizeof *result);
    CRT_VALIDATE(time, EINVAL, EINVAL);
    int64_t lowest = local ? 0 : -43200, highest = CRT_MAX_TIME64 + (local ? 0 : 50400);
    if (*time < lowest || *time > highest)
        return errno = EINVAL;
    if (!local) {
        crt_split_time(*time, result);
        return 0;
    }
    int64_t standard = *time - crt_zone_seconds();
    crt_split_time(standard, result);
    if (crt_is_daylight(result)) {
        crt_split_time(standard - crt_zone_daylight_bias(), result);
        result->tm_isdst = 1;
    }
    return 0;
}

int _gmtime64_s(struct tm *result, const __time64_t *time)
{
    return split(result, time, 0);
}

int _localtime64_s(struct tm *result, const __time64_t *time)
{
    return split(result, time, 1);
}

static const __time64_t *widen(const __time32_t *time, __time64_t *wide)
{
    if (!time)
        return NULL;
    *wide = *time;
    return wide;
}

int _gmtime32_s(struct tm *result, const __time32_t *time)
{
    __time64_t wide;
    return split(result, widen(time, &wide), 0);
}

int _localtime32_s(struct tm *result, const __time32_t *time)
{
    __time64_t wide;
    return split(result, widen(time, &wide), 1);
}

struct tm *_gmtime64(const __time64_t *time)
{
    struct tm *result = thread_tm();
    return result && !split(result, time, 0) ? result : NULL;
}

struct tm *_localtime64(const __time64_t *time)
{
    struct tm *result = thread_tm();
    return result && !split(result, time, 1) ? result : NULL;
}

struct tm *_gmtime32(const __time32_t *time)
{
    __time64_t wide;
    return _gmtime64(widen(time, &wide));
}

struct tm *_localtime32(const __time32_t *time)
{
    __time64_t wide;
    return _localtime64(widen(time, &wide));
}

/* ---- back to seconds --------------------------------------------------------------------------------------------- */

static __time64_t join(struct tm *time, int local, int64_t highest)
{
    CRT_VALIDATE(time, EINVAL, NO_TIME);
    int64_t months = time->tm_mon, years = time->tm_year + 1900ll + months / 12;
    months %= 12;
    if (months < 0) {
        months += 12;
        years--;
    }
    int64_t seconds = (crt_days_from_civil(years, (int)months + 1, 1) + time->tm_mday - 1ll) * 86400 +
                      time->tm_hour * 3600ll + time->tm_min * 60ll + time->tm_sec;
    if (local) {
        struct tm standard;
        int daylight = time->tm_isdst > 0;
        if (time->tm_isdst < 0) {
            /* The clock's time taken as standard time decides: so has Windows in the hours around a change. */
            crt_split_time(seconds, &standard);
            daylight = crt_is_daylight(&standard);
        }
        seconds += crt_zone_seconds();
        if (daylight)
            seconds += crt_zone_daylight_bias();
    }
    struct tm whole;
    if (seconds < 0 || seconds > highest || split(&whole, &seconds, local)) {
        errno = EINVAL;
        return NO_TIME;
    }
    *time = whole;
    return seconds;
}

__time64_t _mktime64(struct tm *time)
{
    return join(time, 1, CRT_MAX_TIME64);
}

__time32_t _mktime32(struct tm *time)
{
    return (__time32_t)join(time, 1, CRT_MAX_TIME32);
}

__time64_t _mkgmtime64(struct tm *time)
{
    return join(time, 0, CRT_MAX_TIME64);
}

__time32_t _mkgmtime32(struct tm *time)
{
    return (__time32_t)join(time, 0, CRT_MAX_TIME32);
}

/* ---- fixed formats ----------------------------------------------------------------------------------------------- */

#define ASCTIME_SIZE 26

static char *two_digits(char *p, int value, char fill)
{
    *p++ = (char)(value >= 10 ? '0' + value / 10 : fill);
    *p++ = (char)('0' + value % 10);
    return p;
}

/* "Wed Jan 02 02:03:55 1980\n"; the universal runtime puts a space for the day's leading zero. */
static void write_asctime(char *p, const struct tm *time)
{
    memcpy(p, &"SunMonTueWedThuFriSat"[time->tm_wday * 3], 3);
    p[3] = ' ';
    memcpy(p + 4, &"JanFebMarAprMayJunJulAugSepOctNovDec"[time->tm_mon * 3], 3);
    p[7] = ' ';
    p = two_digits(p + 8, time->tm_mday, CRT_IS_UCRT ? ' ' : '0');
    *p++ = ' ';
    p = two_digits(p, time->tm_hour, '0');
    *p++ = ':';
    p = two_digits(p, time->tm_min, '0');
    *p++ = ':';
    p = two_digits(p, time->tm_sec, '0');
    *p++ = ' ';
    p = two_digits(p, (time->tm_year + 1900) / 100, '0');
    p = two_digits(p, (time->tm_year + 1900) % 100, '0');
    *p++ = '\n';
    *p = 0;
}

int asctime_s(char *buffer, size_t size, const struct tm *time)
{
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    CRT_VALIDATE(size >= ASCTIME_SIZE && time && valid_tm(time) && time->tm_year >= 0, EINVAL, EINVAL);
    write_asctime(buffer, time);
    return 0;
}

int _wasctime_s(wchar_t *buffer, size_t size, const struct tm *time)
{
    char text[ASCTIME_SIZE];
    CRT_VALIDATE(buffer && size, EINVAL, EINVAL);
    *buffer = 0;
    int code = asctime_s(text, size < ASCTIME_SIZE ? size : ASCTIME_SIZE, time);
    if (!code)
        for (int i = 0; i < ASCTIME_SIZE; i++)
            buffer[i] = (unsigned char)text[i];
    return code;
}

static char *asctime_buffer(void)
{
    crt_thread *data = crt_thread_data();
    if (!data->asctime_buffer)
        data->asctime_buffer = malloc(ASCTIME_SIZE);
    return data->asctime_buffer;
}

static wchar_t *wasctime_buffer(void)
{
    crt_thread *data = crt_thread_data();
    if (!data->wasctime_buffer)
        data->wasctime_buffer = malloc(ASCTIME_SIZE * sizeof(wchar_t));
    return data->wasctime_buffer;
}

char *asctime(const struct tm *time)
{
    char *buffer = asctime_buffer();
    return buffer && !asctime_s(buffer, ASCTIME_SIZE, time) ? buffer : NULL;
}

wchar_t *_wasctime(const struct tm *time)
{
    wchar_t *buffer = wasctime_buffer();
    return buffer && !_wasctime_s(buffer, ASCTIME_SIZE, time) ? buffer : NULL;
}

#define CTIME_S(name, TYPE, CHAR, split, format)                                                                       \
    int name(CHAR *buffer, size_t size, const TYPE *time)                                                              \
    {                                                                                                                  \
        struct tm local;                                                                                               \
        CRT_VALIDATE(buffer && size, EINVAL, EINVAL);                                                                  \
        *buffer = 0;                                                                                                   \
        CRT_VALIDATE(size >= ASCTIME_SIZE && time, EINVAL, EINVAL);                                                    \
        int code = split(&local, time);                                                                                \
        return code ? code : format(buffer, size, &local);                                                             \
    }

CTIME_S(_ctime64_s, __time64_t, char, _localtime64_s, asctime_s)
CTIME_S(_ctime32_s, __time32_t, char, _localtime32_s, asctime_s)
CTIME_S(_wctime64_s, __time64_t, wchar_t, _localtime64_s, _wasctime_s)
CTIME_S(_wctime32_s, __time32_t, wchar_t, _localtime32_s, _wasctime_s)

#define CTIME(name, TYPE, CHAR, buffer_of)                                                                             \
    CHAR *name(const TYPE *time)                                                                                       \
    {                                                                                                                  \
        CHAR *buffer = buffer_of();                                                                                    \
        return buffer && !name##_s(buffer, ASCTIME_SIZE, time) ? buffer : NULL;                                        \
    }

CTIME(_ctime64, __time64_t, char, asctime_buffer)
CTIME(_ctime32, __time32_t, char, asctime_buffer)
CTIME(_wctime64, __time64_t, wchar_t, wasctime_buffer)
CTIME(_wctime32, __time32_t, wchar_t, wasctime_buffer)

/* "MM/dd/yy" and "HH:mm:ss" of now. */
static void write_triple(char *text, int a, int b, int c, char separator)
{
    text = two_digits(text, a, '0');
    *text++ = separator;
    text = two_digits(text, b, '0');
    *text++ = separator;
    *two_digits(text, c, '0') = 0;
}

static void write_now(char text[9], int date)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    if (date)
        write_triple(text, now.wMonth, now.wDay, now.wYear % 100, '/');
    else
        write_triple(text, now.wHour, now.wMinute, now.wSecond, ':');
}

#define NOW_S(name, CHAR, date)                                                                                        \
    int name##_s(CHAR *buffer, size_t size)                                                                            \
    {                                                                                                                  \
        char text[9];                                                                                                  \
        CRT_VALIDATE(buffer && size, EINVAL, EINVAL);                                                                  \
        *buffer = 0;                                                                                                   \
        CRT_VALIDATE(size >= 9, ERANGE, ERANGE);                                                                       \
        write_now(text, date);                                                                                         \
        for (int i = 0; i < 9; i++)                                                                                    \
            buffer[i] = (CHAR)text[i];                                                                                 \
        return 0;                                                                                                      \
    }                                                                                                                  \
    CHAR *name(CHAR *buffer)                                                                                           \
    {                                                                                                                  \
        return name##_s(buffer, 9) ? NULL : buffer;                                                                    \
    }

NOW_S(_strdate, char, 1)
NOW_S(_strtime, char, 0)
NOW_S(_wstrdate, wchar_t, 1)
NOW_S(_wstrtime, wchar_t, 0)
