#include "data/synth_lexicon.h"

enum {
    NOUN_none,
#define NOUN(id, word, same, parent, class) NOUN_##id,
#include "data/synth_lexicon.def"
    NOUNS
};
enum {
    VERB_none,
#define VERB(id, word, same, parent, opposite, class) VERB_##id,
#include "data/synth_lexicon.def"
    VERBS
};
enum {
    ADJECTIVE_none,
#define ADJECTIVE(id, word, same, opposite, class) ADJECTIVE_##id,
#include "data/synth_lexicon.def"
    ADJECTIVES
};
enum {
    PLACE_none,
#define PLACE(id, words, same, parent) PLACE_##id,
#include "data/synth_lexicon.def"
    PLACES
};

static const data_synth_concept nouns[NOUNS] = {
#define NOUN(id, word, same, parent, class)                                                        \
    [NOUN_##id] = {{word, same}, NOUN_##parent, DATA_SYNTH_NONE, DATA_SYNTH_##class},
#include "data/synth_lexicon.def"
};
static const data_synth_concept verbs[VERBS] = {
#define VERB(id, word, same, parent, opposite, class)                                              \
    [VERB_##id] = {{word, same}, VERB_##parent, VERB_##opposite, DATA_SYNTH_##class},
#include "data/synth_lexicon.def"
};
static const data_synth_concept adjectives[ADJECTIVES] = {
#define ADJECTIVE(id, word, same, opposite, class)                                                 \
    [ADJECTIVE_##id] = {{word, same}, DATA_SYNTH_NONE, ADJECTIVE_##opposite, DATA_SYNTH_##class},
#include "data/synth_lexicon.def"
};
static const data_synth_concept places[PLACES] = {
#define PLACE(id, words, same, parent)                                                             \
    [PLACE_##id] = {{words, same}, PLACE_##parent, DATA_SYNTH_NONE, DATA_SYNTH_CREATURE},
#include "data/synth_lexicon.def"
};

const data_synth_list data_synth_nouns = {nouns, NOUNS};
const data_synth_list data_synth_verbs = {verbs, VERBS};
const data_synth_list data_synth_adjectives = {adjectives, ADJECTIVES};
const data_synth_list data_synth_places = {places, PLACES};

int data_synth_above(const data_synth_list *list, unsigned a, unsigned general) {
    for (int steps = 0; a != DATA_SYNTH_NONE; steps++, a = list->concept[a].parent)
        if (a == general)
            return steps;
    return -1;
}

bool data_synth_has_children(const data_synth_list *list, unsigned concept) {
    for (size_t i = 1; i < list->count; i++)
        if (list->concept[i].parent == concept)
            return true;
    return false;
}
