/* oleaut32: conversions, arithmetic and dates of VARIANTs. */
#include <windows.h>
#include <oleauto.h>
#include <stdio.h>

static void show(const char *what, HRESULT result, VARIANT *value)
{
    BSTR text = NULL;
    printf("%s: %lx", what, result);
    if (SUCCEEDED(result)) {
        VARIANT copy;
        VariantInit(&copy);
        if (SUCCEEDED(VariantChangeType(&copy, value, VARIANT_ALPHABOOL, VT_BSTR))) printf(" type %d '%ls'", V_VT(value), V_BSTR(&copy));
        else printf(" type %d", V_VT(value));
        VariantClear(&copy);
    }
    printf("\n");
    SysFreeString(text);
}

static VARIANT text(const WCHAR *words)
{
    VARIANT value;
    V_VT(&value) = VT_BSTR;
    V_BSTR(&value) = SysAllocString(words);
    return value;
}
static VARIANT i2(short number) { VARIANT v; V_VT(&v) = VT_I2; V_I2(&v) = number; return v; }
static VARIANT i4(LONG number) { VARIANT v; V_VT(&v) = VT_I4; V_I4(&v) = number; return v; }
static VARIANT ui1(BYTE number) { VARIANT v; V_VT(&v) = VT_UI1; V_UI1(&v) = number; return v; }
static VARIANT r8(double number) { VARIANT v; V_VT(&v) = VT_R8; V_R8(&v) = number; return v; }
static VARIANT date(double number) { VARIANT v; V_VT(&v) = VT_DATE; V_DATE(&v) = number; return v; }
static VARIANT truth(int is) { VARIANT v; V_VT(&v) = VT_BOOL; V_BOOL(&v) = is ? VARIANT_TRUE : VARIANT_FALSE; return v; }
static VARIANT of(VARTYPE type) { VARIANT v; memset(&v, 0, sizeof v); V_VT(&v) = type; return v; }

static void change(const char *what, VARIANT source, VARTYPE type)
{
    VARIANT result;
    VariantInit(&result);
    HRESULT code = VariantChangeType(&result, &source, 0, type);
    show(what, code, &result);
    VariantClear(&result);
    VariantClear(&source);
}

static void calculate(const char *what, HRESULT (WINAPI *function)(LPVARIANT, LPVARIANT, LPVARIANT), VARIANT left, VARIANT right)
{
    VARIANT result;
    VariantInit(&result);
    HRESULT code = function(&left, &right, &result);
    show(what, code, &result);
    VariantClear(&result);
    VariantClear(&left);
    VariantClear(&right);
}

static void families(void)
{
    LONG whole = 7;
    BYTE byte = 7;
    short small = 7;
    ULONG large = 7;
    double real;
    VARIANT_BOOL is;
    CY money;
    DECIMAL exact;
    BSTR words = NULL;
    printf("I4: %lx", VarI4FromR8(2.5, &whole)); printf(" %ld", whole);
    printf(", %lx", VarI4FromR8(3.5, &whole)); printf(" %ld", whole);
    printf(", %lx", VarI4FromR8(3e9, &whole)); printf("\n");
    printf("UI1: %lx", VarUI1FromI4(255, &byte)); printf(" %d, %lx, %lx", byte, VarUI1FromI4(256, &byte), VarUI1FromI2(-1, &byte));
    printf(", %lx", VarUI1FromBool(VARIANT_TRUE, &byte)); printf(" %d\n", byte);
    static const WCHAR *numbers[] = {L"12", L" -12 ", L"1,234.6", L"(5)", L"$7", L"1e3", L"&HFF", L"12x", L"", L"1.5e400", L"- 3", L"4-"};
    for (int i = 0; i < ARRAYSIZE(numbers); i++) {
        HRESULT result = VarR8FromStr(numbers[i], 0x409, 0, &real);
        printf("'%ls': %lx", numbers[i], result);
        if (SUCCEEDED(result)) printf(" %g", real);
        printf("\n");
    }
    printf("I2: %lx", VarI2FromStr(L"32767.5", 0x409, 0, &small)); printf(", %lx", VarI2FromStr(L"32766.5", 0x409, 0, &small)); printf(" %d\n", small);
    printf("bool: %lx", VarBoolFromStr(L"true", 0x409, 0, &is)); printf(" %d", is);
    printf(", %lx", VarBoolFromStr(L"0", 0x409, 0, &is)); printf(" %d", is);
    printf(", %lx\n", VarBoolFromStr(L"yes", 0x409, 0, &is));
    printf("CY: %lx", VarCyFromR8(1.23456, &money)); printf(" %lld", money.int64);
    printf(", %lx", VarCyFromStr(L"$1,000.5", 0x409, 0, &money)); printf(" %lld", money.int64);
    printf(", %lx\n", VarCyFromR8(1e15, &money));
    printf("DEC: %lx", VarDecFromR8(-1.5, &exact)); printf(" %d %x %lld", exact.scale, exact.sign, exact.Lo64);
    printf(", %lx", VarDecFromStr(L"79228162514264337593543950335", 0x409, 0, &exact)); printf(" %lx", exact.Hi32);
    printf(", %lx\n", VarDecFromStr(L"79228162514264337593543950336", 0x409, 0, &exact));
    printf("R8: %lx", VarBstrFromR8(0.1, 0x409, 0, &words)); printf(" %ls", words); SysFreeString(words);
    VarBstrFromR8(1e20, 0x409, 0, &words); printf(", %ls", words); SysFreeString(words);
    VarBstrFromR4(1.1f, 0x409, 0, &words); printf(", %ls", words); SysFreeString(words);
    money.int64 = -12500; VarBstrFromCy(money, 0x409, 0, &words); printf(", %ls", words); SysFreeString(words);
    VarBstrFromBool(VARIANT_TRUE, 0x409, 0, &words); printf(", %ls\n", words); SysFreeString(words);
    printf("UI4: %lx", VarUI4FromR8(4294967295.0, &large)); printf(" %lu, %lx, %lx\n", large, VarUI4FromI4(-1, &large), VarUI4FromStr(NULL, 0, 0, &large));
}

static void numbers(void)
{
    CY a = {.int64 = 15000}, b = {.int64 = 20000}, c;
    DECIMAL d, e, f;
    double real;
    printf("CY: %lx", VarCyAdd(a, b, &c)); printf(" %lld", c.int64);
    printf(", %lx", VarCyMul(a, b, &c)); printf(" %lld", c.int64);
    printf(", %lx", VarCyNeg(a, &c)); printf(" %lld, %lx %lx %lx\n", c.int64, VarCyCmp(a, b), VarCyCmp(a, a), VarCyCmpR8(b, 1.0));
    VarDecFromStr(L"10", 0x409, 0, &d);
    VarDecFromStr(L"0.25", 0x409, 0, &e);
    VarDecDiv(&d, &e, &f); VarR8FromDec(&f, &real); printf("DEC: %g", real);
    VarDecMul(&d, &e, &f); VarR8FromDec(&f, &real); printf(" %g", real);
    VarDecSub(&e, &d, &f); VarR8FromDec(&f, &real); printf(" %g", real);
    VarDecFromStr(L"0.26", 0x409, 0, &e); VarDecRound(&e, 1, &f); VarR8FromDec(&f, &real); printf(" %g", real);
    VarDecFromI4(0, &f);
    printf(" %lx %lx\n", VarDecDiv(&d, &f, &e), VarDecCmp(&d, &f));
}

static void dates(void)
{
    SYSTEMTIME time = {2024, 2, 0, 29, 13, 5, 9, 0};
    double value;
    UDATE unpacked;
    WORD day, moment;
    BSTR words;
    static const WCHAR *texts[] = {L"1/2/2000", L"2000-01-02 03:04:05", L"January 2, 2000", L"2 Jan 2000 3:04 PM", L"12:30:00",
        L"1/2/29", L"1/2/50", L"13/2/2000", L"2/30/2000", L"nonsense", L""};
    printf("to: %d", SystemTimeToVariantTime(&time, &value)); printf(" %.6f\n", value);
    memset(&time, 0, sizeof time);
    printf("from: %d", VariantTimeToSystemTime(-1.25, &time));
    printf(" %d-%d-%d %d:%d:%d day %d\n", time.wYear, time.wMonth, time.wDay, time.wHour, time.wMinute, time.wSecond, time.wDayOfWeek);
    printf("out of range: %d\n", VariantTimeToSystemTime(2958466.0, &time));
    printf("DOS: %d", VariantTimeToDosDateTime(36527.5, &day, &moment)); printf(" %x %x", day, moment);
    printf(" %d", DosDateTimeToVariantTime(day, moment, &value)); printf(" %g, %d\n", value, VariantTimeToDosDateTime(1.0, &day, &moment));
    printf("unpacked: %lx", VarUdateFromDate(36585.75, 0, &unpacked));
    printf(" %d-%d-%d %d:%d, day %d of the year\n", unpacked.st.wYear, unpacked.st.wMonth, unpacked.st.wDay, unpacked.st.wHour, unpacked.st.wMinute, unpacked.wDayOfYear);
    for (int i = 0; i < ARRAYSIZE(texts); i++) {
        HRESULT result = VarDateFromStr(texts[i], 0x409, 0, &value);
        printf("'%ls': %lx", texts[i], result);
        if (SUCCEEDED(result)) printf(" %.6f", value);
        printf("\n");
    }
    VarBstrFromDate(36527.5, 0x409, 0, &words); printf("%ls", words); SysFreeString(words);
    VarBstrFromDate(36527.0, 0x409, 0, &words); printf(", %ls", words); SysFreeString(words);
    VarBstrFromDate(0.75, 0x409, 0, &words); printf(", %ls\n", words); SysFreeString(words);
    printf("names: %lx", VarMonthName(2, FALSE, 0, &words)); printf(" %ls", words); SysFreeString(words);
    printf(", %lx", VarWeekdayName(1, TRUE, 2, 0, &words)); printf(" %ls, %lx\n", words, VarMonthName(13, FALSE, 0, &words)); SysFreeString(words);
}

static void arrays(void)
{
    SAFEARRAYBOUND bounds[2] = {{2, 0}, {3, 1}}, wider = {5, 1};
    SAFEARRAY *array = SafeArrayCreate(VT_BSTR, 2, bounds), *other = SafeArrayCreate(VT_BSTR, 2, bounds), *bytes = NULL, *made = NULL;
    LONG at[2] = {1, 3}, upper;
    BSTR word = SysAllocString(L"kept"), found = NULL;
    SafeArrayPutElement(array, at, word);
    SysFreeString(word);
    printf("copy: %lx", SafeArrayCopyData(array, other));
    SafeArrayGetElement(other, at, &found); printf(" %ls", found); SysFreeString(found);
    printf(", wider: %lx", SafeArrayRedim(array, &wider));
    SafeArrayGetUBound(array, 2, &upper); printf(" %ld", upper);
    SafeArrayGetElement(array, at, &found); printf(" %ls", found); SysFreeString(found);
    at[1] = 5;
    found = (BSTR)1;
    printf(", new: %lx", SafeArrayGetElement(array, at, &found)); printf(" %d", found != NULL);
    wider.cElements = 1;
    printf(", narrower: %lx %lx\n", SafeArrayRedim(array, &wider), SafeArrayGetElement(array, at, &found));
    SafeArrayLock(other);
    printf("locked: %lx %lx", SafeArrayRedim(other, &wider), SafeArrayDestroyData(other));
    SafeArrayUnlock(other);
    printf(", free: %lx", SafeArrayDestroyData(other));
    printf(" %lx\n", SafeArrayDestroyDescriptor(other));
    SafeArrayDestroy(array);
    word = SysAllocString(L"ab");
    printf("bytes: %lx", VectorFromBstr(word, &bytes));
    SafeArrayGetUBound(bytes, 1, &upper); printf(" %ld", upper);
    printf(", back: %lx", BstrFromVector(bytes, &found)); printf(" %ls\n", found);
    SysFreeString(word); SysFreeString(found); SafeArrayDestroy(bytes);
    printf("parts: %lx", SafeArrayAllocDescriptorEx(VT_I4, 1, &made));
    made->rgsabound[0].cElements = 4;
    printf(" %lx %d %lu\n", SafeArrayAllocData(made), made->pvData != NULL, made->cbElements);
    SafeArrayDestroy(made);
}

int main(void)
{
    VARIANT left, right, referred;
    LONG number = 42;
    families();
    change("I4 as text", i4(-5), VT_BSTR);
    change("true as text", truth(1), VT_BSTR);
    change("text as R8", text(L"2.5"), VT_R8);
    change("text as I4", text(L"2.5"), VT_I4);
    change("text as date", text(L"1/2/2000"), VT_DATE);
    change("R8 as UI1", r8(256), VT_UI1);
    change("R8 as currency", r8(1.00005), VT_CY);
    change("R8 as decimal", r8(0.1), VT_DECIMAL);
    change("empty as text", of(VT_EMPTY), VT_BSTR);
    change("empty as I4", of(VT_EMPTY), VT_I4);
    change("null as I4", of(VT_NULL), VT_I4);
    change("date as text", date(2.5), VT_BSTR);
    change("text as truth", text(L"False"), VT_BOOL);
    change("to a bad type", i4(1), 77);
    change("nothing", text(L"x"), VT_I4);
    V_VT(&referred) = VT_I4 | VT_BYREF;
    V_I4REF(&referred) = &number;
    VariantInit(&left);
    show("copied", VariantCopyInd(&left, &referred), &left);
    show("through a reference", VariantChangeType(&left, &referred, 0, VT_R8), &left);
    calculate("I2 + I2", VarAdd, i2(1), i2(2));
    calculate("overflow of I2", VarAdd, i2(32767), i2(1));
    calculate("overflow of I4", VarAdd, i4(2147483647), i4(1));
    calculate("UI1 + UI1", VarAdd, ui1(200), ui1(100));
    calculate("text + text", VarAdd, text(L"1"), text(L"2"));
    calculate("text + I4", VarAdd, text(L"1"), i4(2));
    calculate("date + I4", VarAdd, date(36526), i4(1));
    calculate("date - date", VarSub, date(36526), date(36525));
    calculate("null", VarAdd, of(VT_NULL), i4(1));
    calculate("I4 * R8", VarMul, i4(3), r8(0.5));
    calculate("I4 / I4", VarDiv, i4(7), i4(2));
    calculate("by zero", VarDiv, i4(7), i4(0));
    calculate("-7 \\ 2", VarIdiv, i4(-7), i4(2));
    calculate("-7 mod 2", VarMod, i4(-7), i4(2));
    calculate("2 ^ 10", VarPow, i2(2), i2(10));
    calculate("and", VarAnd, i4(12), i4(10));
    calculate("true or false", VarOr, truth(1), truth(0));
    calculate("xor", VarXor, i2(12), i2(10));
    calculate("joined", VarCat, i4(1), text(L"x"));
    left = r8(-2.5);
    VariantInit(&right);
    show("neg", VarNeg(&left, &right), &right);
    show("abs", VarAbs(&left, &right), &right);
    show("fix", VarFix(&left, &right), &right);
    show("int", VarInt(&left, &right), &right);
    left = r8(-2.44);
    show("round", VarRound(&left, 1, &right), &right);
    left = truth(1);
    show("not", VarNot(&left, &right), &right);
    left = i4(1);
    right = r8(1.5);
    printf("compare: %lx %lx %lx", VarCmp(&left, &right, 0x409, 0), VarCmp(&right, &left, 0x409, 0), VarCmp(&left, &left, 0x409, 0));
    right = of(VT_NULL);
    printf(" %lx", VarCmp(&left, &right, 0x409, 0));
    left = text(L"Abc");
    right = text(L"abd");
    printf(" %lx %lx\n", VarCmp(&left, &right, 0x409, 0), VarCmp(&left, &left, 0x409, 0));
    numbers();
    dates();
    arrays();
    return 0;
}
