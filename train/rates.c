#include "train/rates.h"

#include <math.h>
#include <regex.h>
#include <stdlib.h>

/* ---- by layer ---- */

/* The factor of what belongs to a tensor of the encoder. */
static double factor_of(const train_config *c, const nn_encoder *encoder, size_t param) {
    size_t above = nn_transformer_layers_above(&encoder->transformer, param);
    return pow(c->layer_decay, (double)above);
}

static void apply_to_adapters(const train_trained *t, const train_config *c,
                              const nn_encoder *encoder, const nn_lora *lora) {
    for (size_t i = 0; lora && i < lora->count; i++) {
        const nn_adapter *a = &lora->adapter[i];
        double factor = factor_of(c, encoder, a->weight);
        train_optimizer_rate(t->optimizer, nn_params_at(lora->params, a->a), factor);
        train_optimizer_rate(t->optimizer, nn_params_at(lora->params, a->b), factor);
    }
}

static bool apply_layers(const train_trained *t, const train_config *c, const nn_encoder *encoder,
                         base_error *error) {
    size_t layers = encoder->transformer.spec.layers;
    if (c->layer_decay >= 1)
        return true;
    if (layers == 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: layer_decay is %g, but the encoder has no layers", c->name,
                         c->layer_decay);
    for (size_t i = 0; i < nn_params_count(encoder->params); i++)
        train_optimizer_rate(t->optimizer, nn_params_at(encoder->params, i),
                             factor_of(c, encoder, i));
    apply_to_adapters(t, c, encoder, encoder->transformer.lora);
    return true;
}

/* ---- by name ---- */

typedef struct rule {
    const train_config *config;
    const train_parameters *entry;
    size_t index; /* of the entry */
    regex_t pattern;
} rule;

static bool matches(const rule *r, const train_set *set, const char *name, bool *found,
                    base_error *error) {
    char *whole = base_format("%s.%s", set->name, name);
    if (!whole)
        return base_fail(error, BASE_FAILED, "out of memory");
    *found = regexec(&r->pattern, whole, 0, NULL, 0) == 0;
    free(whole);
    return true;
}

/* Whether the pattern matches the names of all parts of a tensor, or of none. */
static bool match_tensor(const rule *r, const train_set *set, size_t param, bool *found,
                         base_error *error) {
    const char *with = NULL, *without = NULL;
    for (size_t i = 0; i < nn_params_views(set->params); i++) {
        const nn_param_view *view = nn_params_view_at(set->params, i);
        bool hit = false;
        if (view->param == param && !matches(r, set, view->name, &hit, error))
            return false;
        if (view->param == param)
            *(hit ? &with : &without) = view->name;
    }
    *found = with != NULL;
    return !with || !without ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: parameters[%zu].names matches %s.%s but not %s.%s, which is trained as "
                     "one with it; expected a pattern that matches both",
                     r->config->name, r->index, set->name, with, set->name, without);
}

static void set_numbers(const rule *r, const train_trained *t, const tape_param *param) {
    if (r->entry->learning_rate >= 0)
        train_optimizer_rate(t->optimizer, param,
                             r->entry->learning_rate / r->config->learning_rate);
    if (r->entry->weight_decay >= 0)
        train_optimizer_decay(t->optimizer, param, r->entry->weight_decay);
}

/* The name of the first part of a trained tensor of the set; NULL: it has none. */
static const char *first_trained(nn_params *set) {
    for (size_t i = 0; i < nn_params_views(set); i++) {
        const nn_param_view *view = nn_params_view_at(set, i);
        if (nn_params_at(set, view->param)->grad)
            return view->name;
    }
    return NULL;
}

static bool fail_unmatched(const rule *r, const train_trained *t, base_error *error) {
    size_t s = 0;
    while (s + 1 < t->count && !first_trained(t->sets[s].params))
        s++;
    const char *name = first_trained(t->sets[s].params);
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: parameters[%zu].names, \"%s\", matches no parameter that is trained; "
                     "expected a regular expression for names such as %s.%s",
                     r->config->name, r->index, r->entry->names, t->sets[s].name,
                     name ? name : "NAME");
}

static bool apply_rule(const rule *r, const train_trained *t, base_error *error) {
    bool any = false;
    for (size_t s = 0; s < t->count; s++)
        for (size_t i = 0; i < nn_params_count(t->sets[s].params); i++) {
            const tape_param *param = nn_params_at(t->sets[s].params, i);
            bool found = false;
            if (param->grad && !match_tensor(r, &t->sets[s], i, &found, error))
                return false;
            any = any || found;
            if (found)
                set_numbers(r, t, param);
        }
    return any || fail_unmatched(r, t, error);
}

static bool check_entry(const rule *r, base_error *error) {
    if (!r->entry->names[0])
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: parameters[%zu].names is missing, expected a regular expression",
                         r->config->name, r->index);
    if (r->entry->learning_rate < 0 && r->entry->weight_decay < 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: parameters[%zu] changes nothing, expected learning_rate or "
                         "weight_decay in it",
                         r->config->name, r->index);
    return r->entry->learning_rate < 0 || r->config->learning_rate > 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: parameters[%zu].learning_rate is set, but learning_rate, whose schedule "
                     "it follows, is 0",
                     r->config->name, r->index);
}

static bool apply_entry(const train_trained *t, const train_config *c, size_t i,
                        base_error *error) {
    rule r = {c, train_config_parameters(c, i), i, {0}};
    if (!check_entry(&r, error))
        return false;
    int bad = regcomp(&r.pattern, r.entry->names, REG_EXTENDED | REG_NOSUB);
    if (bad) {
        char why[100];
        regerror(bad, &r.pattern, why, sizeof why);
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: parameters[%zu].names, \"%s\", is no regular expression: %s", c->name,
                         i, r.entry->names, why);
    }
    bool ok = apply_rule(&r, t, error);
    regfree(&r.pattern);
    return ok;
}

bool train_rates_apply(const train_trained *t, const train_config *c, const nn_model *model,
                       base_error *error) {
    bool ok = apply_layers(t, c, model->encoder, error);
    for (size_t i = 0; ok && i < c->parameters.count; i++)
        ok = apply_entry(t, c, i, error);
    return ok;
}
