#include "train/together.h"

#include "autograd/runtime.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"

#include <stdlib.h>
#include <string.h>

/* ---- the same on all ranks ---- */

static bool check_kinds(const dist_ranks *r, const train_config *c, const train_sources *sources,
                        base_error *error) {
    for (size_t i = 0; i < sources->losses_count; i++) {
        const loss_def *def = loss_definition(sources->losses[i]);
        if (!loss_of_embeddings(def))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: the loss %s, which is not of embeddings alone, trains in one "
                             "process, found %zu of mpirun",
                             c->name, def->name, r->size);
    }
    return c->batch_size >= r->size ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: batch_size is %zu, expected at least the %zu processes of mpirun",
                     c->name, c->batch_size, r->size);
}

static bool add_json(base_bytes *lines, const char *name, const cJSON *value, base_error *error) {
    char *text = base_json_line(value);
    bool ok = text ? base_bytes_format(lines, error, "%s: %s\n", name, text)
                   : base_fail(error, BASE_FAILED, "out of memory");
    free(text);
    return ok;
}

static uint64_t hash_weights(const train_trained *trained) {
    uint64_t hash = 0;
    for (size_t s = 0; s < trained->count; s++)
        for (size_t i = 0; i < nn_params_count(trained->sets[s].params); i++) {
            const tape_param *p = nn_params_at(trained->sets[s].params, i);
            hash = hash * 31 + base_hash_bytes(p->value, p->rows * p->cols * sizeof(real));
        }
    return hash;
}

/* Program, kernels and config, a line each. */
static bool describe_config(base_bytes *lines, const train_config *c, base_error *error) {
    bool ok = tape_runtime_origin(lines, error);
    for (const cJSON *key = c->tree->child; ok && key; key = key->next)
        ok = !strcmp(key->string, "threads") || add_json(lines, key->string, key, error);
    return ok;
}

bool train_together_begin(dist_ranks *r, const train_config *c, base_error *error) {
    if (r->size == 1)
        return base_ok(error);
    base_bytes lines = {0};
    if (base_ok(error))
        describe_config(&lines, c, error);
    bool ok = dist_agree(r, error) && dist_same(r, lines.data, error);
    base_bytes_free(&lines);
    return ok;
}

/* All that the bits of a run come of beside that: labels that were found are in the config now. */
static bool describe(base_bytes *lines, const train_config *c, const cJSON *files, size_t step,
                     const train_trained *trained, base_error *error) {
    bool ok = describe_config(lines, c, error);
    for (const cJSON *file = files->child; ok && file; file = file->next)
        ok = add_json(lines, base_json_get(file, "path")->valuestring, file, error);
    return ok && base_bytes_format(lines, error, "step: %zu\nweights: hash %016llx\n", step,
                                   (unsigned long long)hash_weights(trained));
}

bool train_together_check(dist_ranks *r, const train_config *c, const train_sources *sources,
                          const cJSON *files, size_t step, const train_trained *trained,
                          base_error *error) {
    if (r->size == 1)
        return true;
    base_bytes lines = {0};
    bool ok = check_kinds(r, c, sources, error) && describe(&lines, c, files, step, trained, error);
    ok = dist_agree(r, error) && ok && dist_same(r, lines.data, error);
    base_bytes_free(&lines);
    return ok;
}

/* ---- shares ---- */

static size_t tokens_of(const data_token_store *store, uint32_t row) {
    size_t sum = 0;
    for (size_t c = 0; c < data_token_store_sequences(store); c++) {
        size_t n;
        data_token_store_ids(store, row, c, &n);
        sum += n;
    }
    return sum;
}

void train_together_share(const dist_ranks *r, const data_token_store *store, const uint32_t *rows,
                          size_t count, size_t *first) {
    size_t all = 0, before = 0, rank = 0;
    for (size_t i = 0; i < count; i++)
        all += tokens_of(store, rows[i]);
    for (size_t i = 0; i < count; i++) {
        size_t tokens = tokens_of(store, rows[i]);
        /* the row belongs where its middle lies */
        for (; rank < r->size && before + tokens / 2 >= all / r->size * rank; rank++)
            first[rank] = i;
        before += tokens;
    }
    for (; rank < r->size; rank++)
        first[rank] = count;
    first[r->size] = count;
    first[0] = 0;
}
