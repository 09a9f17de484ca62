#include "data/noise.h"

#include "base/random.h"
#include "data/unicode.h"

#include <string.h>

/* The next word of a text from *at on; false: there is none. */
static bool next_word(data_text text, size_t *at, data_text *word) {
    size_t begin = text.size;
    while (*at < text.size) {
        size_t here = *at;
        bool space = data_unicode(data_unicode_next(text.bytes, at))->flags & DATA_UNICODE_SPACE;
        if (!space && begin == text.size)
            begin = here;
        if (space && begin < text.size) {
            *word = (data_text){text.bytes + begin, here - begin};
            return true;
        }
    }
    *word = (data_text){text.bytes + begin, text.size - begin};
    return begin < text.size;
}

static bool put(base_bytes *out, data_text word, base_error *error) {
    return base_bytes_add(out, " ", out->size ? 1 : 0, error) &&
           base_bytes_add(out, word.bytes, word.size, error);
}

/* Words that are not deleted; *words counts all. */
static bool put_left(base_bytes *out, data_text text, double ratio, base_random *random,
                     size_t *words, base_error *error) {
    data_text word;
    bool ok = true;
    *words = 0;
    for (size_t at = 0; ok && next_word(text, &at, &word); ++*words)
        if (base_random_uniform(random) >= ratio)
            ok = put(out, word, error);
    return ok;
}

static data_text word_at(data_text text, size_t index) {
    data_text word = {0};
    for (size_t at = 0; next_word(text, &at, &word) && index > 0;)
        index--;
    return word;
}

static bool add_row(data_corpus *out, data_row *row, double ratio, base_random random,
                    base_error *error) {
    base_bytes left = {0};
    size_t words;
    bool ok = put_left(&left, row->text[0], ratio, &random, &words, error);
    if (ok && left.size == 0 && words > 0)
        ok = put(&left, word_at(row->text[0], base_random_below(&random, words)), error);
    memmove(row->text + 1, row->text, row->columns * sizeof *row->text);
    row->columns++;
    if (left.size)
        row->text[0] = (data_text){left.data, left.size};
    ok = ok && data_corpus_add(out, row, error);
    base_bytes_free(&left);
    return ok;
}

data_corpus *data_noise_add(const data_corpus *corpus, double ratio, uint64_t seed,
                            base_error *error) {
    size_t columns = data_corpus_columns(corpus);
    double low, high;
    if (columns >= DATA_MAX_COLUMNS) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: %zu text columns and a noisy one, expected at most %d",
                  data_corpus_name(corpus), columns, DATA_MAX_COLUMNS);
        return NULL;
    }
    data_corpus *out =
        data_corpus_new(data_corpus_name(corpus), columns + 1, data_corpus_kind(corpus), error);
    if (out && data_corpus_range(corpus, &low, &high))
        data_corpus_set_range(out, low, high);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        ok =
            add_row(out, &row, ratio, base_random_stream(base_random_mix(seed, i), "noise"), error);
    }
    if (ok)
        return out;
    data_corpus_free(out);
    return NULL;
}
