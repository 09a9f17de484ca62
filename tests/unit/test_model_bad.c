/* Model folders that are wrong: one sentence, BASE_BAD_INPUT, nothing written. */
#include "base/file.h"
#include "base/json.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *value, *part;
} wrong_sizes[] = {
    {"hidden_size", "0", "hidden_size is 0, expected a whole number from 1"},
    {"hidden_size", "-12", "hidden_size is -12, expected a whole number"},
    {"hidden_size", "12.5", "hidden_size is 12.5, expected a whole number"},
    {"hidden_size", "1e300", "hidden_size is 1e+300, expected a whole number"},
    {"hidden_size", "9007199254740993", "hidden_size is "},
    {"hidden_size", "\"12\"", "hidden_size is \"12\", expected a whole number"},
    {"hidden_size", "13", "hidden_size is 13 and num_attention_heads 3, expected a multiple"},
    {"hidden_size", "15", "word_embedding_dimension is 12, expected a whole number from 15"},
    {"num_hidden_layers", "0", "num_hidden_layers is 0"},
    {"num_hidden_layers", "3",
     "16 tensors are missing: encoder.layer.2.attention.self.query.weight, "},
    {"num_hidden_layers", "100000", "num_hidden_layers is 100000"},
    {"num_attention_heads", "0", "num_attention_heads is 0"},
    {"num_attention_heads", "5", "hidden_size is 12 and num_attention_heads 5"},
    {"intermediate_size", "-1", "intermediate_size is -1"},
    {"intermediate_size", "21", "has shape [20, 12], expected [21, 12]"},
    {"vocab_size", "36", "vocab_size is 36, expected at least 37 as the vocabulary has"},
    {"vocab_size", "38", "word_embeddings.weight has shape [37, 12], expected [38, 12]"},
    {"vocab_size", "67108864", "has shape [37, 12], expected [67108864, 12]"},
    {"max_position_embeddings", "0", "max_position_embeddings is 0"},
    {"max_position_embeddings", "1e9", "max_position_embeddings is 1000000000"},
    {"type_vocab_size", "true", "type_vocab_size is true"},
    {"layer_norm_eps", "-1", "layer_norm_eps is -1"},
    {"hidden_dropout_prob", "1", "hidden_dropout_prob is 1"},
    {"hidden_act", "\"mish\"", "hidden_act is \"mish\", expected gelu"},
    {"position_embedding_type", "\"relative_key\"", "position_embedding_type is \"relative_key\""},
    {"is_decoder", "true", "is_decoder is true"},
    {"model_type", "\"deberta\"",
     "model_type is \"deberta\", which is not supported yet, expected \"bert\" or"},
    {"model_type", NULL, "model_type is missing"},
};

Test(model_bad, sizes_in_config) {
    tiny_folder("model");
    const char *folder = fixture_path("model");
    base_bytes good = {0};
    base_error error = {0};
    cr_assert(base_file_read(fixture_path("model/config.json"), &good, &error));
    for (size_t i = 0; i < sizeof wrong_sizes / sizeof *wrong_sizes; i++) {
        tiny_edit("model/config.json", wrong_sizes[i].key, wrong_sizes[i].value);
        tiny_expect_refused(folder, wrong_sizes[i].part);
        fixture_write("model/config.json", good.data, good.size);
    }
    fixture_text("model/config.json", "[]");
    tiny_expect_refused(folder, "config.json: not a JSON object");
    fixture_text("model/config.json", "{\"model_type\": \"bert\",}");
    tiny_expect_refused(folder, "line 1, column");
    base_bytes_free(&good);
}

static const struct {
    const char *golden, *key, *value, *part;
} wrong_families[] = {
    {"distil", "sinusoidal_pos_embds", "true", "sinusoidal_pos_embds is true"},
    {"roberta", "pad_token_id", "-1", "pad_token_id is -1, expected a whole number from 0"},
    {"roberta", "pad_token_id", "35", "max_position_embeddings is 25, expected at least 38"},
    {"roberta", "position_embedding_type", "\"relative_key_query\"", "position_embedding_type is"},
    {"xlmr", "max_position_embeddings", "3", "max_position_embeddings is 3, expected at least 4"},
    {"mpnet", "max_position_embeddings", "2", "max_position_embeddings is 2, expected at least 4"},
    {"mpnet", "relative_attention_num_buckets", "31", "relative_attention_num_buckets is 31"},
    {"mpnet", "relative_attention_num_buckets", "33",
     "encoder.relative_attention_bias.weight has shape [32, 3], expected [33, 3]"},
    {"mpnet", "num_attention_heads", "7", "expected [32, 7]"},
    {"albert", "embedding_size", "0", "embedding_size is 0"},
    {"albert", "embedding_size", "8", "word_embeddings.weight has shape [36, 7], expected [36, 8]"},
    {"albert", "num_hidden_groups", "4", "num_hidden_groups is 4, expected a whole number from 1"},
    {"albert", "num_hidden_groups", "3", "albert_layer_groups.2.albert_layers.0.attention.query"},
    {"albert", "inner_group_num", "1000", "inner_group_num is 1000"},
    {"albert", "is_decoder", "true", "is_decoder is true"},
    {"modern", "local_attention", "1", "local_attention is 1, expected a whole number from 2"},
    {"modern", "layer_types", "[\"full_attention\"]", "layer_types is no list of 3"},
    {"modern", "layer_types", "\"full_attention\"", "layer_types is no list of 3"},
    {"modern", "layer_types", "[\"full_attention\", \"linear\", \"linear\"]",
     "layer_types[1] is not"},
    {"modern", "rope_parameters", "{\"full_attention\": {\"rope_type\": \"yarn\"}}",
     "rope_parameters.full_attention.rope_type is \"yarn\""},
    {"modern", "rope_parameters", "{\"sliding_attention\": {\"type\": \"linear\"}}",
     "rope_parameters.sliding_attention.rope_type is \"linear\""},
    {"modern", "rope_parameters", "{\"sliding_attention\": {\"rope_theta\": 0}}",
     "rope_theta is 0"},
    {"modern", "rope_parameters", "[1]", "rope_parameters is not an object"},
    {"modern", "rope_parameters", "160000.0", "rope_parameters is not an object"},
    {"modern", "rope_parameters", "{\"full_attention\": 160000.0}",
     "full_attention is not an object"},
    {"modern", "rope_scaling", "{\"factor\": 2}", "rope_scaling is set"},
    {"modern", "num_attention_heads", "4", "heads have 5 columns, expected an even number"},
    {"modern", "norm_bias", "true", "norm_bias is true, expected false"},
    {"modern", "mlp_bias", "true", "mlp_bias is true, expected false"},
    {"modern", "attention_bias", "true", "attention_bias is true, expected false"},
    {"modern", "hidden_activation", "\"gelu_fast\"",
     "hidden_activation is \"gelu_fast\", expected"},
    {"modern", "mlp_dropout", "0.5", "mlp_dropout 0.5"},
    {"modern", "intermediate_size", "27", "has shape [52, 20], expected [54, 20]"},
};

/* The encoder and its tokenizer alone. */
static void copy_golden(const char *name) {
    static const char *const files[] = {"config.json", "model.safetensors", "tokenizer.json",
                                        "tokenizer_config.json"};
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("family"), &error), "%s", error.text);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        base_bytes bytes = {0};
        char *from = base_format("tests/golden/%s/model/%s", name, files[i]);
        char *to = base_format("family/%s", files[i]);
        cr_assert(base_file_read(from, &bytes, &error), "%s", error.text);
        fixture_write(to, bytes.data, bytes.size);
        base_bytes_free(&bytes);
        free(from);
        free(to);
    }
}

Test(model_bad, what_a_family_asks_for) {
    for (size_t i = 0; i < sizeof wrong_families / sizeof *wrong_families; i++) {
        copy_golden(wrong_families[i].golden);
        tiny_edit("family/config.json", wrong_families[i].key, wrong_families[i].value);
        tiny_expect_refused(fixture_path("family"), wrong_families[i].part);
    }
}

enum { MODERN_WIDTH = 20 };

static void encode_family(float out[MODERN_WIDTH]) {
    static const char text[] = "a small dog sees the big guitar near the house";
    base_error error = {0};
    nn_model *m = nn_model_load(fixture_path("family"), NULL, &error);
    nn_context *context = nn_context_new(&error);
    data_text texts = {text, sizeof text - 1};
    cr_assert(m && nn_model_encode(m, context, &texts, 1, 1, out, NULL, &error), "%s", error.text);
    nn_context_free(context);
    nn_model_free(m);
}

/* ModernBERT's older config says the same in other words. */
Test(model_bad, both_forms_of_modernbert_are_one_model) {
    static const char *const older[][2] = {{"layer_types", NULL},
                                           {"rope_parameters", NULL},
                                           {"global_attn_every_n_layers", "3"},
                                           {"global_rope_theta", "2000.0"},
                                           {"local_rope_theta", "50.0"}};
    float newer[MODERN_WIDTH], same[MODERN_WIDTH];
    copy_golden("modern");
    encode_family(newer);
    for (size_t i = 0; i < sizeof older / sizeof *older; i++)
        tiny_edit("family/config.json", older[i][0], older[i][1]);
    encode_family(same);
    cr_expect_arr_eq(newer, same, sizeof newer);
}

Test(model_bad, a_local_theta_of_null_is_the_global_one) {
    float null[MODERN_WIDTH], global[MODERN_WIDTH], other[MODERN_WIDTH];
    copy_golden("modern");
    tiny_edit("family/config.json", "rope_parameters", NULL);
    tiny_edit("family/config.json", "global_rope_theta", "70.0");
    encode_family(other);
    tiny_edit("family/config.json", "local_rope_theta", "null");
    encode_family(null);
    tiny_edit("family/config.json", "local_rope_theta", "70.0");
    encode_family(global);
    cr_expect_arr_eq(null, global, sizeof null);
    cr_expect_arr_neq(null, other, sizeof null);
}

Test(model_bad, huge_products_do_not_overflow) {
    tiny_folder("model");
    tiny_edit("model/config.json", "hidden_size", "65535");
    tiny_edit("model/config.json", "intermediate_size", "65536");
    tiny_edit("model/config.json", "num_hidden_layers", "256");
    tiny_expect_refused(fixture_path("model"), "parameters, expected at most");
}

Test(model_bad, a_table_from_scratch_has_a_row_for_each_entry) {
    base_error error = {0};
    const char *vocab = fixture_text("few.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n");
    cr_expect_null(nn_model_create(tiny_config(), vocab, true, 1, NULL, &error));
    cr_expect(strstr(error.text, "vocab_size is 37, expected 6 as the vocabulary has") != NULL,
              "%s", error.text);
}

/* As Python: a module without settings needs no folder, another one names what it lacks. */
Test(model_bad, modules_whose_folder_is_missing) {
    base_error error = {0};
    const char *folder = tiny_folder("model");
    fixture_text("model/modules.json",
                 "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"},"
                 "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"},"
                 "{\"path\": \"2_Normalize\", \"type\": "
                 "\"sentence_transformers.models.Normalize\"}]");
    nn_model *m = nn_model_load(folder, NULL, &error);
    cr_assert_not_null(m, "%s", error.text);
    cr_expect_eq(m->module_count, 2);
    nn_model_free(m);
    fixture_text("model/modules.json",
                 "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"},"
                 "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"},"
                 "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]");
    tiny_expect_refused(folder, "2_Dense");
}

Test(model_bad, configs_that_are_no_objects) {
    static const char *const names[] = {"model/sentence_bert_config.json",
                                        "model/config_sentence_transformers.json"};
    const char *folder = tiny_folder("model");
    for (size_t i = 0; i < 2; i++) {
        fixture_text(names[i], "[1]");
        tiny_expect_refused(folder, "config");
        fixture_text(names[i], "3");
        tiny_expect_refused(folder, ".json: not a JSON object");
        remove(fixture_path(names[i]));
    }
}

/* PyTorch loads a module strictly. */
Test(model_bad, tensors_that_a_module_does_not_know) {
    base_error error = {0};
    real numbers[12] = {1};
    nn_tensor_source tensors[] = {
        {.name = "linear.weight", .dims = {1, 12}, .dim_count = 2, .values = numbers},
        {.name = "linear.bias", .dims = {1}, .dim_count = 1, .values = numbers},
        {.name = "stray\n", .dims = {1}, .dim_count = 1, .values = numbers},
    };
    const char *folder = tiny_folder("model"), *path = "model/2_Dense/model.safetensors";
    cr_assert(base_folder_make(fixture_path("model/2_Dense"), &error));
    fixture_text("model/modules.json",
                 "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Transformer\"},"
                 "{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.Pooling\"},"
                 "{\"path\": \"2_Dense\", \"type\": \"sentence_transformers.models.Dense\"}]");
    fixture_text("model/2_Dense/config.json",
                 "{\"in_features\": 12, \"out_features\": 1, \"bias\": false}");
    cr_assert(nn_safetensors_write(fixture_path(path), tensors, 2, &error), "%s", error.text);
    tiny_expect_refused(folder,
                        "2_Dense/model.safetensors: found tensor linear.bias, expected none");
    cr_expect_null(nn_model_inspect(folder, &error), "info says so, too");
    fixture_text("model/2_Dense/config.json", "{\"in_features\": 12, \"out_features\": 1}");
    error = (base_error){0};
    cr_assert(nn_safetensors_write(fixture_path(path), tensors, 3, &error), "%s", error.text);
    tiny_expect_refused(folder, "found tensor stray\\x0a, expected none");
}

static const struct {
    const char *file, *text, *part;
} wrong_files[] = {
    {"modules.json", "{}", "expected a list of modules"},
    {"modules.json", "[]", "expected a list of modules"},
    {"modules.json", "[1]", "expected a list of modules"},
    {"modules.json", "[{\"type\": \"os.system\", \"path\": \"\"}]", "module type is \"os.system\""},
    {"modules.json", "[{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"\"}]",
     "the first module is Pooling, expected Transformer"},
    {"modules.json", "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"}]",
     "expected a Pooling module after the encoder"},
    {"modules.json",
     "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
     "{\"type\": \"sentence_transformers.models.Normalize\", \"path\": \"1_Normalize\"}]",
     "1_Normalize/config.json: expected a Pooling module before this one"},
    {"modules.json",
     "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
     "{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"},"
     "{\"type\": \"sentence_transformers.models.LSTM\", \"path\": \"2_LSTM\"}]",
     "module type LSTM is not supported"},
    {"modules.json",
     "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
     "{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"elsewhere\"}]",
     "missing, expected the pooling's config"},
    {"1_Pooling/config.json", "{\"word_embedding_dimension\": 13}",
     "word_embedding_dimension is 13, expected a whole number from 12 to 12"},
    {"1_Pooling/config.json", "{\"pooling_mode\": \"median\"}",
     "pooling mode \"median\" is unknown"},
    {"1_Pooling/config.json", "{\"pooling_mode\": [\"mean\", \"mean\"]}", "mean stands twice"},
    {"1_Pooling/config.json", "{\"pooling_mode\": []}", "neither a name nor a list of names"},
    {"1_Pooling/config.json", "{\"pooling_mode_mean_tokens\": 1}", "pooling_mode_mean_tokens is 1"},
    {"tokenizer_config.json", "", "tokenizer_config.json: line 1, column 1: the file is empty"},
    {"sentence_bert_config.json", "{\"max_seq_length\": 17}",
     "max_seq_length is 17, expected a whole number from 2 to 16"},
    {"sentence_bert_config.json", "{\"max_seq_length\": 1}", "max_seq_length is 1"},
    {"sentence_bert_config.json", "{\"transformer_task\": \"fill-mask\"}",
     "transformer_task is \"fill-mask\""},
    {"modules.json",
     "[{\"type\": \"sentence_transformers.models.Transformer\", \"path\": \"\"},"
     "{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"},"
     "{\"type\": \"sentence_transformers.models.Pooling\", \"path\": \"1_Pooling\"}]",
     "1_Pooling/config.json: expected this module before the Pooling"},
    {"config_sentence_transformers.json",
     "{\"prompts\": {\"query\": \"query: \"}, \"default_prompt_name\": \"doc\"}",
     "the model has no prompt \"doc\", it has \"query\""},
    {"config_sentence_transformers.json",
     "{\"prompts\": {\"query\": 3}, \"default_prompt_name\": \"query\"}", "query is 3"},
    {"config_sentence_transformers.json", "{\"prompts\": {\"query\": 3}}", "query is 3"},
    {"config_sentence_transformers.json",
     "{\"prompts\": [\"query\"], \"default_prompt_name\": \"query\"}",
     "prompts is not an object of names and texts"},
    {"config_sentence_transformers.json", "{\"similarity_fn_name\": \"jaccard\"}",
     "similarity_fn_name is \"jaccard\", expected cosine, dot, euclidean or manhattan"},
    {"config_sentence_transformers.json", "{\"truncate_dim\": 0}", "truncate_dim is 0"},
};

Test(model_bad, files_of_the_folder) {
    const char *folder = tiny_folder("model");
    for (size_t i = 0; i < sizeof wrong_files / sizeof *wrong_files; i++) {
        char name[128];
        base_bytes good = {0};
        base_error error = {0};
        snprintf(name, sizeof name, "model/%s", wrong_files[i].file);
        cr_assert(base_file_read(fixture_path(name), &good, &error));
        fixture_text(name, wrong_files[i].text);
        tiny_expect_refused(folder, wrong_files[i].part);
        fixture_write(name, good.data, good.size);
        base_bytes_free(&good);
    }
    base_error error = {0};
    nn_model *m = nn_model_load(folder, NULL, &error);
    cr_expect_not_null(m, "%s", error.text);
    nn_model_free(m);
}

Test(model_bad, paths_that_are_too_long) {
    char path[1100] = "";
    for (size_t i = 0; i < 250; i++)
        strcat(path, "/./.");
    tiny_expect_refused(path, "the path has 1000 bytes, expected at most 959");
}

Test(model_bad, folders_that_are_not_there) {
    tiny_expect_refused(fixture_path("nowhere"), "no such folder");
    tiny_expect_refused(fixture_text("file", "text"), "no such folder");
    tiny_expect_refused(fixture_folder(), "config.json: cannot open");
}

Test(model_bad, options) {
    base_error error = {0};
    nn_model_options options = nn_model_as_is;
    const char *folder = tiny_folder("model");
    options.max_length = 17;
    cr_expect_null(nn_model_load(folder, &options, &error));
    cr_expect(strstr(error.text, "the maximal length is 17, expected 2 to 16") != NULL);
    error = (base_error){0};
    options = nn_model_as_is;
    options.hidden_dropout = 1.5;
    cr_expect_null(nn_model_load(folder, &options, &error));
    cr_expect(strstr(error.text, "hidden dropout is 1.5") != NULL);
}
