/* Which layers an adapter_config.json means, and their ranks: names are matched as peft's tuners do
 * (check_target_module_exists, get_pattern_key). */
#include "base/json.h"
#include "nn/lora_build.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

bool nn_lora_is_empty(const cJSON *item) {
    return !item || cJSON_IsNull(item) || cJSON_IsFalse(item) ||
           ((cJSON_IsArray(item) || cJSON_IsObject(item)) && !item->child);
}

/* ---- kinds ---- */

static bool is_list_of(const cJSON *item, cJSON_bool (*kind)(const cJSON *)) {
    if (!cJSON_IsArray(item))
        return false;
    for (const cJSON *each = item->child; each; each = each->next)
        if (!kind(each))
            return false;
    return true;
}

static bool is_names(const cJSON *item) {
    return cJSON_IsString(item) || is_list_of(item, cJSON_IsString);
}

static bool is_numbers(const cJSON *item) {
    return cJSON_IsNumber(item) || is_list_of(item, cJSON_IsNumber);
}

static bool is_object(const cJSON *item) {
    return cJSON_IsObject(item);
}

bool nn_lora_check_layers(const cJSON *config, const char *path, base_error *error) {
    static const struct {
        const char *key;
        bool (*is)(const cJSON *item);
        bool needed;
        const char *expected;
    } keys[] = {
        {"target_modules", is_names, true, "a pattern or a list of names"},
        {"exclude_modules", is_names, false, "a pattern or a list of names"},
        {"layers_to_transform", is_numbers, false, "a number or a list of numbers"},
        {"rank_pattern", is_object, false, "an object of patterns and ranks"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const cJSON *item = base_json_get(config, keys[i].key);
        if (nn_lora_is_empty(item) ? keys[i].needed : !keys[i].is(item))
            return base_fail(error, BASE_BAD_INPUT, "%s: %s is %s, expected %s", path, keys[i].key,
                             nn_lora_is_empty(item) ? "missing" : "of another kind",
                             keys[i].expected);
    }
    return true;
}

/* ---- patterns ---- */

/* Python's digits and groups in the words of POSIX: \\d, (?: */
static char *in_posix(const char *before, const char *pattern, const char *behind) {
    base_bytes out = {0};
    base_error failed = {0};
    base_bytes_add(&out, before, strlen(before), &failed);
    for (const char *at = pattern; *at;) {
        bool digit = !strncmp(at, "\\d", 2), group = !strncmp(at, "(?:", 3);
        base_bytes_add(&out, digit ? "[0-9]" : at, digit ? 5 : 1, &failed);
        at += digit ? 2 : group ? 3 : 1;
    }
    base_bytes_add(&out, behind, strlen(behind), &failed);
    if (base_ok(&failed))
        return out.data;
    base_bytes_free(&out);
    return NULL;
}

/* Whether the whole name is as the pattern; `ends`: it, or its end behind a dot. */
static bool match(const char *pattern, bool ends, const char *name, const char *path,
                  const char *key, bool *found, base_error *error) {
    regex_t compiled;
    char shown[100];
    char *whole = in_posix(ends ? "^(.*\\.)?(" : "^(", pattern, ")$");
    bool good = whole && regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) == 0;
    free(whole);
    *found = good && regexec(&compiled, name, 0, NULL, 0) == 0;
    if (good)
        regfree(&compiled);
    return good ||
           base_fail(error, BASE_BAD_INPUT, "%s: %s has \"%s\", expected a regular expression",
                     path, key, base_escape(shown, sizeof shown, pattern, strlen(pattern)));
}

/* Whether a list has the name, or its end behind a dot. */
static bool is_listed(const cJSON *list, const char *name, bool *exactly) {
    size_t size = strlen(name);
    for (const cJSON *item = list->child; item; item = item->next) {
        const char *end = item->valuestring;
        size_t length = strlen(end);
        *exactly = !strcmp(name, end);
        if (*exactly ||
            (length < size && name[size - length - 1] == '.' && !strcmp(name + size - length, end)))
            return true;
    }
    return false;
}

/* Whether a list or a pattern means the layer. */
static bool means(const cJSON *config, const char *key, const char *layer, const char *path,
                  bool *exactly, bool *found, base_error *error) {
    const cJSON *item = base_json_get(config, key);
    const char *pattern = cJSON_GetStringValue(item);
    *exactly = *found = false;
    if (pattern && strcmp(pattern, "all-linear") != 0)
        return match(pattern, false, layer, path, key, found, error);
    *found = pattern || (!nn_lora_is_empty(item) && is_listed(item, layer, exactly));
    return true;
}

/* ---- layers ---- */

/* The last number between dots with two parts or more before it; -1: none. */
static double layer_index(const char *name) {
    double index = -1;
    const char *first = strchr(name, '.');
    for (const char *dot = first; dot; dot = strchr(dot + 1, '.')) {
        char *end;
        if (dot == first || !isdigit((unsigned char)dot[1]))
            continue;
        unsigned long number = strtoul(dot + 1, &end, 10);
        index = *end == '.' ? (double)number : index;
    }
    return index;
}

static bool is_transformed(const cJSON *layers, double index) {
    if (cJSON_IsNumber(layers))
        return layers->valuedouble >= index && layers->valuedouble <= index;
    for (const cJSON *item = layers->child; item; item = item->next)
        if (item->valuedouble >= index && item->valuedouble <= index)
            return true;
    return false;
}

bool nn_lora_names_layer(const cJSON *config, const char *layer, const char *path,
                         const char *tensors, base_error *error) {
    const cJSON *layers = base_json_get(config, "layers_to_transform");
    bool exactly, target, out, ignored;
    if (!means(config, "target_modules", layer, path, &exactly, &target, error) ||
        !means(config, "exclude_modules", layer, path, &ignored, &out, error))
        return false;
    const char *key = NULL;
    if (!target)
        key = "target_modules";
    else if (out)
        key = "exclude_modules";
    else if (!exactly && !nn_lora_is_empty(layers) && !is_transformed(layers, layer_index(layer)))
        key = "layers_to_transform";
    return !key || base_fail(error, BASE_BAD_INPUT,
                             "%s: %s leaves out %s, of which %s has an adapter, expected both to "
                             "have the same layers",
                             path, key, layer, tensors);
}

bool nn_lora_rank_of(const cJSON *config, const char *layer, size_t usual, const char *path,
                     size_t *rank, base_error *error) {
    const cJSON *ranks = base_json_get(config, "rank_pattern");
    *rank = usual;
    for (const cJSON *item = nn_lora_is_empty(ranks) ? NULL : ranks->child; item;
         item = item->next) {
        bool found;
        if (!match(item->string, true, layer, path, "rank_pattern", &found, error))
            return false;
        if (found)
            return base_json_size(ranks, item->string, 1, NN_LORA_MOST_RANK, rank, path, error) ||
                   base_fail_prefix(error, "rank_pattern");
    }
    return true;
}
