/* One value of a tree by its path, as `--set KEY=VALUE` names it. */
#include "base/keys.h"

#include <stdlib.h>
#include <string.h>

/* Index into a list, SIZE_MAX when part is none. */
static size_t list_index(const cJSON *list, const char *part) {
    char *end;
    unsigned long i = strtoul(part, &end, 10);
    bool digits = part[0] >= '0' && part[0] <= '9' && *end == '\0';
    return digits && i < (unsigned long)cJSON_GetArraySize(list) ? i : SIZE_MAX;
}

static bool has_place(const cJSON *at, const char *part) {
    return part[0] && (cJSON_IsArray(at) ? list_index(at, part) != SIZE_MAX : cJSON_IsObject(at));
}

/* Where there is a place for the part, only memory can be missing. */
static bool fail_step(const cJSON *at, const char *where, const char *path, const char *part,
                      base_error *error) {
    if (has_place(at, part))
        return base_fail(error, BASE_FAILED, "out of memory");
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: cannot set %s: \"%s\" is neither a member of an object nor an index "
                     "within a list there",
                     where, path, part);
}

static cJSON *child(cJSON *at, const char *part) {
    size_t index = cJSON_IsArray(at) ? list_index(at, part) : SIZE_MAX;
    if (index != SIZE_MAX)
        return cJSON_GetArrayItem(at, (int)index);
    if (!cJSON_IsObject(at))
        return NULL;
    cJSON *member = cJSON_GetObjectItemCaseSensitive(at, part);
    return member && !cJSON_IsNull(member) ? member : NULL;
}

static bool put(cJSON *at, const char *part, cJSON *value) {
    size_t index = cJSON_IsArray(at) ? list_index(at, part) : SIZE_MAX;
    if (index != SIZE_MAX)
        return cJSON_ReplaceItemInArray(at, (int)index, value);
    if (!has_place(at, part))
        return false;
    cJSON_DeleteItemFromObjectCaseSensitive(at, part);
    return cJSON_AddItemToObject(at, part, value);
}

/* The child, an empty object put there when it is missing. */
static cJSON *descend(cJSON *at, const char *part) {
    cJSON *next = child(at, part);
    if (next)
        return next;
    cJSON *made = cJSON_CreateObject();
    if (made && put(at, part, made))
        return made;
    cJSON_Delete(made);
    return NULL;
}

bool base_keys_set(cJSON *tree, const char *path, cJSON *value, const char *where,
                   base_error *error) {
    char *parts = base_copy(path, strlen(path)), *part = parts;
    bool ok = parts && value;
    if (!ok)
        base_fail(error, BASE_FAILED, "out of memory");
    for (char *dot; ok && (dot = strchr(part, '.')); part = dot + 1) {
        *dot = '\0';
        cJSON *next = part[0] ? descend(tree, part) : NULL;
        ok = next || fail_step(tree, where, path, part, error);
        tree = next;
    }
    if (ok && !put(tree, part, value))
        ok = fail_step(tree, where, path, part, error);
    if (!ok)
        cJSON_Delete(value);
    free(parts);
    return ok;
}
