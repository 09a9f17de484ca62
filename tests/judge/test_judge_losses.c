/* Every loss of losses.def before the judge, with its own parameters as inputs: with every choice
 * and switch of its options, and with its fewest text columns up to two more. All of it is taken
 * from the losses' definitions. */
#include "losses/loss.h"
#include "nn/model.h"
#include "tests/judge.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 6, WIDTH = 5, MOST_PARAMS = 64 };

static const uint32_t labels[EXAMPLES] = {2, 0, 1, 2, 1, 0};
static const double scores[EXAMPLES] = {0, 0.3, 1, 0.64, 1, 0};
static const loss_target target_by_kind[] = {
    [DATA_TARGET_NONE] = {.kind = DATA_TARGET_NONE, .examples = EXAMPLES},
    [DATA_TARGET_CLASS] = {.kind = DATA_TARGET_CLASS, .examples = EXAMPLES, .label = labels},
    [DATA_TARGET_SCORE] = {.kind = DATA_TARGET_SCORE, .examples = EXAMPLES, .score = scores},
};

/* What losses that decode are trained with: a small encoder, and texts of two columns. */
static const char student[] =
    "{\"model_type\": \"bert\", \"hidden_size\": 5, \"num_hidden_layers\": 1, "
    "\"num_attention_heads\": 1, \"intermediate_size\": 4, \"vocab_size\": 7, "
    "\"max_position_embeddings\": 6, \"initializer_range\": 0.5}";
static const uint32_t start[] = {0, 1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 22, 25};
static const uint32_t ids[] = {2, 2, 2, 2, 2, 2, 2, 3, 2, 4, 3, 2, 5,
                               6, 3, 2, 1, 0, 4, 3, 2, 3, 2, 6, 3};
static const tape_layout layout = {.texts = 2 * EXAMPLES, .tokens = 25, .start = start, .ids = ids};

enum { MORE_COLUMNS = 2, LAYERS = 2, TEACHER_WIDTH = 3, MOST_COLUMNS = 6 };

typedef struct trial {
    loss *l;
    size_t columns;
    nn_params *texts; /* one tensor a column, of each layer if it reads them; of pairs one of all
                         logits */
} trial;

static size_t width_of(const loss_def *def) {
    return def->one_label ? 1 : WIDTH;
}

static tape_node *build(tape *t, void *context) {
    const trial *c = context;
    tape_node *nodes[(1 + LAYERS) * MOST_COLUMNS];
    for (size_t i = 0; i < nn_params_count(c->texts); i++)
        nodes[i] = tape_leaf(t, nn_params_at(c->texts, i));
    const loss_def *def = loss_definition(c->l);
    loss_target target = target_by_kind[def->target];
    static double teacher[MOST_COLUMNS * EXAMPLES * TEACHER_WIDTH];
    for (size_t i = 0; i < sizeof teacher / sizeof *teacher; i++)
        teacher[i] = (double)(i * 7 % 11) * 0.1;
    target.teacher = def->teacher ? teacher : NULL;
    target.layers = def->layers ? LAYERS : 0;
    target.layer = nodes + c->columns;
    target.layout = &layout;
    return loss_build(c->l, t, nodes, c->columns - def->of_pairs, &target);
}

/* Texts that are constants here: a loss that reads layers may take the last one's embeddings for a
 * teacher of the others, whose part in the differences no gradient has. Its gradients of them are
 * compared with sentence-transformers' (tests/test_losses_peer.c). */
static size_t count_constant(const loss_def *def, size_t columns) {
    return def->layers ? columns : 0;
}

/* Column 0 is above the others, so that no |u-v| is near its kink. */
static nn_params *draw_texts(const loss_def *def, size_t columns, base_error *error) {
    nn_params *texts = nn_params_new(error);
    size_t tensors = def->of_pairs ? 1 : columns * (def->layers ? 1 + LAYERS : 1);
    size_t rows = def->of_pairs ? EXAMPLES * (columns - 1) : EXAMPLES;
    for (size_t i = 0; i < tensors; i++) {
        char name[32];
        snprintf(name, sizeof name, "column %zu", i);
        nn_param_spec spec = {name, rows, width_of(def), .init = NN_INIT_UNIFORM, .scale = 0.5};
        nn_params_add(texts, &spec, error);
    }
    for (size_t i = 0; i < count_constant(def, columns); i++)
        nn_params_freeze(texts, i);
    nn_params_allocate(texts, error);
    nn_params_init(texts, 1);
    nn_params_train(texts, error);
    for (size_t i = 0; i < EXAMPLES * width_of(def); i++)
        nn_params_at(texts, 0)->value[i] += REAL(1.25);
    return texts;
}

static nn_encoder *new_student(base_error *error) {
    cJSON *config = cJSON_Parse(student);
    nn_encoder *encoder = nn_encoder_new(config, "student", error);
    cJSON_Delete(config);
    cr_assert(encoder, "%s", error->text);
    nn_params_init(encoder->params, 3);
    return encoder;
}

/* More of the judged parameters, up to `count` in all. */
static size_t add_params(nn_params *set, tape_param **param, size_t count, base_error *error) {
    cr_assert(nn_params_train(set, error), "%s", error->text);
    for (size_t i = 0; i < nn_params_count(set); i++)
        param[count++] = nn_params_at(set, i);
    return count;
}

static void judge(const cJSON *options, size_t columns, base_error *why) {
    char *name = cJSON_PrintUnformatted(options);
    cJSON *whole = loss_resolve(options, "test", "", why);
    loss_def definition, *def = &definition;
    cr_assert(whole && loss_define(whole, def, why), "%s: %s", name, why->text);
    cJSON_Delete(whole);
    nn_model model = {.encoder = new_student(why)};
    loss_setting setting = {.width = width_of(def),
                            .model = &model,
                            .teacher_width = def->teacher ? TEACHER_WIDTH : 0,
                            .layers = LAYERS};
    trial held = {loss_new(options, &setting, "test", "", why), columns,
                  draw_texts(def, columns, why)};
    cr_assert(base_ok(why), "%s: %s", name, why->text);
    tape_param *param[(1 + LAYERS) * MOST_COLUMNS + MOST_PARAMS];
    const loss *part;
    bool decodes = false;
    size_t params = 0;
    for (size_t i = count_constant(def, columns); i < nn_params_count(held.texts); i++)
        param[params++] = nn_params_at(held.texts, i);
    for (size_t k = 0; (part = loss_part(held.l, k)); k++) {
        nn_params_init(loss_params(part), 2);
        params = add_params(loss_params(part), param, params, why);
        decodes = decodes || loss_decoder(part);
    }
    if (decodes)
        params = add_params(model.encoder->params, param, params, why);
    judge_problem problem = {
        .name = name, .param = param, .params = params, .build = build, .context = &held};
    judge_gradients(&problem, why);
    nn_params_free(held.texts);
    loss_free(held.l);
    nn_encoder_free(model.encoder);
    free(name);
}

/* How many values of an option are tried: every name, both switches, otherwise its default. */
static size_t count_values(const base_key *key) {
    size_t count = 0;
    while (key->names && key->names()[count])
        count++;
    return count ? count : key->kind == BASE_KEY_BOOL ? 2 : 1;
}

/* The options in combination number `number` of count_values; false when there are no more. */
static bool set_options(const loss_def *def, size_t number, cJSON **options) {
    *options = cJSON_CreateObject();
    cJSON_AddStringToObject(*options, "name", def->name);
    for (size_t i = 1; i < def->options->count; i++) {
        const base_key *key = &def->options->key[i];
        size_t values = count_values(key), value = number % values;
        number /= values;
        if (key->names)
            cJSON_AddStringToObject(*options, key->path, key->names()[value]);
        else if (key->kind == BASE_KEY_BOOL)
            cJSON_AddBoolToObject(*options, key->path, value > 0);
    }
    return number == 0;
}

/* With each number of columns; returns how many cases there were. Takes the options. */
static size_t judge_columns(const loss_def *def, cJSON *options) {
    size_t cases = 0;
    for (size_t columns = def->min_columns;
         columns <= def->max_columns && columns <= def->min_columns + MORE_COLUMNS; columns++) {
        base_error why = {0};
        judge(options, columns, &why);
        cr_expect(base_ok(&why), "%zu columns: %s", columns, why.text);
        cases++;
    }
    cJSON_Delete(options);
    return cases;
}

/* The same of a config with defaults left out. */
static size_t judge_config(const cJSON *given) {
    base_error error = {0};
    cJSON *options = loss_resolve(given, "test", "", &error);
    loss_def def;
    cr_assert(options && loss_define(options, &def, &error), "%s", error.text);
    return judge_columns(&def, options);
}

/* Returns how many cases the loss had. */
static size_t judge_loss(const loss_def *def) {
    size_t cases = 0;
    cJSON *options;
    for (size_t number = 0; set_options(def, number, &options); number++) {
        cases += judge_config(options);
        cJSON_Delete(options);
    }
    cJSON_Delete(options);
    return cases;
}

/* Options that are no choices and no switches. */
static const char *const further[] = {
    "{\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", \"doc_to_query\"], "
    "\"partition_mode\": \"per_direction\"}",
    "{\"name\": \"mnrl\", \"directions\": [\"query_to_query\", \"query_to_doc\", \"doc_to_doc\", "
    "\"doc_to_query\"], \"scale\": 5}",
    "{\"name\": \"matryoshka\", \"dims\": [5, 2], \"weights\": [1, 0.5]}",
    "{\"name\": \"matryoshka\", \"loss\": \"cosent\", \"dims\": [4, 3, 1]}",
    "{\"name\": \"matryoshka\", \"loss\": {\"name\": \"gist\", \"temperature\": 0.2}, \"dims\": "
    "[5, 2]}",
    "{\"name\": \"matryoshka\", \"loss\": \"batch_hard_triplet\", \"dims\": [5, 3]}",
    "{\"name\": \"matryoshka\", \"dims\": [5, 3, 2], \"n_dims_per_step\": 2}",
    "{\"name\": \"adaptive_layer\", \"n_layers_per_step\": 0, \"loss\": {\"name\": \"mnrl\", "
    "\"scale\": 2}}",
    "{\"name\": \"adaptive_layer\", \"kl_temperature\": 0, \"loss\": \"softmax\"}",
    "{\"name\": \"adaptive_layer\", \"last_layer_weight\": 0.5, \"prior_layers_weight\": 3, "
    "\"kl_div_weight\": 2, \"n_layers_per_step\": 0, \"loss\": {\"name\": \"matryoshka\", "
    "\"loss\": \"cosine\", \"dims\": [5, 3, 2], \"n_dims_per_step\": 1}}",
    "{\"name\": \"sum\", \"losses\": [\"angle\", {\"name\": \"mse\"}, {\"name\": \"matryoshka\", "
    "\"dims\": "
    "[4, 2]}], \"weights\": [2, 0.5, 1]}",
    "{\"name\": \"sum\", \"losses\": [\"tsdae\", \"mnrl\"]}",
};

Test(judge, losses_with_lists) {
    for (size_t i = 0; i < sizeof further / sizeof *further; i++) {
        cJSON *given = cJSON_Parse(further[i]);
        cr_expect_gt(judge_config(given), 0);
        cJSON_Delete(given);
    }
}

Test(judge, losses) {
    for (const loss_def *const *def = loss_table; *def; def++) {
        size_t cases = judge_loss(*def);
        cr_expect_gt(cases, 0, "%s is not judged", (*def)->name);
        if (!strcmp((*def)->name, "softmax"))
            cr_expect_eq(cases, 7, "one for each concatenation");
        if (!strcmp((*def)->name, "mnrl"))
            cr_expect_eq(cases, 18, "2 partitions, 3 hardnesses, 2 to 4 columns");
    }
}
