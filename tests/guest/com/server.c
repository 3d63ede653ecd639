/* An in-process COM server: a class whose objects are IPersist and may be called from any thread. */
#define COBJMACROS
#define INITGUID
#include <windows.h>
#include <objbase.h>

DEFINE_GUID(CLSID_Tested, 0x7A1D5C01, 0x2B3C, 0x4D5E, 0x8F, 0x90, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6);
static LONG objects;

typedef struct {
    IPersist base;
    LONG references;
    IUnknown *marshaler;
} Object;

static HRESULT WINAPI query(IPersist *self, REFIID iid, void **result)
{
    *result = NULL;
    if (IsEqualIID(iid, &IID_IMarshal)) return IUnknown_QueryInterface(((Object *)self)->marshaler, iid, result);
    if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IPersist)) return E_NOINTERFACE;
    *result = self;
    IPersist_AddRef(self);
    return S_OK;
}
static ULONG WINAPI add(IPersist *self) { return InterlockedIncrement(&((Object *)self)->references); }
static ULONG WINAPI release(IPersist *self)
{
    Object *object = (Object *)self;
    ULONG left = InterlockedDecrement(&object->references);
    if (!left) {
        IUnknown_Release(object->marshaler);
        HeapFree(GetProcessHeap(), 0, object);
        InterlockedDecrement(&objects);
    }
    return left;
}
static HRESULT WINAPI class_of(IPersist *self, CLSID *clsid)
{
    *clsid = CLSID_Tested;
    return S_OK;
}
static IPersistVtbl methods = {query, add, release, class_of};

static HRESULT WINAPI factory_query(IClassFactory *self, REFIID iid, void **result)
{
    *result = IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IClassFactory) ? self : NULL;
    return *result ? S_OK : E_NOINTERFACE;
}
static ULONG WINAPI factory_count(IClassFactory *self) { return 1; }
static HRESULT WINAPI create(IClassFactory *self, IUnknown *outer, REFIID iid, void **result)
{
    Object *object;
    HRESULT code;
    *result = NULL;
    if (outer) return CLASS_E_NOAGGREGATION;
    object = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *object);
    object->base.lpVtbl = &methods;
    object->references = 1;
    InterlockedIncrement(&objects);
    CoCreateFreeThreadedMarshaler((IUnknown *)object, &object->marshaler);
    code = IPersist_QueryInterface(&object->base, iid, result);
    IPersist_Release(&object->base);
    return code;
}
static HRESULT WINAPI lock(IClassFactory *self, BOOL on) { return S_OK; }
static IClassFactoryVtbl factory_methods = {factory_query, factory_count, factory_count, create, lock};
static IClassFactory factory = {&factory_methods};

__declspec(dllexport) HRESULT WINAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void **result)
{
    *result = NULL;
    return IsEqualCLSID(clsid, &CLSID_Tested) ? IClassFactory_QueryInterface(&factory, iid, result) : CLASS_E_CLASSNOTAVAILABLE;
}
__declspec(dllexport) HRESULT WINAPI DllCanUnloadNow(void) { return objects ? S_FALSE : S_OK; }
