/* Scenes to sentences: one scene can be said in many ways. */
#ifndef SYNTH_SENTENCE_H
#define SYNTH_SENTENCE_H

#include "synth/scene.h"

enum { SYNTH_SENTENCE = 128 };

/* How a scene is said; each is one bit of choice that leaves the meaning alone. */
typedef enum synth_style_bit {
    /* bits 0 .. SYNTH_SLOTS-1: the slot's first or second word */
    SYNTH_PASSIVE = SYNTH_SLOTS, /* active or passive voice */
    SYNTH_AGENT_THE,             /* "a" or "the" */
    SYNTH_PATIENT_THE,
    SYNTH_PLACE_FIRST, /* the place behind or in front */
    SYNTH_NO,          /* a negated active scene: "a boy never ..." or "no boy ..." */
    SYNTH_STYLE_BITS
} synth_style_bit;

typedef unsigned synth_style;

/* Writes the sentence (NUL-terminated, at most SYNTH_SENTENCE - 1 bytes). */
void synth_say(const synth_scene *scene, synth_style style, char out[SYNTH_SENTENCE]);

#endif
