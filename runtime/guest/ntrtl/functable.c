/* From code addresses to images and function entries: the loader's module list, and tables that programs register. */
#include "rtl.h"
#include <unwind.h>

enum { TABLE_SORTED, TABLE_UNSORTED, TABLE_CALLBACK, TABLE_GROWABLE };

struct dynamic_table {
    struct dynamic_table *next;
    ULONG64 low, high, base, id;
    PRUNTIME_FUNCTION functions;
    ULONG count, limit, kind;
    PGET_RUNTIME_FUNCTION_CALLBACK callback;
    PVOID context;
};

static struct dynamic_table *tables;
static spin_lock tables_lock;

PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID base)
{
    PIMAGE_DOS_HEADER dos = base;
    if (!base || base == (PVOID)-1 || dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0 || dos->e_lfanew >= 0x10000000)
        return NULL;
    PIMAGE_NT_HEADERS nt = (PIMAGE_NT_HEADERS)((uint8_t *)base + dos->e_lfanew);
    return nt->Signature == IMAGE_NT_SIGNATURE ? nt : NULL;
}

NTSTATUS NTAPI RtlImageNtHeaderEx(ULONG flags, PVOID base, ULONG64 size, PIMAGE_NT_HEADERS *headers)
{
    if (!headers)
        return STATUS_INVALID_PARAMETER;
    *headers = NULL;
    if (!base || base == (PVOID)-1 || (flags & ~3u))
        return STATUS_INVALID_PARAMETER;
    BOOL range = !(flags & 1);
    if (range && size < sizeof(IMAGE_DOS_HEADER))
        return STATUS_INVALID_IMAGE_FORMAT;
    PIMAGE_DOS_HEADER dos = base;
    if (dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0 || dos->e_lfanew >= 0x10000000)
        return STATUS_INVALID_IMAGE_FORMAT;
    if (range && (ULONG64)dos->e_lfanew + sizeof(IMAGE_NT_HEADERS) > size)
        return STATUS_INVALID_IMAGE_FORMAT;
    *headers = RtlImageNtHeader(base);
    return *headers ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

PVOID NTAPI RtlImageRvaToVa(PIMAGE_NT_HEADERS nt, PVOID base, ULONG rva, PIMAGE_SECTION_HEADER *last)
{
    PIMAGE_SECTION_HEADER section = IMAGE_FIRST_SECTION(nt);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; ++i, ++section)
        if (rva >= section->VirtualAddress && rva < section->VirtualAddress + section->SizeOfRawData) {
            if (last)
                *last = section;
            return (uint8_t *)base + (rva - section->VirtualAddress) + section->PointerToRawData;
        }
    return NULL;
}

/* Where an address of the image lies in a file that is mapped flat. */
PVOID NTAPI RtlAddressInSectionTable(PIMAGE_NT_HEADERS nt, PVOID base, ULONG rva)
{
    return RtlImageRvaToVa(nt, base, rva, NULL);
}

PIMAGE_SECTION_HEADER NTAPI RtlImageRvaToSection(PIMAGE_NT_HEADERS nt, PVOID base, ULONG rva)
{
    PIMAGE_SECTION_HEADER section = IMAGE_FIRST_SECTION(nt);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; ++i, ++section)
        if (rva >= section->VirtualAddress && rva < section->VirtualAddress + section->SizeOfRawData)
            return section;
    return NULL;
}

PVOID NTAPI RtlImageDirectoryEntryToData(PVOID base, BOOLEAN mapped, USHORT entry, PULONG size)
{
    if ((uintptr_t)base & 3) {
        if ((uintptr_t)base & 1)
            mapped = FALSE;
        base = (PVOID)((uintptr_t)base & ~(uintptr_t)3);
    }
    PIMAGE_NT_HEADERS nt = RtlImageNtHeader(base);
    if (!nt || entry >= 16)
        return NULL;
    PIMAGE_DATA_DIRECTORY directory;
    ULONG headers;
    if (nt->OptionalHeader.Magic == IMAGE_NT_OPTIONAL_HDR32_MAGIC) {
        PIMAGE_NT_HEADERS32 nt32 = (PIMAGE_NT_HEADERS32)nt;
        if (entry >= nt32->OptionalHeader.NumberOfRvaAndSizes)
            return NULL;
        directory = &nt32->OptionalHeader.DataDirectory[entry];
        headers = nt32->OptionalHeader.SizeOfHeaders;
    } else {
        if (entry >= nt->OptionalHeader.NumberOfRvaAndSizes)
            return NULL;
        directory = &nt->OptionalHeader.DataDirectory[entry];
        headers = nt->OptionalHeader.SizeOfHeaders;
    }
    if (!directory->VirtualAddress)
        return NULL;
    *size = directory->Size;
    if (mapped || directory->VirtualAddress < headers)
        return (uint8_t *)base + directory->VirtualAddress;
    return RtlImageRvaToVa(nt, base, directory->VirtualAddress, NULL);
}

/* LDR_DATA_TABLE_ENTRY by offset: InLoadOrderLinks 0, DllBase 0x30, SizeOfImage 0x40. */
static PVOID module_of(ULONG64 pc, ULONG64 *size)
{
    uint8_t *ldr = AT(uint8_t *, PEB_POINTER(), PEB_LDR);
    if (!ldr)
        return NULL;
    LIST_ENTRY *head = &AT(LIST_ENTRY, ldr, 0x10);
    for (LIST_ENTRY *link = head->Flink; link && link != head; link = link->Flink) {
        ULONG64 base = AT(ULONG64, link, 0x30);
        ULONG bytes = AT(ULONG, link, 0x40);
        if (pc - base < bytes) {
            *size = bytes;
            return (PVOID)base;
        }
    }
    return NULL;
}

PVOID NTAPI rtl_PcToFileHeader(PVOID pc, PVOID *base)
{
    ULONG64 size;
    return *base = module_of((ULONG64)pc, &size);
}

static PRUNTIME_FUNCTION search_sorted(PRUNTIME_FUNCTION functions, ULONG count, ULONG64 rva)
{
    ULONG low = 0, high = count;
    while (low < high) {
        ULONG middle = (low + high) / 2;
        if (rva < functions[middle].BeginAddress)
            high = middle;
        else if (rva >= functions[middle].EndAddress)
            low = middle + 1;
        else
            return &functions[middle];
    }
    return NULL;
}

static PRUNTIME_FUNCTION search_dynamic(ULONG64 pc, PULONG64 base)
{
    PRUNTIME_FUNCTION found = NULL;
    PGET_RUNTIME_FUNCTION_CALLBACK callback = NULL;
    PVOID context = NULL;
    if (!tables)
        return NULL;
    spin_acquire(&tables_lock);
    for (struct dynamic_table *table = tables; table && !found; table = table->next) {
        if (pc < table->low || pc >= table->high)
            continue;
        *base = table->base;
        if (table->kind == TABLE_CALLBACK) {
            callback = table->callback;
            context = table->context;
            break;
        }
        if (table->kind != TABLE_UNSORTED) {
            found = search_sorted(table->functions, table->count, pc - table->base);
        } else {
            for (ULONG i = 0; i < table->count && !found; ++i)
                if (pc - table->base >= table->functions[i].BeginAddress && pc - table->base < table->functions[i].EndAddress)
                    found = &table->functions[i];
        }
    }
    spin_release(&tables_lock);
    return callback ? callback(pc, context) : found;
}

static PRUNTIME_FUNCTION primary(ULONG64 base, PRUNTIME_FUNCTION function)
{
    return function && (function->UnwindData & 1) ? (PRUNTIME_FUNCTION)(base + function->UnwindData - 1) : function;
}

PRUNTIME_FUNCTION NTAPI rtl_LookupFunctionTable(ULONG64 pc, PULONG64 base, PULONG size)
{
    ULONG64 image_size;
    PVOID image = module_of(pc, &image_size);
    *base = (ULONG64)image;
    *size = 0;
    return image ? RtlImageDirectoryEntryToData(image, TRUE, IMAGE_DIRECTORY_ENTRY_EXCEPTION, size) : NULL;
}

PRUNTIME_FUNCTION NTAPI rtl_LookupFunctionEntry(ULONG64 pc, PULONG64 base, PUNWIND_HISTORY_TABLE history)
{
    ULONG size;
    PRUNTIME_FUNCTION functions = rtl_LookupFunctionTable(pc, base, &size);
    if (!*base)
        return search_dynamic(pc, base);
    if (!functions)
        return NULL;
    return primary(*base, search_sorted(functions, size / sizeof *functions, pc - *base));
}

static BOOLEAN add_table(struct dynamic_table table)
{
    struct dynamic_table *entry = RtlAllocateHeap(PROCESS_HEAP(), 0, sizeof *entry);
    if (!entry)
        return FALSE;
    *entry = table;
    spin_acquire(&tables_lock);
    entry->next = tables;
    tables = entry;
    spin_release(&tables_lock);
    return TRUE;
}

BOOLEAN NTAPI rtl_AddFunctionTable(PRUNTIME_FUNCTION functions, DWORD count, DWORD64 base)
{
    struct dynamic_table table = {.base = base, .id = (ULONG64)functions, .functions = functions, .count = count, .low = ~0ull};
    for (DWORD i = 0; i < count; ++i) {
        if (base + functions[i].BeginAddress < table.low)
            table.low = base + functions[i].BeginAddress;
        if (base + functions[i].EndAddress > table.high)
            table.high = base + functions[i].EndAddress;
        if (i && functions[i].BeginAddress < functions[i - 1].BeginAddress)
            table.kind = TABLE_UNSORTED;
    }
    return add_table(table);
}

BOOLEAN NTAPI rtl_InstallFunctionTableCallback(ULONG64 id, ULONG64 base, DWORD length, PGET_RUNTIME_FUNCTION_CALLBACK callback,
                                               PVOID context, const WCHAR *out_of_process)
{
    if ((id & 3) != 3) {
        set_last_error(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    return add_table((struct dynamic_table){.low = base,
                                            .high = base + length,
                                            .base = base,
                                            .id = id,
                                            .kind = TABLE_CALLBACK,
                                            .callback = callback,
                                            .context = context});
}

NTSTATUS NTAPI rtl_AddGrowableFunctionTable(PVOID *handle, PRUNTIME_FUNCTION functions, DWORD count, DWORD limit, ULONG_PTR low,
                                            ULONG_PTR high)
{
    struct dynamic_table table = {.low = low,
                                  .high = high,
                                  .base = low,
                                  .id = (ULONG64)functions,
                                  .functions = functions,
                                  .count = count,
                                  .limit = limit,
                                  .kind = TABLE_GROWABLE};
    if (!add_table(table))
        return STATUS_NO_MEMORY;
    spin_acquire(&tables_lock);
    for (struct dynamic_table *entry = tables; entry; entry = entry->next)
        if (entry->functions == functions && entry->kind == TABLE_GROWABLE) {
            *handle = entry;
            break;
        }
    spin_release(&tables_lock);
    return STATUS_SUCCESS;
}

void NTAPI rtl_GrowFunctionTable(PVOID handle, DWORD count)
{
    struct dynamic_table *table = handle;
    if (count <= table->limit)
        table->count = count;
}

static BOOLEAN remove_table(ULONG64 id, struct dynamic_table *which)
{
    struct dynamic_table *found = NULL;
    spin_acquire(&tables_lock);
    for (struct dynamic_table **link = &tables; *link; link = &(*link)->next)
        if (which ? *link == which : (*link)->id == id) {
            found = *link;
            *link = found->next;
            break;
        }
    spin_release(&tables_lock);
    if (found)
        RtlFreeHeap(PROCESS_HEAP(), 0, found);
    return found != NULL;
}

void NTAPI rtl_DeleteGrowableFunctionTable(PVOID handle)
{
    remove_table(0, handle);
}

BOOLEAN NTAPI rtl_DeleteFunctionTable(PRUNTIME_FUNCTION functions)
{
    return remove_table((ULONG64)functions, NULL);
}
