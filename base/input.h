/* What a user names as data: patterns of files, and standard input. */
#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include "base/memory.h"

#include <stdint.h>

/* Whether a name is a pattern: it has one of *, ? and [, and no file has it. */
bool base_is_pattern(const char *name);

/* The paths that a pattern matches (POSIX glob), sorted by their bytes; release with
 * base_paths_free. None is BASE_BAD_INPUT, with the pattern. */
typedef struct base_paths {
    char **path;
    size_t count;
} base_paths;
bool base_paths_match(const char *pattern, base_paths *out, base_error *error);
void base_paths_free(base_paths *paths);

/* Makes standard input a file that can be read again: what is no regular file is copied to its end
 * into a temporary one without a name, which takes its place. */
bool base_input_keep(base_error *error);

/* Size and crc32 (zlib's) of what is left of a standard input that is a file; it stays where it is.
 */
bool base_input_identity(uint64_t *size, uint32_t *crc, base_error *error);

#endif
