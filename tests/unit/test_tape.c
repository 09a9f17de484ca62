#include "autograd/ops/ops.h"
#include "autograd/runtime.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "tests/heap_count.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#endif
#ifdef ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

enum { BYTES = 1 << 26 };
static const tape_mode recording = {.record = true, .dropout = true, .seed = 5, .step = 9};

static tape *new_tape(size_t bytes) {
    base_error error = {0};
    tape *t = tape_new(bytes, bytes, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

/* A parameter of drawn numbers on the heap. */
static tape_param *new_param(const char *name, size_t rows, size_t cols) {
    base_error error = {0};
    tape_param *p = base_alloc(1, sizeof *p, &error);
    *p = (tape_param){.name = name, .rows = rows, .cols = cols};
    p->value = base_alloc(rows * cols, sizeof(real), &error);
    p->grad = base_alloc(rows * cols, sizeof(real), &error);
    cr_assert(base_ok(&error));
    base_random r = base_random_stream(3, name);
    for (size_t i = 0; i < rows * cols; i++)
        p->value[i] = REAL(base_random_uniform(&r) - 0.5);
    return p;
}

static void free_param(tape_param *p) {
    free(p->value);
    free(p->grad);
    free(p);
}

Test(tape, errors_are_sticky_and_name_both_shapes) {
    tape *t = new_tape(BYTES);
    tape_begin(t, &recording);
    real numbers[12] = {0};
    tape_node *a = tape_input(t, 2, 3, numbers), *b = tape_input(t, 3, 4, numbers);
    cr_expect_null(op_add(t, a, b));
    const char *first = "op add: a is [2, 3] and b [3, 4], expected equal shapes";
    cr_expect_str_eq(tape_error(t)->text, first);
    cr_expect_null(op_scores(t, a, b, 1));
    cr_expect_null(op_scale(t, NULL, 2), "later operators stay quiet");
    cr_expect_not(tape_backward(t, NULL, NULL));
    cr_expect_str_eq(tape_error(t)->text, first);
    tape_begin(t, &recording);
    cr_expect(base_ok(tape_error(t)), "a new pass starts clean");
    tape_free(t);
}

/* Every operator's check, by the sentence that it gives. */
Test(tape, shapes_that_do_not_fit_are_refused_with_a_sentence) {
    tape *t = new_tape(BYTES);
    real n[16] = {0};
    const uint32_t labels[] = {0, 3};
    base_error *error = tape_error(t);
#define REFUSED(call, sentence)                                                                    \
    do {                                                                                           \
        tape_begin(t, &recording);                                                                 \
        tape_node *a = tape_input(t, 2, 3, n), *b = tape_input(t, 2, 4, n),                        \
                  *none = tape_input(t, 0, 3, n);                                                  \
        (void)a, (void)b, (void)none;                                                              \
        cr_expect_null(call);                                                                      \
        cr_expect_str_eq(error->text, sentence);                                                   \
    } while (0)
    REFUSED(op_linear(t, a, b, NULL),
            "op linear: x is [2, 3] and w [2, 4], expected equal columns");
    REFUSED(op_rows(t, a, 1, 2), "op rows: 2 rows from row 1 are not in x [2, 3]");
    REFUSED(op_rows(t, a, SIZE_MAX, 2), "op rows: 2 rows from row 18446744073709551615 are not in "
                                        "x [2, 3]");
    REFUSED(op_columns(t, a, 0, 4), "op columns: 4 columns from column 0 are not in x [2, 3]");
    REFUSED(op_concat_rows(t, (tape_node *[]){a, b}, 2),
            "op concat_rows: input 1 is [2, 4], expected 3 columns");
    REFUSED(op_concat_columns(t, (tape_node *[]){a, none}, 2),
            "op concat_columns: input 1 is [0, 3], expected 2 rows");
    REFUSED(op_concat_rows(t, NULL, 0), "op concat_rows: no inputs");
    REFUSED(op_pair(t, a, b, OP_PAIR_U),
            "op pair: u is [2, 3] and v [2, 4], expected equal shapes");
    REFUSED(op_pair(t, a, a, 0), "op pair: no part of (u, v, |u-v|, u*v) is chosen");
    REFUSED(op_row_dot(t, a, b), "op row_dot: a is [2, 3] and b [2, 4], expected equal shapes");
    REFUSED(op_mean(t, none), "op mean: x is [0, 3], expected at least one element");
    REFUSED(op_cross_entropy(t, a, labels),
            "op cross_entropy: label 3 of row 1, expected one below the 3 columns");
    REFUSED(op_mean_squared_error(t, a, NULL), "op mean_squared_error: the targets are missing");
    tape_free(t);
}

/* A row-sparse gradient has room for the rows that were looked up alone. */
Test(tape, a_dense_gradient_of_a_sparse_parameter_is_refused) {
    tape *t = new_tape(BYTES);
    real value[12] = {0}, grad[12], numbers[3] = {1, 2, 3};
    uint32_t slot_of[4] = {0}, row[4];
    tape_sparse sparse = {slot_of, row, 0};
    tape_param words = {
        .name = "words", .rows = 4, .cols = 3, .value = value, .grad = grad, .sparse = &sparse};
    tape_begin(t, &recording);
    tape_node *y = op_linear(t, tape_input(t, 1, 3, numbers), tape_leaf(t, &words), NULL);
    const real upstream[4] = {1, 1, 1, 1};
    cr_expect_not(tape_backward(t, y, upstream));
    cr_expect_str_eq(tape_error(t)->text,
                     "a dense gradient reaches words, whose gradient is row-sparse: only "
                     "op_embedding can use it while it is trained");
    cr_expect_not(words.has_grad);
    tape_free(t);
}

Test(tape, too_many_inputs_are_refused) {
    tape *t = new_tape(BYTES);
    tape_begin(t, &recording);
    real number = 1;
    tape_node *in[TAPE_MAX_INPUTS + 1];
    for (size_t i = 0; i <= TAPE_MAX_INPUTS; i++)
        in[i] = tape_input(t, 1, 1, &number);
    cr_expect_not_null(op_concat_rows(t, in, TAPE_MAX_INPUTS));
    cr_expect_null(op_concat_rows(t, in, TAPE_MAX_INPUTS + 1));
    cr_expect_str_eq(tape_error(t)->text, "op concat_rows: 17 inputs, expected at most 16");
    tape_free(t);
}

Test(tape, a_full_arena_is_one_sentence) {
    enum { SIDE = 64, SMALL = 1 << 20, STEPS = 500 };
    tape *t = new_tape(SMALL);
    tape_begin(t, &recording);
    tape_param *p = new_param("p", SIDE, SIDE);
    tape_node *x = tape_leaf(t, p);
    for (int i = 0; i < STEPS && x; i++)
        x = op_scale(t, x, 2);
    cr_expect_null(x);
    cr_expect_str_eq(tape_error(t)->text,
                     "the tape's 2097152 bytes are used up: 16384 more are wanted");
    tape_begin(t, &recording);
    cr_expect_not_null(op_scale(t, tape_leaf(t, p), 2), "a new pass has room again");
    tape_free(t);
    free_param(p);
}

Test(tape, released_values_are_used_again_in_inference_only) {
    enum { SIDE = 100, STEPS = 50 };
    size_t peak[2];
    for (int record = 0; record < 2; record++) {
        tape *t = new_tape(BYTES);
        tape_begin(t, &(tape_mode){.record = record});
        tape_param *p = new_param("p", SIDE, SIDE);
        tape_node *x = op_scale(t, tape_leaf(t, p), 1);
        for (int i = 0; i < STEPS; i++) {
            tape_node *y = op_add(t, x, x);
            tape_release(t, x);
            x = op_scale(t, y, 0.5);
            tape_release(t, y);
        }
        cr_expect(!memcmp(x->value, p->value, SIDE * SIDE * sizeof(real)));
        peak[record] = tape_peak_bytes(t);
        tape_free(t);
        free_param(p);
    }
    size_t one = SIDE * SIDE * sizeof(real);
    cr_expect_lt(peak[0], 4 * one, "inference holds %zu bytes", peak[0]);
    cr_expect_gt(peak[1], 2 * STEPS * one, "recording keeps every value: %zu bytes", peak[1]);
}

Test(tape, released_values_are_poisoned) {
#ifdef ADDRESS_SANITIZER
    enum { SIDE = 10 };
    tape *t = new_tape(BYTES);
    tape_begin(t, &(tape_mode){.record = false});
    tape_param *p = new_param("p", SIDE, SIDE);
    tape_node *x = op_scale(t, tape_leaf(t, p), 1);
    const real *value = x->value;
    tape_release(t, x);
    cr_expect(__asan_address_is_poisoned(value));
    x = op_scale(t, tape_leaf(t, p), 1);
    cr_expect_eq(x->value, value);
    cr_expect_not(__asan_address_is_poisoned(value));
    tape_free(t);
    free_param(p);
#else
    cr_skip_test("needs AddressSanitizer");
#endif
}

Test(tape, backward_starts_from_any_node_with_any_upstream) {
    tape *t = new_tape(BYTES);
    tape_begin(t, &recording);
    tape_param *p = new_param("p", 2, 3);
    tape_node *x = tape_leaf(t, p), *y = op_scale(t, x, 3), *z = op_mul(t, y, y);
    cr_assert_not_null(op_mean(t, z), "a later node that takes no part");
    const real upstream[] = {1, -2, 0.5f, 0, 4, 1};
    cr_assert(tape_backward(t, y, upstream));
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(p->grad[i], 3 * upstream[i]);
    cr_assert(tape_backward(t, z, upstream), "a second start adds");
    for (size_t i = 0; i < 6; i++)
        cr_expect_float_eq(p->grad[i], 3 * upstream[i] + 18 * p->value[i] * upstream[i], 1e-5);
    cr_expect_not(tape_backward(t, z, NULL));
    cr_expect_str_eq(tape_error(t)->text, "backward from a 2 x 3 node needs an upstream gradient");
    tape_begin(t, &(tape_mode){.record = false});
    cr_expect_not(tape_backward(t, op_mean(t, op_scale(t, tape_leaf(t, p), 1)), NULL));
    cr_expect_str_eq(tape_error(t)->text, "backward through a tape that does not record");
    tape_free(t);
    free_param(p);
}

/* ---- a small network with every kind of sum over rows, texts of mixed lengths ---- */

enum { TEXTS = 12, LONGEST = 40, HEADS = 4, HIDDEN = 96, VOCABULARY = 50, CLASSES = 3 };
enum { WORDS, QKV, QKV_BIAS, GAMMA, BETA, HEAD, HEAD_BIAS, PARAMS };

typedef struct network {
    tape_param *p[PARAMS];
    uint32_t start[TEXTS + 1], ids[TEXTS * LONGEST], label[TEXTS / 2];
    tape_layout layout;
} network;

static void new_network(network *n) {
    static const struct {
        const char *name;
        size_t rows, cols;
    } shape[PARAMS] = {{"words", VOCABULARY, HIDDEN}, {"qkv", 3 * HIDDEN, HIDDEN},
                       {"qkv bias", 1, 3 * HIDDEN},   {"gamma", 1, HIDDEN},
                       {"beta", 1, HIDDEN},           {"head", CLASSES, 3 * HIDDEN},
                       {"head bias", 1, CLASSES}};
    for (size_t i = 0; i < PARAMS; i++)
        n->p[i] = new_param(shape[i].name, shape[i].rows, shape[i].cols);
    base_error error = {0};
    tape_sparse *sparse = base_alloc(1, sizeof *sparse, &error);
    sparse->slot_of = base_alloc(VOCABULARY, sizeof(uint32_t), &error);
    sparse->row = base_alloc(VOCABULARY, sizeof(uint32_t), &error);
    n->p[WORDS]->sparse = sparse;
}

static void free_network(network *n) {
    free(n->p[WORDS]->sparse->slot_of);
    free(n->p[WORDS]->sparse->row);
    free(n->p[WORDS]->sparse);
    for (size_t i = 0; i < PARAMS; i++)
        free_param(n->p[i]);
}

static void draw_batch(network *n, uint64_t step) {
    base_random r = base_random_stream(step, "batch");
    n->start[0] = 0;
    for (size_t s = 0; s < TEXTS; s++)
        n->start[s + 1] = n->start[s] + 1 + (uint32_t)base_random_below(&r, LONGEST);
    for (size_t i = 0; i < n->start[TEXTS]; i++)
        n->ids[i] = (uint32_t)base_random_below(&r, VOCABULARY);
    for (size_t i = 0; i < TEXTS / 2; i++)
        n->label[i] = (uint32_t)base_random_below(&r, CLASSES);
    n->layout =
        (tape_layout){.texts = TEXTS, .tokens = n->start[TEXTS], .start = n->start, .ids = n->ids};
}

static tape_node *build(const network *n, tape *t) {
    tape_node *leaf[PARAMS];
    for (size_t i = 0; i < PARAMS; i++)
        leaf[i] = tape_leaf(t, n->p[i]);
    tape_node *x = op_embedding(t, &n->layout, leaf[WORDS], NULL, NULL, 0);
    tape_node *qkv = op_linear(t, x, leaf[QKV], leaf[QKV_BIAS]);
    op_attention_options attention = {.heads = HEADS, .dropout = 0.1, .site = 1};
    op_norm_options norm = {.epsilon = 1e-12, .dropout = 0.1, .site = 2};
    tape_node *y = op_attention(t, &n->layout, qkv, NULL, &attention);
    y = op_gelu(t, op_add_norm(t, &n->layout, y, x, leaf[GAMMA], leaf[BETA], &norm));
    y = op_normalize(t, op_pool(t, &n->layout, y, OP_POOL_MEAN));
    tape_node *u = op_rows(t, y, 0, TEXTS / 2), *v = op_rows(t, y, TEXTS / 2, TEXTS / 2);
    tape_node *pair = op_pair(t, u, v, OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE);
    tape_node *logits = op_linear(t, pair, leaf[HEAD], leaf[HEAD_BIAS]);
    tape_node *ranking = op_cross_entropy(t, op_scores(t, u, v, 20), NULL);
    return op_add(t, op_cross_entropy(t, logits, n->label), ranking);
}

/* One pass; a digest of the loss's and all gradients' bits. */
static uint64_t run(network *n, tape *t, uint64_t step) {
    draw_batch(n, step);
    for (size_t i = 0; i < PARAMS; i++)
        tape_param_clear_grad(n->p[i]);
    tape_begin(t, &(tape_mode){.record = true, .dropout = true, .seed = 1, .step = step});
    tape_node *loss = build(n, t);
    if (!loss || !tape_backward(t, loss, NULL))
        return 0;
    uint64_t digest = 0;
    for (size_t i = 0; i < PARAMS; i++) {
        const tape_param *p = n->p[i];
        size_t rows = p->sparse ? p->sparse->slots : p->rows;
        for (size_t k = 0; k < rows * p->cols; k++) {
            uint32_t bits;
            memcpy(&bits, &p->grad[k], sizeof bits);
            digest = base_random_mix(digest, bits);
        }
    }
    uint32_t bits;
    memcpy(&bits, loss->value, sizeof bits);
    return base_random_mix(digest, bits);
}

Test(tape, same_bits_for_any_number_of_threads) {
    network n;
    new_network(&n);
    tape *t = new_tape(BYTES);
    base_error error = {0};
    uint64_t first = 0;
    for (size_t threads = 1; threads <= 4; threads++) {
        cr_assert(tape_runtime_start(threads, &error), "%s", error.text);
        uint64_t digest = run(&n, t, 1);
        cr_assert_neq(digest, 0, "%s", tape_error(t)->text);
        first = threads == 1 ? digest : first;
        cr_expect_eq(digest, first, "%zu threads give other bits", threads);
    }
    cr_expect_neq(run(&n, t, 2), first);
    base_threads_stop();
    tape_free(t);
    free_network(&n);
}

Test(tape, several_tapes_live_at_once) {
    network a, b;
    new_network(&a);
    new_network(&b);
    tape *ta = new_tape(BYTES), *tb = new_tape(BYTES);
    uint64_t alone = run(&a, ta, 1);
    draw_batch(&a, 1);
    draw_batch(&b, 2);
    tape_mode mode = {.record = true, .dropout = true, .seed = 1, .step = 1};
    tape_begin(ta, &mode);
    tape_node *loss = build(&a, ta);
    real before = loss->value[0];
    cr_assert_neq(run(&b, tb, 2), 0);
    cr_expect_eq(loss->value[0], before);
    cr_assert(tape_backward(ta, loss, NULL));
    cr_expect_eq(run(&a, ta, 1), alone);
    tape_free(ta);
    tape_free(tb);
    free_network(&a);
    free_network(&b);
}

Test(tape, passes_allocate_nothing_after_warm_up) {
    enum { WARM_UP = 3, PASSES = 200 };
    if (!heap_count_works())
        cr_skip_test("allocations cannot be counted under a sanitizer or without glibc");
    network n;
    new_network(&n);
    tape *t = new_tape(BYTES);
    base_error error = {0};
    cr_assert(tape_runtime_start(2, &error));
    size_t before = 0;
    for (uint64_t step = 0; step < WARM_UP + PASSES; step++) {
        before = step == WARM_UP ? heap_count() : before;
        cr_assert_neq(run(&n, t, step), 0, "%s", tape_error(t)->text);
    }
    size_t after = heap_count();
    cr_expect_eq(after, before, "%zu allocations", after - before);
    void *volatile seen = malloc(1);
    cr_expect_gt(heap_count(), after, "the counter counts");
    free(seen);
    base_threads_stop();
    tape_free(t);
    free_network(&n);
}
