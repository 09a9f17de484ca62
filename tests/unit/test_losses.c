#include "losses/loss_folder.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static loss *from_text(const char *config, const loss_setting *setting, base_error *error) {
    cJSON *tree = cJSON_Parse(config);
    cr_assert_not_null(tree);
    loss *l = loss_new(tree, setting, "a.json", "train.data[0].loss.", error);
    cJSON_Delete(tree);
    return l;
}

static tape *new_tape(void) {
    base_error error = {0};
    tape *t = tape_new(1 << 24, 1 << 24, &error);
    cr_assert_not_null(t);
    tape_begin(t, &(tape_mode){.record = true});
    return t;
}

Test(losses, config_errors_name_the_key_and_the_nearest) {
    static const struct {
        const char *config, *sentence;
    } wrong[] = {
        {"\"sofmax\"", "a.json: train.data[0].loss.name: there is no loss \"sofmax\", did you mean "
                       "\"softmax\"?"},
        {"{\"scale\": 20}", "a.json: train.data[0].loss.name is not a string, expected the name of "
                            "a loss"},
        {"3", "a.json: train.data[0].loss.name is not a string, expected the name of a loss"},
        {"{\"name\": \"mnrl\", \"scal\": 20}",
         "a.json: unknown key train.data[0].loss.scal, did you mean train.data[0].loss.scale?"},
        {"{\"name\": \"mnrl\", \"scale\": -1}",
         "a.json: train.data[0].loss.scale is -1, expected a number from 0.001 to 10000"},
        {"{\"name\": \"mnrl\", \"symmetric\": true}",
         "a.json: the key train.data[0].loss.symmetric is now called "
         "train.data[0].loss.directions"},
        {"{\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", \"doc\"]}",
         "a.json: train.data[0].loss.directions: expected query_to_doc and any of query_to_query, "
         "doc_to_query, doc_to_doc, each once"},
        {"{\"name\": \"mnrl\", \"directions\": \"doc_to_doc\"}",
         "a.json: train.data[0].loss.directions: expected query_to_doc and any of query_to_query, "
         "doc_to_query, doc_to_doc, each once"},
        {"{\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", \"doc_to_doc\"], "
         "\"partition_mode\": \"per_direction\"}",
         "a.json: train.data[0].loss.partition_mode is \"per_direction\", which query_to_query and "
         "doc_to_doc do not go with: they have no right one; expected \"joint\""},
        {"{\"name\": \"matryoshka\", \"dims\": [2, 4]}",
         "a.json: train.data[0].loss.dims: found 4, expected whole numbers that fall"},
        {"{\"name\": \"matryoshka\", \"dims\": [3, 2.5]}",
         "a.json: train.data[0].loss.dims: found 2.5, expected whole numbers that fall"},
        {"{\"name\": \"matryoshka\", \"dims\": [0]}",
         "a.json: train.data[0].loss.dims is [0], expected a list of numbers from 1 to 1048576 or "
         "null"},
        {"{\"name\": \"matryoshka\", \"dims\": [4, 2], \"weights\": [1]}",
         "a.json: train.data[0].loss.weights: found 1, expected as many as dims, 2"},
        {"{\"name\": \"adaptive_layer\", \"last_layer_weight\": 0, \"prior_layers_weight\": 0, "
         "\"kl_temperature\": 0}",
         "a.json: train.data[0].loss.last_layer_weight: it and all other weights are 0, or have a "
         "kl_temperature of 0, expected one above it"},
        {"{\"name\": \"matryoshka\", \"weights\": [1]}",
         "a.json: train.data[0].loss.weights: found 1 without dims, expected dims as well"},
        {"{\"name\": \"matryoshka\", \"dims\": [4, 2], \"weights\": [0, 0]}",
         "a.json: train.data[0].loss.weights: all are 0, expected one above it"},
        {"{\"name\": \"sum\", \"losses\": [\"mnrl\", {\"name\": \"matryoshka\", \"dims\": [8]}]}",
         "a.json: train.data[0].loss.losses[1].dims has 8, expected at most the 4 columns of the "
         "embeddings"},
        {"{\"name\": \"matryoshka\", \"dims\": [8, 4]}",
         "a.json: train.data[0].loss.dims has 8, expected at most the 4 columns of the embeddings"},
        {"{\"name\": \"matryoshka\", \"dims\": [4, 2], \"n_dims_per_step\": 3}",
         "a.json: train.data[0].loss.n_dims_per_step is 3, expected at most the 2 dims"},
        {"{\"name\": \"matryoshka\", \"n_dims_per_step\": -1}",
         "a.json: train.data[0].loss.n_dims_per_step is -1, expected a whole number from 0 to "
         "1048576"},
        {"{\"name\": \"matryoshka\", \"loss\": {\"name\": \"mnrl\", \"scal\": 1}}",
         "a.json: unknown key train.data[0].loss.loss.scal, did you mean "
         "train.data[0].loss.loss.scale?"},
        {"{\"name\": \"matryoshka\", \"loss\": \"matryoshka\"}",
         "a.json: train.data[0].loss.loss: there is another matryoshka in it, expected at most one "
         "around a loss"},
        {"{\"name\": \"matryoshka\", \"loss\": \"softmax\"}",
         "a.json: train.data[0].loss.loss: the loss softmax has parameters for 4 columns, expected "
         "a loss without"},
        {"{\"name\": \"matryoshka\", \"loss\": \"pair_mse\"}",
         "a.json: train.data[0].loss.loss: a loss of cross-encoders, expected one of embeddings"},
        {"\"adaptive_layer\"",
         "a.json: train.data[0].loss.name: the model gives no layers, expected a Transformer "
         "without a WeightedLayerPooling module"},
        {"{\"name\": \"matryoshka\", \"loss\": \"adaptive_layer\"}",
         "a.json: train.data[0].loss.loss: it reads every layer, expected it around matryoshka, "
         "not in it"},
        {"{\"name\": \"sum\", \"losses\": []}",
         "a.json: train.data[0].loss.losses is [], expected a list of strings or objects"},
        {"{\"name\": \"sum\", \"losses\": \"mnrl\"}",
         "a.json: train.data[0].loss.losses is \"mnrl\", expected a list of strings or objects"},
        {"{\"name\": \"sum\", \"losses\": [\"mnrl\", 7]}",
         "a.json: train.data[0].loss.losses is [\"mnrl\",7], expected a list of strings or "
         "objects"},
        {"{\"name\": \"sum\", \"losses\": [\"mnrl\", {\"name\": \"triplet\", \"scale\": 1}]}",
         "a.json: unknown key train.data[0].loss.losses[1].scale, did you mean "
         "train.data[0].loss.losses[1].name?"},
        {"{\"name\": \"sum\", \"weights\": [1]}",
         "a.json: train.data[0].loss.weights: found 1, expected as many as losses, 2"},
        {"{\"name\": \"sum\", \"losses\": [\"cosent\", \"softmax\"]}",
         "a.json: train.data[0].loss.losses: one loss needs labels and another one scores, "
         "expected one target"},
        {"{\"name\": \"sum\", \"losses\": [\"mse\", \"kl\"]}",
         "a.json: train.data[0].loss.losses: one loss needs a teacher's vectors and another one "
         "its scores, expected either"},
        {"{\"name\": \"sum\", \"losses\": [\"triplet\", \"cosent\"]}",
         "a.json: train.data[0].loss.losses: one loss needs 3 text columns and another one takes "
         "at most 2, expected losses of the same columns"},
        {"{\"name\": \"sum\", \"losses\": [\"mnrl\", \"pair_mse\"]}",
         "a.json: train.data[0].loss.losses: a loss of cross-encoders, expected one of embeddings"},
        {"{\"name\": \"sum\", \"losses\": [{\"name\": \"matryoshka\", \"loss\": \"sum\"}]}",
         "a.json: train.data[0].loss.losses: there is another sum in it, expected at most one "
         "around a loss"},
        {"{\"name\": \"global_orthogonal\", \"mean_weight\": 0, \"second_moment_weight\": 0}",
         "a.json: train.data[0].loss.mean_weight and second_moment_weight are 0, expected one "
         "above "
         "it"},
        {"{\"name\": \"cosine\", \"scale\": 1}",
         "a.json: unknown key train.data[0].loss.scale, did you mean train.data[0].loss.name?"},
        {"{\"name\": \"softmax\", \"concatenation\": \"u,w\"}",
         "a.json: train.data[0].loss.concatenation is \"u,w\", expected one of \"u,v,|u-v|\", "
         "\"u,v\", \"|u-v|\", \"u*v\", \"|u-v|,u*v\", \"u,v,u*v\", \"u,v,|u-v|,u*v\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        base_error error = {0};
        cr_expect_null(from_text(wrong[i].config, &(loss_setting){.width = 4}, &error));
        cr_expect_str_eq(error.text, wrong[i].sentence);
        cr_expect_eq(error.status, BASE_BAD_INPUT);
    }
}

Test(losses, config_is_resolved) {
    base_error error = {0};
    loss *l = from_text("\"mnrl\"", &(loss_setting){.width = 4}, &error);
    cr_assert_not_null(l, "%s", error.text);
    char *text = base_json_line(loss_config(l));
    cr_expect(strstr(text, "\"scale\""), "%s", text);
    cr_expect(strstr(text, "\"directions\""), "%s", text);
    cr_expect_eq(nn_params_count(loss_params(l)), 0);
    free(text);
    loss_free(l);
}

Test(losses, names_and_table_agree) {
    base_error error = {0};
    size_t i = 0;
    for (; loss_table[i]; i++) {
        cr_expect_str_eq(loss_names()[i], loss_table[i]->name);
        cr_expect_eq(loss_find(loss_names()[i], &error), loss_table[i]);
        cr_expect_str_eq(loss_table[i]->options->key[0].path, "name");
    }
    cr_expect_null(loss_names()[i]);
}

Test(losses, softmax_head_is_as_wide_as_its_concatenation) {
    static const struct {
        const char *config;
        size_t parts;
    } head[] = {{"\"softmax\"", 3},
                {"{\"name\": \"softmax\", \"concatenation\": \"u*v\"}", 1},
                {"{\"name\": \"softmax\", \"concatenation\": \"u,v,|u-v|,u*v\"}", 4}};
    enum { WIDTH = 100 };
    for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
        base_error error = {0};
        loss *l = from_text(head[i].config, &(loss_setting){.width = WIDTH}, &error);
        cr_assert_not_null(l, "%s", error.text);
        nn_params_init(loss_params(l), 1);
        const tape_param *weight = nn_params_at(loss_params(l), 0);
        const tape_param *bias = nn_params_at(loss_params(l), 1);
        cr_expect_eq(weight->rows, 3, "entailment, neutral, contradiction");
        cr_expect_eq(weight->cols, head[i].parts * WIDTH);
        cr_expect(weight->decay && !bias->decay);
        double bound = 1 / sqrt((double)weight->cols), largest = 0;
        for (size_t k = 0; k < weight->rows * weight->cols; k++)
            largest = fmax(largest, fabs((double)weight->value[k]));
        cr_expect(largest <= bound * 1.0001 && largest > 0.9 * bound, "%g of %g", largest, bound);
        cr_expect(fabs((double)bias->value[0]) <= bound * 1.0001);
        loss_free(l);
    }
}

Test(losses, mnrl_of_unit_vectors_by_hand) {
    base_error error = {0};
    loss *l = from_text("{\"name\": \"mnrl\", \"scale\": 2}", &(loss_setting){.width = 2}, &error);
    tape *t = new_tape();
    const real a[] = {3, 0, 0, 5}, p[] = {1, 0, 0, 1}, n[] = {-2, 0, 0, -2};
    tape_node *nodes[] = {tape_input(t, 2, 2, a), tape_input(t, 2, 2, p), tape_input(t, 2, 2, n)};
    tape_node *y = loss_build(l, t, nodes, 3, &(loss_target){.examples = 2});
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    /* Each anchor sees cosines 1, 0, -1, 0. */
    cr_expect_float_eq((double)y->value[0], log(exp(2) + 2 + exp(-2)) - 2, 1e-6);
    tape_free(t);
    loss_free(l);
}

Test(losses, mnrl_per_direction_is_the_mean_of_both) {
    const real a[] = {1, 0, 0.6f, 0.8f}, p[] = {0, 1, 1, 0};
    double value[2];
    static const char *const configs[] = {
        "{\"name\": \"mnrl\", \"scale\": 3}",
        "{\"name\": \"mnrl\", \"scale\": 3, \"directions\": [\"query_to_doc\", \"doc_to_query\"], "
        "\"partition_mode\": \"per_direction\"}"};
    for (size_t i = 0; i < 2; i++) {
        base_error error = {0};
        loss *l = from_text(configs[i], &(loss_setting){.width = 2}, &error);
        tape *t = new_tape();
        tape_node *nodes[] = {tape_input(t, 2, 2, a), tape_input(t, 2, 2, p)};
        value[i] = (double)loss_build(l, t, nodes, 2, &(loss_target){.examples = 2})->value[0];
        tape_free(t);
        loss_free(l);
    }
    /* cosines: a0 with p: 0, 1; a1 with p: 0.8, 0.6. */
    double forth = (log(1 + exp(3)) + log(exp(2.4) + exp(1.8)) - 1.8) / 2;
    double back = (log(1 + exp(2.4)) + log(exp(3) + exp(1.8)) - 1.8) / 2;
    cr_expect_float_eq(value[0], forth, 1e-6);
    cr_expect_float_eq(value[1], (forth + back) / 2, 1e-6);
}

Test(losses, cosine_by_hand) {
    base_error error = {0};
    loss *l = from_text("\"cosine\"", &(loss_setting){.width = 2}, &error);
    tape *t = new_tape();
    const real u[] = {2, 0, 1, 1}, v[] = {3, 0, 1, -1};
    const double score[] = {0.5, 0.25};
    tape_node *nodes[] = {tape_input(t, 2, 2, u), tape_input(t, 2, 2, v)};
    loss_target target = {.kind = DATA_TARGET_SCORE, .examples = 2, .score = score};
    tape_node *y = loss_build(l, t, nodes, 2, &target);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    cr_expect_float_eq((double)y->value[0], (0.25 + 0.0625) / 2, 1e-6);
    tape_free(t);
    loss_free(l);
}

Test(losses, data_that_does_not_fit_is_refused) {
    base_error error = {0};
    loss *l = from_text("\"softmax\"", &(loss_setting){.width = 2}, &error);
    tape *t = new_tape();
    const real x[8] = {0};
    const uint32_t label[] = {0, 3};
    const double score[] = {0, 1};
    const struct {
        size_t columns, width;
        loss_target target;
        const char *sentence;
    } wrong[] = {
        {3,
         2,
         {.kind = DATA_TARGET_CLASS, .examples = 2, .label = label},
         "loss softmax: 3 text columns, too many, expected 2"},
        {2,
         3,
         {.kind = DATA_TARGET_CLASS, .examples = 2, .label = label},
         "loss softmax: 3 columns of an embedding, expected 2"},
        {2,
         2,
         {.kind = DATA_TARGET_CLASS, .examples = 1, .label = label},
         "loss softmax: 2 rows of embeddings, expected 1"},
        {2,
         2,
         {.kind = DATA_TARGET_SCORE, .examples = 2, .score = score},
         "loss softmax: the data has scores, expected labels"},
        {2,
         2,
         {.kind = DATA_TARGET_NONE, .examples = 2},
         "loss softmax: the data has no target, expected labels"},
        {2,
         2,
         {.kind = DATA_TARGET_CLASS, .examples = 2, .label = label},
         "op cross_entropy: label 3 of row 1, expected one below the 3 columns"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tape_begin(t, &(tape_mode){.record = true});
        tape_node *n = tape_input(t, 2, wrong[i].width, x), *nodes[] = {n, n, n};
        cr_expect_null(loss_build(l, t, nodes, wrong[i].columns, &wrong[i].target));
        cr_expect_str_eq(tape_error(t)->text, wrong[i].sentence);
    }
    tape_free(t);
    loss_free(l);
}

/* torch.nn.functional.cross_entropy(3 sin(0.7 (i + 1)), [2, 0, 1, 2], label_smoothing), float64. */
Test(losses, label_smoothing_is_pytorch_s) {
    static const uint32_t label[] = {2, 0, 1, 2};
    static const double value[] = {1.1598625150825526, 1.269627204861473};
    static const char *const config[] = {
        "{\"name\": \"cross_entropy\", \"label_smoothing\": 0.1}",
        "{\"name\": \"cross_entropy\", \"label_smoothing\": 0.35}"};
    real x[12];
    base_error error = {0};
    loss_target target = {.kind = DATA_TARGET_CLASS, .examples = 4, .label = label};
    for (size_t i = 0; i < 12; i++)
        x[i] = REAL(3 * sin(0.7 * (double)(i + 1)));
    for (size_t i = 0; i < 2; i++) {
        loss *l = from_text(config[i], &(loss_setting){.width = 3, .classes = 3}, &error);
        cr_assert(l, "%s", error.text);
        tape *t = new_tape();
        tape_node *logits = tape_input(t, 4, 3, x), *y = loss_build(l, t, &logits, 1, &target);
        cr_assert(y, "%s", tape_error(t)->text);
        cr_expect_float_eq((double)y->value[0], value[i], 1e-6);
        tape_free(t);
        loss_free(l);
    }
}

Test(losses, a_folder_gives_back_what_was_written) {
    base_error error = {0};
    static const char *const names[] = {"no", "yes"};
    loss_setting setting = {.width = 5, .classes = 2, .label = names};
    loss *l = from_text("{\"name\": \"softmax\", \"concatenation\": \"u,v\"}", &setting, &error);
    nn_params_init(loss_params(l), 3);
    const char *folder = fixture_path("loss");
    cr_assert(loss_write(l, folder, &error), "%s", error.text);
    loss *read = loss_read(folder, &error);
    cr_assert_not_null(read, "%s", error.text);
    cr_expect_str_eq(loss_definition(read)->name, "softmax");
    cr_expect_eq(loss_get_setting(read)->width, 5);
    cr_expect_eq(loss_get_setting(read)->classes, 2);
    cr_expect_str_eq(loss_get_setting(read)->label[1], "yes");
    for (size_t i = 0; i < 2; i++) {
        const tape_param *a = nn_params_at(loss_params(l), i);
        const tape_param *b = nn_params_at(loss_params(read), i);
        cr_expect(!memcmp(a->value, b->value, a->rows * a->cols * sizeof(real)));
    }
    loss_free(read);
    loss *other = from_text("\"softmax\"", &setting, &error);
    cr_expect_not(loss_fill(other, folder, &error), "another concatenation does not fit");
    loss_free(other);
    loss_free(l);
}

/* Its parameters are of the teacher's width, too. */
Test(losses, a_folder_knows_the_width_of_the_teacher) {
    base_error error = {0};
    loss *l = from_text("\"mse\"", &(loss_setting){.width = 4, .teacher_width = 7}, &error);
    nn_params_init(loss_params(l), 3);
    const char *folder = fixture_path("loss");
    cr_assert(loss_write(l, folder, &error), "%s", error.text);
    loss *read = loss_read(folder, &error);
    cr_assert_not_null(read, "%s", error.text);
    cr_expect_eq(loss_get_setting(read)->teacher_width, 7);
    cr_expect_eq(nn_params_at(loss_params(read), 0)->rows, 7);
    loss_free(read);
    loss_free(l);
}

Test(losses, a_loss_without_parameters_has_a_folder_too) {
    base_error error = {0};
    loss *l = from_text("\"mnrl\"", &(loss_setting){.width = 4}, &error);
    const char *folder = fixture_path("loss");
    cr_assert(loss_write(l, folder, &error), "%s", error.text);
    loss *read = loss_read(folder, &error);
    cr_assert_not_null(read, "%s", error.text);
    loss_free(read);
    loss_free(l);
}

Test(losses, broken_folders_are_refused) {
    static const struct {
        const char *config, *sentence;
    } wrong[] = {
        {"{}", "expected \"loss\", an object, \"width\", a number, and "
               "\"labels\", a list of names"},
        {"{\"loss\": {\"name\": \"mnrl\"}, \"labels\": [1], \"width\": 3}",
         "labels[0] is not a string"},
        {"{\"loss\": {\"name\": \"mnrk\"}, \"labels\": [\"a\"], \"width\": 3}", "mnrl"},
        {"{\"loss\": {\"name\": \"softmax\"}, \"labels\": [\"a\"], \"width\": -3}", "width"},
        {"{\"loss\": {\"name\": \"softmax\"}, \"labels\": [\"a\"]}", "width"},
        {"{\"loss\": {\"name\": \"softmax\"}, \"labels\": [\"a\"], \"width\": 3}",
         "model.safetensors"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        base_error error = {0};
        fixture_text("config.json", wrong[i].config);
        cr_expect_null(loss_read(fixture_folder(), &error));
        cr_expect(strstr(error.text, wrong[i].sentence), "%s", error.text);
        cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    }
}
