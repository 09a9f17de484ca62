#include "train/identity.h"

#include "base/file.h"

#include <string.h>

static bool add_file(cJSON *files, const char *path, base_error *error) {
    uint64_t size;
    uint32_t crc;
    if (base_file_exists(path) && !base_file_is_regular(path))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found no regular file, expected one: training reads its data more "
                         "than once",
                         path);
    if (!base_file_size(path, &size, error) || !base_file_crc32(path, &crc, error))
        return false;
    cJSON *item = cJSON_CreateObject();
    if (cJSON_AddStringToObject(item, "path", path) &&
        cJSON_AddNumberToObject(item, "size", (double)size) &&
        cJSON_AddNumberToObject(item, "crc32", crc) && cJSON_AddItemToArray(files, item))
        return true;
    cJSON_Delete(item);
    return base_fail(error, BASE_FAILED, "out of memory");
}

cJSON *train_identity(const train_config *config, base_error *error) {
    cJSON *files = cJSON_CreateArray();
    bool ok = files ? true : base_fail(error, BASE_FAILED, "out of memory");
    for (size_t i = 0; ok && i < config->data.count; i++) {
        const base_key_names *paths = &train_config_data(config, i)->data;
        for (size_t j = 0; ok && j < paths->count; j++)
            ok = add_file(files, paths->name[j], error);
    }
    for (size_t i = 0; ok && i < config->evaluation.count; i++)
        ok = add_file(files, train_config_evaluation(config, i)->data, error);
    if (ok)
        return files;
    cJSON_Delete(files);
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
