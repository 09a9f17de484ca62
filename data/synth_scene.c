#include "data/synth_scene.h"

#include "data/synth_lexicon.h"

typedef unsigned char concept_number;

static const data_synth_list *const list_of[DATA_SYNTH_SLOTS] = {
    &data_synth_nouns, &data_synth_adjectives, &data_synth_verbs,
    &data_synth_nouns, &data_synth_adjectives, &data_synth_places};

static bool one_in(base_random *r, uint64_t n) {
    return base_random_below(r, n) == 0;
}

static const data_synth_concept *concept_in(const data_synth_scene *s, data_synth_slot slot) {
    return &list_of[slot]->concept[s->slot[slot]];
}

/* What a slot's concept may be about: adjectives follow their noun, the patient its verb, and only
 * people do something to things. */
static unsigned class_of(const data_synth_scene *s, data_synth_slot slot) {
    unsigned patient = concept_in(s, DATA_SYNTH_VERB)->about;
    if (slot == DATA_SYNTH_PATIENT || slot == DATA_SYNTH_PATIENT_ADJECTIVE)
        return patient;
    return patient == DATA_SYNTH_THING ? DATA_SYNTH_PERSON : DATA_SYNTH_CREATURE;
}

typedef bool accepts(const data_synth_list *list, unsigned candidate, unsigned current);

/* A random concept for the slot that fits its class and is accepted, or DATA_SYNTH_NONE. */
static concept_number pick(const data_synth_scene *s, data_synth_slot slot, unsigned about,
                           accepts *accept, base_random *r) {
    const data_synth_list *list = list_of[slot];
    concept_number fitting[64];
    size_t n = 0;
    for (unsigned i = 1; i < list->count && n < sizeof fitting; i++)
        if ((list->concept[i].about & about) && accept(list, i, s->slot[slot]))
            fitting[n++] = (concept_number)i;
    return n ? fitting[base_random_below(r, n)] : DATA_SYNTH_NONE;
}

static bool any_other(const data_synth_list *list, unsigned candidate, unsigned current) {
    (void)list;
    return candidate != current;
}

/* Neither is the other, nor more general than it. */
static bool is_apart(const data_synth_list *list, unsigned candidate, unsigned current) {
    return data_synth_above(list, candidate, current) < 0 &&
           data_synth_above(list, current, candidate) < 0;
}

static bool is_child(const data_synth_list *list, unsigned candidate, unsigned current) {
    return list->concept[candidate].parent == current;
}

/* Excludes the current one: its opposite, or another of the same parent with nothing below it. */
static bool excludes(const data_synth_list *list, unsigned candidate, unsigned current) {
    unsigned parent = list->concept[current].parent;
    if (list->concept[current].opposite || list == &data_synth_verbs)
    return candidate == list->concept[current].opposite;
    return candidate != current && parent != DATA_SYNTH_NONE &&
           list->concept[candidate].parent == parent && !data_synth_has_children(list, candidate) &&
           !data_synth_has_children(list, current);
}

static void fill(data_synth_scene *s, data_synth_slot slot, base_random *r) {
    s->slot[slot] = pick(s, slot, class_of(s, slot), any_other, r);
}

data_synth_scene data_synth_scene_draw(base_random *r) {
    data_synth_scene s = {{0}, false, one_in(r, 10)};
    s.slot[DATA_SYNTH_VERB] = pick(
        &s, DATA_SYNTH_VERB, one_in(r, 3) ? DATA_SYNTH_THING : DATA_SYNTH_CREATURE, any_other, r);
    fill(&s, DATA_SYNTH_AGENT, r);
    do
        fill(&s, DATA_SYNTH_PATIENT, r);
    while (s.slot[DATA_SYNTH_PATIENT] == s.slot[DATA_SYNTH_AGENT]);
    if (one_in(r, 2))
        fill(&s, DATA_SYNTH_AGENT_ADJECTIVE, r);
    if (one_in(r, 3))
        fill(&s, DATA_SYNTH_PATIENT_ADJECTIVE, r);
    if (one_in(r, 2))
        fill(&s, DATA_SYNTH_PLACE, r);
    return s;
}

static bool is_optional(data_synth_slot slot) {
    return list_of[slot] == &data_synth_adjectives || list_of[slot] == &data_synth_places;
}

static bool about_agent(data_synth_slot slot) {
    return slot == DATA_SYNTH_AGENT || slot == DATA_SYNTH_AGENT_ADJECTIVE;
}

static bool is_one_noun(const data_synth_scene *s) {
    return s->slot[DATA_SYNTH_AGENT] == s->slot[DATA_SYNTH_PATIENT];
}

/* Takes the change unless it makes agent and patient the same noun. A changed group of agents is no
 * longer "every". */
static bool commit(data_synth_scene *s, data_synth_slot slot, unsigned value) {
    data_synth_scene changed = *s;
    changed.slot[slot] = (concept_number)value;
    changed.every = s->every && !about_agent(slot);
    if (is_one_noun(&changed))
        return false;
    *s = changed;
    return true;
}

bool data_synth_generalise(data_synth_scene *s, base_random *r) {
    data_synth_slot slot = (data_synth_slot)base_random_below(r, DATA_SYNTH_SLOTS);
    if (s->every && one_in(r, 2)) {
        s->every = false;
        return true;
    }
    if (s->slot[slot] == DATA_SYNTH_NONE)
        return false;
    unsigned parent = concept_in(s, slot)->parent;
    if (parent == DATA_SYNTH_NONE && !is_optional(slot))
        return false;
    return commit(s, slot, slot == DATA_SYNTH_PLACE && one_in(r, 2) ? DATA_SYNTH_NONE : parent);
}

bool data_synth_specialise(data_synth_scene *s, base_random *r) {
    data_synth_slot slot = (data_synth_slot)base_random_below(r, DATA_SYNTH_SLOTS);
    if (!s->every && one_in(r, 10))
        return s->every = true;
    accepts *accept = s->slot[slot] == DATA_SYNTH_NONE ? any_other : is_child;
    concept_number more = pick(s, slot, class_of(s, slot), accept, r);
    return more != DATA_SYNTH_NONE && commit(s, slot, more);
}

static bool swap_roles(data_synth_scene *s) {
    concept_number *slot = s->slot, noun = slot[DATA_SYNTH_AGENT],
                   adjective = slot[DATA_SYNTH_AGENT_ADJECTIVE];
    if (concept_in(s, DATA_SYNTH_VERB)->about != DATA_SYNTH_CREATURE ||
        !is_apart(&data_synth_nouns, noun, slot[DATA_SYNTH_PATIENT]))
        return false;
    slot[DATA_SYNTH_AGENT] = slot[DATA_SYNTH_PATIENT];
    slot[DATA_SYNTH_AGENT_ADJECTIVE] = slot[DATA_SYNTH_PATIENT_ADJECTIVE];
    slot[DATA_SYNTH_PATIENT] = noun;
    slot[DATA_SYNTH_PATIENT_ADJECTIVE] = adjective;
    return true;
}

bool data_synth_contradict(data_synth_scene *s, base_random *r) {
    uint64_t way = base_random_below(r, DATA_SYNTH_SLOTS + 3);
    if (way == DATA_SYNTH_SLOTS)
        return !s->every && swap_roles(s);
    if (way > DATA_SYNTH_SLOTS) {
        s->every = false;
        return s->negated = true;
    }
    data_synth_slot slot = (data_synth_slot)way;
    if (s->slot[slot] == DATA_SYNTH_NONE || (s->every && about_agent(slot)))
        return false;
    concept_number other = pick(s, slot, class_of(s, slot), excludes, r);
    return other != DATA_SYNTH_NONE && commit(s, slot, other);
}

bool data_synth_replace(data_synth_scene *s, base_random *r) {
    static const data_synth_slot slots[] = {DATA_SYNTH_AGENT, DATA_SYNTH_VERB, DATA_SYNTH_PATIENT};
    data_synth_slot slot = slots[base_random_below(r, 3)];
    unsigned about =
        slot == DATA_SYNTH_VERB ? concept_in(s, DATA_SYNTH_VERB)->about : class_of(s, slot);
    concept_number other = pick(s, slot, about, is_apart, r);
    return other != DATA_SYNTH_NONE && commit(s, slot, other);
}

/* Likeness of two concepts in one slot; *clash is set when they exclude each other. */
static double likeness(const data_synth_list *list, unsigned a, unsigned b, bool *clash) {
    if (a == DATA_SYNTH_NONE || b == DATA_SYNTH_NONE)
        return a == b ? 1 : 0.5;
    int up = data_synth_above(list, a, b), down = data_synth_above(list, b, a);
    int steps = up >= 0 ? up : down;
    if (steps >= 0)
        return steps == 0 ? 1 : steps == 1 ? 0.75 : 0.5625;
    *clash = true;
    unsigned parent = list->concept[a].parent;
    bool siblings = parent != DATA_SYNTH_NONE && parent == list->concept[b].parent;
    return siblings && list->concept[a].opposite != b ? 0.35 : 0;
}

double data_synth_similarity(const data_synth_scene *a, const data_synth_scene *b) {
    static const double weight[DATA_SYNTH_SLOTS] = {0.3, 0, 0.4, 0.3, 0, 0};
    double core = 0, details = 0;
    bool clash = false;
    for (size_t i = 0; i < DATA_SYNTH_SLOTS; i++) {
        double alike = likeness(list_of[i], a->slot[i], b->slot[i], &clash);
        core += weight[i] * alike;
        if (is_optional((data_synth_slot)i))
            details += alike / 3;
    }
    return core * (0.75 + 0.25 * details) * (clash ? 0.6 : 1) *
           (a->negated == b->negated ? 1 : 0.3);
}
