/* The command line as its users meet it: help, exit codes, messages, results. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
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
    program_expect_part("eval m --sts f --columns sentence3=a", 2, "sentence1, sentence2, anchor");
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
