/* What train.data says of its files: ranges of scores, labels, unpaired positives. */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(train_data, .init = tiny_corpora);

/* A setting of train.data: one entry over the file, with more keys. */
static char *entry(const char *file, const char *keys) {
    return base_format("train.data=[{\"data\":\"%s\"%s}]", fixture_path(file), keys);
}

static void expect_refused(const char *file, const char *keys, const char *message) {
    char *set = entry(file, keys);
    const char *sets[] = {set, "max_steps=2", NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, message), "%s", error.text);
    cr_expect_not(base_file_exists(fixture_path("run")));
    free(set);
}

static void note_warning(void *context, base_log_level level, const char *sentence) {
    if (level == BASE_LOG_WARNING && strstr(sentence, "less than half"))
        snprintf(context, 200, "%s", strstr(sentence, "the scores"));
}

static void run_with(const char *file, const char *keys, char warning[200]) {
    char *set = entry(file, keys);
    const char *sets[] = {set, "max_steps=2", NULL};
    warning[0] = '\0';
    base_log_to(note_warning, warning);
    tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    base_log_to(NULL, NULL);
    free(set);
}

Test(train_data, scores_without_the_ends_of_their_scale_are_refused_with_the_line_to_add) {
    fixture_text("unit.tsv", "score\tsentence1\tsentence2\n0.125\ta\tb\n0.75\tb\tc\n1\tc\td\n");
    expect_refused("unit.tsv", ",\"loss\":\"cosine\"",
                   "found scores from 0.125 to 1 and no ends of their scale, expected them in "
                   "train.data[0], such as \"score_range\": [0.125, 1]");
    expect_refused("sts.tsv", ",\"loss\":\"cosine\",\"score_range\":[0,1]", "from 0 to 1");
    char warning[200];
    run_with("unit.tsv", ",\"loss\":\"cosine\",\"score_range\":[0,1]", warning);
    cr_expect_str_eq(warning, "");
    run_with("unit.tsv", ",\"loss\":\"cosine\",\"score_range\":[0,5]", warning);
    cr_expect_str_eq(warning,
                     "the scores go from 0.125 to 1, less than half of the range from 0 to 5");
}

Test(train_data, prompts_are_texts_for_columns_that_there_are) {
    char warning[200];
    expect_refused("pairs.tsv", ",\"loss\":\"mnrl\",\"prompts\":{\"query\":\"a \"}",
                   "train.data[0].prompts has a text for \"query\", expected one for "
                   "\"sentence1\" or \"sentence2\"");
    expect_refused(
        "pairs.tsv", ",\"loss\":\"mnrl\",\"prompts\":{\"sentence1\":1}",
        "train.data[0].prompts is neither a string nor an object of columns and strings");
    run_with("pairs.tsv", ",\"loss\":\"mnrl\",\"prompts\":{\"sentence1\":\"a \"}", warning);
}

static double best_score(const char *file, const char *keys) {
    char *set = base_format("evaluation.data=[{\"data\":\"%s\"%s}]", fixture_path(file), keys);
    const char *sets[] = {set, "max_steps=1", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    cr_assert(r.outcome.has_best);
    free(set);
    return r.outcome.best;
}

Test(train_data, an_evaluation_has_prompts_of_its_own) {
    static const char row[] = "%d\t%s%c %c\t%s%c\n", head[] = "score\tsentence1\tsentence2\n";
    base_bytes plain = {0}, before = {0};
    base_error error = {0};
    base_bytes_format(&plain, &error, head);
    base_bytes_format(&before, &error, head);
    for (int i = 0; i < 30; i++) {
        int a = 'a' + i % 9, b = 'a' + i * i % 7, c = 'a' + i * 5 % 11;
        base_bytes_format(&plain, &error, row, i % 6, "", a, b, "", c);
        base_bytes_format(&before, &error, row, i % 6, "cat sat ", a, b, "dog ", c);
    }
    fixture_write("plain.tsv", plain.data, plain.size);
    fixture_write("before.tsv", before.data, before.size);
    base_bytes_free(&plain);
    base_bytes_free(&before);
    double with =
        best_score("plain.tsv", ",\"prompts\":{\"sentence1\":\"cat sat \",\"sentence2\":\"dog \"}");
    cr_expect_eq(with, best_score("before.tsv", ""));
    cr_expect_neq(with, best_score("plain.tsv", ""));
}

Test(train_data, the_sts_benchmark_brings_its_range) {
    char warning[200];
    fixture_text("sts.csv", "g\tf\ty\ti\t0\ta\tb\ng\tf\ty\ti\t5\tb\tc\n");
    run_with("sts.csv", ",\"loss\":\"cosine\"", warning);
    cr_expect_str_eq(warning, "");
}

/* Labels in the order of their first appearance, in the resolved config, and the same on resume. */
Test(train_data, labels_that_are_found_are_resolved_and_a_run_resumes_with_them) {
    base_bytes text = {0};
    base_error error = {0};
    base_bytes_format(&text, &error, "gold_label\tsentence1\tsentence2\n");
    for (int i = 0; i < 24; i++)
        base_bytes_format(&text, &error, "%s\ta %c\tb\n",
                          (const char *[]){"yes", "7", "false", "-"}[i % 4], 'a' + i % 4);
    fixture_write("found.tsv", text.data, text.size);
    char *set = entry("found.tsv", "");
    const char *sets[] = {set, "checkpoint.every=2", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 3);
    cr_assert(r.outcome.stopped);
    cJSON *config = base_json_file(fixture_path("run/config.json"), &error);
    const cJSON *data = base_json_get(base_json_get(config, "train"), "data");
    char *labels = base_json_line(base_json_get(data->child, "labels"));
    cr_expect_str_eq(labels, "{\"yes\":0,\"7\":1,\"false\":2}");
    free(labels);
    cJSON_Delete(config);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    uint32_t crc = tiny_run_crc("run", "model/model.safetensors");
    tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), crc);
    free(set);
    base_bytes_free(&text);
}

/* A softmax over one class is 1 whatever the model does: nothing would be learnt, without a word.
 */
Test(train_data, keys_that_would_do_nothing_are_refused) {
    static const char *const table[][2] = {
        {",\"loss\":\"mnrl\",\"target\":\"label\"", "train.data[0].target does nothing"},
        {",\"loss\":\"mnrl\",\"labels\":{\"0\":0,\"1\":1}", "train.data[0].labels does nothing"},
        {",\"loss\":\"mnrl\",\"score_range\":[0,1]", "train.data[0].score_range does nothing"},
        {",\"loss\":\"mnrl\",\"positive\":\"1\"", "train.data[0].positive does nothing"},
        {",\"loss\":\"mnrl\",\"rows\":\"positives\",\"negative\":\"0\"",
         "train.data[0].negative does nothing"},
        {",\"loss\":\"mnrl\",\"without_negative\":\"drop\"", "expected rows \"triplets\""},
    };
    fixture_text("pairs.tsv", "sentence1\tsentence2\tlabel\na\tb\t1\nb\tc\t0\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect_refused("pairs.tsv", table[i][0], table[i][1]);
}

Test(train_data, one_label_alone_is_refused) {
    fixture_text("one.tsv", "gold_label\tsentence1\tsentence2\nyes\ta\tb\n-\tb\tc\nyes\tc\td\n");
    expect_refused("one.tsv", "", "one.tsv: found one label, \"yes\", expected two or more");
    expect_refused("one.tsv", ",\"labels\":{\"yes\":0,\"sure\":0}", "expected two or more");
    char warning[200];
    run_with("one.tsv", ",\"labels\":{\"yes\":0,\"no\":1}", warning);
}

Test(train_data, a_loss_that_takes_no_pairs_gets_none_of_the_unpaired) {
    const loss_def pairs = {.min_columns = 2}, triplets = {.min_columns = 3};
    train_data e = {.without_negative = TRAIN_PAIRS_BY_LOSS};
    cr_expect(train_keeps_unpaired(&e, &pairs));
    cr_expect_not(train_keeps_unpaired(&e, &triplets));
    e.without_negative = TRAIN_PAIRS_KEPT;
    cr_expect(train_keeps_unpaired(&e, &triplets));
    e.without_negative = TRAIN_PAIRS_DROPPED;
    cr_expect_not(train_keeps_unpaired(&e, &pairs));
}

Test(train_data, a_dry_run_shows_labels_scores_and_rows) {
    char *json = base_format(
        "{\"model\": {\"path\": \"%s\"}, \"train\": {\"data\": [{\"data\": \"%s\"}, "
        "{\"data\": \"%s\", \"header\": false, \"columns\": [\"3\", \"2\"], \"target\": \"1\", "
        "\"loss\": \"cosine\", \"score_range\": [0, 4]}]}}",
        fixture_path("run/model"), fixture_path("nli.tsv"),
        fixture_text("n.tsv", "0.5\tone\ttwo\n4\ta\tb\n"));
    tiny_run_well((const char *[]){"max_steps=1", NULL}, TRAIN_NEW, 0);
    fixture_text("c.json", json);
    free(json);
    program_expect_part("train $D/c.json --dry-run", 0,
                        "labels      entailment 14, neutral 13, contradiction 13\n");
    program_expect_part("train $D/c.json --dry-run", 0, "rows like   line 2  entailment  ");
    program_expect_part("train $D/c.json --dry-run", 0,
                        "scores      0.5 to 4, of a scale from 0 to 4\n"
                        "rows like   line 1  0.5  two  one\n"
                        "            line 2  4  b  a\n");
}

static uint32_t weights_after(const char *const *sets) {
    tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    return tiny_run_crc("run", "model/model.safetensors");
}

/* dropout and first weights are those of the seed, the order of the rows that of data_seed */
Test(train_data, the_data_has_a_seed_of_its_own) {
    uint32_t plain = weights_after((const char *[]){"max_steps=3", "seed=1", NULL});
    cr_expect_eq(plain,
                 weights_after((const char *[]){"max_steps=3", "seed=1", "data_seed=1", NULL}));
    cr_expect_neq(plain,
                  weights_after((const char *[]){"max_steps=3", "seed=1", "data_seed=0", NULL}));
    cr_expect_neq(plain,
                  weights_after((const char *[]){"max_steps=3", "seed=2", "data_seed=1", NULL}));
}

static char *two_sets(const char *first, const char *second) {
    char *a = base_copy(fixture_path("nli.tsv"), strlen(fixture_path("nli.tsv")));
    char *set =
        base_format("train.data=[{\"data\":\"%s\"%s},{\"data\":\"%s\",\"loss\":\"mnrl\"%s}]", a,
                    first, fixture_path("pairs.tsv"), second);
    free(a);
    return set;
}

Test(train_data, turns_and_shares_go_together) {
    static const struct refused {
        const char *first, *second, *turns, *message;
    } bad[] = {
        {"", "", "turns=shares", "train.data[0].share is missing"},
        {",\"share\":2", "", "turns=shares", "train.data[1].share is missing"},
        {"", ",\"share\":2", "turns=round_robin",
         "train.data[1].share is 2 and turns is \"round_robin\", which takes no shares"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *set = two_sets(bad[i].first, bad[i].second);
        const char *sets[] = {set, bad[i].turns, NULL};
        base_error error = {0};
        tiny_run_result r;
        cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, bad[i].message), "%s", error.text);
        free(set);
    }
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run((const char *[]){"turns=round_robin", NULL}, TRAIN_NEW, 0, &r, &error));
    cr_expect(strstr(error.text, "turns is \"round_robin\" and there is one corpus"), "%s",
              error.text);
}

/* 10 batches of labelled pairs and 6 of pairs */
Test(train_data, turns_by_share_resume_with_the_same_bits) {
    char *set = two_sets(",\"share\":2", ",\"share\":1");
    const char *sets[] = {set, "turns=shares", "epochs=2", "drop_last=true", "checkpoint.every=4",
                          NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_expect_eq(r.summary.steps, 2 * (10 + 5));
    uint32_t whole = tiny_run_crc("run", "model/model.safetensors");
    r = tiny_run_well(sets, TRAIN_OVERWRITE, 17);
    cr_expect(r.outcome.stopped);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), whole);
    free(set);
}

/* 14, 13 and 13 rows of three labels: 6 and 6 and 6 pairs of rows, in batches of 4 */
Test(train_data, losses_with_positives_in_the_batch_get_them) {
    static const char keys[] = ",\"columns\":[\"sentence1\"],\"loss\":\"batch_hard_triplet\"";
    char *set = entry("nli.tsv", keys);
    base_error error = {0};
    tiny_run_result r = tiny_run_well((const char *[]){set, NULL}, TRAIN_NEW, 0);
    cr_expect_eq(r.summary.steps, 9);
    cr_expect_eq(r.summary.dropped, 4);
    r = tiny_run_well((const char *[]){set, "sampler=shuffled", NULL}, TRAIN_OVERWRITE, 0);
    cr_expect_eq(r.summary.steps, 10);
    cr_assert_not(
        tiny_run((const char *[]){set, "batch_size=5", NULL}, TRAIN_OVERWRITE, 0, &r, &error));
    cr_expect(strstr(error.text, ": batch_size is 5, expected at least 4 and a multiple of 2 for "
                                 "the sampler group_by_label"),
              "%s", error.text);
    error = (base_error){0};
    free(set);
    cr_assert_not(
        tiny_run((const char *[]){"sampler=group_by_label", "train.data.0.loss=mnrl", NULL},
                 TRAIN_OVERWRITE, 0, &r, &error));
    cr_expect(strstr(error.text, "found rows without labels"), "%s", error.text);
}

/* Labels of nli.tsv take turns; sorted.tsv has them one after the other. */
Test(train_data, batches_without_a_positive_or_a_negative_are_refused_before_training) {
    static const char keys[] = ",\"columns\":[\"sentence1\"],\"loss\":\"batch_all_triplet\"";
    base_error error = {0};
    tiny_run_result r;
    char *set = entry("nli.tsv", keys);
    cr_assert_not(tiny_run((const char *[]){set, "sampler=sequential", "batch_size=2", NULL},
                           TRAIN_NEW, 0, &r, &error));
    cr_expect(error.status == BASE_BAD_INPUT &&
                  strstr(error.text, "nli.tsv: batch 1 of epoch 1, which begins with line 2, has "
                                     "no two rows of one label, expected two rows of a label and "
                                     "one of another for the loss batch_all_triplet"),
              "%s", error.text);
    free(set);
    fixture_text("sorted.tsv", "gold_label\tsentence1\n"
                               "a\t1\na\t2\nb\t3\nb\t4\na\t5\na\t6\na\t7\na\t8\n");
    set = entry("sorted.tsv", keys);
    error = (base_error){0};
    cr_assert_not(
        tiny_run((const char *[]){set, "sampler=sequential", NULL}, TRAIN_NEW, 0, &r, &error));
    cr_expect(strstr(error.text, "sorted.tsv: batch 2 of epoch 1, which begins with line 6, has "
                                 "rows of one label, expected"),
              "%s", error.text);
    /* that batch does not come */
    tiny_run_well((const char *[]){set, "sampler=sequential", "max_steps=1", NULL}, TRAIN_NEW, 0);
    free(set);
}

static void expect_files(const char *expected) {
    base_error error = {0};
    base_bytes found = {0};
    cJSON *config = base_json_file(fixture_path("run/config.json"), &error);
    const cJSON *data = base_json_get(base_json_get(config, "train"), "data");
    for (const cJSON *file = base_json_get(data->child, "data")->child; file; file = file->next)
        base_bytes_format(&found, &error, "%s ", strrchr(file->valuestring, '/') + 1);
    cr_expect_str_eq(found.data, expected);
    base_bytes_free(&found);
    cJSON_Delete(config);
}

/* The resolved config has the files, so that it can be run itself; a file with the name of a
 * pattern is that file. */
Test(train_data, patterns_stand_for_files_in_order_of_their_names) {
    static const char pair[] = "sentence1\tsentence2\na\tb\nc\td\n";
    static const char *const names[] = {"part-2.tsv", "part-10.tsv", "part-1.tsv", "odd-[1].tsv"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fixture_text(names[i], pair);
    expect_refused("other-*.tsv", "", "other-*.tsv: found no file that this pattern matches");
    char warning[200];
    run_with("part-*.tsv", ",\"loss\":\"mnrl\"", warning);
    expect_files("part-1.tsv part-10.tsv part-2.tsv ");
    run_with("odd-[1].tsv", ",\"loss\":\"mnrl\"", warning);
}

static void write_config(const char *name, const char *data, const char *more) {
    char *json =
        base_format("{\"model\": {\"path\": \"%s\"}, \"max_steps\": 2, \"output\": "
                    "\"%s\", \"train\": {\"data\": [{\"data\": %s, \"loss\": \"mnrl\"}]}%s}",
                    fixture_path("run/model"), fixture_path(name), data, more);
    fixture_text("c.json", json);
    free(json);
}

/* A pipe is read whole; a run from one and its --resume need the same bytes. */
Test(train_data, standard_input_is_data) {
    base_bytes out = {0};
    tiny_run_well((const char *[]){"max_steps=1", NULL}, TRAIN_NEW, 0);
    write_config("piped", "\"-\"", "");
    cr_expect_eq(program_run("train $D/c.json < $D/pairs.tsv", &out), 0);
    uint32_t of_file = tiny_run_crc("piped", "model/model.safetensors");
    program_expect_part("train $D/c.json --resume < $D/nli.tsv", 2,
                        "-: the file is not the one that the checkpoint was made with");
    cr_expect_eq(program_run("--version; cat $D/pairs.tsv | $S train $D/c.json --overwrite", &out),
                 0);
    cr_expect_eq(tiny_run_crc("piped", "model/model.safetensors"), of_file);
    program_expect_part("--version; cat $D/pairs.tsv | $S train $D/c.json --resume --extend --set "
                        "max_steps=3 --set epochs=2",
                        0, "done after step 3 of 3");
    write_config("plain", "\"$D/pairs.tsv\"", "");
    program_expect_part("train $D/c.json --set train.data.0.data=$D/pairs.tsv", 0, "done");
    cr_expect_eq(tiny_run_crc("plain", "model/model.safetensors"), of_file);
    write_config("twice", "[\"-\", \"-\"]", "");
    program_expect_part("train $D/c.json < $D/pairs.tsv", 2,
                        "standard input, \"-\", is the data of 2 entries, expected one");
    base_bytes_free(&out);
}

static void note_rows(void *context, base_log_level level, const char *sentence) {
    base_bytes *all = context;
    base_error error = {0};
    if (level == BASE_LOG_INFO && strstr(sentence, " rows are "))
        base_bytes_format(all, &error, "%s;", strstr(sentence, ": ") + 2);
}

static void scored(const char *name, size_t rows, size_t scores) {
    base_bytes text = {0};
    base_error error = {0};
    base_bytes_format(&text, &error, "score\tsentence1\tsentence2\n");
    for (size_t i = 0; i < rows; i++)
        base_bytes_format(&text, &error, "%zu\t%c %c\t%c %c dog\n", i % scores, (int)('d' + i % 20),
                          (int)('d' + i / 20), (int)('d' + i % 20), (int)('d' + i / 20));
    fixture_write(name, text.data, text.size);
    base_bytes_free(&text);
}

/* 100 rows, of which 60 are drawn and 12 held out: 48 make 12 batches of 4 */
Test(train_data, rows_are_drawn_and_held_out_to_evaluate_on) {
    scored("scored.tsv", 100, 6);
    char *set = entry("scored.tsv", ",\"loss\":\"cosent\",\"score_range\":[0,5],\"sample\":60,"
                                    "\"held_out\":0.2");
    const char *sets[] = {set, "evaluation.data=[{\"data\":\"train.data[0]\"}]",
                          "checkpoint.every=5", NULL};
    base_bytes log = {0};
    base_log_to(note_rows, &log);
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    base_log_to(NULL, NULL);
    cr_expect_str_eq(log.data, "60 of 100 rows are drawn;12 of 60 rows are held out, 12 groups "
                               "without a text in common with others;");
    base_bytes_free(&log);
    cr_expect(r.summary.rows == 48 && r.summary.steps == 12 && r.outcome.has_best);
    uint32_t whole = tiny_run_crc("run", "model/model.safetensors");
    tiny_run_well(sets, TRAIN_OVERWRITE, 7);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), whole);
    free(set);
}

Test(train_data, held_out_scores_of_0_and_1_are_labels) {
    scored("binary.tsv", 60, 2);
    char *set = entry("binary.tsv", ",\"loss\":\"contrastive\",\"score_range\":[0,1],"
                                    "\"held_out\":0.3");
    const char *sets[] = {set, "evaluation.data=[{\"data\":\"train.data[0]\",\"kind\":\"binary\"}]",
                          NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_expect(r.outcome.has_best && r.summary.rows == 42);
    free(set);
}

static void expect_held_out_refused(const char *keys, const char *evaluation, const char *message) {
    char *set = entry("scored.tsv", keys), *data = base_format("evaluation.data=[%s]", evaluation);
    const char *sets[] = {set, data, NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_expect_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, message), "%s", error.text);
    free(set);
    free(data);
}

Test(train_data, what_is_held_out_must_be_evaluated_on_and_fit) {
    static const char half[] = ",\"loss\":\"cosent\",\"score_range\":[0,5],\"held_out\":0.5";
    scored("scored.tsv", 100, 6);
    expect_held_out_refused(half, "", "nothing is evaluated on them");
    expect_held_out_refused("", "{\"data\":\"train.data[0]\"}", "which holds no rows out");
    expect_held_out_refused(half, "{\"data\":\"train.data[1]\"}", "which holds no rows out");
    expect_held_out_refused(half, "{\"data\":\"train.data[0]\",\"target\":\"x\"}",
                            "expected no format, columns, target, header or labels");
    expect_held_out_refused(half, "{\"data\":\"train.data[0]\",\"kind\":\"binary\"}",
                            ", expected an end of the scale");
    expect_held_out_refused(half, "{\"data\":\"train.data[0]\",\"kind\":\"retrieval\"}",
                            "evaluator retrieval reads files of its own");
    expect_held_out_refused(",\"columns\":[\"sentence1\"],\"target\":\"score\",\"loss\":"
                            "\"batch_hard_triplet\",\"held_out\":0.5",
                            "{\"data\":\"train.data[0]\"}",
                            "its rows have 1 text columns, expected 2 as evaluator sts takes them");
    expect_held_out_refused(",\"loss\":\"mnrl\",\"held_out\":0.5", "{\"data\":\"train.data[0]\"}",
                            "its rows are read with targets: none, expected scores");
    expect_held_out_refused(",\"loss\":\"mnrl\",\"sample\":101", "",
                            "found 100 rows, expected as many as train.data[0].sample has, 101");
    expect_held_out_refused(",\"loss\":\"mnrl\",\"sample\":1.5", "",
                            "train.data[0].sample is 1.5, expected a part of the rows");
    fixture_text("scored.tsv", "score\tsentence1\tsentence2\n1\ta\tb\n2\tb\tc\n3\tc\td\n");
    expect_held_out_refused(half, "{\"data\":\"train.data[0]\"}",
                            "found no part of 2 rows or fewer to hold out of 3");
}

Test(train_data, columns_and_targets_that_do_not_fit_the_loss_are_refused) {
    expect_refused("pairs.tsv", ",\"loss\":\"cosent\"",
                   "found the columns id, sentence1, sentence2; expected one named \"score\" (the "
                   "loss cosent takes a score)");
    expect_refused("pairs.tsv", ",\"loss\":\"softmax\",\"target\":\"kind\"",
                   "expected one named \"kind\" (the loss softmax takes a label)");
    expect_refused("pairs.tsv", ",\"loss\":\"mnrl\",\"columns\":[\"sentence1\",\"x\"]",
                   "expected one named \"x\"");
    fixture_text("p.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n");
    expect_refused("p.jsonl", ",\"loss\":\"contrastive\"",
                   "expected it in every row (the loss contrastive takes a score)");
    expect_refused(
        "pairs.tsv", ",\"loss\":\"triplet\"",
        "pairs.tsv: found 2 text columns for the loss triplet, expected 3, named by columns");
    expect_refused("nli.tsv", ",\"loss\":\"batch_hard_triplet\"",
                   "nli.tsv: found 2 text columns for the loss batch_hard_triplet, expected 1, "
                   "named by columns");
}
