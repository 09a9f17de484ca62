#include "autograd/ops/ops.h"
#include "base/file.h"
#include "base/json.h"
#include "nn/safetensors.h"
#include "nn/weights.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {
    "a cat sat.", "the dog", "", "a cat sat.", "dogs, cats, dogs, cats, dogs, cats, dogs, cats",
    "z",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static double largest_difference(const float *a, const float *b, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

static void expect_same_embeddings(const nn_model *a, const nn_model *b) {
    cr_assert_eq(a->width, b->width);
    float *x = tiny_encode(a, texts, TEXTS, 0), *y = tiny_encode(b, texts, TEXTS, 0);
    cr_expect_eq(largest_difference(x, y, TEXTS * a->width), 0);
    free(x);
    free(y);
}

static nn_model *load(const char *folder, const nn_model_options *options) {
    base_error error = {0};
    nn_model *m = nn_model_load(folder, options, &error);
    cr_assert_not_null(m, "%s", error.text);
    return m;
}

Test(model, saved_and_loaded_gives_the_same_embeddings) {
    base_error error = {0};
    nn_model_options options = nn_model_as_is;
    options.normalize = 1;
    options.pooling = OP_POOL_MAX;
    nn_model *made = tiny_model(3, &options);
    const char *folder = fixture_path("saved");
    cr_assert(nn_model_save(made, folder, false, &error), "%s", error.text);
    nn_model *loaded = load(folder, NULL);
    cr_expect_eq(loaded->max_length, 16);
    cr_expect_eq(loaded->module_count, 2);
    expect_same_embeddings(made, loaded);
    nn_model_free(made);
    nn_model_free(loaded);
}

Test(model, folder_has_every_file) {
    static const char *const names[] = {
        "modules.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "config.json",
        "model.safetensors",
        "vocab.txt",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "README.md",
        "1_Pooling/config.json",
    };
    const char *folder = tiny_folder("model");
    base_error error = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = base_path(folder, names[i], &error);
        cr_expect(base_file_exists(path), "%s", path);
        free(path);
    }
}

Test(model, config_keys_and_unused_tensors_are_written_back_as_read) {
    base_error error = {0};
    nn_model *first = load(tiny_folder("first"), NULL);
    cr_assert(nn_model_save(first, fixture_path("second"), false, &error), "%s", error.text);
    cJSON *config = base_json_file(fixture_path("second/config.json"), &error);
    char *kept = base_json_line(base_json_get(config, "a_key_of_ours"));
    cr_expect_str_eq(kept, "[1,\"two\"]");
    free(kept);
    cJSON_Delete(config);
    base_bytes a = {0}, b = {0};
    cr_assert(base_file_read(fixture_path("first/model.safetensors"), &a, &error));
    cr_assert(base_file_read(fixture_path("second/model.safetensors"), &b, &error));
    cr_assert_eq(a.size, b.size);
    cr_expect(!memcmp(a.data, b.data, a.size));
    cr_expect_eq(first->extra->count, 2);
    base_bytes_free(&a);
    base_bytes_free(&b);
    nn_model_free(first);
}

Test(model, an_existing_folder_is_refused_and_a_strange_one_never_replaced) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *m = tiny_model(2, NULL);
    cr_expect_not(nn_model_save(m, folder, false, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "exists already") != NULL);
    error = (base_error){0};
    cr_expect(nn_model_save(m, folder, true, &error), "%s", error.text);
    nn_model *back = load(folder, NULL);
    expect_same_embeddings(m, back);
    const char *strange = fixture_path("strange");
    base_folder_make(strange, &error);
    const char *letter = fixture_text("strange/letter.txt", "dear");
    cr_expect_not(nn_model_save(m, strange, true, &error));
    cr_expect(strstr(error.text, "not a model folder") != NULL);
    cr_expect(base_file_exists(letter));
    nn_model_free(m);
    nn_model_free(back);
}

Test(model, a_save_that_fails_leaves_nothing) {
    base_error error = {0};
    nn_model *m = tiny_model(1, NULL);
    const char *file = fixture_text("file", "text");
    cr_expect_not(nn_model_save(m, fixture_path("file/model"), false, &error));
    cr_expect_neq(error.status, BASE_OK);
    uint64_t size;
    error = (base_error){0};
    cr_expect(base_file_size(file, &size, &error) && size == 4);
    nn_model_free(m);
}

/* Where older versions of sentence-transformers put the encoder. */
Test(model, an_encoder_in_a_folder_of_its_own_is_read) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *before = load(folder, NULL);
    cr_assert(base_folder_make(fixture_path("old/1_Pooling"), &error));
    cr_assert_eq(rename(fixture_path("model/1_Pooling/config.json"),
                        fixture_path("old/1_Pooling/config.json")),
                 0);
    cr_assert_eq(rename(folder, fixture_path("old/0_Transformer")), 0);
    fixture_text("old/modules.json", "[{\"idx\": 0, \"name\": \"0\", \"path\": \"0_Transformer\","
                                     "\"type\": \"sentence_transformers.models.Transformer\"},"
                                     "{\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\","
                                     "\"type\": \"sentence_transformers.models.Pooling\"}]");
    nn_model *after = load(fixture_path("old"), NULL);
    expect_same_embeddings(before, after);
    nn_model_free(before);
    nn_model_free(after);
}

/* A Dense module: y = tanh(w x + b) of the pooled vector. */
Test(model, dense_modules_are_read_and_written) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *plain = load(folder, NULL);
    real weight[2 * 12] = {[0] = (real)0.5, [12 + 3] = -1}, bias[2] = {(real)0.25, 0};
    nn_tensor_source tensors[] = {
        {.name = "linear.weight", .dims = {2, 12}, .dim_count = 2, .values = weight},
        {.name = "linear.bias", .dims = {2}, .dim_count = 1, .values = bias},
    };
    cr_assert(base_folder_make(fixture_path("model/2_Dense"), &error));
    cr_assert(
        nn_safetensors_write(fixture_path("model/2_Dense/model.safetensors"), tensors, 2, &error));
    fixture_text("model/2_Dense/config.json",
                 "{\"in_features\": 12, \"out_features\": 2, \"bias\": true, "
                 "\"activation_function\": \"torch.nn.modules.activation.Tanh\"}");
    fixture_text("model/modules.json",
                 "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"},"
                 "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"},"
                 "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]");
    nn_model *dense = load(folder, NULL);
    cr_assert_eq(dense->width, 2);
    float *x = tiny_encode(plain, texts, TEXTS, 0), *y = tiny_encode(dense, texts, TEXTS, 0);
    for (size_t i = 0; i < TEXTS; i++) {
        cr_expect_float_eq(y[2 * i], tanh(0.5 * (double)x[12 * i] + 0.25), 1e-6);
        cr_expect_float_eq(y[2 * i + 1], tanh(-(double)x[12 * i + 3]), 1e-6);
    }
    free(x);
    free(y);
    cr_assert(nn_model_save(dense, fixture_path("again"), false, &error), "%s", error.text);
    nn_model *again = load(fixture_path("again"), NULL);
    expect_same_embeddings(dense, again);
    nn_model_free(plain);
    nn_model_free(dense);
    nn_model_free(again);
}

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
    float *plain = tiny_encode(m, texts, TEXTS, 0);
    m->modules[1] = m->modules[2] = m->modules[0];
    m->modules[1].rest = m->modules[2].rest = NULL;
    m->modules[1].def = &identity;
    m->modules[2].def = &five;
    m->module_count = 3;
    float *with = tiny_encode(m, texts, TEXTS, 0);
    for (size_t i = 0; i < TEXTS * m->width; i++)
        cr_assert_float_eq(with[i], 5 * plain[i], 1e-5);
    free(plain);
    free(with);
    nn_model_free(m);
}

/* As people pad tables to a multiple of 64: the vocabulary has fewer entries than the table rows.
 */
Test(model, a_padded_vocabulary_is_read_and_written_as_it_is) {
    base_error error = {0};
    nn_model *whole = load(tiny_folder("model"), NULL);
    remove(fixture_path("model/tokenizer.json"));
    base_bytes vocab = {0};
    cr_assert(base_file_read(fixture_path("model/vocab.txt"), &vocab, &error));
    fixture_write("model/vocab.txt", vocab.data, vocab.size - strlen("##s\n"));
    nn_model *padded = load(fixture_path("model"), NULL);
    cr_expect_eq(data_tokenizer_vocab_size(padded->tokenizer), 36);
    float *x = tiny_encode(whole, texts, 2, 0), *y = tiny_encode(padded, texts, 2, 0);
    cr_expect_arr_eq(x, y, 2 * whole->width * sizeof *x);
    cr_assert(nn_model_save(padded, fixture_path("again"), false, &error), "%s", error.text);
    base_bytes a = {0}, b = {0};
    cr_assert(base_file_read(fixture_path("model/model.safetensors"), &a, &error));
    cr_assert(base_file_read(fixture_path("again/model.safetensors"), &b, &error));
    cr_assert_eq(a.size, b.size);
    cr_expect_eq(memcmp(a.data, b.data, a.size), 0);
    nn_model_free(load(fixture_path("again"), NULL));
    base_bytes_free(&vocab);
    base_bytes_free(&a);
    base_bytes_free(&b);
    free(x);
    free(y);
    nn_model_free(whole);
    nn_model_free(padded);
}

static bool card_has(const nn_model *m, const char *part) {
    base_error error = {0};
    base_bytes text = {0};
    cr_assert(nn_model_save(m, fixture_path("card"), true, &error), "%s", error.text);
    cr_assert(base_file_read(fixture_path("card/README.md"), &text, &error));
    cr_assert(base_bytes_add(&text, "", 1, &error));
    bool has = strstr(text.data, part) != NULL;
    base_bytes_free(&text);
    return has;
}

Test(model, the_card_says_what_is_known_of_the_training) {
    nn_model *m = tiny_model(1, NULL);
    cr_expect(card_has(m, "2 layers, 12 columns"));
    cr_expect_not(card_has(m, "## Scores"));
    m->card.data = base_format("- nli.tsv, 40 rows");
    m->card.recipe = base_format("- loss: softmax");
    cr_expect(card_has(m, "## Training data\n\n- nli.tsv, 40 rows\n"));
    cr_expect(card_has(m, "## Recipe\n\n- loss: softmax\n"));
    cr_expect_not(card_has(m, "## Scores"));
    nn_model_free(m);
}

Test(model, a_run_folder_means_its_model) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("run"), &error));
    fixture_text("run/config.json", "{\"loss\": \"softmax\"}");
    nn_model *direct = load(tiny_folder("run/model"), NULL), *run = load(fixture_path("run"), NULL);
    expect_same_embeddings(direct, run);
    size_t length = 0;
    data_tokenizer *tokenizer = nn_model_load_tokenizer(fixture_path("run"), &length, &error);
    cr_expect_not_null(tokenizer, "%s", error.text);
    cr_expect_eq(length, 16);
    data_tokenizer_free(tokenizer);
    nn_model_free(direct);
    nn_model_free(run);
}

/* As sentence-transformers 6 reads them: the mean is for configs that ask for nothing. */
Test(model, pooling_flags_that_are_missing_are_off) {
    static const struct {
        const char *config;
        op_pool_mode mode;
    } cases[] = {
        {"{\"pooling_mode_cls_token\": true}", OP_POOL_CLS},
        {"{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}", OP_POOL_CLS},
        {"{\"pooling_mode_cls_token\": false}", OP_POOL_MEAN},
        {"{\"pooling_mode_mean_tokens\": false, \"pooling_mode_max_tokens\": false}", OP_POOL_MEAN},
        {"{\"word_embedding_dimension\": 12}", OP_POOL_MEAN},
        {"{\"pooling_mode_cls_token\": true, \"pooling_mode\": \"max\"}", OP_POOL_MAX},
    };
    const char *folder = tiny_folder("model");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_text("model/1_Pooling/config.json", cases[i].config);
        nn_model *m = load(folder, NULL);
        cr_expect_eq(m->width, 12, "%s", cases[i].config);
        cr_expect_eq(m->modules[0].pool[0], cases[i].mode, "%s", cases[i].config);
        nn_model_free(m);
    }
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

Test(model, inspecting_reads_no_weights) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *m = nn_model_inspect(folder, &error);
    cr_assert_not_null(m, "%s", error.text);
    cr_expect_eq(m->width, 12);
    for (size_t i = 0; i < nn_params_count(m->encoder->params); i++)
        cr_expect_eq(nn_params_at(m->encoder->params, i)->value[0], 0);
    nn_model_free(m);
}

Test(model, seeds_reach_the_weights) {
    nn_model *a = tiny_model(1, NULL), *b = tiny_model(1, NULL), *c = tiny_model(2, NULL);
    expect_same_embeddings(a, b);
    float *x = tiny_encode(a, texts, TEXTS, 0), *y = tiny_encode(c, texts, TEXTS, 0);
    cr_expect(largest_difference(x, y, TEXTS * a->width) > 0.01);
    free(x);
    free(y);
    nn_model_free(a);
    nn_model_free(b);
    nn_model_free(c);
}

Test(model, an_embedding_does_not_depend_on_its_company) {
    nn_model *m = tiny_model(1, NULL);
    float *together = tiny_encode(m, texts, TEXTS, 0), *small = tiny_encode(m, texts, TEXTS, 1);
    cr_expect_lt(largest_difference(together, small, TEXTS * m->width), 2e-6);
    for (size_t i = 0; i < TEXTS; i++) {
        float *alone = tiny_encode(m, texts + i, 1, 0);
        cr_expect_lt(largest_difference(together + i * m->width, alone, m->width), 2e-6);
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
    const char *longer = texts[4];
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

Test(model, options_override_the_folder) {
    nn_model_options options = nn_model_as_is;
    const char *folder = tiny_folder("model");
    options.max_length = 5;
    options.normalize = 1;
    options.hidden_dropout = 0;
    options.attention_dropout = 0.25;
    nn_model *m = load(folder, &options);
    cr_expect_eq(m->max_length, 5);
    cr_expect_eq(m->module_count, 2);
    cr_expect_eq(m->encoder->transformer.spec.hidden_dropout, 0);
    cr_expect_eq(m->encoder->transformer.spec.attention_dropout, 0.25);
    float *rows = tiny_encode(m, texts, TEXTS, 0);
    for (size_t i = 0; i < TEXTS; i++) {
        double squares = 0;
        for (size_t c = 0; c < m->width; c++)
            squares += (double)rows[i * m->width + c] * (double)rows[i * m->width + c];
        cr_expect_float_eq(squares, 1, 1e-5);
    }
    free(rows);
    nn_model_free(m);
}

/* Rewrites the tensors of a saved model through `change`, which may give new heap memory to name
 * and raw. */
typedef void change_tensor(nn_tensor_source *t);

static void free_constant(const void *memory) {
    void *p;
    memcpy(&p, &memory, sizeof p);
    free(p);
}

static void rewrite(const char *from, const char *to, change_tensor *change) {
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(from, &error);
    cr_assert_not_null(file, "%s", error.text);
    nn_tensor_source sources[64];
    size_t count = nn_safetensors_count(file);
    for (size_t i = 0; i < count; i++) {
        const nn_tensor_info *info = nn_safetensors_at(file, i);
        real *values = base_alloc(info->elements, sizeof *values, &error);
        cr_assert(nn_safetensors_read(file, info, values, &error));
        sources[i] =
            (nn_tensor_source){.name = info->name, .dim_count = info->dim_count, .values = values};
        memcpy(sources[i].dims, info->dims, sizeof info->dims);
        change(&sources[i]);
    }
    cr_assert(nn_safetensors_write(to, sources, count, &error), "%s", error.text);
    for (size_t i = 0; i < count; i++) {
        free_constant(sources[i].values);
        free_constant(sources[i].raw);
        if (sources[i].name != nn_safetensors_at(file, i)->name)
            free_constant(sources[i].name);
    }
    nn_safetensors_close(file);
}

static void to_old_names(nn_tensor_source *t) {
    char *name = base_format("bert.%s", t->name), *end;
    if ((end = strstr(name, "LayerNorm.weight")))
        strcpy(end, "LayerNorm.gamma");
    if ((end = strstr(name, "LayerNorm.bias")))
        strcpy(end, "LayerNorm.beta");
    t->name = name;
}

Test(model, prefixed_and_old_tensor_names_are_read) {
    const char *folder = tiny_folder("model");
    nn_model *before = load(folder, NULL);
    const char *weights = fixture_path("model/model.safetensors");
    rewrite(weights, weights, to_old_names);
    nn_model *after = load(folder, NULL);
    expect_same_embeddings(before, after);
    cr_expect_eq(after->extra->count, 2);
    cr_expect_eq(strncmp(after->extra->tensors[0].name, "bert.pooler.", 12), 0);
    base_error error = {0};
    cr_assert(nn_model_save(after, fixture_path("again"), false, &error), "%s", error.text);
    nn_safetensors *file = nn_safetensors_open(fixture_path("again/model.safetensors"), &error);
    cr_expect_not_null(nn_safetensors_find(file, "bert.encoder.layer.0.output.LayerNorm.weight"));
    cr_expect_not_null(nn_safetensors_find(file, "bert.pooler.dense.bias"));
    nn_safetensors_close(file);
    nn_model_free(before);
    nn_model_free(after);
}

static void to_bf16(nn_tensor_source *t) {
    size_t n = 1;
    for (size_t i = 0; i < t->dim_count; i++)
        n *= t->dims[i];
    uint16_t *upper = malloc(n * sizeof *upper);
    for (size_t i = 0; i < n; i++) {
        float value = (float)t->values[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        upper[i] = (uint16_t)(bits >> 16);
    }
    t->raw = upper;
    t->raw_dtype = "BF16";
}

Test(model, bf16_weights_are_read) {
    const char *folder = tiny_folder("model");
    nn_model *before = load(folder, NULL);
    const char *weights = fixture_path("model/model.safetensors");
    rewrite(weights, weights, to_bf16);
    nn_model *after = load(folder, NULL);
    float *x = tiny_encode(before, texts, TEXTS, 0), *y = tiny_encode(after, texts, TEXTS, 0);
    double difference = largest_difference(x, y, TEXTS * before->width);
    cr_expect(difference > 0 && difference < 0.2, "%g", difference);
    free(x);
    free(y);
    base_error error = {0};
    base_bytes a = {0}, b = {0};
    cr_expect_str_eq(after->dtype->name, "BF16");
    after->save_as = after->dtype;
    cr_assert(nn_model_save(after, fixture_path("again"), false, &error), "%s", error.text);
    cr_assert(base_file_read(weights, &a, &error));
    cr_assert(base_file_read(fixture_path("again/model.safetensors"), &b, &error));
    cr_assert_eq(a.size, b.size);
    cr_expect_eq(memcmp(a.data, b.data, a.size), 0);
    cJSON *config = base_json_file(fixture_path("again/config.json"), &error);
    const char *told = NULL;
    cr_assert(base_json_text(config, "torch_dtype", &told, "config", &error));
    cr_expect_str_eq(told, "bfloat16");
    cJSON_Delete(config);
    base_bytes_free(&a);
    base_bytes_free(&b);
    nn_model_free(before);
    nn_model_free(after);
}

Test(model, unknown_keys_of_the_transformer_are_kept) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    remove(fixture_path("model/sentence_bert_config.json"));
    fixture_text("model/sentence_roberta_config.json",
                 "{\"max_seq_length\": 9, \"ours\": [1], \"transformer_task\": "
                 "\"feature-extraction\"}");
    nn_model *m = load(folder, NULL);
    cr_expect_eq(m->max_length, 9);
    cr_assert(nn_model_save(m, fixture_path("again"), false, &error), "%s", error.text);
    cJSON *config = base_json_file(fixture_path("again/sentence_bert_config.json"), &error);
    char *line = base_json_line(config);
    cr_expect_str_eq(line, "{\"ours\":[1],\"max_seq_length\":9,\"do_lower_case\":false}");
    free(line);
    cJSON_Delete(config);
    nn_model_free(m);
}

Test(model, unknown_keys_of_modules_json_are_kept) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    fixture_text("model/modules.json", "[{\"name\": \"0\", \"path\": \"\", \"kwargs\": [\"a\"],"
                                       "\"type\": \"sentence_transformers.models.Transformer\"},"
                                       "{\"name\": \"pool\", \"path\": \"1_Pooling\", \"ours\": 1,"
                                       "\"type\": \"sentence_transformers.models.Pooling\"}]");
    nn_model *m = load(folder, NULL);
    cr_assert(nn_model_save(m, fixture_path("again"), false, &error), "%s", error.text);
    cJSON *list = base_json_file(fixture_path("again/modules.json"), &error);
    char *line = base_json_line(list);
    cr_expect_not_null(strstr(line, "\"kwargs\":[\"a\"]"), "%s", line);
    cr_expect_not_null(strstr(line, "\"name\":\"pool\""), "%s", line);
    cr_expect_not_null(strstr(line, "\"ours\":1"), "%s", line);
    free(line);
    cJSON_Delete(list);
    nn_model_free(m);
}

Test(model, a_plain_folder_gets_mean_pooling) {
    const char *folder = tiny_folder("model");
    nn_model *before = load(folder, NULL);
    remove(fixture_path("model/modules.json"));
    remove(fixture_path("model/sentence_bert_config.json"));
    nn_model *after = load(folder, NULL);
    cr_expect_eq(after->module_count, 1);
    cr_expect_eq(after->modules[0].pool[0], OP_POOL_MEAN);
    expect_same_embeddings(before, after);
    nn_model_free(before);
    nn_model_free(after);
}

Test(model, newer_pooling_configs_are_read_in_their_order) {
    const char *folder = tiny_folder("model");
    fixture_text("model/1_Pooling/config.json",
                 "{\"embedding_dimension\": 12, \"pooling_mode\": [\"mean\", \"max\"]}");
    nn_model *both = load(folder, NULL);
    cr_expect_eq(both->width, 24);
    nn_model_options options = nn_model_as_is;
    options.pooling = OP_POOL_MAX;
    nn_model *max = load(folder, &options);
    float *x = tiny_encode(both, texts, 1, 0), *y = tiny_encode(max, texts, 1, 0);
    cr_expect_arr_eq(x + 12, y, 12 * sizeof *x);
    free(x);
    free(y);
    base_error error = {0};
    cr_assert(nn_model_save(both, fixture_path("again"), false, &error));
    nn_model *again = load(fixture_path("again"), NULL);
    expect_same_embeddings(both, again);
    nn_model_free(both);
    nn_model_free(max);
    nn_model_free(again);
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
    nn_model *m = load(folder, NULL);
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

Test(model, tape_bytes_are_enough_for_every_encoder) {
    static const char *const golden[] = {"distil", "roberta", "xlmr", "mpnet", "albert", "modern"};
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        base_error error = {0};
        char *folder = base_format("tests/golden/%s/model", golden[i]);
        nn_model *m = load(folder, NULL);
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
