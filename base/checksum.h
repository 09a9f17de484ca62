/* Sizes and checksums of large files, remembered: a file whose size, inode and times are as they
 * were is not read again. */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include "base/error.h"

#include <stdint.h>

/* Size and crc32 of the file at path. `memory` is a JSON file in which they are looked up and noted
 * (NULL: they are not remembered; one that is missing is made; one that is not ours to write does
 * no harm). One that holds something else, and a file that is written to while it is read, are
 * BASE_BAD_INPUT. */
bool base_checksum(const char *path, const char *memory, uint64_t *size, uint32_t *crc,
                   base_error *error);

#endif
