#include "tests/tiny_model.h"

#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

const char *tiny_config(void) {
    return fixture_text("tiny.json",
                        "{\"model_type\": \"bert\", \"hidden_size\": 12, "
                        "\"num_hidden_layers\": 2, \"num_attention_heads\": 3, "
                        "\"intermediate_size\": 20, \"vocab_size\": 37, "
                        "\"max_position_embeddings\": 16, \"type_vocab_size\": 2, "
                        "\"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12, "
                        "\"initializer_range\": 0.5, \"a_key_of_ours\": [1, \"two\"]}");
}

const char *tiny_vocab(void) {
    return fixture_text("tiny.txt",
                        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\ni\nj"
                        "\nk\nl\nm\nn\no\np\nq\nr\ns\nt\nu\nv\nw\nx\ny\nz\n.\n,\ncat\ndog"
                        "\nsat\n##s\n");
}

nn_model *tiny_model(uint64_t seed, const nn_model_options *options) {
    base_error error = {0};
    nn_model *m = nn_model_create(tiny_config(), tiny_vocab(), true, seed, options, &error);
    cr_assert_not_null(m, "%s", error.text);
    return m;
}

const char *tiny_folder(const char *name) {
    base_error error = {0};
    nn_model *m = tiny_model(1, NULL);
    const char *folder = fixture_path(name);
    cr_assert(nn_model_save(m, folder, false, &error), "%s", error.text);
    nn_model_free(m);
    return folder;
}

float *tiny_encode(const nn_model *m, const char *const *texts, size_t count,
                   size_t tokens_per_pass) {
    base_error error = {0};
    data_text *list = base_alloc(count, sizeof *list, &error);
    float *out = base_alloc(count * m->width, sizeof *out, &error);
    for (size_t i = 0; i < count; i++)
        list[i] = (data_text){texts[i], strlen(texts[i])};
    nn_context *context = nn_context_new(&error);
    cr_assert(nn_model_encode(m, context, list, count, tokens_per_pass, out, NULL, &error), "%s",
              error.text);
    nn_context_free(context);
    free(list);
    return out;
}
