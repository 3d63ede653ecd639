/* Splitting and making paths, compiled for char and for wchar_t: CHAR, LENGTH, SPLIT, SPLIT_S, MAKE, MAKE_S, COPY. */

/* Copy up to size - 1 characters (and never more than the limit that the part has). */
static int COPY(CHAR *to, size_t size, const CHAR *from, size_t length)
{
    if (!to)
        return 0;
    if (length >= size)
        return ERANGE;
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
    to[length] = 0;
    return 0;
}

CRT_EXPORT errno_t SPLIT_S(const CHAR *path, CHAR *drive, size_t drive_size, CHAR *directory, size_t directory_size,
                           CHAR *name, size_t name_size, CHAR *extension, size_t extension_size)
{
    const CHAR *p = path, *last = NULL, *dot = NULL;

    if (!path || !drive != !drive_size || !directory != !directory_size || !name != !name_size ||
        !extension != !extension_size) {
        CRT_INVALID(EINVAL);
        return EINVAL;
    }
    if (path[0] && path[1] == ':') {
        if (COPY(drive, drive_size, path, 2))
            goto too_small;
        p += 2;
    } else if (COPY(drive, drive_size, path, 0)) {
        goto too_small;
    }
    path = p;
    for (; *p; p++) {
        if (*p == '/' || *p == '\\')
            last = p + 1;
        else if (*p == '.')
            dot = p;
    }
    if (!last)
        last = path;
    if (!dot || dot < last)
        dot = p;
    if (COPY(directory, directory_size, path, last - path) || COPY(name, name_size, last, dot - last) ||
        COPY(extension, extension_size, dot, p - dot))
        goto too_small;
    return 0;
too_small:
    if (drive)
        *drive = 0;
    if (directory)
        *directory = 0;
    if (name)
        *name = 0;
    if (extension)
        *extension = 0;
    CRT_INVALID(ERANGE);
    return ERANGE;
}

/* The old function cuts parts at the sizes of its buffers' documentation. */
CRT_EXPORT void SPLIT(const CHAR *path, CHAR *drive, CHAR *directory, CHAR *name, CHAR *extension)
{
    const CHAR *p = path, *last = NULL, *dot = NULL;
    const CHAR *parts[4], *ends[4];
    CHAR *targets[4] = {drive, directory, name, extension};
    static const size_t limits[4] = {_MAX_DRIVE, _MAX_DIR, _MAX_FNAME, _MAX_EXT};

    CRT_VALIDATE_VOID(path, EINVAL);
    parts[0] = path;
    if (path[0] && path[1] == ':')
        p += 2;
    ends[0] = parts[1] = p;
    for (; *p; p++) {
        if (*p == '/' || *p == '\\')
            last = p + 1;
        else if (*p == '.')
            dot = p;
    }
    if (!last)
        last = parts[1];
    if (!dot || dot < last)
        dot = p;
    ends[1] = parts[2] = last;
    ends[2] = parts[3] = dot;
    ends[3] = p;
    for (int i = 0; i < 4; i++) {
        size_t length = ends[i] - parts[i];

        COPY(targets[i], limits[i], parts[i], length < limits[i] ? length : limits[i] - 1);
    }
}

CRT_EXPORT errno_t MAKE_S(CHAR *path, size_t size, const CHAR *drive, const CHAR *directory, const CHAR *name,
                          const CHAR *extension)
{
    size_t n = 0;

#define PUT(c)                                                                                                         \
    do {                                                                                                               \
        if (n + 1 >= size)                                                                                             \
            goto too_small;                                                                                            \
        path[n++] = (c);                                                                                               \
    } while (0)

    CRT_VALIDATE(path && size, EINVAL, EINVAL);
    if (drive && *drive) {
        PUT(*drive);
        PUT(':');
    }
    if (directory && *directory) {
        for (; *directory; directory++)
            PUT(*directory);
        if (directory[-1] != '/' && directory[-1] != '\\')
            PUT('\\');
    }
    for (; name && *name; name++)
        PUT(*name);
    if (extension && *extension) {
        if (*extension != '.')
            PUT('.');
        for (; *extension; extension++)
            PUT(*extension);
    }
    path[n] = 0;
    return 0;
too_small:
    *path = 0;
    CRT_INVALID(ERANGE);
    return ERANGE;
#undef PUT
}

CRT_EXPORT void MAKE(CHAR *path, const CHAR *drive, const CHAR *directory, const CHAR *name, const CHAR *extension)
{
    MAKE_S(path, _MAX_PATH, drive, directory, name, extension);
}
