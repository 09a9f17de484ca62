#include "synth/scene.h"

#include "synth/lexicon.h"

typedef unsigned char concept_number;

static const synth_list *const list_of[SYNTH_SLOTS] = {
    &synth_nouns, &synth_adjectives, &synth_verbs, &synth_nouns, &synth_adjectives, &synth_places};

static bool one_in(base_random *r, uint64_t n) {
    return base_random_below(r, n) == 0;
}

static const synth_concept *concept_in(const synth_scene *s, synth_slot slot) {
    return &list_of[slot]->concept[s->slot[slot]];
}

/* What a slot's concept may be about: adjectives follow their noun, the patient its verb, and only
 * people do something to things. */
static unsigned class_of(const synth_scene *s, synth_slot slot) {
    unsigned patient = concept_in(s, SYNTH_VERB)->about;
    if (slot == SYNTH_PATIENT || slot == SYNTH_PATIENT_ADJECTIVE)
        return patient;
    return patient == SYNTH_THING ? SYNTH_PERSON : SYNTH_CREATURE;
}

typedef bool accepts(const synth_list *list, unsigned candidate, unsigned current);

/* A random concept for the slot that fits its class and is accepted, or SYNTH_NONE. */
static concept_number pick(const synth_scene *s, synth_slot slot, unsigned about, accepts *accept,
                           base_random *r) {
    const synth_list *list = list_of[slot];
    concept_number fitting[64];
    size_t n = 0;
    for (unsigned i = 1; i < list->count && n < sizeof fitting; i++)
        if ((list->concept[i].about & about) && accept(list, i, s->slot[slot]))
            fitting[n++] = (concept_number)i;
    return n ? fitting[base_random_below(r, n)] : SYNTH_NONE;
}

static bool any_other(const synth_list *list, unsigned candidate, unsigned current) {
    (void)list;
    return candidate != current;
}

/* Neither is the other, nor more general than it. */
static bool is_apart(const synth_list *list, unsigned candidate, unsigned current) {
    return synth_above(list, candidate, current) < 0 && synth_above(list, current, candidate) < 0;
}

static bool is_child(const synth_list *list, unsigned candidate, unsigned current) {
    return list->concept[candidate].parent == current;
}

/* Excludes the current one: its opposite, or another of the same parent with nothing below it. */
static bool excludes(const synth_list *list, unsigned candidate, unsigned current) {
    unsigned parent = list->concept[current].parent;
    if (list->concept[current].opposite || list == &synth_verbs)
    return candidate == list->concept[current].opposite;
    return candidate != current && parent != SYNTH_NONE &&
           list->concept[candidate].parent == parent && !synth_has_children(list, candidate) &&
           !synth_has_children(list, current);
}

static void fill(synth_scene *s, synth_slot slot, base_random *r) {
    s->slot[slot] = pick(s, slot, class_of(s, slot), any_other, r);
}

synth_scene synth_scene_draw(base_random *r) {
    synth_scene s = {{0}, false, one_in(r, 10)};
    s.slot[SYNTH_VERB] =
        pick(&s, SYNTH_VERB, one_in(r, 3) ? SYNTH_THING : SYNTH_CREATURE, any_other, r);
    fill(&s, SYNTH_AGENT, r);
    do
        fill(&s, SYNTH_PATIENT, r);
    while (s.slot[SYNTH_PATIENT] == s.slot[SYNTH_AGENT]);
    if (one_in(r, 2))
        fill(&s, SYNTH_AGENT_ADJECTIVE, r);
    if (one_in(r, 3))
        fill(&s, SYNTH_PATIENT_ADJECTIVE, r);
    if (one_in(r, 2))
        fill(&s, SYNTH_PLACE, r);
    return s;
}

static bool is_optional(synth_slot slot) {
    return list_of[slot] == &synth_adjectives || list_of[slot] == &synth_places;
}

static bool about_agent(synth_slot slot) {
    return slot == SYNTH_AGENT || slot == SYNTH_AGENT_ADJECTIVE;
}

static bool is_one_noun(const synth_scene *s) {
    return s->slot[SYNTH_AGENT] == s->slot[SYNTH_PATIENT];
}

/* Takes the change unless it makes agent and patient the same noun. A changed group of agents is no
 * longer "every". */
static bool commit(synth_scene *s, synth_slot slot, unsigned value) {
    synth_scene changed = *s;
    changed.slot[slot] = (concept_number)value;
    changed.every = s->every && !about_agent(slot);
    if (is_one_noun(&changed))
        return false;
    *s = changed;
    return true;
}

bool synth_generalise(synth_scene *s, base_random *r) {
    synth_slot slot = (synth_slot)base_random_below(r, SYNTH_SLOTS);
    if (s->every && one_in(r, 2)) {
        s->every = false;
        return true;
    }
    if (s->slot[slot] == SYNTH_NONE)
        return false;
    unsigned parent = concept_in(s, slot)->parent;
    if (parent == SYNTH_NONE && !is_optional(slot))
        return false;
    return commit(s, slot, slot == SYNTH_PLACE && one_in(r, 2) ? SYNTH_NONE : parent);
}

bool synth_specialise(synth_scene *s, base_random *r) {
    synth_slot slot = (synth_slot)base_random_below(r, SYNTH_SLOTS);
    if (!s->every && one_in(r, 10))
        return s->every = true;
    accepts *accept = s->slot[slot] == SYNTH_NONE ? any_other : is_child;
    concept_number more = pick(s, slot, class_of(s, slot), accept, r);
    return more != SYNTH_NONE && commit(s, slot, more);
}

static bool swap_roles(synth_scene *s) {
    concept_number *slot = s->slot, noun = slot[SYNTH_AGENT],
                   adjective = slot[SYNTH_AGENT_ADJECTIVE];
    if (concept_in(s, SYNTH_VERB)->about != SYNTH_CREATURE ||
        !is_apart(&synth_nouns, noun, slot[SYNTH_PATIENT]))
        return false;
    slot[SYNTH_AGENT] = slot[SYNTH_PATIENT];
    slot[SYNTH_AGENT_ADJECTIVE] = slot[SYNTH_PATIENT_ADJECTIVE];
    slot[SYNTH_PATIENT] = noun;
    slot[SYNTH_PATIENT_ADJECTIVE] = adjective;
    return true;
}

bool synth_contradict(synth_scene *s, base_random *r) {
    uint64_t way = base_random_below(r, SYNTH_SLOTS + 3);
    if (way == SYNTH_SLOTS)
        return !s->every && swap_roles(s);
    if (way > SYNTH_SLOTS) {
        s->every = false;
        return s->negated = true;
    }
    synth_slot slot = (synth_slot)way;
    if (s->slot[slot] == SYNTH_NONE || (s->every && about_agent(slot)))
        return false;
    concept_number other = pick(s, slot, class_of(s, slot), excludes, r);
    return other != SYNTH_NONE && commit(s, slot, other);
}

bool synth_replace(synth_scene *s, base_random *r) {
    static const synth_slot slots[] = {SYNTH_AGENT, SYNTH_VERB, SYNTH_PATIENT};
    synth_slot slot = slots[base_random_below(r, 3)];
    unsigned about = slot == SYNTH_VERB ? concept_in(s, SYNTH_VERB)->about : class_of(s, slot);
    concept_number other = pick(s, slot, about, is_apart, r);
    return other != SYNTH_NONE && commit(s, slot, other);
}

/* Likeness of two concepts in one slot; *clash is set when they exclude each other. */
static double likeness(const synth_list *list, unsigned a, unsigned b, bool *clash) {
    if (a == SYNTH_NONE || b == SYNTH_NONE)
        return a == b ? 1 : 0.5;
    int up = synth_above(list, a, b), down = synth_above(list, b, a);
    int steps = up >= 0 ? up : down;
    if (steps >= 0)
        return steps == 0 ? 1 : steps == 1 ? 0.75 : 0.5625;
    *clash = true;
    unsigned parent = list->concept[a].parent;
    bool siblings = parent != SYNTH_NONE && parent == list->concept[b].parent;
    return siblings && list->concept[a].opposite != b ? 0.35 : 0;
}

double synth_similarity(const synth_scene *a, const synth_scene *b) {
    static const double weight[SYNTH_SLOTS] = {0.3, 0, 0.4, 0.3, 0, 0};
    double core = 0, details = 0;
    bool clash = false;
    for (size_t i = 0; i < SYNTH_SLOTS; i++) {
        double alike = likeness(list_of[i], a->slot[i], b->slot[i], &clash);
        core += weight[i] * alike;
        if (is_optional((synth_slot)i))
            details += alike / 3;
    }
    return core * (0.75 + 0.25 * details) * (clash ? 0.6 : 1) *
           (a->negated == b->negated ? 1 : 0.3);
}
