#include "train/tensors.h"

#include "base/memory.h"
#include "nn/safetensors.h"

#include <stdlib.h>

enum { VALUE, M, V, AVERAGE, PARTS };
static const char *const part_names[PARTS] = {"value", "m", "v", "average"};

/* One tensor of the file: where its numbers lie in memory. */
typedef struct item {
    char *name;
    real *numbers;
    size_t rows, cols;
} item;

typedef struct items {
    item *list;
    size_t count, capacity;
} items;

static void free_items(items *all) {
    for (size_t i = 0; i < all->count; i++)
        free(all->list[i].name);
    free(all->list);
}

static bool add_part(items *all, const train_set *set, size_t param, int part, base_error *error) {
    tape_param *p = nn_params_at(set->params, param);
    real *numbers[PARTS] = {p->value, nn_params_m(set->params, param),
                            nn_params_v(set->params, param),
                            set->average ? set->average[param] : NULL};
    if (!numbers[part] || (part == VALUE && !set->values))
        return true;
    if (!base_grow(&all->list, &all->capacity, all->count + 1, sizeof *all->list, error))
        return false;
    char *name = base_format("%s.%s.%s", set->name, part_names[part], p->name);
    if (!name)
        return base_fail(error, BASE_FAILED, "out of memory");
    all->list[all->count++] = (item){name, numbers[part], p->rows, p->cols};
    return true;
}

static bool collect(items *all, const train_set *sets, size_t count, base_error *error) {
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < nn_params_count(sets[s].params); i++)
            for (int part = 0; part < PARTS; part++)
                if (!add_part(all, &sets[s], i, part, error))
                    return false;
    return true;
}

bool train_tensors_write(const char *path, const train_set *sets, size_t count, base_error *error) {
    items all = {0};
    nn_tensor_source *sources = NULL;
    bool ok = collect(&all, sets, count, error);
    if (ok)
        sources = base_alloc(all.count, sizeof *sources, error);
    for (size_t i = 0; sources && i < all.count; i++)
        sources[i] = (nn_tensor_source){.name = all.list[i].name,
                                        .dims = {all.list[i].rows, all.list[i].cols},
                                        .dim_count = 2,
                                        .values = all.list[i].numbers};
    ok = sources && nn_safetensors_write(path, sources, all.count, error);
    free(sources);
    free_items(&all);
    return ok;
}

static bool read_item(nn_safetensors *file, const item *wanted, const char *path,
                      base_error *error) {
    const nn_tensor_info *found = nn_safetensors_find(file, wanted->name);
    if (!found)
        return base_fail(error, BASE_BAD_INPUT, "%s: tensor %s is missing", path, wanted->name);
    if (found->dim_count != 2 || found->dims[0] != wanted->rows || found->dims[1] != wanted->cols)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: tensor %s has another shape, expected %zu x %zu", path, wanted->name,
                         wanted->rows, wanted->cols);
    return nn_safetensors_read(file, found, wanted->numbers, error);
}

bool train_tensors_read(const char *path, const train_set *sets, size_t count, base_error *error) {
    items all = {0};
    nn_safetensors *file = nn_safetensors_open(path, error);
    bool ok = file && collect(&all, sets, count, error);
    for (size_t i = 0; ok && i < all.count; i++)
        ok = read_item(file, &all.list[i], path, error);
    for (size_t s = 0; ok && s < count; s++)
        nn_params_changed(sets[s].params);
    nn_safetensors_close(file);
    free_items(&all);
    return ok;
}
