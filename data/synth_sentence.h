/* Scenes to sentences: one scene can be said in many ways. */
#ifndef DATA_SYNTH_SENTENCE_H
#define DATA_SYNTH_SENTENCE_H

#include "data/synth_scene.h"

enum { DATA_SYNTH_SENTENCE = 128 };

/* How a scene is said; each is one bit of choice that leaves the meaning alone. */
typedef enum data_synth_style_bit {
    /* bits 0 .. DATA_SYNTH_SLOTS-1: the slot's first or second word */
    DATA_SYNTH_PASSIVE = DATA_SYNTH_SLOTS, /* active or passive voice */
    DATA_SYNTH_AGENT_THE,                  /* "a" or "the" */
    DATA_SYNTH_PATIENT_THE,
    DATA_SYNTH_PLACE_FIRST, /* the place behind or in front */
    DATA_SYNTH_NO,          /* a negated active scene: "a boy never ..." or "no boy ..." */
    DATA_SYNTH_STYLE_BITS
} data_synth_style_bit;

typedef unsigned data_synth_style;

/* Writes the sentence (NUL-terminated, at most DATA_SYNTH_SENTENCE - 1 bytes). */
void data_synth_say(const data_synth_scene *scene, data_synth_style style,
                    char out[DATA_SYNTH_SENTENCE]);

#endif
