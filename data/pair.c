#include "data/pair.h"

#include "data/tokenizer_def.h"

#include <string.h>

static const data_template *template_of(const data_tokenizer *t) {
    return &t->post.pair;
}

bool data_pair_check(const data_tokenizer *t, size_t types, size_t max_length, base_error *error) {
    const data_template *pair = template_of(t);
    size_t special = data_template_special(pair);
    if (t->bare || pair->count != special + 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the tokenizer does not say how two texts stand in one sequence, "
                         "expected a post_processor with a template of pairs",
                         t->where);
    if (max_length < special + 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "the maximal length is %zu, expected at least %zu: %zu special tokens "
                         "stand around two texts",
                         max_length, special + 2, special);
    for (size_t i = 0; types && i < pair->count; i++)
        if (pair->step[i].type >= types)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: the tokenizer gives a text of a pair the type %u, expected one "
                             "below %zu as the encoder has (type_vocab_size)",
                             t->where, (unsigned)pair->step[i].type, types);
    return true;
}

/* Leaves `room` ids for both: the longer one is cut to what the shorter leaves, both to halves when
 * neither fits into one; an odd id goes to the longer, or else to the second. */
static void cut(size_t *first, size_t *second, size_t room) {
    size_t *shorter = *first > *second ? second : first;
    size_t *longer = shorter == first ? second : first;
    if (*shorter > room || *longer > room - *shorter) {
        if (*shorter <= room / 2)
            *longer = room - *shorter;
        else {
            *shorter = room / 2;
            *longer = room - room / 2;
        }
    }
}

static size_t room_of(const data_tokenizer *t, size_t max_length) {
    return max_length - data_template_special(template_of(t));
}

size_t data_pair_length(const data_tokenizer *t, size_t first, size_t second, size_t max_length) {
    cut(&first, &second, room_of(t, max_length));
    return first + second + data_template_special(template_of(t));
}

bool data_pair_is_cut(const data_tokenizer *t, size_t first, size_t second, size_t max_length) {
    size_t room = room_of(t, max_length);
    return first > room || second > room - first;
}

size_t data_pair_join(const data_tokenizer *t, const data_pair *pair, size_t max_length,
                      uint32_t *ids, uint32_t *types) {
    const data_template *around = template_of(t);
    size_t at = 0, first = pair->first_count, second = pair->second_count;
    cut(&first, &second, room_of(t, max_length));
    for (size_t i = 0; i < around->count; i++) {
        const data_step *step = &around->step[i];
        const uint32_t *part = step->kind == DATA_STEP_A   ? pair->first
                               : step->kind == DATA_STEP_B ? pair->second
                                                           : &step->id;
        size_t count = step->kind == DATA_STEP_A ? first : step->kind == DATA_STEP_B ? second : 1;
        for (size_t k = 0; k < count; k++, at++) {
            ids[at] = part[k];
            types[at] = step->type;
        }
    }
    return at;
}
