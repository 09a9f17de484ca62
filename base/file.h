/* Files and folders: read, asked, made, removed; base/output.h is how they are written. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/memory.h"

#include <stdint.h>

/* The whole file at path. The message names the path. A pipe or a device is refused: in a folder
 * that somebody made it would be waited for. */
bool base_file_read(const char *path, base_bytes *out, base_error *error);

/* The same of a path that the user gave: a pipe is read to its end. */
bool base_file_read_given(const char *path, base_bytes *out, base_error *error);

/* Fails with "PATH: cannot VERB: " and what errno says: BASE_FAILED when the machine is at fault
 * (no space, no memory, a broken disk, a limit), BASE_BAD_INPUT when the path is. Returns false. */
bool base_file_fail(const char *path, const char *verb, base_error *error);

/* Writes the whole file at path as base/output.h says. */
bool base_file_write(const char *path, const void *data, size_t size, base_error *error);

/* The same for FOLDER/NAME. */
bool base_file_write_in(const char *folder, const char *name, const void *data, size_t size,
                        base_error *error);

bool base_file_exists(const char *path);
bool base_file_exists_in(const char *folder, const char *name,
                         base_error *error); /* FOLDER/NAME; an error when memory is out */
bool base_file_is_folder(const char *path);
bool base_file_is_regular(const char *path); /* no folder, pipe or device */
bool base_file_size(const char *path, uint64_t *size, base_error *error);

/* Bytes that may still be written into the folder's file system; UINT64_MAX when it does not tell.
 */
uint64_t base_folder_space(const char *folder);

/* Bytes of all files below a path, links not followed; what cannot be read counts nothing.
 * Fails only for want of memory. */
uint64_t base_folder_bytes(const char *path, base_error *error);

/* crc32 (zlib's) of a file's bytes. */
bool base_file_crc32(const char *path, uint32_t *crc, base_error *error);

/* Makes the folder and its parents; an existing one is fine. */
bool base_folder_make(const char *path, base_error *error);

/* Whether base_folder_make could make the folder, or it is there and can be written; the message
 * names the part of the path that stands in the way. Makes nothing. */
bool base_folder_can_make(const char *path, base_error *error);

/* Removes a folder and all in it (links are not followed). A missing one is fine. */
bool base_folder_remove(const char *path, base_error *error);

/* Calls `visit` with the path of every entry of the folder, until one returns false. */
typedef bool base_folder_visit(const char *path, base_error *error);
bool base_folder_each(const char *folder, base_folder_visit *visit, base_error *error);

/* Puts into the folder `to` what the folder `from` has and `to` lacks, but for the entries of
 * `from` itself that `skip` names. Files are linked, or copied where that cannot be. A missing
 * `from` is fine. */
typedef bool base_folder_skip(const char *folder, const char *name);
bool base_folder_add_missing(const char *from, const char *to, base_folder_skip *skip,
                             base_error *error);

/* Whether a file or folder that exists is the folder, or lies in it, through links and other
 * spellings too. NULL and "-" lie nowhere. */
bool base_path_is_in(const char *path, const char *folder);

/* "folder/name" in heap memory; NULL (and error) when memory is out. */
char *base_path(const char *folder, const char *name, base_error *error);

#endif
