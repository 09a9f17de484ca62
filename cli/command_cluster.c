#include "base/log.h"
#include "cli/command.h"
#include "cli/corpus.h"
#include "cli/model.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "search/communities.h"
#include "search/kmeans.h"
#include "search/linkage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RUNS = 100000, MOST_MEMORY = 1 << 30 };

static const cli_option options[] = {
    {"method", CLI_TEXT, "NAME", "community", "community, kmeans or agglomerative", 0, 0},
    {"threshold", CLI_TEXT, "COSINE", "0.75",
     "community: a member's least cosine with the centre; agglomerative: the least average cosine "
     "of two clusters that are merged",
     0, 0},
    {"min-size", CLI_SIZE, "N", "10", "community: the fewest texts of a cluster", 1, CLI_SIZE_MAX},
    {"k", CLI_SIZE, "N", NULL,
     "kmeans: how many clusters; agglomerative: the same, instead of --threshold", 1, CLI_SIZE_MAX},
    {"spherical", CLI_FLAG, NULL, NULL, "kmeans: vectors and centroids are taken at length 1", 0,
     0},
    {"seed", CLI_SIZE, "N", "1", "kmeans: of the first centroids", 0, CLI_SIZE_MAX},
    {"restarts", CLI_SIZE, "N", "10", "kmeans: the best of so many runs", 1, MOST_RUNS},
    {"iterations", CLI_SIZE, "N", "300", "kmeans: of a run, at most", 1, MOST_RUNS},
    {"memory", CLI_SIZE, "MIB", "4096", "agglomerative: what it may take", 1, MOST_MEMORY},
    {"out", CLI_OUT, "FILE", "-",
     ".tsv or .jsonl; -: standard output, as .tsv: cluster, size, row, cosine, text", 0, 0},
    {"json", CLI_FLAG, NULL, NULL, "to standard output: JSON lines", 0, 0},
    CLI_OVERWRITE_OPTION,
    CLI_CORPUS_OPTIONS,
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};

typedef struct clustering {
    const cli_arguments *arguments;
    const struct method *method;
    cli_corpus corpus;
    double threshold;
    cli_progress progress;
    search_groups groups;
} clustering;

/* ---- methods ---- */

static bool find_communities(clustering *c, base_error *error) {
    return search_communities(&c->groups, &c->corpus.vectors, c->threshold,
                              cli_size(c->arguments, "min-size"), &c->progress.report, error);
}

static bool find_kmeans(clustering *c, base_error *error) {
    const cli_arguments *a = c->arguments;
    search_kmeans_options what = {.k = cli_size(a, "k"),
                                  .restarts = cli_size(a, "restarts"),
                                  .iterations = cli_size(a, "iterations"),
                                  .seed = cli_size(a, "seed"),
                                  .spherical = cli_flag(a, "spherical")};
    search_kmeans found;
    bool ok = search_kmeans_run(&found, &c->corpus.vectors, &what, &c->progress.report, error) &&
              search_groups_of_labels(&c->groups, &c->corpus.vectors, found.label, what.k, error);
    if (ok)
        base_log(BASE_LOG_INFO, "inertia %.6g after %zu iterations, the best of %zu runs",
                 found.inertia, found.iterations, what.restarts);
    search_kmeans_free(&found);
    return ok;
}

static bool find_linkage(clustering *c, base_error *error) {
    const cli_arguments *a = c->arguments;
    const search_vectors *v = &c->corpus.vectors;
    size_t groups;
    search_linkage_options what = {.k = cli_count(a, "k") ? cli_size(a, "k") : 0,
                                   .threshold = c->threshold,
                                   .memory = cli_size(a, "memory") << 20};
    size_t *label = base_alloc(v->count, sizeof *label, error);
    size_t needed = search_linkage_memory(v->count);
    if (needed <= what.memory)
        base_log(BASE_LOG_INFO, "average linkage of %zu rows takes %.1f MiB of memory", v->count,
                 (double)needed / (1 << 20));
    bool ok = label && search_linkage(label, &groups, v, &what, &c->progress.report, error) &&
              search_groups_of_labels(&c->groups, v, label, groups, error);
    free(label);
    return ok;
}

typedef struct method {
    const char *name;
    bool (*find)(clustering *c, base_error *error);
    size_t passes;              /* how often it counts every row; 0: not known */
    const char *const *options; /* of those in `owned`: which it takes */
} method;

static const char *const owned[] = {"threshold", "min-size",   "k",      "spherical", "seed",
                                    "restarts",  "iterations", "memory", NULL};
static const char *const of_community[] = {"threshold", "min-size", NULL};
static const char *const of_kmeans[] = {"k", "spherical", "seed", "restarts", "iterations", NULL};
static const char *const of_agglomerative[] = {"threshold", "k", "memory", NULL};

static const method methods[] = {
    {"community", find_communities, 1, of_community},
    {"kmeans", find_kmeans, 0, of_kmeans},
    {"agglomerative", find_linkage, 2, of_agglomerative},
};
enum { METHODS = sizeof methods / sizeof *methods };

static const method *find_method(const char *name, base_error *error) {
    char shown[100];
    for (size_t i = 0; i < METHODS; i++)
        if (!name || !strcmp(methods[i].name, name))
            return &methods[i];
    base_fail(error, BASE_BAD_INPUT,
              "--method is '%s', expected community, kmeans or agglomerative",
              base_escape(shown, sizeof shown, name, strlen(name)));
    return NULL;
}

static bool is_in(const char *const *names, const char *name) {
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* No option of another method, and what this one needs. */
static bool check(const cli_arguments *a, const method *m, base_error *error) {
    for (size_t i = 0; owned[i]; i++)
        if (cli_count(a, owned[i]) && !is_in(m->options, owned[i]))
            return base_fail(error, BASE_BAD_INPUT, "--%s does not go with --method %s", owned[i],
                             m->name);
    bool k = cli_count(a, "k") > 0;
    if (k && cli_count(a, "threshold"))
        return base_fail(error, BASE_BAD_INPUT, "found --k and --threshold, expected one of them");
    return k || m->find != find_kmeans ||
           base_fail(error, BASE_BAD_INPUT, "cluster: --method kmeans needs --k N");
}

/* ---- output ---- */

static void put_row(cli_table *t, const clustering *c, size_t group, size_t member) {
    const search_hit *hit = &c->groups.member[member];
    cli_table_size(t, group + 1);
    cli_table_size(t, c->groups.begin[group + 1] - c->groups.begin[group]);
    cli_table_size(t, hit->row + 1);
    cli_table_number(t, hit->score, 6);
    if (c->corpus.sentences.count)
        cli_table_text(t, cli_corpus_text(&c->corpus, hit->row));
}

static bool write_groups(const clustering *c, const char *out, base_error *error) {
    static const char *const with_texts[] = {"cluster", "size", "row", "cosine", "text", NULL};
    static const char *const without[] = {"cluster", "size", "row", "cosine", NULL};
    bool texts = c->corpus.sentences.count > 0, ok = true;
    cli_table *t =
        cli_table_open(out, cli_flag(c->arguments, "json"), texts ? with_texts : without, error);
    for (size_t g = 0; ok && t && g < c->groups.count; g++)
        for (size_t i = c->groups.begin[g]; ok && i < c->groups.begin[g + 1]; i++) {
            put_row(t, c, g, i);
            ok = cli_table_end_row(t);
        }
    if (t && ok)
        return cli_table_finish(t);
    cli_table_abandon(t);
    return false;
}

/* ---- the command ---- */

static bool find(clustering *c, base_error *error) {
    cli_progress_start(&c->progress, "rows", c->method->passes * c->corpus.vectors.count, false);
    bool ok = c->method->find(c, error);
    cli_progress_end(&c->progress);
    base_profile_lap(c->arguments->profile, "clusters", c->method->name, 0, 0);
    return ok;
}

static void say(const clustering *c) {
    size_t all = c->corpus.vectors.count, in = c->groups.members;
    base_log(BASE_LOG_INFO, "%zu clusters of %zu rows; %zu rows are in none", c->groups.count, in,
             all - in);
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *out = cli_text(a, "out") ? cli_text(a, "out") : "-";
    clustering c = {
        .arguments = a, .method = find_method(cli_text(a, "method"), error), .threshold = 0.75};
    if (!c.method || !check(a, c.method, error) ||
        !cli_number(a, "threshold", -1, 1, &c.threshold, error) || !cli_table_check_out(a, error))
        return false;
    bool ok =
        cli_corpus_operands(&c.corpus, a, error) && find(&c, error) && write_groups(&c, out, error);
    if (ok)
        say(&c);
    search_groups_free(&c.groups);
    cli_corpus_free(&c.corpus);
    return ok;
}

const cli_command cli_command_cluster = {
    .name = "cluster",
    .summary = "Groups of texts of like meaning",
    .usage = "MODEL CORPUS|- [--method NAME] [--out FILE.tsv|.jsonl|-] | CORPUS --vectors FILE.npy "
             "... | FILE.npy ...",
    .details =
        "The largest cluster comes first, and in each the most central text, with its cosine with\n"
        "the cluster's centre: of a community that is its first text, elsewhere the mean.\n"
        "  community      texts that have at least the threshold's cosine with one of them; many\n"
        "                 texts are in none. As sentence-transformers' community_detection.\n"
        "  kmeans         k clusters around their means, started by k-means++\n"
        "  agglomerative  the two clusters with the largest average cosine are merged, down to k\n"
        "                 or the threshold; memory is 2 bytes times the square of the rows\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
