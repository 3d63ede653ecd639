/* Identifiers, the thread's apartment, and class objects of the system's own classes. */
#include "ole.h"

const GUID id_unknown = {0, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const GUID id_stream = {0xC, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const GUID id_sequential_stream = {0x0C733A30, 0x2A1C, 0x11CE, {0xAD, 0xE5, 0, 0xAA, 0, 0x44, 0x77, 0x3D}};
const GUID id_marshal = {3, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
const GUID id_class_factory = {1, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID class_interface_table = {0x323, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};

HRESULT apartment(UINT64 *id)
{
    static HRESULT (WINAPI *identify)(UINT64 *);
    if (!identify) {
        HMODULE combase = LoadLibraryW(L"combase.dll");
        identify = (void *)GetProcAddress(combase, "RoGetApartmentIdentifier");
        if (!identify)
            return E_FAIL;
    }
    return identify(id);
}

static HRESULT WINAPI factory_query(IClassFactory *self, REFIID iid, void **result)
{
    *result = same_guid(iid, &id_unknown) || same_guid(iid, &id_class_factory) ? self : NULL;
    return *result ? S_OK : E_NOINTERFACE;
}

static ULONG WINAPI factory_count(IClassFactory *self) { return 1; }

static HRESULT WINAPI factory_create(IClassFactory *self, IUnknown *outer, REFIID iid, void **result)
{
    *result = NULL;
    return outer ? CLASS_E_NOAGGREGATION : global_interface_table(iid, result);
}

static HRESULT WINAPI factory_lock(IClassFactory *self, BOOL lock) { return S_OK; }

static IClassFactoryVtbl factory_methods = {factory_query, factory_count, factory_count, factory_create, factory_lock};
static IClassFactory factory = {&factory_methods};

HRESULT WINAPI DllGetClassObject(REFCLSID clsid, REFIID iid, void **result)
{
    if (!result)
        return E_INVALIDARG;
    *result = NULL;
    return same_guid(clsid, &class_interface_table) ? factory_query(&factory, iid, result) : CLASS_E_CLASSNOTAVAILABLE;
}

/* The system's own classes stay. */
HRESULT WINAPI DllCanUnloadNow(void) { return S_FALSE; }
