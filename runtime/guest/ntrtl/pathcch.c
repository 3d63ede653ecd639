/* The PathCch functions of pathcch.h: paths as text, without looking at any file. */
#include "nls.h"

#define MAX_LENGTH 0x8000u
#define TOO_SMALL ((HRESULT)0x8007007A)
#define TOO_LONG HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE)
enum {
    ALLOW_LONG = 1,
    FORCE_ENABLE = 2,
    FORCE_DISABLE = 4,
    KEEP_DOTS = 8,
    EXTENDED = 0x10,
    TRAILING_SLASH = 0x20,
    CANONICAL_SLASHES = 0x40,
};

void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
size_t wcslen(const WCHAR *);

static BOOL drive(const WCHAR *p)
{
    WCHAR letter = p[0] | 32;
    return letter >= 'a' && letter <= 'z' && p[0] < 0x80 && p[1] == ':';
}

static BOOL starts(const WCHAR *p, const WCHAR *prefix)
{
    for (; *prefix; ++p, ++prefix)
        if (nls_upcase(*p) != nls_upcase(*prefix))
            return FALSE;
    return TRUE;
}

static BOOL extended(const WCHAR *p)
{
    return p[0] == '\\' && p[1] == '\\' && p[2] == '?' && p[3] == '\\';
}

/* "Volume{8-4-4-4-12 digits}" */
static BOOL volume(const WCHAR *p)
{
    if (!starts(p, L"Volume{"))
        return FALSE;
    p += 7;
    for (unsigned i = 0; i < 36; ++i, ++p) {
        BOOL dash = i == 8 || i == 13 || i == 18 || i == 23;
        WCHAR c = *p | 32;
        if (dash ? *p != '-' : !((*p >= '0' && *p <= '9') || (c >= 'a' && c <= 'f')))
            return FALSE;
    }
    return *p == '}';
}

static size_t skip_share(const WCHAR *path, size_t at)
{
    while (path[at] && path[at] != '\\')
        ++at;
    if (path[at])
        ++at;
    while (path[at] && path[at] != '\\')
        ++at;
    return path[at] ? at + 1 : at;
}

/* Length of the root, 0 when there is none. */
static size_t root_length(const WCHAR *path)
{
    size_t at = 0;
    if (extended(path)) {
        if (starts(path + 4, L"UNC\\"))
            return path[8] ? skip_share(path, 8) : 8;
        if (volume(path + 4))
            return path[48] == '\\' ? 49 : 48;
        if (!drive(path + 4))
            return 0;
        at = 4;
    } else if (path[0] == '\\') {
        return path[1] == '\\' ? skip_share(path, 2) : 1;
    }
    if (drive(path + at))
        return path[at + 2] == '\\' ? at + 3 : at + 2;
    return 0;
}

HRESULT WINAPI kb_PathCchSkipRoot(const WCHAR *path, const WCHAR **end)
{
    size_t length;
    if (!path || !path[0] || !end || !(length = root_length(path)))
        return E_INVALIDARG;
    *end = path + length;
    return S_OK;
}

BOOL WINAPI kb_PathIsUNCEx(const WCHAR *path, const WCHAR **server)
{
    const WCHAR *after = NULL;
    if (starts(path, L"\\\\?\\UNC\\"))
        after = path + 8;
    else if (path[0] == '\\' && path[1] == '\\' && path[2] != '?')
        after = path + 2;
    if (server)
        *server = after;
    return after != NULL;
}

static WCHAR *allocate(size_t count)
{
    return RtlAllocateHeap(PROCESS_HEAP(), HEAP_ZERO_MEMORY, count * sizeof(WCHAR));
}

static BOOL dot_segment(const WCHAR *p, unsigned dots)
{
    for (unsigned i = 0; i < dots; ++i)
        if (p[i] != '.')
            return FALSE;
    return !p[dots] || p[dots] == '\\';
}

/* Copy `from` to `to` without "." and ".." segments; returns the length.  `root` is how much of `to` stays. */
static size_t collapse(WCHAR *to, size_t root, const WCHAR *from)
{
    size_t at = root;
    while (*from) {
        if (at && at > root && to[at - 1] != '\\') {
            to[at++] = *from++;
            continue;
        }
        if (dot_segment(from, 1)) {
            from += 1;
            if (*from)
                ++from;
            else if (at > root && to[at - 1] == '\\')
                --at;
        } else if (dot_segment(from, 2)) {
            from += 2;
            if (at <= root) {
                from += *from != 0;
                continue;
            }
            --at;
            while (at > 0 && to[at - 1] != '\\')
                --at;
            if (at > 0)
                --at;
            if (at < root || (root && at == root - 1)) {
                at = root;
                from += *from != 0;
            }
        } else {
            to[at++] = *from++;
        }
    }
    return at;
}

static BOOL bad_flags(ULONG flags)
{
    if ((flags & (FORCE_ENABLE | FORCE_DISABLE)) && !(flags & ALLOW_LONG))
        return TRUE;
    if ((flags & FORCE_ENABLE) && (flags & FORCE_DISABLE))
        return TRUE;
    return (flags & ALLOW_LONG) && (flags & EXTENDED);
}

HRESULT WINAPI kb_PathAllocCanonicalize(const WCHAR *path, ULONG flags, WCHAR **result)
{
    if (!path || !result)
        return E_INVALIDARG;
    *result = NULL;
    if (bad_flags(flags))
        return E_INVALIDARG;
    size_t length = wcslen(path);
    if (length >= MAX_LENGTH)
        return TOO_LONG;
    /* Four units before the text, should it get the prefix; a slash and the end after it. */
    WCHAR *buffer = allocate(length + 8), *text = buffer + 4;
    if (!buffer)
        return E_OUTOFMEMORY;
    const WCHAR *from = path;
    size_t root = 0;
    if (extended(path) && starts(path + 4, L"UNC\\")) {
        text[0] = text[1] = '\\';
        root = 2;
        from += 8;
    } else if (extended(path) && volume(path + 4)) {
        root = root_length(path);
        memcpy(text, path, root * sizeof(WCHAR));
        from += root;
    } else if (!extended(path) || drive(path + 4)) {
        from += extended(path) ? 4 : 0;
        root = from[0] == '\\' ? (from[1] == '\\' ? 2 : 1) : root_length(from);
        /* "C:" without a backslash is the beginning of the first segment. */
        if (root == 2 && drive(from))
            root = 0;
        memcpy(text, from, root * sizeof(WCHAR));
        from += root;
    } else {
        root = 4;
        memcpy(text, path, 8);
        from += 4;
    }
    WCHAR *rest = NULL;
    if (flags & CANONICAL_SLASHES) {
        if (!(rest = allocate(wcslen(from) + 1))) {
            RtlFreeHeap(PROCESS_HEAP(), 0, buffer);
            return E_OUTOFMEMORY;
        }
        for (size_t i = 0; from[i]; ++i)
            rest[i] = from[i] == '/' ? '\\' : from[i];
        from = rest;
    }
    size_t count = collapse(text, root, from);
    if (rest)
        RtlFreeHeap(PROCESS_HEAP(), 0, rest);
    if (!(flags & (KEEP_DOTS | EXTENDED)))
        while (count && text[count - 1] == '.' && !(count > 1 && text[count - 2] == '*'))
            --count;
    if (!count)
        text[count++] = '\\';
    if (count == 2 && drive(text) && length > 2)
        text[count++] = '\\';
    if ((flags & TRAILING_SLASH) && text[count - 1] != '\\')
        text[count++] = '\\';
    text[count] = 0;

    BOOL prefix = drive(text) && ((flags & EXTENDED) || ((flags & ALLOW_LONG) && count >= MAX_PATH));
    if (!prefix && count >= MAX_PATH && !(flags & (ALLOW_LONG | EXTENDED))) {
        RtlFreeHeap(PROCESS_HEAP(), 0, buffer);
        return TOO_LONG;
    }
    if (prefix)
        memcpy(buffer, L"\\\\?\\", 8);
    else
        memmove(buffer, text, (count + 1) * sizeof(WCHAR));
    *result = buffer;
    return S_OK;
}

static HRESULT put(WCHAR *out, SIZE_T room, HRESULT status, WCHAR *made)
{
    if (out && room)
        out[0] = 0;
    if (SUCCEEDED(status)) {
        size_t length = wcslen(made);
        if (length < room)
            memcpy(out, made, (length + 1) * sizeof(WCHAR));
        else
            status = TOO_SMALL;
        RtlFreeHeap(PROCESS_HEAP(), 0, made);
    }
    return status;
}

HRESULT WINAPI kb_PathCchCanonicalizeEx(WCHAR *out, SIZE_T room, const WCHAR *path, ULONG flags)
{
    WCHAR *made = NULL;
    if (!out || !room)
        return E_INVALIDARG;
    HRESULT status = kb_PathAllocCanonicalize(path, flags, &made);
    return put(out, room, status, made);
}

HRESULT WINAPI kb_PathCchCanonicalize(WCHAR *out, SIZE_T room, const WCHAR *path)
{
    return kb_PathCchCanonicalizeEx(out, room, path, 0);
}

static BOOL qualified(const WCHAR *path)
{
    return drive(path) || (path[0] == '\\' && path[1] == '\\');
}

HRESULT WINAPI kb_PathAllocCombine(const WCHAR *first, const WCHAR *second, ULONG flags, WCHAR **result)
{
    if (result)
        *result = NULL;
    if ((!first && !second) || !result)
        return E_INVALIDARG;
    if (!first || !second || !second[0])
        return kb_PathAllocCanonicalize(first ? first : second, flags, result);
    if (drive(second) && !second[2]) {
        const WCHAR whole[] = {second[0], ':', '\\', 0};
        return kb_PathAllocCanonicalize(whole, flags, result);
    }
    if (qualified(second) || !first[0])
        return kb_PathAllocCanonicalize(second, flags, result);
    size_t left = wcslen(first), right = wcslen(second);
    if (second[0] == '\\') {
        /* From the root of the first path. */
        size_t root = root_length(first);
        left = root ? root : left;
        while (left && first[left - 1] == '\\')
            --left;
    }
    if (left + right + 1 >= MAX_LENGTH)
        return TOO_LONG;
    WCHAR *joined = allocate(left + right + 2);
    if (!joined)
        return E_OUTOFMEMORY;
    memcpy(joined, first, left * sizeof(WCHAR));
    if (second[0] != '\\' && left && joined[left - 1] != '\\')
        joined[left++] = '\\';
    memcpy(joined + left, second, (right + 1) * sizeof(WCHAR));
    HRESULT status = kb_PathAllocCanonicalize(joined, flags, result);
    RtlFreeHeap(PROCESS_HEAP(), 0, joined);
    return status;
}

HRESULT WINAPI kb_PathCchCombineEx(WCHAR *out, SIZE_T room, const WCHAR *first, const WCHAR *second, ULONG flags)
{
    WCHAR *made = NULL;
    if (!out || !room || room > MAX_LENGTH)
        return E_INVALIDARG;
    HRESULT status = kb_PathAllocCombine(first, second, flags, &made);
    return put(out, room, status, made);
}

HRESULT WINAPI kb_PathCchCombine(WCHAR *out, SIZE_T room, const WCHAR *first, const WCHAR *second)
{
    return kb_PathCchCombineEx(out, room, first, second, 0);
}

HRESULT WINAPI kb_PathCchAppendEx(WCHAR *path, SIZE_T room, const WCHAR *more, ULONG flags)
{
    WCHAR *made = NULL;
    if (!path || !room)
        return E_INVALIDARG;
    /* One leading backslash does not make the second part start at the root here. */
    if (more && more[0] == '\\' && more[1] != '\\')
        ++more;
    HRESULT status = kb_PathAllocCombine(path, more, flags, &made);
    if (FAILED(status))
        return status;
    if (wcslen(made) >= room) {
        RtlFreeHeap(PROCESS_HEAP(), 0, made);
        return TOO_SMALL;
    }
    return put(path, room, status, made);
}

HRESULT WINAPI kb_PathCchAppend(WCHAR *path, SIZE_T room, const WCHAR *more)
{
    return kb_PathCchAppendEx(path, room, more, 0);
}

static BOOL measured(const WCHAR *path, SIZE_T room, size_t *length)
{
    if (!path || !room || room > MAX_LENGTH)
        return FALSE;
    for (*length = 0; *length < room; ++*length)
        if (!path[*length])
            return TRUE;
    return FALSE;
}

HRESULT WINAPI kb_PathCchAddBackslashEx(WCHAR *path, SIZE_T room, WCHAR **end, SIZE_T *left)
{
    size_t length;
    HRESULT status = S_OK;
    if (end)
        *end = NULL;
    if (left)
        *left = 0;
    if (!measured(path, room, &length))
        return E_INVALIDARG;
    if (length && path[length - 1] == '\\') {
        status = S_FALSE;
    } else if (length + 2 > room) {
        status = TOO_SMALL;
    } else {
        path[length++] = '\\';
        path[length] = 0;
    }
    if (end)
        *end = path + length;
    if (left)
        *left = room - length;
    return status;
}

HRESULT WINAPI kb_PathCchAddBackslash(WCHAR *path, SIZE_T room)
{
    return kb_PathCchAddBackslashEx(path, room, NULL, NULL);
}

HRESULT WINAPI kb_PathCchRemoveBackslashEx(WCHAR *path, SIZE_T room, WCHAR **end, SIZE_T *left)
{
    size_t length;
    if (end)
        *end = NULL;
    if (left)
        *left = 0;
    if (!measured(path, room, &length))
        return E_INVALIDARG;
    size_t root = root_length(path);
    HRESULT status = S_FALSE;
    if (length && path[length - 1] == '\\' && !(length == root && length <= 3) &&
        !(length == root && (path[0] != '\\' || length == 1 || extended(path)))) {
        path[--length] = 0;
        status = S_OK;
    }
    if (end)
        *end = path + length;
    if (left)
        *left = room - length;
    return status;
}

HRESULT WINAPI kb_PathCchRemoveBackslash(WCHAR *path, SIZE_T room)
{
    return kb_PathCchRemoveBackslashEx(path, room, NULL, NULL);
}

HRESULT WINAPI kb_PathCchFindExtension(const WCHAR *path, SIZE_T room, const WCHAR **extension)
{
    size_t length;
    if (!extension)
        return E_INVALIDARG;
    *extension = NULL;
    if (!measured(path, room, &length))
        return E_INVALIDARG;
    const WCHAR *found = path + length;
    for (size_t i = 0; i < length; ++i) {
        if (path[i] == '\\' || path[i] == ' ')
            found = path + length;
        else if (path[i] == '.')
            found = path + i;
    }
    *extension = found;
    return S_OK;
}

static BOOL good_extension(const WCHAR *extension)
{
    if (!extension)
        return FALSE;
    for (const WCHAR *p = extension + (*extension == '.'); *p; ++p)
        if (*p == '.' || *p == ' ' || *p == '\\')
            return FALSE;
    return TRUE;
}

static HRESULT set_extension(WCHAR *path, SIZE_T room, size_t at, const WCHAR *extension)
{
    if (!extension[0] || (extension[0] == '.' && !extension[1])) {
        path[at] = 0;
        return S_OK;
    }
    size_t length = wcslen(extension), dot = extension[0] != '.';
    if (at + dot + length + 1 > room)
        return TOO_SMALL;
    if (dot)
        path[at] = '.';
    memcpy(path + at + dot, extension, (length + 1) * sizeof(WCHAR));
    return S_OK;
}

HRESULT WINAPI kb_PathCchAddExtension(WCHAR *path, SIZE_T room, const WCHAR *extension)
{
    const WCHAR *old;
    if (!good_extension(extension))
        return E_INVALIDARG;
    HRESULT status = kb_PathCchFindExtension(path, room, &old);
    if (FAILED(status))
        return status;
    return *old ? S_FALSE : set_extension(path, room, (size_t)(old - path), extension);
}

HRESULT WINAPI kb_PathCchRenameExtension(WCHAR *path, SIZE_T room, const WCHAR *extension)
{
    const WCHAR *old;
    HRESULT status = kb_PathCchFindExtension(path, room, &old);
    if (FAILED(status))
        return status;
    /* The old one goes even when the new one is refused. */
    size_t at = (size_t)(old - path);
    path[at] = 0;
    return good_extension(extension) ? set_extension(path, room, at, extension) : E_INVALIDARG;
}

HRESULT WINAPI kb_PathCchRemoveExtension(WCHAR *path, SIZE_T room)
{
    const WCHAR *old;
    HRESULT status = kb_PathCchFindExtension(path, room, &old);
    if (FAILED(status))
        return status;
    if (!*old)
        return S_FALSE;
    path[old - path] = 0;
    return S_OK;
}

HRESULT WINAPI kb_PathCchRemoveFileSpec(WCHAR *path, SIZE_T room)
{
    size_t length;
    if (!measured(path, room, &length))
        return E_INVALIDARG;
    size_t root = root_length(path), at = length;
    while (at > root && path[at - 1] != '\\')
        --at;
    if (at > root)
        --at;
    /* A share's root loses its backslash as well. */
    if (at == root && root > 1 && path[0] == '\\' && path[1] == '\\' && path[at - 1] == '\\' && !drive(path + 4) &&
        !(extended(path) && volume(path + 4)) && root > 2)
        --at;
    if (at == length)
        return S_FALSE;
    path[at] = 0;
    return S_OK;
}

BOOL WINAPI kb_PathCchIsRoot(const WCHAR *path)
{
    if (!path || !path[0])
        return FALSE;
    size_t root = root_length(path), length = wcslen(path);
    if (root != length || !root)
        return FALSE;
    if (drive(path) || (extended(path) && drive(path + 4)))
        return path[length - 1] == '\\';
    if (extended(path) && volume(path + 4))
        return path[length - 1] == '\\';
    if (path[0] == '\\' && path[1] == '\\' && path[2] && path[length - 1] == '\\') {
        /* "\\server\share" is a root, with a backslash behind it is not. */
        if (extended(path))
            return !path[8];
        return FALSE;
    }
    return TRUE;
}

HRESULT WINAPI kb_PathCchStripPrefix(WCHAR *path, SIZE_T room)
{
    if (!path || !room || room > MAX_LENGTH)
        return E_INVALIDARG;
    if (starts(path, L"\\\\?\\UNC\\")) {
        size_t length = wcslen(path);
        if (room < length - 8 + 3)
            return E_INVALIDARG;
        memmove(path + 2, path + 8, (length - 8 + 1) * sizeof(WCHAR));
        return S_OK;
    }
    if (extended(path) && drive(path + 4)) {
        size_t length = wcslen(path);
        if (room < length - 4 + 1)
            return E_INVALIDARG;
        memmove(path, path + 4, (length - 4 + 1) * sizeof(WCHAR));
        return S_OK;
    }
    return S_FALSE;
}

HRESULT WINAPI kb_PathCchStripToRoot(WCHAR *path, SIZE_T room)
{
    size_t length;
    if (!measured(path, room, &length))
        return E_INVALIDARG;
    size_t root = root_length(path);
    if (!root)
        return E_INVALIDARG;
    if (root > 2 && path[0] == '\\' && path[1] == '\\' && path[root - 1] == '\\' && !(extended(path) && !starts(path + 4, L"UNC")))
        --root;
    if (root >= length)
        return S_FALSE;
    path[root] = 0;
    return S_OK;
}
