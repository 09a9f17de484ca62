#include "nn/classifier.h"

#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of dropout masks, far from those of encoders and modules. */
enum { SITE_FIRST = 1 << 21, SITE_LAST };

enum { NAME_SIZE = 128, MOST_LABELS = 1 << 16 };

/* ---- config.json ---- */

bool nn_classifier_is_meant(const cJSON *config) {
    const cJSON *list = base_json_get(config, "architectures");
    const char *name = cJSON_GetStringValue(cJSON_IsArray(list) ? list->child : NULL);
    return name && base_ends_with(name, "ForSequenceClassification");
}

/* id2label: {"0": NAME, ...}, as many as there are labels. */
static bool name_label(nn_classifier *c, size_t i, const cJSON *names, const char *where,
                       base_error *error) {
    char key[24];
    snprintf(key, sizeof key, "%zu", i);
    const cJSON *name = base_json_get(names, key);
    if (names && !cJSON_IsString(name))
        return base_fail(error, BASE_BAD_INPUT, "%s: id2label has no name of label %zu of %zu",
                         where, i, c->labels);
    c->label[i] = name ? base_copy(name->valuestring, strlen(name->valuestring))
                       : base_format("LABEL_%zu", i);
    return c->label[i] || base_fail(error, BASE_FAILED, "out of memory");
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name is told by its label, and a label by its name. */
static bool check_names(const nn_classifier *c, const char *where, base_error *error) {
    char shown[100];
    char **sorted = base_alloc(c->labels, sizeof *sorted, error);
    if (!sorted)
        return false;
    memcpy(sorted, c->label, c->labels * sizeof *sorted);
    qsort(sorted, c->labels, sizeof *sorted, by_name);
    bool ok = true;
    for (size_t i = 1; ok && i < c->labels; i++)
        ok = strcmp(sorted[i - 1], sorted[i]) != 0 ||
             base_fail(error, BASE_BAD_INPUT,
                       "%s: id2label has the name \"%s\" twice, expected one for each label", where,
                       base_escape(shown, sizeof shown, sorted[i], strlen(sorted[i])));
    free(sorted);
    return ok;
}

static bool read_labels(nn_classifier *c, const cJSON *config, const char *where,
                        base_error *error) {
    const cJSON *names = base_json_get(config, "id2label");
    size_t named = cJSON_IsObject(names) ? (size_t)cJSON_GetArraySize(names) : 0;
    c->labels = named ? named : 2;
    if (!base_json_size(config, "num_labels", 1, MOST_LABELS, &c->labels, where, error))
        return false;
    if (named && named != c->labels)
        base_log(BASE_LOG_WARNING, "%s: num_labels is %zu and id2label has %zu names, which count",
                 where, c->labels, named);
    c->labels = named ? named : c->labels;
    if (c->labels > MOST_LABELS)
        return base_fail(error, BASE_BAD_INPUT, "%s: %zu labels, expected at most %d", where,
                         c->labels, MOST_LABELS);
    c->label = base_alloc(c->labels, sizeof *c->label, error);
    for (size_t i = 0; c->label && i < c->labels; i++)
        if (!name_label(c, i, named ? names : NULL, where, error))
            return false;
    return c->label && check_names(c, where, error);
}

static bool read_dropout(nn_classifier *c, const nn_transformer_spec *s, const cJSON *config,
                         const char *where, base_error *error) {
    const nn_classifier_def *def = c->def;
    const cJSON *item = def->dropout_key ? base_json_get(config, def->dropout_key) : NULL;
    c->dropout = def->dropout < 0 ? s->hidden_dropout : def->dropout;
    return !item || cJSON_IsNull(item) ||
           base_json_real(config, def->dropout_key, 0, 1 - 0x1p-20, &c->dropout, where, error);
}

static bool read_activation(nn_classifier *c, const cJSON *config, const char *where,
                            base_error *error) {
    const char *name = nn_activation_name(c->def->activation);
    char shown[80];
    c->activation = c->def->activation;
    return !c->def->activation_key ||
           (base_json_text(config, c->def->activation_key, &name, where, error) &&
            (nn_activation_by_name(name, &c->activation) ||
             base_fail(error, BASE_BAD_INPUT, "%s: %s is \"%s\", expected %s", where,
                       c->def->activation_key, base_escape(shown, sizeof shown, name, strlen(name)),
                       nn_activation_names())));
}

static bool read_pooling(nn_classifier *c, const cJSON *config, const char *where,
                         base_error *error) {
    const char *name = "cls";
    char shown[80];
    if (c->def->pooling_key && !base_json_text(config, c->def->pooling_key, &name, where, error))
        return false;
    c->pool = strcmp(name, "mean") != 0 ? OP_POOL_CLS : OP_POOL_MEAN;
    return c->pool == OP_POOL_MEAN || !strcmp(name, "cls") ||
           base_fail(error, BASE_BAD_INPUT, "%s: %s is \"%s\", expected \"cls\" or \"mean\"", where,
                     c->def->pooling_key, base_escape(shown, sizeof shown, name, strlen(name)));
}

/* ---- tensors ---- */

static bool declare_linear(nn_classifier *c, const char *name, size_t rows, size_t cols, bool bias,
                           double scale, nn_linear *out, base_error *error) {
    char weight[NAME_SIZE], shift[NAME_SIZE];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(shift, sizeof shift, "%s.bias", name);
    nn_param_spec w = {weight, rows, cols, .decay = true, .init = NN_INIT_NORMAL, .scale = scale};
    nn_param_spec b = {shift, 0, rows, .init = NN_INIT_ZERO};
    out->weight = nn_params_add_whole(c->params, &w, error);
    out->bias =
        bias && out->weight != SIZE_MAX ? nn_params_add_whole(c->params, &b, error) : SIZE_MAX;
    return base_ok(error);
}

static bool declare(nn_classifier *c, const nn_transformer_spec *s, const cJSON *config,
                    const char *where, base_error *error) {
    const nn_classifier_def *def = c->def;
    double range = s->init_range, deep = range / sqrt(2 * (double)s->layers);
    char norm[NAME_SIZE];
    bool bias = !def->bias_key;
    c->norm = (nn_linear){SIZE_MAX, SIZE_MAX};
    c->norm_epsilon = s->norm_epsilon;
    if ((def->bias_key && !base_json_bool(config, def->bias_key, &bias, where, error)) ||
        !declare_linear(c, def->dense, s->hidden, s->hidden, bias, def->deep_init ? deep : range,
                        &c->dense, error))
        return false;
    if (def->norm) {
        snprintf(norm, sizeof norm, "%s.weight", def->norm);
        c->norm.weight = nn_params_add_whole(
            c->params, &(nn_param_spec){.name = norm, .cols = s->hidden, .init = NN_INIT_ONE},
            error);
    }
    return base_ok(error) &&
           declare_linear(c, def->out, c->labels, s->hidden, true,
                          def->deep_init ? 1 / sqrt((double)s->hidden) : range, &c->out, error);
}

static bool configure(nn_classifier *c, const nn_encoder *e, const cJSON *config, const char *where,
                      base_error *error) {
    c->def = e->def->classifier;
    return read_labels(c, config, where, error) &&
           read_dropout(c, &e->transformer.spec, config, where, error) &&
           read_activation(c, config, where, error) && read_pooling(c, config, where, error) &&
           declare(c, &e->transformer.spec, config, where, error);
}

nn_classifier *nn_classifier_new(const nn_encoder *e, const cJSON *config, nn_params *set,
                                 const char *where, base_error *error) {
    if (!e->def->classifier) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: an encoder of the kind %s cannot be a cross-encoder, expected a Transformer",
                  where, e->def->model_type);
        return NULL;
    }
    nn_classifier *c = base_alloc(1, sizeof *c, error);
    if (!c)
        return NULL;
    c->params = set;
    if (configure(c, e, config, where, error)) {
        c->scores = c->labels == 1 ? NN_SIGMOID : NN_IDENTITY;
        return c;
    }
    nn_classifier_free(c);
    return NULL;
}

void nn_classifier_free(nn_classifier *c) {
    if (!c)
        return;
    for (size_t i = 0; c->label && i < c->labels; i++)
        free(c->label[i]);
    free(c->label);
    free(c);
}

bool nn_classifier_take(nn_classifier *c, nn_extra *extra, const char *const *prefixes, bool all,
                        const char *path, base_error *error) {
    for (size_t i = 0; i < nn_params_views(c->params); i++) {
        const nn_param_view *view = nn_params_view_at(c->params, i);
        nn_extra_tensor *t = nn_extra_find(extra, view->name);
        for (const char *const *p = prefixes; !t && *p; p++)
            if (!strncmp(view->name, *p, strlen(*p)))
                t = nn_extra_find(extra, view->name + strlen(*p));
        if (!t && all)
            return base_fail(error, BASE_BAD_INPUT, "%s: tensor %s is missing", path, view->name);
        if (t && !nn_extra_take(extra, t, c->params, view, path, error))
            return false;
    }
    return true;
}

/* ---- computing ---- */

static tape_node *linear(const nn_classifier *c, tape *t, tape_node *x, const nn_linear *l) {
    tape_node *bias = l->bias == SIZE_MAX ? NULL : tape_leaf(t, nn_params_at(c->params, l->bias));
    return op_linear(t, x, tape_leaf(t, nn_params_at(c->params, l->weight)), bias);
}

static tape_node *drop(const nn_classifier *c, tape *t, const tape_layout *layout, tape_node *x,
                       uint32_t site) {
    if (!tape_get_mode(t)->dropout || c->dropout <= 0)
        return x;
    return op_dropout(t, layout, x, c->dropout, site);
}

tape_node *nn_classifier_forward(const nn_classifier *c, tape *t, const tape_layout *layout,
                                 tape_node *x) {
    tape_node *y = op_pool(t, layout, x, c->pool);
    if (c->def->dropout_first)
        y = drop(c, t, layout, y, SITE_FIRST);
    y = nn_activation_apply(c->activation, t, linear(c, t, y, &c->dense));
    if (c->norm.weight != SIZE_MAX)
        y = op_add_norm(t, layout, y, NULL, tape_leaf(t, nn_params_at(c->params, c->norm.weight)),
                        NULL, &(op_norm_options){.epsilon = c->norm_epsilon});
    return linear(c, t, drop(c, t, layout, y, SITE_LAST), &c->out);
}

bool nn_classifier_scores(const nn_classifier *c, float *logits, size_t count, base_error *error) {
    enum { BYTES_A_NUMBER = 16 * sizeof(real), SMALL = 1 << 16 };
    size_t numbers, bytes, scratch;
    if (c->scores == NN_IDENTITY || count == 0)
        return true;
    if (!base_size_mul(count, c->labels, &numbers) ||
        !base_size_mul(numbers, BYTES_A_NUMBER, &bytes) || !base_size_add(bytes, SMALL, &bytes) ||
        !op_scratch_bytes(&(op_bounds){.rows = count, .cols = c->labels}, &scratch))
        return base_fail(error, BASE_FAILED, "%zu scores are more than memory can hold", count);
    real *x = base_alloc(numbers, sizeof *x, error);
    tape *t = x ? tape_new(bytes, scratch, error) : NULL;
    for (size_t i = 0; t && i < numbers; i++)
        x[i] = (real)logits[i];
    if (t)
        tape_begin(t, &(tape_mode){0});
    const tape_node *y =
        t ? nn_activation_apply(c->scores, t, tape_input(t, count, c->labels, x)) : NULL;
    for (size_t i = 0; y && i < numbers; i++)
        logits[i] = (float)y->value[i];
    if (t && !y)
        *error = *tape_error(t);
    tape_free(t);
    free(x);
    return y != NULL;
}

/* ---- writing ---- */

/* Takes the value. */
static bool put(cJSON *config, const char *key, cJSON *value) {
    cJSON_DeleteItemFromObjectCaseSensitive(config, key);
    if (value && cJSON_AddItemToObject(config, key, value))
        return true;
    cJSON_Delete(value);
    return false;
}

bool nn_classifier_describe(const nn_classifier *c, cJSON *config, base_error *error) {
    cJSON *names = cJSON_CreateObject(), *numbers = cJSON_CreateObject();
    bool ok = names && numbers;
    for (size_t i = 0; ok && i < c->labels; i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        ok = cJSON_AddStringToObject(names, key, c->label[i]) &&
             cJSON_AddNumberToObject(numbers, c->label[i], (double)i);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(config, "num_labels");
    ok = put(config, "architectures", cJSON_CreateStringArray(&c->def->architecture, 1)) && ok;
    ok = put(config, "id2label", names) && ok;
    ok = put(config, "label2id", numbers) && ok;
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}
