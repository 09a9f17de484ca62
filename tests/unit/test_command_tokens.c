/* `sbert vocab` and `sbert tokenize` as programs; tests/run.sh names the program in SBERT. */
#define _POSIX_C_SOURCE 200809L
#include "base/memory.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Runs "SBERT ARGUMENTS" in a shell, `folder` being $D; returns the exit code, *out its output. */
static int run(const char *arguments, base_bytes *out) {
    const char *sbert = getenv("SBERT");
    if (!sbert)
        cr_skip_test("SBERT does not name the program (tests/run.sh does)");
    char command[1000];
    snprintf(command, sizeof command, "D=%s; '%s' %s", fixture_folder(), sbert, arguments);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char part[4096];
    base_error error = {0};
    out->size = 0;
    cr_assert(base_bytes_add(out, "", 0, &error));
    for (size_t n; (n = fread(part, 1, sizeof part, pipe)) > 0;)
        cr_assert(base_bytes_add(out, part, n, &error));
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *arguments, int code, const char *output) {
    base_bytes out = {0};
    cr_expect_eq(run(arguments, &out), code, "%s", arguments);
    cr_expect_str_eq(out.data, output, "%s printed %s", arguments, out.data);
    base_bytes_free(&out);
}

Test(command_tokens, a_vocabulary_learnt_from_a_file_tokenises_it) {
    fixture_text("text.txt", "Hug hug pug\nhugs \"pug\"\n");
    expect("vocab $D/text.txt --out $D/vocab.txt --size 17 2>/dev/null", 0, "");
    expect("tokenize $D $D/text.txt", 0,
           "{\"tokens\": [\"[CLS]\", \"hug\", \"hug\", \"pug\", \"[SEP]\"], \"ids\": [2, 15, 15, "
           "16, 3]}"
           "\n{\"tokens\": [\"[CLS]\", \"hug\", \"##s\", \"\\\"\", \"pug\", \"\\\"\", \"[SEP]\"], "
           "\"ids\": [2, 15, 13, 5, 16, 5, 3]}\n");
    expect("tokenize $D $D/text.txt --max-length 3 2>/dev/null | tail -n 1", 0,
           "{\"tokens\": [\"[CLS]\", \"hug\", \"[SEP]\"], \"ids\": [2, 15, 3], \"truncated\": "
           "true}\n");
}

Test(command_tokens, the_length_is_the_models) {
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    fixture_text("text.txt", "a a a a a a\n");
    fixture_text("config.json", "{\"max_position_embeddings\": 5}");
    expect("tokenize $D $D/text.txt 2>/dev/null | grep -c '2, 4, 4, 4, 3'", 0, "1\n");
    fixture_text("sentence_bert_config.json", "{\"max_seq_length\": 4}");
    expect("tokenize $D $D/text.txt 2>/dev/null | grep -c '2, 4, 4, 3'", 0, "1\n");
    expect("tokenize $D $D/text.txt --whole | grep -c '2, 4, 4, 4, 4, 4, 4, 3'", 0, "1\n");
}

Test(command_tokens, a_line_ends_at_its_line_feed_alone) {
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##a\n");
    fixture_write("text.txt", "a\0a\r\n\na\fa\xff", 9);
    expect("tokenize $D $D/text.txt 2>/dev/null", 0,
           "{\"tokens\": [\"[CLS]\", \"a\", \"##a\", \"[SEP]\"], \"ids\": [2, 4, 5, 3]}\n"
           "{\"tokens\": [\"[CLS]\", \"[SEP]\"], \"ids\": [2, 3]}\n"
           "{\"tokens\": [\"[CLS]\", \"a\", \"##a\", \"[SEP]\"], \"ids\": [2, 4, 5, 3]}\n");
}

Test(command_tokens, bad_input_exits_with_2_and_one_sentence) {
    fixture_text("empty.txt", " \n\n");
    fixture_text("few.txt", "abc");
    expect("vocab $D/empty.txt --out $D/v 2>&1 | grep -c 'no words to learn from'", 0, "1\n");
    expect("vocab $D/empty.txt --out $D/v 2>/dev/null", 2, "");
    expect("vocab $D/few.txt --size 9 --out $D/v 2>/dev/null", 2, "");
    expect("vocab $D/none.txt --out $D/v 2>/dev/null", 2, "");
    expect("vocab $D/few.txt --size 1e3 2>/dev/null", 2, "");
    expect("tokenize $D/none 2>/dev/null </dev/null", 2, "");
    expect("vocab 2>/dev/null", 2, "");
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    expect("tokenize $D $D/none.txt 2>/dev/null", 2, "");
    expect("tokenize $D $D/few.txt --max-length 1 2>/dev/null", 2, "");
}
