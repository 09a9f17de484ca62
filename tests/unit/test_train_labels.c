/* Labels of training, evaluation and saved heads go by name. */
#include "base/file.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(train_labels, .init = tiny_corpora);

#define REVERSED "{\"contradiction\":0,\"neutral\":1,\"entailment\":2}"

/* The accuracy on the training file in the last line of evaluations.jsonl. */
static double last_accuracy(void) {
    base_bytes text = {0};
    base_error error = {0};
    double accuracy = -1;
    cr_assert(base_file_read(fixture_path("run/evaluations.jsonl"), &text, &error));
    for (char *at = text.data; (at = strstr(at, "\"accuracy\":")); at++)
        accuracy = atof(at + 11);
    base_bytes_free(&text);
    return accuracy;
}

static double evaluated_accuracy(void) {
    base_bytes out = {0};
    cr_assert_eq(program_run("eval $D/run --nli $D/nli.tsv --json", &out), 0);
    const char *at = strstr(out.data, "\"accuracy\": ");
    double accuracy = at ? atof(at + 12) : -2;
    base_bytes_free(&out);
    return accuracy;
}

static void set_evaluation(char set[400], const char *labels) {
    snprintf(set, 400, "evaluation.data=[{\"data\":\"%s\",\"kind\":\"nli\"%s%s}]",
             fixture_path("nli.tsv"), labels ? ",\"labels\":" : "", labels ? labels : "");
}

/* With the classes in another order, a number alone would stand for another label. */
Test(train_labels, evaluation_has_those_of_the_head) {
    char set[400];
    const char *sets[] = {"train.data.0.labels=" REVERSED, set, "epochs=4", NULL};
    set_evaluation(set, NULL);
    tiny_run_well(sets, TRAIN_NEW, 0);
    double while_training = last_accuracy();
    cr_expect_geq(while_training, 0);
    cr_expect_float_eq(while_training, evaluated_accuracy(), 1e-6);
    set_evaluation(set, REVERSED);
    tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    cr_expect_float_eq(last_accuracy(), while_training, 1e-9);
}

static void expect_refused(const char *labels, const char *part) {
    char set[400];
    const char *sets[] = {"train.data.0.labels=" REVERSED, set, NULL};
    base_error error = {0};
    tiny_run_result r;
    set_evaluation(set, labels);
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "%s", error.text);
    cr_expect_not(base_file_exists(fixture_path("run")));
}

Test(train_labels, evaluation_with_other_numbers_is_refused_before_training) {
    expect_refused("{\"entailment\":0,\"neutral\":1,\"contradiction\":2}",
                   "\"entailment\" is number 0, expected 2");
    expect_refused("{\"entailment\":2,\"neutral\":1,\"contradiction\":3}",
                   "expected less than the head's 3 classes");
}

Test(train_labels, labels_that_share_a_number_are_all_known_to_the_saved_head) {
    const char *sets[] = {
        "train.data.0.labels={\"contradiction\":0,\"neutral\":0,\"entailment\":1}", "max_steps=2",
        NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    cr_expect_geq(evaluated_accuracy(), 0);
    base_error error = {0};
    loss *l = loss_read(fixture_path("run/model/loss"), &error);
    cr_assert_not_null(l, "%s", error.text);
    cr_expect_eq(loss_get_setting(l)->classes, 2);
    cr_expect_str_eq(loss_get_setting(l)->label[0], "contradiction|neutral");
    loss_free(l);
}

Test(train_labels, a_shared_class_has_its_name_and_each_part) {
    static const char *const names[] = {"a|b|c", "d"};
    const loss_setting setting = {.classes = 2, .label = names};
    static const char *const expected[] = {"a|b|c", "a", "b", "c", "d"};
    base_error error = {0};
    loss_labels labels = {0};
    cr_assert(loss_labels_of(&setting, &labels, &error));
    cr_assert_eq(labels.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_str_eq(labels.name[i], expected[i]);
        cr_expect_eq(labels.value[i], i == 4);
    }
    loss_labels_free(&labels);
}

Test(train_labels, a_head_with_its_classes_in_another_order_is_refused) {
    char head[320];
    const char *first[] = {"max_steps=1", NULL};
    tiny_run_well(first, TRAIN_NEW, 0);
    snprintf(head, sizeof head, "loss.head=%s", fixture_path("run/model/loss/model.safetensors"));
    char output[320];
    snprintf(output, sizeof output, "output=%s", fixture_path("second"));
    const char *same[] = {head, output, "max_steps=1", NULL};
    const char *reversed[] = {head, output, "max_steps=1", "train.data.0.labels=" REVERSED, NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(reversed, TRAIN_NEW, 0, &r, &error));
    cr_expect(strstr(error.text, "labels"), "%s", error.text);
    tiny_run_well(same, TRAIN_NEW, 0);
}
