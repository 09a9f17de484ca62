#include "nn/model_files.h"

#include "base/file.h"
#include "base/json.h"
#include "nn/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *nn_model_place(nn_model_files *f, const char *folder, const char *name) {
    size_t n = strlen(folder);
    snprintf(f->path, sizeof f->path, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
    return f->path;
}

void nn_model_files_release(nn_model_files *f) {
    free(f->folder);
    free(f->encoder);
    free(f->base);
    free(f->adapter);
    cJSON_Delete(f->list);
}

static char *copy_of(const char *text, base_error *error) {
    char *copy = base_copy(text, strlen(text));
    if (!copy)
        base_fail(error, BASE_FAILED, "out of memory");
    return copy;
}

char *nn_model_folder(const char *path, base_error *error) {
    bool model = base_file_exists_in(path, "modules.json", error) ||
                 base_file_exists_in(path, "model.safetensors", error);
    if (!model && base_file_exists_in(path, "model/modules.json", error))
        return base_path(path, "model", error);
    return copy_of(path, error);
}

static bool fits(const nn_model_files *f, const char *folder, base_error *error) {
    enum { NAME = 64 }; /* the longest name of a file in it */
    return strlen(folder) + NAME < sizeof f->path ||
           base_fail(error, BASE_BAD_INPUT,
                     "%.200s...: the path has %zu bytes, expected at most %zu", folder,
                     strlen(folder), sizeof f->path - NAME - 1);
}

const char *nn_model_class(nn_model_files *f, const cJSON *entry, base_error *error) {
    const char *type = NULL;
    char shown[120];
    nn_model_place(f, f->folder, "modules.json");
    if (!base_json_text(entry, "type", &type, f->path, error))
        return NULL;
    const char *dot = type ? strrchr(type, '.') : NULL;
    if (dot && !strncmp(type, "sentence_transformers.", 22))
        return dot + 1;
    base_fail(error, BASE_BAD_INPUT,
              "%s: module type is \"%s\", expected a class of "
              "sentence_transformers",
              f->path, type ? base_escape(shown, sizeof shown, type, strlen(type)) : "");
    return NULL;
}

static bool read_list(nn_model_files *f, base_error *error) {
    nn_model_place(f, f->folder, "modules.json");
    if (!base_file_exists(f->path))
        return true;
    f->list = base_json_file(f->path, error);
    if (!f->list)
        return false;
    bool objects = cJSON_IsArray(f->list) && f->list->child;
    for (const cJSON *item = objects ? f->list->child : NULL; objects && item; item = item->next)
        objects = cJSON_IsObject(item);
    return objects || base_fail(error, BASE_BAD_INPUT, "%s: expected a list of modules", f->path);
}

char *nn_model_module_folder(nn_model_files *f, const cJSON *entry, base_error *error) {
    const char *path = "";
    nn_model_place(f, f->folder, "modules.json");
    if (!base_json_text(entry, "path", &path, f->path, error))
        return NULL;
    char *folder = *path ? base_path(f->folder, path, error) : copy_of(f->folder, error);
    if (folder && fits(f, folder, error))
        return folder;
    free(folder);
    return NULL;
}

/* modules.json, and the folder of the first module in it. */
static bool find_files(nn_model_files *f, base_error *error) {
    char shown[512];
    if (!base_file_is_folder(f->folder))
        return base_fail(error, BASE_BAD_INPUT, "%s: no such folder, expected a model folder",
                         base_escape(shown, sizeof shown, f->folder, strlen(f->folder)));
    if (!fits(f, f->folder, error) || !read_list(f, error))
        return false;
    if (!f->list) {
        f->encoder = copy_of(f->folder, error);
        return f->encoder != NULL;
    }
    const char *kind = nn_model_class(f, f->list->child, error);
    f->kind = kind ? nn_encoder_find_module(kind) : NULL;
    if (kind && !f->kind && strcmp(kind, "Transformer") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the first module is %.80s, expected Transformer, WordEmbeddings or "
                         "StaticEmbedding",
                         nn_model_place(f, f->folder, "modules.json"), kind);
    f->encoder = kind ? nn_model_module_folder(f, f->list->child, error) : NULL;
    return f->encoder != NULL;
}

/* The same for the model that the adapters of f are for; NULL: as they say. */
static bool find_base(nn_model_files *base, const nn_model_files *f, const char *given,
                      base_error *error) {
    char *named = given ? copy_of(given, error) : nn_lora_base_of(f->adapter, error);
    base->folder = named ? nn_model_folder(named, error) : NULL;
    free(named);
    if (!base->folder || !find_files(base, error))
        return false;
    if (nn_lora_is_in(base->encoder, error))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found adapters, expected the model that those of %s are for; sbert "
                         "convert --merge makes one",
                         base->encoder, f->adapter);
    return (!f->kind && !base->kind) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: expected a model with a Transformer, as those of "
                     "%s are for",
                     base->folder, f->adapter);
}

/* Adapters alone are the base model's in all else; those with modules have all but its encoder. */
static bool add_base(nn_model_files *f, const char *given, base_error *error) {
    nn_model_files base = {0};
    bool ok = find_base(&base, f, given, error);
    f->base = ok ? copy_of(base.encoder, error) : NULL;
    if (f->base && !f->list) {
        nn_model_files adapters = *f;
        *f = base;
        f->base = adapters.base;
        f->adapter = adapters.adapter;
        adapters.base = adapters.adapter = NULL;
        base = adapters;
    }
    nn_model_files_release(&base);
    return f->base != NULL;
}

bool nn_model_files_find(nn_model_files *f, const char *path, const char *base, base_error *error) {
    f->folder = nn_model_folder(path, error);
    if (!f->folder || !find_files(f, error))
        return false;
    if (nn_lora_is_in(f->encoder, error)) {
        f->adapter = copy_of(f->encoder, error);
        return f->adapter && add_base(f, base, error);
    }
    if (base)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: a base model is given, but there is no adapter_config.json, expected "
                         "adapters for it",
                         f->encoder);
    f->base = base_ok(error) ? copy_of(f->encoder, error) : NULL;
    return f->base != NULL;
}
