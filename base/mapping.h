/* Files mapped into memory, to be read: larger than memory, paged in and out by the kernel. */
#ifndef BASE_MAPPING_H
#define BASE_MAPPING_H

#include "base/error.h"

#include <stdint.h>

typedef struct base_mapping {
    void *data; /* to be read alone; NULL: an empty file */
    size_t size;
} base_mapping;

/* Maps FOLDER/NAME, a plain file of exactly `size` bytes, or else fails and names both sizes. The
 * file must not be cut short meanwhile. Start with {0}. */
bool base_mapping_open(base_mapping *mapping, const char *folder, const char *name, uint64_t size,
                       base_error *error);
void base_mapping_close(base_mapping *mapping);

#endif
