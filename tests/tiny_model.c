#include "tests/tiny_model.h"

#include "base/json.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
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

nn_model *tiny_load(const char *folder, const nn_model_options *options) {
    base_error error = {0};
    nn_model *m = nn_model_load(folder, options, &error);
    cr_assert_not_null(m, "%s", error.text);
    return m;
}

void tiny_expect_refused(const char *folder, const char *part) {
    base_error error = {0};
    nn_model *m = nn_model_load(folder, NULL, &error);
    cr_expect_null(m, "accepted, expected: %s", part);
    cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    cr_expect(strstr(error.text, part) != NULL, "\"%s\" lacks \"%s\"", error.text, part);
    cr_expect_null(strchr(error.text, '\n'));
    nn_model_free(m);
}

void tiny_edit(const char *name, const char *key, const char *value) {
    base_error error = {0};
    const char *path = fixture_path(name);
    cJSON *tree = base_json_file(path, &error);
    cr_assert_not_null(tree, "%s", error.text);
    cJSON_DeleteItemFromObjectCaseSensitive(tree, key);
    if (value)
        cJSON_AddItemToObject(tree, key, cJSON_Parse(value));
    char *text = base_json_print(tree);
    fixture_text(name, text);
    free(text);
    cJSON_Delete(tree);
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

const char *const tiny_texts[TINY_TEXTS] = {
    "a cat sat.", "the dog", "", "a cat sat.", "dogs, cats, dogs, cats, dogs, cats, dogs, cats",
    "z",
};

double tiny_difference(const float *a, const float *b, size_t n) {
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

void tiny_expect_same(const nn_model *a, const nn_model *b) {
    cr_assert_eq(a->width, b->width);
    float *x = tiny_encode(a, tiny_texts, TINY_TEXTS, 0);
    float *y = tiny_encode(b, tiny_texts, TINY_TEXTS, 0);
    cr_expect_eq(tiny_difference(x, y, TINY_TEXTS * a->width), 0);
    free(x);
    free(y);
}
