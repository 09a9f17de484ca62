/* Tables of config keys, and the one engine that fills structs from JSON by them (DESIGN 6).
 *
 * A table (config_keys.def) says of each key its path, type, default, range and help; from it come
 * the parser, the defaults, --help, the resolved config and the reference. Strict: an unknown key
 * is an error that names the nearest known one; a wrong type or range names the key's path. */
#ifndef TRAIN_KEYS_H
#define TRAIN_KEYS_H

#include "base/json.h"

#include <stdint.h>

typedef enum train_key_kind {
    TRAIN_KEY_SIZE,   /* size_t; null: 0 */
    TRAIN_KEY_REAL,   /* double; null: -1 */
    TRAIN_KEY_BOOL,   /* bool */
    TRAIN_KEY_SWITCH, /* int: null -1, false 0, true 1 */
    TRAIN_KEY_TEXT,   /* const char *; null: NULL */
    TRAIN_KEY_CHOICE, /* const char *, one of `names` */
    TRAIN_KEY_RANGE,  /* train_range: [low, high], low < high */
    TRAIN_KEY_NAMES,  /* train_names: a list of strings */
    TRAIN_KEY_LABELS, /* train_labels: an object of name: whole number; null: none */
    TRAIN_KEY_LIST,   /* train_list: a list of objects, each by the table `items` */
    TRAIN_KEY_TREE,   /* const cJSON *: any value, checked by its reader */
    TRAIN_KEY_KINDS
} train_key_kind;

typedef struct train_range {
    double low, high;
} train_range;

typedef struct train_names {
    const char **name;
    size_t count;
} train_names;

typedef struct train_labels {
    const char **name;
    uint32_t *value;
    size_t count;
} train_labels;

typedef struct train_list {
    void *items;
    size_t count;
} train_list;

struct train_keys;

typedef struct train_key {
    const char *path; /* "model.path" */
    train_key_kind kind;
    size_t offset;       /* of its field in the struct */
    const char *initial; /* default, as JSON; null is allowed exactly where it is the default */
    double low, high;    /* of numbers; of a list's length */
    const char *const *(*names)(void); /* of choices, NULL-terminated */
    const struct train_keys *items;    /* of lists */
    const char *help;
} train_key;

typedef struct train_keys {
    const train_key *key;
    size_t count;
    size_t size; /* of the struct that it fills */
} train_keys;

/* Adds every missing key with its default to `tree` and fills *out (zeroed) from it. Strings point
 * into the tree. Messages begin with "WHERE: PREFIXkey". */
bool train_keys_fill(const train_keys *keys, cJSON *tree, const char *where, const char *prefix,
                     void *out, base_error *error);

/* Releases what fill allocated. */
void train_keys_release(const train_keys *keys, void *out);

/* Puts `value` (taken, also on failure) at a dotted path, making objects on the way; a number is
 * an index into a list ("train.data.0.weight"). `where` begins a message. */
bool train_keys_set(cJSON *tree, const char *path, cJSON *value, const char *where,
                    base_error *error);

/* The name among `names[0..count)` that is nearest to `found`: by edit distance of whole paths or,
 * one worse, of last parts. NULL when count is 0. */
const char *train_keys_nearest(const char *found, const char *const *names, size_t count);

/* What a key takes, in words: "a number from 0 to 1". Returns out. */
const char *train_key_expects(const train_key *key, char *out, size_t size);

#endif
