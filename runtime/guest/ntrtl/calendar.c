/* Times: 100 ns since 1601 against calendar fields. */
#include "rtl.h"

typedef struct {
    SHORT Year, Month, Day, Hour, Minute, Second, Milliseconds, Weekday;
} FIELDS;

#define TICKS_PER_DAY 864000000000ll
#define EPOCH_1970 116444736000000000ll
#define EPOCH_1980 119600064000000000ll

/* Days since 1601-01-01 of a civil date, counting years from March. */
static LONGLONG days_of(LONGLONG year, unsigned month, unsigned day)
{
    year -= month <= 2;
    LONGLONG era = year / 400;
    unsigned of_era = (unsigned)(year - era * 400);
    unsigned of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 584694;
}

void NTAPI rtl_TimeToTimeFields(const LARGE_INTEGER *time, FIELDS *fields)
{
    LONGLONG days = time->QuadPart / TICKS_PER_DAY;
    LONGLONG rest = time->QuadPart % TICKS_PER_DAY / 10000;
    fields->Weekday = (SHORT)((days + 1) % 7);
    fields->Milliseconds = (SHORT)(rest % 1000);
    fields->Second = (SHORT)(rest / 1000 % 60);
    fields->Minute = (SHORT)(rest / 60000 % 60);
    fields->Hour = (SHORT)(rest / 3600000);
    LONGLONG shifted = days + 584694;
    LONGLONG era = shifted / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * of_year + 2) / 153;
    fields->Day = (SHORT)(of_year - (153 * month + 2) / 5 + 1);
    fields->Month = (SHORT)(month < 10 ? month + 3 : month - 9);
    fields->Year = (SHORT)(year_of_era + era * 400 + (fields->Month <= 2));
}

static BOOL leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

BOOLEAN NTAPI rtl_TimeFieldsToTime(const FIELDS *fields, LARGE_INTEGER *time)
{
    if (fields->Month < 1 || fields->Month > 12 || fields->Year < 1601 || fields->Day < 1 || fields->Hour < 0 ||
        fields->Hour > 23 || fields->Minute < 0 || fields->Minute > 59 || fields->Second < 0 || fields->Second > 59 ||
        fields->Milliseconds < 0 || fields->Milliseconds > 999)
        return FALSE;
    unsigned days = month_days[fields->Month - 1] + (fields->Month == 2 && leap((unsigned)fields->Year));
    if ((unsigned)fields->Day > days)
        return FALSE;
    LONGLONG ms = ((fields->Hour * 60ll + fields->Minute) * 60 + fields->Second) * 1000 + fields->Milliseconds;
    time->QuadPart = days_of(fields->Year, (unsigned)fields->Month, (unsigned)fields->Day) * TICKS_PER_DAY + ms * 10000;
    return TRUE;
}

BOOLEAN NTAPI rtl_TimeToSecondsSince1970(const LARGE_INTEGER *time, PULONG seconds)
{
    LONGLONG value = (time->QuadPart - EPOCH_1970) / 10000000;
    *seconds = (ULONG)value;
    return time->QuadPart >= EPOCH_1970 && value <= 0xffffffffll;
}

void NTAPI rtl_SecondsSince1970ToTime(ULONG seconds, LARGE_INTEGER *time)
{
    time->QuadPart = seconds * 10000000ll + EPOCH_1970;
}

BOOLEAN NTAPI rtl_TimeToSecondsSince1980(const LARGE_INTEGER *time, PULONG seconds)
{
    LONGLONG value = (time->QuadPart - EPOCH_1980) / 10000000;
    *seconds = (ULONG)value;
    return time->QuadPart >= EPOCH_1980 && value <= 0xffffffffll;
}

void NTAPI rtl_SecondsSince1980ToTime(ULONG seconds, LARGE_INTEGER *time)
{
    time->QuadPart = seconds * 10000000ll + EPOCH_1980;
}

static LONGLONG ticks(const FILETIME *time)
{
    return (LONGLONG)((ULONGLONG)time->dwHighDateTime << 32 | time->dwLowDateTime);
}

LONG WINAPI k32_CompareFileTime(const FILETIME *left, const FILETIME *right)
{
    ULONGLONG a = (ULONGLONG)ticks(left), b = (ULONGLONG)ticks(right);
    return a < b ? -1 : a > b;
}

BOOL WINAPI k32_FileTimeToSystemTime(const FILETIME *time, SYSTEMTIME *result)
{
    LARGE_INTEGER value = {.QuadPart = ticks(time)};
    if (value.QuadPart < 0) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    FIELDS fields;
    rtl_TimeToTimeFields(&value, &fields);
    *result = (SYSTEMTIME){
        .wYear = (WORD)fields.Year,
        .wMonth = (WORD)fields.Month,
        .wDayOfWeek = (WORD)fields.Weekday,
        .wDay = (WORD)fields.Day,
        .wHour = (WORD)fields.Hour,
        .wMinute = (WORD)fields.Minute,
        .wSecond = (WORD)fields.Second,
        .wMilliseconds = (WORD)fields.Milliseconds,
    };
    return TRUE;
}

BOOL WINAPI k32_SystemTimeToFileTime(const SYSTEMTIME *time, FILETIME *result)
{
    FIELDS fields = {(SHORT)time->wYear,   (SHORT)time->wMonth,  (SHORT)time->wDay,          (SHORT)time->wHour,
                     (SHORT)time->wMinute, (SHORT)time->wSecond, (SHORT)time->wMilliseconds, 0};
    LARGE_INTEGER value;
    if (time->wYear > 30827 || !rtl_TimeFieldsToTime(&fields, &value)) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    result->dwLowDateTime = value.LowPart;
    result->dwHighDateTime = (DWORD)value.HighPart;
    return TRUE;
}

BOOL WINAPI k32_DosDateTimeToFileTime(WORD date, WORD time, FILETIME *result)
{
    SYSTEMTIME fields = {
        .wYear = (WORD)(1980 + (date >> 9)),
        .wMonth = date >> 5 & 15,
        .wDay = date & 31,
        .wHour = time >> 11,
        .wMinute = time >> 5 & 63,
        .wSecond = (WORD)((time & 31) * 2),
    };
    return k32_SystemTimeToFileTime(&fields, result);
}

BOOL WINAPI k32_FileTimeToDosDateTime(const FILETIME *time, WORD *date, WORD *time_of_day)
{
    SYSTEMTIME fields;
    FILETIME rounded;
    /* DOS times have two-second steps; Windows rounds up. */
    ULONGLONG value = (ULONGLONG)ticks(time) + 19999999;
    rounded.dwLowDateTime = (DWORD)value;
    rounded.dwHighDateTime = (DWORD)(value >> 32);
    if (!k32_FileTimeToSystemTime(&rounded, &fields))
        return FALSE;
    if (fields.wYear < 1980 || fields.wYear > 2107) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *date = (WORD)((fields.wYear - 1980) << 9 | fields.wMonth << 5 | fields.wDay);
    *time_of_day = (WORD)(fields.wHour << 11 | fields.wMinute << 5 | fields.wSecond / 2);
    return TRUE;
}
