/* Where the files of a model lie. */
#ifndef NN_MODEL_FILES_H
#define NN_MODEL_FILES_H

#include "nn/encoder.h"

typedef struct nn_model_files {
    char *folder;               /* of the model */
    cJSON *list;                /* its modules.json; NULL in a plain encoder folder */
    const nn_encoder_def *kind; /* of the first module; NULL: Transformer */
    char *encoder;              /* folder of the tokenizer's and the first module's own files */
    char *base;      /* of the encoder's config and weights: the same, but for adapters */
    char *adapter;   /* that has adapter_config.json; NULL: no adapters */
    char path[1024]; /* of the file at hand (nn_model_place) */
} nn_model_files;

/* Finds them for a path (nn_model_folder). Of adapters `base` is the model that they are for; NULL:
 * as they say. Adapters without modules.json are their base model in all else. Release a zeroed
 * struct also after an error. */
bool nn_model_files_find(nn_model_files *f, const char *path, const char *base, base_error *error);
void nn_model_files_release(nn_model_files *f);

/* f->path becomes FOLDER/NAME; folders that were found are short enough. */
const char *nn_model_place(nn_model_files *f, const char *folder, const char *name);

/* Of an entry of the list: its class, "Pooling" for "sentence_transformers.models.Pooling" (NULL
 * and an error when it is none of sentence-transformers' own), and its folder, in heap memory. */
const char *nn_model_class(nn_model_files *f, const cJSON *entry, base_error *error);
char *nn_model_module_folder(nn_model_files *f, const cJSON *entry, base_error *error);

#endif
