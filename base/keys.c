#include "base/keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a value stands, for messages. */
typedef struct place {
    const char *where, *prefix;
    const base_key *key;
} place;

static void expects_choice(const base_key *key, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "one of");
    for (const char *const *name = key->names(); *name && used < size; name++)
        used += (size_t)snprintf(out + used, size - used, "%s \"%s\"",
                                 name == key->names() ? "" : ",", *name);
}

const char *base_key_expects(const base_key *key, char *out, size_t size) {
    static const char *const plain[BASE_KEY_KINDS] = {
        [BASE_KEY_BOOL] = "true or false",
        [BASE_KEY_SWITCH] = "true or false",
        [BASE_KEY_TEXT] = "a string",
        [BASE_KEY_RANGE] = "two numbers, the lower one first, whose difference is finite",
        [BASE_KEY_LABELS] = "an object of names and whole numbers",
        [BASE_KEY_TREE] = "a string or an object",
        [BASE_KEY_TREES] = "a list of strings or objects",
    };
    if (key->kind == BASE_KEY_SIZE && key->names)
        snprintf(out, size, "a whole number from %.0f to %.0f, or \"%s\"", key->low, key->high,
                 key->names()[0]);
    else if (key->kind == BASE_KEY_SIZE)
        snprintf(out, size, "a whole number from %.0f to %.0f", key->low, key->high);
    else if (key->kind == BASE_KEY_NUMBERS)
        snprintf(out, size, "a list of numbers from %.7g to %.7g", key->low, key->high);
    else if (key->kind == BASE_KEY_REAL)
        snprintf(out, size, "a number from %.7g to %.7g", key->low, key->high);
    else if (key->kind == BASE_KEY_CHOICE || key->kind == BASE_KEY_NAME)
        expects_choice(key, out, size);
    else if (key->kind == BASE_KEY_TEXT && key->low > 0)
        snprintf(out, size, "a string that is not empty");
    else if (key->kind == BASE_KEY_LIST)
        snprintf(out, size, "a list of %.0f to %.0f objects", key->low, key->high);
    else if (key->kind == BASE_KEY_NAMES && key->low < key->high)
        snprintf(out, size, "a string or a list of %.0f to %.0f strings", key->low, key->high);
    else if (key->kind == BASE_KEY_NAMES)
        snprintf(out, size, "a list of %.0f strings", key->low);
    else
        snprintf(out, size, "%s", plain[key->kind]);
    return out;
}

static bool nullable(const base_key *key) {
    return !strcmp(key->initial, "null");
}

static bool fail_value(const place *at, const cJSON *found, base_error *error) {
    char *text = base_json_line(found), shown[120], expected[300];
    base_fail(error, BASE_BAD_INPUT, "%s: %s%s is %s, expected %s%s", at->where, at->prefix,
              at->key->path, text ? base_escape(shown, sizeof shown, text, strlen(text)) : "?",
              base_key_expects(at->key, expected, sizeof expected),
              nullable(at->key) ? " or null" : "");
    free(text);
    return false;
}

static bool within(const base_key *key, double v) {
    return v >= key->low && v <= key->high;
}

/* 2^53 may have been 2^53 + 1 in the text. */
static bool whole(const cJSON *value) {
    double v = value->valuedouble;
    return cJSON_IsNumber(value) && v >= 0 && v < 0x1p53 && !(floor(v) < v);
}

static bool fill_size(const place *at, cJSON *value, void *field, base_error *error) {
    bool named =
        at->key->names && cJSON_IsString(value) && !strcmp(value->valuestring, at->key->names()[0]);
    bool null = named || cJSON_IsNull(value);
    if (!null && (!whole(value) || !within(at->key, value->valuedouble)))
        return fail_value(at, value, error);
    *(size_t *)field = null ? 0 : (size_t)value->valuedouble;
    return true;
}

static bool fill_real(const place *at, cJSON *value, void *field, base_error *error) {
    bool null = cJSON_IsNull(value);
    if (!null && (!cJSON_IsNumber(value) || !within(at->key, value->valuedouble)))
        return fail_value(at, value, error);
    *(double *)field = null ? -1 : value->valuedouble;
    return true;
}

static bool fill_bool(const place *at, cJSON *value, void *field, base_error *error) {
    if (!cJSON_IsBool(value))
        return fail_value(at, value, error);
    *(bool *)field = cJSON_IsTrue(value);
    return true;
}

static bool fill_switch(const place *at, cJSON *value, void *field, base_error *error) {
    bool null = cJSON_IsNull(value);
    if (!null && !cJSON_IsBool(value))
        return fail_value(at, value, error);
    *(int *)field = null ? -1 : cJSON_IsTrue(value) ? 1 : 0;
    return true;
}

static bool fill_text(const place *at, cJSON *value, void *field, base_error *error) {
    bool text = cJSON_IsString(value) && (value->valuestring[0] || at->key->low <= 0);
    if (!cJSON_IsNull(value) && !text)
        return fail_value(at, value, error);
    *(const char **)field = cJSON_IsNull(value) ? NULL : value->valuestring;
    return true;
}

/* Index of the value in `names`, -1 for null. */
static bool find_choice(const place *at, const cJSON *value, int *index, base_error *error) {
    const char *const *names = at->key->names();
    *index = -1;
    if (cJSON_IsNull(value))
        return true;
    for (int i = 0; cJSON_IsString(value) && names[i]; i++)
        if (!strcmp(names[i], value->valuestring)) {
            *index = i;
            return true;
        }
    return fail_value(at, value, error);
}

static bool fill_choice(const place *at, cJSON *value, void *field, base_error *error) {
    return find_choice(at, value, field, error);
}

static bool fill_name(const place *at, cJSON *value, void *field, base_error *error) {
    int index;
    if (!find_choice(at, value, &index, error))
        return false;
    *(const char **)field = index < 0 ? NULL : at->key->names()[index];
    return true;
}

static bool fill_range(const place *at, cJSON *value, void *field, base_error *error) {
    const cJSON *low = cJSON_GetArrayItem(value, 0), *high = cJSON_GetArrayItem(value, 1);
    *(base_key_range *)field = (base_key_range){0, 0};
    if (cJSON_IsNull(value))
        return true;
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) != 2 || !cJSON_IsNumber(low) ||
        !cJSON_IsNumber(high) || !(low->valuedouble < high->valuedouble) ||
        !isfinite(high->valuedouble - low->valuedouble))
        return fail_value(at, value, error);
    *(base_key_range *)field = (base_key_range){low->valuedouble, high->valuedouble};
    return true;
}

static bool fill_names(const place *at, cJSON *value, void *field, base_error *error) {
    base_key_names *names = field;
    bool one = cJSON_IsString(value);
    size_t count = one ? 1 : (size_t)cJSON_GetArraySize(value);
    if ((!one && !cJSON_IsArray(value)) || !within(at->key, (double)count))
        return fail_value(at, value, error);
    names->name = base_alloc(count, sizeof *names->name, error);
    if (!names->name)
        return false;
    for (const cJSON *item = one ? value : value->child; item; item = one ? NULL : item->next) {
        if (!cJSON_IsString(item))
            return fail_value(at, value, error);
        names->name[names->count++] = item->valuestring;
    }
    return true;
}

static bool fill_labels(const place *at, cJSON *value, void *field, base_error *error) {
    base_key_labels *labels = field;
    size_t count = (size_t)cJSON_GetArraySize(value);
    if (cJSON_IsNull(value))
        return true;
    if (!cJSON_IsObject(value) || count == 0)
        return fail_value(at, value, error);
    labels->name = base_alloc(count, sizeof *labels->name, error);
    labels->value = base_alloc(count, sizeof *labels->value, error);
    if (!labels->name || !labels->value)
        return false;
    for (const cJSON *item = value->child; item; item = item->next) {
        if (!whole(item) || !within(at->key, item->valuedouble))
            return fail_value(at, value, error);
        labels->name[labels->count] = item->string;
        labels->value[labels->count++] = (uint32_t)item->valuedouble;
    }
    return true;
}

static bool fill_numbers(const place *at, cJSON *value, void *field, base_error *error) {
    base_key_numbers *numbers = field;
    if (cJSON_IsNull(value))
        return true;
    if (!cJSON_IsArray(value) || !value->child)
        return fail_value(at, value, error);
    numbers->value = base_alloc((size_t)cJSON_GetArraySize(value), sizeof(double), error);
    if (!numbers->value)
        return false;
    for (const cJSON *item = value->child; item; item = item->next) {
        if (!cJSON_IsNumber(item) || !within(at->key, item->valuedouble))
            return fail_value(at, value, error);
        numbers->value[numbers->count++] = item->valuedouble;
    }
    return true;
}

static bool fill_list(const place *at, cJSON *value, void *field, base_error *error) {
    base_key_list *list = field;
    const base_keys *items = at->key->items;
    size_t count = (size_t)cJSON_GetArraySize(value);
    if (!cJSON_IsArray(value) || !within(at->key, (double)count))
        return fail_value(at, value, error);
    list->items = base_alloc(count, items->size, error);
    bool ok = list->items != NULL;
    for (cJSON *item = value->child; ok && item; item = item->next) {
        if (!cJSON_IsObject(item))
            return fail_value(at, value, error);
        char *prefix = base_format("%s%s[%zu].", at->prefix, at->key->path, list->count);
        char *slot = (char *)list->items + list->count++ * items->size;
        ok = prefix ? base_keys_fill(items, item, at->where, prefix, slot, error)
                    : base_fail(error, BASE_FAILED, "out of memory");
        free(prefix);
    }
    return ok;
}

static bool is_tree(const cJSON *value) {
    return cJSON_IsString(value) || cJSON_IsObject(value);
}

static bool fill_tree(const place *at, cJSON *value, void *field, base_error *error) {
    if (!cJSON_IsNull(value) && !is_tree(value))
        return fail_value(at, value, error);
    *(const cJSON **)field = value;
    return true;
}

static bool fill_trees(const place *at, cJSON *value, void *field, base_error *error) {
    const cJSON *item = cJSON_IsArray(value) ? value->child : NULL;
    bool trees = item != NULL;
    for (; trees && item; item = item->next)
        trees = is_tree(item);
    *(const cJSON **)field = value;
    return trees || fail_value(at, value, error);
}

typedef bool fill_function(const place *at, cJSON *value, void *field, base_error *error);

static fill_function *const fill_by_kind[BASE_KEY_KINDS] = {
    fill_size,  fill_real,  fill_bool,   fill_switch, fill_text, fill_choice, fill_name,
    fill_range, fill_names, fill_labels, fill_list,   fill_tree, fill_trees,  fill_numbers};

/* ---- unknown keys ---- */

enum { LONGEST_PATH = 127 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein 1966, two rows. */
static size_t edit_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), row[LONGEST_PATH + 1];
    if (n > LONGEST_PATH || m > LONGEST_PATH)
        return n > m ? n : m;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(change, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[m];
}

static const char *last_part(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

const char *base_keys_nearest(const char *found, const char *const *names, size_t count) {
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t whole = edit_distance(found, names[i]);
        size_t last = 1 + edit_distance(last_part(found), last_part(names[i]));
        if (least(whole, last) < best_distance) {
            best_distance = least(whole, last);
            best = names[i];
        }
    }
    return best;
}

static bool begins(const char *path, const char *group, size_t size) {
    return !strncmp(path, group, size) && path[size] == '.';
}

static bool is_group(const base_keys *keys, const char *path) {
    for (size_t i = 0; i < keys->count; i++)
        if (begins(keys->key[i].path, path, strlen(path)))
            return true;
    return false;
}

static bool is_key(const base_keys *keys, const char *path) {
    for (size_t i = 0; i < keys->count; i++)
        if (!strcmp(keys->key[i].path, path))
            return true;
    return false;
}

static const char *new_name(const base_keys *keys, const char *path) {
    for (size_t i = 0; i < keys->renamed_count; i++)
        if (!strcmp(keys->renamed[i].old, path))
            return keys->renamed[i].path;
    return NULL;
}

static bool fail_unknown(const base_keys *keys, const char *path, const char *where,
                         const char *prefix, base_error *error) {
    const char *now = new_name(keys, path);
    if (now)
        return base_fail(error, BASE_BAD_INPUT, "%s: the key %s%s is now called %s%s", where,
                         prefix, path, prefix, now);
    const char **names = base_alloc(keys->count, sizeof *names, error);
    if (!names)
        return false;
    for (size_t i = 0; i < keys->count; i++)
        names[i] = keys->key[i].path;
    char shown[200];
    base_fail(error, BASE_BAD_INPUT, "%s: unknown key %s%s, did you mean %s%s?", where, prefix,
              base_escape(shown, sizeof shown, path, strlen(path)), prefix,
              base_keys_nearest(path, names, keys->count));
    free(names);
    return false;
}

/* Look-up goes down at dots, so that a dot within a name would never be found. */
static bool fail_flat(const char *name, const char *where, const char *prefix, base_error *error) {
    const char *dot = strchr(name, '.');
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: unknown key %s\"%s\", expected the key %s in an object: \"%.*s\": "
                     "{\"%s\": ...}",
                     where, prefix, name, dot + 1, (int)(dot - name), name, dot + 1);
}

static bool check_member(const base_keys *keys, const cJSON *member, const char *path,
                         const char *where, const char *prefix, base_error *error);

static bool check_known(const base_keys *keys, const cJSON *object, const char *group,
                        const char *where, const char *prefix, base_error *error) {
    bool ok = true;
    for (const cJSON *member = object->child; ok && member; member = member->next) {
        char *path = base_format("%s%s%s", group, group[0] ? "." : "", member->string);
        ok = path ? check_member(keys, member, path, where, prefix, error)
                  : base_fail(error, BASE_FAILED, "out of memory");
        free(path);
    }
    return ok;
}

static bool check_member(const base_keys *keys, const cJSON *member, const char *path,
                         const char *where, const char *prefix, base_error *error) {
    if (is_key(keys, path))
        return !strchr(member->string, '.') || fail_flat(member->string, where, prefix, error);
    if (!is_group(keys, path))
        return fail_unknown(keys, path, where, prefix, error);
    if (cJSON_IsObject(member))
        return check_known(keys, member, path, where, prefix, error);
    return base_fail(error, BASE_BAD_INPUT, "%s: %s%s is no object, expected an object of keys",
                     where, prefix, path);
}

/* ---- filling ---- */

static const cJSON *look_up(const cJSON *at, const char *path) {
    char part[64];
    for (const char *dot; at && (dot = strchr(path, '.')); path = dot + 1) {
        snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
        at = base_json_get(at, part);
    }
    return at ? base_json_get(at, path) : NULL;
}

static bool fill_key(const base_key *key, cJSON *tree, const char *where, const char *prefix,
                     void *out, base_error *error) {
    const cJSON *value = look_up(tree, key->path);
    if (!value && !base_keys_set(tree, key->path, cJSON_Parse(key->initial), where, error))
        return false;
    value = look_up(tree, key->path);
    place at = {where, prefix, key};
    if (cJSON_IsNull(value) && !nullable(key))
        return fail_value(&at, value, error);
    /* The tree is ours: lists fill their items' defaults in. */
    return fill_by_kind[key->kind](&at, (cJSON *)(uintptr_t)value, (char *)out + key->offset,
                                   error);
}

bool base_keys_fill(const base_keys *keys, cJSON *tree, const char *where, const char *prefix,
                    void *out, base_error *error) {
    if (!cJSON_IsObject(tree))
        return base_fail(error, BASE_BAD_INPUT, "%s: expected one JSON object of keys", where);
    if (!check_known(keys, tree, "", where, prefix, error))
        return false;
    for (size_t i = 0; i < keys->count; i++)
        if (!fill_key(&keys->key[i], tree, where, prefix, out, error))
            return false;
    return true;
}

cJSON *base_keys_object(const cJSON *config, base_error *error) {
    bool name = cJSON_IsString(config);
    cJSON *object = name ? cJSON_CreateObject() : cJSON_Duplicate(config, true);
    if (object && (!name || cJSON_AddStringToObject(object, "name", config->valuestring)))
        return object;
    cJSON_Delete(object);
    base_fail(error, BASE_FAILED, "out of memory");
    return NULL;
}

static void release_list(const base_keys *keys, base_key_list *list) {
    for (size_t i = 0; i < list->count; i++)
        base_keys_release(keys, (char *)list->items + i * keys->size);
    free(list->items);
    *list = (base_key_list){0};
}

static void release_labels(base_key_labels *labels) {
    free(labels->name);
    free(labels->value);
    *labels = (base_key_labels){0};
}

void base_keys_release(const base_keys *keys, void *out) {
    for (size_t i = 0; i < keys->count; i++) {
        const base_key *key = &keys->key[i];
        void *field = (char *)out + key->offset;
        if (key->kind == BASE_KEY_NAMES) {
            free(((base_key_names *)field)->name);
            *(base_key_names *)field = (base_key_names){0};
        }
        if (key->kind == BASE_KEY_NUMBERS) {
            free(((base_key_numbers *)field)->value);
            *(base_key_numbers *)field = (base_key_numbers){0};
        }
        if (key->kind == BASE_KEY_LABELS)
            release_labels(field);
        if (key->kind == BASE_KEY_LIST)
            release_list(key->items, field);
    }
}
