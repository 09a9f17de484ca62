/* A model at work: encoding, its memory, what trains and what does not. */
#include "autograd/ops/ops.h"
#include "base/file.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tape_node *x_itself(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    (void)m, (void)p;
    return x;
}

static tape_node *five_times(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    (void)m;
    tape_node *twice = op_scale(p->tape, x, 2);
    return op_add(p->tape, twice, op_scale(p->tape, x, 3));
}

/* The memory of a value that was released is taken by the next one. */
Test(model, a_module_may_return_what_it_got) {
    static const nn_module_def identity = {.kind = "Identity", .forward = x_itself};
    static const nn_module_def five = {.kind = "Five", .forward = five_times};
    nn_model *m = tiny_model(1, NULL);
    float *plain = tiny_encode(m, tiny_texts, TINY_TEXTS, 0);
    m->modules[1] = m->modules[2] = m->modules[0];
    m->modules[1].rest = m->modules[2].rest = NULL;
    m->modules[1].def = &identity;
    m->modules[2].def = &five;
    m->module_count = 3;
    float *with = tiny_encode(m, tiny_texts, TINY_TEXTS, 0);
    for (size_t i = 0; i < TINY_TEXTS * m->width; i++)
        cr_assert_float_eq(with[i], 5 * plain[i], 1e-5);
    free(plain);
    free(with);
    nn_model_free(m);
}

Test(model, an_embedding_that_overflows_is_an_error) {
    base_error error = {0};
    nn_model *m = tiny_model(1, NULL);
    nn_params *params = m->encoder->params;
    for (size_t i = 0; i < nn_params_count(params); i++) {
        tape_param *p = nn_params_at(params, i);
        for (size_t e = 0; e < p->rows * p->cols; e++)
            if (p->value[e] >= 1) /* LayerNorm's factors */
                p->value[e] = REAL(3e38);
    }
    data_text text = {"a", 1};
    float out[12];
    nn_context *context = nn_context_new(&error);
    cr_expect_not(nn_model_encode(m, context, &text, 1, 0, out, NULL, &error));
    cr_expect_eq(error.status, BASE_FAILED);
    cr_expect(strstr(error.text, "the embedding of \"a\" is not finite"), "%s", error.text);
    nn_context_free(context);
    nn_model_free(m);
}

Test(model, seeds_reach_the_weights) {
    nn_model *a = tiny_model(1, NULL), *b = tiny_model(1, NULL), *c = tiny_model(2, NULL);
    tiny_expect_same(a, b);
    float *x = tiny_encode(a, tiny_texts, TINY_TEXTS, 0),
          *y = tiny_encode(c, tiny_texts, TINY_TEXTS, 0);
    cr_expect(tiny_difference(x, y, TINY_TEXTS * a->width) > 0.01);
    free(x);
    free(y);
    nn_model_free(a);
    nn_model_free(b);
    nn_model_free(c);
}

Test(model, an_embedding_does_not_depend_on_its_company) {
    nn_model *m = tiny_model(1, NULL);
    float *together = tiny_encode(m, tiny_texts, TINY_TEXTS, 0),
          *small = tiny_encode(m, tiny_texts, TINY_TEXTS, 1);
    cr_expect_lt(tiny_difference(together, small, TINY_TEXTS * m->width), 2e-6);
    for (size_t i = 0; i < TINY_TEXTS; i++) {
        float *alone = tiny_encode(m, tiny_texts + i, 1, 0);
        cr_expect_lt(tiny_difference(together + i * m->width, alone, m->width), 2e-6);
        free(alone);
    }
    cr_expect_arr_eq(together, together + 3 * m->width, m->width * sizeof *together);
    free(together);
    free(small);
    nn_model_free(m);
}

Test(model, cut_texts_are_counted) {
    nn_model *m = tiny_model(1, NULL);
    base_error error = {0};
    const char *longer = tiny_texts[4];
    data_text list[3] = {{longer, strlen(longer)}, {"a", 1}, {longer, strlen(longer)}};
    float out[3 * 12];
    size_t truncated = 99;
    nn_context *context = nn_context_new(&error);
    cr_assert(nn_model_encode(m, context, list, 3, 0, out, &truncated, &error));
    cr_expect_eq(truncated, 2);
    cr_assert(nn_model_encode(m, context, list, 0, 0, out, &truncated, &error));
    cr_expect_eq(truncated, 0);
    nn_context_free(context);
    nn_model_free(m);
}

Test(model, freezing_leaves_no_gradients) {
    base_error error = {0};
    nn_model *m = tiny_model(1, NULL);
    nn_params *set = m->encoder->params;
    size_t all = nn_params_elements(set);
    cr_assert(nn_encoder_freeze(m->encoder, true, 1, &error));
    cr_assert(nn_params_train(set, &error));
    cr_expect_lt(nn_params_trainable(set), all);
    for (size_t i = 0; i < nn_params_count(set); i++) {
        const tape_param *p = nn_params_at(set, i);
        bool frozen =
            !strncmp(p->name, "embeddings.", 11) || !strncmp(p->name, "encoder.layer.0.", 16);
        cr_expect_eq(p->grad == NULL, frozen, "%s", p->name);
    }
    cr_expect_not(nn_encoder_freeze(m->encoder, false, 3, &error));
    cr_expect_str_eq(error.text, "3 layers are to be frozen, the encoder has 2");
    nn_model_free(m);
}

static void forward_types(const nn_model *m, const uint32_t *types, real *out) {
    base_error error = {0};
    const uint32_t start[2] = {0, 4}, ids[4] = {2, 5, 6, 3};
    tape_layout layout = {.texts = 1, .tokens = 4, .start = start, .ids = ids, .types = types};
    tape *t = tape_new(1 << 24, 1 << 24, &error);
    tape_begin(t, &(tape_mode){0});
    const tape_node *y = nn_model_forward(m, t, &layout);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    memcpy(out, y->value, m->width * sizeof *out);
    tape_free(t);
}

Test(model, token_types_are_honoured) {
    nn_model *m = tiny_model(1, NULL);
    const uint32_t zeros[4] = {0}, ones[4] = {0, 0, 1, 1};
    real none[12], first[12], second[12];
    forward_types(m, NULL, none);
    forward_types(m, zeros, first);
    forward_types(m, ones, second);
    cr_expect_arr_eq(none, first, sizeof none);
    cr_expect(memcmp(none, second, sizeof none) != 0);
    nn_model_free(m);
}

/* The reserved address space is enough for forward and backward of the worst batch. */
static void run_worst_batch(const nn_model *m, size_t texts_count, size_t length, bool record) {
    base_error error = {0};
    size_t tokens = texts_count * length, bytes, scratch;
    uint32_t *start = base_alloc(texts_count + 1, sizeof *start, &error);
    uint32_t *ids = base_alloc(tokens, sizeof *ids, &error);
    for (size_t i = 0; i <= texts_count; i++)
        start[i] = (uint32_t)(i * length);
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (uint32_t)(i % 36);
    tape_layout layout = {.texts = texts_count, .tokens = tokens, .start = start, .ids = ids};
    cr_assert(nn_model_tape_bytes(m, tokens, texts_count, record, &bytes) &&
              nn_model_scratch_bytes(m, tokens, length, &scratch));
    tape *t = tape_new(bytes, scratch, &error);
    tape_begin(t, &(tape_mode){.record = record, .dropout = record, .seed = 1});
    tape_node *y = nn_model_forward(m, t, &layout);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    if (record)
        cr_expect(tape_backward(t, y, y->value), "%s", tape_error(t)->text);
    tape_free(t);
    free(start);
    free(ids);
}

/* Of a Dense that is far wider than the encoder. */
Test(model, tape_bytes_are_enough_for_the_modules) {
    enum { WIDE = 1 << 16 };
    base_error error = {0};
    const char *folder = tiny_folder("model");
    real *weight = base_alloc(WIDE * 12, sizeof *weight, &error);
    nn_tensor_source tensor = {
        .name = "linear.weight", .dims = {WIDE, 12}, .dim_count = 2, .values = weight};
    cr_assert(base_folder_make(fixture_path("model/2_Dense"), &error));
    cr_assert(
        nn_safetensors_write(fixture_path("model/2_Dense/model.safetensors"), &tensor, 1, &error));
    fixture_text("model/2_Dense/config.json",
                 "{\"in_features\": 12, \"out_features\": 65536, \"bias\": false, "
                 "\"activation_function\": \"torch.nn.modules.activation.Tanh\"}");
    fixture_text("model/modules.json",
                 "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"},"
                 "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"},"
                 "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]");
    nn_model *m = tiny_load(folder, NULL);
    run_worst_batch(m, 64, 2, false);
    cr_assert(nn_params_train(m->encoder->params, &error) &&
              nn_params_train(m->module_params, &error));
    run_worst_batch(m, 64, 2, true);
    nn_model_free(m);
    free(weight);
}

Test(model, tape_bytes_are_enough) {
    base_error error = {0};
    nn_model_options options = nn_model_as_is;
    options.normalize = 1;
    options.hidden_dropout = options.attention_dropout = 0.1;
    nn_model *m = tiny_model(1, &options);
    cr_assert(nn_params_train(m->encoder->params, &error));
    for (size_t n = 1; n <= 1024; n *= 8) {
        run_worst_batch(m, n, 16, true);
        run_worst_batch(m, n, 16, false);
        run_worst_batch(m, n, 2, true);
    }
    nn_model_free(m);
}

/* Of the largest rank, on every linear layer, with masks of their own. */
Test(model, tape_bytes_are_enough_for_adapters) {
    static const char *const all[] = {"all-linear"};
    base_error error = {0};
    nn_model *m = tiny_model(1, NULL);
    nn_lora_settings settings = {
        .rank = 12, .alpha = 8, .dropout = 0.1, .target = all, .target_count = 1};
    m->lora = nn_lora_new(m->encoder, &settings, 1, "test", &error);
    cr_assert(m->lora && nn_params_train(m->encoder->params, &error) &&
              nn_params_train(m->lora->params, &error));
    for (size_t n = 1; n <= 1024; n *= 8) {
        run_worst_batch(m, n, 16, true);
        run_worst_batch(m, n, 16, false);
        run_worst_batch(m, n, 2, true);
    }
    nn_model_free(m);
}

Test(model, tape_bytes_are_enough_for_every_encoder) {
    static const char *const golden[] = {"distil", "roberta", "xlmr", "mpnet", "albert", "modern"};
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        base_error error = {0};
        char *folder = base_format("tests/golden/%s/model", golden[i]);
        nn_model *m = tiny_load(folder, NULL);
        run_worst_batch(m, 1, 24, false);
        cr_assert(nn_params_train(m->encoder->params, &error));
        run_worst_batch(m, 1, 24, true);
        run_worst_batch(m, 1000, 24, true);
        nn_model_free(m);
        free(folder);
    }
}

static bool second_report_stops(void *context, size_t done, size_t total) {
    size_t *last = context;
    cr_expect_eq(total, 4);
    *last = done;
    return done == 0;
}

Test(model, encoding_stops_when_it_is_told_to) {
    nn_model *m = tiny_model(1, NULL);
    base_error error = {0};
    data_text list[4] = {{"a", 1}, {"a dog", 5}, {"a", 1}, {"cats", 4}};
    float out[4 * 12];
    size_t last = 99;
    base_progress progress = {second_report_stops, &last};
    nn_context *context = nn_context_new(&error);
    nn_context_progress(context, &progress);
    cr_expect_not(nn_model_encode(m, context, list, 4, 1, out, NULL, &error));
    cr_expect_eq(error.status, BASE_STOPPED);
    cr_expect_eq(last, 1);
    error = (base_error){0};
    nn_context_progress(context, NULL);
    cr_expect(nn_model_encode(m, context, list, 4, 1, out, NULL, &error), "%s", error.text);
    nn_context_free(context);
    nn_model_free(m);
}

/* Megabytes of address space of this process. */
static size_t address_space(void) {
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%zu", &pages) != 1)
        cr_skip_test("the system does not tell");
    fclose(file);
    return pages >> 8;
}

/* It reserved room for 2048 tokens, twice: 715 MB for all-MiniLM-L6-v2. */
Test(model, two_words_take_little_address_space) {
    nn_model *m = tiny_model(1, NULL);
    base_error error = {0};
    data_text list[2] = {{"a", 1}, {"dog", 3}};
    float out[2 * 12];
    size_t taken = 0;
    for (int turn = 0; turn < 2; turn++) { /* the first one pays for the BLAS's buffers too */
        nn_context *context = nn_context_new(&error);
        size_t before = address_space();
        cr_assert(nn_model_encode(m, context, list, 2, 0, out, NULL, &error), "%s", error.text);
        taken = address_space() - before;
        nn_context_free(context);
    }
    cr_expect_leq(taken, 8, "%zu MB", taken);
    nn_model_free(m);
}
