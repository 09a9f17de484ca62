#include "autograd/runtime.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/origin.h"
#include "cli/profile_view.h"
#include "cli/row_source.h"
#include "cli/vectors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = CLI_ROWS_AT_ONCE, MAX_TOKENS = 1 << 20, FEW_ROWS = 100 };

static const cli_option options[] = {
    {"out", CLI_OUT, "FILE", NULL,
     "file to write: .npy, .tsv or .jsonl; -: standard output, as .tsv", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"resume", CLI_FLAG, NULL, NULL,
     "go on with the unfinished .npy file that a killed command left, where there is one", 0, 0},
    {"quantize", CLI_TEXT, "PRECISION", NULL,
     "int8, uint8, binary or ubinary instead of floats, as sentence-transformers' "
     "quantize_embeddings",
     0, 0},
    {"calibrate", CLI_TEXT, "FILE", "the vectors themselves, which are kept in memory",
     "int8 and uint8: the ranges of the columns are those of this file, texts or .npy", 0, 0},
    {"batch-tokens", CLI_SIZE, "N", "0", "tokens of one pass, about; 0: chosen by the program", 0,
     MAX_TOKENS},
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* ---- quantizing ---- */

static bool see_rows(void *context, size_t part, const data_text *text, const float *rows,
                     size_t count, base_error *error) {
    search_quantizer *q = context;
    (void)part, (void)text, (void)error;
    for (size_t i = 0; i < count; i++)
        search_quantizer_see(q, rows + i * q->width);
    return true;
}

static bool calibrate(search_quantizer *q, const cli_row_source *s, const nn_model *model,
                      base_error *error) {
    const char *file = cli_text(s->arguments, "calibrate");
    cli_row_source other = {0};
    bool ok = cli_row_source_open(&other, s->arguments, model, file, error);
    if (ok && other.width != q->width)
        ok = base_fail(error, BASE_BAD_INPUT, "%s has %zu columns, expected %zu as %s has", file,
                       other.width, q->width, s->name);
    if (ok && other.count == 0)
        ok =
            base_fail(error, BASE_BAD_INPUT, "%s is empty, expected vectors to calibrate by", file);
    ok = ok && cli_row_source_give(&other, AT_ONCE, &(cli_row_taker){see_rows, q, NULL, 0}, error);
    cli_row_source_close(&other);
    return ok;
}

/* Ranges of so few rows say little of others, and those of one row nothing. */
static bool check_own_ranges(const cli_row_source *s, base_error *error) {
    const char *precision = cli_text(s->arguments, "quantize");
    if (s->count < 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s has %s, expected more for the ranges of %s, or --calibrate FILE",
                         s->name, s->count ? "one row" : "no rows", precision);
    if (s->count < FEW_ROWS)
        base_log(BASE_LOG_WARNING,
                 "the ranges of %s are those of %zu rows: --calibrate FILE has more?", precision,
                 s->count);
    return true;
}

/* ---- writing in order ---- */

typedef struct sink {
    cli_vectors *out;
    search_quantizer *learns; /* its ranges are those of the rows: all rows come at once */
} sink;

static bool write_rows(void *context, size_t part, const data_text *text, const float *rows,
                       size_t count, base_error *error) {
    sink *to = context;
    return (!to->learns || see_rows(to->learns, part, text, rows, count, error)) &&
           cli_vectors_add(to->out, text, rows, count, error);
}

static bool write_in_order(cli_row_source *s, search_quantizer *q, bool own, base_error *error) {
    sink to = {cli_vectors_open(cli_text(s->arguments, "out"), s->count, s->width, q, error),
               own ? q : NULL};
    if (!to.out)
        return false;
    if (cli_row_source_give(s, own ? s->count : AT_ONCE, &(cli_row_taker){write_rows, &to, NULL, 0},
                            error))
        return cli_vectors_finish(to.out, error);
    cli_vectors_abandon(to.out);
    return false;
}

/* ---- writing in parts ---- */

/* All that the file comes of: `origin` has the lines of the input. */
static bool add_origin(base_bytes *origin, const cli_row_source *s, const search_quantizer *q,
                       base_error *error) {
    uint64_t ranges = 0;
    if (q && q->precision->ranges)
        ranges = base_hash_bytes(q->low, q->width * sizeof *q->low) * 31 +
                 base_hash_bytes(q->high, q->width * sizeof *q->high);
    return tape_runtime_origin(origin, error) &&
           (!s->model || cli_origin_model(origin, s->model, s->arguments->operand[0], error)) &&
           base_bytes_format(origin, error,
                             "vectors: %zu of %zu numbers\nquantize: %s, ranges %016" PRIx64
                             "\nbatch-tokens: %zu\n",
                             s->count, s->width, q ? q->precision->name : "no", ranges,
                             cli_size(s->arguments, "batch-tokens"));
}

/* Rank 0 opens the file, then the others do. */
static cli_vectors *open_parts(const cli_row_source *s, const search_quantizer *q,
                               const char *origin, base_error *error) {
    const cli_arguments *a = s->arguments;
    const char *out = cli_text(a, "out");
    cli_vectors_parts parts = {origin, AT_ONCE,
                               cli_flag(a, "resume")      ? BASE_UNFINISHED_RESUME
                               : cli_flag(a, "overwrite") ? BASE_UNFINISHED_ANEW
                                                          : BASE_UNFINISHED_NEW};
    cli_vectors *v = NULL;
    if (a->ranks->rank == 0)
        v = cli_vectors_open_parts(out, s->count, s->width, q, &parts, error);
    parts.start = BASE_UNFINISHED_JOIN;
    if (dist_follow(a->ranks, error) && !v)
        v = cli_vectors_open_parts(out, s->count, s->width, q, &parts, error);
    if (dist_agree(a->ranks, error))
        return v;
    cli_vectors_abandon(v);
    return NULL;
}

/* Marks this rank's share of the parts that are not done, consecutive ones; *done: rows that are.
 */
static void share_parts(const cli_row_source *s, const cli_vectors *v, bool *mine, size_t *done) {
    const dist_ranks *r = s->arguments->ranks;
    size_t parts = s->count / AT_ONCE + (s->count % AT_ONCE > 0), open = 0, at = 0;
    for (size_t i = 0; i < parts; i++)
        open += !cli_vectors_is_done(v, i);
    for (size_t i = 0; i < parts; i++)
        if (!cli_vectors_is_done(v, i)) {
            mine[i] = at >= open * r->rank / r->size && at < open * (r->rank + 1) / r->size;
            at++;
        }
    *done = parts && open < parts ? (parts - open) * AT_ONCE : 0;
    if (*done && cli_vectors_is_done(v, parts - 1))
        *done -= parts * AT_ONCE - s->count;
}

static bool write_part(void *context, size_t part, const data_text *text, const float *rows,
                       size_t count, base_error *error) {
    (void)text;
    return cli_vectors_add_part(context, part, rows, count, error);
}

/* A rank that fails ends the job at once: the others do not wait for its parts. */
static bool write_share(cli_row_source *s, cli_vectors *v, base_error *error) {
    size_t done;
    bool *mine = base_alloc(s->count / AT_ONCE + 1, sizeof *mine, error);
    if (!mine)
        return false;
    share_parts(s, v, mine, &done);
    if (cli_flag(s->arguments, "resume"))
        base_log(BASE_LOG_INFO, "%s: %zu of %zu vectors are done already",
                 cli_text(s->arguments, "out"), done, s->count);
    cli_row_taker to = {write_part, v, mine, s->arguments->ranks->size == 1 ? done : 0};
    bool ok = cli_row_source_give(s, AT_ONCE, &to, error) && cli_vectors_sync(v, error);
    free(mine);
    return ok;
}

static bool write_in_parts(cli_row_source *s, const search_quantizer *q, base_bytes *origin,
                           base_error *error) {
    dist_ranks *ranks = s->arguments->ranks;
    add_origin(origin, s, q, error);
    bool same = dist_agree(ranks, error) && dist_same(ranks, origin->data, error);
    cli_vectors *v = same ? open_parts(s, q, origin->data, error) : NULL;
    if (!v)
        return false;
    if (!write_share(s, v, error)) {
        cli_vectors_abandon(v);
        return false;
    }
    if (dist_agree(ranks, error) && ranks->rank == 0)
        cli_vectors_finish(v, error);
    else
        cli_vectors_abandon(v);
    return dist_follow(ranks, error);
}

/* ---- what is written ---- */

/* Rows of a file that give the ranges themselves are read twice; those of a model are kept. */
static bool write_all(cli_row_source *s, search_quantizer *q, base_bytes *origin,
                      base_error *error) {
    bool own = q && q->precision->ranges && q->seen == 0;
    if (own && (!check_own_ranges(s, error) ||
                (!s->model &&
                 !cli_row_source_give(s, AT_ONCE, &(cli_row_taker){see_rows, q, NULL, 0}, error))))
        return false;
    return origin ? write_in_parts(s, q, origin, error)
                  : write_in_order(s, q, own && s->model, error);
}

static bool write_quantized(cli_row_source *s, const nn_model *model,
                            const search_precision *precision, base_bytes *origin,
                            base_error *error) {
    search_quantizer q;
    bool ok = search_quantizer_start(&q, precision, s->width, error) &&
              (!cli_text(s->arguments, "calibrate") || calibrate(&q, s, model, error)) &&
              write_all(s, &q, origin, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu vectors of %zu numbers, %zu bytes each as %s",
                 cli_text(s->arguments, "out"), s->count, s->width, search_quantized_size(&q),
                 precision->name);
    search_quantizer_free(&q);
    return ok;
}

static bool write_floats(cli_row_source *s, base_bytes *origin, base_error *error) {
    if (!write_all(s, NULL, origin, error))
        return false;
    base_log(BASE_LOG_INFO, "%s: %zu vectors of %zu numbers", cli_text(s->arguments, "out"),
             s->count, s->width);
    return true;
}

/* ---- the command ---- */

static bool check(const cli_arguments *a, const search_precision *precision, bool vectors,
                  base_error *error) {
    if (!cli_text(a, "out"))
        return base_fail(error, BASE_BAD_INPUT, "encode: --out FILE is missing");
    if (cli_flag(a, "resume") && cli_flag(a, "overwrite"))
        return base_fail(error, BASE_BAD_INPUT,
                         "encode: --resume and --overwrite exclude each other");
    if (cli_text(a, "calibrate") && !(precision && precision->ranges))
        return base_fail(error, BASE_BAD_INPUT,
                         "encode: --calibrate goes with --quantize int8 or uint8");
    if (vectors && (a->operand_count > 1 || cli_text(a, "prompt") || cli_text(a, "prompt-name") ||
                    cli_count(a, "batch-tokens")))
        return base_fail(error, BASE_BAD_INPUT,
                         "encode: %s has vectors, expected no FILE, no prompt and no "
                         "--batch-tokens with it",
                         a->operand[0]);
    if (a->operand_count > 1 && base_ends_with(a->operand[1], ".npy"))
        return base_fail(error, BASE_BAD_INPUT, "encode: found MODEL and %s, expected one of them",
                         a->operand[1]);
    return cli_vectors_check(cli_text(a, "out"), error);
}

/* What rows must have to be written in parts, and have not; NULL: they can be. */
static const char *parts_need(const cli_arguments *a, const search_precision *precision,
                              bool vectors, const char *file) {
    if (!base_ends_with(cli_text(a, "out"), ".npy"))
        return "an .npy file as --out";
    if (!strcmp(file, "-") || (base_file_exists(file) && !base_file_is_regular(file)))
        return "a file as input, which can be read again";
    if (precision && precision->ranges && !vectors && !cli_text(a, "calibrate"))
        return "--calibrate FILE: vectors that give the ranges themselves are kept in memory";
    return NULL;
}

static bool check_parts(const cli_arguments *a, const char *need, base_error *error) {
    if (need && cli_flag(a, "resume"))
        return base_fail(error, BASE_BAD_INPUT, "encode: --resume needs %s", need);
    if (need && a->ranks->size > 1)
        return base_fail(error, BASE_BAD_INPUT, "encode: the %zu processes of mpirun need %s",
                         a->ranks->size, need);
    return true;
}

/* Few rows of one process are written in order, unless they are gone on with. */
static bool want_parts(const cli_row_source *s, bool *parts, base_error *error) {
    const cli_arguments *a = s->arguments;
    *parts = s->count > AT_ONCE || a->ranks->size > 1;
    return *parts || base_unfinished_is_there(cli_text(a, "out"), parts, error);
}

static bool run_on(const cli_arguments *a, const nn_model *model, const search_precision *precision,
                   const char *file, bool can_part, base_error *error) {
    cli_row_source s = {0};
    base_bytes origin = {0};
    bool parts = false, ok = (!can_part || cli_origin_file(&origin, "input", file, error)) &&
                             cli_row_source_open(&s, a, model, file, error) &&
                             (!can_part || want_parts(&s, &parts, error));
    base_profile_lap(a->profile, "file", "read", 0, 0);
    ok = dist_agree(a->ranks, error) && ok &&
         (precision ? write_quantized(&s, model, precision, parts ? &origin : NULL, error)
                    : write_floats(&s, parts ? &origin : NULL, error));
    cli_row_source_close(&s);
    base_bytes_free(&origin);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *name = cli_text(a, "quantize");
    bool vectors = base_ends_with(a->operand[0], ".npy");
    const char *file = vectors ? a->operand[0] : a->operand_count > 1 ? a->operand[1] : "-";
    const search_precision *precision = name ? search_precision_find(name, error) : NULL;
    bool ok = base_ok(error) && check(a, precision, vectors, error);
    const char *need = ok ? parts_need(a, precision, vectors, file) : NULL;
    ok = ok && check_parts(a, need, error);
    nn_model *model = ok && !vectors ? cli_model_load(a, a->operand[0], error) : NULL;
    base_profile_lap(a->profile, "model", "", 0, 0);
    ok = dist_agree(a->ranks, error) && run_on(a, model, precision, file, !need, error);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_encode = {
    .name = "encode",
    .summary = "Sentences to vectors, one a line",
    .usage = "MODEL [FILE|-] --out FILE.npy|.tsv|.jsonl|- [--resume] | VECTORS.npy --out FILE",
    .details =
        "Row i of the output is line i of FILE (default: standard input; plain or gzipped);\n"
        "an empty line is an empty sentence. Vectors made before can be quantized, cut or written\n"
        "in another format without a model. An .npy file of more than 4096 rows grows in the "
        "folder\n"
        "FILE.npy.part: after a kill, or a full disk, the same command with --resume goes on "
        "there\n"
        "and ends with the same bytes. Under mpirun each process writes a share of the rows.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .in_ranks = true,
    .computes = true,
    .run = run,
};
