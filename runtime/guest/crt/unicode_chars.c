/* mbrtoc16, c32rtomb and their kin: char16_t and char32_t against bytes, which are always UTF-8 here. */
#include "internal.h"
#include "locale_internal.h"
#include "multibyte.h"
#include <string.h>

size_t mbrtoc32(uint32_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = crt_state_of(state, 6);
    unsigned char bytes[4];
    uint32_t code = 0;

    if (!s) {
        crt_hold(hidden, NULL, 0);
        return 0;
    }
    unsigned before = crt_held(hidden);
    memcpy(bytes, &hidden->bytes, before);
    size_t count = before;
    while (count < 4 && count - before < n) {
        bytes[count] = (unsigned char)s[count - before];
        count++;
        size_t length = crt_utf8_decode(bytes, count, &code);
        if (length == CRT_INCOMPLETE)
            continue;
        crt_hold(hidden, NULL, 0);
        if (length == CRT_BAD)
            return crt_illegal();
        if (wide)
            *wide = code;
        return code ? count - before : 0;
    }
    crt_hold(hidden, (const char *)bytes, count);
    return CRT_INCOMPLETE;
}

size_t mbrtoc16(uint16_t *restrict wide, const char *restrict s, size_t n, mbstate_t *restrict state)
{
    crt_mbstate *hidden = crt_state_of(state, 6);
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
        return crt_illegal();
    return crt_utf8_encode(s, wide);
}

size_t c16rtomb(char *restrict s, uint16_t wide, mbstate_t *restrict state)
{
    crt_mbstate *hidden = crt_state_of(state, 6);

    if (!s) {
        crt_hold(hidden, NULL, 0);
        return 1;
    }
    if (hidden->count == 0xfffe) {
        uint32_t code = ((hidden->bytes - 0xd7c0) << 10) + (wide - 0xdc00u);
        hidden->count = 0;
        return wide >= 0xdc00 && wide <= 0xdfff ? crt_utf8_encode(s, code) : crt_illegal();
    }
    if (wide >= 0xd800 && wide <= 0xdbff) {
        hidden->bytes = wide;
        hidden->count = 0xfffe;
        return 0;
    }
    return wide >= 0xdc00 && wide <= 0xdfff ? crt_illegal() : crt_utf8_encode(s, wide);
}
