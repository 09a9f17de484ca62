/* Scenes: what a sentence of the built-in corpus says. Two sentences of a pair are read as captions
 * of one picture, as in SNLI: who does what to whom, and where, is fixed. */
#ifndef SYNTH_SCENE_H
#define SYNTH_SCENE_H

#include "base/random.h"

#include <stdbool.h>

typedef enum synth_slot {
    SYNTH_AGENT,
    SYNTH_AGENT_ADJECTIVE,
    SYNTH_VERB,
    SYNTH_PATIENT,
    SYNTH_PATIENT_ADJECTIVE,
    SYNTH_PLACE,
    SYNTH_SLOTS
} synth_slot;

/* Concepts of synth/lexicon.h; adjectives and place may be SYNTH_NONE. */
typedef struct synth_scene {
    unsigned char slot[SYNTH_SLOTS];
    bool negated; /* it did not happen */
    bool every;   /* every such agent did it */
} synth_scene;

/* A random scene that happened; some are about every agent. */
synth_scene synth_scene_draw(base_random *random);

/* One random change of a scene, false when it does not apply (the scene is untouched then).
 * generalise: the new scene follows from the old one. specialise: the old one follows from the new
 * one, not the reverse. contradict: both cannot be true of one picture. */
typedef bool synth_change(synth_scene *scene, base_random *random);
bool synth_generalise(synth_scene *scene, base_random *random);
bool synth_specialise(synth_scene *scene, base_random *random);
bool synth_contradict(synth_scene *scene, base_random *random);

/* Another noun or verb in one slot, neither more general nor more special than the old one: the two
 * scenes say nothing about each other when both did not happen. */
bool synth_replace(synth_scene *scene, base_random *random);

/* How alike two scenes are, 0 (nothing in common) to 1 (the same). Agent, verb and patient weigh
 * 0.3, 0.4, 0.3; a concept and a more general one are alike by 0.75 a step, those of one parent by
 * 0.35. The product with 0.75 + 0.25 (mean likeness of adjectives and place) is the likeness; it is
 * times 0.6 when anything excludes the other, and times 0.3 when one happened and the other did
 * not. */
double synth_similarity(const synth_scene *a, const synth_scene *b);

#endif
