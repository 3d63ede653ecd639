/* Dates, times, numbers and amounts as text; text compared; languages of resources. */
#include <windows.h>
#include <stdio.h>

static SYSTEMTIME when = {2026, 3, 0, 7, 15, 4, 9, 5};

static void date(DWORD flags, const wchar_t *picture)
{
    wchar_t text[100] = L"-";
    int length = GetDateFormatEx(L"en-US", flags, &when, picture, text, 100, NULL);
    printf("date %lx %ls: %d %ls %lu\n", flags, picture ? picture : L"", length, text, length ? 0 : GetLastError());
}

static void clock(DWORD flags, const wchar_t *picture)
{
    wchar_t text[100] = L"-";
    int length = GetTimeFormatEx(L"en-US", flags, &when, picture, text, 100);
    printf("time %lx %ls: %d %ls %lu\n", flags, picture ? picture : L"", length, text, length ? 0 : GetLastError());
}

static void number(const wchar_t *value, NUMBERFMTW *form)
{
    wchar_t text[100] = L"-";
    int length = GetNumberFormatEx(L"en-US", 0, value, form, text, 100);
    printf("number %ls: %d %ls %lu\n", value, length, text, length ? 0 : GetLastError());
}

static void money(const wchar_t *value, CURRENCYFMTW *form)
{
    wchar_t text[100] = L"-";
    int length = GetCurrencyFormatEx(L"en-US", 0, value, form, text, 100);
    printf("money %ls: %d %ls %lu\n", value, length, text, length ? 0 : GetLastError());
}

int main(void)
{
    date(0, NULL); date(DATE_LONGDATE, NULL); date(DATE_YEARMONTH, NULL); date(DATE_SHORTDATE | DATE_LONGDATE, NULL);
    date(0, L"ddd',' MMM dd yy"); date(0, L"dddd d 'o''clock' MMMM yyyy"); date(DATE_LONGDATE, L"d"); date(0, L"y M");
    when.wDay = 31; when.wMonth = 4; date(0, NULL); when.wDay = 7;
    clock(0, NULL); clock(TIME_NOSECONDS, NULL); clock(TIME_NOMINUTESORSECONDS, NULL); clock(TIME_NOTIMEMARKER, NULL);
    clock(0, L"HH:mm:ss"); clock(0, L"hh 'h' m s t"); when.wHour = 0; clock(0, L"h:mm tt"); when.wHour = 24;
    clock(0, NULL); when.wHour = 15;
    char narrow[100];
    printf("%d %s\n", GetDateFormatA(LOCALE_USER_DEFAULT, 0, &when, "yyyy-MM-dd", narrow, 100), narrow);
    printf("%d %s\n", GetTimeFormatA(LOCALE_INVARIANT, 0, &when, "H.m", narrow, 100), narrow);
    printf("%d %lu\n", GetDateFormatA(LOCALE_USER_DEFAULT, 0, &when, "yyyy", narrow, 3), GetLastError());
    printf("%d\n", GetDateFormatA(LOCALE_USER_DEFAULT, 0, &when, "yyyy", NULL, 0));
    NUMBERFMTW form = {3, 0, 32, L",", L".", 0};
    number(L"1234567.891", NULL); number(L"-0.5", NULL); number(L"12a", NULL); number(L"0.005", NULL);
    number(L"1234567.891", &form); number(L"-0.25", &form);
    CURRENCYFMTW coins = {0, 1, 3, L".", L"'", 8, 3, L"EUR"};
    money(L"1234.5", NULL); money(L"-7", NULL); money(L"1234567.5", &coins); money(L"-3", &coins);
    printf("%d %d %d\n", lstrcmpW(L"a", L"B") < 0, lstrcmpiW(L"abc", L"ABC"), lstrcmpA("b", "A") > 0);
    return 0;
}
