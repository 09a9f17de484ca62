/* `sbert similarity` as its users meet it. */
#include "base/file.h"
#include "base/json.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(command_similarity, similarity_is_symmetric_with_ones) {
    program_make_model();
    cJSON *tree = program_json("similarity $D/m 'a b' 'c \"d\"' '' --json --svg $D/x.svg");
    const cJSON *cosine = base_json_get(tree, "cosine");
    cr_assert_eq(cJSON_GetArraySize(cosine), 3);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            double there = cJSON_GetArrayItem(cJSON_GetArrayItem(cosine, i), j)->valuedouble;
            double back = cJSON_GetArrayItem(cJSON_GetArrayItem(cosine, j), i)->valuedouble;
            cr_expect_float_eq(there, back, 1e-9);
            cr_expect(i != j || (there > 1 - 1e-6 && there < 1 + 1e-6));
        }
    cr_expect_str_eq(cJSON_GetArrayItem(base_json_get(tree, "sentences"), 1)->valuestring,
                     "c \"d\"");
    cJSON_Delete(tree);
    cr_expect(base_file_exists(fixture_path("x.svg")));
    program_expect_part("similarity $D/m", 2, "found 0 sentences");
    program_expect_part("similarity $D/m -- --a -b", 0, "  --a");
}

Test(command_similarity, similarity_of_pairs_is_a_cosine_a_row) {
    program_make_model();
    fixture_text("pairs.tsv", "left\tright\na b\ta b\na b\tc d\nc\tc\n");
    base_bytes out = {0};
    program_run("similarity $D/m 'a b' 'c d' --json", &out);
    double expected = atof(strstr(strstr(out.data, "cosine"), ", ") + 1);
    cr_assert_eq(program_run("similarity $D/m --pairs $D/pairs.tsv "
                             "--columns sentence1=left,sentence2=right",
                             &out),
                 0);
    cr_expect_str_eq(strchr(out.data + 9, '\n'), "\n1.000000\n", "%s", out.data);
    cr_expect_float_eq(atof(out.data + 9), expected, 1e-6);
    program_expect("similarity $D/m --pairs - <$D/pairs.tsv "
                   "--columns sentence1=left,sentence2=left",
                   0, "1.000000\n1.000000\n1.000000\n");
    program_expect_part("similarity $D/m a --pairs $D/pairs.tsv", 2, "goes with one MODEL");
    program_expect_part("similarity $D/m --pairs $D/pairs.tsv", 2, "sentence1");
    program_expect_part("similarity $D/m a --columns sentence1=b", 2,
                        "--columns goes with --pairs");
    program_expect_part("similarity $D/m a --range 0:1", 2, "--range goes with --svg");
    program_expect_part("similarity $D/m a --svg $D/x.svg --range 1:0", 2, "expected LOW:HIGH");
    base_bytes_free(&out);
}

/* $D/n: weights of another seed. */
static void make_another(void) {
    program_make_model();
    program_expect("init $D/bert.json --vocab $D/words.txt --seed 7 --out $D/n 2>/dev/null", 0, "");
}

static void expect_same_table(const cJSON *models, int i, const char *folder) {
    char *alone = base_format("similarity $D/%s 'a b' 'c' 'd .' --json", folder);
    char *path = base_format("%s/%s", fixture_folder(), folder);
    cJSON *tree = program_json(alone);
    const cJSON *model = cJSON_GetArrayItem(models, i);
    cr_expect_str_eq(base_json_get(model, "model")->valuestring, path);
    cr_expect(cJSON_Compare(base_json_get(model, "cosine"), base_json_get(tree, "cosine"), true));
    cJSON_Delete(tree);
    free(path);
    free(alone);
}

Test(command_similarity, several_models_have_the_tables_that_each_has_alone) {
    make_another();
    fixture_text("more.txt", "d .\n");
    cJSON *tree = program_json("similarity 'a b' c --file $D/more.txt --json --compare $D/m $D/n");
    const cJSON *models = base_json_get(tree, "models");
    cr_assert_eq(cJSON_GetArraySize(models), 2);
    cr_expect_eq(cJSON_GetArraySize(base_json_get(tree, "sentences")), 3);
    expect_same_table(models, 0, "m");
    expect_same_table(models, 1, "n");
    cr_expect_not(cJSON_Compare(base_json_get(models->child, "cosine"),
                                base_json_get(models->child->next, "cosine"), true));
    cJSON_Delete(tree);
}

Test(command_similarity, several_models_are_printed_and_drawn_one_by_one) {
    make_another();
    program_expect("similarity --compare $D/m $D/m --svg $D/x.svg -- a | sed \"s,$D,D,\"", 0,
                   "D/m, cosine\n          1\n    1  1.00  a\n\n"
                   "D/m, cosine\n          1\n    1  1.00  a\n");
    program_expect("similarity a b --compare $D/m $D/n $D/m --svg $D/x.svg --overwrite >/dev/null;"
                   "grep -c '<title>' $D/x.svg; grep -c 'bold.*/[mn]<' $D/x.svg",
                   0, "12\n3\n");
}

Test(command_similarity, wrong_comparisons_are_refused) {
    make_another();
    program_expect_part("similarity a --compare $D/m", 2, "--compare has one model");
    program_expect_part("similarity --compare $D/m $D/n", 2, "found 0 sentences");
    program_expect_part("similarity", 2, "found no MODEL and no --compare");
    program_expect_part("similarity a --compare $D/m $D/none", 2, "none");
    program_expect_part("similarity $D/m --pairs $D/words.txt --compare $D/m $D/n", 2,
                        "--pairs goes with one MODEL");
    program_expect("help >/dev/null; sed -i 's/\"cosine\"/\"dot\"/' "
                   "$D/n/config_sentence_transformers.json; grep -c '\"dot\"' "
                   "$D/n/config_sentence_transformers.json",
                   0, "1\n");
    program_expect_part("similarity a --compare $D/m $D/n --svg $D/x.svg", 2,
                        "n by dot, expected one function");
    program_expect_part("similarity a --compare $D/m $D/n", 0, "/n, dot\n");
    program_expect("similarity a b --compare $D/n $D/n --svg $D/x.svg >/dev/null; grep -c '>dot<' "
                   "$D/x.svg",
                   0, "1\n");
}
