#include "vocab/pair_merger.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdlib.h>

#define NONE BASE_HASH_NONE

typedef struct merger_word {
    size_t start; /* in symbols */
    uint32_t length;
    uint64_t count;
} merger_word;

/* A pair of neighbours and the words that have, or had, it: a chain in `places`. */
typedef struct merger_pair {
    vocab_pair pair;
    uint64_t count;
    uint32_t first_place;
    bool changed; /* in `changed`, waiting for its place in the heap */
} merger_pair;

typedef struct merger_place {
    uint32_t word, next;
} merger_place;

/* A heap item may be out of date: its count is compared with the pair's when it comes up. */
typedef struct merger_item {
    uint64_t count;
    uint32_t pair;
} merger_item;

struct vocab_pair_merger {
    merger_word *word;
    size_t words, word_capacity;
    uint64_t next_count; /* of a word begun that has no symbol yet */
    bool begun;
    uint32_t *symbol;
    size_t symbols, symbol_capacity;
    merger_pair *pair;
    size_t pairs, pair_capacity;
    base_hash found; /* pairs by their symbols */
    merger_place *place;
    size_t places, place_capacity;
    merger_item *heap;
    size_t heap_size, heap_capacity;
    uint32_t *changed;
    size_t changed_count, changed_capacity;
};

vocab_pair_merger *vocab_pair_merger_new(base_error *error) {
    return base_alloc(1, sizeof(vocab_pair_merger), error);
}

void vocab_pair_merger_free(vocab_pair_merger *m) {
    if (!m)
        return;
    free(m->word);
    free(m->symbol);
    free(m->pair);
    base_hash_free(&m->found);
    free(m->place);
    free(m->heap);
    free(m->changed);
    free(m);
}

void vocab_pair_merger_word(vocab_pair_merger *m, uint64_t count) {
    m->next_count = count;
    m->begun = true;
}

bool vocab_pair_merger_symbol(vocab_pair_merger *m, uint32_t symbol, base_error *error) {
    if (m->words >= NONE - 1)
        return base_fail(error, BASE_FAILED, "more than 2^32 - 2 distinct words");
    if (!base_grow(&m->symbol, &m->symbol_capacity, m->symbols + 1, sizeof *m->symbol, error) ||
        !base_grow(&m->word, &m->word_capacity, m->words + 1, sizeof *m->word, error))
        return false;
    if (m->begun)
        m->word[m->words++] = (merger_word){m->symbols, 0, m->next_count};
    m->begun = false;
    m->symbol[m->symbols++] = symbol;
    m->word[m->words - 1].length++;
    return true;
}

/* ---- the heap: most frequent first, of equals the smaller symbols ---- */

static bool precedes(const vocab_pair_merger *m, merger_item x, merger_item y) {
    if (x.count != y.count)
        return x.count > y.count;
    vocab_pair p = m->pair[x.pair].pair, q = m->pair[y.pair].pair;
    return p.a != q.a ? p.a < q.a : p.b < q.b;
}

static void sift_up(vocab_pair_merger *m, size_t i, merger_item item) {
    for (; i > 0 && precedes(m, item, m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = item;
}

static void sift_down(vocab_pair_merger *m, size_t i, merger_item item) {
    for (size_t child; (child = 2 * i + 1) < m->heap_size; i = child) {
        if (child + 1 < m->heap_size && precedes(m, m->heap[child + 1], m->heap[child]))
            child++;
        if (!precedes(m, m->heap[child], item))
            break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = item;
}

static bool push(vocab_pair_merger *m, uint32_t pair, base_error *error) {
    if (!base_grow(&m->heap, &m->heap_capacity, m->heap_size + 1, sizeof *m->heap, error))
        return false;
    sift_up(m, m->heap_size++, (merger_item){m->pair[pair].count, pair});
    return true;
}

bool vocab_pair_merger_best(vocab_pair_merger *m, vocab_pair *pair) {
    while (m->heap_size > 0) {
        merger_item top = m->heap[0];
        uint64_t count = m->pair[top.pair].count;
        if (top.count == count && count > 0) {
            *pair = m->pair[top.pair].pair;
            return true;
        }
        if (count > 0)
            sift_down(m, 0, (merger_item){count, top.pair});
        else if (--m->heap_size > 0)
            sift_down(m, 0, m->heap[m->heap_size]);
    }
    return false;
}

/* ---- pairs ---- */

static uint64_t hash_of(vocab_pair pair) {
    return base_random_mix(pair.a, pair.b);
}

static uint32_t find_pair(const vocab_pair_merger *m, vocab_pair pair) {
    size_t tried = 0;
    for (uint32_t i; (i = base_hash_next(&m->found, hash_of(pair), &tried)) != NONE;)
        if (m->pair[i].pair.a == pair.a && m->pair[i].pair.b == pair.b)
            return i;
    return NONE;
}

/* The pair's number, put in if it is new; NONE on failure. */
static uint32_t pair_number(vocab_pair_merger *m, vocab_pair pair, base_error *error) {
    uint32_t number = find_pair(m, pair);
    if (number != NONE)
        return number;
    if (!base_grow(&m->pair, &m->pair_capacity, m->pairs + 1, sizeof *m->pair, error) ||
        !base_hash_add(&m->found, hash_of(pair), error))
        return NONE;
    m->pair[m->pairs] = (merger_pair){pair, 0, NONE, false};
    return (uint32_t)m->pairs++;
}

/* Notes that the word has the pair, and the pair for the heap. */
static bool add_place(vocab_pair_merger *m, uint32_t number, uint32_t word, base_error *error) {
    merger_pair *pair = &m->pair[number];
    if (pair->first_place == NONE || m->place[pair->first_place].word != word) {
        if (m->places >= NONE ||
            !base_grow(&m->place, &m->place_capacity, m->places + 1, sizeof *m->place, error))
            return base_fail(error, BASE_FAILED, "more than 2^32 - 1 pairs of pieces");
        m->place[m->places] = (merger_place){word, pair->first_place};
        pair->first_place = (uint32_t)m->places++;
    }
    if (pair->changed)
        return true;
    if (!base_grow(&m->changed, &m->changed_capacity, m->changed_count + 1, sizeof *m->changed,
                   error))
        return false;
    pair->changed = true;
    m->changed[m->changed_count++] = number;
    return true;
}

static bool push_changed(vocab_pair_merger *m, base_error *error) {
    for (size_t i = 0; i < m->changed_count; i++) {
        m->pair[m->changed[i]].changed = false;
        if (!push(m, m->changed[i], error))
            return false;
    }
    m->changed_count = 0;
    return true;
}

/* Adds the word's pairs to the counts; those with `symbol` (NONE: all) are noted as new here. */
static bool count_in(vocab_pair_merger *m, uint32_t number, uint32_t symbol, base_error *error) {
    const merger_word word = m->word[number];
    for (size_t i = word.start; i + 1 < word.start + word.length; i++) {
        vocab_pair pair = {m->symbol[i], m->symbol[i + 1]};
        uint32_t p = pair_number(m, pair, error);
        if (p == NONE)
            return false;
        m->pair[p].count += word.count;
        bool is_new = symbol == NONE || pair.a == symbol || pair.b == symbol;
        if (is_new && !add_place(m, p, number, error))
            return false;
    }
    return true;
}

static void count_out(vocab_pair_merger *m, const merger_word *word) {
    for (size_t i = word->start; i + 1 < word->start + word->length; i++) {
        vocab_pair pair = {m->symbol[i], m->symbol[i + 1]};
        m->pair[find_pair(m, pair)].count -= word->count;
    }
}

bool vocab_pair_merger_start(vocab_pair_merger *m, base_error *error) {
    for (uint32_t i = 0; i < m->words; i++)
        if (!count_in(m, i, NONE, error))
            return false;
    return push_changed(m, error);
}

static bool has_pair(const vocab_pair_merger *m, const merger_word *word, vocab_pair pair) {
    for (size_t i = word->start; i + 1 < word->start + word->length; i++)
        if (m->symbol[i] == pair.a && m->symbol[i + 1] == pair.b)
            return true;
    return false;
}

static void rewrite(vocab_pair_merger *m, merger_word *word, vocab_pair pair, uint32_t symbol) {
    const uint32_t *from = m->symbol + word->start;
    uint32_t *to = m->symbol + word->start;
    uint32_t n = 0;
    for (uint32_t i = 0; i < word->length; i++) {
        bool here = from[i] == pair.a && i + 1 < word->length && from[i + 1] == pair.b;
        to[n++] = here ? symbol : from[i];
        i += here;
    }
    word->length = n;
}

bool vocab_pair_merger_merge(vocab_pair_merger *m, vocab_pair pair, uint32_t symbol,
                             base_error *error) {
    uint32_t number = find_pair(m, pair);
    uint32_t at = m->pair[number].first_place;
    m->pair[number].first_place = NONE;
    while (at != NONE) {
        const merger_place place = m->place[at];
        merger_word *word = &m->word[place.word];
        at = place.next;
        if (!has_pair(m, word, pair))
            continue;
        count_out(m, word);
        rewrite(m, word, pair, symbol);
        if (!count_in(m, place.word, symbol, error))
            return false;
    }
    return push_changed(m, error);
}
