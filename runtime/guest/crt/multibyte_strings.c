/* mbstowcs, wcstombs and their kin: strings between bytes and wide characters, in the locale's code page. */
#include "internal.h"
#include "locale_internal.h"
#include "multibyte.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Converts until the NUL or until count units are stored (with wide NULL: counts). Returns the units without the NUL,
 * or CRT_BAD. *source becomes NULL at the end of the string, else the place to go on from. */
static size_t to_wide(wchar_t *wide, size_t count, const char **source, crt_mbstate *state, const crt_locale *locale)
{
    const char *s = *source;
    size_t done = 0;

    while (!wide || done < count) {
        wchar_t unit, second = 0;
        unsigned char byte = (unsigned char)*s;
        size_t length;
        if (byte < 0x80 && !(state && crt_held(state))) {
            unit = byte;
            length = 1;
        } else if (locale->codepage == CP_UTF8 && !(state && crt_held(state))) {
            uint32_t code = 0;
            length = crt_utf8_decode((const unsigned char *)s, strnlen(s, 4), &code);
            unit = (wchar_t)code;
            if (length <= 4 && code >= 0x10000) {
                if (wide && done + 1 == count)
                    break;
                unit = (wchar_t)(0xd7c0 + (code >> 10));
                second = (wchar_t)(0xdc00 + (code & 0x3ff));
            }
        } else if (state) {
            int second_byte = crt_held(state) && locale->longest == 2;
            length = crt_restartable(&unit, s, strnlen(s, 4) + 1, state, locale);
            if (length == 0 || (second_byte && length == 2))
                length = 1;
        } else {
            length = crt_decode(&unit, s, strnlen(s, 2), locale);
        }
        if (length > 4) {
            *source = s;
            return crt_illegal();
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
            length = crt_utf8_encode(bytes, ((uint32_t)(wide[0] - 0xd7c0) << 10) + (wide[1] - 0xdc00u));
            units = 2;
        } else {
            length = crt_encode(bytes, *wide, locale);
        }
        if (length > 4) {
            *source = wide;
            return crt_illegal();
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
    CRT_VALIDATE(s, EINVAL, CRT_BAD);
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
    CRT_VALIDATE(wide, EINVAL, CRT_BAD);
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
    CRT_VALIDATE(source && *source, EINVAL, CRT_BAD);
    s = *source;
    size_t done = to_wide(wide, count, &s, crt_state_of(state, 4), crt_locale_data(NULL));
    if (wide)
        *source = s;
    return done;
}

size_t wcsrtombs(char *restrict s, const wchar_t **restrict source, size_t count, mbstate_t *restrict state)
{
    const wchar_t *wide;
    CRT_VALIDATE(source && *source, EINVAL, CRT_BAD);
    (void)state;
    wide = *source;
    size_t done = to_bytes(s, count, &wide, crt_locale_data(NULL));
    if (s)
        *source = wide;
    return done;
}

/* ---- the same with bounds ---------------------------------------------------------------------------------------- */

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
    if (done == CRT_BAD) {
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
    if (done == CRT_BAD) {
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
        *length = CRT_BAD;
    CRT_VALIDATE((wide && size) || (!wide && !size), EINVAL, EINVAL);
    if (wide)
        wide[0] = 0;
    CRT_VALIDATE(source, EINVAL, EINVAL);
    size_t done = mbsrtowcs(wide, source, count > size ? size : count, state);
    if (done == CRT_BAD) {
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
        *length = CRT_BAD;
    CRT_VALIDATE((s && size) || (!s && !size), EINVAL, EINVAL);
    if (s)
        s[0] = 0;
    CRT_VALIDATE(source, EINVAL, EINVAL);
    size_t done = wcsrtombs(s, source, count > size ? size : count, state);
    if (done == CRT_BAD) {
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
        size_t length = crt_decode(&wide, s, strnlen(s, 4), data);
        if (length > 4)
            return crt_illegal();
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
        size_t length = crt_decode(&wide, s + at, bytes - at, data);
        if (length == CRT_INCOMPLETE)
            return s[bytes] ? count : crt_illegal();
        if (length > 4)
            return crt_illegal();
        at += length;
    }
    return count;
}

size_t _mbstrnlen(const char *s, size_t limit)
{
    return _mbstrnlen_l(s, limit, NULL);
}
