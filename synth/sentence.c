#include "synth/sentence.h"

#include "synth/lexicon.h"

#include <stdio.h>
#include <string.h>

typedef struct sentence {
    const synth_scene *scene;
    synth_style style;
    char *out;
    size_t used;
} sentence;

static bool has(const sentence *s, unsigned bit) {
    return s->style >> bit & 1;
}

static void say(sentence *s, const char *words) {
    int n = snprintf(s->out + s->used, SYNTH_SENTENCE - s->used, "%s%s", s->used ? " " : "", words);
    s->used += n > 0 ? (size_t)n : 0;
}

static const char *word(const sentence *s, const synth_list *list, synth_slot slot) {
    return list->concept[s->scene->slot[slot]].word[has(s, slot)];
}

static const char *article(bool the, const char *before) {
    return the ? "the" : strchr("aeiou", before[0]) ? "an" : "a";
}

static void say_noun(sentence *s, synth_slot noun, synth_slot adjective, const char *determiner,
                     bool the) {
    bool described = s->scene->slot[adjective] != SYNTH_NONE;
    const char *name = word(s, &synth_nouns, noun);
    const char *quality = described ? word(s, &synth_adjectives, adjective) : NULL;
    say(s, determiner ? determiner : article(the, quality ? quality : name));
    if (quality)
        say(s, quality);
    say(s, name);
}

static void say_agent(sentence *s) {
    bool no = s->scene->negated && has(s, SYNTH_NO) && !has(s, SYNTH_PASSIVE);
    say_noun(s, SYNTH_AGENT, SYNTH_AGENT_ADJECTIVE,
             no                ? "no"
             : s->scene->every ? "every"
                               : NULL,
             has(s, SYNTH_AGENT_THE));
    if (s->scene->negated && !no && !has(s, SYNTH_PASSIVE))
        say(s, "never");
}

static void say_patient(sentence *s) {
    say_noun(s, SYNTH_PATIENT, SYNTH_PATIENT_ADJECTIVE, NULL, has(s, SYNTH_PATIENT_THE));
}

void synth_say(const synth_scene *scene, synth_style style, char out[SYNTH_SENTENCE]) {
    sentence s = {scene, style, out, 0};
    bool placed = scene->slot[SYNTH_PLACE] != SYNTH_NONE;
    if (placed && has(&s, SYNTH_PLACE_FIRST))
        say(&s, word(&s, &synth_places, SYNTH_PLACE));
    if (has(&s, SYNTH_PASSIVE)) {
        say_patient(&s);
        say(&s, scene->negated ? "was never" : "was");
        say(&s, word(&s, &synth_verbs, SYNTH_VERB));
        say(&s, "by");
        say_agent(&s);
    } else {
        say_agent(&s);
        say(&s, word(&s, &synth_verbs, SYNTH_VERB));
        say_patient(&s);
    }
    if (placed && !has(&s, SYNTH_PLACE_FIRST))
        say(&s, word(&s, &synth_places, SYNTH_PLACE));
    out[0] = (char)(out[0] - 'a' + 'A');
    strcat(out, ".");
}
