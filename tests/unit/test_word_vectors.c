#include "data/word_vectors.h"
#include "nn/model.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

static data_word_vectors vectors;

static void read_well(const char *path) {
    base_error error = {0};
    cr_assert(data_word_vectors_read(&vectors, path, &error), "%s", error.text);
}

static void expect_row(const char *word, float first, float second) {
    uint32_t id = data_vocabulary_find(vectors.words, word, strlen(word));
    cr_assert_neq(id, DATA_NO_PIECE, "%s", word);
    cr_expect_eq(vectors.values[2 * id], first, "%s", word);
    cr_expect_eq(vectors.values[2 * id + 1], second, "%s", word);
}

Test(word_vectors, words_and_their_numbers) {
    read_well(fixture_text("v.txt", "the 0.5 -1e-2\ncat 3 4 \r\n\xc3\xa9t\xc3\xa9 1 2"));
    cr_expect_eq(vectors.columns, 2);
    cr_expect_eq(data_vocabulary_size(vectors.words), 4);
    cr_expect_eq(data_vocabulary_find(vectors.words, "PADDING_TOKEN", 13), 0);
    expect_row("PADDING_TOKEN", 0, 0);
    expect_row("the", 0.5F, -0.01F);
    expect_row("cat", 3, 4);
    expect_row("\xc3\xa9t\xc3\xa9", 1, 2);
    data_word_vectors_free(&vectors);
}

/* word2vec's first line; words with spaces, as in GloVe's 840B; the last of two. */
Test(word_vectors, what_is_left_out) {
    static const char text[] = "cat 1 2\n. . 3 4\n. 5 6\ncat 7 8\n";
    read_well(fixture_gzip("v.txt.gz", text, sizeof text - 1));
    cr_expect_eq(data_vocabulary_size(vectors.words), 3);
    expect_row("cat", 7, 8);
    data_word_vectors_free(&vectors);
    read_well(fixture_text("w.txt", "3 2\ncat 1 2\n. . 1 2\n. 5 6\n"));
    cr_expect_eq(data_vocabulary_size(vectors.words), 3);
    expect_row(".", 5, 6);
    data_word_vectors_free(&vectors);
    read_well(fixture_text("x.txt", "3 2\n. . 1 2\n3 . 3 4\n. 5 6\n"));
    cr_expect_eq(data_vocabulary_size(vectors.words), 2);
    data_word_vectors_free(&vectors);
}

Test(word_vectors, errors_name_line_and_column) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "line 1, column 1: found the end of the file"},
        {"3 2\n", "line 1, column 1: found the end of the file"},
        {"cat\n", "line 1, column 1: found 0 numbers"},
        {"cat 1 2\ndog 1\n", "line 2, column 1: found a word and 1 numbers"},
        {"cat 1 2\n 1 2\n", "line 2, column 1: found no word and 2 numbers"},
        {"cat 1 2\ndog 1 x2\n", "line 2, column 7: found \"x2\", expected a number"},
        {"cat 1 1e39\n", "line 1, column 7: found \"1e39\""},
        {"cat nan 1\n", "line 1, column 5: found \"nan\""},
        {"the 1\ncat 1 2 3\n",
         "line 2, column 1: found a word and 3 numbers, expected a word and 1"},
        {"3 2\ncat 1 2 3\n", "line 2, column 1: found a word and 3 numbers, expected a word and 2"},
        {"3 2\ncat 1\n", "line 2, column 1: found a word and 1 numbers, expected a word and 2"},
        {"cat 1 2\n. . x 2\n", "line 2, column 5: found \"x\", expected a number"},
        {"cat 1  2\n", "line 1, column 7: found \"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_error error = {0};
        cr_expect_not(
            data_word_vectors_read(&vectors, fixture_text("v.txt", cases[i].text), &error));
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, cases[i].says), "%s", error.text);
        data_word_vectors_free(&vectors);
    }
    base_error error = {0};
    cr_expect_not(
        data_word_vectors_read(&vectors, fixture_gzip("nul.txt.gz", "c\0t 1 2\n", 8), &error));
    cr_expect(strstr(error.text, "line 1, column 1: found a NUL"), "%s", error.text);
    data_word_vectors_free(&vectors);
}

/* The mean of the words' rows, stop words and unknown ones left out. */
Test(word_vectors, a_model_of_them) {
    base_error error = {0};
    nn_model *m =
        nn_model_from_vectors(fixture_text("v.txt", "the 9 9\ncat 1 2\nsat 3 6\n"), &error);
    cr_assert(m, "%s", error.text);
    static const data_text text = {"The cat sat. Blorp", 18};
    nn_context *context = nn_context_new(&error);
    float out[2];
    cr_assert(nn_model_encode(m, context, &text, 1, 0, out, NULL, &error), "%s", error.text);
    cr_expect_eq(out[0], 2);
    cr_expect_eq(out[1], 4);
    nn_context_free(context);
    nn_model_free(m);
}

Test(word_vectors, init_makes_a_folder_that_reads_back) {
    fixture_text("v.txt", "the 9 9\ncat 1 2\nsat 3 6\n");
    program_expect("init $D/v.txt --out $D/m 2>/dev/null", 0, "");
    fixture_text("texts.txt", "The cat sat.\n");
    program_expect("encode $D/m $D/texts.txt --out - 2>/dev/null", 0, "2\t4\n");
    program_expect_part("init $D/v.txt --out $D/m", 2, "exists already");
    program_expect_part("init $D/v.txt --out $D/n --seed 1", 2, "word vectors are not random");
    program_expect_part("init $D/v.txt --out $D/n --set seed=1", 2, "does not take --set");
    program_expect_part("init $D/v.txt --out $D/n --vocab $D", 2, "does not take --vocab");
    program_expect_part("init $D/none.txt --out $D/n", 2, "none.txt");
}
