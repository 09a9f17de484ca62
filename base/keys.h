/* Tables of config keys, and the one engine that fills structs from JSON by them
 * (docs/architecture.md, 6).
 *
 * A table (config_keys.def) says of each key its path, type, default, range and help; from it come
 * the parser, the defaults, --help, the resolved config and the reference. Strict: an unknown key
 * is an error that names its new name or the nearest known one; a wrong type or range names the
 * key's path. A path goes through nested objects: a member that is itself named "model.path" is an
 * unknown key. */
#ifndef BASE_KEYS_H
#define BASE_KEYS_H

#include "base/json.h"

#include <stdint.h>

typedef enum base_key_kind {
    BASE_KEY_SIZE,    /* size_t below 2^53; null, and the first of `names` where there are any: 0 */
    BASE_KEY_REAL,    /* double; null: -1 */
    BASE_KEY_BOOL,    /* bool */
    BASE_KEY_SWITCH,  /* int: null -1, false 0, true 1 */
    BASE_KEY_TEXT,    /* const char *; null: NULL */
    BASE_KEY_CHOICE,  /* int, an enum: the index of one of `names`; null: -1 */
    BASE_KEY_NAME,    /* const char *, one of `names`, those of a table of plug-ins; null: NULL */
    BASE_KEY_RANGE,   /* base_key_range: [low, high], low < high, high - low finite; null: both 0 */
    BASE_KEY_NAMES,   /* base_key_names: a list of strings, or one alone */
    BASE_KEY_LABELS,  /* base_key_labels: an object of name: whole number; null: none */
    BASE_KEY_LIST,    /* base_key_list: a list of objects, each by the table `items` */
    BASE_KEY_TREE,    /* const cJSON *: a string or an object, checked by its reader */
    BASE_KEY_TREES,   /* const cJSON *: a list of them, not empty */
    BASE_KEY_NUMBERS, /* base_key_numbers: a list of numbers; null: none */
    BASE_KEY_KINDS
} base_key_kind;

typedef struct base_key_range {
    double low, high;
} base_key_range;

typedef struct base_key_names {
    const char **name;
    size_t count;
} base_key_names;

typedef struct base_key_numbers {
    double *value;
    size_t count;
} base_key_numbers;

typedef struct base_key_labels {
    const char **name;
    uint32_t *value;
    size_t count;
} base_key_labels;

typedef struct base_key_list {
    void *items;
    size_t count;
} base_key_list;

struct base_keys;

typedef struct base_key {
    const char *path; /* "model.path" */
    base_key_kind kind;
    size_t offset;       /* of its field in the struct */
    const char *initial; /* default, as JSON; null is allowed exactly where it is the default */
    double low, high; /* of numbers, also in a list; of a list's length; low 1: a string must not be
                         empty */
    const char *const *(*names)(void); /* of choices, NULL-terminated */
    const struct base_keys *items;     /* of lists */
    const char *help;
} base_key;

/* A name that a key had once: using it is an error that tells the one of today. */
typedef struct base_renamed_key {
    const char *old, *path;
} base_renamed_key;

typedef struct base_keys {
    const base_key *key;
    size_t count;
    size_t size;                     /* of the struct that it fills */
    const base_renamed_key *renamed; /* may be none */
    size_t renamed_count;
} base_keys;

/* Adds every missing key with its default to `tree` and fills *out (zeroed) from it. Strings point
 * into the tree. Messages begin with "WHERE: PREFIXkey". */
bool base_keys_fill(const base_keys *keys, cJSON *tree, const char *where, const char *prefix,
                    void *out, base_error *error);

/* A copy of the config of a plug-in, a name or an object with "name" and options, as an object;
 * release with cJSON_Delete. */
cJSON *base_keys_object(const cJSON *config, base_error *error);

/* Releases what fill allocated, and empties its fields. */
void base_keys_release(const base_keys *keys, void *out);

/* Puts `value` (taken, also on failure) at a dotted path, making objects on the way; a number is
 * an index into a list ("train.data.0.weight"). `where` begins a message. */
bool base_keys_set(cJSON *tree, const char *path, cJSON *value, const char *where,
                   base_error *error);

/* The name among `names[0..count)` that is nearest to `found`: by edit distance of whole paths or,
 * one worse, of last parts. NULL when count is 0. */
const char *base_keys_nearest(const char *found, const char *const *names, size_t count);

/* What a key takes, in words: "a number from 0 to 1". Returns out. */
const char *base_key_expects(const base_key *key, char *out, size_t size);

#endif
