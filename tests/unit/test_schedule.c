#include "base/json.h"
#include "train/schedule.h"

#include <criterion/criterion.h>
#include <string.h>

static train_schedule *make_from(const cJSON *config, double peak, double warmup, size_t total) {
    base_error error = {0};
    train_schedule *s = train_schedule_new(config, peak, warmup, total, &error);
    cr_assert(s, "%s", error.text);
    return s;
}

static train_schedule *make(const char *name, double warmup, size_t total) {
    cJSON *config = cJSON_CreateString(name);
    train_schedule *s = make_from(config, 2e-5, warmup, total);
    cJSON_Delete(config);
    return s;
}

Test(schedule, linear_is_hugging_face_s) {
    train_schedule *s = make("linear", 0.1, 95);
    cr_assert_eq(s->warmup, 10); /* ceil(9.5) */
    cr_assert_float_eq(train_schedule_rate(s, 0), 0, 0);
    cr_assert_float_eq(train_schedule_rate(s, 1), 2e-5 / 10, 1e-20);
    cr_assert_float_eq(train_schedule_rate(s, 10), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(s, 11), 2e-5 * 84 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(s, 94), 2e-5 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(s, 95), 0, 0);
    train_schedule_free(s);
}

/* tests/golden/make_schedules.py */
Test(schedule, every_step_is_the_peer_s) {
    base_error error = {0};
    cJSON *cases = base_json_file("tests/golden/schedules.json", &error), *rate;
    cr_assert(cases, "%s", error.text);
    bool seen[32] = {false};
    for (cJSON *c = cases->child; c; c = c->next) {
        const cJSON *rates = base_json_get(c, "rates");
        size_t total = (size_t)cJSON_GetArraySize(rates), step = 0;
        train_schedule *s =
            make_from(base_json_get(c, "schedule"), base_json_get(c, "peak")->valuedouble,
                      base_json_get(c, "warmup")->valuedouble, total);
        for (size_t i = 0; train_schedule_table[i]; i++)
            seen[i] = seen[i] || s->def == train_schedule_table[i];
        for (rate = rates->child; rate; rate = rate->next, step++)
            cr_assert_float_eq(train_schedule_rate(s, step), rate->valuedouble, 1e-18,
                               "%s, step %zu: %.17g, expected %.17g", s->def->name, step,
                               train_schedule_rate(s, step), rate->valuedouble);
        train_schedule_free(s);
    }
    for (size_t i = 0; train_schedule_table[i]; i++)
        cr_assert(seen[i], "%s has no case of the peer's", train_schedule_table[i]->name);
    cJSON_Delete(cases);
}

Test(schedule, every_schedule_stays_between_0_and_its_peak) {
    for (size_t k = 0; train_schedule_table[k]; k++)
        for (size_t total = 1; total < 40; total++)
            for (int w = 0; w < 10; w++) {
                train_schedule *s = make(train_schedule_table[k]->name, w / 10.0, total);
                cr_assert_leq(s->warmup, total);
                for (size_t i = 0; i < total; i++) {
                    double rate = train_schedule_rate(s, i);
                    cr_assert(rate >= 0 && rate <= 2e-5, "%s %zu of %zu: %g", s->def->name, i,
                              total, rate);
                }
                train_schedule_free(s);
            }
}

Test(schedule, warmup_of_one_and_more_is_a_number_of_steps) {
    train_schedule *s = make("linear", 1, 10);
    cr_assert_eq(s->warmup, 1);
    cr_assert_float_eq(train_schedule_rate(s, 1), 2e-5, 1e-20);
    train_schedule_free(s);
    s = make("linear", 20, 10); /* the peak is never reached */
    cr_assert_float_eq(train_schedule_rate(s, 9), 2e-5 * 9 / 20, 1e-20);
    cr_assert_eq(train_schedule_rate(s, 10), 0);
    train_schedule_free(s);
}

Test(schedule, a_decay_takes_at_most_what_warmup_leaves) {
    train_schedule *s = make("warmup_stable_decay", 38, 40); /* 4 steps of decay, 2 are left */
    cr_assert_float_eq(train_schedule_rate(s, 38), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(s, 39), 1e-5, 1e-20);
    train_schedule_free(s);
}

static void refuse(const char *config, const char *message) {
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    cr_assert_not(train_schedule_resolve(tree, 2e-5, "a.json", &error));
    cr_assert_eq(error.status, BASE_BAD_INPUT);
    cr_assert_str_eq(error.text, message);
    cJSON_Delete(tree);
}

Test(schedule, what_is_wrong_is_said) {
    refuse("\"cosinus\"",
           "a.json: schedule: there is no schedule \"cosinus\", did you mean \"cosine\"?");
    refuse("{\"cycles\": 2}",
           "a.json: schedule.name is not a string, expected the name of a schedule");
    refuse("{\"name\": \"linear\", \"cycles\": 2}",
           "a.json: unknown key schedule.cycles, did you mean schedule.name?");
    refuse("{\"name\": \"linear\", \"floor\": 2}",
           "a.json: schedule.floor is 2, expected a number from 0 to 1");
    refuse("{\"name\": \"polynomial\", \"end\": 2e-5}",
           "a.json: schedule.end is 2e-05, expected less than learning_rate, 2e-05");
}
