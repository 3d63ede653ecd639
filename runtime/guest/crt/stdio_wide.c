/* Wide characters on streams. A text stream without Unicode encoding holds multibyte characters; every other stream
 * holds UTF-16 units (which the descriptor may turn into UTF-8). */
#include "internal.h"
#include "stream.h"
#include <string.h>

#undef getwc
#undef getwchar
#undef putwc
#undef putwchar

int crt_flush_wide(wchar_t c, FILE *stream);

wint_t crt_getwc(FILE *stream)
{
    unsigned char bytes[2];
    int c;

    if (crt_is_multibyte(stream)) {
        char character[5];
        int length = 0, most = crt_locale_mb_cur_max(NULL);
        wchar_t wide;

        for (;;) {
            c = crt_getc(stream);
            if (c == EOF)
                return WEOF;
            character[length++] = (char)c;
            if (most > 1 && crt_locale_codepage(NULL) == CP_UTF8) {
                unsigned char first = (unsigned char)character[0];
                int need = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;

                if (length < need)
                    continue;
            } else if (length == 1 && crt_is_lead_byte(c, NULL)) {
                continue;
            }
            break;
        }
        if (crt_mbtowc(&wide, character, length, NULL) < 0) {
            errno = EILSEQ;
            return WEOF;
        }
        return wide;
    }
    if (stream->_cnt >= 2) {
        wchar_t wide;

        memcpy(&wide, stream->_ptr, sizeof wide);
        stream->_ptr += 2;
        stream->_cnt -= 2;
        return wide;
    }
    for (int i = 0; i < 2; i++) {
        c = crt_getc(stream);
        if (c == EOF)
            return WEOF;
        bytes[i] = (unsigned char)c;
    }
    return (wint_t)(bytes[0] | bytes[1] << 8);
}

wint_t crt_putwc(wchar_t c, FILE *stream)
{
    if (crt_is_multibyte(stream)) {
        char bytes[8];
        int length = crt_wctomb(bytes, sizeof bytes, c, NULL);

        if (length < 0) {
            /* The descriptor stays usable; only this character is lost. */
            errno = EILSEQ;
            return WEOF;
        }
        for (int i = 0; i < length; i++)
            if (crt_putc(bytes[i], stream) == EOF)
                return WEOF;
        return c;
    }
    if (stream->_cnt >= 2 && stream->_flag & CRT_BIG_BUFFER) {
        memcpy(stream->_ptr, &c, sizeof c);
        stream->_ptr += 2;
        stream->_cnt -= 2;
        return c;
    }
    return crt_flush_wide(c, stream) ? WEOF : c;
}

wint_t crt_ungetwc(wint_t c, FILE *stream)
{
    char bytes[8];
    int length = 2;

    if (c == WEOF)
        return WEOF;
    if (crt_is_multibyte(stream)) {
        length = crt_wctomb(bytes, sizeof bytes, (wchar_t)c, NULL);
        if (length < 0)
            return WEOF;
    } else {
        memcpy(bytes, &c, 2);
    }
    if (!(stream->_flag & _IOREAD || (stream->_flag & _IORW && !(stream->_flag & _IOWRT))))
        return WEOF;
    if (!stream->_base)
        crt_buffer_allocate(stream);
    if (stream->_ptr < stream->_base + length) {
        if (stream->_cnt || length > stream->_bufsiz)
            return WEOF;
        stream->_ptr = stream->_base + length;
    }
    stream->_ptr -= length;
    memcpy(stream->_ptr, bytes, length);
    stream->_cnt += length;
    stream->_flag &= ~_IOEOF;
    stream->_flag |= _IOREAD;
    return c;
}

CRT_EXPORT wint_t _fgetwc_nolock(FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, WEOF);
    return crt_getwc(stream);
}

CRT_EXPORT wint_t fgetwc(FILE *stream)
{
    wint_t c;

    CRT_VALIDATE(stream, EINVAL, WEOF);
    _lock_file(stream);
    c = crt_getwc(stream);
    _unlock_file(stream);
    return c;
}

CRT_EXPORT wint_t getwc(FILE *stream)
{
    return fgetwc(stream);
}

CRT_EXPORT wint_t getwchar(void)
{
    return fgetwc(stdin);
}

CRT_EXPORT wint_t _fgetwchar(void)
{
    return fgetwc(stdin);
}

CRT_EXPORT wint_t _fputwc_nolock(wchar_t c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, WEOF);
    return crt_putwc(c, stream);
}

CRT_EXPORT wint_t fputwc(wchar_t c, FILE *stream)
{
    wint_t result;
    int begun;

    CRT_VALIDATE(stream, EINVAL, WEOF);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    result = crt_putwc(c, stream);
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT wint_t putwc(wchar_t c, FILE *stream)
{
    return fputwc(c, stream);
}

CRT_EXPORT wint_t putwchar(wchar_t c)
{
    return fputwc(c, stdout);
}

CRT_EXPORT wint_t _fputwchar(wchar_t c)
{
    return fputwc(c, stdout);
}

CRT_EXPORT wint_t _ungetwc_nolock(wint_t c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, WEOF);
    return crt_ungetwc(c, stream);
}

CRT_EXPORT wint_t ungetwc(wint_t c, FILE *stream)
{
    CRT_VALIDATE(stream, EINVAL, WEOF);
    _lock_file(stream);
    c = crt_ungetwc(c, stream);
    _unlock_file(stream);
    return c;
}

CRT_EXPORT wchar_t *fgetws(wchar_t *buffer, int size, FILE *stream)
{
    wchar_t *p = buffer;
    wint_t c = 0;

    CRT_VALIDATE((buffer || !size) && size >= 0 && stream, EINVAL, NULL);
    if (!size)
        return NULL;
    _lock_file(stream);
    while (p < buffer + size - 1) {
        c = crt_getwc(stream);
        if (c == WEOF)
            break;
        *p++ = (wchar_t)c;
        if (c == L'\n')
            break;
    }
    _unlock_file(stream);
    if (c == WEOF && p == buffer)
        return NULL;
    *p = 0;
    return buffer;
}

CRT_EXPORT wchar_t *_getws(wchar_t *buffer)
{
    wchar_t *p = buffer;
    wint_t c;

    CRT_VALIDATE(buffer, EINVAL, NULL);
    _lock_file(stdin);
    while ((c = crt_getwc(stdin)) != L'\n' && c != WEOF)
        *p++ = (wchar_t)c;
    _unlock_file(stdin);
    if (c == WEOF && p == buffer)
        return NULL;
    *p = 0;
    return buffer;
}

CRT_EXPORT wchar_t *_getws_s(wchar_t *buffer, size_t size)
{
    size_t n = 0;
    wint_t c;

    CRT_VALIDATE(buffer && size, EINVAL, NULL);
    _lock_file(stdin);
    while ((c = crt_getwc(stdin)) != L'\n' && c != WEOF) {
        if (n < size)
            buffer[n] = (wchar_t)c;
        n++;
    }
    _unlock_file(stdin);
    if (n >= size) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return NULL;
    }
    buffer[n] = 0;
    return c == WEOF && !n ? NULL : buffer;
}

CRT_EXPORT int fputws(const wchar_t *text, FILE *stream)
{
    int begun, result = 0;

    CRT_VALIDATE(text && stream, EINVAL, WEOF);
    _lock_file(stream);
    begun = crt_buffer_begin(stream);
    for (; *text; text++)
        if (crt_putwc(*text, stream) == WEOF) {
            result = -1;
            break;
        }
    crt_buffer_end(begun, stream);
    _unlock_file(stream);
    return result;
}

CRT_EXPORT int _putws(const wchar_t *text)
{
    int begun, result = 0;

    CRT_VALIDATE(text, EINVAL, WEOF);
    _lock_file(stdout);
    begun = crt_buffer_begin(stdout);
    for (; *text && !result; text++)
        if (crt_putwc(*text, stdout) == WEOF)
            result = -1;
    if (!result && crt_putwc(L'\n', stdout) == WEOF)
        result = -1;
    crt_buffer_end(begun, stdout);
    _unlock_file(stdout);
    return result;
}

/* fwide does nothing on Windows: streams have no orientation. */
CRT_EXPORT int fwide(FILE *stream, int mode)
{
    return mode;
}
