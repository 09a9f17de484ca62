/* Bitext mining and hard negatives against plain loops over search_similarity. */
#include "base/random.h"
#include "base/threads.h"
#include "search/bitext.h"
#include "search/negatives.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 12, A = 300, B = 270, K = 4 };

static float *make_rows(size_t count, uint64_t seed) {
    float *rows = calloc(count * WIDTH, sizeof *rows);
    base_random stream = base_random_stream(seed, "rows");
    for (size_t i = 0; i < count * WIDTH; i++)
        rows[i] = (float)base_random_normal(&stream);
    return rows;
}

/* Rows of b are rows of a with noise, in another order. */
static float *make_like(const float *a, size_t count) {
    float *rows = make_rows(count, 7);
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < WIDTH; c++)
            rows[i * WIDTH + c] = a[(i * 7 % count) * WIDTH + c] + 0.3F * rows[i * WIDTH + c];
    return rows;
}

static double score(const float *a, size_t i, const float *b, size_t j) {
    return search_similarity(SEARCH_COSINE, a + i * WIDTH, b + j * WIDTH, WIDTH);
}

/* ---- bitext ---- */

static double mean_of_nearest(const float *rows, size_t row, const float *others, size_t count,
                              search_item nearest[K]) {
    search_item *all = calloc(count, sizeof *all);
    double sum = 0;
    for (size_t j = 0; j < count; j++)
        all[j] = (search_item){score(rows, row, others, j), 0, j};
    search_sort(all, count);
    for (size_t j = 0; j < K; j++) {
        nearest[j] = all[j];
        sum += all[j].score;
    }
    free(all);
    return sum / K;
}

/* Every pair that is a candidate from one side or the other, then the best first. */
static size_t plain_bitext(const float *a, const float *b, search_item *pairs) {
    static search_item of_a[A][K], of_b[B][K], best[A + B];
    static double mean_a[A], mean_b[B];
    bool taken_a[A] = {false}, taken_b[B] = {false};
    size_t count = 0;
    for (size_t i = 0; i < A; i++)
        mean_a[i] = mean_of_nearest(a, i, b, B, of_a[i]);
    for (size_t j = 0; j < B; j++)
        mean_b[j] = mean_of_nearest(b, j, a, A, of_b[j]);
    for (size_t i = 0; i < A + B; i++) {
        best[i].score = -HUGE_VAL;
        for (size_t k = 0; k < K; k++) {
            size_t x = i < A ? i : of_b[i - A][k].b, y = i < A ? of_a[i][k].b : i - A;
            search_item pair = {score(a, x, b, y) / ((mean_a[x] + mean_b[y]) / 2), x, y};
            best[i] = search_before(&pair, &best[i]) ? pair : best[i];
        }
    }
    search_sort(best, A + B);
    for (size_t i = 0; i < A + B; i++)
        if (!taken_a[best[i].a] && !taken_b[best[i].b]) {
            taken_a[best[i].a] = taken_b[best[i].b] = true;
            pairs[count++] = best[i];
        }
    return count;
}

Test(mining, bitext_is_what_plain_loops_find) {
    float *a = make_rows(A, 1), *b = make_like(a, B);
    search_item wanted[A + B], *pairs;
    size_t expected = plain_bitext(a, b, wanted), count;
    search_vectors of_a = search_vectors_of("a", a, A, WIDTH),
                   of_b = search_vectors_of("b", b, B, WIDTH);
    search_bitext_options options = {SEARCH_COSINE, SEARCH_MARGIN_RATIO, K, -HUGE_VAL, A + B};
    base_error error = {0};
    for (size_t threads = 1; threads <= 3; threads++) {
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        cr_assert(search_bitext(&of_a, &of_b, &options, &pairs, &count, NULL, &error), "%s",
                  error.text);
        cr_assert_eq(count, expected);
        for (size_t i = 0; i < count; i++) {
            cr_expect(pairs[i].a == wanted[i].a && pairs[i].b == wanted[i].b);
            cr_expect_float_eq(pairs[i].score, wanted[i].score, 1e-12);
        }
        free(pairs);
    }
    base_threads_stop();
    size_t right = 0;
    for (size_t i = 0; i < 200; i++)
        right += wanted[i].a == wanted[i].b * 7 % B;
    cr_expect_gt(right, 195);
    free(a);
    free(b);
}

Test(mining, margins_and_caps_of_bitext) {
    float *a = make_rows(A, 1), *b = make_like(a, B);
    search_vectors of_a = search_vectors_of("a", a, A, WIDTH),
                   of_b = search_vectors_of("b", b, B, WIDTH);
    search_item *pairs;
    size_t count;
    base_error error = {0};
    search_bitext_options none = {SEARCH_COSINE, SEARCH_MARGIN_NONE, 1, 0.9, 10};
    cr_assert(search_bitext(&of_a, &of_b, &none, &pairs, &count, NULL, &error));
    cr_assert_eq(count, 10);
    for (size_t i = 0; i < count; i++)
        cr_expect(pairs[i].score >= 0.9 && pairs[i].score == score(a, pairs[i].a, b, pairs[i].b));
    free(pairs);
    /* one neighbour: of two nearest rows of each other the distance to the mean is 0 */
    search_bitext_options distance = {SEARCH_COSINE, SEARCH_MARGIN_DISTANCE, 1, 0, A};
    cr_assert(search_bitext(&of_a, &of_b, &distance, &pairs, &count, NULL, &error));
    cr_expect(count > 200);
    for (size_t i = 0; i < count; i++)
        cr_expect_float_eq(pairs[i].score, 0, 1e-12);
    free(pairs);
    cr_expect_eq(search_margin_find("ratio"), SEARCH_MARGIN_RATIO);
    cr_expect_eq(search_margin_find("x"), SEARCH_MARGINS);
    free(a);
    free(b);
}

/* ---- hard negatives ---- */

enum { ANCHORS = 150, TEXTS = 260, COUNT = 3 };

/* Anchor i has the positives i and, when it is even, 2 i + 1 as well; texts are like anchors. */
typedef struct world {
    float *anchors, *texts;
    size_t start[ANCHORS + 1], positive[2 * ANCHORS], self[ANCHORS];
    search_vectors of_anchors, of_texts;
} world;

static world make_world(void) {
    world w = {.anchors = make_rows(ANCHORS, 3), .texts = make_rows(TEXTS, 4)};
    size_t count = 0;
    for (size_t i = 0; i < ANCHORS; i++) {
        w.start[i] = count;
        w.self[i] = i % 3 ? SIZE_MAX : (i + 5) % TEXTS;
        w.positive[count++] = i;
        if (i % 2 == 0 && 2 * i + 1 < TEXTS)
            w.positive[count++] = 2 * i + 1;
        for (size_t c = 0; c < WIDTH; c++)
            w.texts[i * WIDTH + c] += 2 * w.anchors[i * WIDTH + c];
    }
    w.start[ANCHORS] = count;
    w.of_anchors = search_vectors_of("anchors", w.anchors, ANCHORS, WIDTH);
    w.of_texts = search_vectors_of("texts", w.texts, TEXTS, WIDTH);
    return w;
}

static void free_world(world *w) {
    free(w->anchors);
    free(w->texts);
}

static bool plain_excluded(const world *w, const search_negative_options *o, size_t anchor,
                           const search_item *item, bool self) {
    double worst = HUGE_VAL;
    bool positive = self && w->self[anchor] == item->b;
    for (size_t p = w->start[anchor]; p < w->start[anchor + 1]; p++) {
        positive = positive || w->positive[p] == item->b;
        worst = fmin(worst, score(w->anchors, anchor, w->texts, w->positive[p]));
    }
    return positive || item->score > o->most || item->score < o->least ||
           (!isnan(o->absolute) && item->score > worst - o->absolute) ||
           (!isnan(o->relative) && item->score > worst - fabs(worst) * o->relative);
}

/* Ranks the first `depth`, leaves out, takes the ranks of the range. */
static size_t plain_negatives(const world *w, const search_negative_options *o, size_t anchor,
                              bool self, search_item *out) {
    search_item all[TEXTS];
    size_t rank = 0, count = 0, depth = o->depth < TEXTS ? o->depth : TEXTS;
    for (size_t j = 0; j < TEXTS; j++)
        all[j] = (search_item){score(w->anchors, anchor, w->texts, j), 0, j};
    search_sort(all, TEXTS);
    for (size_t j = 0; j < depth; j++)
        if (!plain_excluded(w, o, anchor, &all[j], self)) {
            if (rank >= o->range_min && rank < o->range_max)
                out[count++] = all[j];
            rank++;
        }
    return count;
}

static const search_negative_options cases[] = {
    {SEARCH_COSINE, COUNT, 10, 0, 8, -HUGE_VAL, HUGE_VAL, (double)NAN, (double)NAN, false, 0, NULL,
     NULL},
    {SEARCH_COSINE, COUNT, 30, 5, 28, -HUGE_VAL, 0.5, 0.1, (double)NAN, false, 0, NULL, NULL},
    {SEARCH_COSINE, COUNT, 30, 0, 28, 0.3, HUGE_VAL, (double)NAN, 0.3, false, 0, NULL, NULL},
    {SEARCH_COSINE, COUNT, 500, 2, 400, -0.9, 0.7, 0, 0, false, 0, NULL, NULL},
};

Test(mining, hard_negatives_are_what_plain_loops_find) {
    world w = make_world();
    base_error error = {0};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const search_negative_options *o = &cases[i / 2];
        bool self = i % 2;
        search_anchors anchors = {&w.of_anchors, w.start, w.positive, self ? w.self : NULL};
        search_negatives found = {0};
        cr_assert(base_threads_start(1 + i % 3, &error), "%s", error.text);
        cr_assert(search_negatives_find(&anchors, &w.of_texts, o, &found, NULL, &error));
        size_t all = 0;
        for (size_t a = 0; a < ANCHORS; a++) {
            search_item wanted[TEXTS];
            size_t count = plain_negatives(&w, o, a, self, wanted);
            count = count < COUNT ? count : COUNT;
            cr_assert_eq(found.found[a], count, "case %zu, anchor %zu", i, a);
            for (size_t j = 0; j < count; j++)
                cr_expect(found.hit[a * COUNT + j].row == wanted[j].b &&
                          found.hit[a * COUNT + j].score == wanted[j].score);
            all += count;
        }
        cr_expect(all > ANCHORS, "case %zu finds %zu", i, all);
        search_negatives_free(&found);
    }
    base_threads_stop();
    free_world(&w);
}

static search_negatives draw(const world *w, uint64_t seed) {
    search_negative_options o = {.kind = SEARCH_COSINE,
                                 .count = COUNT,
                                 .depth = 30,
                                 .range_min = 4,
                                 .range_max = 24,
                                 .least = -HUGE_VAL,
                                 .most = HUGE_VAL,
                                 .absolute = (double)NAN,
                                 .relative = (double)NAN,
                                 .random = true,
                                 .seed = seed};
    search_anchors anchors = {&w->of_anchors, w->start, w->positive, NULL};
    search_negatives found = {0};
    base_error error = {0};
    cr_assert(search_negatives_find(&anchors, &w->of_texts, &o, &found, NULL, &error), "%s",
              error.text);
    for (size_t a = 0; a < ANCHORS; a++) {
        search_item wanted[TEXTS];
        size_t count = plain_negatives(w, &o, a, false, wanted), at = 0;
        cr_assert(found.found[a] == COUNT && count == 20);
        for (size_t j = 0; j < COUNT; j++, at++) { /* each in the range, in its order */
            while (at < count && wanted[at].b != found.hit[a * COUNT + j].row)
                at++;
            cr_assert(at < count, "anchor %zu", a);
        }
    }
    return found;
}

Test(mining, drawn_negatives_depend_on_the_seed_alone) {
    world w = make_world();
    search_negatives one = draw(&w, 1), again = draw(&w, 1), two = draw(&w, 2);
    size_t bytes = ANCHORS * COUNT * sizeof *one.hit, first = 0;
    cr_expect_eq(memcmp(one.hit, again.hit, bytes), 0);
    cr_expect_neq(memcmp(one.hit, two.hit, bytes), 0);
    for (size_t a = 0; a < ANCHORS; a++) { /* a rank of 20 is among 3 drawn in 3 of 20 anchors */
        search_item wanted[TEXTS];
        search_negative_options o = {.depth = 30,
                                     .range_min = 4,
                                     .range_max = 24,
                                     .least = -HUGE_VAL,
                                     .most = HUGE_VAL,
                                     .absolute = (double)NAN,
                                     .relative = (double)NAN};
        plain_negatives(&w, &o, a, false, wanted);
        first += one.hit[a * COUNT].row == wanted[0].b;
    }
    cr_expect(first > 10 && first < 40, "%zu", first);
    search_negatives_free(&one);
    search_negatives_free(&again);
    search_negatives_free(&two);
    free_world(&w);
}

/* Turns the order around: what is rescored counts, for margins too. */
static bool negate(void *context, search_item *items, size_t count, base_error *error) {
    (void)context, (void)error;
    for (size_t i = 0; i < count; i++)
        items[i].score = -items[i].score;
    return true;
}

Test(mining, scores_of_another_model_take_the_place_of_the_vectors) {
    world w = make_world();
    search_negative_options o = cases[0];
    search_anchors anchors = {&w.of_anchors, w.start, w.positive, NULL};
    search_negatives found = {0};
    base_error error = {0};
    o.rescore = negate;
    o.absolute = 0; /* positives are the most similar: negated, nothing is below the worst */
    cr_assert(search_negatives_find(&anchors, &w.of_texts, &o, &found, NULL, &error));
    for (size_t a = 0; a < ANCHORS; a++) {
        double positive = -score(w.anchors, a, w.texts, w.positive[w.start[a]]);
        cr_expect_eq(found.positive_score[w.start[a]], positive);
        for (size_t j = 0; j < found.found[a]; j++)
            cr_expect(
                found.hit[a * COUNT + j].score <= positive &&
                (j == 0 || found.hit[a * COUNT + j].score <= found.hit[a * COUNT + j - 1].score));
    }
    search_negatives_free(&found);
    free_world(&w);
}

/* Directions in a plane, and what sentence-transformers 6.2's mine_hard_negatives finds among them
 * (num_negatives 3); 99: none. */
Test(mining, hard_negatives_are_those_of_sentence_transformers) {
    static const double anchor[] = {0, 40, 95, 150},
                        text[] = {3, 10, 22, 47, 60, 88, 101, 133, 160, 200};
    static const size_t start[] = {0, 2, 3, 4, 5}, positive[] = {0, 2, 3, 5, 8};
    static const struct peer {
        search_negative_options options;
        size_t found[4][3];
    } peers[] = {
        {{SEARCH_COSINE, 3, 7, 0, 5, -1, 1, (double)NAN, (double)NAN, false, 0, NULL, NULL},
         {{1, 3, 4}, {2, 4, 1}, {6, 4, 7}, {7, 6, 9}}},
        {{SEARCH_COSINE, 3, 7, 1, 5, -1, 1, (double)NAN, (double)NAN, false, 0, NULL, NULL},
         {{3, 4, 5}, {4, 1, 0}, {4, 7, 3}, {6, 9, 5}}},
        {{SEARCH_COSINE, 3, 34, 0, 32, -1, 1, 0.05, (double)NAN, false, 0, NULL, NULL},
         {{3, 4, 5}, {4, 1, 0}, {4, 7, 3}, {6, 9, 5}}},
        {{SEARCH_COSINE, 3, 34, 0, 32, 0.3, 0.8, (double)NAN, 0.1, false, 0, NULL, NULL},
         {{3, 4, 99}, {0, 5, 6}, {7, 3, 8}, {6, 9, 5}}},
    };
    float anchors[4 * 2], texts[10 * 2];
    for (size_t i = 0; i < 8; i++)
        anchors[i] = (float)(i % 2 ? sin : cos)(anchor[i / 2] * acos(-1) / 180);
    for (size_t i = 0; i < 20; i++)
        texts[i] = (float)(i % 2 ? sin : cos)(text[i / 2] * acos(-1) / 180);
    search_vectors a = search_vectors_of("anchors", anchors, 4, 2),
                   t = search_vectors_of("texts", texts, 10, 2);
    search_anchors of = {&a, start, positive, NULL};
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        search_negatives found = {0};
        base_error error = {0};
        cr_assert(search_negatives_find(&of, &t, &peers[i].options, &found, NULL, &error));
        for (size_t x = 0; x < 12; x++) {
            bool there = x % 3 < found.found[x / 3];
            cr_expect_eq(there ? found.hit[x].row : 99, peers[i].found[x / 3][x % 3]);
        }
        search_negatives_free(&found);
    }
}
