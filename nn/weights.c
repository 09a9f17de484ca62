#include "nn/weights.h"

#include "base/log.h"
#include "base/memory.h"
#include "nn/shards.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nn_extra_tensor *nn_extra_add(nn_extra *extra, const char *name, const char *dtype,
                              const size_t *dims, size_t dim_count, size_t size,
                              base_error *error) {
    if (!base_grow(&extra->tensors, &extra->capacity, extra->count + 1, sizeof *extra->tensors,
                   error))
        return NULL;
    nn_extra_tensor *t = &extra->tensors[extra->count++];
    *t = (nn_extra_tensor){.name = base_copy(name, strlen(name)),
                           .dtype = base_copy(dtype, strlen(dtype)),
                           .dim_count = dim_count,
                           .size = size,
                           .bytes = base_alloc(size, 1, error)};
    if (dim_count)
        memcpy(t->dims, dims, dim_count * sizeof *dims);
    if (t->name && t->dtype && t->bytes)
        return t;
    base_fail(error, BASE_FAILED, "out of memory");
    return NULL;
}

static void release(nn_extra_tensor *t) {
    free(t->name);
    free(t->dtype);
    free(t->bytes);
}

void nn_extra_free(nn_extra *extra) {
    if (!extra)
        return;
    cJSON_Delete(extra->config);
    cJSON_Delete(extra->list);
    cJSON_Delete(extra->sentence);
    cJSON_Delete(extra->sentence_bert);
    for (size_t i = 0; i < extra->count; i++)
        release(&extra->tensors[i]);
    free(extra->tensors);
    free(extra);
}

nn_extra_tensor *nn_extra_find(const nn_extra *extra, const char *name) {
    for (size_t i = 0; i < extra->count; i++)
        if (!strcmp(extra->tensors[i].name, name))
            return &extra->tensors[i];
    return NULL;
}

static void remove_at(nn_extra *extra, size_t i) {
    release(&extra->tensors[i]);
    extra->count--;
    memmove(extra->tensors + i, extra->tensors + i + 1,
            (extra->count - i) * sizeof *extra->tensors);
}

void nn_extra_drop(nn_extra *extra, const char *part) {
    for (size_t i = extra->count; i-- > 0;)
        if (strstr(extra->tensors[i].name, part))
            remove_at(extra, i);
}

typedef struct reader {
    const nn_weights_source *source;
    nn_params *set;
    nn_shards files;
    const char *prefix;
    const nn_tensor_info **wanted; /* of each view; NULL outside of the scope */
} reader;

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

/* The name by which the oldest checkpoints call a LayerNorm's tensors. */
static bool old_name(const char *name, char *out, size_t size) {
    const char *now = base_ends_with(name, "LayerNorm.weight") ? "weight" : "bias";
    if (!base_ends_with(name, "LayerNorm.weight") && !base_ends_with(name, "LayerNorm.bias"))
        return false;
    snprintf(out, size, "%.*s%s", (int)(strlen(name) - strlen(now)), name,
             now[0] == 'w' ? "gamma" : "beta");
    return true;
}

static const nn_tensor_info *find(const nn_shards *files, const char *prefix, const char *name) {
    char full[256], old[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const nn_tensor_info *info = nn_shards_find(files, full);
    if (!info && old_name(full, old, sizeof old))
        info = nn_shards_find(files, old);
    return info;
}

/* The number in "STACK.3.attention...", *rest what follows it; false for other names. */
static bool layer_of(const char *name, const char *stack, size_t *layer, const char **rest) {
    size_t begin = strlen(stack);
    if (!begins(name, stack) || name[begin] != '.' || !isdigit((unsigned char)name[begin + 1]))
        return false;
    char *end;
    *layer = strtoul(name + begin + 1, &end, 10);
    *rest = end;
    return *end == '.';
}

/* The name in the file of a view's tensor. */
static const char *file_name(const nn_weights_source *source, const char *name, char out[256]) {
    size_t layer;
    const char *rest;
    if (!source->layers || !layer_of(name, source->stack, &layer, &rest))
        return name;
    snprintf(out, 256, "%s.%zu%s", source->stack, source->layers[layer], rest);
    return out;
}

/* Whether a tensor of the file belongs to a layer that is left out. */
static bool is_left_out(const reader *r, const char *name) {
    const nn_weights_source *s = r->source;
    size_t layer;
    const char *rest;
    if (!s->layers || !begins(name, r->prefix) ||
        !layer_of(name + strlen(r->prefix), s->stack, &layer, &rest))
        return false;
    for (size_t i = 0; i < s->layer_count; i++)
        if (s->layers[i] == layer)
            return false;
    return true;
}

/* Finds what the views want; how many are there. */
static size_t match(reader *r, const char *prefix) {
    const char *scope = r->source->scope;
    size_t found = 0;
    r->prefix = prefix;
    for (size_t i = 0; i < nn_params_views(r->set); i++) {
        const char *name = nn_params_view_at(r->set, i)->name;
        bool inside = begins(name, scope);
        char in_file[256];
        r->wanted[i] =
            inside ? find(&r->files, prefix, file_name(r->source, name + strlen(scope), in_file))
                   : NULL;
        found += r->wanted[i] != NULL;
    }
    return found;
}

/* The prefix by which most are found. */
static void match_best(reader *r) {
    const char *best = "";
    size_t most = match(r, best);
    for (const char *const *p = r->source->prefixes; p && *p; p++) {
        size_t found = match(r, *p);
        best = found > most ? *p : best;
        most = found > most ? found : most;
    }
    match(r, best);
}

/* The first names of a list, for a message. */
typedef struct names {
    char text[400];
    size_t used, count;
} names;

static void add_name(names *list, const char *name) {
    enum { SHOWN = 8 };
    char shown[100];
    if (list->count < SHOWN && list->used < sizeof list->text)
        list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used,
                                       "%s%s", list->count ? ", " : "",
                                       base_escape(shown, sizeof shown, name, strlen(name)));
    else if (list->count == SHOWN && list->used < sizeof list->text)
        snprintf(list->text + list->used, sizeof list->text - list->used, ", ...");
    list->count++;
}

static bool check_all_there(const reader *r, base_error *error) {
    const char *scope = r->source->scope;
    names missing = {0};
    for (size_t i = 0; i < nn_params_views(r->set); i++) {
        const char *name = nn_params_view_at(r->set, i)->name;
        if (begins(name, scope) && !r->wanted[i])
            add_name(&missing, name + strlen(scope));
    }
    if (missing.count == 1)
        return base_fail(error, BASE_BAD_INPUT, "%s: tensor %s is missing", r->source->path,
                         missing.text);
    return !missing.count || base_fail(error, BASE_BAD_INPUT, "%s: %zu tensors are missing: %s",
                                       r->source->path, missing.count, missing.text);
}

static void print_shape(char *out, size_t size, const size_t *dims, size_t count) {
    size_t used = (size_t)snprintf(out, size, "[");
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i ? ", " : "", dims[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
}

static bool check_shape(const char *path, const char *name, const size_t *dims, size_t dim_count,
                        const nn_param_view *view, base_error *error) {
    if (dim_count == view->dim_count && !memcmp(dims, view->dims, dim_count * sizeof *dims))
        return true;
    char found[200], expected[60];
    print_shape(found, sizeof found, dims, dim_count);
    print_shape(expected, sizeof expected, view->dims, view->dim_count);
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: tensor %s has shape %s, expected %s as its config says", path, name,
                     found, expected);
}

static bool check_shapes(const reader *r, base_error *error) {
    for (size_t i = 0; i < nn_params_views(r->set); i++)
        if (r->wanted[i] &&
            !check_shape(r->source->path, r->wanted[i]->name, r->wanted[i]->dims,
                         r->wanted[i]->dim_count, nn_params_view_at(r->set, i), error))
            return false;
    return true;
}

static void tell_type(const reader *r) {
    const nn_dtype **type = r->source->dtype;
    for (size_t i = 0; type && i < nn_params_views(r->set); i++) {
        const nn_dtype *here = r->wanted[i] ? nn_dtype_find(r->wanted[i]->dtype) : *type;
        *type = !*type || *type == here ? here : nn_dtype_at(0);
    }
}

static bool read_views(reader *r, base_error *error) {
    for (size_t i = 0; i < nn_params_views(r->set); i++) {
        const nn_param_view *view = nn_params_view_at(r->set, i);
        if (!r->wanted[i])
            continue;
        real *out = nn_params_at(r->set, view->param)->value + view->offset;
        if (!nn_safetensors_read(r->wanted[i]->file, r->wanted[i], out, error))
            return false;
        tape_param_changed(nn_params_at(r->set, view->param));
    }
    return true;
}

static bool is_wanted(const reader *r, const nn_tensor_info *info) {
    for (size_t i = 0; i < nn_params_views(r->set); i++)
        if (r->wanted[i] == info)
            return true;
    return false;
}

static bool keep(const reader *r, const nn_tensor_info *info, base_error *error) {
    nn_extra_tensor *t = nn_extra_add(r->source->extra, info->name, info->dtype, info->dims,
                                      info->dim_count, (size_t)(info->end - info->begin), error);
    return t && nn_safetensors_read_raw(info->file, info, t->bytes, error);
}

/* Those that nearly every encoder's file has beside the sentence embedding's are not worth a word.
 */
static bool is_usual(const char *name) {
    return strstr(name, "pooler.") || base_ends_with(name, "position_ids");
}

static bool keep_rest(const reader *r, base_error *error) {
    r->source->extra->prefix = r->prefix;
    for (size_t i = 0; i < r->files.count; i++) {
        const nn_tensor_info *info = r->files.tensor[i];
        bool kept = !is_wanted(r, info) && !is_left_out(r, info->name);
        if (kept && !keep(r, info, error))
            return false;
    }
    return true;
}

void nn_extra_tell(const nn_extra *extra, const char *path) {
    names rest = {0};
    for (size_t i = 0; i < extra->count; i++)
        if (!is_usual(extra->tensors[i].name))
            add_name(&rest, extra->tensors[i].name);
    if (rest.count == 1)
        base_log(BASE_LOG_WARNING, "%s: tensor %s takes no part in the model and is kept", path,
                 rest.text);
    else if (rest.count)
        base_log(BASE_LOG_WARNING, "%s: %zu tensors take no part in the model and are kept: %s",
                 path, rest.count, rest.text);
}

bool nn_extra_copy(const nn_extra_tensor *t, nn_params *set, const nn_param_view *view,
                   const char *path, base_error *error) {
    const nn_dtype *type = nn_dtype_find(t->dtype);
    if (!check_shape(path, t->name, t->dims, t->dim_count, view, error))
        return false;
    if (!type || !type->to_real)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: tensor %s: its dtype is %s, expected F32, F16 or BF16", path, t->name,
                         t->dtype);
    real *out = nn_params_at(set, view->param)->value + view->offset;
    size_t count = t->size / type->size;
    type->to_real(t->bytes, count, out);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(out[i]))
            return base_fail(error, BASE_BAD_INPUT, "%s: tensor %s is not finite at number %zu",
                             path, t->name, i);
    tape_param_changed(nn_params_at(set, view->param));
    return true;
}

bool nn_extra_take(nn_extra *extra, nn_extra_tensor *t, nn_params *set, const nn_param_view *view,
                   const char *path, base_error *error) {
    if (!nn_extra_copy(t, set, view, path, error))
        return false;
    remove_at(extra, (size_t)(t - extra->tensors));
    return true;
}

static bool refuse_rest(const reader *r, base_error *error) {
    char shown[200];
    for (size_t i = 0; i < r->files.count; i++) {
        const nn_tensor_info *info = r->files.tensor[i];
        if (!is_wanted(r, info))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: found tensor %s, expected none beside those that its config asks "
                             "for",
                             r->source->path,
                             base_escape(shown, sizeof shown, info->name, strlen(info->name)));
    }
    return true;
}

static bool check(reader *r, base_error *error) {
    match_best(r);
    if (!check_all_there(r, error) || !check_shapes(r, error) ||
        (r->source->strict && !refuse_rest(r, error)))
        return false;
    tell_type(r);
    return true;
}

bool nn_weights_read(nn_params *set, const nn_weights_source *source, base_error *error) {
    reader r = {.source = source, .set = set};
    r.wanted = base_alloc(nn_params_views(set), sizeof *r.wanted, error);
    bool ok = r.wanted && nn_shards_open(&r.files, source->path, error) && check(&r, error);
    if (ok && source->data)
        ok = read_views(&r, error) && (!source->extra || keep_rest(&r, error));
    nn_shards_close(&r.files);
    free(r.wanted);
    return ok;
}

typedef struct writing {
    nn_tensor_source *tensor;
    char **name; /* of views, in heap memory */
    size_t count;
} writing;

static bool add_view(writing *w, nn_params *set, const nn_param_view *view, const char *prefix,
                     const char *scope, base_error *error) {
    nn_tensor_source *t = &w->tensor[w->count];
    t->name = w->name[w->count++] = base_format("%s%s", prefix, view->name + strlen(scope));
    t->dim_count = view->dim_count;
    t->values = nn_params_at(set, view->param)->value + view->offset;
    memcpy(t->dims, view->dims, sizeof view->dims);
    return t->name || base_fail(error, BASE_FAILED, "out of memory");
}

static void add_extra(writing *w, const nn_extra_tensor *extra) {
    nn_tensor_source *t = &w->tensor[w->count++];
    t->name = extra->name;
    t->dim_count = extra->dim_count;
    t->raw = extra->bytes;
    t->raw_dtype = extra->dtype;
    memcpy(t->dims, extra->dims, sizeof extra->dims);
}

static bool add_all(writing *w, nn_params *set, const char *scope, nn_params *more,
                    const nn_extra *extra, const nn_dtype *dtype, base_error *error) {
    const char *prefix = extra && extra->prefix ? extra->prefix : "";
    for (size_t i = 0; i < nn_params_views(set); i++) {
        const nn_param_view *view = nn_params_view_at(set, i);
        if (begins(view->name, scope) && !add_view(w, set, view, prefix, scope, error))
            return false;
    }
    for (size_t i = 0; more && i < nn_params_views(more); i++)
        if (!add_view(w, more, nn_params_view_at(more, i), "", "", error))
            return false;
    for (size_t i = 0; extra && i < extra->count; i++)
        add_extra(w, &extra->tensors[i]);
    for (size_t i = 0; i < w->count; i++)
        w->tensor[i].dtype = dtype ? dtype : nn_dtype_at(0);
    return true;
}

bool nn_weights_write(nn_params *set, const char *scope, nn_params *more, const nn_extra *extra,
                      const nn_dtype *dtype, const char *path, base_error *error) {
    size_t most =
        nn_params_views(set) + (more ? nn_params_views(more) : 0) + (extra ? extra->count : 0);
    writing w = {.tensor = base_alloc(most, sizeof *w.tensor, error),
                 .name = base_alloc(most, sizeof *w.name, error)};
    bool ok = w.tensor && w.name && add_all(&w, set, scope, more, extra, dtype, error) &&
              nn_safetensors_write(path, w.tensor, w.count, error);
    for (size_t i = 0; w.name && i < w.count; i++)
        free(w.name[i]);
    free(w.name);
    free(w.tensor);
    return ok;
}
