/* Model folders as they are read and written back: modules, configs, prompts, the card. */
#include "base/file.h"
#include "base/json.h"
#include "nn/safetensors.h"
#include "nn/weights.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(model_folder, saved_and_loaded_gives_the_same_embeddings) {
    base_error error = {0};
    nn_model_options options = nn_model_as_is;
    options.normalize = 1;
    options.pooling = OP_POOL_MAX;
    nn_model *made = tiny_model(3, &options);
    const char *folder = fixture_path("saved");
    cr_assert(nn_model_save(made, folder, false, &error), "%s", error.text);
    nn_model *loaded = tiny_load(folder, NULL);
    cr_expect_eq(loaded->max_length, 16);
    cr_expect_eq(loaded->module_count, 2);
    tiny_expect_same(made, loaded);
    nn_model_free(made);
    nn_model_free(loaded);
}

Test(model_folder, folder_has_every_file) {
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

Test(model_folder, config_keys_and_unused_tensors_are_written_back_as_read) {
    base_error error = {0};
    nn_model *first = tiny_load(tiny_folder("first"), NULL);
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

Test(model_folder, an_existing_folder_is_refused_and_a_strange_one_never_replaced) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *m = tiny_model(2, NULL);
    cr_expect_not(nn_model_save(m, folder, false, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "exists already") != NULL);
    error = (base_error){0};
    cr_expect(nn_model_save(m, folder, true, &error), "%s", error.text);
    nn_model *back = tiny_load(folder, NULL);
    tiny_expect_same(m, back);
    const char *strange = fixture_path("strange");
    base_folder_make(strange, &error);
    const char *letter = fixture_text("strange/letter.txt", "dear");
    cr_expect_not(nn_model_save(m, strange, true, &error));
    cr_expect(strstr(error.text, "not a model folder") != NULL);
    cr_expect(base_file_exists(letter));
    nn_model_free(m);
    nn_model_free(back);
}

Test(model_folder, a_save_that_fails_leaves_nothing) {
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
Test(model_folder, an_encoder_in_a_folder_of_its_own_is_read) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *before = tiny_load(folder, NULL);
    cr_assert(base_folder_make(fixture_path("old/1_Pooling"), &error));
    cr_assert_eq(rename(fixture_path("model/1_Pooling/config.json"),
                        fixture_path("old/1_Pooling/config.json")),
                 0);
    cr_assert_eq(rename(folder, fixture_path("old/0_Transformer")), 0);
    fixture_text("old/modules.json", "[{\"idx\": 0, \"name\": \"0\", \"path\": \"0_Transformer\","
                                     "\"type\": \"sentence_transformers.models.Transformer\"},"
                                     "{\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\","
                                     "\"type\": \"sentence_transformers.models.Pooling\"}]");
    nn_model *after = tiny_load(fixture_path("old"), NULL);
    tiny_expect_same(before, after);
    nn_model_free(before);
    nn_model_free(after);
}

/* A Dense module: y = tanh(w x + b) of the pooled vector. */
Test(model_folder, dense_modules_are_read_and_written) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *plain = tiny_load(folder, NULL);
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
    nn_model *dense = tiny_load(folder, NULL);
    cr_assert_eq(dense->width, 2);
    float *x = tiny_encode(plain, tiny_texts, TINY_TEXTS, 0),
          *y = tiny_encode(dense, tiny_texts, TINY_TEXTS, 0);
    for (size_t i = 0; i < TINY_TEXTS; i++) {
        cr_expect_float_eq(y[2 * i], tanh(0.5 * (double)x[12 * i] + 0.25), 1e-6);
        cr_expect_float_eq(y[2 * i + 1], tanh(-(double)x[12 * i + 3]), 1e-6);
    }
    free(x);
    free(y);
    cr_assert(nn_model_save(dense, fixture_path("again"), false, &error), "%s", error.text);
    nn_model *again = tiny_load(fixture_path("again"), NULL);
    tiny_expect_same(dense, again);
    nn_model_free(plain);
    nn_model_free(dense);
    nn_model_free(again);
}

/* As people pad tables to a multiple of 64: the vocabulary has fewer entries than the table rows.
 */
Test(model_folder, a_padded_vocabulary_is_read_and_written_as_it_is) {
    base_error error = {0};
    nn_model *whole = tiny_load(tiny_folder("model"), NULL);
    remove(fixture_path("model/tokenizer.json"));
    base_bytes vocab = {0};
    cr_assert(base_file_read(fixture_path("model/vocab.txt"), &vocab, &error));
    fixture_write("model/vocab.txt", vocab.data, vocab.size - strlen("##s\n"));
    nn_model *padded = tiny_load(fixture_path("model"), NULL);
    cr_expect_eq(data_tokenizer_vocab_size(padded->tokenizer), 36);
    float *x = tiny_encode(whole, tiny_texts, 2, 0), *y = tiny_encode(padded, tiny_texts, 2, 0);
    cr_expect_arr_eq(x, y, 2 * whole->width * sizeof *x);
    cr_assert(nn_model_save(padded, fixture_path("again"), false, &error), "%s", error.text);
    base_bytes a = {0}, b = {0};
    cr_assert(base_file_read(fixture_path("model/model.safetensors"), &a, &error));
    cr_assert(base_file_read(fixture_path("again/model.safetensors"), &b, &error));
    cr_assert_eq(a.size, b.size);
    cr_expect_eq(memcmp(a.data, b.data, a.size), 0);
    nn_model_free(tiny_load(fixture_path("again"), NULL));
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

Test(model_folder, the_card_says_what_is_known_of_the_training) {
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

Test(model_folder, a_run_folder_means_its_model) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("run"), &error));
    fixture_text("run/config.json", "{\"loss\": \"softmax\"}");
    nn_model *direct = tiny_load(tiny_folder("run/model"), NULL),
             *run = tiny_load(fixture_path("run"), NULL);
    tiny_expect_same(direct, run);
    size_t length = 0;
    data_tokenizer *tokenizer = nn_model_load_tokenizer(fixture_path("run"), &length, &error);
    cr_expect_not_null(tokenizer, "%s", error.text);
    cr_expect_eq(length, 16);
    data_tokenizer_free(tokenizer);
    nn_model_free(direct);
    nn_model_free(run);
}

/* As sentence-transformers 6 reads them: the mean is for configs that ask for nothing. */
Test(model_folder, pooling_flags_that_are_missing_are_off) {
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
        nn_model *m = tiny_load(folder, NULL);
        cr_expect_eq(m->width, 12, "%s", cases[i].config);
        cr_expect_eq(m->modules[0].pool[0], cases[i].mode, "%s", cases[i].config);
        nn_model_free(m);
    }
}

Test(model_folder, inspecting_reads_no_weights) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    nn_model *m = nn_model_inspect(folder, &error);
    cr_assert_not_null(m, "%s", error.text);
    cr_expect_eq(m->width, 12);
    for (size_t i = 0; i < nn_params_count(m->encoder->params); i++)
        cr_expect_eq(nn_params_at(m->encoder->params, i)->value[0], 0);
    nn_model_free(m);
}

Test(model_folder, options_override_the_folder) {
    nn_model_options options = nn_model_as_is;
    const char *folder = tiny_folder("model");
    options.max_length = 5;
    options.normalize = 1;
    options.hidden_dropout = 0;
    options.attention_dropout = 0.25;
    nn_model *m = tiny_load(folder, &options);
    cr_expect_eq(m->max_length, 5);
    cr_expect_eq(m->module_count, 2);
    cr_expect_eq(m->encoder->transformer.spec.hidden_dropout, 0);
    cr_expect_eq(m->encoder->transformer.spec.attention_dropout, 0.25);
    float *rows = tiny_encode(m, tiny_texts, TINY_TEXTS, 0);
    for (size_t i = 0; i < TINY_TEXTS; i++) {
        double squares = 0;
        for (size_t c = 0; c < m->width; c++)
            squares += (double)rows[i * m->width + c] * (double)rows[i * m->width + c];
        cr_expect_float_eq(squares, 1, 1e-5);
    }
    free(rows);
    nn_model_free(m);
}

Test(model_folder, unknown_keys_of_the_transformer_are_kept) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    remove(fixture_path("model/sentence_bert_config.json"));
    fixture_text("model/sentence_roberta_config.json",
                 "{\"max_seq_length\": 9, \"ours\": [1], \"transformer_task\": "
                 "\"feature-extraction\"}");
    nn_model *m = tiny_load(folder, NULL);
    cr_expect_eq(m->max_length, 9);
    cr_assert(nn_model_save(m, fixture_path("again"), false, &error), "%s", error.text);
    cJSON *config = base_json_file(fixture_path("again/sentence_bert_config.json"), &error);
    char *line = base_json_line(config);
    cr_expect_str_eq(line, "{\"ours\":[1],\"max_seq_length\":9,\"do_lower_case\":false}");
    free(line);
    cJSON_Delete(config);
    nn_model_free(m);
}

Test(model_folder, unknown_keys_of_modules_json_are_kept) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    fixture_text("model/modules.json", "[{\"name\": \"0\", \"path\": \"\", \"kwargs\": [\"a\"],"
                                       "\"type\": \"sentence_transformers.models.Transformer\"},"
                                       "{\"name\": \"pool\", \"path\": \"1_Pooling\", \"ours\": 1,"
                                       "\"type\": \"sentence_transformers.models.Pooling\"}]");
    nn_model *m = tiny_load(folder, NULL);
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

Test(model_folder, a_plain_folder_gets_mean_pooling) {
    const char *folder = tiny_folder("model");
    nn_model *before = tiny_load(folder, NULL);
    remove(fixture_path("model/modules.json"));
    remove(fixture_path("model/sentence_bert_config.json"));
    nn_model *after = tiny_load(folder, NULL);
    cr_expect_eq(after->module_count, 1);
    cr_expect_eq(after->modules[0].pool[0], OP_POOL_MEAN);
    tiny_expect_same(before, after);
    nn_model_free(before);
    nn_model_free(after);
}

Test(model_folder, newer_pooling_configs_are_read_in_their_order) {
    const char *folder = tiny_folder("model");
    fixture_text("model/1_Pooling/config.json",
                 "{\"embedding_dimension\": 12, \"pooling_mode\": [\"mean\", \"max\"]}");
    nn_model *both = tiny_load(folder, NULL);
    cr_expect_eq(both->width, 24);
    nn_model_options options = nn_model_as_is;
    options.pooling = OP_POOL_MAX;
    nn_model *max = tiny_load(folder, &options);
    float *x = tiny_encode(both, tiny_texts, 1, 0), *y = tiny_encode(max, tiny_texts, 1, 0);
    cr_expect_arr_eq(x + 12, y, 12 * sizeof *x);
    free(x);
    free(y);
    base_error error = {0};
    cr_assert(nn_model_save(both, fixture_path("again"), false, &error));
    nn_model *again = tiny_load(fixture_path("again"), NULL);
    tiny_expect_same(both, again);
    nn_model_free(both);
    nn_model_free(max);
    nn_model_free(again);
}
