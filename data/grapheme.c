#include "data/grapheme.h"

#include "data/unicode.h"

#include <stdbool.h>

/* What of a cluster matters for its next code point. */
typedef struct cluster_state {
    unsigned class; /* of the last code point */
    bool consonant; /* it and extending marks were last (GB9c) */
    bool linked;    /* and a linker was among them */
    bool picture;   /* a pictograph and extending marks were last (GB11) */
} cluster_state;

#define SET(class) (1u << DATA_CLUSTER_##class)

/* Classes that go on with a Hangul syllable (GB6 to GB8). */
static const unsigned hangul[DATA_CLUSTER_CLASS + 1] = {
    [DATA_CLUSTER_L] = SET(L) | SET(V) | SET(LV) | SET(LVT),
    [DATA_CLUSTER_V] = SET(V) | SET(T),
    [DATA_CLUSTER_LV] = SET(V) | SET(T),
    [DATA_CLUSTER_T] = SET(T),
    [DATA_CLUSTER_LVT] = SET(T),
};

static bool joins(const cluster_state *s, unsigned class) {
    static const unsigned ends = SET(CR) | SET(LF) | SET(CONTROL);
    static const unsigned extends = SET(EXTEND) | SET(JOINER) | SET(SPACING);
    unsigned before = 1u << s->class, here = 1u << class;
    if (before & ends || here & ends)
        return s->class == DATA_CLUSTER_CR && class == DATA_CLUSTER_LF;
    return here & (hangul[s->class] | extends) || before & SET(PREPEND) ||
           (s->linked && class == DATA_CLUSTER_CONSONANT) ||
           (s->picture && s->class == DATA_CLUSTER_JOINER && class == DATA_CLUSTER_PICTOGRAPH);
}

static cluster_state after(const cluster_state *s, unsigned cluster) {
    unsigned class = cluster & DATA_CLUSTER_CLASS;
    bool linker = cluster & DATA_CLUSTER_CONJUNCT_LINKER;
    bool consonant = class == DATA_CLUSTER_CONSONANT;
    bool goes_on = s->consonant && (linker || cluster & DATA_CLUSTER_CONJUNCT_EXTEND);
    bool still_picture = s->picture && s->class != DATA_CLUSTER_JOINER &&
                         (class == DATA_CLUSTER_EXTEND || class == DATA_CLUSTER_JOINER);
    return (cluster_state){class, consonant || goes_on, goes_on && (linker || s->linked),
                           class == DATA_CLUSTER_PICTOGRAPH || still_picture};
}

size_t data_grapheme_end(const char *text, size_t size, size_t at) {
    cluster_state state = {0};
    state = after(&state, data_unicode(data_unicode_next(text, &at))->cluster);
    while (at < size) {
        size_t next = at;
        unsigned cluster = data_unicode(data_unicode_next(text, &next))->cluster;
        if (!joins(&state, cluster & DATA_CLUSTER_CLASS))
            break;
        state = after(&state, cluster);
        at = next;
    }
    return at;
}
