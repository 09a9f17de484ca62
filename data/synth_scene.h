/* Scenes: what a sentence of the built-in corpus says. Two sentences of a pair are read as captions
 * of one picture, as in SNLI: who does what to whom, and where, is fixed. */
#ifndef DATA_SYNTH_SCENE_H
#define DATA_SYNTH_SCENE_H

#include "base/random.h"

#include <stdbool.h>

typedef enum data_synth_slot {
    DATA_SYNTH_AGENT,
    DATA_SYNTH_AGENT_ADJECTIVE,
    DATA_SYNTH_VERB,
    DATA_SYNTH_PATIENT,
    DATA_SYNTH_PATIENT_ADJECTIVE,
    DATA_SYNTH_PLACE,
    DATA_SYNTH_SLOTS
} data_synth_slot;

/* Concepts of data/synth_lexicon.h; adjectives and place may be DATA_SYNTH_NONE. */
typedef struct data_synth_scene {
    unsigned char slot[DATA_SYNTH_SLOTS];
    bool negated; /* it did not happen */
    bool every;   /* every such agent did it */
} data_synth_scene;

/* A random scene that happened; some are about every agent. */
data_synth_scene data_synth_scene_draw(base_random *random);

/* One random change of a scene, false when it does not apply (the scene is untouched then).
 * generalise: the new scene follows from the old one. specialise: the old one follows from the new
 * one, not the reverse. contradict: both cannot be true of one picture. */
typedef bool data_synth_change(data_synth_scene *scene, base_random *random);
bool data_synth_generalise(data_synth_scene *scene, base_random *random);
bool data_synth_specialise(data_synth_scene *scene, base_random *random);
bool data_synth_contradict(data_synth_scene *scene, base_random *random);

/* Another noun or verb in one slot, neither more general nor more special than the old one: the two
 * scenes say nothing about each other when both did not happen. */
bool data_synth_replace(data_synth_scene *scene, base_random *random);

/* How alike two scenes are, 0 (nothing in common) to 1 (the same). Agent, verb and patient weigh
 * 0.3, 0.4, 0.3; a concept and a more general one are alike by 0.75 a step, those of one parent by
 * 0.35. The product with 0.75 + 0.25 (mean likeness of adjectives and place) is the likeness; it is
 * times 0.6 when anything excludes the other, and times 0.3 when one happened and the other did
 * not. */
double data_synth_similarity(const data_synth_scene *a, const data_synth_scene *b);

#endif
