/* Lists of files with size and crc32: of a folder, so that one that was not written whole is known,
 * and of the data that a run reads, so that a resumed one reads the same. */
#ifndef TRAIN_MANIFEST_H
#define TRAIN_MANIFEST_H

#include "train/config.h"

/* Writes folder/manifest.json over all files in the folder and below, last of all files. */
bool train_manifest_write(const char *folder, base_error *error);

/* False and an error when the manifest is missing or a file differs from it. */
bool train_manifest_verify(const char *folder, base_error *error);

/* [{"path", "size", "crc32"}] of every data file that the config names; cJSON_Delete. With a cache
 * checksums are remembered there. */
cJSON *train_identity(const train_config *config, base_error *error);

/* False and a sentence that names the file when they differ. */
bool train_identity_same(const cJSON *now, const cJSON *then, base_error *error);

#endif
