/* Sub-commands on a tiny model, as their users meet them: results, and what they refuse. */
#include "base/file.h"
#include "base/json.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(commands, init_refuses_a_folder_that_is_there) {
    program_make_model();
    program_expect_part("init $D/bert.json --vocab $D/words.txt --out $D/m", 2, "exists already");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m --overwrite 2>/dev/null", 0,
                   "");
    program_expect_part("init $D/bert.json --out $D/n", 2, "--vocab is missing");
    program_expect_part("init $D/bert.json --vocab $D/none --out $D/n", 2, "none");
    program_expect("help >/dev/null; ls $D | tr '\\n' ' '", 0, "bert.json m words.txt ");
}

Test(commands, init_refuses_options_that_it_would_ignore) {
    program_make_model();
    fixture_text("ex.json", "{\"model\": {\"config\": \"bert.json\", \"vocab\": \"words.txt\"}}");
    program_expect_part("init $D/bert.json --vocab $D/words.txt --out $D/n --set seed=1", 2,
                        "bert.json does not take --set: it has no \"model\"");
    program_expect_part("init $D/ex.json --vocab $D/words.txt --out $D/n", 2,
                        "ex.json does not take --vocab: an experiment's config has model.vocab");
    program_expect_part("init $D/ex.json --cased --out $D/n", 2,
                        "ex.json does not take --cased: an experiment's config has model.lower_");
    program_expect_part("init $D/bert.json --vocab $D --cased --out $D/n", 2,
                        "--cased goes with a vocab.txt, but ");
    program_expect("init $D/ex.json --out $D/n --set model.config=$D/bert.json --set "
                   "model.vocab=$D/words.txt --set model.max_seq_length=16 2>/dev/null",
                   0, "");
    program_expect("init $D/bert.json --vocab $D/words.txt --cased --out $D/c 2>/dev/null; grep -c "
                   "'\"do_lower_case\": *false' $D/c/tokenizer_config.json",
                   0, "1\n");
}

Test(commands, info_knows_models_and_configs) {
    program_make_model();
    cJSON *tree = program_json("info $D/m --json");
    cr_expect_str_eq(base_json_get(tree, "kind")->valuestring, "model");
    cr_expect_eq(base_json_get(tree, "hidden")->valueint, 8);
    cr_expect_eq(base_json_get(tree, "vocabulary")->valueint, 10);
    cr_expect_str_eq(base_json_get(tree, "family")->valuestring, "bert");
    cr_expect_str_eq(base_json_get(tree, "tokenizer")->valuestring, "WordPiece");
    cr_expect_str_eq(base_json_get(tree, "similarity")->valuestring, "cosine");
    const cJSON *pooling = cJSON_GetArrayItem(base_json_get(tree, "modules"), 0);
    cr_expect_str_eq(base_json_get(pooling, "type")->valuestring, "Pooling");
    cr_expect(cJSON_IsTrue(base_json_get(pooling, "pooling_mode_mean_tokens")));
    cr_expect(cJSON_IsFalse(base_json_get(pooling, "pooling_mode_max_tokens")));
    cJSON_Delete(tree);
    tree = program_json("info configs/quickstart.json --json");
    const cJSON *config = base_json_get(tree, "config");
    cr_expect_not_null(base_json_get(config, "learning_rate"));
    cr_expect_not_null(base_json_get(config, "seed"), "defaults are filled in");
    cJSON_Delete(tree);
    program_expect_part("info $D/none", 2, "none");
    program_expect_part("info $D", 2, "config.json");
    program_expect_part("info $D/words.txt", 2, "words.txt");
}

Test(commands, info_shows_modules_with_settings_and_prompts) {
    const char *model = "info tests/golden/modules/model";
    program_expect_part(model, 0, "\nmodules\n  WeightedLayerPooling   in 8, out 8, ");
    program_expect_part(model, 0,
                        "\n  Pooling                in 8, out 48, embedding_dimension 8, "
                        "pooling_mode [\"max\",\"cls\",\"mean\",\"weightedmean\",\"lasttoken\","
                        "\"mean_sqrt_len_tokens\"], include_prompt false\n");
    program_expect_part(model, 0, "torch.nn.modules.activation.SiLU\", use_residual true");
    program_expect_part(model, 0, "\nsimilarity               dot\nprompts\n");
    program_expect_part(model, 0, "\n  query                  the man \n");
    program_make_model();
    program_expect_part("info $D/m", 0, "pooling_mode_mean_tokens true\n");
}

Test(commands, encode_writes_a_row_a_line) {
    program_make_model();
    fixture_text("text.txt", "a b c\n\nd a\n");
    program_expect("encode $D/m $D/text.txt --out $D/x.npy 2>/dev/null", 0, "");
    base_bytes npy = {0};
    base_error error = {0};
    cr_assert(base_file_read(fixture_path("x.npy"), &npy, &error));
    cr_assert_eq(npy.size, 128 + 3 * 8 * 4);
    cr_expect_arr_eq(npy.data, "\x93NUMPY\x01\x00\x76\x00", 10);
    cr_expect_not_null(strstr(npy.data + 10, "'descr': '<f4', 'fortran_order': False, "
                                             "'shape': (3, 8), }"));
    cr_expect_eq(npy.data[127], '\n');
    base_bytes_free(&npy);
    program_expect("encode $D/m - --out $D/x.tsv <$D/text.txt 2>/dev/null; "
                   "awk -F '\\t' '{print NF}' $D/x.tsv",
                   0, "8\n8\n8\n");
    program_expect(
        "encode $D/m --out $D/x.jsonl <$D/text.txt 2>/dev/null; cut -c 1-20 $D/x.jsonl", 0,
        "{\"sentence\": \"a b c\"\n{\"sentence\": \"\", \"em\n{\"sentence\": \"d a\", \n");
}

/* Files are read a part at a time, pipes whole. */
Test(commands, encode_of_a_long_file_is_that_of_a_pipe) {
    program_make_model();
    program_expect("help >/dev/null; seq 9000 | sed 's/0/ a b /g; s/[1-9]/ c/g' >$D/long.txt; "
                   "$S encode $D/m $D/long.txt --out $D/x.npy 2>/dev/null && cat $D/long.txt | "
                   "$S encode $D/m --out $D/y.npy 2>/dev/null && cmp $D/x.npy $D/y.npy && "
                   "wc -c <$D/x.npy",
                   0, "288128\n");
}

Test(commands, encode_writes_rows_to_standard_output) {
    program_make_model();
    fixture_text("text.txt", "a b c\n\nd a\n");
    program_expect("encode $D/m $D/text.txt --out $D/x.tsv 2>/dev/null; \"$S\" encode $D/m --out - "
                   "<$D/text.txt 2>/dev/null | cmp - $D/x.tsv && wc -l <$D/x.tsv | tr -d ' '",
                   0, "3\n");
    program_expect("encode $D/m $D/text.txt --out - >/dev/full 2>$D/err; echo $?; grep -c "
                   "'standard output cannot be written' $D/err",
                   0, "1\n1\n");
}

Test(commands, encode_leaves_nothing_half_written) {
    program_make_model();
    program_expect_part("encode $D/m $D/words.txt --out $D/x.txt", 2, ".npy, .tsv or .jsonl");
    program_expect_part("encode $D/none - --out $D/x.txt", 2, ".npy, .tsv or .jsonl");
    program_expect_part("encode $D/m $D/words.txt --out $D/none/x.npy", 2,
                        "none/x.npy: cannot create: ");
    program_expect_part("encode $D/m $D/words.txt --out $D/m", 2, "m: cannot write: Is a dir");
    program_expect_part("encode $D/m $D/none.txt --out $D/x.npy", 2, "none.txt");
    program_expect_part("encode $D/none $D/words.txt --out $D/x.npy", 2, "none");
    program_expect_part("encode $D/m $D/words.txt", 2, "--out FILE is missing");
    program_expect("help >/dev/null; ls $D | tr '\\n' ' '", 0, "bert.json m words.txt ");
}

Test(commands, no_terminal_control_of_a_sentence_is_printed) {
    program_make_model();
    fixture_text("evil.txt", "\x1b[2Ja\x07\xc2\x9b"
                             "b\r\n");
    program_expect("similarity $D/m --file $D/evil.txt --svg $D/x.svg", 0,
                   "          1\n    1  1.00  \\x1b[2Ja\\x07\\xc2\\x9bb\n");
    fixture_text("e\x1b.tsv", "score\tsentence1\tsentence2\n2\ta\tb\n2\tb\tc\n");
    program_expect("eval $D/m --sts $D/e?.tsv 2>&1 | tr -d '\\12\\40-\\176' | wc -c | tr -d ' '", 0,
                   "0\n");
    program_expect(
        "help >/dev/null; grep -c '>.x1b.2Ja' $D/x.svg; tr -d '\\12\\40-\\176' <$D/x.svg", 0,
        "2\n");
}

Test(commands, sentences_that_are_cut_are_warned_of) {
    program_make_model();
    fixture_text("long.txt", "a\na b c d a b c d a b c d a b c d\n");
    program_expect_part("encode $D/m $D/long.txt --out $D/x.npy", 0,
                        "1 of 2 sentences were cut to 16 tokens");
    program_expect_part("similarity $D/m --file $D/long.txt", 0,
                        "1 of 2 sentences were cut to 16 tokens");
}

Test(commands, eval_says_what_is_undefined) {
    program_make_model();
    fixture_text("sts.tsv", "left\tright\tlike\na b\ta c\t1\nb\td d\t4.5\na a\tc b d\t2\n");
    fixture_text("flat.tsv", "score\tsentence1\tsentence2\n2\ta\tb\n2\tb\tc\n");
    fixture_text("nli.tsv", "gold_label\tsentence1\tsentence2\nentailment\ta\tb\n-\ta\tc\n");
    cJSON *tree = program_json("eval $D/m --sts $D/sts.tsv --json "
                               "--columns sentence1=left,sentence2=right,score=like");
    const cJSON *sts = cJSON_GetArrayItem(base_json_get(tree, "sts"), 0);
    cr_expect_eq(base_json_get(sts, "pairs")->valueint, 3);
    cr_expect(cJSON_IsNumber(base_json_get(sts, "spearman_cosine")));
    cr_expect(cJSON_IsNumber(base_json_get(sts, "pearson_manhattan")));
    cJSON_Delete(tree);
    tree = program_json("eval $D/m --sts $D/flat.tsv --json 2>/dev/null");
    sts = cJSON_GetArrayItem(base_json_get(tree, "sts"), 0);
    cr_expect(cJSON_IsNull(base_json_get(sts, "pearson_dot")));
    cJSON_Delete(tree);
    program_expect_part("eval $D/m --sts $D/flat.tsv", 0, "all numbers of one side are equal");
    program_expect_part("eval $D/m --nli $D/nli.tsv", 2, "needs a trained softmax head");
    program_expect_part("eval $D/m --sts $D/nli.tsv", 2, "score");
    program_expect_part("eval $D/m --sts $D/none.tsv", 2, "none.tsv");
    tree = program_json("eval --baseline --nli $D/nli.tsv --train $D/nli.tsv --json");
    const cJSON *nli = cJSON_GetArrayItem(base_json_get(tree, "nli"), 0);
    cr_expect_eq(base_json_get(nli, "skipped")->valueint, 1);
    cr_expect_float_eq(base_json_get(nli, "accuracy")->valuedouble, 1, 0);
    cJSON_Delete(tree);
}

/* The same rows with and without names in the first line. */
Test(commands, pairs_of_tables_without_a_header) {
    program_make_model();
    fixture_text("h.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4\tb\ta b\n2\ta\tc b\n");
    fixture_text("n.tsv", "1\ta c\ta b\n4\ta b\tb\n2\tc b\ta\n");
    static const char *const same[] = {"eval $D/m --sts $D/%s.tsv --format tsv --json %s",
                                       "similarity $D/m --pairs $D/%s.tsv --format tsv %s"};
    for (size_t i = 0; i < 2; i++) {
        base_bytes named = {0}, numbered = {0};
        char *first = base_format(same[i], "h", "");
        char *second =
            base_format(same[i], "n", "--no-header --columns score=1,sentence1=3,sentence2=2");
        cr_expect_eq(program_run(first, &named), 0);
        cr_expect_eq(program_run(second, &numbered), 0);
        const char *a = strstr(named.data, i ? "" : "\"pairs"),
                   *b = strstr(numbered.data, i ? "" : "\"pairs");
        cr_assert(a && b, "%s", named.data);
        cr_expect_str_eq(a, b);
        free(first);
        free(second);
        base_bytes_free(&named);
        base_bytes_free(&numbered);
    }
    program_expect_part("eval $D/m --sts $D/n.tsv --format tsv --no-header --columns "
                        "score=1,sentence1=3,sentence2=4",
                        2, "n.tsv: line 1");
    program_expect_part("similarity $D/m a --no-header", 2, "--no-header goes with --pairs");
}

/* Through a link and another spelling as well; --overwrite replaces a file, but no input. */
Test(commands, outputs_replace_no_input_and_nothing_unasked) {
    program_make_model();
    fixture_text("same.tsv", "a b\n");
    fixture_text("x.svg", "a c\n");
    fixture_text("vocab.txt", "mine\n");
    fixture_text("nli-train.tsv", "mine\n");
    program_expect_part("encode $D/m $D/same.tsv --out $D/same.tsv --overwrite", 2, "an input");
    program_expect_part("help >/dev/null; ln -s same.tsv $D/l.tsv; \"$S\" encode $D/m $D/same.tsv "
                        "--out $D/../$(basename $D)/l.tsv --overwrite",
                        2, "l.tsv: found an input");
    program_expect_part("similarity $D/m --file $D/x.svg --svg $D/x.svg --overwrite", 2,
                        "an input");
    program_expect_part("similarity $D/m 'a' --svg $D/x.svg", 2, "x.svg: exists already");
    program_expect_part("vocab $D/same.tsv --out $D/vocab.txt", 2, "by --overwrite");
    program_expect_part("help >/dev/null; S=$(realpath \"$S\"); cd $D; \"$S\" vocab same.tsv", 2,
                        "vocab.txt: exists already");
    program_expect_part("synth --out $D", 2, "nli-train.tsv: exists already");
    program_expect("help >/dev/null; cat $D/same.tsv $D/x.svg $D/vocab.txt $D/nli-train.tsv", 0,
                   "a b\na c\nmine\nmine\n");
    program_expect("vocab $D/same.tsv --size 9 --out $D/vocab.txt --overwrite 2>/dev/null; grep -c "
                   "UNK $D/vocab.txt",
                   0, "1\n");
    program_expect_part("encode $D/m --out $D/same.tsv --overwrite <$D/same.tsv", 2, "an input");
    program_expect_part("help >/dev/null; ln -s nowhere $D/n.tsv; \"$S\" encode $D/m $D/same.tsv "
                        "--out $D/n.tsv",
                        2, "n.tsv: found a link that leads nowhere");
    program_expect("help >/dev/null; cat $D/same.tsv; readlink $D/n.tsv", 0, "a b\nnowhere\n");
    program_expect_part("encode $D/m $D/same.tsv --out $D/x.npy", 0, "1 vectors");
    program_expect_part("encode $D/m $D/same.tsv --out $D/x.npy", 2, "exists already");
    program_expect_part("encode $D/m $D/same.tsv --out $D/x.npy --overwrite", 0, "1 vectors");
}

Test(commands, init_replaces_no_input_and_nothing_of_the_users) {
    program_make_model();
    program_expect_part("init $D/bert.json --vocab $D/m/vocab.txt --out $D/m --overwrite", 2,
                        "vocab.txt: found it in ");
    program_expect_part("init $D/bert.json --vocab $D --out $D/../$(basename $D) --overwrite", 2,
                        "which would be replaced");
    fixture_text("m/notes.md", "mine");
    program_expect_part("init $D/bert.json --vocab $D/words.txt --out $D/m --overwrite", 2,
                        "found notes.md in it");
    program_expect("help >/dev/null; cat $D/m/notes.md; ls $D | tr '\\n' ' '", 0,
                   "minebert.json m words.txt ");
}

/* As `sbert train <(jq ... base.json)` gives it. */
Test(commands, a_config_may_come_through_a_pipe) {
    program_make_model();
    fixture_text("pairs.tsv", "sentence1\tsentence2\na\tb\nc\td\n");
    fixture_text("c.json", "{\"train\": {\"data\": [{\"data\": \"x\", \"loss\": \"mnrl\"}]}}");
    program_expect_part("help >/dev/null; cat $D/c.json | \"$S\" train /dev/stdin --set "
                        "model.path=$D/m --set train.data.0.data=$D/pairs.tsv --dry-run",
                        0, "rows        2 (");
}
