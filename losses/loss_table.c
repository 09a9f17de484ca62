/* The table of losses, and what a loss that wraps others needs of the data. */
#include "losses/loss.h"

#include <string.h>

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

const cJSON *loss_wrapped(const cJSON *config, const char *wraps, size_t i) {
    const cJSON *held = base_json_get(config, wraps);
    if (!cJSON_IsArray(held))
        return i == 0 ? held : NULL;
    return i < (size_t)cJSON_GetArraySize(held) ? cJSON_GetArrayItem(held, (int)i) : NULL;
}

bool loss_wraps(const cJSON *config, const char *wraps, const char *name) {
    const cJSON *inner;
    for (size_t i = 0; (inner = loss_wrapped(config, wraps, i)); i++) {
        base_error none = {0};
        const char *found = base_json_get(inner, "name")->valuestring;
        const loss_def *def = loss_find(found, &none);
        if (!strcmp(found, name) || (def->wraps && loss_wraps(inner, def->wraps, name)))
            return true;
    }
    return false;
}

static bool scores_are_raw(const loss_def *def) {
    return def->raw_scores || def->target != DATA_TARGET_SCORE;
}

static bool compares_with_teacher(const loss_def *def) {
    return def->compares_vectors || !def->teacher;
}

static bool join_columns(loss_def *out, const loss_def *in, base_error *error) {
    if (in->min_columns > out->min_columns)
        out->min_columns = in->min_columns;
    if (in->max_columns < out->max_columns)
        out->max_columns = in->max_columns;
    return out->min_columns <= out->max_columns ||
           base_fail(error, BASE_BAD_INPUT,
                     "one loss needs %zu text columns and another one takes at most %zu, expected "
                     "losses of the same columns",
                     out->min_columns, out->max_columns);
}

/* *out needs what *in needs, too. */
static bool join(loss_def *out, const loss_def *in, base_error *error) {
    if (out->target && in->target && out->target != in->target)
        return base_fail(error, BASE_BAD_INPUT,
                         "one loss needs labels and another one scores, expected one target");
    if (out->teacher && in->teacher && out->teacher != in->teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "one loss needs a teacher's vectors and another one its scores, expected "
                         "either");
    out->compares_vectors = compares_with_teacher(out) && compares_with_teacher(in);
    out->raw_scores = scores_are_raw(out) && scores_are_raw(in);
    out->target = out->target ? out->target : in->target;
    out->teacher = out->teacher ? out->teacher : in->teacher;
    out->needs_target |= in->needs_target;
    out->needs_teacher |= in->needs_teacher;
    out->of_pairs |= in->of_pairs;
    out->layers |= in->layers;
    out->decodes &= in->decodes;
    out->negatives_in_batch |= in->negatives_in_batch;
    out->positives_in_batch |= in->positives_in_batch;
    out->min_batch = in->min_batch > out->min_batch ? in->min_batch : out->min_batch;
    return join_columns(out, in, error);
}

/* The needs of all that the config wraps; what `def` itself says otherwise. */
static bool define_wrapping(const cJSON *config, const loss_def *def, loss_def *out,
                            base_error *error) {
    const cJSON *inner;
    for (size_t i = 0; (inner = loss_wrapped(config, def->wraps, i)); i++) {
        loss_def each;
        if (!loss_define(inner, &each, error) || (i > 0 && !join(out, &each, error)))
            return false;
        if (i == 0)
            *out = each;
    }
    out->layers |= def->layers;
    out->decodes &= !out->layers;
    out->name = def->name, out->summary = def->summary, out->wraps = def->wraps;
    out->options = def->options, out->check = def->check, out->declare = def->declare;
    out->build = def->build, out->logits = def->logits, out->negatives = def->negatives;
    return true;
}

bool loss_define(const cJSON *config, loss_def *out, base_error *error) {
    const loss_def *def = loss_find(base_json_get(config, "name")->valuestring, error);
    if (!def)
        return false;
    *out = *def;
    out->needs_target = def->target && !def->teacher;
    out->needs_teacher = def->teacher && !def->target;
    return !def->wraps || define_wrapping(config, def, out, error);
}
