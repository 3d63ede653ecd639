/* Objects that the system itself makes: their tables of methods must be code in the program's memory. */
#pragma once
#define COBJMACROS
#define CINTERFACE
#include <windows.h>
#include <objidl.h>
#include <oaidl.h>
#include <stddef.h>

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);

#define same_guid(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)

static inline void *allocate(size_t size) { return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size); }
static inline void release_memory(void *block) { HeapFree(GetProcessHeap(), 0, block); }

extern const GUID id_unknown, id_stream, id_sequential_stream, id_marshal, id_class_factory;

/* A number for the apartment of the calling thread; CO_E_NOTINITIALIZED where it has none. */
HRESULT apartment(UINT64 *id);

HRESULT WINAPI CreateStreamOnHGlobal(HGLOBAL memory, BOOL delete_on_release, IStream **result);
HRESULT global_interface_table(REFIID iid, void **result);
BOOL is_agile(IUnknown *object);
