/* The folder of a trained loss ("loss/" beside a model's files, which Python ignores): config.json
 * with the resolved options, the embedding's width, the teacher's, when there was one, and the
 * label names; model.safetensors with the parameters, when there are any. Errors: a file that
 * cannot be read or written; BASE_BAD_INPUT with the path for one that does not describe a loss. */
#ifndef LOSSES_LOSS_FOLDER_H
#define LOSSES_LOSS_FOLDER_H

#include "losses/loss.h"

/* Writes the files into `folder`, made when it is not there. */
bool loss_write(const loss *l, const char *folder, base_error *error);

/* The loss that a folder describes, with its parameters filled. Free with loss_free. */
loss *loss_read(const char *folder, base_error *error);

/* Fills the parameters of a loss from the folder; every name and shape must fit. */
bool loss_fill(loss *l, const char *folder, base_error *error);

#endif
