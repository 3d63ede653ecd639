/* Streams over global memory and over files. */
#include "ole.h"

/* Memory that a stream and its clones share; each has a position of its own. */
typedef struct {
    LONG references;
    ULONGLONG size;
    BOOL owned;
    HGLOBAL memory;
} Block;

typedef struct {
    IStream base;
    LONG references;
    Block *block; /* NULL for a file */
    HANDLE file;
    ULONGLONG position;
    DWORD mode;
    WCHAR *name;
} Stream;

static IStreamVtbl methods;

static HRESULT WINAPI query(IStream *self, REFIID iid, void **result)
{
    if (!result)
        return E_POINTER;
    *result = NULL;
    if (!same_guid(iid, &id_unknown) && !same_guid(iid, &id_sequential_stream) && !same_guid(iid, &id_stream))
        return E_NOINTERFACE;
    *result = self;
    IStream_AddRef(self);
    return S_OK;
}

static ULONG WINAPI add_reference(IStream *self) { return InterlockedIncrement(&((Stream *)self)->references); }

static ULONG WINAPI release(IStream *self)
{
    Stream *stream = (Stream *)self;
    ULONG left = InterlockedDecrement(&stream->references);
    if (left)
        return left;
    if (stream->file)
        CloseHandle(stream->file);
    else if (!InterlockedDecrement(&stream->block->references)) {
        if (stream->block->owned)
            GlobalFree(stream->block->memory);
        release_memory(stream->block);
    }
    if (stream->name)
        release_memory(stream->name);
    release_memory(stream);
    return 0;
}

static HRESULT failure(void)
{
    DWORD error = GetLastError();
    switch (error) {
    case ERROR_FILE_NOT_FOUND: return STG_E_FILENOTFOUND;
    case ERROR_PATH_NOT_FOUND: return STG_E_PATHNOTFOUND;
    case ERROR_ACCESS_DENIED: return STG_E_ACCESSDENIED;
    case ERROR_FILE_EXISTS: return STG_E_FILEALREADYEXISTS;
    case ERROR_SHARING_VIOLATION: return STG_E_SHAREVIOLATION;
    case ERROR_DISK_FULL: return STG_E_MEDIUMFULL;
    }
    return HRESULT_FROM_WIN32(error);
}

static HRESULT WINAPI read(IStream *self, void *buffer, ULONG count, ULONG *done)
{
    Stream *stream = (Stream *)self;
    ULONG taken = 0;
    if (done)
        *done = 0;
    if (!buffer)
        return STG_E_INVALIDPOINTER;
    if (stream->file) {
        if (!ReadFile(stream->file, buffer, count, &taken, NULL))
            return failure();
    } else {
        Block *block = stream->block;
        if (stream->position < block->size) {
            ULONGLONG rest = block->size - stream->position;
            char *data = GlobalLock(block->memory);
            if (!data)
                return STG_E_INSUFFICIENTMEMORY;
            taken = rest < count ? (ULONG)rest : count;
            memcpy(buffer, data + stream->position, taken);
            GlobalUnlock(block->memory);
            stream->position += taken;
        }
    }
    if (done)
        *done = taken;
    return stream->file && taken < count ? S_FALSE : S_OK;
}

static HRESULT WINAPI set_size(IStream *self, ULARGE_INTEGER size)
{
    Stream *stream = (Stream *)self;
    if (stream->file) {
        LARGE_INTEGER zero = {0}, old, wanted;
        wanted.QuadPart = size.QuadPart;
        if (!SetFilePointerEx(stream->file, zero, &old, FILE_CURRENT) || !SetFilePointerEx(stream->file, wanted, NULL, FILE_BEGIN))
            return failure();
        BOOL set = SetEndOfFile(stream->file);
        HRESULT result = set ? S_OK : failure();
        SetFilePointerEx(stream->file, old, NULL, FILE_BEGIN);
        return result;
    }
    Block *block = stream->block;
    if (size.HighPart)
        return STG_E_INSUFFICIENTMEMORY;
    if (size.QuadPart > GlobalSize(block->memory) || size.QuadPart < block->size) {
        HGLOBAL moved = GlobalReAlloc(block->memory, size.LowPart ? size.LowPart : 1, GMEM_MOVEABLE | GMEM_ZEROINIT);
        if (!moved)
            return STG_E_INSUFFICIENTMEMORY;
        block->memory = moved;
    }
    block->size = size.QuadPart;
    return S_OK;
}

static HRESULT WINAPI write(IStream *self, const void *buffer, ULONG count, ULONG *done)
{
    Stream *stream = (Stream *)self;
    ULONG put = count;
    if (done)
        *done = 0;
    if (!buffer)
        return STG_E_INVALIDPOINTER;
    if (stream->file) {
        if (!WriteFile(stream->file, buffer, count, &put, NULL))
            return failure();
    } else if (count) {
        Block *block = stream->block;
        ULARGE_INTEGER end = {.QuadPart = stream->position + count};
        if (end.QuadPart > block->size) {
            HRESULT result = set_size(self, end);
            if (FAILED(result))
                return result;
        }
        char *data = GlobalLock(block->memory);
        if (!data)
            return STG_E_INSUFFICIENTMEMORY;
        memcpy(data + stream->position, buffer, count);
        GlobalUnlock(block->memory);
        stream->position += count;
    }
    if (done)
        *done = put;
    return S_OK;
}

static HRESULT WINAPI seek(IStream *self, LARGE_INTEGER move, DWORD origin, ULARGE_INTEGER *result)
{
    Stream *stream = (Stream *)self;
    if (origin > STREAM_SEEK_END)
        return STG_E_INVALIDFUNCTION;
    if (stream->file) {
        LARGE_INTEGER now;
        if (!SetFilePointerEx(stream->file, move, &now, origin))
            return failure();
        if (result)
            result->QuadPart = now.QuadPart;
        return S_OK;
    }
    LONGLONG start = origin == STREAM_SEEK_SET ? 0 : origin == STREAM_SEEK_CUR ? stream->position : stream->block->size;
    /* Only the low half counts, signed from the position or the end, as over 32 bits of memory. */
    LONGLONG target = start + (origin == STREAM_SEEK_SET ? (LONGLONG)move.LowPart : (LONG)move.LowPart);
    if (target < 0)
        return STG_E_SEEKERROR;
    stream->position = target;
    if (result)
        result->QuadPart = target;
    return S_OK;
}

static HRESULT WINAPI copy_to(IStream *self, IStream *target, ULARGE_INTEGER count, ULARGE_INTEGER *got, ULARGE_INTEGER *put)
{
    char buffer[1024];
    ULONGLONG taken = 0, given = 0;
    HRESULT result = S_OK;
    if (!target)
        return STG_E_INVALIDPOINTER;
    while (count.QuadPart && SUCCEEDED(result)) {
        ULONG part = count.QuadPart < sizeof buffer ? (ULONG)count.QuadPart : sizeof buffer, done = 0, written = 0;
        result = IStream_Read(self, buffer, part, &done);
        taken += done;
        if (FAILED(result) || !done)
            break;
        result = IStream_Write(target, buffer, done, &written);
        given += written;
        count.QuadPart -= done;
        if (done < part)
            break;
    }
    if (got)
        got->QuadPart = taken;
    if (put)
        put->QuadPart = given;
    return FAILED(result) ? result : S_OK;
}

static HRESULT WINAPI commit(IStream *self, DWORD flags)
{
    Stream *stream = (Stream *)self;
    return stream->file && stream->mode & 3 && !FlushFileBuffers(stream->file) ? failure() : S_OK;
}

static HRESULT WINAPI revert(IStream *self) { return ((Stream *)self)->file ? E_NOTIMPL : S_OK; }

static HRESULT WINAPI lock(IStream *self, ULARGE_INTEGER at, ULARGE_INTEGER count, DWORD kind)
{
    return ((Stream *)self)->file ? E_NOTIMPL : STG_E_INVALIDFUNCTION;
}

static HRESULT WINAPI status(IStream *self, STATSTG *about, DWORD flags)
{
    Stream *stream = (Stream *)self;
    if (!about)
        return STG_E_INVALIDPOINTER;
    memset(about, 0, sizeof *about);
    about->type = STGTY_STREAM;
    about->grfMode = stream->mode;
    if (!stream->file) {
        about->cbSize.QuadPart = stream->block->size;
        return S_OK;
    }
    BY_HANDLE_FILE_INFORMATION file;
    if (!GetFileInformationByHandle(stream->file, &file))
        return failure();
    about->cbSize.QuadPart = (ULONGLONG)file.nFileSizeHigh << 32 | file.nFileSizeLow;
    about->mtime = file.ftLastWriteTime;
    about->ctime = file.ftCreationTime;
    about->atime = file.ftLastAccessTime;
    if (!(flags & STATFLAG_NONAME)) {
        SIZE_T size = ((SIZE_T)lstrlenW(stream->name) + 1) * sizeof(WCHAR);
        about->pwcsName = HeapAlloc(GetProcessHeap(), 0, size); /* task memory is the process heap */
        if (!about->pwcsName)
            return STG_E_INSUFFICIENTMEMORY;
        memcpy(about->pwcsName, stream->name, size);
    }
    return S_OK;
}

static Stream *make(void)
{
    Stream *stream = allocate(sizeof *stream);
    if (stream) {
        stream->base.lpVtbl = &methods;
        stream->references = 1;
    }
    return stream;
}

static HRESULT WINAPI clone(IStream *self, IStream **result)
{
    Stream *stream = (Stream *)self, *made;
    if (!result)
        return STG_E_INVALIDPOINTER;
    *result = NULL;
    if (stream->file)
        return E_NOTIMPL;
    made = make();
    if (!made)
        return E_OUTOFMEMORY;
    made->block = stream->block;
    made->position = stream->position;
    made->mode = stream->mode;
    InterlockedIncrement(&stream->block->references);
    *result = &made->base;
    return S_OK;
}

static IStreamVtbl methods = {query, add_reference, release, read, write, seek, set_size, copy_to, commit, revert, lock, lock, status, clone};

HRESULT WINAPI CreateStreamOnHGlobal(HGLOBAL memory, BOOL delete_on_release, IStream **result)
{
    if (!result)
        return E_INVALIDARG;
    *result = NULL;
    Stream *stream = make();
    Block *block = allocate(sizeof *block);
    if (!stream || !block)
        return E_OUTOFMEMORY;
    block->references = 1;
    block->owned = delete_on_release;
    block->size = memory ? GlobalSize(memory) : 0;
    block->memory = memory ? memory : GlobalAlloc(GMEM_MOVEABLE | GMEM_NODISCARD | GMEM_SHARE, 1);
    if (!block->memory) {
        release_memory(block);
        release_memory(stream);
        return E_OUTOFMEMORY;
    }
    stream->block = block;
    *result = &stream->base;
    return S_OK;
}

HRESULT WINAPI GetHGlobalFromStream(IStream *self, HGLOBAL *result)
{
    Stream *stream = (Stream *)self;
    if (!self || !result || self->lpVtbl != &methods || stream->file)
        return E_INVALIDARG;
    *result = stream->block->memory;
    return S_OK;
}

IStream *WINAPI SHCreateMemStream(const BYTE *data, UINT size)
{
    IStream *stream = NULL;
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, size ? size : 1);
    if (!memory)
        return NULL;
    if (FAILED(CreateStreamOnHGlobal(memory, TRUE, &stream))) {
        GlobalFree(memory);
        return NULL;
    }
    ((Stream *)stream)->block->size = data ? size : 0;
    if (data && size) {
        memcpy(GlobalLock(memory), data, size);
        GlobalUnlock(memory);
    }
    ((Stream *)stream)->mode = STGM_READWRITE;
    return stream;
}

HRESULT WINAPI SHCreateStreamOnFileEx(const WCHAR *path, DWORD mode, DWORD attributes, BOOL create, IStream *template, IStream **result)
{
    static const DWORD shares[] = {FILE_SHARE_READ | FILE_SHARE_WRITE, 0, FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE};
    DWORD access = (mode & 3) == STGM_READ ? GENERIC_READ : (mode & 3) == STGM_WRITE ? GENERIC_WRITE : GENERIC_READ | GENERIC_WRITE;
    DWORD share = mode >> 4 & 7, disposition;
    if (!result || !path)
        return E_INVALIDARG;
    *result = NULL;
    if (template || share > 4 || (mode & 3) == 3 || mode & STGM_TRANSACTED)
        return E_INVALIDARG;
    if (mode & STGM_CREATE)
        disposition = CREATE_ALWAYS;
    else
        disposition = create ? CREATE_NEW : OPEN_EXISTING;
    HANDLE file = CreateFileW(path, access, shares[share] | FILE_SHARE_DELETE, NULL, disposition, attributes, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return HRESULT_FROM_WIN32(GetLastError());
    Stream *stream = make();
    SIZE_T size = ((SIZE_T)lstrlenW(path) + 1) * sizeof(WCHAR);
    if (stream)
        stream->name = allocate(size);
    if (!stream || !stream->name) {
        CloseHandle(file);
        return E_OUTOFMEMORY;
    }
    memcpy(stream->name, path, size);
    stream->file = file;
    stream->mode = mode;
    *result = &stream->base;
    return S_OK;
}

HRESULT WINAPI SHCreateStreamOnFileW(const WCHAR *path, DWORD mode, IStream **result)
{
    /* This one makes a file that is not there only with STGM_CREATE, and knows no flags beyond. */
    if (mode & ~(STGM_CREATE | 0x73))
        return E_INVALIDARG;
    return SHCreateStreamOnFileEx(path, mode, 0, FALSE, NULL, result);
}

HRESULT WINAPI SHCreateStreamOnFileA(const char *path, DWORD mode, IStream **result)
{
    WCHAR wide[MAX_PATH];
    if (!path || !MultiByteToWideChar(CP_ACP, 0, path, -1, wide, MAX_PATH))
        return path ? HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE) : HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
    return SHCreateStreamOnFileW(wide, mode, result);
}
