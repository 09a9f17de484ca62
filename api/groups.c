#include "api/callers.h"
#include "base/memory.h"
#include "search/communities.h"
#include "search/duplicates.h"
#include "search/kmeans.h"
#include "search/linkage.h"

#include <stdlib.h>

static search_vectors vectors_of(sbert_rows rows) {
    return search_vectors_of("rows", rows.values, rows.count, rows.width);
}

void sbert_groups_free(sbert_groups *groups) {
    free(groups->begin);
    free(groups->members);
    *groups = (sbert_groups){0};
}

/* Groups as the library's; frees what was found, also when the call failed (`ok` false). */
static bool give(bool ok, search_groups *found, sbert_groups *groups, base_error *error) {
    *groups = (sbert_groups){0};
    groups->begin = ok ? base_alloc(found->count + 1, sizeof *groups->begin, error) : NULL;
    groups->members =
        groups->begin ? base_alloc(found->members, sizeof *groups->members, error) : NULL;
    for (size_t i = 0; groups->members && i < found->count; i++)
        groups->begin[i + 1] = found->begin[i + 1];
    for (size_t i = 0; groups->members && i < found->members; i++)
        groups->members[i] = (sbert_hit){found->member[i].row, found->member[i].score};
    groups->count = groups->members ? found->count : 0;
    search_groups_free(found);
    if (!groups->members)
        sbert_groups_free(groups);
    return groups->members != NULL;
}

int sbert_communities(sbert_rows rows, double threshold, size_t least, sbert_groups *groups,
                      sbert_failure *why) {
    base_error error = {0};
    search_vectors v = vectors_of(rows);
    search_groups found = {0};
    bool ok =
        api_call_begin(&error) && search_communities(&found, &v, threshold, least, NULL, &error);
    ok = give(ok, &found, groups, &error);
    return api_call_end(ok, &error, why);
}

int sbert_kmeans(sbert_rows rows, const sbert_kmeans_options *with, sbert_groups *groups,
                 double *inertia, sbert_failure *why) {
    base_error error = {0};
    search_vectors v = vectors_of(rows);
    search_groups found = {0};
    search_kmeans means = {0};
    search_kmeans_options options = {.k = with->k,
                                     .restarts = with->restarts ? with->restarts : 10,
                                     .iterations = with->iterations ? with->iterations : 300,
                                     .seed = with->seed,
                                     .spherical = with->spherical != 0};
    bool ok = api_call_begin(&error) && search_kmeans_run(&means, &v, &options, NULL, &error) &&
              search_groups_of_labels(&found, &v, means.label, options.k, &error);
    if (ok && inertia)
        *inertia = means.inertia;
    search_kmeans_free(&means);
    ok = give(ok, &found, groups, &error);
    return api_call_end(ok, &error, why);
}

int sbert_average_linkage(sbert_rows rows, size_t k, double threshold, size_t memory,
                          sbert_groups *groups, sbert_failure *why) {
    base_error error = {0};
    search_vectors v = vectors_of(rows);
    search_groups found = {0};
    search_linkage_options options = {k, threshold, memory};
    size_t count, *label = NULL;
    bool ok = api_call_begin(&error) && (label = base_alloc(v.count, sizeof *label, &error)) &&
              search_linkage(label, &count, &v, &options, NULL, &error) &&
              search_groups_of_labels(&found, &v, label, count, &error);
    free(label);
    ok = give(ok, &found, groups, &error);
    return api_call_end(ok, &error, why);
}

int sbert_duplicates(sbert_rows rows, double threshold, sbert_hit *hits, sbert_failure *why) {
    base_error error = {0};
    search_vectors v = vectors_of(rows);
    search_hit *of = NULL;
    bool ok = api_call_begin(&error) && (of = base_alloc(v.count, sizeof *of, &error)) &&
              search_duplicates(&v, threshold, of, NULL, &error);
    for (size_t i = 0; ok && i < rows.count; i++)
        hits[i] = (sbert_hit){of[i].row, of[i].score};
    free(of);
    return api_call_end(ok, &error, why);
}
