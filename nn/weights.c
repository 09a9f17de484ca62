#include "nn/weights.h"

#include "base/log.h"
#include "base/memory.h"

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

void nn_extra_free(nn_extra *extra) {
    if (!extra)
        return;
    cJSON_Delete(extra->config);
    cJSON_Delete(extra->sentence);
    for (size_t i = 0; i < extra->count; i++) {
        free(extra->tensors[i].name);
        free(extra->tensors[i].dtype);
        free(extra->tensors[i].bytes);
    }
    free(extra->tensors);
    free(extra);
}

typedef struct reader {
    const nn_weights_source *source;
    nn_params *set;
    nn_safetensors *file;
    const char *prefix;
    const nn_tensor_info **wanted; /* of each view; NULL outside of the scope */
} reader;

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with) {
    size_t n = strlen(text), m = strlen(with);
    return n >= m && !strcmp(text + n - m, with);
}

/* The name by which the oldest checkpoints call a LayerNorm's tensors. */
static bool old_name(const char *name, char *out, size_t size) {
    const char *now = ends(name, "LayerNorm.weight") ? "weight" : "bias";
    if (!ends(name, "LayerNorm.weight") && !ends(name, "LayerNorm.bias"))
        return false;
    snprintf(out, size, "%.*s%s", (int)(strlen(name) - strlen(now)), name,
             now[0] == 'w' ? "gamma" : "beta");
    return true;
}

static const nn_tensor_info *find(const nn_safetensors *file, const char *prefix,
                                  const char *name) {
    char full[256], old[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const nn_tensor_info *info = nn_safetensors_find(file, full);
    if (!info && old_name(full, old, sizeof old))
        info = nn_safetensors_find(file, old);
    return info;
}

static const char *choose_prefix(const reader *r, const char *first) {
    const char *const *p = r->source->prefixes;
    if (find(r->file, "", first))
        return "";
    for (; p && *p; p++)
        if (find(r->file, *p, first))
            return *p;
    return "";
}

static void print_shape(char *out, size_t size, const size_t *dims, size_t count) {
    size_t used = (size_t)snprintf(out, size, "[");
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i ? ", " : "", dims[i]);
    if (used < size)
        snprintf(out + used, size - used, "]");
}

static bool check_shape(const reader *r, const nn_param_view *view, const nn_tensor_info *info,
                        base_error *error) {
    if (info->dim_count == view->dim_count &&
        !memcmp(info->dims, view->dims, view->dim_count * sizeof *view->dims))
        return true;
    char found[200], expected[60];
    print_shape(found, sizeof found, info->dims, info->dim_count);
    print_shape(expected, sizeof expected, view->dims, view->dim_count);
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: tensor %s has shape %s, expected %s as its config says", r->source->path,
                     info->name, found, expected);
}

static bool match(reader *r, base_error *error) {
    const char *scope = r->source->scope;
    for (size_t i = 0; i < nn_params_views(r->set); i++) {
        const nn_param_view *view = nn_params_view_at(r->set, i);
        if (!begins(view->name, scope))
            continue;
        const char *name = view->name + strlen(scope);
        if (!r->prefix)
            r->prefix = choose_prefix(r, name);
        r->wanted[i] = find(r->file, r->prefix, name);
        if (!r->wanted[i])
            return base_fail(error, BASE_BAD_INPUT, "%s: tensor %s is missing", r->source->path,
                             name);
        if (!check_shape(r, view, r->wanted[i], error))
            return false;
    }
    return true;
}

static bool read_views(reader *r, base_error *error) {
    for (size_t i = 0; i < nn_params_views(r->set); i++) {
        const nn_param_view *view = nn_params_view_at(r->set, i);
        if (!r->wanted[i])
            continue;
        real *out = nn_params_at(r->set, view->param)->value + view->offset;
        if (!nn_safetensors_read(r->file, r->wanted[i], out, error))
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

static bool keep(reader *r, const nn_tensor_info *info, base_error *error) {
    nn_extra_tensor *t =
        nn_extra_add(r->source->extra, info->name + strlen(r->prefix), info->dtype, info->dims,
                     info->dim_count, (size_t)(info->end - info->begin), error);
    return t && nn_safetensors_read_raw(r->file, info, t->bytes, error);
}

static bool keep_rest(reader *r, base_error *error) {
    for (size_t i = 0; i < nn_safetensors_count(r->file); i++) {
        const nn_tensor_info *info = nn_safetensors_at(r->file, i);
        if (is_wanted(r, info) || !r->prefix || !begins(info->name, r->prefix))
            continue;
        if (!strstr(info->name, "pooler.") && !ends(info->name, "position_ids")) {
            char shown[200];
            base_log(BASE_LOG_WARNING, "%s: tensor %s takes no part in the model", r->source->path,
                     base_escape(shown, sizeof shown, info->name, strlen(info->name)));
        }
        if (!keep(r, info, error))
            return false;
    }
    return true;
}

static bool refuse_rest(const reader *r, base_error *error) {
    char shown[200];
    for (size_t i = 0; i < nn_safetensors_count(r->file); i++) {
        const nn_tensor_info *info = nn_safetensors_at(r->file, i);
        if (!is_wanted(r, info))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: found tensor %s, expected none beside those that its config asks "
                             "for",
                             r->source->path,
                             base_escape(shown, sizeof shown, info->name, strlen(info->name)));
    }
    return true;
}

bool nn_weights_read(nn_params *set, const nn_weights_source *source, base_error *error) {
    reader r = {.source = source, .set = set};
    r.wanted = base_alloc(nn_params_views(set), sizeof *r.wanted, error);
    r.file = r.wanted ? nn_safetensors_open(source->path, error) : NULL;
    bool ok = r.file && match(&r, error) && (!source->strict || refuse_rest(&r, error));
    if (ok && source->data)
        ok = read_views(&r, error) && (!source->extra || keep_rest(&r, error));
    nn_safetensors_close(r.file);
    free(r.wanted);
    return ok;
}

static nn_tensor_source view_source(nn_params *set, const nn_param_view *view, const char *scope) {
    nn_tensor_source out = {.name = view->name + strlen(scope),
                            .dim_count = view->dim_count,
                            .values = nn_params_at(set, view->param)->value + view->offset};
    memcpy(out.dims, view->dims, sizeof view->dims);
    return out;
}

static nn_tensor_source extra_source(const nn_extra_tensor *t) {
    nn_tensor_source out = {.name = t->name,
                            .dim_count = t->dim_count,
                            .raw = t->bytes,
                            .raw_size = t->size,
                            .raw_dtype = t->dtype};
    memcpy(out.dims, t->dims, sizeof t->dims);
    return out;
}

bool nn_weights_write(nn_params *set, const char *scope, const nn_extra *extra, const char *path,
                      base_error *error) {
    size_t most = nn_params_views(set) + (extra ? extra->count : 0), count = 0;
    nn_tensor_source *tensors = base_alloc(most, sizeof *tensors, error);
    if (!tensors)
        return false;
    for (size_t i = 0; i < nn_params_views(set); i++)
        if (begins(nn_params_view_at(set, i)->name, scope))
            tensors[count++] = view_source(set, nn_params_view_at(set, i), scope);
    for (size_t i = 0; extra && i < extra->count; i++)
        tensors[count++] = extra_source(&extra->tensors[i]);
    bool ok = nn_safetensors_write(path, tensors, count, error);
    free(tensors);
    return ok;
}
