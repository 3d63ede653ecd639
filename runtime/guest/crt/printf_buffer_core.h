/* What the functions that print into a caller's buffer promise, compiled for char and for wchar_t:
 *   CHAR, FORMAT_BUFFER, VSPRINTF, VSPRINTF_S, VSNPRINTF_S (names). */

/* options choose between the three contracts that ucrt's headers build on (see __stdio_common_vsprintf). */
int VSPRINTF(uint64_t options, CHAR *buffer, size_t size, const CHAR *format, crt_locale_t locale, va_list arguments)
{
    size_t length;
    int result;

    CRT_VALIDATE(format && (buffer || !size), EINVAL, -1);
    result = FORMAT_BUFFER(buffer, buffer ? size : 0, options, format, locale, arguments);
    if (!buffer)
        return result;
    if (result < 0) {
        if (size)
            *buffer = 0;
        return result;
    }
    length = (size_t)result;
    if (length < size) {
        buffer[length] = 0;
        return result;
    }
    if (options & PRINTF_LEGACY_NULL_TERMINATION)
        return length > size ? -1 : result;
    if (size)
        buffer[size - 1] = 0;
    if (options & PRINTF_STANDARD_SNPRINTF)
        return result;
    return size ? -2 : -1;
}

int VSPRINTF_S(uint64_t options, CHAR *buffer, size_t size, const CHAR *format, crt_locale_t locale, va_list arguments)
{
    int result;

    CRT_VALIDATE(format && buffer && size, EINVAL, -1);
    result = FORMAT_BUFFER(buffer, size, options, format, locale, arguments);
    if (result < 0) {
        *buffer = 0;
        return -1;
    }
    if ((size_t)result >= size) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return -1;
    }
    buffer[result] = 0;
    return result;
}

/* At most count characters; _TRUNCATE: as many as fit. */
int VSNPRINTF_S(uint64_t options, CHAR *buffer, size_t size, size_t count, const CHAR *format, crt_locale_t locale,
                va_list arguments)
{
    size_t space;
    int result;

    CRT_VALIDATE(format, EINVAL, -1);
    if (!count && !buffer && !size)
        return 0;
    CRT_VALIDATE(buffer && size, EINVAL, -1);
    space = count < size - 1 ? count : size - 1;
    result = FORMAT_BUFFER(buffer, space, options, format, locale, arguments);
    if (result < 0) {
        *buffer = 0;
        return -1;
    }
    if ((size_t)result <= space) {
        buffer[result] = 0;
        return result;
    }
    if (count >= size && count != (size_t)-1) {
        *buffer = 0;
        CRT_INVALID(ERANGE);
        return -1;
    }
    buffer[space] = 0;
    return -1;
}
