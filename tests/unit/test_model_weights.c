/* The weights of a model folder: names and dtypes that are read, several files, and wrong ones. */
#include "base/file.h"
#include "base/json.h"
#include "nn/safetensors.h"
#include "nn/weights.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

Test(model_weights, prefixed_and_old_tensor_names_are_read) {
    const char *folder = tiny_folder("model");
    nn_model *before = tiny_load(folder, NULL);
    const char *weights = fixture_path("model/model.safetensors");
    rewrite(weights, weights, to_old_names);
    nn_model *after = tiny_load(folder, NULL);
    tiny_expect_same(before, after);
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

Test(model_weights, bf16_weights_are_read) {
    const char *folder = tiny_folder("model");
    nn_model *before = tiny_load(folder, NULL);
    const char *weights = fixture_path("model/model.safetensors");
    rewrite(weights, weights, to_bf16);
    nn_model *after = tiny_load(folder, NULL);
    float *x = tiny_encode(before, tiny_texts, TINY_TEXTS, 0),
          *y = tiny_encode(after, tiny_texts, TINY_TEXTS, 0);
    double difference = tiny_difference(x, y, TINY_TEXTS * before->width);
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

typedef struct wrong_tensor {
    const char *name, *part;
    void (*change)(nn_tensor_source *t);
} wrong_tensor;

static void rename_it(nn_tensor_source *t) {
    t->name = "something.else";
}

static void transpose(nn_tensor_source *t) {
    size_t rows = t->dims[0];
    t->dims[0] = t->dims[1];
    t->dims[1] = rows;
}

static void flatten(nn_tensor_source *t) {
    t->dims[0] *= t->dims[1];
    t->dim_count = 1;
}

static void make_integer(nn_tensor_source *t) {
    t->raw = t->values;
    t->raw_dtype = "I32";
}

static const wrong_tensor wrong_tensors[] = {
    {"embeddings.word_embeddings.weight", "tensor embeddings.word_embeddings.weight is missing",
     rename_it},
    {"encoder.layer.1.output.LayerNorm.bias",
     "tensor encoder.layer.1.output.LayerNorm.bias is missing", rename_it},
    {"encoder.layer.0.intermediate.dense.weight", "has shape [12, 20], expected [20, 12]",
     transpose},
    {"encoder.layer.0.attention.self.key.weight", "has shape [144], expected [12, 12]", flatten},
    {"embeddings.position_embeddings.weight", "its dtype is I32, expected F32, F16 or BF16",
     make_integer},
};

Test(model_weights, tensors_that_are_missing_or_wrong) {
    base_error error = {0};
    const char *folder = tiny_folder("model"), *path = fixture_path("model/model.safetensors");
    nn_safetensors *file = nn_safetensors_open(path, &error);
    cr_assert_not_null(file, "%s", error.text);
    nn_tensor_source good[64];
    size_t count = nn_safetensors_count(file);
    for (size_t i = 0; i < count; i++) {
        const nn_tensor_info *info = nn_safetensors_at(file, i);
        real *values = base_alloc(info->elements, sizeof *values, &error);
        cr_assert(nn_safetensors_read(file, info, values, &error));
        good[i] =
            (nn_tensor_source){.name = info->name, .dim_count = info->dim_count, .values = values};
        memcpy(good[i].dims, info->dims, sizeof info->dims);
    }
    for (size_t w = 0; w < sizeof wrong_tensors / sizeof *wrong_tensors; w++) {
        nn_tensor_source sources[64];
        memcpy(sources, good, sizeof sources);
        for (size_t i = 0; i < count; i++)
            if (!strcmp(sources[i].name, wrong_tensors[w].name))
                wrong_tensors[w].change(&sources[i]);
        cr_assert(nn_safetensors_write(path, sources, count, &error), "%s", error.text);
        tiny_expect_refused(folder, wrong_tensors[w].part);
    }
    for (size_t i = 0; i < count; i++)
        free_constant(good[i].values);
    nn_safetensors_close(file);
}

Test(model_weights, files_cut_short) {
    base_error error = {0};
    base_bytes bytes = {0};
    const char *folder = tiny_folder("model");
    cr_assert(base_file_read(fixture_path("model/model.safetensors"), &bytes, &error));
    fixture_write("model/model.safetensors", bytes.data, bytes.size - 1);
    tiny_expect_refused(folder, "the file is cut short");
    fixture_write("model/model.safetensors", bytes.data, 100);
    tiny_expect_refused(folder, "the file is cut short");
    base_bytes_free(&bytes);
}

Test(model_weights, pickles_say_how_to_convert) {
    const char *folder = tiny_folder("model");
    remove(fixture_path("model/model.safetensors"));
    tiny_expect_refused(folder, "model.safetensors: missing");
    fixture_text("model/pytorch_model.bin", "PK");
    tiny_expect_refused(folder, "convert it with Python: from sentence_transformers import");
}

/* The model's weights as two files: those of layer 1, and the rest. */
static void split(void) {
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(fixture_path("model/model.safetensors"), &error);
    cr_assert_not_null(file, "%s", error.text);
    nn_tensor_source part[2][64];
    size_t count[2] = {0};
    cJSON *index = cJSON_CreateObject(), *map = cJSON_AddObjectToObject(index, "weight_map");
    for (size_t i = 0; i < nn_safetensors_count(file); i++) {
        const nn_tensor_info *info = nn_safetensors_at(file, i);
        int p = strstr(info->name, ".1.") ? 1 : 0;
        real *values = base_alloc(info->elements, sizeof *values, &error);
        cr_assert(nn_safetensors_read(file, info, values, &error), "%s", error.text);
        nn_tensor_source *t = &part[p][count[p]++];
        *t = (nn_tensor_source){.name = info->name, .dim_count = info->dim_count, .values = values};
        memcpy(t->dims, info->dims, sizeof info->dims);
        cJSON_AddStringToObject(map, info->name, p ? "model-2.safetensors" : "model-1.safetensors");
    }
    cr_assert(nn_safetensors_write(fixture_path("model/model-1.safetensors"), part[0], count[0],
                                   &error) &&
                  nn_safetensors_write(fixture_path("model/model-2.safetensors"), part[1], count[1],
                                       &error),
              "%s", error.text);
    char *text = base_json_print(index);
    fixture_text("model/model.safetensors.index.json", text);
    free(text);
    cJSON_Delete(index);
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < count[p]; i++)
            free_constant(part[p][i].values);
    nn_safetensors_close(file);
}

static const struct {
    const char *tensor, *file, *part;
} wrong_maps[] = {
    {"encoder.layer.1.output.dense.bias", "\"../model-2.safetensors\"",
     "lies in \"../model-2.safetensors\", expected the name of a file in the same folder"},
    {"encoder.layer.1.output.dense.bias", "\"..\"", "expected the name of a file"},
    {"encoder.layer.1.output.dense.bias", "\"\"", "expected the name of a file"},
    {"encoder.layer.1.output.dense.bias", "1", "is not a string"},
    {"encoder.layer.1.output.dense.bias", "\"none.safetensors\"", "none.safetensors"},
    {"encoder.layer.1.output.dense.bias", "\"model-1.safetensors\"",
     "tensor encoder.layer.1.output.dense.bias is not in model-1.safetensors"},
    {"encoder.layer.1.output.dense.bias", NULL,
     "tensor encoder.layer.1.output.dense.bias is in model-2.safetensors, expected it to be "
     "listed"},
    {"something.else", "\"model-1.safetensors\"", "tensor something.else is not in"},
};

Test(model_weights, several_files) {
    base_error error = {0};
    const char *folder = tiny_folder("model"), *name = "model/model.safetensors.index.json";
    nn_model *one = nn_model_load(folder, NULL, &error);
    split();
    remove(fixture_path("model/model.safetensors"));
    nn_model *several = nn_model_load(folder, NULL, &error);
    cr_assert(one && several, "%s", error.text);
    static const char *const text[] = {"a cat sat."};
    float *x = tiny_encode(one, text, 1, 0), *y = tiny_encode(several, text, 1, 0);
    cr_expect_arr_eq(x, y, one->width * sizeof *x);
    free(x);
    free(y);
    nn_model_free(one);
    nn_model_free(several);
    base_bytes good = {0};
    cr_assert(base_file_read(fixture_path(name), &good, &error));
    for (size_t i = 0; i < sizeof wrong_maps / sizeof *wrong_maps; i++) {
        cJSON *tree = base_json_file(fixture_path(name), &error);
        cJSON *map = cJSON_GetObjectItemCaseSensitive(tree, "weight_map");
        cJSON_DeleteItemFromObjectCaseSensitive(map, wrong_maps[i].tensor);
        if (wrong_maps[i].file)
            cJSON_AddItemToObject(map, wrong_maps[i].tensor, cJSON_Parse(wrong_maps[i].file));
        char *printed = base_json_print(tree);
        fixture_text(name, printed);
        free(printed);
        cJSON_Delete(tree);
        tiny_expect_refused(folder, wrong_maps[i].part);
        fixture_write(name, good.data, good.size);
    }
    fixture_text(name, "{}");
    tiny_expect_refused(folder, "expected \"weight_map\"");
    tiny_edit(name, "weight_map", "[1]");
    tiny_expect_refused(folder, "expected \"weight_map\"");
    fixture_write(name, good.data, good.size);
    tiny_edit(name, "metadata", "{\"total_size\": 1}");
    several = nn_model_load(folder, NULL, &error);
    cr_expect_not_null(several, "only a warning: %s", error.text);
    nn_model_free(several);
    tiny_edit(name, "metadata", "{\"total_size\": -1}");
    tiny_expect_refused(folder, "total_size is -1");
    base_bytes_free(&good);
}
