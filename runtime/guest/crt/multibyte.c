/* mbtowc, wctomb, mbrtowc: single characters between bytes and wide characters, in the locale's code page. */
#include "internal.h"
#include "locale_internal.h"
#include "multibyte.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#undef mbrlen
#undef btowc

size_t crt_illegal(void)
{
    errno = EILSEQ;
    return CRT_BAD;
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

/* The length in bytes, CRT_BAD or CRT_INCOMPLETE. */
size_t crt_utf8_decode(const unsigned char *s, size_t n, uint32_t *code)
{
    if (!n)
        return CRT_INCOMPLETE;
    uint32_t c = s[0];
    size_t length;
    uint32_t least;
    if (c < 0x80) {
        *code = c;
        return 1;
    }
    if (c >= 0xc2 && c <= 0xdf)
        length = 2, least = 0x80, c &= 0x1f;
    else if (c >= 0xe0 && c <= 0xef)
        length = 3, least = 0x800, c &= 0x0f;
    else if (c >= 0xf0 && c <= 0xf4)
        length = 4, least = 0x10000, c &= 0x07;
    else
        return CRT_BAD;
    for (size_t i = 1; i < length; i++) {
        if (i == n)
            return CRT_INCOMPLETE;
        if ((s[i] & 0xc0) != 0x80)
            return CRT_BAD;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return CRT_BAD;
    *code = c;
    return length;
}

size_t crt_utf8_encode(char *s, uint32_t c)
{
    if (c < 0x80) {
        s[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        s[0] = (char)(0xc0 | c >> 6);
        s[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        s[0] = (char)(0xe0 | c >> 12);
        s[1] = (char)(0x80 | (c >> 6 & 0x3f));
        s[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    s[0] = (char)(0xf0 | c >> 18);
    s[1] = (char)(0x80 | (c >> 12 & 0x3f));
    s[2] = (char)(0x80 | (c >> 6 & 0x3f));
    s[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* ---- one character ----------------------------------------------------------------------------------------------- */

/* The length of the character at s, whose wide form goes to *wide. A character beyond the BMP becomes U+FFFD, since
 * one 16-bit unit cannot hold it. */
size_t crt_decode(wchar_t *wide, const char *s, size_t n, const crt_locale *locale)
{
    const unsigned char *bytes = (const unsigned char *)s;
    uint32_t code;

    if (!n)
        return CRT_INCOMPLETE;
    if (locale->plain || bytes[0] < 0x80) {
        *wide = bytes[0];
        return 1;
    }
    if (locale->codepage == CP_UTF8) {
        size_t length = crt_utf8_decode(bytes, n, &code);
        if (length <= 4)
            *wide = (wchar_t)(code < 0x10000 ? code : 0xfffd);
        return length;
    }
    size_t length = locale->classes[bytes[0]] & _LEADBYTE ? 2 : 1;
    if (length > n)
        return CRT_INCOMPLETE;
    if (length == 2 && !bytes[1])
        return CRT_BAD;
    if (MultiByteToWideChar(locale->codepage, MB_PRECOMPOSED | MB_ERR_INVALID_CHARS, s, (int)length, wide, 1) != 1)
        return CRT_BAD;
    return length;
}

/* The bytes of one wide character at s, which has room for 4; CRT_BAD when there are none. */
size_t crt_encode(char *s, wchar_t wide, const crt_locale *locale)
{
    WINBOOL lost = FALSE;

    if (wide < 0x80 || (locale->plain && wide < 0x100)) {
        *s = (char)wide;
        return 1;
    }
    if (locale->plain)
        return CRT_BAD;
    if (locale->codepage == CP_UTF8)
        return wide >= 0xd800 && wide <= 0xdfff ? CRT_BAD : crt_utf8_encode(s, wide);
    int length = WideCharToMultiByte(locale->codepage, 0, &wide, 1, s, 4, NULL, &lost);
    return length <= 0 || lost ? CRT_BAD : (size_t)length;
}

int crt_mbtowc(wchar_t *wide, const char *s, size_t n, crt_locale_t locale)
{
    wchar_t result = 0;
    size_t length = crt_decode(&result, s, n, crt_locale_data(locale));

    if (length > 4) {
        errno = EILSEQ;
        return -1;
    }
    if (wide)
        *wide = result;
    return result ? (int)length : 0;
}

int crt_wctomb(char *s, size_t n, wchar_t wide, crt_locale_t locale)
{
    char bytes[4];
    size_t length = crt_encode(bytes, wide, crt_locale_data(locale));

    if (length > 4) {
        errno = EILSEQ;
        return -1;
    }
    if (length > n) {
        errno = ERANGE;
        return -1;
    }
    memcpy(s, bytes, length);
    return (int)length;
}

int _mbtowc_l(wchar_t *wide, const char *s, size_t n, _locale_t locale)
{
    if (!s || !n)
        return 0;
    if (!*s) {
        if (wide)
            *wide = 0;
        return 0;
    }
    return crt_mbtowc(wide, s, n, locale);
}

int mbtowc(wchar_t *restrict wide, const char *restrict s, size_t n)
{
    return _mbtowc_l(wide, s, n, NULL);
}

int _mblen_l(const char *s, size_t n, _locale_t locale)
{
    return _mbtowc_l(NULL, s, n, locale);
}

int mblen(const char *s, size_t n)
{
    return _mbtowc_l(NULL, s, n, NULL);
}

int _wctomb_s_l(int *length, char *s, size_t size, wchar_t wide, _locale_t locale)
{
    char bytes[4];

    if (!s && size) {
        if (length)
            *length = 0;
        return 0;
    }
    if (length)
        *length = -1;
    CRT_VALIDATE(size <= INT_MAX, EINVAL, EINVAL);
    if (!s) {
        if (length)
            *length = 0;
        return 0;
    }
    size_t n = crt_encode(bytes, wide, crt_locale_data(locale));
    if (n > 4) {
        memset(s, 0, size);
        errno = EILSEQ;
        return EILSEQ;
    }
    if (n > size) {
        memset(s, 0, size);
        CRT_INVALID(ERANGE);
        return ERANGE;
    }
    memcpy(s, bytes, n);
    if (length)
        *length = (int)n;
    return 0;
}

int wctomb_s(int *length, char *s, size_t size, wchar_t wide)
{
    return _wctomb_s_l(length, s, size, wide, NULL);
}

int _wctomb_l(char *s, wchar_t wide, _locale_t locale)
{
    return s ? crt_wctomb(s, 4, wide, locale) : 0;
}

int wctomb(char *s, wchar_t wide)
{
    return _wctomb_l(s, wide, NULL);
}

wint_t btowc(int c)
{
    wchar_t wide;
    char byte = (char)c;

    if (c == EOF || crt_decode(&wide, &byte, 1, crt_locale_data(NULL)) != 1)
        return WEOF;
    return wide;
}

int wctob(wint_t wide)
{
    char bytes[4];
    if (wide == WEOF || crt_encode(bytes, (wchar_t)wide, crt_locale_data(NULL)) != 1)
        return EOF;
    return CRT_IS_UCRT ? (unsigned char)bytes[0] : bytes[0];
}

/* ---- restartable ------------------------------------------------------------------------------------------------- */

crt_mbstate *crt_state_of(mbstate_t *state, int which)
{
    /* Real mbstate_t objects are 4 (msvcrt) or 8 (ucrt) bytes long. */
    return state ? (crt_mbstate *)state : (crt_mbstate *)(crt_thread_data()->mbstate + which);
}

#ifdef UCRT
unsigned crt_held(const crt_mbstate *state)
{
    return state->count <= 3 ? state->count : 0;
}

void crt_hold(crt_mbstate *state, const char *bytes, size_t count)
{
    state->bytes = 0;
    memcpy(&state->bytes, bytes, count);
    state->count = (uint16_t)count;
}
#else
/* mbstate_t is an int: at most one lead byte is ever held. */
unsigned crt_held(const crt_mbstate *state)
{
    return state->bytes != 0;
}

void crt_hold(crt_mbstate *state, const char *bytes, size_t count)
{
    state->bytes = count ? (unsigned char)bytes[0] : 0;
}
#endif

size_t crt_restartable(wchar_t *wide, const char *s, size_t n, crt_mbstate *state, const crt_locale *locale)
{
    char bytes[4];
    unsigned before = crt_held(state);
    wchar_t result = 0;

    if (!before) {
        size_t length = crt_decode(&result, s, n, locale);
        if (length == CRT_INCOMPLETE) {
            crt_hold(state, s, n);
            return CRT_INCOMPLETE;
        }
        if (length == CRT_BAD)
            return crt_illegal();
        if (wide)
            *wide = result;
        return result ? length : 0;
    }
    memcpy(bytes, &state->bytes, before);
    size_t count = before;
    while (count < 4 && count - before < n) {
        bytes[count] = s[count - before];
        count++;
        size_t length = crt_decode(&result, bytes, count, locale);
        if (length == CRT_INCOMPLETE)
            continue;
        crt_hold(state, NULL, 0);
        if (length == CRT_BAD)
            return crt_illegal();
        if (wide)
            *wide = result;
        if (locale->longest == 2) /* Windows counts the lead byte again */
            return 2;
        return result ? count - before : 0;
    }
    crt_hold(state, bytes, count);
    return CRT_INCOMPLETE;
}

size_t mbrtowc(wchar_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = crt_state_of(state, 0);
    if (!s) {
        crt_hold(hidden, NULL, 0);
        return 0;
    }
    if (!n)
        return CRT_INCOMPLETE;
    return crt_restartable(wide, s, n, hidden, crt_locale_data(NULL));
}

size_t mbrlen(const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = crt_state_of(state, 2);
    if (!s) {
        crt_hold(hidden, NULL, 0);
        return 0;
    }
    return n ? crt_restartable(NULL, s, n, hidden, crt_locale_data(NULL)) : 0;
}

int wcrtomb_s(size_t *length, char *s, size_t size, wchar_t wide, mbstate_t *state)
{
    int n = -1;
    if (state)
        memset(state, 0, sizeof *state);
    if (!s) {
        if (length)
            *length = 1;
        return 0;
    }
    int code = _wctomb_s_l(&n, s, size, wide, NULL);
    if (length)
        *length = (size_t)(ptrdiff_t)n;
    return code;
}

size_t wcrtomb(char *restrict s, wchar_t wide, mbstate_t *restrict state)
{
    char bytes[4];
    if (state)
        memset(state, 0, sizeof *state);
    if (!s)
        return 1;
    size_t length = crt_encode(bytes, wide, crt_locale_data(NULL));
    if (length > 4)
        return crt_illegal();
    memcpy(s, bytes, length);
    return length;
}

int mbsinit(const mbstate_t *state)
{
    return !state || !crt_held((const crt_mbstate *)state);
}
