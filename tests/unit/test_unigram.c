#include "data/sentencepiece.h"
#include "data/tokenizer_json.h"
#include "data/unigram.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- the model ---- */

static const struct {
    const char *piece;
    double score;
} pieces[] = {{"<unk>", 0}, {"a", -1},      {"b", -1},      {"ab", -2}, {"c", -1.5},
              {"abc", -3},  {"<0xC3>", -9}, {"<0xA9>", -9}, {"xy", -40}};

enum { PIECES = sizeof pieces / sizeof *pieces };

typedef struct model {
    data_vocabulary *vocabulary;
    data_unigram *unigram;
    data_unigram_scratch scratch;
    data_tokens out;
} model;

static model new_model(uint32_t unknown, bool byte_fallback) {
    base_error error = {0};
    double score[PIECES];
    model m = {.vocabulary = data_vocabulary_new(&error), .out.limit = SIZE_MAX / 2};
    for (size_t i = 0; i < PIECES; i++) {
        data_vocabulary_add(m.vocabulary, pieces[i].piece, strlen(pieces[i].piece), &error);
        score[i] = pieces[i].score;
    }
    m.unigram = data_unigram_new(m.vocabulary, score, unknown, byte_fallback, &error);
    cr_assert_not_null(m.unigram, "%s", error.text);
    return m;
}

static void free_model(model *m) {
    data_unigram_free(m->unigram);
    data_unigram_scratch_free(&m->scratch);
    data_vocabulary_free(m->vocabulary);
    data_tokens_free(&m->out);
}

static void expect_ids(model *m, const char *word, const char *ids) {
    base_error error = {0};
    base_bytes found = {0};
    m->out.count = 0;
    cr_assert(data_unigram_encode(m->unigram, word, strlen(word), &m->scratch, &m->out, &error),
              "%s", error.text);
    for (size_t i = 0; i < m->out.count; i++)
        base_bytes_format(&found, &error, i ? " %u" : "%u", m->out.ids[i]);
    cr_expect_str_eq(found.data, ids, "%s: %s", word, found.data);
    base_bytes_free(&found);
}

/* The ids of tokenizers 0.23.3. "ab" and "a b" have the same score: the first found stays. */
Test(unigram, words_become_the_pieces_of_the_package) {
    for (int bytes = 0; bytes < 2; bytes++) {
        model m = new_model(0, bytes);
        expect_ids(&m, "ab", "3");
        expect_ids(&m, "abc", "5");
        expect_ids(&m, "aab", "1 3");
        expect_ids(&m, "cab", "4 3");
        expect_ids(&m, "x\u00e9a", "0 1");
        expect_ids(&m, "xyz", "8 0");
        expect_ids(&m, "<unk>x", "0");
        expect_ids(&m, "xya", "8 1");
        expect_ids(&m, "\u00e9", bytes ? "6 7" : "0");
        free_model(&m);
    }
}

Test(unigram, a_character_without_a_piece_needs_unk_id) {
    model m = new_model(DATA_NO_PIECE, false);
    base_error error = {0};
    expect_ids(&m, "ab", "3");
    cr_expect_not(data_unigram_encode(m.unigram, "az", 2, &m.scratch, &m.out, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_not_null(strstr(error.text, "unk_id is missing"), "%s", error.text);
    free_model(&m);
}

/* ---- scores in tokenizer.json ---- */

static cJSON *parse(const char *vocab, data_tokenizer_parts *parts, base_error *error) {
    char *text = base_format("{\"model\": {\"vocab\": %s, \"type\": \"Unigram\"}}", vocab);
    cJSON *tree = data_tokenizer_json_parse(text, strlen(text), "tokenizer.json", parts, error);
    free(text);
    return tree;
}

static void free_parts(cJSON *tree, data_tokenizer_parts *parts) {
    data_vocabulary_free(parts->vocabulary);
    free(parts->score);
    cJSON_Delete(tree);
}

/* serde_json reads 17 digits as two numbers, of which each is rounded; the values are what the
 * package writes for these texts. */
Test(unigram, scores_are_read_with_the_rounding_of_the_package) {
    static const double scores[] = {0,
                                    -2.5,
                                    -9.530750703551425,
                                    -10.247040463154336,
                                    1e22,
                                    -2.9999999999999996e-300,
                                    -1.2345678901234567e+19};
    base_error error = {0};
    data_tokenizer_parts parts;
    cJSON *tree = parse("[[\"<unk>\",0], [\"a\" , "
                        "-2.5],[\"b\",-9.530750703551423],[\"c\\u00e9\",-10.247040463154335],"
                        "[\"d\",1e22],[\"e\",-3E-300],[\"f\",-12345678901234567890123.25e-3]]",
                        &parts, &error);
    cr_assert_not_null(tree, "%s", error.text);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        cr_expect(parts.score[i] - scores[i] == 0, "%zu: %.17g", i, parts.score[i]);
    cr_expect_str_eq(data_vocabulary_piece(parts.vocabulary, 3, NULL), "c\u00e9");
    cr_expect_eq(cJSON_GetArraySize(base_json_get(base_json_get(tree, "model"), "vocab")), 0);
    free_parts(tree, &parts);
}

Test(unigram, bad_pieces_are_named) {
    static const char *const bad[][2] = {
        {"[]", "model.vocab is empty, expected pieces"},
        {"[[\"a\",1],5]", "model.vocab[1] is no list"},
        {"[[5,\"a\"]]", "model.vocab[0] is no list"},
        {"[[\"a\"]]", "model.vocab[0] is without a number"},
        {"[[\"a\",null]]", "model.vocab[0] is without a number"},
        {"[[\"a\",1,2]]", "model.vocab[0] is a longer list"},
        {"[[\"a\",1],[\"b\",1],[\"a\",2]]", "model.vocab[2] is a piece that was there before"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        base_error error = {0};
        data_tokenizer_parts parts;
        cJSON *tree = parse(bad[i][0], &parts, &error);
        cr_expect_null(tree, "%s", bad[i][0]);
        cr_expect_not_null(strstr(error.text, bad[i][1]), "%s", error.text);
        free_parts(tree, &parts);
    }
}

/* ---- SentencePiece's model file ---- */

#define PIECE "\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02"
#define NORMAL                                                                                     \
    "\x0a\x08\x0a\x01"                                                                             \
    "a\x15\x00\x00\x20\xc0"
#define TRAINER "\x12\x08\x18\x01\x98\x02\x01\xc0\x02\x00"
#define NORMALIZER "\x1a\x0a\x0a\x02nm\x12\x02xy\x18\x00"

Test(sentencepiece, a_model_is_read) {
    static const char file[] = PIECE NORMAL TRAINER NORMALIZER "\x22\x01z\x28\x05";
    base_error error = {0};
    data_sentencepiece m;
    cr_assert(data_sentencepiece_read(file, sizeof file - 1, "x.model", &m, &error), "%s",
              error.text);
    cr_expect_eq(m.count, 2);
    cr_expect(m.piece[0].size == 5 && !memcmp(m.piece[0].text, "<unk>", 5));
    cr_expect_eq(m.piece[0].type, DATA_SENTENCEPIECE_UNKNOWN);
    cr_expect_eq(m.piece[1].type, DATA_SENTENCEPIECE_NORMAL);
    cr_expect(m.piece[1].score + 2.5f == 0);
    cr_expect_eq(m.model_type, DATA_SENTENCEPIECE_UNIGRAM);
    cr_expect(m.byte_fallback && m.unknown == 0);
    cr_expect(m.charsmap_size == 2 && !memcmp(m.charsmap, "xy", 2));
    cr_expect(!m.dummy_prefix && m.remove_extra_whitespaces && m.escape_whitespaces);
    data_sentencepiece_free(&m);
}

Test(sentencepiece, a_broken_file_is_refused_with_the_byte) {
    static const struct {
        const char *file;
        size_t size;
        const char *message;
    } bad[] = {
        {"", 0, "x.model has no pieces, expected a model of SentencePiece"},
        {"\x0a", 1, "x.model: byte 2: the file ends inside a number"},
        {"\x0a\x05"
         "a",
         3, "x.model: byte 3: a field is longer than what it is in"},
        {"\x0a\x02\x0a\x05", 4, "x.model: byte 5: a field is longer than what it is in"},
        {"\x0b", 1, "x.model: byte 2: found a group or worse"},
        {"\x02\x00", 2, "x.model: byte 2: found field 0"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "more than 64 bits"},
        {"\x0a\x03\x0a\x01\xff", 5, "x.model: byte 3: a piece has NUL or invalid UTF-8"},
        {"\x0a\x03\x0a\x01\x00", 5, "x.model: byte 3: a piece has NUL or invalid UTF-8"},
        {"\x0a\x05\x15\x00\x00\x80\x7f", 7, "x.model: byte 3: a piece has a score that is not"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        base_error error = {0};
        data_sentencepiece m;
        cr_expect_not(data_sentencepiece_read(bad[i].file, bad[i].size, "x.model", &m, &error));
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect_not_null(strstr(error.text, bad[i].message), "%s", error.text);
        data_sentencepiece_free(&m);
    }
}
