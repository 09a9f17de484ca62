#include "losses/loss.h"

#include "data/reader.h"
#include "nn/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loss {
    loss_def def;
    loss **inner;
    size_t inners, inner_room;
    loss_setting setting;
    const char *where, *prefix; /* of its config, while it is made */
    char **label;
    cJSON *config;
    void *options;
    nn_params *params;
    nn_decoder *decoder;
};

static bool find_definition(loss *l, const char *where, const char *prefix, base_error *error) {
    const cJSON *name = base_json_get(l->config, "name");
    if (!cJSON_IsString(name))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: %sname is not a string, expected the name of a loss", where, prefix);
    const loss_def *def = loss_find(name->valuestring, error);
    if (!def)
        return base_fail_prefix(error, "%s: %sname", where, prefix);
    l->def = *def;
    return def->wraps || loss_define(l->config, &l->def, error);
}

static bool fill_options(loss *l, const char *where, const char *prefix, base_error *error) {
    if (!l->options)
        l->options = base_alloc(1, l->def.options->size, error);
    return l->options &&
           base_keys_fill(l->def.options, l->config, where, prefix, l->options, error);
}

/* Of the keys of the i-th loss that an option of the loss with keys behind `prefix` holds. */
static char *inner_prefix(const char *wraps, const char *prefix, bool list, size_t i) {
    return list ? base_format("%s%s[%zu].", prefix, wraps, i) : base_format("%s%s.", prefix, wraps);
}

/* The i-th loss that the config wraps, with every default; false: an error, or there is none. */
static bool resolve_one(loss *l, size_t i, const char *where, const char *prefix,
                        base_error *error) {
    const cJSON *item = loss_wrapped(l->config, l->def.wraps, i);
    cJSON *held = cJSON_GetObjectItemCaseSensitive(l->config, l->def.wraps);
    bool list = cJSON_IsArray(held);
    if (!item)
        return false;
    char *inner = inner_prefix(l->def.wraps, prefix, list, i);
    cJSON *whole = inner ? loss_resolve(item, where, inner, error) : NULL;
    free(inner);
    if (!whole)
        return base_fail(error, BASE_FAILED, "out of memory");
    return list ? cJSON_ReplaceItemInArray(held, (int)i, whole)
                : cJSON_ReplaceItemInObjectCaseSensitive(l->config, l->def.wraps, whole);
}

/* Each kind of wrapper makes sense once around a loss; a loss of pairs has no embeddings. */
static bool check_wrapped(const loss *l, const char *where, const char *prefix, base_error *error) {
    if (loss_wraps(l->config, l->def.wraps, l->def.name))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: %s%s: there is another %s in it, expected at most one around a loss",
                         where, prefix, l->def.wraps, l->def.name);
    return !l->def.of_pairs ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: %s%s: a loss of cross-encoders, expected one of embeddings", where,
                     prefix, l->def.wraps);
}

/* Every wrapped loss with every default; options point into the config, so they are filled again.
 */
static bool resolve_wrapped(loss *l, const char *where, const char *prefix, base_error *error) {
    base_keys_release(l->def.options, l->options);
    memset(l->options, 0, l->def.options->size);
    for (size_t i = 0; resolve_one(l, i, where, prefix, error);)
        i++;
    loss_def whole;
    if (!base_ok(error) || !fill_options(l, where, prefix, error))
        return false;
    if (!loss_define(l->config, &whole, error))
        return base_fail_prefix(error, "%s: %s%s", where, prefix, l->def.wraps);
    l->def = whole;
    return check_wrapped(l, where, prefix, error);
}

bool loss_fail(const loss *l, base_error *error, const char *format, ...) {
    char text[sizeof error->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return base_fail(error, BASE_BAD_INPUT, "%s: %s%s", l->where, l->prefix, text);
}

static bool resolve(loss *l, const cJSON *config, const char *where, const char *prefix,
                    base_error *error) {
    l->where = where;
    l->prefix = prefix;
    l->config = base_keys_object(config, error);
    return l->config && find_definition(l, where, prefix, error) &&
           fill_options(l, where, prefix, error) &&
           (!l->def.wraps || resolve_wrapped(l, where, prefix, error)) &&
           (!l->def.check || l->def.check(l, error));
}

cJSON *loss_resolve(const cJSON *config, const char *where, const char *prefix, base_error *error) {
    loss *l = base_alloc(1, sizeof *l, error);
    cJSON *whole = NULL;
    if (l && resolve(l, config, where, prefix, error)) {
        whole = l->config;
        l->config = NULL;
    }
    loss_free(l);
    return whole;
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

static bool prepare(loss *l, const cJSON *config, const loss_setting *setting, const char *where,
                    const char *prefix, base_error *error) {
    if (!resolve(l, config, where, prefix, error) || !copy_labels(l, setting, error))
        return false;
    l->params = nn_params_new(error);
    return l->params && (!l->def.declare || l->def.declare(l, error)) &&
           nn_params_allocate(l->params, error);
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
        base_keys_release(l->def.options, l->options);
    for (size_t i = 0; l->label && i < l->setting.classes; i++)
        free(l->label[i]);
    for (size_t i = 0; i < l->inners; i++)
        loss_free(l->inner[i]);
    free(l->inner);
    free(l->label);
    free(l->options);
    cJSON_Delete(l->config);
    nn_decoder_free(l->decoder);
    nn_params_free(l->params);
    free(l);
}

const loss *loss_add_inner(loss *l, const cJSON *config, const loss_setting *setting,
                           base_error *error) {
    if (!base_grow(&l->inner, &l->inner_room, l->inners + 1, sizeof *l->inner, error))
        return NULL;
    bool list = cJSON_IsArray(base_json_get(l->config, l->def.wraps));
    char *prefix = inner_prefix(l->def.wraps, l->prefix, list, l->inners);
    loss *made = prefix ? loss_new(config, setting, l->where, prefix, error) : NULL;
    if (made)
        l->inner[l->inners++] = made;
    else
        base_fail(error, BASE_FAILED, "out of memory");
    free(prefix);
    return made;
}

const loss *loss_inner(const loss *l, size_t i) {
    return i < l->inners ? l->inner[i] : NULL;
}

/* The part that is *i further on, depth first; *i counts down. */
static const loss *find_part(const loss *l, size_t *i) {
    const loss *found = *i == 0 ? l : NULL;
    for (size_t k = 0; !found && k < l->inners; k++) {
        --*i;
        found = find_part(l->inner[k], i);
    }
    return found;
}

const loss *loss_part(const loss *l, size_t i) {
    return find_part(l, &i);
}

const loss_def *loss_definition(const loss *l) {
    return &l->def;
}

const loss_setting *loss_get_setting(const loss *l) {
    return &l->setting;
}

bool loss_of_embeddings(const loss_def *def) {
    return !def->of_pairs && !def->layers && !def->decodes;
}

bool loss_check_columns(const loss_def *def, const char *file, size_t columns, base_error *error) {
    char expected[60];
    if (columns >= def->min_columns && columns <= def->max_columns)
        return true;
    if (def->min_columns == def->max_columns)
        snprintf(expected, sizeof expected, "%zu", def->min_columns);
    else
        snprintf(expected, sizeof expected, "%zu to %zu", def->min_columns, def->max_columns);
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: found %zu text columns for the loss %s, expected %s, named by columns",
                     file, columns, def->name, expected);
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

bool loss_start(const loss *l, uint64_t seed, base_error *error) {
    nn_params_init(l->params, seed);
    return !l->decoder || nn_decoder_start(l->decoder, l->setting.model->extra, error);
}

bool loss_add_decoder(loss *l, bool tied, base_error *error) {
    const nn_encoder *encoder = l->setting.model->encoder;
    if (l->setting.width != nn_encoder_width(encoder))
        return loss_fail(l, error,
                         "name: embeddings of %zu columns for the loss %s, expected the encoder's "
                         "%zu, which the decoder has too",
                         l->setting.width, l->def.name, nn_encoder_width(encoder));
    l->decoder = nn_decoder_new(encoder, tied, l->params, error);
    return l->decoder || base_fail_prefix(error, "loss %s", l->def.name);
}

const nn_decoder *loss_decoder(const loss *l) {
    return l->decoder;
}

size_t loss_encoded(const loss *l, size_t columns) {
    return columns - (l->def.decodes && columns > 0);
}

static bool fail_size(const loss *l, tape *t, const char *what, size_t found, size_t expected) {
    return base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: %zu %s, expected %zu", l->def.name,
                     found, what, expected);
}

size_t loss_negatives(const loss *l) {
    return l->def.negatives ? l->def.negatives(l) : 0;
}

bool loss_plain_logits(const loss *l) {
    return l->def.plain_logits && l->def.plain_logits(l);
}

/* One node of the logits of `pairs` pairs an example. */
static bool check_pairs(const loss *l, tape *t, tape_node *const *nodes, size_t pairs,
                        size_t examples) {
    if (!nodes[0])
        return base_fail(tape_error(t), BASE_FAILED, "loss %s: no logits", l->def.name);
    if (nodes[0]->cols != l->setting.width)
        return fail_size(l, t, "labels", nodes[0]->cols, l->setting.width);
    return nodes[0]->rows == pairs * examples ||
           fail_size(l, t, "rows of logits", nodes[0]->rows, pairs * examples);
}

static bool check_columns(const loss *l, tape *t, tape_node *const *nodes, size_t columns) {
    const loss_def *def = &l->def;
    if (columns < def->min_columns)
        return fail_size(l, t, "text columns, too few", columns, def->min_columns);
    if (columns > def->max_columns)
        return fail_size(l, t, "text columns, too many", columns, def->max_columns);
    for (size_t i = 0; i < loss_encoded(l, columns); i++)
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
    const loss_def *def = &l->def;
    for (size_t i = 0; !def->of_pairs && i < loss_encoded(l, columns); i++)
        if (nodes[i]->rows != target->examples)
            return fail_size(l, t, "rows of embeddings", nodes[i]->rows, target->examples);
    if (def->layers && target->layers == 0)
        return base_fail(tape_error(t), BASE_FAILED, "loss %s: no embeddings of layers", def->name);
    bool teacher = def->teacher && target->teacher;
    if (teacher && !def->needs_target)
        return true;
    if (!teacher && def->needs_teacher)
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
        !(l->def.of_pairs ? check_pairs(l, t, nodes, columns, target->examples)
                          : check_columns(l, t, nodes, columns)) ||
        !check_target(l, t, nodes, columns, target))
        return NULL;
    return l->def.build(l, t, nodes, columns, target);
}

tape_node *loss_logits(const loss *l, tape *t, tape_node *const *nodes) {
    enum { PAIR = 2 };
    if (!base_ok(tape_error(t)) || !check_columns(l, t, nodes, PAIR))
        return NULL;
    return l->def.logits(l, t, nodes);
}

static bool add_product(size_t *sum, size_t a, size_t b, size_t times) {
    size_t product;
    return base_size_mul(a, b, &product) && base_size_mul(product, times, &product) &&
           base_size_add(*sum, product, sum);
}

/* Generous: no loss keeps more than BLOCKS buffers of any kind, and pages are touched lazily. */
static bool own_bytes(const loss *l, size_t examples, size_t columns, size_t *bytes) {
    enum { BLOCKS = 16 * sizeof(real), SMALL = 1 << 20 };
    const loss_setting *s = &l->setting;
    size_t texts, width;
    *bytes = SMALL;
    return base_size_mul(examples, columns, &texts) &&
           base_size_add(s->width, s->classes, &width) &&
           base_size_add(width, s->teacher_width, &width) && add_product(&width, s->width, 1, 4) &&
           add_product(bytes, texts, width, BLOCKS) && add_product(bytes, texts, examples, BLOCKS);
}

/* Of texts of one column. */
static bool decoder_bytes(const loss *l, size_t examples, size_t longest, size_t *bytes) {
    size_t tokens;
    *bytes = 0;
    return !l->decoder || (base_size_mul(examples, longest, &tokens) &&
                           nn_decoder_tape_bytes(l->decoder, tokens, bytes));
}

/* A loss that reads layers does for each what it does for the last. */
bool loss_tape_bytes(const loss *l, size_t examples, size_t columns, size_t longest,
                     size_t *bytes) {
    size_t decoding;
    bool fits = own_bytes(l, examples, columns, bytes) &&
                decoder_bytes(l, examples, longest, &decoding) &&
                base_size_add(*bytes, decoding, bytes);
    for (size_t i = 0; fits && i < l->inners; i++) {
        size_t more;
        fits = loss_tape_bytes(l->inner[i], examples, columns, longest, &more) &&
               base_size_add(*bytes, more, bytes);
    }
    return fits && base_size_mul(*bytes, l->def.layers ? 1 + l->setting.layers : 1, bytes);
}
