#include "nn/module.h"

#include "base/json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MODULE(name) extern const nn_module_def nn_module_##name##_def;
#include "nn/modules.def"
#undef MODULE

static const nn_module_def *const modules[] = {
#define MODULE(name) &nn_module_##name##_def,
#include "nn/modules.def"
#undef MODULE
};

const nn_module_def *nn_module_find(const char *kind) {
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (!strcmp(modules[i]->kind, kind))
            return modules[i];
    return NULL;
}

static bool refuse_kind(const char *kind, const char *where, base_error *error) {
    char known[200] = "", shown[80];
    size_t n = sizeof modules / sizeof *modules, used = 0;
    for (size_t i = 0; i < n && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
                                 !i           ? ""
                                 : i + 1 == n ? " or "
                                              : ", ",
                                 modules[i]->kind);
    return base_fail(error, BASE_BAD_INPUT, "%s: module type %s is not supported, expected %s",
                     where, base_escape(shown, sizeof shown, kind, strlen(kind)), known);
}

void nn_module_free(nn_module *m) {
    cJSON_Delete(m->rest);
    m->rest = NULL;
}

/* What the module does not know of its config. */
static bool keep_rest(nn_module *m, const cJSON *config, base_error *error) {
    if (!config)
        return true;
    m->rest = cJSON_Duplicate(config, true);
    for (const char *const *key = m->def->keys; m->rest && *key; key++)
        cJSON_DeleteItemFromObjectCaseSensitive(m->rest, *key);
    if (!m->rest)
        return base_fail(error, BASE_FAILED, "out of memory");
    if (!m->rest->child)
        nn_module_free(m);
    return true;
}

bool nn_module_init(nn_module *m, const char *kind, const nn_module_place *place,
                    const cJSON *config, nn_params *set, const char *where, base_error *error) {
    *m = (nn_module){.index = (uint32_t)place->index,
                     .in = place->in,
                     .out = place->in,
                     .layers = place->layers,
                     .weight = SIZE_MAX,
                     .bias = SIZE_MAX,
                     .residual = SIZE_MAX};
    m->def = nn_module_find(kind);
    if (!m->def)
        return refuse_kind(kind, where, error);
    if (config && !cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
    snprintf(m->folder, sizeof m->folder, "%zu_%s", place->index, m->def->kind);
    return m->def->configure(m, config, set, where, error) && keep_rest(m, config, error);
}

size_t nn_module_add(const nn_module *m, const nn_param_spec *spec, nn_params *set,
                     base_error *error) {
    char name[80];
    nn_param_spec full = *spec;
    full.name = name;
    snprintf(name, sizeof name, "%s.%s", m->folder, spec->name);
    return nn_params_add_whole(set, &full, error);
}

bool nn_module_has_tensors(const nn_module *m) {
    return m->weight != SIZE_MAX || m->bias != SIZE_MAX || m->residual != SIZE_MAX;
}

bool nn_module_has_config(const nn_module *m) {
    return m->def->describe || m->rest;
}

void nn_module_put_config(const nn_module *m, base_json_writer *w) {
    base_json_open(w, NULL, '{');
    if (m->def->describe)
        m->def->describe(m, w);
    for (const cJSON *item = m->rest ? m->rest->child : NULL; item; item = item->next)
        base_json_put_tree(w, item->string, item);
    base_json_close(w, '}');
}

bool nn_module_check_names(const cJSON *config, const char *where, base_error *error) {
    static const char *const keys[] = {"module_input_name", "module_output_name"};
    static const char expected[] = "sentence_embedding";
    for (size_t i = 0; i < 2; i++) {
        const char *name = expected;
        char shown[80];
        if (!base_json_text(config, keys[i], &name, where, error))
            return false;
        if (strcmp(name, expected) != 0)
            return base_fail(error, BASE_BAD_INPUT, "%s: %s is \"%s\", expected \"%s\"", where,
                             keys[i], base_escape(shown, sizeof shown, name, strlen(name)),
                             expected);
    }
    return true;
}
