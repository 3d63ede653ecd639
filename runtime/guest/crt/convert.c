#include "internal.h"
#include "convert.h"

unsigned crt_narrow_codepage(void)
{
#ifdef UCRT
    if (crt_locale_codepage(NULL) == CP_UTF8)
        return CP_UTF8;
#endif
    return AreFileApisANSI() ? CP_ACP : CP_OEMCP;
}

wchar_t *crt_widen(const char *text)
{
    unsigned codepage = crt_narrow_codepage();
    int length;
    wchar_t *wide;

    if (!text)
        return NULL;
    length = MultiByteToWideChar(codepage, 0, text, -1, NULL, 0);
    if (!length) {
        _dosmaperr(GetLastError());
        return NULL;
    }
    wide = malloc(length * sizeof *wide);
    if (!wide) {
        errno = ENOMEM;
        return NULL;
    }
    MultiByteToWideChar(codepage, 0, text, -1, wide, length);
    return wide;
}

char *crt_narrow(const wchar_t *text)
{
    unsigned codepage = crt_narrow_codepage();
    int length;
    char *narrow;

    if (!text)
        return NULL;
    length = WideCharToMultiByte(codepage, 0, text, -1, NULL, 0, NULL, NULL);
    if (!length) {
        _dosmaperr(GetLastError());
        return NULL;
    }
    narrow = malloc(length);
    if (!narrow) {
        errno = ENOMEM;
        return NULL;
    }
    WideCharToMultiByte(codepage, 0, text, -1, narrow, length, NULL, NULL);
    return narrow;
}

int crt_narrow_into(char *buffer, size_t size, const wchar_t *text)
{
    int space = size > INT_MAX ? INT_MAX : (int)size;

    return WideCharToMultiByte(crt_narrow_codepage(), 0, text, -1, buffer, space, NULL, NULL) ? 0 : ERANGE;
}
