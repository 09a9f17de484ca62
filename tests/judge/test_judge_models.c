/* Whole small models before the judge: 2 layers, H 12, dropout on, texts of mixed lengths,
 * pooling and each kind of loss; every parameter of encoder and head. */
#include "autograd/ops/ops.h"
#include "base/hash.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "tests/judge.h"

#include <criterion/criterion.h>
#include <string.h>

enum { EXAMPLES = 3, MOST_PARAMS = 128 };

/* `range` is the spread of the weights: 0.5 makes one step of the difference small beside what
 * LayerNorm divides by. */
#define SIZES(range)                                                                               \
    "\"hidden_size\": 12, \"num_hidden_layers\": 2, \"num_attention_heads\": 3,"                   \
    " \"intermediate_size\": 20, \"vocab_size\": 11, \"max_position_embeddings\": 10,"             \
    " \"hidden_dropout_prob\": 0.1, \"attention_probs_dropout_prob\": 0.1,"                        \
    " \"initializer_range\": " #range

static const char *const bert = "{\"model_type\": \"bert\", " SIZES(0.5) "}";

/* A small model of every encoder of the table, by its name there. What a family does not know it
 * passes over. */
static const struct family {
    const char *name, *config;
} families[] = {
    {"bert", "{\"model_type\": \"bert\", \"hidden_act\": \"silu\", " SIZES(0.5) "}"},
    {"distilbert",
     "{\"model_type\": \"distilbert\", \"dim\": 12, \"n_layers\": 2, \"n_heads\": 3,"
     " \"hidden_dim\": 20, \"dropout\": 0.1, \"attention_dropout\": 0.1, " SIZES(0.5) "}"},
    {"roberta", "{\"model_type\": \"roberta\", " SIZES(0.5) "}"},
    {"xlm_roberta", "{\"model_type\": \"xlm-roberta\", \"pad_token_id\": 0, " SIZES(0.5) "}"},
    {"mpnet", "{\"model_type\": \"mpnet\", " SIZES(0.5) "}"},
    {"albert", "{\"model_type\": \"albert\", \"embedding_size\": 16, " SIZES(0.5) "}"},
    /* With 0.5 the differences themselves are 7e-7 off, 16 times less at half the step: the fifth
     * derivative, which no LayerNorm behind the layers tames. */
    {"modernbert",
     "{\"model_type\": \"modernbert\", \"embedding_dropout\": 0.1, \"mlp_dropout\": 0.1,"
     " \"attention_dropout\": 0.1, \"local_attention\": 4, \"global_attn_every_n_layers\": 2,"
     " \"global_rope_theta\": 100, \"local_rope_theta\": 10, " SIZES(0.3) "}"},
    {"word_embeddings", "{\"model_type\": \"WordEmbeddings\", " SIZES(0.5) "}"},
    {"static", "{\"model_type\": \"StaticEmbedding\", " SIZES(0.5) "}"},
};

static const uint32_t start[] = {0, 3, 8, 9, 12, 19, 21, 23, 27, 31};
static const uint32_t ids[] = {2, 5, 3, 2, 5, 5, 7, 3, 2, 2, 9,  3, 2, 4, 6, 7,
                               8, 9, 3, 2, 3, 2, 3, 2, 4, 4, 10, 2, 1, 9, 10};
static const uint32_t types[] = {0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
static const uint32_t example[] = {4, 5, 6, 4, 5, 6, 4, 5, 6};
static const uint32_t column[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
static const uint32_t labels[] = {2, 0, 1};
static const double scores[] = {0.2, 1, 0.7};

static const struct model_case {
    const char *encoder, *loss;
    size_t columns;
    op_pool_mode pool;
    bool all_layers; /* pools the sum of the layers' outputs */
    bool adapted;    /* adapters on every linear layer, alone trained */
} cases[] = {
    {bert, "{\"name\": \"softmax\"}", 2, OP_POOL_MEAN, false, false},
    {bert, "{\"name\": \"mnrl\", \"scale\": 2}", 3, OP_POOL_CLS, false, false},
    {bert,
     "{\"name\": \"mnrl\", \"scale\": 5, \"directions\": [\"query_to_doc\", \"doc_to_query\"], "
     "\"partition_mode\": \"per_direction\"}",
     2, OP_POOL_WEIGHTED, false, false},
    {bert, "{\"name\": \"cosine\"}", 2, OP_POOL_SQRT, true, false},
    {bert, "{\"name\": \"tsdae\"}", 2, OP_POOL_MEAN, false, false},
    {bert, "{\"name\": \"tsdae\", \"tied\": false}", 2, OP_POOL_MEAN, false, false},
};

typedef struct model {
    const struct model_case *c;
    nn_encoder *encoder;
    nn_model whole; /* of the encoder alone */
    nn_lora *lora;
    loss *loss;
    tape_layout layout, encoded;
} model;

static tape_node *sum_of_layers(tape *t, tape_node **layers, size_t count) {
    tape_node *sum = layers[0];
    for (size_t i = 1; i < count; i++)
        sum = op_add(t, sum, layers[i]);
    return sum;
}

static tape_node *build(tape *t, void *context) {
    const model *m = context;
    const nn_encoder *e = m->encoder;
    tape_node *layers[NN_MAX_LAYERS + 1], *text[DATA_MAX_COLUMNS];
    tape_node *hidden = nn_encoder_forward(e, t, &m->encoded, layers);
    if (hidden && m->c->all_layers)
        hidden = sum_of_layers(t, layers, e->transformer.spec.layers + 1);
    tape_node *pooled = e->def->gives_texts ? hidden : op_pool(t, &m->encoded, hidden, m->c->pool);
    for (size_t i = 0; i < loss_encoded(m->loss, m->c->columns); i++)
        text[i] = op_rows(t, pooled, i * EXAMPLES, EXAMPLES);
    loss_target target = {.kind = loss_definition(m->loss)->target,
                          .examples = EXAMPLES,
                          .label = labels,
                          .score = scores,
                          .layout = &m->layout};
    return loss_build(m->loss, t, text, m->c->columns, &target);
}

static size_t add_params(nn_params *set, tape_param **param, size_t count, base_error *why) {
    cr_assert(nn_params_train(set, why), "%s", why->text);
    for (size_t i = 0; i < nn_params_count(set); i++)
        param[count++] = nn_params_at(set, i);
    return count;
}

/* B is not zero, else A has no gradient. */
static void add_adapters(model *m, base_error *why) {
    static const char *const all[] = {"all-linear"};
    nn_lora_settings settings = {
        .rank = 2, .alpha = 3, .dropout = 0.1, .target = all, .target_count = 1};
    m->lora = nn_lora_new(m->encoder, &settings, 3, "test", why);
    cr_assert(m->lora, "%s", why->text);
    base_random stream = base_random_stream(4, "B");
    for (size_t i = 0; i < m->lora->count; i++) {
        const tape_param *b = nn_params_at(m->lora->params, m->lora->adapter[i].b);
        for (size_t j = 0; j < b->rows * b->cols; j++)
            b->value[j] = REAL(0.2 * base_random_normal(&stream));
    }
    nn_params_changed(m->lora->params);
}

static void new_model(model *m, const struct model_case *c, base_error *why) {
    cJSON *encoder = cJSON_Parse(c->encoder), *config = cJSON_Parse(c->loss);
    size_t texts = c->columns * EXAMPLES;
    *m = (model){.c = c,
                 .encoder = nn_encoder_new(encoder, "test", why),
                 .layout = {texts, start[texts], start, ids, types, example, column}};
    cr_assert(base_ok(why), "%s", why->text);
    m->whole.encoder = m->encoder;
    loss_setting setting = {.width = nn_encoder_width(m->encoder), .model = &m->whole};
    m->loss = loss_new(config, &setting, "test", "", why);
    cr_assert(base_ok(why), "%s", why->text);
    m->encoded = m->layout;
    m->encoded.texts = loss_encoded(m->loss, c->columns) * EXAMPLES;
    m->encoded.tokens = start[m->encoded.texts];
    nn_params_init(m->encoder->params, 1);
    nn_params_init(loss_params(m->loss), 2);
    if (c->adapted)
        add_adapters(m, why);
    cJSON_Delete(encoder);
    cJSON_Delete(config);
}

static void judge_model(const struct model_case *c) {
    base_error why = {0};
    model m;
    new_model(&m, c, &why);
    tape_param *param[MOST_PARAMS];
    nn_params *trained = m.lora ? m.lora->params : m.encoder->params;
    size_t params = add_params(trained, param, 0, &why);
    params = add_params(loss_params(m.loss), param, params, &why);
    judge_problem problem = {.name = c->loss,
                             .param = param,
                             .params = params,
                             .build = build,
                             .context = &m,
                             .dropout = true};
    cr_expect(judge_gradients(&problem, &why), "%s", why.text);
    nn_encoder_free(m.encoder);
    nn_lora_free(m.lora);
    loss_free(m.loss);
}

#define JUDGE_MODEL(test, index)                                                                   \
    Test(judge, whole_model_##test) {                                                              \
        judge_model(&cases[index]);                                                                \
    }
JUDGE_MODEL(softmax, 0)
JUDGE_MODEL(mnrl_with_hard_negatives, 1)
JUDGE_MODEL(mnrl_symmetric, 2)
JUDGE_MODEL(cosine_over_all_layers, 3)
JUDGE_MODEL(tied_decoder, 4)
JUDGE_MODEL(untied_decoder, 5)

static void judge_family(const char *name, bool adapted) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strcmp(families[i].name, name)) {
            judge_model(&(struct model_case){families[i].config,
                                             "{\"name\": \"mnrl\", \"scale\": 2}", 2, OP_POOL_MEAN,
                                             false, adapted});
            return;
        }
    cr_assert(false, "encoder %s has no small model here", name);
}

#define ENCODER(name)                                                                              \
    Test(judge, whole_model_##name) {                                                              \
        judge_family(#name, false);                                                                \
    }
#include "nn/encoders.def"
#undef ENCODER

/* Packed query, key and value; layers that share weights and one before them; no biases. */
Test(judge, adapted_bert) {
    judge_family("bert", true);
}

Test(judge, adapted_albert) {
    judge_family("albert", true);
}

Test(judge, adapted_modernbert) {
    judge_family("modernbert", true);
}

/* ---- layers that are computed again (op_recompute) ---- */

/* Of the loss and of the gradients of all dense tensors. */
static uint64_t hash_pass(const model *m, tape *t) {
    size_t count;
    nn_params *set = m->encoder->params;
    tape_begin(t, &(tape_mode){.record = true, .dropout = true, .seed = 3});
    for (size_t i = 0; i < nn_params_count(set); i++)
        tape_param_clear_grad(nn_params_at(set, i));
    tape_node *y = build(t, (void *)m);
    cr_assert(tape_backward(t, y, NULL), "%s", tape_error(t)->text);
    const real *gradients = nn_params_gradients(set, &count);
    return base_hash_bytes(gradients, count * sizeof(real)) ^
           base_hash_bytes(y->value, sizeof(real));
}

Test(judge, recomputed_layers_give_the_same_bits) {
    base_error why = {0};
    tape *t = tape_new(1 << 26, 1 << 26, &why);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct model_case c = {
            families[i].config, "{\"name\": \"mnrl\"}", 2, OP_POOL_MEAN, false, false};
        model m;
        new_model(&m, &c, &why);
        cr_assert(nn_params_train(m.encoder->params, &why), "%s", why.text);
        uint64_t kept = hash_pass(&m, t);
        m.encoder->transformer.recompute = true;
        cr_expect_eq(hash_pass(&m, t), kept, "%s", families[i].name);
        nn_encoder_free(m.encoder);
        loss_free(m.loss);
    }
    tape_free(t);
}

/* ---- pre-norm with biases, which no encoder of the table has ---- */

static const nn_layer_names names = {
    .stack = "layers",
    .part = {"qkv", "out", "norm1", "up", "down", "norm2"},
    .query = "q",
    .key = "k",
    .value = "v",
};

static void new_pre_norm(nn_transformer *m, nn_params *set, base_error *why) {
    *m = (nn_transformer){.spec = {.hidden = 6,
                                   .layers = 2,
                                   .heads = 2,
                                   .intermediate = 10,
                                   .vocab = 11,
                                   .norm_epsilon = 1e-12,
                                   .hidden_dropout = 0.1,
                                   .attention_dropout = 0.1,
                                   .init_range = 0.5,
                                   .pre_norm = true,
                                   .names = &names}};
    cr_assert(nn_transformer_declare(m, set, why) && nn_params_allocate(set, why), "%s", why->text);
    nn_params_init(set, 1);
}

static const tape_layout three_texts = {.texts = 3,
                                        .tokens = 9,
                                        .start = start,
                                        .ids = ids,
                                        .types = types,
                                        .example = example,
                                        .column = column};

static tape_node *build_pre_norm(tape *t, void *context) {
    nn_pass pass = {.model = context, .tape = t, .layout = &three_texts};
    tape_node *x = nn_transformer_layers(&pass, nn_transformer_embed(&pass), NULL);
    return op_mean(t, op_mul(t, x, x));
}

Test(judge, whole_model_pre_norm) {
    base_error why = {0};
    nn_params *set = nn_params_new(&why);
    nn_transformer m;
    new_pre_norm(&m, set, &why);
    tape_param *param[MOST_PARAMS];
    judge_problem problem = {.name = "pre-norm",
                             .param = param,
                             .params = add_params(set, param, 0, &why),
                             .build = build_pre_norm,
                             .context = &m,
                             .dropout = true};
    cr_expect(judge_gradients(&problem, &why), "%s", why.text);
    nn_transformer_free(&m);
    nn_params_free(set);
}
