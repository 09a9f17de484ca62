#include "nn/model.h"

#include "base/threads.h"
#include "data/pair.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS_PER_PASS = 2048, TEXTS_A_TILE = 64 };

struct nn_context {
    tape *tape;
    size_t tokens;                 /* that the tape and the arrays can hold */
    uint32_t *start, *ids, *types; /* of the pass at hand */
    uint32_t *skip;
    const data_prompt *prompt; /* NULL: the model's */
    base_profile *profile;
    const base_progress *progress;
    dist_ranks *ranks; /* NULL: alone */
    size_t usual;      /* tokens of a pass, unless a call says it */
};

/* A text, or a pair of them, and its place in the caller's list. */
typedef struct placed_text {
    data_text text, second; /* second of a pair, else empty */
    size_t place;
} placed_text;

/* A distinct text or pair: items [first, end) of the sorted list are equal to it. */
typedef struct distinct_text {
    size_t first, end;
    uint32_t *ids, *types; /* types behind ids, in one block; NULL: all 0 */
    size_t count;
    bool truncated;
} distinct_text;

typedef struct encode_job {
    const nn_model *model;
    nn_context *context;
    const data_prompt *prompt;
    placed_text *items;
    size_t item_count;
    distinct_text *texts;
    size_t text_count;
    size_t *pass, pass_count; /* the first text of each pass, and the end */
    float *out;
    pthread_mutex_t lock; /* guards *error while tokenising */
    base_error *error;
} encode_job;

nn_context *nn_context_new(base_error *error) {
    return base_alloc(1, sizeof(nn_context), error);
}

static void clear(nn_context *context) {
    tape_free(context->tape);
    free(context->start);
    free(context->ids);
    free(context->types);
    free(context->skip);
    *context = (nn_context){.profile = context->profile,
                            .progress = context->progress,
                            .prompt = context->prompt,
                            .ranks = context->ranks,
                            .usual = context->usual};
}

void nn_context_free(nn_context *context) {
    if (!context)
        return;
    clear(context);
    free(context);
}

void nn_context_tokens(nn_context *context, size_t tokens) {
    context->usual = tokens;
}

void nn_context_ranks(nn_context *context, dist_ranks *ranks) {
    context->ranks = ranks;
}

void nn_context_profile(nn_context *context, base_profile *profile) {
    context->profile = profile;
    if (context->tape)
        tape_set_profile(context->tape, profile);
}

void nn_context_prompt(nn_context *context, const data_prompt *prompt) {
    context->prompt = prompt;
}

void nn_context_progress(nn_context *context, const base_progress *progress) {
    context->progress = progress;
}

/* Room for passes of `tokens` tokens; a smaller tape is replaced. */
static bool reserve(nn_context *context, const nn_model *m, size_t tokens, base_error *error) {
    size_t bytes, scratch;
    if (context->tokens >= tokens)
        return true;
    clear(context);
    if (!nn_model_tape_bytes(m, tokens, tokens, false, &bytes) ||
        !nn_model_scratch_bytes(m, tokens, m->max_length, &scratch))
        return base_fail(error, BASE_BAD_INPUT, "a pass of %zu tokens is more than memory can hold",
                         tokens);
    context->tape = tape_new(bytes, scratch, error);
    context->start = base_alloc(tokens + 1, sizeof *context->start, error);
    context->ids = base_alloc(tokens, sizeof *context->ids, error);
    context->types = base_alloc(tokens, sizeof *context->types, error);
    context->skip = base_alloc(tokens, sizeof *context->skip, error);
    if (!context->tape || !context->start || !context->ids || !context->types || !context->skip)
        return false;
    tape_set_profile(context->tape, context->profile);
    context->tokens = tokens;
    return true;
}

static int compare(const data_text *x, const data_text *y) {
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->size ? memcmp(x->bytes, y->bytes, x->size) : 0;
}

static int by_text(const void *a, const void *b) {
    const placed_text *x = a, *y = b;
    int order = compare(&x->text, &y->text);
    if (order == 0)
        order = compare(&x->second, &y->second);
    if (order != 0)
        return order;
    return x->place < y->place ? -1 : x->place > y->place;
}

static bool same_text(const placed_text *x, const placed_text *y) {
    return compare(&x->text, &y->text) == 0 && compare(&x->second, &y->second) == 0;
}

static bool find_distinct(encode_job *job, const data_text *texts, const data_text *second,
                          size_t count) {
    job->items = base_alloc(count, sizeof *job->items, job->error);
    job->texts = base_alloc(count, sizeof *job->texts, job->error);
    if (!job->items || !job->texts)
        return false;
    for (size_t i = 0; i < count; i++)
        job->items[i] = (placed_text){texts[i], second ? second[i] : (data_text){0}, i};
    job->item_count = count;
    qsort(job->items, count, sizeof *job->items, by_text);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same_text(&job->items[i - 1], &job->items[i]))
            job->texts[job->text_count++].first = i;
        job->texts[job->text_count - 1].end = i + 1;
    }
    return true;
}

static bool keep_ids(distinct_text *d, const data_tokens *tokens, base_error *error) {
    d->ids = base_alloc(tokens->count, sizeof *d->ids, error);
    if (!d->ids)
        return false;
    memcpy(d->ids, tokens->ids, tokens->count * sizeof *d->ids);
    d->count = tokens->count;
    d->truncated = tokens->truncated;
    return true;
}

/* Memory of a thread that tokenises. */
typedef struct token_memory {
    data_tokens first, second;
    base_bytes joined;
} token_memory;

static bool tokenize_text(const encode_job *job, distinct_text *d, token_memory *memory,
                          base_error *error) {
    return data_prompt_encode(job->prompt, job->model->tokenizer, job->items[d->first].text,
                              job->model->max_length, &memory->joined, &memory->first, error) &&
           keep_ids(d, &memory->first, error);
}

static bool tokenize_pair(const encode_job *job, distinct_text *d, token_memory *memory,
                          base_error *error) {
    const data_tokenizer *t = job->model->tokenizer;
    const placed_text *item = &job->items[d->first];
    size_t most = job->model->max_length;
    if (!data_prompt_part(job->prompt, t, item->text, &memory->joined, &memory->first, error) ||
        !data_tokenizer_encode_part(t, item->second.bytes, item->second.size, &memory->second,
                                    error))
        return false;
    data_pair pair = {memory->first.ids, memory->second.ids, memory->first.count,
                      memory->second.count};
    d->count = data_pair_length(t, pair.first_count, pair.second_count, most);
    d->truncated = data_pair_is_cut(t, pair.first_count, pair.second_count, most);
    d->ids = base_alloc(d->count, 2 * sizeof *d->ids, error);
    if (!d->ids)
        return false;
    d->types = d->ids + d->count;
    data_pair_join(t, &pair, most, d->ids, d->types);
    return true;
}

static void tokenize_range(void *context, size_t begin, size_t end) {
    encode_job *job = context;
    token_memory memory = {0};
    base_error error = {0};
    for (size_t i = begin; i < end && base_ok(&error); i++)
        (job->model->classifier ? tokenize_pair : tokenize_text)(job, &job->texts[i], &memory,
                                                                 &error);
    data_tokens_free(&memory.first);
    data_tokens_free(&memory.second);
    base_bytes_free(&memory.joined);
    if (base_ok(&error))
        return;
    pthread_mutex_lock(&job->lock);
    base_fail(job->error, error.status, "%s", error.text);
    pthread_mutex_unlock(&job->lock);
}

/* Rows that a text takes of a pass; one without ids, whose vector is zero, still one. */
static size_t rows_of(const distinct_text *d) {
    return d->count ? d->count : 1;
}

/* Longest first, so that the first pass needs the most memory. */
static int by_length(const void *a, const void *b) {
    const distinct_text *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Finite weights, damaged or diverged, can still overflow on the way. */
static bool give_row(const encode_job *job, const distinct_text *d, const real *row) {
    size_t width = job->model->encoded;
    const data_text *text = &job->items[d->first].text;
    char shown[100];
    for (size_t c = 0; c < width; c++)
        if (!isfinite(row[c]))
            return base_fail(job->error, BASE_FAILED,
                             "the %s of \"%s\" is not finite in column %zu: the model's "
                             "weights are damaged, or its training diverged",
                             job->model->classifier ? "score" : "embedding",
                             base_escape(shown, sizeof shown, text->bytes, text->size), c + 1);
    for (size_t i = d->first; i < d->end; i++)
        for (size_t c = 0; c < width; c++)
            job->out[job->items[i].place * width + c] = (float)row[c];
    return true;
}

/* One tape pass over distinct texts [first, end). */
static bool run_pass(encode_job *job, size_t first, size_t end) {
    nn_context *c = job->context;
    size_t tokens = 0;
    for (size_t i = first; i < end; i++) {
        size_t count = job->texts[i].count;
        c->start[i - first] = (uint32_t)tokens;
        c->skip[i - first] = (uint32_t)data_prompt_skip(job->prompt, count);
        memcpy(c->ids + tokens, job->texts[i].ids, count * sizeof *c->ids);
        if (job->texts[i].types)
            memcpy(c->types + tokens, job->texts[i].types, count * sizeof *c->types);
        tokens += count;
    }
    c->start[end - first] = (uint32_t)tokens;
    tape_layout layout = {.texts = end - first,
                          .tokens = tokens,
                          .start = c->start,
                          .ids = c->ids,
                          .types = job->model->classifier ? c->types : NULL,
                          .skip = job->prompt->skip ? c->skip : NULL};
    tape_begin(c->tape, &(tape_mode){0});
    const tape_node *y = nn_model_forward(job->model, c->tape, &layout);
    if (!y)
        return base_fail(job->error, BASE_FAILED, "%s", tape_error(c->tape)->text);
    bool ok = true;
    for (size_t i = first; ok && i < end; i++)
        ok = give_row(job, &job->texts[i], y->value + (i - first) * job->model->width);
    base_profile_lap(c->profile, "vectors", "", 0, 0);
    return ok;
}

/* Tokens of a pass at most. */
static size_t room_of(const encode_job *job, size_t tokens_per_pass) {
    size_t usual = job->context->usual ? job->context->usual : TOKENS_PER_PASS;
    size_t room = tokens_per_pass ? tokens_per_pass : usual;
    size_t longest = job->text_count ? rows_of(&job->texts[0]) : 0, all = 0;
    for (size_t i = 0; i < job->text_count && all < room; i++)
        all += rows_of(&job->texts[i]);
    room = all < room ? all : room; /* a few texts take little address space */
    return room < longest ? longest : room;
}

/* The first text of each pass into job->pass[0 .. pass_count], whose last is text_count. */
static bool cut_passes(encode_job *job, size_t room) {
    job->pass = base_alloc(job->text_count + 1, sizeof *job->pass, job->error);
    for (size_t i = 0, tokens = 0; job->pass && i < job->text_count; i++) {
        size_t rows = rows_of(&job->texts[i]);
        if (i == 0 || tokens + rows > room) {
            job->pass[job->pass_count++] = i;
            tokens = 0;
        }
        tokens += rows;
    }
    if (job->pass)
        job->pass[job->pass_count] = job->text_count;
    return job->pass != NULL;
}

/* Rank's first pass; they are consecutive ones. */
static size_t first_pass(const encode_job *job, size_t rank, size_t ranks) {
    return job->pass_count * rank / ranks;
}

static bool run_passes(encode_job *job, size_t tokens_per_pass) {
    const dist_ranks *r = job->context->ranks;
    size_t room = room_of(job, tokens_per_pass);
    if (!reserve(job->context, job->model, room, job->error) || !cut_passes(job, room))
        return false;
    size_t begin = r ? first_pass(job, r->rank, r->size) : 0;
    size_t end = r ? first_pass(job, r->rank + 1, r->size) : job->pass_count;
    for (size_t i = begin, done = 0; i < end; i++) {
        if (!base_progress_report(job->context->progress, done, job->item_count, job->error) ||
            !run_pass(job, job->pass[i], job->pass[i + 1]))
            return false;
        for (size_t t = job->pass[i]; t < job->pass[i + 1]; t++)
            done += job->texts[t].end - job->texts[t].first;
    }
    return true;
}

/* ---- ranks ---- */

/* Rows of the distinct texts of all ranks into all[text_count][width]. */
static bool gather_rows(const encode_job *job, float *all, size_t *counts) {
    const dist_ranks *r = job->context->ranks;
    size_t width = job->model->encoded;
    for (size_t i = 0; i < r->size; i++)
        counts[i] =
            job->pass[first_pass(job, i + 1, r->size)] - job->pass[first_pass(job, i, r->size)];
    for (size_t i = 0, t = job->pass[first_pass(job, r->rank, r->size)]; i < counts[r->rank];
         i++, t++)
        memcpy(all + t * width, job->out + job->items[job->texts[t].first].place * width,
               width * sizeof *all);
    return dist_gather(r, all, counts, width * sizeof *all, job->error);
}

/* Gives every rank the rows that the others have computed. */
static bool share_rows(const encode_job *job) {
    const dist_ranks *r = job->context->ranks;
    size_t width = job->model->encoded;
    float *all = base_alloc_rows(job->text_count, width, sizeof *all, job->error);
    size_t *counts = base_alloc(r->size, sizeof *counts, job->error);
    bool ok = dist_agree(job->context->ranks, job->error) && gather_rows(job, all, counts);
    for (size_t t = 0; ok && t < job->text_count; t++)
        for (size_t i = job->texts[t].first; i < job->texts[t].end; i++)
            memcpy(job->out + job->items[i].place * width, all + t * width, width * sizeof *all);
    free(all);
    free(counts);
    return ok;
}

static size_t count_truncated(const encode_job *job) {
    size_t n = 0;
    for (size_t i = 0; i < job->text_count; i++)
        n += job->texts[i].truncated ? job->texts[i].end - job->texts[i].first : 0;
    return n;
}

static bool encode(const nn_model *m, nn_context *context, const data_text *texts,
                   const data_text *second, size_t count, size_t tokens_per_pass, float *out,
                   size_t *truncated, base_error *error) {
    encode_job job = {.model = m,
                      .context = context,
                      .prompt = context->prompt ? context->prompt : &m->prompt,
                      .out = out,
                      .error = error};
    pthread_mutex_init(&job.lock, NULL);
    bool ok = find_distinct(&job, texts, second, count);
    if (ok)
        base_threads_range(job.text_count, TEXTS_A_TILE, tokenize_range, &job);
    ok = ok && base_ok(error);
    if (ok) {
        qsort(job.texts, job.text_count, sizeof *job.texts, by_length);
        base_profile_lap(context->profile, "tokenizer", "", 0, 0);
        ok = run_passes(&job, tokens_per_pass);
    }
    if (context->ranks && context->ranks->size > 1)
        ok = dist_agree(context->ranks, error) && share_rows(&job);
    if (ok && truncated)
        *truncated = count_truncated(&job);
    for (size_t i = 0; i < job.text_count; i++)
        free(job.texts[i].ids);
    free(job.items);
    free(job.texts);
    free(job.pass);
    pthread_mutex_destroy(&job.lock);
    return ok;
}

bool nn_model_encode(const nn_model *m, nn_context *context, const data_text *texts, size_t count,
                     size_t tokens_per_pass, float *out, size_t *truncated, base_error *error) {
    return encode(m, context, texts, NULL, count, tokens_per_pass, out, truncated, error);
}

bool nn_model_score(const nn_model *m, nn_context *context, const data_text *first,
                    const data_text *second, size_t count, size_t tokens_per_pass, float *out,
                    size_t *truncated, base_error *error) {
    return encode(m, context, first, second, count, tokens_per_pass, out, truncated, error);
}
