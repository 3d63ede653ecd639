/* mbtowc, wcstombs and the rest of the conversions between bytes and wide characters, in the locale's code page. */
#include "internal.h"
#include "locale_internal.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#undef mbrlen
#undef btowc

#define BAD ((size_t)-1)
#define INCOMPLETE ((size_t)-2)

static size_t illegal(void)
{
    errno = EILSEQ;
    return BAD;
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------ */

/* Decodes one character: its length in bytes, BAD or INCOMPLETE. Only shortest forms up to U+10FFFF, no surrogates. */
static size_t utf8_decode(const unsigned char *s, size_t n, uint32_t *code)
{
    if (!n)
        return INCOMPLETE;
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
        return BAD;
    for (size_t i = 1; i < length; i++) {
        if (i == n)
            return INCOMPLETE;
        if ((s[i] & 0xc0) != 0x80)
            return BAD;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return BAD;
    *code = c;
    return length;
}

static size_t utf8_encode(char *s, uint32_t c)
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

/* ---- one character ---------------------------------------------------------------------------------------------- */

/* The length of the character at s, whose wide form goes to *wide. A character beyond the BMP becomes U+FFFD, since
 * one 16-bit unit cannot hold it. */
static size_t decode(wchar_t *wide, const char *s, size_t n, const crt_locale *locale)
{
    const unsigned char *bytes = (const unsigned char *)s;
    uint32_t code;

    if (!n)
        return INCOMPLETE;
    if (locale->plain || bytes[0] < 0x80) {
        *wide = bytes[0];
        return 1;
    }
    if (locale->codepage == CP_UTF8) {
        size_t length = utf8_decode(bytes, n, &code);
        if (length <= 4)
            *wide = (wchar_t)(code < 0x10000 ? code : 0xfffd);
        return length;
    }
    size_t length = locale->classes[bytes[0]] & _LEADBYTE ? 2 : 1;
    if (length > n)
        return INCOMPLETE;
    if (length == 2 && !bytes[1])
        return BAD;
    if (MultiByteToWideChar(locale->codepage, MB_PRECOMPOSED | MB_ERR_INVALID_CHARS, s, (int)length, wide, 1) != 1)
        return BAD;
    return length;
}

/* The bytes of one wide character at s, which has room for 4; BAD when there are none. */
static size_t encode(char *s, wchar_t wide, const crt_locale *locale)
{
    WINBOOL lost = FALSE;

    if (wide < 0x80 || (locale->plain && wide < 0x100)) {
        *s = (char)wide;
        return 1;
    }
    if (locale->plain)
        return BAD;
    if (locale->codepage == CP_UTF8)
        return wide >= 0xd800 && wide <= 0xdfff ? BAD : utf8_encode(s, wide);
    int length = WideCharToMultiByte(locale->codepage, 0, &wide, 1, s, 4, NULL, &lost);
    return length <= 0 || lost ? BAD : (size_t)length;
}

int crt_mbtowc(wchar_t *wide, const char *s, size_t n, crt_locale_t locale)
{
    wchar_t result = 0;
    size_t length = decode(&result, s, n, crt_locale_data(locale));

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
    size_t length = encode(bytes, wide, crt_locale_data(locale));

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
    size_t n = encode(bytes, wide, crt_locale_data(locale));
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

    if (c == EOF || decode(&wide, &byte, 1, crt_locale_data(NULL)) != 1)
        return WEOF;
    return wide;
}

int wctob(wint_t wide)
{
    char bytes[4];
    if (wide == WEOF || encode(bytes, (wchar_t)wide, crt_locale_data(NULL)) != 1)
        return EOF;
    return CRT_IS_UCRT ? (unsigned char)bytes[0] : bytes[0];
}

/* ---- restartable ------------------------------------------------------------------------------------------------ */

/* The state keeps the bytes of an incomplete character: count in the low byte of state._State, bytes in _Wchar. */
typedef struct crt_mbstate {
    uint32_t bytes;
    uint16_t count, spare;
} crt_mbstate;

static crt_mbstate *state_of(mbstate_t *state, int which)
{
    /* Real mbstate_t objects are 4 (msvcrt) or 8 (ucrt) bytes long. */
    return state ? (crt_mbstate *)state : (crt_mbstate *)(crt_thread_data()->mbstate + which);
}

#ifdef UCRT
static unsigned held(const crt_mbstate *state)
{
    return state->count <= 3 ? state->count : 0;
}

static void hold(crt_mbstate *state, const char *bytes, size_t count)
{
    state->bytes = 0;
    memcpy(&state->bytes, bytes, count);
    state->count = (uint16_t)count;
}
#else
/* mbstate_t is an int: at most one lead byte is ever held. */
static unsigned held(const crt_mbstate *state)
{
    return state->bytes != 0;
}

static void hold(crt_mbstate *state, const char *bytes, size_t count)
{
    state->bytes = count ? (unsigned char)bytes[0] : 0;
}
#endif

static size_t restartable(wchar_t *wide, const char *s, size_t n, crt_mbstate *state, const crt_locale *locale)
{
    char bytes[4];
    unsigned before = held(state);
    wchar_t result = 0;

    if (!before) {
        size_t length = decode(&result, s, n, locale);
        if (length == INCOMPLETE) {
            hold(state, s, n);
            return INCOMPLETE;
        }
        if (length == BAD)
            return illegal();
        if (wide)
            *wide = result;
        return result ? length : 0;
    }
    memcpy(bytes, &state->bytes, before);
    size_t count = before;
    while (count < 4 && count - before < n) {
        bytes[count] = s[count - before];
        count++;
        size_t length = decode(&result, bytes, count, locale);
        if (length == INCOMPLETE)
            continue;
        hold(state, NULL, 0);
        if (length == BAD)
            return illegal();
        if (wide)
            *wide = result;
        if (locale->longest == 2) /* Windows counts the lead byte again */
            return 2;
        return result ? count - before : 0;
    }
    hold(state, bytes, count);
    return INCOMPLETE;
}

size_t mbrtowc(wchar_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = state_of(state, 0);
    if (!s) {
        hold(hidden, NULL, 0);
        return 0;
    }
    if (!n)
        return INCOMPLETE;
    return restartable(wide, s, n, hidden, crt_locale_data(NULL));
}

size_t mbrlen(const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = state_of(state, 2);
    if (!s) {
        hold(hidden, NULL, 0);
        return 0;
    }
    return n ? restartable(NULL, s, n, hidden, crt_locale_data(NULL)) : 0;
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
    size_t length = encode(bytes, wide, crt_locale_data(NULL));
    if (length > 4)
        return illegal();
    memcpy(s, bytes, length);
    return length;
}

int mbsinit(const mbstate_t *state)
{
    return !state || !held((const crt_mbstate *)state);
}

/* ---- whole strings ---------------------------------------------------------------------------------------------- */

/* Converts until the NUL or until count units are stored (with wide NULL: counts). Returns the units without the NUL,
 * or BAD. *source becomes NULL at the end of the string, else the place to go on from. */
static size_t to_wide(wchar_t *wide, size_t count, const char **source, crt_mbstate *state, const crt_locale *locale)
{
    const char *s = *source;
    size_t done = 0;

    while (!wide || done < count) {
        wchar_t unit, second = 0;
        unsigned char byte = (unsigned char)*s;
        size_t length;
        if (byte < 0x80 && !(state && held(state))) {
            unit = byte;
            length = 1;
        } else if (locale->codepage == CP_UTF8 && !(state && held(state))) {
            uint32_t code = 0;
            length = utf8_decode((const unsigned char *)s, strnlen(s, 4), &code);
            unit = (wchar_t)code;
            if (length <= 4 && code >= 0x10000) {
                if (wide && done + 1 == count)
                    break;
                unit = (wchar_t)(0xd7c0 + (code >> 10));
                second = (wchar_t)(0xdc00 + (code & 0x3ff));
            }
        } else if (state) {
            int second_byte = held(state) && locale->longest == 2;
            length = restartable(&unit, s, strnlen(s, 4) + 1, state, locale);
            if (length == 0 || (second_byte && length == 2))
                length = 1;
        } else {
            length = decode(&unit, s, strnlen(s, 2), locale);
        }
        if (length > 4) {
            *source = s;
            return illegal();
        }
        if (wide)
            wide[done] = unit;
        if (!unit) {
            *source = NULL;
            return done;
        }
        done++;
        if (second) {
            if (wide)
                wide[done] = second;
            done++;
        }
        s += length;
    }
    *source = s;
    return done;
}

static size_t to_bytes(char *s, size_t count, const wchar_t **source, const crt_locale *locale)
{
    const wchar_t *wide = *source;
    size_t done = 0;

    while (!s || done < count) {
        char bytes[4];
        size_t length, units = 1;
        if (*wide < 0x80) {
            bytes[0] = (char)*wide;
            length = 1;
        } else if (locale->codepage == CP_UTF8 && wide[0] >= 0xd800 && wide[0] < 0xdc00 && wide[1] >= 0xdc00 &&
                   wide[1] < 0xe000) {
            length = utf8_encode(bytes, ((uint32_t)(wide[0] - 0xd7c0) << 10) + (wide[1] - 0xdc00u));
            units = 2;
        } else {
            length = encode(bytes, *wide, locale);
        }
        if (length > 4) {
            *source = wide;
            return illegal();
        }
        if (s) {
            if (length > count - done)
                break;
            for (size_t i = 0; i < length; i++)
                s[done + i] = bytes[i];
        }
        if (!*wide) {
            *source = NULL;
            return done;
        }
        done += length;
        wide += units;
    }
    *source = wide;
    return done;
}

size_t _mbstowcs_l(wchar_t *wide, const char *s, size_t count, _locale_t locale)
{
    CRT_VALIDATE(s, EINVAL, BAD);
    if (wide && !count)
        return 0;
    return to_wide(wide, count, &s, NULL, crt_locale_data(locale));
}

size_t mbstowcs(wchar_t *restrict wide, const char *restrict s, size_t count)
{
    return _mbstowcs_l(wide, s, count, NULL);
}

size_t _wcstombs_l(char *s, const wchar_t *wide, size_t count, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    CRT_VALIDATE(wide, EINVAL, BAD);
    if (s && !count)
        return 0;
    if (!s && data->plain) /* a byte each, even for characters that have none */
        return wcslen(wide);
    return to_bytes(s, count, &wide, data);
}

size_t wcstombs(char *restrict s, const wchar_t *restrict wide, size_t count)
{
    return _wcstombs_l(s, wide, count, NULL);
}

size_t mbsrtowcs(wchar_t *restrict wide, const char **restrict source, size_t count, mbstate_t *restrict state)
{
    const char *s;
    CRT_VALIDATE(source && *source, EINVAL, BAD);
    s = *source;
    size_t done = to_wide(wide, count, &s, state_of(state, 4), crt_locale_data(NULL));
    if (wide)
        *source = s;
    return done;
}

size_t wcsrtombs(char *restrict s, const wchar_t **restrict source, size_t count, mbstate_t *restrict state)
{
    const wchar_t *wide;
    CRT_VALIDATE(source && *source, EINVAL, BAD);
    (void)state;
    wide = *source;
    size_t done = to_bytes(s, count, &wide, crt_locale_data(NULL));
    if (s)
        *source = wide;
    return done;
}

/* ---- the same with bounds ----------------------------------------------------------------------------------------- */

int _mbstowcs_s_l(size_t *length, wchar_t *wide, size_t size, const char *s, size_t count, _locale_t locale)
{
    CRT_VALIDATE((wide && size) || (!wide && !size), EINVAL, EINVAL);
    if (wide)
        wide[0] = 0;
    if (length)
        *length = 0;
    CRT_VALIDATE(s, EINVAL, EINVAL);
    size_t limit = count > size ? size : count;
    size_t done = _mbstowcs_l(wide, s, limit, locale);
    if (done == BAD) {
        if (wide)
            wide[0] = 0;
        return errno;
    }
    int code = 0;
    if (wide) {
        if (done >= size) {
            if (count != _TRUNCATE) {
                wide[0] = 0;
                CRT_INVALID(ERANGE);
                return ERANGE;
            }
            done = size - 1;
            code = STRUNCATE;
        }
        wide[done] = 0;
    }
    if (length)
        *length = done + 1;
    return code;
}

int mbstowcs_s(size_t *length, wchar_t *wide, size_t size, const char *s, size_t count)
{
    return _mbstowcs_s_l(length, wide, size, s, count, NULL);
}

int _wcstombs_s_l(size_t *length, char *s, size_t size, const wchar_t *wide, size_t count, _locale_t locale)
{
    CRT_VALIDATE((s && size) || (!s && !size), EINVAL, EINVAL);
    if (s)
        s[0] = 0;
    if (length)
        *length = 0;
    CRT_VALIDATE(wide, EINVAL, EINVAL);
    size_t limit = count > size ? size : count;
    const wchar_t *at = wide;
    size_t done = s ? to_bytes(s, limit, &at, crt_locale_data(locale)) : _wcstombs_l(NULL, wide, 0, locale);
    if (done == BAD) {
        if (s)
            s[0] = 0;
        return errno;
    }
    int code = 0;
    if (s) {
        int whole = !at || (limit == count && done <= count && count < size);
        if (!whole || done >= size) {
            if (count != _TRUNCATE) {
                s[0] = 0;
                CRT_INVALID(ERANGE);
                return ERANGE;
            }
            if (done >= size)
                done = size - 1;
            code = STRUNCATE;
        }
        s[done] = 0;
    }
    if (length)
        *length = done + 1;
    return code;
}

int wcstombs_s(size_t *length, char *s, size_t size, const wchar_t *wide, size_t count)
{
    return _wcstombs_s_l(length, s, size, wide, count, NULL);
}

int mbsrtowcs_s(size_t *length, wchar_t *wide, size_t size, const char **source, size_t count, mbstate_t *state)
{
    if (length)
        *length = BAD;
    CRT_VALIDATE((wide && size) || (!wide && !size), EINVAL, EINVAL);
    if (wide)
        wide[0] = 0;
    CRT_VALIDATE(source, EINVAL, EINVAL);
    size_t done = mbsrtowcs(wide, source, count > size ? size : count, state);
    if (done == BAD) {
        if (wide)
            wide[0] = 0;
        return errno;
    }
    done++;
    int code = 0;
    if (wide) {
        if (done > size) {
            if (count != _TRUNCATE) {
                wide[0] = 0;
                CRT_INVALID(ERANGE);
                return ERANGE;
            }
            done = size;
            code = STRUNCATE;
        }
        wide[done - 1] = 0;
    }
    if (length)
        *length = done;
    return code;
}

int wcsrtombs_s(size_t *length, char *s, size_t size, const wchar_t **source, size_t count, mbstate_t *state)
{
    if (length)
        *length = BAD;
    CRT_VALIDATE((s && size) || (!s && !size), EINVAL, EINVAL);
    if (s)
        s[0] = 0;
    CRT_VALIDATE(source, EINVAL, EINVAL);
    size_t done = wcsrtombs(s, source, count > size ? size : count, state);
    if (done == BAD) {
        if (s)
            s[0] = 0;
        return errno;
    }
    done++;
    int code = 0;
    if (s) {
        if (done > size) {
            if (count != _TRUNCATE) {
                s[0] = 0;
                CRT_INVALID(ERANGE);
                return ERANGE;
            }
            done = size;
            code = STRUNCATE;
        }
        s[done - 1] = 0;
    }
    if (length)
        *length = done;
    return code;
}

size_t _mbstrlen_l(const char *s, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    size_t count = 0;
    wchar_t wide;

    if (data->longest == 1)
        return strlen(s);
    for (; *s; count++) {
        size_t length = decode(&wide, s, strnlen(s, 4), data);
        if (length > 4)
            return illegal();
        s += length;
    }
    return count;
}

size_t _mbstrlen(const char *s)
{
    return _mbstrlen_l(s, NULL);
}

size_t _mbstrnlen_l(const char *s, size_t limit, _locale_t locale)
{
    const crt_locale *data = crt_locale_data(locale);
    size_t bytes = strnlen(s, limit), count = 0;
    wchar_t wide;

    if (data->longest == 1)
        return bytes;
    for (size_t at = 0; at < bytes; count++) {
        size_t length = decode(&wide, s + at, bytes - at, data);
        if (length == INCOMPLETE)
            return s[bytes] ? count : illegal();
        if (length > 4)
            return illegal();
        at += length;
    }
    return count;
}

size_t _mbstrnlen(const char *s, size_t limit)
{
    return _mbstrnlen_l(s, limit, NULL);
}

/* ---- char16_t and char32_t: always UTF-8 on the byte side --------------------------------------------------------- */

size_t mbrtoc32(uint32_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = state_of(state, 6);
    unsigned char bytes[4];
    uint32_t code = 0;

    if (!s) {
        hold(hidden, NULL, 0);
        return 0;
    }
    unsigned before = held(hidden);
    memcpy(bytes, &hidden->bytes, before);
    size_t count = before;
    while (count < 4 && count - before < n) {
        bytes[count] = (unsigned char)s[count - before];
        count++;
        size_t length = utf8_decode(bytes, count, &code);
        if (length == INCOMPLETE)
            continue;
        hold(hidden, NULL, 0);
        if (length == BAD)
            return illegal();
        if (wide)
            *wide = code;
        return code ? count - before : 0;
    }
    hold(hidden, (const char *)bytes, count);
    return INCOMPLETE;
}

size_t mbrtoc16(uint16_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = state_of(state, 6);
    uint32_t code;

    if (hidden->count == 0xffff) { /* the second half of a pair */
        if (wide)
            *wide = (uint16_t)hidden->bytes;
        hidden->count = 0;
        return (size_t)-3;
    }
    size_t length = mbrtoc32(&code, s, n, state ? state : (mbstate_t *)hidden);
    if (length > 4 || !s)
        return length;
    if (code >= 0x10000) {
        if (wide)
            *wide = (uint16_t)(0xd7c0 + (code >> 10));
        hidden->bytes = 0xdc00 + (code & 0x3ff);
        hidden->count = 0xffff;
    } else if (wide) {
        *wide = (uint16_t)code;
    }
    return length;
}

size_t c32rtomb(char *restrict s, uint32_t wide, mbstate_t *restrict state)
{
    if (state)
        memset(state, 0, sizeof *state);
    if (!s)
        return 1;
    if (wide > 0x10ffff || (wide >= 0xd800 && wide <= 0xdfff))
        return illegal();
    return utf8_encode(s, wide);
}

size_t c16rtomb(char *restrict s, uint16_t wide, mbstate_t *restrict state)
{
    crt_mbstate *hidden = state_of(state, 6);

    if (!s) {
        hold(hidden, NULL, 0);
        return 1;
    }
    if (hidden->count == 0xfffe) {
        uint32_t code = ((hidden->bytes - 0xd7c0) << 10) + (wide - 0xdc00u);
        hidden->count = 0;
        return wide >= 0xdc00 && wide <= 0xdfff ? utf8_encode(s, code) : illegal();
    }
    if (wide >= 0xd800 && wide <= 0xdbff) {
        hidden->bytes = wide;
        hidden->count = 0xfffe;
        return 0;
    }
    return wide >= 0xdc00 && wide <= 0xdfff ? illegal() : utf8_encode(s, wide);
}
