/* What vectors come of, as lines "NAME: VALUE\n": an unfinished file of vectors is gone on with,
 * and shared among processes, only by a command that would write the same bytes. */
#ifndef CLI_ORIGIN_H
#define CLI_ORIGIN_H

#include "nn/model.h"

/* Appends the line NAME of a file: its size, and when it and its status were changed. */
bool cli_origin_file(base_bytes *lines, const char *name, const char *path, base_error *error);

/* Appends lines of a model: a checksum of all that `folder`, as the user gave it, and the model
 * that its adapters are for have in files that are read (base/file.h's crc32), and the prompt. */
bool cli_origin_model(base_bytes *lines, const nn_model *model, const char *folder,
                      base_error *error);

#endif
