#include "nn/decoder.h"

#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 128 };

/* Keys of dropout masks behind those of the layers, two a layer. */
enum { SITE_WEIGHTS = NN_DECODER_SITES + (1 << 16), SITE_OUTPUT, SITES_A_LAYER = 2 };

/* ---- tensors ---- */

/* A linear layer [rows, H], or a LayerNorm for rows 0. */
static bool declare_linear(nn_decoder *d, const char *name, size_t rows, nn_linear *out,
                           base_error *error) {
    const nn_transformer_spec *s = &d->transformer.spec;
    char weight[NAME_SIZE], bias[NAME_SIZE];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    nn_param_spec norm = {weight, 0, s->hidden, .init = NN_INIT_ONE};
    nn_param_spec matrix = {
        weight, rows, s->hidden, .decay = true, .init = NN_INIT_NORMAL, .scale = s->init_range};
    nn_param_spec shift = {bias, 0, rows ? rows : s->hidden, .init = NN_INIT_ZERO};
    out->weight = nn_params_add_whole(d->params, rows ? &matrix : &norm, error);
    out->bias = out->weight == SIZE_MAX ? SIZE_MAX : nn_params_add_whole(d->params, &shift, error);
    return out->bias != SIZE_MAX;
}

static bool declare_cross(nn_decoder *d, size_t layer, base_error *error) {
    const nn_transformer_spec *s = &d->transformer.spec;
    const struct {
        const char *name;
        size_t rows;
        nn_linear *out;
    } part[] = {
        {"self.value", s->hidden, &d->cross[layer].value},
        {"output.dense", s->hidden, &d->cross[layer].output},
        {"output.LayerNorm", 0, &d->cross[layer].norm},
    };
    char name[NAME_SIZE];
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        snprintf(name, sizeof name, "%s%s.%zu.crossattention.%s", d->names.prefix, d->names.stack,
                 layer, part[i].name);
        if (!declare_linear(d, name, part[i].rows, part[i].out, error))
            return false;
    }
    return true;
}

static bool declare_head(nn_decoder *d, const nn_decoder_def *def, base_error *error) {
    const nn_transformer_spec *s = &d->transformer.spec;
    nn_param_spec bias = {def->bias, 0, s->vocab, .init = NN_INIT_ZERO};
    if (!declare_linear(d, def->dense, s->hidden, &d->dense, error) ||
        !declare_linear(d, def->norm, 0, &d->norm, error))
        return false;
    d->bias = nn_params_add_whole(d->params, &bias, error);
    return d->bias != SIZE_MAX;
}

static bool declare(nn_decoder *d, base_error *error) {
    nn_transformer *m = &d->transformer;
    d->names = *m->spec.names;
    d->names.prefix = d->encoder->def->prefixes[0];
    if (!d->tied) {
        m->layer = NULL;
        m->lora = NULL;
        m->spec.names = &d->names;
        if (!nn_transformer_declare(m, d->params, error))
            return false;
    }
    d->cross = base_alloc(m->spec.layers, sizeof *d->cross, error);
    bool ok = d->cross && declare_head(d, d->encoder->def->decoder, error);
    for (size_t i = 0; ok && i < m->spec.layers; i++)
        ok = declare_cross(d, i, error);
    if (ok)
        nn_params_make_dense(m->params, m->words);
    return ok;
}

nn_decoder *nn_decoder_new(const nn_encoder *e, bool tied, nn_params *params, base_error *error) {
    if (!e->def->decoder) {
        base_fail(error, BASE_BAD_INPUT,
                  "an encoder of the kind %s has no decoder, expected bert, roberta or xlm-roberta",
                  e->def->model_type);
        return NULL;
    }
    nn_decoder *d = base_alloc(1, sizeof *d, error);
    if (!d)
        return NULL;
    *d = (nn_decoder){.encoder = e, .params = params, .transformer = e->transformer, .tied = tied};
    if (declare(d, error))
        return d;
    nn_decoder_free(d);
    return NULL;
}

void nn_decoder_free(nn_decoder *d) {
    if (!d)
        return;
    if (!d->tied)
        nn_transformer_free(&d->transformer);
    free(d->cross);
    free(d);
}

/* ---- first values ---- */

static size_t elements_of(const nn_param_view *view) {
    return view->dims[0] * (view->dim_count > 1 ? view->dims[1] : 1);
}

/* The encoder's tensor of the same name, which has the same shape, into the view. */
static void copy_from_encoder(const nn_decoder *d, const nn_param_view *view) {
    size_t begin = strlen(d->names.prefix);
    nn_params *encoder = d->encoder->params;
    if (d->tied || strncmp(view->name, d->names.prefix, begin) != 0)
        return;
    for (size_t i = 0; i < nn_params_views(encoder); i++) {
        const nn_param_view *from = nn_params_view_at(encoder, i);
        if (strcmp(from->name, view->name + begin) != 0)
            continue;
        memcpy(nn_params_at(d->params, view->param)->value + view->offset,
               nn_params_at(encoder, from->param)->value + from->offset,
               elements_of(view) * sizeof(real));
        tape_param_changed(nn_params_at(d->params, view->param));
    }
}

static bool fits(const nn_extra_tensor *t, const nn_param_view *view) {
    return t && t->dim_count == view->dim_count &&
           !memcmp(t->dims, view->dims, t->dim_count * sizeof *t->dims);
}

bool nn_decoder_start(const nn_decoder *d, const nn_extra *extra, base_error *error) {
    for (size_t i = 0; i < nn_params_views(d->params); i++) {
        const nn_param_view *view = nn_params_view_at(d->params, i);
        const nn_extra_tensor *kept = nn_extra_find(extra, view->name);
        if (!fits(kept, view))
            copy_from_encoder(d, view);
        else if (!nn_extra_copy(kept, d->params, view, "the encoder's file", error))
            return false;
    }
    return true;
}

/* ---- computing ---- */

static tape_node *leaf(const nn_decoder *d, tape *t, size_t param) {
    return tape_leaf(t, nn_params_at(d->params, param));
}

static tape_node *linear(const nn_decoder *d, tape *t, tape_node *x, const nn_linear *l) {
    return op_linear(t, x, leaf(d, t, l->weight), leaf(d, t, l->bias));
}

tape_node *nn_decoder_cross(const nn_pass *p, size_t layer, tape_node *x) {
    const nn_decoder *d = p->decoder;
    const nn_transformer_spec *s = &d->transformer.spec;
    const nn_cross *c = &d->cross[layer];
    uint32_t first = (uint32_t)(layer * SITES_A_LAYER);
    op_attention_options weights = {
        .heads = s->heads, .dropout = s->attention_dropout, .site = SITE_WEIGHTS + first};
    op_norm_options norm = {s->norm_epsilon, s->hidden_dropout, SITE_OUTPUT + first};
    tape_node *value = linear(d, p->tape, p->sentences, &c->value);
    tape_node *seen = op_spread(p->tape, p->layout, value, &weights);
    tape_node *out = linear(d, p->tape, seen, &c->output);
    return op_add_norm(p->tape, p->layout, out, x, leaf(d, p->tape, c->norm.weight),
                       leaf(d, p->tape, c->norm.bias), &norm);
}

static tape_node *logits(const nn_decoder *d, tape *t, const tape_layout *layout, tape_node *x) {
    const nn_transformer *m = &d->transformer;
    op_norm_options norm = {.epsilon = m->spec.norm_epsilon};
    nn_activation activation = d->encoder->def->decoder->gelu ? NN_GELU : m->spec.activation;
    tape_node *active = nn_activation_apply(activation, t, linear(d, t, x, &d->dense));
    tape_node *y = op_add_norm(t, layout, active, NULL, leaf(d, t, d->norm.weight),
                               leaf(d, t, d->norm.bias), &norm);
    return op_linear(t, y, tape_leaf(t, nn_params_at(m->params, m->words)), leaf(d, t, d->bias));
}

tape_node *nn_decoder_forward(const nn_decoder *d, tape *t, const tape_layout *layout,
                              tape_node *sentences) {
    nn_pass pass = {.model = &d->transformer,
                    .tape = t,
                    .layout = layout,
                    .decoder = d,
                    .sentences = sentences};
    tape_node *x = nn_transformer_layers(&pass, nn_transformer_embed(&pass), NULL);
    return x ? logits(d, t, layout, x) : NULL;
}

/* Values and gradients of a layer's four nodes more, of the head's three, and of the logits, whose
 * softmax is kept. */
bool nn_decoder_tape_bytes(const nn_decoder *d, size_t tokens, size_t *bytes) {
    enum { A_LAYER = 8, HEAD = 6, LOGITS = 4, NODES = 1 << 20 };
    const nn_transformer_spec *s = &d->transformer.spec;
    size_t narrow, wide;
    return nn_transformer_tape_bytes(&d->transformer, tokens, true, bytes) &&
           base_size_mul(s->hidden, A_LAYER * s->layers + HEAD, &narrow) &&
           base_size_mul(s->vocab, LOGITS, &wide) && base_size_add(narrow, wide, &wide) &&
           base_size_mul(wide, sizeof(real), &wide) && base_size_mul(wide, tokens, &wide) &&
           base_size_add(wide, NODES, &wide) && base_size_add(*bytes, wide, bytes);
}
