#include "nn/module.h"

#include "base/json.h"

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

bool nn_module_init(nn_module *m, const char *kind, size_t index, size_t in, const cJSON *config,
                    nn_params *set, const char *where, base_error *error) {
    char shown[80];
    *m = (nn_module){.in = in, .out = in, .weight = SIZE_MAX, .bias = SIZE_MAX};
    m->def = nn_module_find(kind);
    if (!m->def)
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: module type %s is not supported, expected Pooling, Dense or Normalize", where,
            base_escape(shown, sizeof shown, kind, strlen(kind)));
    if (config && !cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
    snprintf(m->folder, sizeof m->folder, "%zu_%s", index, m->def->kind);
    return m->def->configure(m, config, set, where, error);
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
