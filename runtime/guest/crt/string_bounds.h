/* The bounded (_s) string functions, once for bytes and once for wide characters. The including file defines
 * CHAR (the type), LENGTH, BOUNDED_LENGTH, and NAME(narrow, wide) that picks a function's name.
 *
 * Rules of all of them: a destination that cannot hold the result becomes empty and the answer is ERANGE; NULL and
 * unterminated arguments are EINVAL; both go through the invalid parameter handler. */

static int refuse(CHAR *destination, int code)
{
    *destination = 0;
    CRT_INVALID(code);
    return code;
}

/* Puts length characters and a NUL at destination[used]. */
static int put(CHAR *destination, size_t size, size_t used, const CHAR *source, size_t length, int truncate)
{
    int code = 0;
    if (length >= size - used) {
        if (!truncate)
            return refuse(destination, ERANGE);
        length = size - used - 1;
        code = STRUNCATE;
    }
    memmove(destination + used, source, length * sizeof(CHAR));
    destination[used + length] = 0;
    return code;
}

int NAME(strcpy_s, wcscpy_s)(CHAR *destination, size_t size, const CHAR *source)
{
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    if (!source)
        return refuse(destination, EINVAL);
    return put(destination, size, 0, source, LENGTH(source), 0);
}

int NAME(strcat_s, wcscat_s)(CHAR *destination, size_t size, const CHAR *source)
{
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    if (!source)
        return refuse(destination, EINVAL);
    size_t used = BOUNDED_LENGTH(destination, size);
    if (used == size)
        return refuse(destination, EINVAL);
    return put(destination, size, used, source, LENGTH(source), 0);
}

int NAME(strncpy_s, wcsncpy_s)(CHAR *destination, size_t size, const CHAR *source, size_t count)
{
    if (!count && !destination && !size)
        return 0;
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    if (!count) {
        *destination = 0;
        return 0;
    }
    if (!source)
        return refuse(destination, EINVAL);
    return put(destination, size, 0, source, BOUNDED_LENGTH(source, count), count == _TRUNCATE);
}

int NAME(strncat_s, wcsncat_s)(CHAR *destination, size_t size, const CHAR *source, size_t count)
{
    if (!count && !destination && !size)
        return 0;
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    if (!source && count)
        return refuse(destination, EINVAL);
    size_t used = BOUNDED_LENGTH(destination, size);
    if (used == size)
        return refuse(destination, EINVAL);
    return put(destination, size, used, source, count ? BOUNDED_LENGTH(source, count) : 0, count == _TRUNCATE);
}

int NAME(_strset_s, _wcsset_s)(CHAR *destination, size_t size, FILL c)
{
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    size_t used = BOUNDED_LENGTH(destination, size);
    if (used == size)
        return refuse(destination, EINVAL);
    for (size_t i = 0; i < used; i++)
        destination[i] = (CHAR)c;
    return 0;
}

int NAME(_strnset_s, _wcsnset_s)(CHAR *destination, size_t size, FILL c, size_t count)
{
    if (!count && !destination && !size)
        return 0;
    CRT_VALIDATE(destination && size, EINVAL, EINVAL);
    size_t used = BOUNDED_LENGTH(destination, size);
    if (used == size)
        return refuse(destination, EINVAL);
    for (size_t i = 0; i < used && i < count; i++)
        destination[i] = (CHAR)c;
    return 0;
}
