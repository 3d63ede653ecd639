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

/* ASCII is the same in every code page that file names can have: no need to ask the system. */
static wchar_t *widen_ascii(const char *text)
{
    size_t length = 0;
    wchar_t *wide;

    while (text[length] > 0)
        length++;
    if (text[length])
        return NULL;
    wide = malloc((length + 1) * sizeof *wide);
    for (size_t i = 0; wide && i <= length; i++)
        wide[i] = (unsigned char)text[i];
    return wide;
}

static char *narrow_ascii(const wchar_t *text)
{
    size_t length = 0;
    char *narrow;

    while (text[length] && text[length] < 0x80)
        length++;
    if (text[length])
        return NULL;
    narrow = malloc(length + 1);
    for (size_t i = 0; narrow && i <= length; i++)
        narrow[i] = (char)text[i];
    return narrow;
}

wchar_t *crt_widen(const char *text)
{
    unsigned codepage;
    int length;
    wchar_t *wide;

    if (!text)
        return NULL;
    wide = widen_ascii(text);
    if (wide)
        return wide;
    codepage = crt_narrow_codepage();
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
    unsigned codepage;
    int length;
    char *narrow;

    if (!text)
        return NULL;
    narrow = narrow_ascii(text);
    if (narrow)
        return narrow;
    codepage = crt_narrow_codepage();
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
