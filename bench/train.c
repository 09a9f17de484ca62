/* Training: both sides are child processes that write a line a step into a log. */
#include "base/file.h"
#include "bench/bench.h"
#include "bench/child.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUR_LOG BENCH_FOLDER "/run/log.jsonl"
#define PEER_LOG BENCH_FOLDER "/peer.jsonl"

enum { FIRST_STEPS = 3 }; /* not counted */

typedef struct side {
    const char *name;
    const char *type; /* number type of the peer; NULL: our side */
} side;

static const side sides[] = {{"ours", NULL}, {"peer fp32", "fp32"}, {"peer bf16", "bf16"}};
enum { SIDES = sizeof sides / sizeof *sides };

/* All alternations of one side. */
typedef struct record {
    bench_series pairs, peak; /* pairs a second; megabytes */
    double tokens;            /* a pair, of all steps */
} record;

static const bench_model *model_of(const bench *b, const bench_case *c) {
    return &b->model[c->model];
}

static size_t threads_of(const bench *b, const bench_case *c) {
    return c->threads ? c->threads : b->threads;
}

/* Seconds of each step and all tokens, from the log. */
static bool read_log(const char *path, size_t batch, bench_series *seconds, double *tokens,
                     base_error *error) {
    base_bytes text = {0};
    if (!base_file_read(path, &text, error))
        return false;
    size_t number = 0;
    *tokens = 0;
    for (char *at = text.data, *end; base_ok(error) && (end = strchr(at, '\n')); at = end + 1) {
        double pairs = 0, rate = 0;
        cJSON *line = base_json_parse(at, (size_t)(end - at), path, ++number, error);
        if (line && base_json_real(line, "pairs_per_second", 0, 1e9, &pairs, path, error) &&
            base_json_real(line, "tokens_per_second", 0, 1e12, &rate, path, error) && pairs > 0) {
            bench_series_add(seconds, (double)batch / pairs);
            *tokens += round(rate / pairs * (double)batch);
        }
        cJSON_Delete(line);
    }
    base_bytes_free(&text);
    return base_ok(error);
}

static bool run_ours(bench *b, const bench_case *c, bench_child *child, base_error *error) {
    char *settings[] = {
        base_format("model.path=%s", model_of(b, c)->folder),
        base_format("model.max_seq_length=%zu", c->max_length),
        base_format("model.normalize=%s", strcmp(c->loss, "softmax") ? "null" : "false"),
        base_format("train.data=[{\"data\": \"%s\", \"target\": \"%s\", \"loss\": \"%s\"}]",
                    c->rows ? c->rows : b->nli, c->rows ? "label" : "gold_label", c->loss),
        base_format("batch_size=%zu", c->batch),
        base_format("max_steps=%zu", c->steps),
        base_format("threads=%zu", threads_of(b, c)),
    };
    enum { SETTINGS = sizeof settings / sizeof *settings };
    const char *argv[2 * SETTINGS + 4] = {b->sbert, "train", "bench/train.json"};
    for (size_t i = 0; i < SETTINGS; i++) {
        argv[3 + 2 * i] = "--set";
        argv[4 + 2 * i] = settings[i];
    }
    bool ok = base_folder_remove(BENCH_FOLDER "/run", error) &&
              bench_child_run(argv, OUR_LOG, child, error);
    for (size_t i = 0; i < SETTINGS; i++)
        free(settings[i]);
    return ok;
}

static bool run_peer(bench *b, const bench_case *c, const char *type, bench_child *child,
                     base_error *error) {
    char batch[24], steps[24], length[24], threads[24];
    snprintf(batch, sizeof batch, "%zu", c->batch);
    snprintf(steps, sizeof steps, "%zu", c->steps);
    snprintf(length, sizeof length, "%zu", c->max_length);
    snprintf(threads, sizeof threads, "%zu", threads_of(b, c));
    const char *argv[] = {b->peer,
                          "bench/peer.py",
                          "train",
                          model_of(b, c)->folder,
                          c->loss,
                          batch,
                          steps,
                          length,
                          type,
                          threads,
                          c->rows ? c->rows : b->nli,
                          PEER_LOG,
                          NULL};
    return bench_child_run(argv, PEER_LOG, child, error);
}

static bool run_side(bench *b, const bench_case *c, const side *s, bench_child *child,
                     base_error *error) {
    bool ok = s->type ? run_peer(b, c, s->type, child, error) : run_ours(b, c, child, error);
    base_bytes_free(&child->out);
    return ok;
}

/* One alternation: the step's median, and what tokenising ahead took of it. */
static bool measure(bench *b, const bench_case *c, const side *s, double tokenising, record *r,
                    base_error *error) {
    bench_child child;
    bench_series seconds = {0};
    double tokens;
    if (!run_side(b, c, s, &child, error) ||
        !read_log(s->type ? PEER_LOG : OUR_LOG, c->batch, &seconds, &tokens, error))
        return false;
    if (seconds.count != c->steps)
        return base_fail(error, BASE_FAILED, "%s: %zu steps in the log, expected %zu", s->name,
                         seconds.count, c->steps);
    double step = bench_series_median(&seconds, FIRST_STEPS);
    if (!s->type)
        step += tokenising * (double)c->batch;
    bench_series_add(&r->pairs, (double)c->batch / step);
    bench_series_add(&r->peak, child.peak / 1e6);
    r->tokens = tokens / (double)(c->batch * c->steps);
    return true;
}

static bool takes_part(const bench *b, const bench_case *c, size_t s) {
    return !sides[s].type || (b->peer && c->peer && (s == 1 || c->bf16));
}

static void add_side(cJSON *result, const side *s, const record *r) {
    cJSON *object = cJSON_AddObjectToObject(result, s->name);
    cJSON_AddItemToObject(object, "pairs_per_second", bench_series_json(&r->pairs));
    cJSON_AddItemToObject(object, "peak_megabytes", bench_series_json(&r->peak));
    cJSON_AddNumberToObject(object, "tokens_per_pair", r->tokens);
}

/* The GEMM ceiling, and our share of it: measured right after each run of ours, since what a shared
 * machine can do changes by a tenth from one minute to the next. */
typedef struct against_ceiling {
    bench_series gflops, share;
} against_ceiling;

static bool add_share(const bench *b, const bench_case *c, const record *ours,
                      against_ceiling *limit, base_error *error) {
    const bench_model *model = model_of(b, c);
    double pairs = ours->pairs.value[ours->pairs.count - 1];
    double most =
        bench_ceiling(model, (size_t)(ours->tokens * (double)c->batch), threads_of(b, c), error);
    if (!base_ok(error))
        return false;
    bench_series_add(&limit->gflops, most);
    bench_series_add(&limit->share, bench_model_flops(model, pairs * ours->tokens) / 1e9 / most);
    return true;
}

static void report(const bench_case *c, const record *r, const against_ceiling *limit,
                   cJSON *result) {
    const record *ours = &r[0];
    double tokens = bench_series_median(&ours->pairs, 0) * ours->tokens;
    bench_report(c->name, "pairs/s", &ours->pairs, &r[1].pairs);
    if (r[2].pairs.count)
        bench_report("", "pairs/s, peer in bf16", &ours->pairs, &r[2].pairs);
    bench_report("", "peak MB", &ours->peak, &r[1].peak);
    bench_report("", "GEMM ceiling, GFLOP/s", &limit->gflops, NULL);
    bench_report("", "share of the ceiling", &limit->share, NULL);
    printf("%-16s %.1f tokens a pair, %.0f tokens/s\n", "", ours->tokens, tokens);
    cJSON_AddItemToObject(result, "ceiling_gflops", bench_series_json(&limit->gflops));
    cJSON_AddItemToObject(result, "share_of_ceiling", bench_series_json(&limit->share));
    cJSON_AddNumberToObject(result, "tokens_per_second", tokens);
}

/* What the peer's own linear layers reach at the same shapes: the ratio depends on it. */
static bool report_peer_linear(bench *b, const bench_case *c, size_t tokens, cJSON *result,
                               base_error *error) {
    const bench_model *m = model_of(b, c);
    char size[4][24];
    snprintf(size[0], sizeof size[0], "%zu", tokens);
    snprintf(size[1], sizeof size[1], "%zu", m->hidden);
    snprintf(size[2], sizeof size[2], "%zu", m->intermediate);
    snprintf(size[3], sizeof size[3], "%zu", threads_of(b, c));
    const char *argv[] = {b->peer, "bench/peer.py", "linear", size[0],
                          size[1], size[2],         size[3],  NULL};
    double single, half;
    if (!bench_peer_number(argv, "fp32", &single, error) ||
        !bench_peer_number(argv, "bf16", &half, error))
        return false;
    printf("%-16s peer's linear layers: %.0f GFLOP/s in fp32, %.0f in bf16\n", "", single, half);
    cJSON_AddNumberToObject(result, "peer_linear_gflops", single);
    cJSON_AddNumberToObject(result, "peer_linear_gflops_bf16", half);
    return true;
}

/* Real tokens of both sides must be the same. */
static bool same_tokens(const record *r, base_error *error) {
    for (size_t s = 1; s < SIDES; s++)
        if (r[s].pairs.count && fabs(r[s].tokens - r[0].tokens) > 1e-9)
            return base_fail(error, BASE_FAILED, "tokens per pair differ: ours %.6f, %s %.6f",
                             r[0].tokens, sides[s].name, r[s].tokens);
    return true;
}

bool bench_train(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    record *r = base_alloc(SIDES, sizeof *r, error);
    against_ceiling limit = {0};
    double tokenising = r ? bench_tokenising(model_of(b, c), c, threads_of(b, c), error) : 0;
    for (size_t turn = 0; turn < b->repeat && base_ok(error); turn++) {
        for (size_t s = 0; s < SIDES && base_ok(error); s++)
            if (takes_part(b, c, s) && measure(b, c, &sides[s], tokenising, &r[s], error) && s == 0)
                add_share(b, c, r, &limit, error);
    }
    bool ok = base_ok(error) && same_tokens(r, error);
    if (ok)
        report(c, r, &limit, result);
    if (ok && r[1].pairs.count)
        ok = report_peer_linear(b, c, (size_t)(r->tokens * (double)c->batch), result, error);
    for (size_t s = 0; ok && s < SIDES; s++)
        if (r[s].pairs.count)
            add_side(result, &sides[s], &r[s]);
    free(r);
    return ok;
}

/* ---- from the command to the end of the first step ---- */

bool bench_start(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    bench_series seconds[2] = {0};
    bench_child child;
    for (size_t turn = 0; turn < b->repeat; turn++)
        for (size_t s = 0; s < 2; s++)
            if (takes_part(b, c, s)) {
                if (!run_side(b, c, &sides[s], &child, error))
                    return false;
                bench_series_add(&seconds[s], child.log_seconds);
            }
    bench_report(c->name, "seconds", &seconds[0], &seconds[1]);
    cJSON_AddItemToObject(result, "ours", bench_series_json(&seconds[0]));
    if (b->peer)
        cJSON_AddItemToObject(result, "peer", bench_series_json(&seconds[1]));
    return true;
}
