/* What the conversions between bytes and wide characters share. Lengths are in bytes; CRT_BAD and CRT_INCOMPLETE stand
 * for what is no character and what may become one. */
#ifndef CRT_MULTIBYTE_H
#define CRT_MULTIBYTE_H

#include <wchar.h>

#define CRT_BAD ((size_t)-1)
#define CRT_INCOMPLETE ((size_t)-2)

/* The bytes of an incomplete character. A real mbstate_t has 4 bytes in msvcrt and 8 in the universal runtime: in the
 * former only the first member exists. */
typedef struct crt_mbstate {
    uint32_t bytes;
    uint16_t count, spare;
} crt_mbstate;

/* Sets errno to EILSEQ; CRT_BAD. */
size_t crt_illegal(void);
/* One character of UTF-8: only shortest forms up to U+10FFFF, no surrogates. */
size_t crt_utf8_decode(const unsigned char *s, size_t n, uint32_t *code);
size_t crt_utf8_encode(char *s, uint32_t c);
/* One character in the locale's code page; encode needs room for 4 bytes. */
size_t crt_decode(wchar_t *wide, const char *s, size_t n, const crt_locale *locale);
size_t crt_encode(char *s, wchar_t wide, const crt_locale *locale);
/* The caller's state, or a hidden one of this thread: 0 mbrtowc, 2 mbrlen, 4 strings, 6 char16_t and char32_t. */
crt_mbstate *crt_state_of(mbstate_t *state, int which);
unsigned crt_held(const crt_mbstate *state);
void crt_hold(crt_mbstate *state, const char *bytes, size_t count);
size_t crt_restartable(wchar_t *wide, const char *s, size_t n, crt_mbstate *state, const crt_locale *locale);

#endif
