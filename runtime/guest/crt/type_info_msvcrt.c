/* The class type_info, which msvcrt exports under its C++ names. */
#include "internal.h"
#include <string.h>

typedef struct type_info {
    const void *const *vtable;
    char *name; /* undecorated, made on demand by who needs it */
    char decorated[];
} type_info;

void crt_type_info_destroy(type_info *self);

static void *vector_destroy(type_info *self, unsigned flags)
{
    /* Bit 1: an array, its count before it; bit 0: give the memory back. */
    if (flags & 2) {
        size_t *count = (size_t *)self - 1;

        for (size_t i = 0; i < *count; i++)
            crt_type_info_destroy((type_info *)((char *)self + i * (sizeof *self + 8)));
        free(count);
        return count;
    }
    crt_type_info_destroy(self);
    if (flags & 1)
        free(self);
    return self;
}

const void *const crt_type_info_vtable[] = {(const void *)vector_destroy};

void crt_type_info_destroy(type_info *self)
{
    self->vtable = crt_type_info_vtable;
    free(self->name);
    self->name = NULL;
}

void *crt_type_info_vector_destroy(type_info *self, unsigned flags)
{
    return vector_destroy(self, flags);
}

int crt_type_info_equal(const type_info *self, const type_info *other)
{
    return !strcmp(self->decorated + 1, other->decorated + 1);
}

int crt_type_info_unequal(const type_info *self, const type_info *other)
{
    return !crt_type_info_equal(self, other);
}

int crt_type_info_before(const type_info *self, const type_info *other)
{
    return strcmp(self->decorated + 1, other->decorated + 1) < 0;
}

const char *crt_type_info_raw_name(const type_info *self)
{
    return self->decorated;
}
