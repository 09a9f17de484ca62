/* The lexicon of the built-in corpus (synth/lexicon.def): nouns, verbs, adjectives and places
 * with their synonyms, generalisations and opposites. */
#ifndef SYNTH_LEXICON_H
#define SYNTH_LEXICON_H

#include <stdbool.h>
#include <stddef.h>

/* What a noun is, an adjective may describe, or a verb may be done to. */
enum {
    SYNTH_PERSON = 1,
    SYNTH_ANIMAL = 2,
    SYNTH_CREATURE = SYNTH_PERSON | SYNTH_ANIMAL,
    SYNTH_THING = 4
};

enum { SYNTH_NONE = 0 };

typedef struct synth_concept {
    const char *word[2];    /* two words (or phrases) of one meaning */
    unsigned char parent;   /* the more general concept, or SYNTH_NONE */
    unsigned char opposite; /* or SYNTH_NONE */
    unsigned char about;    /* classes, or-ed */
} synth_concept;

/* Concepts of one kind; number 0 is SYNTH_NONE, real ones are 1 .. count-1. */
typedef struct synth_list {
    const synth_concept *concept;
    size_t count;
} synth_list;

extern const synth_list synth_nouns, synth_verbs, synth_adjectives, synth_places;

/* Steps from `a` up to `general` (0: the same), or -1 when `general` is not above it. */
int synth_above(const synth_list *list, unsigned a, unsigned general);

/* True when something is more special than this concept. */
bool synth_has_children(const synth_list *list, unsigned concept);

#endif
