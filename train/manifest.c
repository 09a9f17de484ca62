#include "train/manifest.h"

#include "base/checksum.h"
#include "base/file.h"
#include "base/input.h"
#include "base/json.h"
#include "data/token_cache.h"
#include "eval/evaluator.h"
#include "train/held_out.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char manifest_name[] = "manifest.json";

/* {KEY: NAME, "size", "crc32"}. */
static bool add_identity(cJSON *files, const char *key, const char *name, uint64_t size,
                         uint32_t crc, base_error *error) {
    cJSON *item = cJSON_CreateObject();
    if (cJSON_AddStringToObject(item, key, name) &&
        cJSON_AddNumberToObject(item, "size", (double)size) &&
        cJSON_AddNumberToObject(item, "crc32", crc) && cJSON_AddItemToArray(files, item))
        return true;
    cJSON_Delete(item);
    return base_fail(error, BASE_FAILED, "out of memory");
}

/* Of the file at path, as `memory` knows it (base/checksum.h). */
static bool add_file(cJSON *files, const char *key, const char *name, const char *path,
                     const char *memory, base_error *error) {
    uint64_t size;
    uint32_t crc;
    return base_checksum(path, memory, &size, &crc, error) &&
           add_identity(files, key, name, size, crc, error);
}

/* ---- of a folder ---- */

/* Adds what lies in folder/below; names in the list begin with `below`. */
static bool list_folder(const char *folder, const char *below, cJSON *files, base_error *error);

static bool list_entry(const char *folder, const char *below, const char *entry, cJSON *files,
                       base_error *error) {
    char *name = base_format("%s%s", below, entry);
    char *path = name ? base_path(folder, name, error) : NULL;
    char *inside = name ? base_format("%s/", name) : NULL;
    bool ok = path && inside ? true : base_fail(error, BASE_FAILED, "out of memory");
    if (ok && base_file_is_folder(path))
        ok = list_folder(folder, inside, files, error);
    else if (ok && strcmp(name, manifest_name) != 0)
        ok = add_file(files, "name", name, path, NULL, error);
    free(name);
    free(path);
    free(inside);
    return ok;
}

static bool list_folder(const char *folder, const char *below, cJSON *files, base_error *error) {
    char *path = base_path(folder, below, error);
    DIR *d = path ? opendir(path) : NULL;
    bool ok = d ? true
                : base_fail(error, BASE_FAILED, "%s: cannot list: %s", path ? path : folder,
                            strerror(errno));
    for (struct dirent *e; ok && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            ok = list_entry(folder, below, e->d_name, files, error);
    if (d)
        closedir(d);
    free(path);
    return ok;
}

bool train_manifest_write(const char *folder, base_error *error) {
    cJSON *tree = cJSON_CreateObject(), *files = cJSON_AddArrayToObject(tree, "files");
    bool ok = files ? list_folder(folder, "", files, error) &&
                          base_json_write(folder, manifest_name, tree, error)
                    : base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(tree);
    return ok;
}

static bool verify_file(const char *folder, const cJSON *item, const char *where,
                        base_error *error) {
    const char *name = NULL;
    size_t size = SIZE_MAX, crc = SIZE_MAX;
    if (!base_json_text(item, "name", &name, where, error) ||
        !base_json_size(item, "size", 0, (size_t)1 << 53, &size, where, error) ||
        !base_json_size(item, "crc32", 0, UINT32_MAX, &crc, where, error))
        return false;
    if (!name || strstr(name, "..") || name[0] == '/')
        return base_fail(error, BASE_BAD_INPUT, "%s: found a file without a proper name", where);
    char *path = base_path(folder, name, error);
    uint64_t found_size;
    uint32_t found_crc;
    bool ok = path && base_file_size(path, &found_size, error) &&
              base_file_crc32(path, &found_crc, error);
    if (ok && (found_size != size || found_crc != crc))
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: found %llu bytes with checksum %08x, expected %zu with %08zx", path,
                       (unsigned long long)found_size, (unsigned)found_crc, size, crc);
    free(path);
    return ok;
}

bool train_manifest_verify(const char *folder, base_error *error) {
    char *path = base_path(folder, manifest_name, error);
    cJSON *tree = path ? base_json_file(path, error) : NULL;
    const cJSON *files = tree ? base_json_get(tree, "files") : NULL;
    bool ok = tree != NULL;
    if (ok && !cJSON_IsArray(files))
        ok = base_fail(error, BASE_BAD_INPUT, "%s: expected a list \"files\"", path);
    for (const cJSON *item = files ? files->child : NULL; ok && item; item = item->next)
        ok = verify_file(folder, item, path, error);
    cJSON_Delete(tree);
    free(path);
    return ok;
}

/* ---- of a run's data ---- */

static bool add_input(cJSON *files, base_error *error) {
    uint64_t size;
    uint32_t crc;
    return base_input_keep(error) && base_input_identity(&size, &crc, error) &&
           add_identity(files, "path", "-", size, crc, error);
}

/* The data files of a config. */
typedef struct run_files {
    cJSON *list;
    char *memory; /* of checksums; NULL: none */
} run_files;

static bool add_data(void *context, const char *path, base_error *error) {
    const run_files *files = context;
    if (!strcmp(path, "-"))
        return add_input(files->list, error);
    if (base_file_exists(path) && !base_file_is_regular(path))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found no regular file, expected one: training reads its data more "
                         "than once",
                         path);
    return add_file(files->list, "path", path, path, files->memory, error);
}

cJSON *train_identity(const train_config *config, base_error *error) {
    run_files files = {.list = cJSON_CreateArray()};
    const char *folder = config->cache_folder;
    bool ok = files.list || base_fail(error, BASE_FAILED, "out of memory");
    if (ok && folder)
        ok = base_folder_make(folder, error) &&
             (files.memory = data_token_cache_memory(folder, error));
    for (size_t i = 0; ok && i < config->data.count; i++) {
        const base_key_names *paths = &train_config_data(config, i)->data;
        for (size_t j = 0; ok && j < paths->count; j++)
            ok = add_data(&files, paths->name[j], error);
    }
    for (size_t i = 0; ok && i < config->evaluation.count; i++) {
        const train_evaluation *e = train_config_evaluation(config, i);
        ok = train_held_out_entry(e) != SIZE_MAX ||
             eval_data_files(eval_evaluator_find(e->kind), e->data, add_data, &files, error);
    }
    free(files.memory);
    if (ok)
        return files.list;
    cJSON_Delete(files.list);
    return NULL;
}

bool train_identity_same(const cJSON *now, const cJSON *then, base_error *error) {
    const cJSON *b = then->child;
    for (const cJSON *a = now->child; a; a = a->next, b = b ? b->next : NULL) {
        const char *path = base_json_get(a, "path")->valuestring;
        if (!b || !cJSON_Compare(a, b, true))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: the file is not the one that the checkpoint was made with (its "
                             "name, size or checksum differs); put it back, or start again with "
                             "--overwrite",
                             path);
    }
    return b ? base_fail(error, BASE_BAD_INPUT,
                         "the checkpoint was made with more data files than the config names")
             : true;
}
