/* The command line as its users meet it: help, exit codes, messages, results. */
#include "base/file.h"
#include "base/json.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COMMANDS = 32 };

/* Names of all commands, as --help lists them: two blanks, a name, blanks. */
static size_t list_commands(char names[MAX_COMMANDS][32]) {
    base_bytes out = {0};
    size_t count = 0;
    cr_assert_eq(program_run("--help", &out), 0);
    char *rest = out.data;
    for (char *line; (line = strtok_r(rest, "\n", &rest));)
        if (count < MAX_COMMANDS && strncmp(line, "  ", 2) == 0 &&
            sscanf(line + 2, "%31[a-z] ", names[count]) == 1)
            count++;
    base_bytes_free(&out);
    return count;
}

static void each_command(const char *format, int code, const char *part) {
    char names[MAX_COMMANDS][32];
    size_t count = list_commands(names);
    cr_assert_geq(count, 10);
    for (size_t i = 0; i < count; i++) {
        char *arguments = base_format(format, names[i]);
        program_expect_part(arguments, code, part);
        free(arguments);
    }
}

Test(cli, every_command_has_help) {
    each_command("%s --help", 0, "--threads N");
    each_command("%s -h", 0, "usage: sbert ");
    each_command("help %s", 0, "--version");
    each_command("%s --version", 0, "sbert ");
}

/* Options of the reference, "| `--name VALUE` | ...", stand in their command's help. */
Test(cli, help_and_reference_have_the_same_options) {
    base_bytes reference = {0}, help = {0};
    cr_assert_eq(program_run("help --reference commands", &reference), 0);
    cr_assert_eq(program_run("help help", &help), 0);
    size_t options = 0;
    char *rest = reference.data, option[100], command[120];
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        if (sscanf(line, "## sbert %31s", option) == 1) {
            snprintf(command, sizeof command, "help %s", option);
            cr_assert_eq(program_run(command, &help), 0);
        } else if (sscanf(line, "| `%99[^`]`", option) == 1) {
            cr_expect(strstr(help.data, option), "%s is not in %s", option, command);
            options++;
        }
    }
    cr_expect_geq(options, 30);
    base_bytes_free(&reference);
    base_bytes_free(&help);
}

static void expect_current(const char *file, const char *arguments) {
    base_bytes kept = {0}, now = {0};
    base_error error = {0};
    cr_assert_eq(program_run(arguments, &now), 0);
    cr_assert(base_file_read(file, &kept, &error), "%s", error.text);
    cr_expect_str_eq(kept.data, now.data, "%s is out of date: make docs", file);
    base_bytes_free(&kept);
    base_bytes_free(&now);
}

Test(cli, the_references_in_docs_are_current) {
    expect_current("docs/commands.md", "help --reference commands");
    expect_current("docs/config.md", "help --reference config");
}

Test(cli, wrong_usage_exits_with_2_and_says_what_was_expected) {
    program_expect_part("", 2, "no command given");
    program_expect_part("trian", 2, "the nearest is 'train'");
    program_expect_part("encode m --uot x.npy", 2, "the nearest is --out");
    program_expect_part("encode", 2, "expected sbert encode MODEL");
    program_expect_part("encode a b c --out x.npy", 2, "'c' is one argument too many");
    program_expect_part("encode m --out", 2, "--out is the last word");
    program_expect_part("encode m --threads 0x2", 2, "a whole number from 0 to 1024");
    program_expect_part("encode m --threads=-1", 2, "a whole number");
    program_expect_part("encode m --threads 99999999999999999999999", 2, "a whole number");
    program_expect_part("eval m --json=1 --sts f", 2, "--json takes no value");
    program_expect_part("eval m", 2, "an evaluator's files, such as --sts FILE...");
    program_expect_part("eval --sts f", 2, "neither MODEL nor --baseline");
    program_expect_part("eval m --baseline --sts f", 2, "both MODEL and --baseline");
    program_expect_part("eval --baseline --nli f", 2, "needs --train FILE");
    program_expect_part("eval m --sts f --train g", 2, "--train goes with --baseline --nli");
    program_expect_part("eval --baseline --sts f --train g", 2, "--train goes with");
    program_expect_part("eval m --nli f --train g", 2, "--train goes with");
    program_expect_part("eval m --sts f --columns sentence3=a", 2, "sentence1, sentence2, score");
    program_expect_part("eval m --sts f --score-range 5", 2, "expected LOW,HIGH");
    program_expect_part("eval m --sts", 2, "expected FILE behind it");
    program_expect_part("eval m --sts --json", 2,
                        "--sts needs at least one FILE before the next option, found --json");
    program_expect_part("help nothing", 2, "no command 'nothing'");
    program_expect_part("help --reference x", 2, "expected commands or config");
    program_expect_part("init $D/none.json --out $D/x", 2, "none.json");
    program_expect_part("synth", 2, "--out");
}

Test(cli, score_ranges_are_two_finite_decimal_numbers) {
    static const char *const bad[] = {"5",     "5,0",     "0,0",  "0,1e999", "-inf,inf",
                                      "nan,5", "0x0,0x5", "0,5 ", "0, 5",    "-1e308,1e308",
                                      "0,5,6", ",5",      "0,"};
    fixture_text("sts.tsv", "score\tsentence1\tsentence2\n-1.5\ta\tb\n2\tb\tc\n20\ta b\tc\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *eval = base_format("eval --baseline --sts $D/sts.tsv --score-range '%s'", bad[i]);
        program_expect_part(eval, 2, "expected LOW,HIGH: two decimal numbers");
        free(eval);
    }
    program_expect_part("eval --baseline --sts $D/sts.tsv --score-range -1.5,+2e1", 0, "pearson");
    program_expect_part("eval --baseline --sts $D/sts.tsv --score-range 0,5", 2, "from 0 to 5");
    program_expect_part("eval --baseline --sts $D/sts.tsv", 0, "pearson");
}

/* A seed becomes a key of a config, whose numbers are exact below 2^53. */
Test(cli, sizes_are_what_the_message_says) {
    static const char *const too_large[] = {"9007199254740992", "9007199254740993",
                                            "18446744073709551615", "18446744073709551617"};
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        char *synth = base_format("synth --out $D/s --seed %s", too_large[i]);
        char *init = base_format("init $D/none.json --out $D/m --seed %s", too_large[i]);
        program_expect_part(synth, 2, "a whole number from 0 to 9007199254740991");
        program_expect_part(init, 2, "a whole number from 0 to 9007199254740991");
        free(synth);
        free(init);
    }
    program_expect_part("synth --out $D/s --seed 9007199254740991", 0, "scored pairs");
    program_expect_part("help --threads 00000000000000000000000000000002", 0, "usage");
    program_expect_part("help --threads 00000000000000000000000000001025", 2, "from 0 to 1024");
}

/* Nothing that a shell can pass may crash a command, or do anything but succeed or exit with 2. */
Test(cli, no_argument_crashes, .timeout = 100) {
    static const char *const odd[] = {
        "%s '' </dev/null",
        "%s -- </dev/null",
        "%s - - </dev/null",
        "%s --- </dev/null",
        "%s --=x </dev/null",
        "%s -x </dev/null",
        "%s --help=1 </dev/null",
        "%s \"$(printf '\\377\\001')\" x --out \"$(printf '\\377')\" </dev/null",
        "%s \"$(head -c 100000 /dev/zero | tr '\\0' x)\" </dev/null",
        "%s --\"$(head -c 5000 /dev/zero | tr '\\0' x)\" </dev/null",
        "%s %%s%%n%%s %%d --out %%s%%n.npy </dev/null",
        "%s / / </dev/null",
        "%s /dev/null --out $D </dev/null",
    };
    char names[MAX_COMMANDS][32];
    base_bytes out = {0};
    size_t count = list_commands(names);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof odd / sizeof odd[0]; j++) {
            char *arguments = base_format(odd[j], names[i]);
            char *quiet = base_format("%s 2>/dev/null", arguments);
            int code = program_run(quiet, &out);
            cr_expect(code == 0 || code == 2, "%s: exit code %d", arguments, code);
            free(arguments);
            free(quiet);
        }
    base_bytes_free(&out);
}

/* ---- with a tiny model ---- */

static void make_model(void) {
    fixture_text("bert.json", "{\"model_type\": \"bert\", \"hidden_size\": 8, "
                              "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, "
                              "\"intermediate_size\": 16, \"max_position_embeddings\": 16}");
    fixture_text("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n.\n");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m 2>/dev/null", 0, "");
}

static cJSON *run_json(const char *arguments) {
    base_bytes out = {0};
    base_error error = {0};
    cr_assert_eq(program_run(arguments, &out), 0, "%s", arguments);
    cJSON *tree = base_json_parse(out.data, out.size, arguments, 1, &error);
    cr_assert_not_null(tree, "%s", error.text);
    base_bytes_free(&out);
    return tree;
}

Test(cli, init_refuses_a_folder_that_is_there) {
    make_model();
    program_expect_part("init $D/bert.json --vocab $D/words.txt --out $D/m", 2, "exists already");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m --overwrite 2>/dev/null", 0,
                   "");
    program_expect_part("init $D/bert.json --out $D/n", 2, "--vocab is missing");
    program_expect_part("init $D/bert.json --vocab $D/none --out $D/n", 2, "none");
    program_expect("help >/dev/null; ls $D | tr '\\n' ' '", 0, "bert.json m words.txt ");
}

Test(cli, init_refuses_options_that_it_would_ignore) {
    make_model();
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

Test(cli, info_knows_models_and_configs) {
    make_model();
    cJSON *tree = run_json("info $D/m --json");
    cr_expect_str_eq(base_json_get(tree, "kind")->valuestring, "model");
    cr_expect_eq(base_json_get(tree, "hidden")->valueint, 8);
    cr_expect_eq(base_json_get(tree, "vocabulary")->valueint, 10);
    cJSON_Delete(tree);
    tree = run_json("info configs/quickstart.json --json");
    const cJSON *config = base_json_get(tree, "config");
    cr_expect_not_null(base_json_get(config, "learning_rate"));
    cr_expect_not_null(base_json_get(config, "seed"), "defaults are filled in");
    cJSON_Delete(tree);
    program_expect_part("info $D/none", 2, "none");
    program_expect_part("info $D", 2, "config.json");
    program_expect_part("info $D/words.txt", 2, "words.txt");
}

Test(cli, encode_writes_a_row_a_line) {
    make_model();
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

Test(cli, encode_writes_rows_to_standard_output) {
    make_model();
    fixture_text("text.txt", "a b c\n\nd a\n");
    program_expect("encode $D/m $D/text.txt --out $D/x.tsv 2>/dev/null; \"$S\" encode $D/m --out - "
                   "<$D/text.txt 2>/dev/null | cmp - $D/x.tsv && wc -l <$D/x.tsv | tr -d ' '",
                   0, "3\n");
    program_expect("encode $D/m $D/text.txt --out - >/dev/full 2>$D/err; echo $?; grep -c "
                   "'standard output cannot be written' $D/err",
                   0, "1\n1\n");
}

Test(cli, encode_leaves_nothing_half_written) {
    make_model();
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

Test(cli, similarity_is_symmetric_with_ones) {
    make_model();
    cJSON *tree = run_json("similarity $D/m 'a b' 'c \"d\"' '' --json --svg $D/x.svg");
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

Test(cli, similarity_of_pairs_is_a_cosine_a_row) {
    make_model();
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
    program_expect_part("similarity $D/m a --pairs $D/pairs.tsv", 2, "goes with no SENTENCE");
    program_expect_part("similarity $D/m --pairs $D/pairs.tsv", 2, "sentence1");
    program_expect_part("similarity $D/m a --columns sentence1=b", 2,
                        "--columns goes with --pairs");
    program_expect_part("similarity $D/m a --range 0:1", 2, "--range goes with --svg");
    program_expect_part("similarity $D/m a --svg $D/x.svg --range 1:0", 2, "expected LOW:HIGH");
    base_bytes_free(&out);
}

Test(cli, no_terminal_control_of_a_sentence_is_printed) {
    make_model();
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

Test(cli, sentences_that_are_cut_are_warned_of) {
    make_model();
    fixture_text("long.txt", "a\na b c d a b c d a b c d a b c d\n");
    program_expect_part("encode $D/m $D/long.txt --out $D/x.npy", 0,
                        "1 of 2 sentences were cut to 16 tokens");
    program_expect_part("similarity $D/m --file $D/long.txt", 0,
                        "1 of 2 sentences were cut to 16 tokens");
}

Test(cli, eval_says_what_is_undefined) {
    make_model();
    fixture_text("sts.tsv", "left\tright\tlike\na b\ta c\t1\nb\td d\t4.5\na a\tc b d\t2\n");
    fixture_text("flat.tsv", "score\tsentence1\tsentence2\n2\ta\tb\n2\tb\tc\n");
    fixture_text("nli.tsv", "gold_label\tsentence1\tsentence2\nentailment\ta\tb\n-\ta\tc\n");
    cJSON *tree = run_json("eval $D/m --sts $D/sts.tsv --json "
                           "--columns sentence1=left,sentence2=right,score=like");
    const cJSON *sts = cJSON_GetArrayItem(base_json_get(tree, "sts"), 0);
    cr_expect_eq(base_json_get(sts, "pairs")->valueint, 3);
    cr_expect(cJSON_IsNumber(base_json_get(sts, "spearman_cosine")));
    cr_expect(cJSON_IsNumber(base_json_get(sts, "pearson_manhattan")));
    cJSON_Delete(tree);
    tree = run_json("eval $D/m --sts $D/flat.tsv --json 2>/dev/null");
    sts = cJSON_GetArrayItem(base_json_get(tree, "sts"), 0);
    cr_expect(cJSON_IsNull(base_json_get(sts, "pearson_dot")));
    cJSON_Delete(tree);
    program_expect_part("eval $D/m --sts $D/flat.tsv", 0, "all numbers of one side are equal");
    program_expect_part("eval $D/m --nli $D/nli.tsv", 2, "needs a trained softmax head");
    program_expect_part("eval $D/m --sts $D/nli.tsv", 2, "score");
    program_expect_part("eval $D/m --sts $D/none.tsv", 2, "none.tsv");
    tree = run_json("eval --baseline --nli $D/nli.tsv --train $D/nli.tsv --json");
    const cJSON *nli = cJSON_GetArrayItem(base_json_get(tree, "nli"), 0);
    cr_expect_eq(base_json_get(nli, "skipped")->valueint, 1);
    cr_expect_float_eq(base_json_get(nli, "accuracy")->valuedouble, 1, 0);
    cJSON_Delete(tree);
}

/* The same rows with and without names in the first line. */
Test(cli, pairs_of_tables_without_a_header) {
    make_model();
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

/* Between two files, while the second is still waited for. */
Test(cli, a_signal_ends_eval_while_it_waits_for_a_file, .timeout = 60) {
    make_model();
    fixture_text("s.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4\tb\ta b\n2\ta\tc b\n");
    program_expect("help >/dev/null; mkfifo $D/p; (sleep 30 >$D/p & echo $! >$D/pid); \"$S\" eval "
                   "$D/m --sts $D/s.tsv $D/p 2>/dev/null & sleep 1; kill -TERM $!; date +%s >$D/t; "
                   "wait $!; echo $?; [ $(($(date +%s) - $(cat $D/t))) -lt 3 ] && echo at once; "
                   "kill $(cat $D/pid)",
                   0, "143\nat once\n");
}

Test(cli, a_signal_gives_128_and_its_number) {
    make_model();
    program_expect("help >/dev/null; (sleep 3 | timeout --preserve-status -s TERM 0.3 \"$S\" "
                   "encode $D/m --out $D/x.npy 2>/dev/null); (sleep 3 | { timeout "
                   "--preserve-status -s TERM 0.3 \"$S\" encode $D/m --out $D/x.npy; echo $?; })",
                   0, "143\n");
}

/* Lines of 39 columns at most, each written over the one before, the last one removed. */
Test(cli, long_work_shows_a_line_on_a_terminal_alone, .timeout = 100) {
    make_model();
    base_bytes out = {0};
    static const char work[] = "help >/dev/null; seq 500000 >$D/in; \"$S\" encode $D/m $D/in "
                               "--out $D/x.npy --overwrite --threads 1";
    cr_expect_eq(program_run_on_terminal(work, 40, &out), 0);
    const char *left = strstr(out.data, " left  ");
    cr_assert_not_null(left, "%s", out.data);
    cr_expect_not_null(strstr(left, "/500000 sente"));
    for (const char *at = out.data; (at = strchr(at, '\r')); at++)
        cr_expect_leq(strcspn(at + 1, "\r\n\x1b"), 39);
    cr_expect_not_null(strstr(out.data, "\r\x1b[K"));
    char *plain = base_format("%s 2>&1", work);
    program_run(plain, &out);
    cr_expect_null(strstr(out.data, " left  "));
    cr_expect_null(strchr(out.data, '\r'));
    free(plain);
    cr_expect_eq(program_run_on_terminal("tokenize $D/m $D/in >/dev/null", 30, &out), 0);
    cr_expect_not_null(strstr(out.data, " sentences  "), "%s", out.data);
    base_bytes_free(&out);
}

/* Stops `sbert WORK` in the middle: when the command `ready` of a shell is through. */
static void expect_ends_soon(const char *work, const char *ready) {
    base_bytes out = {0};
    char *stopped =
        base_format("help >/dev/null; \"$S\" %s --threads 1 >$D/out 2>$D/err & %s; kill -INT $!; "
                    "date +%%s%%N; wait $!; code=$?; date +%%s%%N; exit $code",
                    work, ready);
    cr_expect_eq(program_run(stopped, &out), 130, "%s", work);
    double sent = atof(out.data), ended = atof(strchr(out.data, '\n'));
    cr_expect_lt(ended - sent, 3e9, "%s took %g s to end", work, (ended - sent) / 1e9);
    free(stopped);
    base_bytes_free(&out);
}

/* A model and pairs that take many seconds to encode. */
Test(cli, a_signal_stops_evaluations_and_similarity_at_once, .timeout = 100) {
    fixture_text("bert.json", "{\"model_type\": \"bert\", \"hidden_size\": 256, "
                              "\"num_hidden_layers\": 4, \"num_attention_heads\": 4, "
                              "\"intermediate_size\": 1024, \"max_position_embeddings\": 64}");
    fixture_text("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n.\n");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m 2>/dev/null; "
                   "{ printf 'score\\tsentence1\\tsentence2\\n'; seq 40000 | awk "
                   "'{print $1 % 5 \"\\ta b c d a b c d a b c d \" $1 \"\\ta a a a a a a a b \" $1 "
                   "* 7}'; } >$D/in.tsv; head -9 $D/in.tsv >$D/few.tsv",
                   0, "");
    expect_ends_soon("eval $D/m --sts $D/in.tsv", "sleep 1.5");
    expect_ends_soon("similarity $D/m --pairs $D/in.tsv", "sleep 1.5");
    fixture_text("c.json", "{\"train\": {\"data\": [{\"data\": \"few.tsv\", \"target\": \"score\", "
                           "\"loss\": \"cosine\", \"score_range\": [0, 5]}]}, "
                           "\"evaluation\": {\"data\": [{\"data\": \"in.tsv\"}], \"every\": 1, "
                           "\"at_start\": false}}");
    expect_ends_soon("train $D/c.json --set model.path=$D/m --set train.data.0.data=$D/few.tsv "
                     "--set evaluation.data.0.data=$D/in.tsv --set output=$D/run --set epochs=2",
                     "while [ ! -s $D/run/log.jsonl ]; do sleep 0.05; done; sleep 0.5");
    program_expect(
        "help >/dev/null; ls $D/run/checkpoints; cat $D/run/evaluations.jsonl; cut -c 1-26 "
        "$D/out | head -1",
        0, "step-000000001\nstopped after step 1 of 2,\n");
}

/* The signal comes while the file is written; SIGHUP stays ignored when it was. */
Test(cli, a_signal_leaves_nothing_half_written, .timeout = 100) {
    static const char each[] =
        "help >/dev/null; seq 400000 >$D/in; for s in INT TERM HUP; do \"$S\" encode $D/m $D/in "
        "--out $D/x.tsv 2>/dev/null & while [ ! -s $D/x.tsv.part-* ]; do sleep 0.01; done; "
        "kill -s $s $!; wait $!; echo $?; ls $D | grep -c x.tsv; done";
    static const char ignored[] =
        "help >/dev/null; trap '' HUP; seq 60000 >$D/in; \"$S\" encode $D/m $D/in --out $D/x.tsv "
        "2>/dev/null & while [ ! -s $D/x.tsv.part-* ]; do sleep 0.01; done; kill -s HUP $!; wait "
        "$!";
    make_model();
    signal(SIGHUP, SIG_DFL); /* the tests may run under nohup */
    program_expect(each, 1, "130\n0\n143\n0\n129\n0\n");
    program_expect(ignored, 0, "");
}

Test(cli, output_that_cannot_be_written_is_a_failure) {
    if (!base_file_exists("/dev/full"))
        cr_skip_test("there is no /dev/full");
    program_expect_part("help >/dev/full 2>&1 || echo code $?; true", 0, "code 1");
}

/* The log's reader goes away after three lines; what it did not read is lost, the model is not. */
Test(cli, a_closed_log_does_not_end_training, .timeout = 100) {
    make_model();
    fixture_text("sts.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4.5\tb\td d\n2\ta\tc b\n");
    program_expect("help >/dev/null; cd $D; echo '{\"train\": {\"data\": [{\"data\": "
                   "\"sts.tsv\", \"target\": \"score\", \"loss\": \"cosine\", \"score_range\": [0, "
                   "5]}]}, \"model\": "
                   "{\"path\": \"m\"}, \"max_steps\": 400}' >c.json; "
                   "S=$(cd - >/dev/null; realpath \"$S\"); (\"$S\" train c.json --set output=run "
                   "2>&1; echo $? >code) | head -3 >/dev/null; cat code; ls run/model | grep -c "
                   "model.safetensors",
                   0, "141\n1\n");
}

Test(cli, a_closed_output_ends_quietly) {
    program_expect(
        "help >/dev/null; (\"$S\" help --reference config; echo $? >$D/code) 2>$D/said | "
        "true; sleep 0.3; cat $D/code $D/said",
        0, "141\n");
}

Test(cli, a_file_larger_than_the_limit_is_an_error_and_leaves_nothing, .timeout = 100) {
    make_model();
    program_expect("help >/dev/null; seq 100000 >$D/in; ulimit -f 100; \"$S\" encode $D/m $D/in "
                   "--out $D/x.tsv 2>&1 | grep -o 'x.tsv: cannot write: .*'; ls $D | grep -c x.tsv",
                   1, "x.tsv: cannot write: File too large\n0\n");
}

/* The model is written before the checkpoint, which is three times as large and does not fit. */
Test(cli, a_write_that_fails_says_what_is_safe, .timeout = 100) {
    make_model();
    fixture_text("sts.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4.5\tb\td d\n2\ta\tc b\n");
    fixture_text("c.json",
                 "{\"train\": {\"data\": [{\"data\": \"sts.tsv\", \"target\": \"score\", "
                 "\"loss\": \"cosine\", \"score_range\": [0, 5]}]}, \"model\": {\"path\": \"m\"}, "
                 "\"max_steps\": 8, \"checkpoint\": {\"every\": 0}}");
    program_expect(
        "help >/dev/null; S=$(realpath \"$S\"); cd $D; size=$(wc -c "
        "<m/model.safetensors); ulimit -f $((size / 512 + 2)); \"$S\" train c.json --set "
        "output=run 2>&1 | grep -o 'File too large.*'; \"$S\" info run/model >/dev/null && "
        "echo whole; find run -name '*.part-*'; ls run/checkpoints",
        0, "File too large; safe in run: model/\nwhole\n");
    program_expect_part("help >/dev/null; S=$(realpath \"$S\"); cd $D; \"$S\" train c.json --set "
                        "output=r2 --dry-run",
                        0, "disk        up to ");
}

/* Through a link and another spelling as well; --overwrite replaces a file, but no input. */
Test(cli, outputs_replace_no_input_and_nothing_unasked) {
    make_model();
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

Test(cli, init_replaces_no_input_and_nothing_of_the_users) {
    make_model();
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
