/* The manifest of a folder: name, size and crc32 of every file in it, written last. A folder whose
 * manifest agrees was written whole. */
#ifndef TRAIN_MANIFEST_H
#define TRAIN_MANIFEST_H

#include "base/error.h"

/* Writes folder/manifest.json over all files in the folder and below. */
bool train_manifest_write(const char *folder, base_error *error);

/* False and an error when the manifest is missing or a file differs from it. */
bool train_manifest_verify(const char *folder, base_error *error);

#endif
