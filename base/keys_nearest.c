#include "base/keys.h"

#include <string.h>

enum { LONGEST = 127 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Levenshtein 1966, two rows. */
static size_t edit_distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), row[LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
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
