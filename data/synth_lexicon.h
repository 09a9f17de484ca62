/* The lexicon of the built-in corpus (data/synth_lexicon.def): nouns, verbs, adjectives and places
 * with their synonyms, generalisations and opposites. */
#ifndef DATA_SYNTH_LEXICON_H
#define DATA_SYNTH_LEXICON_H

#include <stdbool.h>
#include <stddef.h>

/* What a noun is, an adjective may describe, or a verb may be done to. */
enum {
    DATA_SYNTH_PERSON = 1,
    DATA_SYNTH_ANIMAL = 2,
    DATA_SYNTH_CREATURE = DATA_SYNTH_PERSON | DATA_SYNTH_ANIMAL,
    DATA_SYNTH_THING = 4
};

enum { DATA_SYNTH_NONE = 0 };

typedef struct data_synth_concept {
    const char *word[2];    /* two words (or phrases) of one meaning */
    unsigned char parent;   /* the more general concept, or DATA_SYNTH_NONE */
    unsigned char opposite; /* or DATA_SYNTH_NONE */
    unsigned char about;    /* classes, or-ed */
} data_synth_concept;

/* Concepts of one kind; number 0 is DATA_SYNTH_NONE, real ones are 1 .. count-1. */
typedef struct data_synth_list {
    const data_synth_concept *concept;
    size_t count;
} data_synth_list;

extern const data_synth_list data_synth_nouns, data_synth_verbs, data_synth_adjectives,
    data_synth_places;

/* Steps from `a` up to `general` (0: the same), or -1 when `general` is not above it. */
int data_synth_above(const data_synth_list *list, unsigned a, unsigned general);

/* True when something is more special than this concept. */
bool data_synth_has_children(const data_synth_list *list, unsigned concept);

#endif
