/* Every loss of losses.def before the judge, with its own parameters as inputs. */
#include "losses/loss.h"
#include "tests/judge.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 4, WIDTH = 5, MOST_PARAMS = 8 };

static const uint32_t labels[EXAMPLES] = {2, 0, 1, 2};
static const double scores[EXAMPLES] = {0, 0.3, 1, 0.64};
static const loss_target target_by_kind[] = {
    [DATA_TARGET_NONE] = {DATA_TARGET_NONE, EXAMPLES, NULL, NULL},
    [DATA_TARGET_CLASS] = {DATA_TARGET_CLASS, EXAMPLES, labels, NULL},
    [DATA_TARGET_SCORE] = {DATA_TARGET_SCORE, EXAMPLES, NULL, scores},
};

static const struct loss_case {
    const char *config;
    size_t columns;
} cases[] = {
    {"{\"name\": \"softmax\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"u,v\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"|u-v|\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"u*v\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"|u-v|,u*v\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"u,v,u*v\"}", 2},
    {"{\"name\": \"softmax\", \"concatenation\": \"u,v,|u-v|,u*v\"}", 2},
    {"{\"name\": \"mnrl\"}", 2},
    {"{\"name\": \"mnrl\", \"scale\": 3}", 3},
    {"{\"name\": \"mnrl\", \"scale\": 5}", 5},
    {"{\"name\": \"mnrl\", \"symmetric\": true}", 2},
    {"{\"name\": \"mnrl\", \"symmetric\": true, \"scale\": 4}", 3},
    {"{\"name\": \"cosine\"}", 2},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct trial {
    loss *l;
    size_t columns;
    nn_params *texts; /* one tensor a column */
} trial;

static tape_node *build(tape *t, void *context) {
    const trial *c = context;
    tape_node *nodes[DATA_MAX_COLUMNS];
    for (size_t i = 0; i < c->columns; i++)
        nodes[i] = tape_leaf(t, nn_params_at(c->texts, i));
    return loss_build(c->l, t, nodes, c->columns, &target_by_kind[loss_definition(c->l)->target]);
}

/* Column 0 is above the others, so that no |u-v| is near its kink. */
static nn_params *draw_texts(size_t columns, base_error *error) {
    nn_params *texts = nn_params_new(error);
    for (size_t i = 0; i < columns; i++) {
        char name[32];
        snprintf(name, sizeof name, "column %zu", i);
        nn_param_spec spec = {name, EXAMPLES, WIDTH, .init = NN_INIT_UNIFORM, .scale = 0.5};
        nn_params_add(texts, &spec, error);
    }
    nn_params_allocate(texts, error);
    nn_params_init(texts, 1);
    nn_params_train(texts, error);
    for (size_t i = 0; i < EXAMPLES * WIDTH; i++)
        nn_params_at(texts, 0)->value[i] += REAL(1.25);
    return texts;
}

static void judge(const struct loss_case *c, base_error *why) {
    loss_setting setting = {.width = WIDTH};
    cJSON *config = cJSON_Parse(c->config);
    trial held = {loss_new(config, &setting, "test", "", why), c->columns,
                  draw_texts(c->columns, why)};
    cr_assert(base_ok(why), "%s", why->text);
    nn_params *own = loss_params(held.l);
    nn_params_init(own, 2);
    cr_assert(nn_params_train(own, why), "%s", why->text);
    tape_param *param[DATA_MAX_COLUMNS + MOST_PARAMS];
    size_t params = 0;
    for (size_t i = 0; i < c->columns; i++)
        param[params++] = nn_params_at(held.texts, i);
    for (size_t i = 0; i < nn_params_count(own); i++)
        param[params++] = nn_params_at(own, i);
    judge_problem problem = {
        .name = c->config, .param = param, .params = params, .build = build, .context = &held};
    judge_gradients(&problem, why);
    nn_params_free(held.texts);
    loss_free(held.l);
    cJSON_Delete(config);
}

Test(judge, losses) {
    for (size_t i = 0; i < CASES; i++) {
        base_error why = {0};
        judge(&cases[i], &why);
        cr_expect(base_ok(&why), "%s", why.text);
    }
}

Test(judge, has_a_case_of_every_loss) {
    for (const loss_def *const *def = loss_table; *def; def++) {
        bool found = false;
        for (size_t i = 0; i < CASES; i++) {
            cJSON *config = cJSON_Parse(cases[i].config);
            found = found || !strcmp(base_json_get(config, "name")->valuestring, (*def)->name);
            cJSON_Delete(config);
        }
        cr_expect(found, "loss %s is not judged", (*def)->name);
    }
}
