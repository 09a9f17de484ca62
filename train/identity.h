/* Which files a run reads, so that a resumed one reads the same. */
#ifndef TRAIN_IDENTITY_H
#define TRAIN_IDENTITY_H

#include "train/config.h"

/* [{"path", "size", "crc32"}] of every data file that the config names; cJSON_Delete. */
cJSON *train_identity(const train_config *config, base_error *error);

/* False and a sentence that names the file when they differ. */
bool train_identity_same(const cJSON *now, const cJSON *then, base_error *error);

#endif
