#include "vocab/learner.h"

#include "base/utf8.h"
#include "data/bert_text.h"
#include "vocab/pair_merger.h"

#include <stdlib.h>
#include <string.h>

static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

enum { SPECIAL = sizeof special / sizeof special[0] };

struct vocab_learner {
    data_bert_text text;
    base_bytes normal; /* text that is normalised */
    data_code_points marks;
    data_vocabulary *words; /* distinct words; number i comes count[i] times */
    uint64_t *count;
    size_t capacity;
    uint64_t all, too_long;
};

vocab_learner *vocab_learner_new(bool lower_case, base_error *error) {
    vocab_learner *l = base_alloc(1, sizeof *l, error);
    if (!l || !(l->words = data_vocabulary_new(error))) {
        free(l);
        return NULL;
    }
    l->text = (data_bert_text){true, true, lower_case, lower_case, {0}};
    data_bert_text_prepare(&l->text);
    return l;
}

void vocab_learner_free(vocab_learner *l) {
    if (!l)
        return;
    data_vocabulary_free(l->words);
    base_bytes_free(&l->normal);
    data_code_points_free(&l->marks);
    free(l->count);
    free(l);
}

static bool count_word(vocab_learner *l, const data_bert_word *word, base_error *error) {
    l->all++;
    if (word->letters > VOCAB_LONGEST_WORD) {
        l->too_long++;
        return true;
    }
    size_t before = data_vocabulary_size(l->words);
    uint32_t number = data_vocabulary_add(l->words, word->bytes, word->size, error);
    if (number == DATA_NO_PIECE ||
        !base_grow(&l->count, &l->capacity, (size_t)number + 1, sizeof *l->count, error))
        return false;
    if (number == before)
        l->count[number] = 0;
    l->count[number]++;
    return true;
}

bool vocab_learner_text(vocab_learner *l, const char *text, size_t size, base_error *error) {
    l->normal.size = 0;
    if (!data_bert_text_add(&l->text, text, size, &l->normal, &l->marks, error))
        return false;
    data_bert_word word;
    for (size_t at = 0; data_bert_text_word(l->normal.data, l->normal.size, &at, &word);)
        if (!count_word(l, &word, error))
            return false;
    return true;
}

vocab_words vocab_learner_words(const vocab_learner *l) {
    return (vocab_words){l->all, l->too_long, data_vocabulary_size(l->words)};
}

/* ---- letters ---- */

/* Appends the letters of word number `number` to the merger, as pieces. */
static bool add_letters(const vocab_learner *l, uint32_t number, data_vocabulary *pieces,
                        vocab_pair_merger *merger, base_error *error) {
    size_t size;
    const char *word = data_vocabulary_piece(l->words, number, &size);
    char piece[8] = "##";
    vocab_pair_merger_word(merger, l->count[number]);
    for (size_t i = 0, bytes; i < size; i += bytes) {
        uint32_t c;
        bool valid;
        bytes = base_utf8_decode(word + i, size - i, &c, &valid);
        memcpy(piece + 2, word + i, bytes);
        uint32_t id =
            data_vocabulary_add(pieces, i ? piece : piece + 2, i ? bytes + 2 : bytes, error);
        if (id == DATA_NO_PIECE || !vocab_pair_merger_symbol(merger, id, error))
            return false;
    }
    return true;
}

static int compare_code_points(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Every letter, by code point, as it begins a word. */
static bool add_alphabet(const vocab_learner *l, data_vocabulary *pieces, base_error *error) {
    uint32_t *letters = NULL;
    size_t count = 0, capacity = 0;
    data_vocabulary *seen = data_vocabulary_new(error);
    bool ok = seen;
    for (uint32_t w = 0; ok && w < data_vocabulary_size(l->words); w++) {
        size_t size;
        const char *word = data_vocabulary_piece(l->words, w, &size);
        for (size_t i = 0, bytes; ok && i < size; i += bytes) {
            uint32_t c;
            bool valid;
            bytes = base_utf8_decode(word + i, size - i, &c, &valid);
            uint32_t number = data_vocabulary_add(seen, word + i, bytes, error);
            if (number != count)
                ok = number != DATA_NO_PIECE;
            else if ((ok = base_grow(&letters, &capacity, count + 1, sizeof *letters, error)))
                letters[count++] = c;
        }
    }
    if (count)
        qsort(letters, count, sizeof *letters, compare_code_points);
    for (size_t i = 0; ok && i < count; i++) {
        char bytes[4];
        size_t size = base_utf8_encode(letters[i], bytes);
        ok = data_vocabulary_add(pieces, bytes, size, error) != DATA_NO_PIECE;
    }
    data_vocabulary_free(seen);
    free(letters);
    return ok;
}

static bool add_start(const vocab_learner *l, data_vocabulary *pieces, vocab_pair_merger *merger,
                      base_error *error) {
    for (size_t i = 0; i < SPECIAL; i++)
        if (data_vocabulary_add(pieces, special[i], strlen(special[i]), error) == DATA_NO_PIECE)
            return false;
    if (!add_alphabet(l, pieces, error))
        return false;
    for (uint32_t w = 0; w < data_vocabulary_size(l->words); w++)
        if (!add_letters(l, w, pieces, merger, error))
            return false;
    return true;
}

/* ---- pieces ---- */

/* The piece that a followed by b makes: b without its "##". */
static uint32_t join(data_vocabulary *pieces, vocab_pair pair, base_bytes *joined,
                     base_error *error) {
    size_t a_size, b_size;
    const char *a = data_vocabulary_piece(pieces, pair.a, &a_size);
    const char *b = data_vocabulary_piece(pieces, pair.b, &b_size);
    joined->size = 0;
    if (!base_bytes_add(joined, a, a_size, error) ||
        !base_bytes_add(joined, b + 2, b_size - 2, error))
        return DATA_NO_PIECE;
    return data_vocabulary_add(pieces, joined->data, joined->size, error);
}

static bool learn(const vocab_learner *l, size_t size, data_vocabulary *pieces,
                  vocab_pair_merger *merger, base_error *error) {
    if (!add_start(l, pieces, merger, error))
        return false;
    if (data_vocabulary_size(pieces) > size)
        return base_fail(error, BASE_BAD_INPUT,
                         "a vocabulary of %zu pieces has no room for the letters of the text, "
                         "expected at least %zu",
                         size, data_vocabulary_size(pieces));
    vocab_pair pair;
    base_bytes joined = {0};
    bool ok = vocab_pair_merger_start(merger, error);
    while (ok && data_vocabulary_size(pieces) < size && vocab_pair_merger_best(merger, &pair)) {
        uint32_t id = join(pieces, pair, &joined, error);
        ok = id != DATA_NO_PIECE && vocab_pair_merger_merge(merger, pair, id, error);
    }
    base_bytes_free(&joined);
    return ok && base_ok(error);
}

data_vocabulary *vocab_learner_learn(const vocab_learner *l, size_t size, base_error *error) {
    data_vocabulary *pieces = data_vocabulary_new(error);
    vocab_pair_merger *merger = vocab_pair_merger_new(error);
    bool ok = pieces && merger && learn(l, size, pieces, merger, error);
    vocab_pair_merger_free(merger);
    if (ok)
        return pieces;
    data_vocabulary_free(pieces);
    return NULL;
}
