/* Options of a run that change how it trains, by small runs. */
#include "tests/fixture.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(train_options, .init = tiny_corpora);

enum { MOST_SETS = 12 };

/* The model that a run ends with, by its checksum; no evaluation chooses one. */
static uint32_t weights(const char *const *sets) {
    const char *all[MOST_SETS] = {"evaluation.data=[]", "clip=0", "epochs=0.5"};
    for (size_t i = 0; sets[i]; i++)
        all[i + 3] = sets[i];
    tiny_run_well(all, TRAIN_OVERWRITE, 0);
    return tiny_run_crc("run", "model/model.safetensors");
}
#define WEIGHTS(...) weights((const char *const[]){__VA_ARGS__, NULL})

/* The sentence with which a run is refused. */
static void refuse(const char *set, const char *sentence) {
    const char *sets[] = {set, NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_OVERWRITE, 0, &r, &error), "%s", set);
    cr_assert_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    cr_assert_str_eq(error.text, sentence);
}

/* ---- rates by layer and name ---- */

Test(train_options, a_learning_rate_of_0_by_name_is_frozen) {
    uint32_t frozen = WEIGHTS("model.freeze_embeddings=true");
    cr_assert_eq(frozen, WEIGHTS("parameters=[{\"names\": \"^encoder\\\\.embeddings\", "
                                 "\"learning_rate\": 0}]"));
    cr_assert_neq(frozen, WEIGHTS("seed=0"));
}

Test(train_options, layer_decay_is_a_learning_rate_for_each_layer) {
    uint32_t decayed = WEIGHTS("learning_rate=0.0078125", "layer_decay=0.5");
    cr_assert_eq(decayed,
                 WEIGHTS("learning_rate=0.0078125",
                         "parameters=[{\"names\": \"embeddings\", \"learning_rate\": 0.001953125}, "
                         "{\"names\": \"layer\\\\.0\\\\.\", \"learning_rate\": 0.00390625}]"));
    cr_assert_neq(decayed, WEIGHTS("learning_rate=0.0078125"));
}

Test(train_options, weight_decay_by_name) {
    uint32_t none = WEIGHTS("weight_decay=0");
    cr_assert_eq(none, WEIGHTS("parameters=[{\"names\": \".\", \"weight_decay\": 0}]"));
    /* also on biases, which else have none */
    uint32_t some = WEIGHTS("weight_decay=0.5");
    cr_assert_neq(none, some);
    cr_assert_neq(some, WEIGHTS("parameters=[{\"names\": \".\", \"weight_decay\": 0.5}]"));
}

Test(train_options, the_last_pattern_counts) {
    cr_assert_eq(WEIGHTS("parameters=[{\"names\": \".\", \"learning_rate\": 0.02}, "
                         "{\"names\": \"^\", \"learning_rate\": 0.01}]"),
                 WEIGHTS("seed=0"));
}

Test(train_options, wrong_patterns_are_refused) {
    refuse("parameters=[{\"names\": \"pooler\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names, \"pooler\", matches no parameter that is trained; "
           "expected a regular expression for names such as "
           "encoder.embeddings.word_embeddings.weight");
    refuse("parameters=[{\"names\": \"(\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names, \"(\", is no regular expression: Unmatched ( or \\(");
    refuse("parameters=[{\"names\": \"query\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names matches "
           "encoder.encoder.layer.0.attention.self.query.weight but not "
           "encoder.encoder.layer.0.attention.self.value.weight, which is trained as one with it; "
           "expected a pattern that matches both");
    refuse(
        "parameters=[{\"names\": \"query\"}]",
        "tiny.json: parameters[0] changes nothing, expected learning_rate or weight_decay in it");
    refuse("layer_decay=0", "tiny.json: layer_decay is 0, expected a number from 1e-06 to 1");
    refuse("parameters=[{\"learning_rate\": 0}]",
           "tiny.json: parameters[0].names is missing, expected a regular expression");
}
