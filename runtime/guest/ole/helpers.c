/* shlwapi's helpers around interfaces. */
#include "ole.h"
#include <ocidl.h>
#include <servprov.h>
#include <shlwapi.h>

static const GUID id_service = {0x6D5140C1, 0x7436, 0x11CE, {0x80, 0x34, 0x00, 0xAA, 0x00, 0x60, 0x09, 0xFA}};
static const GUID id_site = {0xFC4801A3, 0x2BA9, 0x11CF, {0xA2, 0x29, 0x00, 0xAA, 0x00, 0x3D, 0x73, 0x52}};

HRESULT WINAPI (IStream_Read)(IStream *stream, void *buffer, ULONG count)
{
    ULONG done = 0;
    HRESULT result = stream->lpVtbl->Read(stream, buffer, count, &done);
    return SUCCEEDED(result) && done != count ? E_FAIL : result;
}

HRESULT WINAPI (IStream_Write)(IStream *stream, const void *buffer, ULONG count)
{
    ULONG done = 0;
    HRESULT result = stream->lpVtbl->Write(stream, buffer, count, &done);
    return SUCCEEDED(result) && done != count ? E_FAIL : result;
}

HRESULT WINAPI IStream_Reset(IStream *stream)
{
    static const LARGE_INTEGER start;
    return stream->lpVtbl->Seek(stream, start, STREAM_SEEK_SET, NULL);
}

HRESULT WINAPI IStream_Size(IStream *stream, ULARGE_INTEGER *size)
{
    STATSTG about;
    HRESULT result = stream->lpVtbl->Stat(stream, &about, STATFLAG_NONAME);
    size->QuadPart = SUCCEEDED(result) ? about.cbSize.QuadPart : 0;
    return result;
}

HRESULT WINAPI IStream_Copy(IStream *from, IStream *to, DWORD count)
{
    ULARGE_INTEGER wanted = {.QuadPart = count}, got;
    HRESULT result = from->lpVtbl->CopyTo(from, to, wanted, &got, NULL);
    return SUCCEEDED(result) && got.QuadPart != count ? E_FAIL : result;
}

void WINAPI IUnknown_AtomicRelease(void **place)
{
    IUnknown *old = place ? InterlockedExchangePointer(place, NULL) : NULL;
    if (old)
        IUnknown_Release(old);
}

void WINAPI IUnknown_Set(IUnknown **place, IUnknown *object)
{
    IUnknown_AtomicRelease((void **)place);
    if (object) {
        IUnknown_AddRef(object);
        *place = object;
    }
}

HRESULT WINAPI IUnknown_QueryService(IUnknown *object, REFGUID service, REFIID iid, void **result)
{
    IServiceProvider *provider;
    HRESULT code;
    *result = NULL;
    if (!object)
        return E_FAIL;
    code = IUnknown_QueryInterface(object, &id_service, (void **)&provider);
    if (SUCCEEDED(code)) {
        code = provider->lpVtbl->QueryService(provider, service, iid, result);
        provider->lpVtbl->Release(provider);
    }
    return code;
}

HRESULT WINAPI IUnknown_SetSite(IUnknown *object, IUnknown *site)
{
    IObjectWithSite *sited;
    HRESULT code = object ? IUnknown_QueryInterface(object, &id_site, (void **)&sited) : E_FAIL;
    if (SUCCEEDED(code)) {
        code = sited->lpVtbl->SetSite(sited, site);
        sited->lpVtbl->Release(sited);
    }
    return code;
}

HRESULT WINAPI IUnknown_GetSite(IUnknown *object, REFIID iid, void **result)
{
    IObjectWithSite *sited;
    HRESULT code = object ? IUnknown_QueryInterface(object, &id_site, (void **)&sited) : E_FAIL;
    *result = NULL;
    if (SUCCEEDED(code)) {
        code = sited->lpVtbl->GetSite(sited, iid, result);
        sited->lpVtbl->Release(sited);
    }
    return code;
}

HRESULT WINAPI QISearch(void *object, LPCQITAB rows, REFIID iid, void **result)
{
    if (!result)
        return E_POINTER;
    *result = NULL;
    for (LPCQITAB row = rows; row->piid; row++)
        if (same_guid(row->piid, iid))
            *result = (char *)object + row->dwOffset;
    if (!*result && same_guid(iid, &id_unknown) && rows->piid)
        *result = (char *)object + rows->dwOffset;
    if (!*result)
        return E_NOINTERFACE;
    IUnknown_AddRef((IUnknown *)*result);
    return S_OK;
}
