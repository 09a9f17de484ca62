#include "nn/module_names.h"

#include "base/json.h"

#include <string.h>

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
