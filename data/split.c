#include "data/split.h"

#include <string.h>

void data_split_removed(data_parts *p) {
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++)
        if (!p->part[i].match)
            p->part[kept++] = p->part[i];
    p->count = kept;
}

void data_split_isolated(data_parts *p) {
    (void)p;
}

void data_split_contiguous(data_parts *p) {
    size_t kept = 0;
    bool before = false;
    for (size_t i = 0; i < p->count; i++) {
        data_part part = p->part[i];
        if (part.match == before && kept > 0)
            p->part[kept - 1].end = part.end;
        else
            p->part[kept++] = part;
        before = part.match;
    }
    p->count = kept;
}

static void data_split_merged_with_previous(data_parts *p) {
    size_t kept = 0;
    bool before = false;
    for (size_t i = 0; i < p->count; i++) {
        data_part part = p->part[i];
        if (part.match && !before && kept > 0)
            p->part[kept - 1].end = part.end;
        else
            p->part[kept++] = part;
        before = part.match;
    }
    p->count = kept;
}

void data_split_merged_with_next(data_parts *p) {
    size_t n = p->count, first = n; /* parts from `first` on are done */
    bool behind = false;
    for (size_t i = n; i-- > 0;) {
        data_part part = p->part[i];
        if (part.match && !behind && first < n)
            p->part[first].begin = part.begin;
        else
            p->part[--first] = part;
        behind = part.match;
    }
    memmove(p->part, p->part + first, (n - first) * sizeof *p->part);
    p->count = n - first;
}

static const struct {
    const char *name;
    data_split_behavior *behavior;
} behaviors[] = {
    {"Removed", data_split_removed},
    {"Isolated", data_split_isolated},
    {"Contiguous", data_split_contiguous},
    {"MergedWithPrevious", data_split_merged_with_previous},
    {"MergedWithNext", data_split_merged_with_next},
};

data_split_behavior *data_split_behavior_of(const char *name) {
    for (size_t i = 0; i < sizeof behaviors / sizeof *behaviors; i++)
        if (!strcmp(behaviors[i].name, name))
            return behaviors[i].behavior;
    return NULL;
}

static bool add_part(data_parts *p, size_t begin, size_t end, bool match, base_error *error) {
    if (begin == end)
        return true;
    if (p->count == p->capacity &&
        !base_grow(&p->part, &p->capacity, p->count + 1, sizeof *p->part, error))
        return false;
    p->part[p->count++] = (data_part){begin, end, match};
    return true;
}

bool data_split(const data_pattern *pattern, data_split_behavior *behavior, bool invert,
                const char *text, size_t begin, size_t end, data_parts *out, base_error *error) {
    size_t at = begin, first, last;
    out->count = 0;
    while (data_pattern_next(pattern, text, end, at, &first, &last)) {
        if (!add_part(out, at, first, invert, error) || !add_part(out, first, last, !invert, error))
            return false;
        at = last;
    }
    if (!add_part(out, at, end, invert, error))
        return false;
    behavior(out);
    return true;
}
