/* Features that a module reads and writes in Python. */
#ifndef NN_MODULE_NAMES_H
#define NN_MODULE_NAMES_H

#include "base/error.h"

#include <cjson/cJSON.h>

/* module_input_name and module_output_name of a module's config, when there, are
 * "sentence_embedding": nothing else is supported. */
bool nn_module_check_names(const cJSON *config, const char *where, base_error *error);

#endif
