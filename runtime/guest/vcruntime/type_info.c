/* std::type_info's members. */
#include "eh.h"
#include "undname.h"

#define NO_32_BIT 0x0800

int strcmp(const char *, const char *);
size_t strlen(const char *);
void *memmove(void *, const void *, size_t);

/* std::type_info: the data is the undecorated name's cache and the decorated name, which begins with a dot. */
struct type_data {
    char *undecorated;
    char decorated[];
};

int __std_type_info_compare(const struct type_data *left, const struct type_data *right)
{
    return left == right ? 0 : strcmp(left->decorated + 1, right->decorated + 1);
}

size_t __std_type_info_hash(const struct type_data *data)
{
    size_t value = 14695981039346656037ull;
    for (const char *p = data->decorated + 1; *p; ++p)
        value = (value ^ (uint8_t)*p) * 1099511628211ull;
    return value ^ value >> 32;
}

struct name_list {
    void *next;
    void *padding;
    char text[];
};

const char *__std_type_info_name(struct type_data *data, void *list)
{
    char *known = *(char *volatile *)&data->undecorated;
    if (known)
        return known;
    char buffer[2048];
    const char *text = __unDNameEx(buffer, data->decorated + 1, sizeof buffer, NULL, NULL, NULL, TYPE_ONLY | NO_32_BIT);
    if (!text)
        text = data->decorated + 1;
    size_t length = strlen(text);
    struct name_list *entry = HeapAlloc(GetProcessHeap(), 0, sizeof *entry + length + 1);
    if (!entry)
        return NULL;
    memmove(entry->text, text, length);
    entry->text[length] = 0;
    known = InterlockedCompareExchangePointer((PVOID volatile *)&data->undecorated, entry->text, NULL);
    if (known) {
        HeapFree(GetProcessHeap(), 0, entry);
        return known;
    }
    /* The module frees its names when it goes (SLIST_HEADER: 16-aligned entries). */
    InterlockedPushEntrySList(list, (PSLIST_ENTRY)entry);
    return entry->text;
}

void __std_type_info_destroy_list(void *list)
{
    PSLIST_ENTRY entry = InterlockedFlushSList(list);
    while (entry) {
        PSLIST_ENTRY next = entry->Next;
        HeapFree(GetProcessHeap(), 0, entry);
        entry = next;
    }
}
