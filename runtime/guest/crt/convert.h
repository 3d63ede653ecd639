/* Narrow and wide strings of file names, variables and arguments. */
#ifndef CRT_CONVERT_H
#define CRT_CONVERT_H

unsigned crt_narrow_codepage(void);
/* A copy from malloc in the other kind of string; NULL and errno when it cannot be made or text is NULL. */
wchar_t *crt_widen(const char *text);
char *crt_narrow(const wchar_t *text);
/* Copy text to a caller's buffer of size bytes; 0, or ERANGE when it does not fit (errno is left alone). */
int crt_narrow_into(char *buffer, size_t size, const wchar_t *text);

#endif
