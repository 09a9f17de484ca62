#include "losses/loss.h"

#include "data/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loss {
    const loss_def *def;
    loss_setting setting;
    char **label;
    cJSON *config;
    void *options;
    nn_params *params;
};

#define LOSS(name) extern const loss_def loss_##name##_def;
#include "losses/losses.def"
#undef LOSS

const loss_def *const loss_table[] = {
#define LOSS(name) &loss_##name##_def,
#include "losses/losses.def"
#undef LOSS
    NULL,
};

const char *const *loss_names(void) {
    static const char *const names[] = {
#define LOSS(name) #name,
#include "losses/losses.def"
#undef LOSS
        NULL,
    };
    return names;
}

const loss_def *loss_find(const char *name, base_error *error) {
    size_t count = 0;
    for (; loss_table[count]; count++)
        if (!strcmp(loss_table[count]->name, name))
            return loss_table[count];
    char shown[100];
    base_fail(error, BASE_BAD_INPUT, "there is no loss \"%s\", did you mean \"%s\"?",
              base_escape(shown, sizeof shown, name, strlen(name)),
              base_keys_nearest(name, loss_names(), count));
    return NULL;
}

/* A copy of the config as an object, however it was written. */
static cJSON *as_object(const cJSON *config, base_error *error) {
    bool name = cJSON_IsString(config);
    cJSON *object = name ? cJSON_CreateObject() : cJSON_Duplicate(config, true);
    if (object && (!name || cJSON_AddStringToObject(object, "name", config->valuestring)))
        return object;
    cJSON_Delete(object);
    base_fail(error, BASE_FAILED, "out of memory");
    return NULL;
}

static bool find_definition(loss *l, const char *where, const char *prefix, base_error *error) {
    const cJSON *name = base_json_get(l->config, "name");
    if (!cJSON_IsString(name))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: %sname is not a string, expected the name of a loss", where, prefix);
    l->def = loss_find(name->valuestring, error);
    return l->def || base_fail_prefix(error, "%s: %sname", where, prefix);
}

static bool copy_labels(loss *l, const loss_setting *setting, base_error *error) {
    loss_setting s = *setting;
    if (s.classes == 0) {
        s.classes = DATA_USUAL_LABELS;
        s.label = data_usual_label;
    }
    l->setting = s;
    l->label = base_alloc(s.classes, sizeof *l->label, error);
    for (size_t i = 0; l->label && i < s.classes; i++) {
        l->label[i] = s.label ? base_copy(s.label[i], strlen(s.label[i])) : base_format("%zu", i);
        if (!l->label[i])
            return base_fail(error, BASE_FAILED, "out of memory");
    }
    l->setting.label = (const char *const *)l->label;
    return l->label != NULL;
}

static bool check_options(const loss *l, const char *where, const char *prefix, base_error *error) {
    base_error found = {0};
    return !l->def->check || l->def->check(l, &found) ||
           base_fail(error, found.status, "%s: %s%s", where, prefix, found.text);
}

static bool prepare(loss *l, const cJSON *config, const loss_setting *setting, const char *where,
                    const char *prefix, base_error *error) {
    l->config = as_object(config, error);
    if (!l->config || !find_definition(l, where, prefix, error) || !copy_labels(l, setting, error))
        return false;
    l->options = base_alloc(1, l->def->options->size, error);
    l->params = nn_params_new(error);
    return l->options && l->params &&
           base_keys_fill(l->def->options, l->config, where, prefix, l->options, error) &&
           check_options(l, where, prefix, error) &&
           (!l->def->declare || l->def->declare(l, error)) && nn_params_allocate(l->params, error);
}

loss *loss_new(const cJSON *config, const loss_setting *setting, const char *where,
               const char *prefix, base_error *error) {
    loss *l = base_alloc(1, sizeof *l, error);
    if (l && prepare(l, config, setting, where, prefix, error))
        return l;
    loss_free(l);
    return NULL;
}

void loss_free(loss *l) {
    if (!l)
        return;
    if (l->options)
        base_keys_release(l->def->options, l->options);
    for (size_t i = 0; l->label && i < l->setting.classes; i++)
        free(l->label[i]);
    free(l->label);
    free(l->options);
    cJSON_Delete(l->config);
    nn_params_free(l->params);
    free(l);
}

const loss_def *loss_definition(const loss *l) {
    return l->def;
}

const loss_setting *loss_get_setting(const loss *l) {
    return &l->setting;
}

const void *loss_options(const loss *l) {
    return l->options;
}

const cJSON *loss_config(const loss *l) {
    return l->config;
}

nn_params *loss_params(const loss *l) {
    return l->params;
}

static bool fail_size(const loss *l, tape *t, const char *what, size_t found, size_t expected) {
    return base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: %zu %s, expected %zu", l->def->name,
                     found, what, expected);
}

size_t loss_negatives(const loss *l) {
    return l->def->negatives ? l->def->negatives(l) : 0;
}

bool loss_plain_logits(const loss *l) {
    return l->def->plain_logits && l->def->plain_logits(l);
}

/* One node of the logits of `pairs` pairs an example. */
static bool check_pairs(const loss *l, tape *t, tape_node *const *nodes, size_t pairs,
                        size_t examples) {
    if (!nodes[0])
        return base_fail(tape_error(t), BASE_FAILED, "loss %s: no logits", l->def->name);
    if (nodes[0]->cols != l->setting.width)
        return fail_size(l, t, "labels", nodes[0]->cols, l->setting.width);
    return nodes[0]->rows == pairs * examples ||
           fail_size(l, t, "rows of logits", nodes[0]->rows, pairs * examples);
}

static bool check_columns(const loss *l, tape *t, tape_node *const *nodes, size_t columns) {
    const loss_def *def = l->def;
    if (columns < def->min_columns)
        return fail_size(l, t, "text columns, too few", columns, def->min_columns);
    if (columns > def->max_columns)
        return fail_size(l, t, "text columns, too many", columns, def->max_columns);
    for (size_t i = 0; i < columns; i++)
        if (!nodes[i])
            return base_fail(tape_error(t), BASE_FAILED, "loss %s: no embeddings of column %zu",
                             def->name, i);
        else if (nodes[i]->cols != l->setting.width)
            return fail_size(l, t, "columns of an embedding", nodes[i]->cols, l->setting.width);
    return true;
}

static bool check_target(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                         const loss_target *target) {
    static const char *const names[] = {"no target", "labels", "scores"};
    const loss_def *def = l->def;
    for (size_t i = 0; !def->of_pairs && i < columns; i++)
        if (nodes[i]->rows != target->examples)
            return fail_size(l, t, "rows of embeddings", nodes[i]->rows, target->examples);
    if (def->teaching && target->taught)
        return true;
    if (def->teaching && def->target == DATA_TARGET_NONE)
        return base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: there is no teacher", def->name);
    bool there =
        def->target == DATA_TARGET_NONE || (def->one_label && target->score) ||
        (def->target == target->kind &&
         (def->target == DATA_TARGET_CLASS ? target->label != NULL : target->score != NULL));
    return there ||
           base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: the data has %s, expected %s",
                     def->name, names[target->kind], names[def->target]);
}

tape_node *loss_build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                      const loss_target *target) {
    if (!base_ok(tape_error(t)) ||
        !(l->def->of_pairs ? check_pairs(l, t, nodes, columns, target->examples)
                           : check_columns(l, t, nodes, columns)) ||
        !check_target(l, t, nodes, columns, target))
        return NULL;
    return l->def->build(l, t, nodes, columns, target);
}

tape_node *loss_logits(const loss *l, tape *t, tape_node *const *nodes) {
    enum { PAIR = 2 };
    if (!base_ok(tape_error(t)) || !check_columns(l, t, nodes, PAIR))
        return NULL;
    return l->def->logits(l, t, nodes);
}

static bool add_product(size_t *sum, size_t a, size_t b, size_t times) {
    size_t product;
    return base_size_mul(a, b, &product) && base_size_mul(product, times, &product) &&
           base_size_add(*sum, product, sum);
}

/* Generous: no loss keeps more than BLOCKS buffers of any kind, and pages are touched lazily. */
bool loss_tape_bytes(const loss *l, size_t examples, size_t columns, size_t *bytes) {
    enum { BLOCKS = 16 * sizeof(real), SMALL = 1 << 20 };
    const loss_setting *s = &l->setting;
    size_t texts, width;
    *bytes = SMALL;
    return base_size_mul(examples, columns, &texts) &&
           base_size_add(s->width, s->classes, &width) &&
           base_size_add(width, s->teacher_width, &width) && add_product(&width, s->width, 1, 4) &&
           add_product(bytes, texts, width, BLOCKS) && add_product(bytes, texts, examples, BLOCKS);
}
