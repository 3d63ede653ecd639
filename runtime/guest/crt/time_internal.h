/* The calendar and the time zone behind time.c, time_zone.c and strftime.c. */
#ifndef CRT_TIME_INTERNAL_H
#define CRT_TIME_INTERNAL_H

#include <time.h>

#define CRT_TIME_EPOCH 116444736000000000ll   /* 1970-01-01 as a FILETIME */
#define CRT_MAX_TIME64 0x793582aff            /* 3000-12-31 23:59:59 */
#define CRT_MAX_TIME32 0x7fffd27f             /* 2038-01-18 23:59:59 */

/* time_zone.c. All of them make sure that the zone is known. */
long crt_zone_seconds(void);        /* UTC - local standard time */
long crt_zone_daylight_bias(void);  /* -3600 */
int crt_zone_has_daylight(void);
const char *crt_zone_name(int daylight);
const wchar_t *crt_zone_wide_name(int daylight);
/* Whether daylight saving time is on at that local standard time. */
int crt_is_daylight(const struct tm *standard);

/* time.c */
int64_t crt_days_from_civil(int64_t year, int month, int day); /* since 1970-01-01; month 1 to 12 */
int crt_month_days(int64_t year, int month);
void crt_split_time(int64_t seconds, struct tm *result);

#endif
