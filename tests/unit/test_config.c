#include "losses/loss.h"
#include "train/config.h"
#include "train/schedule.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char small[] =
    "{\"model\": {\"path\": \"m\"}, \"train\": {\"data\": [{\"data\": \"a.tsv\"}]}}";

static train_config *parse(const char *text, const char *const *sets, size_t count,
                           base_error *error) {
    cJSON *tree = base_json_parse(text, strlen(text), "configs/a.json", 1, error);
    return tree ? train_config_from(tree, "configs/a.json", sets, count, error) : NULL;
}

static train_config *parse_well(const char *text) {
    base_error error = {0};
    train_config *c = parse(text, NULL, 0, &error);
    cr_assert_not_null(c, "%s", error.text);
    return c;
}

Test(config, defaults_are_the_reference_recipe) {
    train_config *c = parse_well(small);
    cr_assert_eq(c->batch_size, 16);
    cr_assert_eq(c->epochs, 1);
    cr_assert_eq(c->max_steps, 0);
    cr_assert_eq(c->normalize, -1);
    cr_assert_float_eq(c->learning_rate, 2e-5, 0);
    cr_assert_float_eq(c->hidden_dropout, -1, 0);
    cr_assert_str_eq(base_json_get(c->schedule, "name")->valuestring, "linear");
    cr_assert_null(c->sampler);
    cr_assert_str_eq(c->folder, "runs/a");
    const train_data *d = train_config_data(c, 0);
    cr_assert_str_eq(d->data.name[0], "a.tsv");
    cr_assert_eq(d->columns.count, 2);
    cr_assert_str_eq(d->columns.name[1], "sentence2");
    cr_assert_str_eq(base_json_get(d->loss, "name")->valuestring, "softmax");
    train_config_free(c);
}

Test(config, the_resolved_config_is_complete_and_reads_back_equal) {
    train_config *c = parse_well(small);
    char *text = base_json_print(c->tree);
    train_config *again = parse_well(text);
    char *second = base_json_print(again->tree);
    cr_assert_str_eq(text, second);
    for (int t = 0; t < 3; t++) {
        const base_keys *keys = train_config_keys((train_table)t);
        for (size_t i = 0; t != TRAIN_TABLE_EVALUATION && i < keys->count; i++) {
            const char *dot = strrchr(keys->key[i].path, '.');
            char *quoted = base_format("\"%s\"", dot ? dot + 1 : keys->key[i].path);
            cr_assert(strstr(text, quoted), "%s is not in the resolved config", quoted);
            free(quoted);
        }
    }
    free(text);
    free(second);
    train_config_free(c);
    train_config_free(again);
}

Test(config, sets_override) {
    const char *const sets[] = {"batch_size=4",          "model.normalize=false",
                                "output=here/and there", "train.data.0.weight=0.5",
                                "loss.head=1x",          "seed=9007199254740991"};
    base_error error = {0};
    train_config *c = parse(small, sets, 6, &error);
    cr_assert_not_null(c, "%s", error.text);
    cr_assert_eq(c->batch_size, 4);
    cr_assert_eq(c->normalize, 0);
    cr_assert_eq(c->seed, 9007199254740991);
    cr_assert_str_eq(c->folder, "here/and there");
    cr_assert_str_eq(c->head, "1x");
    cr_assert_float_eq(train_config_data(c, 0)->weight, 0.5, 0);
    train_config_free(c);
}

/* A change to the small config, and what the message must hold. */
static const struct bad_set {
    const char *set, *says[3];
} bad_sets[] = {
    {"learning_rat=1", {"unknown key learning_rat", "did you mean learning_rate?"}},
    {"max_seq_length=64", {"unknown key max_seq_length", "model.max_seq_length"}},
    {"model.normalise=true", {"model.normalise", "did you mean model.normalize?"}},
    {"train.data.0.wieght=1", {"train.data[0].wieght", "train.data[0].weight"}},
    {"batch_size=0", {"batch_size is 0", "from 1"}},
    {"batch_size=-4", {"batch_size is -4", "whole number"}},
    {"batch_size=2.5", {"batch_size is 2.5", "whole number"}},
    {"batch_size=1e300", {"batch_size is 1e+300", "whole number"}},
    {"max_steps=9007199254740993", {"max_steps is 9007199254740992", "from 1 to 9007199254740991"}},
    {"seed=9007199254740992", {"seed is 9007199254740992", "from 0 to 9007199254740991"}},
    {"evaluation.every=1e17", {"evaluation.every is 1e+17", "from 0 to 9007199254740991"}},
    {"batch_size=\"16\"", {"batch_size is \"16\"", "whole number"}},
    {"batch_size=null", {"batch_size is null"}},
    {"learning_rate=true", {"learning_rate is true", "a number from 0"}},
    {"warmup=1.5", {"warmup is 1.5", "less than 1, or a whole number of steps"}},
    {"warmup=-1", {"warmup is -1", "a number from 0"}},
    {"schedule=liner", {"there is no schedule \"liner\", did you mean \"linear\"", "\"linear\""}},
    {"sampler=random", {"sampler is \"random\"", "\"no_duplicates\""}},
    {"train.data.0.score_range=[5,0]", {"score_range is [5,0]", "the lower one first"}},
    {"score_range=[0,1]", {"the key score_range is now called train.data[0].score_range"}},
    {"model.bert=x", {"the key model.bert is now called model.config"}},
    {"model.bert=null", {"the key model.bert is now called model.config"}},
    {"train.data.0.score_range=[-1e308,1e308]",
     {"score_range is [-1e", "whose difference is finite"}},
    {"model.normalize=1", {"model.normalize is 1", "true or false or null"}},
    {"model=x", {"model", "object"}},
    {"train.data=[]", {"train.data is []", "a list of 1 to 1000 objects"}},
    {"train.data=[3]", {"train.data is [3]", "a list of 1 to 1000 objects"}},
    {"train.data.0.columns=3", {"train.data[0].columns", "a string or a list of 1 to 16 strings"}},
    {"train.data.0.columns=[1]",
     {"train.data[0].columns", "a string or a list of 1 to 16 strings"}},
    {"train.data.0.labels={\"a\":-1}", {"train.data[0].labels", "whole numbers"}},
    {"train.data.0.loss=3", {"train.data[0].loss", "a string or an object"}},
    {"train.data=[{}]", {"train.data[0].data is []", "a list of 1 to 1000 strings"}},
    {"train.data.0.loss=sofmax", {"train.data[0].loss", "softmax"}},
    {"train.data.0.loss={\"name\":\"mnrl\",\"scal\":3}", {"train.data[0].loss.scal", "scale"}},
    {"train.data.7.data=x", {"cannot set", "\"7\""}},
    {"output=", {"output is \"\"", "a string that is not empty or null"}},
    {"model.path=", {"model.path is \"\"", "a string that is not empty"}},
    {"model.config=", {"model.config is \"\"", "a string that is not empty"}},
    {"model.vocab=", {"model.vocab is \"\"", "a string that is not empty"}},
    {"loss.head=", {"loss.head is \"\"", "a string that is not empty"}},
    {"train.data.0.data=", {"train.data[0].data holds an empty string", "the name of a file"}},
    {"train.data.0.data=[\"a\",\"\"]", {"train.data[0].data holds an empty string"}},
    {"evaluation.data=[{\"data\":\"\"}]", {"evaluation.data[0].data is missing"}},
    {"model.path=null", {"no model"}},
    {"model.config=x", {"both set"}},
    {"evaluation.data=3", {"evaluation.data is 3", "a list of 0 to 1000 objects"}},
    {"evaluation.data=[{\"data\":\"x\",\"columns\":[\"a\",1]}]",
     {"evaluation.data[0].columns", "a list of 0 to 16 strings"}},
    {"evaluation.data=[{}]", {"evaluation.data[0].data is missing"}},
    {"evaluation.data=[{\"data\":\"x\",\"kind\":\"stsb\"}]",
     {"evaluation.data[0].kind", "\"sts\""}},
    {"batch_size", {"--set", "key.path=value"}},
    {"output=a\xff/b", {"--set", "ill-formed UTF-8 at byte 9", "output=a\\xff/b"}},
    {"output=\"\xc3\"", {"--set", "ill-formed UTF-8 at byte 9"}},
    {"model.path=\xed\xa0\x80", {"--set", "ill-formed UTF-8 at byte 12"}},
    {"outp\xe4=a", {"--set", "ill-formed UTF-8 at byte 5"}},
    {"=3", {"--set", "key.path=value"}},
};

Test(config, bad_values_name_the_key_path) {
    for (size_t i = 0; i < sizeof bad_sets / sizeof bad_sets[0]; i++) {
        base_error error = {0};
        train_config *c = parse(small, &bad_sets[i].set, 1, &error);
        cr_assert_null(c, "%s was taken", bad_sets[i].set);
        cr_assert_eq(error.status, BASE_BAD_INPUT, "%s: %s", bad_sets[i].set, error.text);
        for (size_t j = 0; j < 3 && bad_sets[i].says[j]; j++)
            cr_assert(strstr(error.text, bad_sets[i].says[j]), "%s gives \"%s\", without \"%s\"",
                      bad_sets[i].set, error.text, bad_sets[i].says[j]);
    }
}

Test(config, a_path_as_the_name_of_a_member_is_unknown) {
    static const char *const flat[][2] = {
        {"\"model.max_seq_length\": 16", "\"model\": {\"max_seq_length\": ...}"},
        {"\"evaluation.every\": 5", "\"evaluation\": {\"every\": ...}"},
        {"\"evaluation.data\": []", "\"evaluation\": {\"data\": ...}"},
        {"\"evaluation\": {\"every.x\": 5}", "did you mean evaluation.every?"},
        {"\"loss.head.x\": {}", "unknown key loss.head.x"},
    };
    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++) {
        base_error error = {0};
        char *text = base_format("{%s, %s", flat[i][0], small + 1);
        cr_expect_null(parse(text, NULL, 0, &error), "%s was taken", text);
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, "unknown key") && strstr(error.text, flat[i][1]), "%s",
                  error.text);
        free(text);
    }
}

Test(config, bad_files_name_line_and_column) {
    static const char *const texts[] = {"",
                                        "[]",
                                        "{\"seed\": 1,}",
                                        "{\"seed\": 1} 2",
                                        "{\"seed\": 1, \"seed\": 2}",
                                        "{\"seed\": \"\\u0000\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        base_error error = {0};
        cr_assert_null(parse(texts[i], NULL, 0, &error), "%s", texts[i]);
        cr_assert_eq(error.status, BASE_BAD_INPUT);
        cr_assert(strstr(error.text, "configs/a.json"), "%s", error.text);
    }
    base_error error = {0};
    cr_assert_null(train_config_load("/no/such/config.json", NULL, 0, &error));
    cr_assert(strstr(error.text, "/no/such/config.json"), "%s", error.text);
}

Test(config, every_default_is_valid_and_every_key_has_help) {
    for (int t = 0; t < 3; t++) {
        const base_keys *keys = train_config_keys((train_table)t);
        for (size_t i = 0; i < keys->count; i++) {
            cJSON *initial = cJSON_Parse(keys->key[i].initial);
            cr_assert_not_null(initial, "%s", keys->key[i].path);
            cJSON_Delete(initial);
            cr_assert(strlen(keys->key[i].help) > 10, "%s", keys->key[i].path);
        }
    }
    base_error error = {0};
    base_bytes help = {0}, reference = {0};
    cr_assert(train_config_help(&help, &error) && train_config_reference(&reference, &error));
    cr_assert(strstr(help.data, "model.path") && strstr(reference.data, "| `warmup` | `0.1` |"));
    cr_expect(strstr(help.data, "hardness_mode") && strstr(reference.data, "| `hardness_mode` |"),
              "the losses' options");
    cr_expect(strstr(reference.data, "`\"u,v,\\|u-v\\|\"`"), "bars are escaped in tables");
    for (const loss_def *const *def = loss_table; *def; def++)
        cr_assert(strstr(reference.data, (*def)->summary), "%s", (*def)->name);
    base_bytes_free(&help);
    base_bytes_free(&reference);
}
