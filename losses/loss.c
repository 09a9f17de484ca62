#include "losses/loss.h"

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
    cJSON *object = NULL;
    if (cJSON_IsString(config)) {
        object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", config->valuestring);
    } else
        object = cJSON_Duplicate(config, true);
    if (!object)
        base_fail(error, BASE_FAILED, "out of memory");
    return object;
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
    static const char *const nli[] = {"entailment", "neutral", "contradiction"};
    loss_setting s = *setting;
    if (s.classes == 0) {
        s.classes = sizeof nli / sizeof *nli;
        s.label = nli;
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
    l->config = as_object(config, error);
    if (!l->config || !find_definition(l, where, prefix, error) || !copy_labels(l, setting, error))
        return false;
    l->options = base_alloc(1, l->def->options->size, error);
    l->params = nn_params_new(error);
    return l->options && l->params &&
           base_keys_fill(l->def->options, l->config, where, prefix, l->options, error) &&
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
