#include "train/prompts.h"

#include <string.h>

static bool is_column(const base_key_names *columns, const char *name) {
    for (size_t i = 0; i < columns->count; i++)
        if (!strcmp(columns->name[i], name))
            return true;
    return false;
}

/* The columns' names: "sentence1" or "sentence2". */
static bool refuse_column(const base_key_names *columns, const char *name, const char *where,
                          base_error *error) {
    base_bytes known = {0};
    char shown[80];
    bool ok = true;
    for (size_t i = 0; ok && i < columns->count; i++)
        ok = base_bytes_format(&known, error, "%s\"%s\"", i ? " or " : "", columns->name[i]);
    if (ok)
        base_fail(error, BASE_BAD_INPUT, "%s has a text for \"%s\", expected one for %s", where,
                  base_escape(shown, sizeof shown, name, strlen(name)), known.data);
    base_bytes_free(&known);
    return false;
}

static bool check(const cJSON *value, const base_key_names *columns, const char *where,
                  base_error *error) {
    if (cJSON_IsString(value))
        return true;
    bool texts = cJSON_IsObject(value);
    for (const cJSON *item = texts ? value->child : NULL; texts && item; item = item->next) {
        texts = cJSON_IsString(item);
        if (texts && !is_column(columns, item->string))
            return refuse_column(columns, item->string, where, error);
    }
    return texts || base_fail(error, BASE_BAD_INPUT,
                              "%s is neither a string nor an object of columns and strings", where);
}

static const char *text_of(const cJSON *value, const base_key_names *columns, size_t column) {
    size_t last = columns->count - 1;
    const cJSON *text = cJSON_IsString(value)
                            ? value
                            : base_json_get(value, columns->name[column < last ? column : last]);
    return text ? text->valuestring : "";
}

bool train_prompts_read(const cJSON *value, const base_key_names *columns, const nn_model *model,
                        const char *where, train_prompts *out, base_error *error) {
    *out = (train_prompts){.set = value && !cJSON_IsNull(value)};
    if (!out->set)
        return true;
    bool ok = check(value, columns, where, error);
    for (size_t c = 0; ok && c < DATA_MAX_COLUMNS; c++) {
        base_error why = {0};
        ok = nn_model_prompt(model, text_of(value, columns, c), NULL, &out->of_column[c], &why) ||
             base_fail(error, why.status, "%s: %s", where, why.text);
    }
    return ok;
}

void train_prompts_release(train_prompts *prompts) {
    for (size_t c = 0; c < DATA_MAX_COLUMNS; c++)
        data_prompt_release(&prompts->of_column[c]);
}

const data_prompt *train_prompts_get(const train_prompts *prompts) {
    return prompts->set ? prompts->of_column : NULL;
}
