/* Groups of rows by the library. */
#include "sbert.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Three directions: rows 0 1 2, rows 3 4, row 5. */
static const float values[] = {1, 0.01F, 1, 0, 2, 0, 0, 1, 0.02F, 1, -1, -1};
static const sbert_rows rows = {values, 6, 2};

static void expect_groups(int done, sbert_groups *groups, const size_t *size, size_t count) {
    cr_assert_eq(done, 0);
    cr_assert_eq(groups->count, count);
    for (size_t g = 0; g < count; g++)
        cr_expect_eq(groups->begin[g + 1] - groups->begin[g], size[g]);
    sbert_groups_free(groups);
    cr_expect(groups->count == 0 && groups->members == NULL);
}

Test(api_groups, every_way_finds_the_three_directions) {
    sbert_groups groups;
    double inertia = -1;
    sbert_failure why;
    const size_t sizes[] = {3, 2, 1};
    expect_groups(sbert_communities(rows, 0.99, 2, &groups, &why), &groups, sizes, 2);
    cr_expect_str_eq(why.sentence, "");
    expect_groups(sbert_average_linkage(rows, 3, 0, SIZE_MAX, &groups, NULL), &groups, sizes, 3);
    expect_groups(sbert_average_linkage(rows, 0, 0.9, SIZE_MAX, &groups, NULL), &groups, sizes, 3);
    sbert_kmeans_options options = {.k = 3, .spherical = 1};
    expect_groups(sbert_kmeans(rows, &options, &groups, &inertia, NULL), &groups, sizes, 3);
    cr_expect(inertia > 0 && inertia < 1e-3, "%g", inertia);
}

Test(api_groups, members_and_duplicates_have_their_rows) {
    sbert_groups groups;
    sbert_hit hits[6];
    cr_assert_eq(sbert_communities(rows, 0.99999, 2, &groups, NULL), 0);
    cr_assert_eq(groups.count, 1);
    cr_expect(groups.members[0].row == 1 && groups.members[1].row == 2);
    cr_expect_float_eq(groups.members[1].score, 1, 1e-12);
    sbert_groups_free(&groups);
    cr_assert_eq(sbert_duplicates(rows, 0.99, hits, NULL), 0);
    const size_t of[] = {0, 0, 0, 3, 3, 5};
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(hits[i].row, of[i]);
    cr_expect_float_eq(hits[4].score, 1 / sqrt(1.0004), 1e-6);
}

Test(api_groups, what_cannot_be_is_said) {
    const float broken[] = {1, NAN};
    const sbert_rows bad = {broken, 1, 2};
    sbert_groups groups;
    sbert_hit hit;
    sbert_failure why;
    sbert_kmeans_options options = {.k = 7};
    cr_expect_eq(sbert_kmeans(rows, &options, &groups, NULL, &why), -1);
    cr_expect(strstr(why.sentence, "k is 7") && groups.begin == NULL && groups.members == NULL);
    cr_expect_eq(sbert_average_linkage(rows, 2, 0, 10, &groups, &why), -1);
    cr_expect(strstr(why.sentence, "more than the limit"), "%s", why.sentence);
    cr_expect_eq(sbert_communities(bad, 0.5, 1, &groups, &why), -1);
    cr_expect(strstr(why.sentence, "row 1"), "%s", why.sentence);
    cr_expect_eq(sbert_duplicates(bad, 0.5, &hit, &why), -1);
    sbert_groups_free(&groups);
}
