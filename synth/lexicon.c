#include "synth/lexicon.h"

enum {
    NOUN_none,
#define NOUN(id, word, same, parent, class) NOUN_##id,
#include "synth/lexicon.def"
    NOUNS
};
enum {
    VERB_none,
#define VERB(id, word, same, parent, opposite, class) VERB_##id,
#include "synth/lexicon.def"
    VERBS
};
enum {
    ADJECTIVE_none,
#define ADJECTIVE(id, word, same, opposite, class) ADJECTIVE_##id,
#include "synth/lexicon.def"
    ADJECTIVES
};
enum {
    PLACE_none,
#define PLACE(id, words, same, parent) PLACE_##id,
#include "synth/lexicon.def"
    PLACES
};

static const synth_concept nouns[NOUNS] = {
#define NOUN(id, word, same, parent, class)                                                        \
    [NOUN_##id] = {{word, same}, NOUN_##parent, SYNTH_NONE, SYNTH_##class},
#include "synth/lexicon.def"
};
static const synth_concept verbs[VERBS] = {
#define VERB(id, word, same, parent, opposite, class)                                              \
    [VERB_##id] = {{word, same}, VERB_##parent, VERB_##opposite, SYNTH_##class},
#include "synth/lexicon.def"
};
static const synth_concept adjectives[ADJECTIVES] = {
#define ADJECTIVE(id, word, same, opposite, class)                                                 \
    [ADJECTIVE_##id] = {{word, same}, SYNTH_NONE, ADJECTIVE_##opposite, SYNTH_##class},
#include "synth/lexicon.def"
};
static const synth_concept places[PLACES] = {
#define PLACE(id, words, same, parent)                                                             \
    [PLACE_##id] = {{words, same}, PLACE_##parent, SYNTH_NONE, SYNTH_CREATURE},
#include "synth/lexicon.def"
};

const synth_list synth_nouns = {nouns, NOUNS};
const synth_list synth_verbs = {verbs, VERBS};
const synth_list synth_adjectives = {adjectives, ADJECTIVES};
const synth_list synth_places = {places, PLACES};

int synth_above(const synth_list *list, unsigned a, unsigned general) {
    for (int steps = 0; a != SYNTH_NONE; steps++, a = list->concept[a].parent)
        if (a == general)
            return steps;
    return -1;
}

bool synth_has_children(const synth_list *list, unsigned concept) {
    for (size_t i = 1; i < list->count; i++)
        if (list->concept[i].parent == concept)
            return true;
    return false;
}
