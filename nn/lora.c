#include "nn/lora.h"

#include "autograd/kernels/gemm.h"
#include "base/memory.h"
#include "nn/lora_build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SITE_FIRST = 1 << 23 }; /* of dropout, behind those of all else (nn/decoder.h) */

static const char weight_end[] = ".weight";

void nn_lora_free(nn_lora *l) {
    if (!l)
        return;
    for (size_t i = 0; i < l->count; i++)
        free(l->adapter[i].name);
    free(l->adapter);
    free(l->base);
    nn_params_free(l->params);
    free(l);
}

nn_lora *nn_lora_empty(base_error *error) {
    nn_lora *l = base_alloc(1, sizeof *l, error);
    if (!l)
        return NULL;
    l->params = nn_params_new(error);
    if (l->params)
        return l;
    nn_lora_free(l);
    return NULL;
}

/* ---- which layers ---- */

bool nn_lora_is_layer(const nn_params *encoder, size_t view) {
    const nn_param_view *v = nn_params_view_at(encoder, view);
    return nn_params_is_linear(encoder, v->param) && base_ends_with(v->name, weight_end);
}

char *nn_lora_layer(const nn_params *encoder, size_t view, base_error *error) {
    const char *name = nn_params_view_at(encoder, view)->name;
    char *layer = base_copy(name, strlen(name) - (sizeof weight_end - 1));
    if (!layer)
        base_fail(error, BASE_FAILED, "out of memory");
    return layer;
}

/* As peft matches: the whole name, or its end behind a dot. */
static bool is_called(const char *name, const char *target) {
    size_t size = strlen(name), end = strlen(target);
    return !strcmp(name, target) ||
           (size > end && name[size - end - 1] == '.' && base_ends_with(name, target));
}

static size_t declare(nn_lora *l, const nn_adapter *adapter, const char *what, size_t rows,
                      size_t cols, nn_init init, base_error *error) {
    char *name = base_format("%s.lora_%s.weight", adapter->name, what);
    nn_param_spec spec = {.name = name,
                          .rows = rows,
                          .cols = cols,
                          .decay = true,
                          .init = init,
                          .scale = 1 / sqrt((double)cols)};
    size_t param = SIZE_MAX;
    if (name)
        param = nn_params_add_whole(l->params, &spec, error);
    else
        base_fail(error, BASE_FAILED, "out of memory");
    free(name);
    return param;
}

bool nn_lora_add(nn_lora *l, const nn_params *encoder, size_t view, char *name, size_t rank,
                 const char *where, base_error *error) {
    const nn_param_view *v = nn_params_view_at(encoder, view);
    size_t out = v->dims[0], in = v->dims[1], most = out < in ? out : in;
    nn_adapter adapter = {.name = name, .weight = v->param, .first = v->offset / in};
    if (!base_grow(&l->adapter, &l->capacity, l->count + 1, sizeof *l->adapter, error)) {
        free(name);
        return false;
    }
    l->adapter[l->count++] = adapter;
    if (rank < 1 || rank > most)
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: the rank is %zu, expected 1 to %zu, the smaller side of %s [%zu, %zu]", where,
            rank, most, name, out, in);
    size_t parts = 0;
    for (size_t i = 0; i < l->count; i++)
        parts += l->adapter[i].weight == v->param;
    if (parts > OP_MAX_LOW_RANK)
        return base_fail(error, BASE_FAILED, "%s: more than %d adapters of the tensor of %s", where,
                         OP_MAX_LOW_RANK, name);
    nn_adapter *kept = &l->adapter[l->count - 1];
    kept->a = declare(l, kept, "A", rank, in, NN_INIT_UNIFORM, error);
    kept->b =
        kept->a == SIZE_MAX ? SIZE_MAX : declare(l, kept, "B", out, rank, NN_INIT_ZERO, error);
    return kept->b != SIZE_MAX;
}

static bool refuse_target(const nn_params *encoder, const char *target, const char *where,
                          base_error *error) {
    enum { SHOWN = 8 };
    base_bytes known = {0};
    char shown[80];
    size_t count = 0;
    for (size_t i = 0; count <= SHOWN && i < nn_params_views(encoder); i++) {
        const char *name = nn_params_view_at(encoder, i)->name;
        if (nn_lora_is_layer(encoder, i) && count++ < SHOWN)
            base_bytes_format(&known, error, "%s%.*s", count > 1 ? ", " : "",
                              (int)(strlen(name) - (sizeof weight_end - 1)), name);
    }
    base_fail(error, BASE_BAD_INPUT,
              "%s: no linear layer of the encoder is called \"%s\" or ends so behind a dot; it has "
              "%s%s",
              where, base_escape(shown, sizeof shown, target, strlen(target)),
              known.size ? known.data : "none", count > SHOWN ? ", ..." : "");
    base_bytes_free(&known);
    return false;
}

static bool is_target(const nn_lora_settings *s, const char *name, bool *found) {
    bool wanted = false;
    for (size_t i = 0; i < s->target_count; i++)
        if (!strcmp(s->target[i], "all-linear") || is_called(name, s->target[i]))
            found[i] = wanted = true;
    return wanted;
}

static bool add_targets(nn_lora *l, const nn_encoder *e, const nn_lora_settings *s,
                        const char *where, base_error *error) {
    bool *found = base_alloc(s->target_count, sizeof *found, error), ok = found;
    for (size_t i = 0; ok && i < nn_params_views(e->params); i++) {
        if (!nn_lora_is_layer(e->params, i))
            continue;
        char *name = nn_lora_layer(e->params, i, error);
        if (name && is_target(s, name, found))
            ok = nn_lora_add(l, e->params, i, name, s->rank, where, error);
        else
            free(name);
        ok = ok && name;
    }
    for (size_t i = 0; ok && i < s->target_count; i++)
        ok = found[i] || refuse_target(e->params, s->target[i], where, error);
    free(found);
    return ok;
}

nn_lora *nn_lora_new(nn_encoder *e, const nn_lora_settings *settings, uint64_t seed,
                     const char *where, base_error *error) {
    const nn_layer_names *names = e->transformer.spec.names;
    bool whole = !names->query;
    const char *const usual[] = {whole ? names->part[NN_QKV] : names->query, names->value};
    nn_lora_settings s = *settings;
    if (!s.target_count && e->transformer.spec.layers) {
        s.target = usual;
        s.target_count = whole ? 1 : 2;
    }
    nn_lora *l = nn_lora_empty(error);
    if (!l)
        return NULL;
    l->rank = s.rank;
    l->alpha = s.alpha;
    l->dropout = s.dropout;
    l->rslora = s.rslora;
    bool ok = (s.target_count || refuse_target(e->params, "query", where, error)) &&
              add_targets(l, e, &s, where, error) && nn_params_allocate(l->params, error);
    if (ok) {
        nn_params_init(l->params, seed);
        e->transformer.lora = l;
        return l;
    }
    nn_lora_free(l);
    return NULL;
}

/* ---- computing ---- */

static double scale_of(const nn_lora *l, const nn_adapter *a) {
    double rank = (double)nn_params_at(l->params, a->a)->rows;
    return l->alpha / (l->rslora ? sqrt(rank) : rank);
}

void nn_lora_merge(const nn_lora *l, nn_params *encoder) {
    for (size_t i = 0; i < l->count; i++) {
        const nn_adapter *adapter = &l->adapter[i];
        const tape_param *a = nn_params_at(l->params, adapter->a),
                         *b = nn_params_at(l->params, adapter->b);
        tape_param *w = nn_params_at(encoder, adapter->weight);
        gemm_job job = {.m = b->rows,
                        .n = a->cols,
                        .k = a->rows,
                        .alpha = REAL(scale_of(l, adapter)),
                        .beta = 1,
                        .a = {.values = b->value, .stride = b->cols},
                        .b = {.values = a->value, .stride = a->cols},
                        .c = w->value + adapter->first * w->cols,
                        .c_stride = w->cols};
        gemm_run(&job, 1);
        tape_param_changed(w);
    }
}

tape_node *nn_lora_linear(const nn_lora *l, tape *t, const tape_layout *layout, nn_params *encoder,
                          tape_node *x, size_t weight, size_t bias, uint32_t place) {
    tape_node *w = tape_leaf(t, nn_params_at(encoder, weight));
    tape_node *b = bias == SIZE_MAX ? NULL : tape_leaf(t, nn_params_at(encoder, bias));
    op_low_rank part[OP_MAX_LOW_RANK];
    uint32_t parts = 0;
    bool drop = l && l->dropout > 0 && tape_get_mode(t)->dropout;
    for (size_t i = 0; l && i < l->count; i++) {
        const nn_adapter *a = &l->adapter[i];
        if (a->weight != weight)
            continue;
        uint32_t site = SITE_FIRST + place * OP_MAX_LOW_RANK + parts;
        part[parts++] =
            (op_low_rank){drop ? op_dropout(t, layout, x, l->dropout, site) : x,
                          tape_leaf(t, nn_params_at(l->params, a->a)),
                          tape_leaf(t, nn_params_at(l->params, a->b)), a->first, scale_of(l, a)};
    }
    return parts ? op_linear_adapted(t, x, w, b, part, parts) : op_linear(t, x, w, b);
}
