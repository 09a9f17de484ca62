#include "nn/shards.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static const char ending[] = ".index.json";

typedef struct listing {
    nn_shards *shards;
    const char *path;
    const cJSON *map;   /* tensor to file name */
    const char **names; /* of the files */
    size_t capacity;
    base_error *error;
} listing;

static bool add_file(nn_shards *s, const char *path, base_error *error) {
    if (!base_grow(&s->file, &s->capacity, s->files + 1, sizeof *s->file, error))
        return false;
    s->file[s->files] = nn_safetensors_open(path, error);
    s->files += s->file[s->files] != NULL;
    return base_ok(error);
}

static bool collect(nn_shards *s, base_error *error) {
    size_t all = 0;
    for (size_t i = 0; i < s->files; i++)
        all += nn_safetensors_count(s->file[i]);
    s->tensor = base_alloc(all, sizeof *s->tensor, error);
    for (size_t i = 0; s->tensor && i < s->files; i++)
        for (size_t j = 0; j < nn_safetensors_count(s->file[i]); j++)
            s->tensor[s->count++] = nn_safetensors_at(s->file[i], j);
    return s->tensor != NULL;
}

/* A name in the index's own folder. */
static bool check_name(const listing *x, const cJSON *entry) {
    const char *name = cJSON_GetStringValue(entry);
    if (!name)
        return base_fail(x->error, BASE_BAD_INPUT, "%s: the file of tensor %.200s is not a string",
                         x->path, entry->string);
    if (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        return true;
    return base_fail(
        x->error, BASE_BAD_INPUT,
        "%s: tensor %.200s lies in \"%.200s\", expected the name of a file in the same "
        "folder",
        x->path, entry->string, name);
}

/* The file of this name, opened when it is new; SIZE_MAX after an error. Neighbours in the map
 * mostly have the same file. */
static size_t file_of(listing *x, const char *name) {
    nn_shards *s = x->shards;
    for (size_t i = s->files; i-- > 0;)
        if (!strcmp(x->names[i], name))
            return i;
    if (!base_grow(&x->names, &x->capacity, s->files + 1, sizeof *x->names, x->error))
        return SIZE_MAX;
    x->names[s->files] = name;
    const char *slash = strrchr(x->path, '/');
    char *folder = slash ? base_copy(x->path, (size_t)(slash - x->path)) : base_copy(".", 1);
    char *path = folder ? base_path(folder, name, x->error) : NULL;
    if (path)
        add_file(s, path, x->error);
    else
        base_fail(x->error, BASE_FAILED, "out of memory");
    free(path);
    free(folder);
    return base_ok(x->error) ? s->files - 1 : SIZE_MAX;
}

static bool open_files(listing *x, size_t *entries) {
    for (const cJSON *entry = x->map->child; entry; entry = entry->next, ++*entries) {
        size_t i = check_name(x, entry) ? file_of(x, entry->valuestring) : SIZE_MAX;
        if (i == SIZE_MAX)
            return false;
        if (!nn_safetensors_find(x->shards->file[i], entry->string))
            return base_fail(x->error, BASE_BAD_INPUT,
                             "%s: tensor %.200s is not in %.200s, where it should be", x->path,
                             entry->string, entry->valuestring);
    }
    return true;
}

static bool check_tensor(const listing *x, const nn_tensor_info *tensor, const char *file) {
    const char *listed = cJSON_GetStringValue(base_json_get(x->map, tensor->name));
    if (listed && !strcmp(listed, file))
        return true;
    return base_fail(x->error, BASE_BAD_INPUT,
                     "%s: tensor %.200s is in %.200s, expected it %s%.200s", x->path, tensor->name,
                     file, listed ? "only in " : "to be listed", listed ? listed : "");
}

/* Every entry has its tensor, and no two the same one: equal numbers mean that no other is left. */
static bool check_rest(const listing *x, size_t entries) {
    const nn_shards *s = x->shards;
    for (size_t i = 0; s->count != entries && i < s->files; i++)
        for (size_t j = 0; j < nn_safetensors_count(s->file[i]); j++)
            if (!check_tensor(x, nn_safetensors_at(s->file[i], j), x->names[i]))
                return false;
    return true;
}

/* What is there was checked by each file's header; the sum is told only. */
static bool check_total(const listing *x, const cJSON *tree) {
    size_t all = 0, total = SIZE_MAX;
    if (!base_json_size(base_json_get(tree, "metadata"), "total_size", 0, (size_t)1 << 53, &total,
                        x->path, x->error))
        return false;
    for (size_t i = 0; i < x->shards->count; i++)
        all += (size_t)(x->shards->tensor[i]->end - x->shards->tensor[i]->begin);
    if (total != SIZE_MAX && total != all)
        base_log(BASE_LOG_WARNING, "%s: total_size is %zu, but the tensors have %zu bytes", x->path,
                 total, all);
    return true;
}

static bool open_index(nn_shards *s, const char *path, base_error *error) {
    cJSON *tree = base_json_file(path, error);
    listing x = {
        .shards = s, .path = path, .map = base_json_get(tree, "weight_map"), .error = error};
    size_t entries = 0;
    bool ok =
        tree && (cJSON_IsObject(x.map) ||
                 base_fail(error, BASE_BAD_INPUT,
                           "%s: expected \"weight_map\", an object of tensors and files", path));
    ok = ok && open_files(&x, &entries) && collect(s, error) && check_rest(&x, entries) &&
         check_total(&x, tree);
    free(x.names);
    cJSON_Delete(tree);
    return ok;
}

bool nn_shards_open(nn_shards *shards, const char *path, base_error *error) {
    *shards = (nn_shards){0};
    if (base_ends_with(path, ending))
        return open_index(shards, path, error);
    return add_file(shards, path, error) && collect(shards, error);
}

void nn_shards_close(nn_shards *shards) {
    for (size_t i = 0; i < shards->files; i++)
        nn_safetensors_close(shards->file[i]);
    free(shards->file);
    free(shards->tensor);
    *shards = (nn_shards){0};
}

const nn_tensor_info *nn_shards_find(const nn_shards *shards, const char *name) {
    const nn_tensor_info *found = NULL;
    for (size_t i = 0; !found && i < shards->files; i++)
        found = nn_safetensors_find(shards->file[i], name);
    return found;
}
