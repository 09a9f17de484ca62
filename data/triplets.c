#include "data/triplets.h"

#include "base/random.h"
#include "data/text_table.h"

#include <stdlib.h>

/* The contradicting rows of each premise: row[start[premise] .. start[premise + 1]). */
typedef struct contradiction_index {
    uint32_t *premise; /* [rows of the corpus] number of the row's premise */
    size_t *start;     /* [premises + 1] */
    uint32_t *row;
} contradiction_index;

static void index_free(contradiction_index *index) {
    free(index->premise);
    free(index->start);
    free(index->row);
}

static bool number_premises(contradiction_index *index, const data_corpus *nli, size_t *premises,
                            base_error *error) {
    size_t rows = data_corpus_rows(nli);
    data_text_table *texts = data_text_table_new(rows, error);
    index->premise = base_alloc(rows, sizeof *index->premise, error);
    bool ok = texts && index->premise;
    for (size_t i = 0; ok && i < rows; i++) {
        data_row row;
        data_corpus_row(nli, i, &row);
        index->premise[i] = data_text_table_add(texts, row.text[0]);
    }
    *premises = ok ? data_text_table_count(texts) : 0;
    data_text_table_free(texts);
    return ok;
}

static bool contradicts(const data_corpus *nli, size_t i, const data_triplet_options *options) {
    data_row row;
    data_corpus_row(nli, i, &row);
    return row.label == options->contradiction;
}

/* Counting sort of the contradicting rows by premise. */
static bool index_contradictions(contradiction_index *index, const data_corpus *nli,
                                 const data_triplet_options *options, base_error *error) {
    size_t rows = data_corpus_rows(nli), premises;
    if (!number_premises(index, nli, &premises, error))
        return false;
    index->start = base_alloc(premises + 2, sizeof *index->start, error);
    index->row = base_alloc(rows, sizeof *index->row, error);
    if (!index->start || !index->row)
        return false;
    size_t *next = index->start + 1; /* after the second loop next[p - 1] has become start[p] */
    for (size_t i = 0; i < rows; i++)
        if (contradicts(nli, i, options))
            next[index->premise[i] + 1]++;
    for (size_t p = 1; p <= premises; p++)
        next[p] += next[p - 1];
    for (size_t i = 0; i < rows; i++)
        if (contradicts(nli, i, options))
            index->row[next[index->premise[i]]++] = (uint32_t)i;
    return true;
}

static bool add_row(data_corpus *corpus, data_row *row, bool both, base_error *error) {
    if (!data_corpus_add(corpus, row, error))
        return false;
    data_row exchanged = *row;
    exchanged.text[0] = row->text[1];
    exchanged.text[1] = row->text[0];
    return !both || data_corpus_add(corpus, &exchanged, error);
}

static bool add_entailed(const data_corpus *nli, const contradiction_index *index, size_t i,
                         const data_triplet_options *options, data_triplets *out,
                         base_error *error) {
    data_row row, negative;
    data_corpus_row(nli, i, &row);
    size_t begin = index->start[index->premise[i]], end = index->start[index->premise[i] + 1];
    out->entailed++;
    if (begin == end) {
        out->unpaired++;
        return !options->keep_pairs || add_row(out->pairs, &row, options->both_directions, error);
    }
    base_random random = base_random_stream(base_random_mix(options->seed, i), "triplets");
    data_corpus_row(nli, index->row[begin + base_random_below(&random, end - begin)], &negative);
    row.columns = 3;
    row.text[2] = negative.text[1];
    return add_row(out->triplets, &row, options->both_directions, error);
}

static bool fill(const data_corpus *nli, const contradiction_index *index,
                 const data_triplet_options *options, data_triplets *out, base_error *error) {
    for (size_t i = 0; i < data_corpus_rows(nli); i++) {
        data_row row;
        data_corpus_row(nli, i, &row);
        if (row.label != options->entailment)
            out->unused++;
        else if (!add_entailed(nli, index, i, options, out, error))
            return false;
    }
    return true;
}

bool data_triplets_make(const data_corpus *nli, const data_triplet_options *options,
                        data_triplets *out, base_error *error) {
    const char *name = data_corpus_name(nli);
    if (data_corpus_columns(nli) != 2 || data_corpus_kind(nli) != DATA_TARGET_CLASS)
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: found %zu text columns%s, expected sentence pairs with labels to make "
            "triplets of",
            name, data_corpus_columns(nli),
            data_corpus_kind(nli) == DATA_TARGET_CLASS ? "" : " without labels");
    contradiction_index index = {0};
    out->triplets = data_corpus_new(name, 3, DATA_TARGET_NONE, error);
    out->pairs = data_corpus_new(name, 2, DATA_TARGET_NONE, error);
    bool ok = out->triplets && out->pairs && index_contradictions(&index, nli, options, error) &&
              fill(nli, &index, options, out, error);
    index_free(&index);
    if (!ok)
        data_triplets_free(out);
    return ok;
}

void data_triplets_free(data_triplets *triplets) {
    data_corpus_free(triplets->triplets);
    data_corpus_free(triplets->pairs);
    *triplets = (data_triplets){0};
}
