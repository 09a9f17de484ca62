#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/threads.h"
#include "data/stream.h"
#include "data/tokenizer_def.h"
#include "tests/fixture.h"
#include "tests/token_strings.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 8, STRINGS = 500, WHOLE = 1 << 30 };

/* By tests/golden/make_tokenizer_digests.py, with tokenizers 0.23.3. */
static const uint64_t golden[2][CHUNKS] = {
    {UINT64_C(0x3c229e44d29472d1), UINT64_C(0x421d4207f9db3de5), UINT64_C(0x0348bcbf39876d5d),
     UINT64_C(0xe4788ccc2eb6bbb6), UINT64_C(0x31a103e23a503b31), UINT64_C(0x935be5cb78d2d18a),
     UINT64_C(0x0a9b83eb7a54d81f), UINT64_C(0x211eab1721e984a9)},
    {UINT64_C(0x0d7c23175e101753), UINT64_C(0xe71f53f179aa8c9d), UINT64_C(0x88bb51dbea07be8f),
     UINT64_C(0x6e5c1f393beb8c7c), UINT64_C(0x84fd2ed5a3122906), UINT64_C(0x22ad7afd7be2e879),
     UINT64_C(0xa70cbfc954de67c6), UINT64_C(0xa39dc73ce2d79065)},
};

static data_tokenizer *from_vocab(const char *path, bool lower) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_from_vocab(path, lower, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

static data_tokenizer *load(const char *folder) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_load(folder, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

static void encode(const data_tokenizer *t, const char *text, size_t size, size_t max_length,
                   data_tokens *out) {
    base_error error = {0};
    cr_assert(data_tokenizer_encode(t, text, size, max_length, out, &error), "%s", error.text);
}

/* The tokens of a text, with blanks between. */
static void expect_bytes(const data_tokenizer *t, const char *text, size_t size, size_t max_length,
                         const char *tokens) {
    data_tokens out = {0};
    base_bytes found = {0};
    base_error error = {0};
    encode(t, text, size, max_length, &out);
    for (size_t i = 0; i < out.count; i++)
        base_bytes_format(&found, &error, i ? " %s" : "%s", data_tokenizer_piece(t, out.ids[i]));
    cr_expect_str_eq(found.data, tokens, "%s gave %s, expected %s", text, found.data, tokens);
    data_tokens_free(&out);
    base_bytes_free(&found);
}

static void expect(const data_tokenizer *t, const char *text, const char *tokens) {
    expect_bytes(t, text, strlen(text), WHOLE, tokens);
}

static void check_digests(const data_tokenizer *t, const uint64_t expected[CHUNKS]) {
    uint64_t state = 1;
    base_bytes text = {0};
    data_tokens tokens = {0};
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
        uint64_t hash = BASE_HASH_START;
        for (int i = 0; i < STRINGS; i++) {
            token_strings_next(&state, &text);
            encode(t, text.size ? text.data : "", text.size, WHOLE, &tokens);
            hash = token_strings_digest(hash, tokens.ids, tokens.count);
        }
        cr_expect_eq(hash, expected[chunk], "chunk %d", chunk);
    }
    base_bytes_free(&text);
    data_tokens_free(&tokens);
}

Test(tokenizer, generated_strings_have_the_digests_of_the_package) {
    const char *path = token_strings_vocabulary();
    for (int lower = 0; lower < 2; lower++) {
        data_tokenizer *t = from_vocab(path, lower);
        cr_expect_eq(data_tokenizer_lower_case(t), lower);
        check_digests(t, golden[lower]);
        data_tokenizer_free(t);
    }
}

Test(tokenizer, a_saved_folder_loads_as_the_same_tokenizer) {
    static const char *const files[] = {"saved/vocab.txt", "saved/tokenizer.json",
                                        "saved/tokenizer_config.json",
                                        "saved/special_tokens_map.json"};
    const char *path = token_strings_vocabulary(), *folder = fixture_path("saved");
    base_error error = {0};
    cr_assert(base_folder_make(folder, &error));
    for (int lower = 0; lower < 2; lower++) {
        data_tokenizer *t = from_vocab(path, lower);
        cr_assert(data_tokenizer_save(t, folder, 77, &error), "%s", error.text);
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
            cr_expect(base_file_exists(fixture_path(files[i])), "%s", files[i]);
        data_tokenizer *again = load(folder);
        cr_expect_eq(data_tokenizer_max_length(again), 77);
        cr_expect_eq(data_tokenizer_vocab_size(again), data_tokenizer_vocab_size(t));
        check_digests(again, golden[lower]);
        data_tokenizer_free(again);
        data_tokenizer_free(t);
    }
}

/* ---- the questions of tokenizer-truth ---- */

static cJSON *read_gzip_json(const char *path) {
    base_error error = {0};
    base_bytes text = {0};
    data_stream *stream = data_stream_open(path, &error);
    cr_assert_not_null(stream, "%s", error.text);
    char part[1 << 14];
    size_t got;
    do {
        cr_assert(data_stream_read(stream, part, sizeof part, &got, &error), "%s", error.text);
        cr_assert(base_bytes_add(&text, part, got, &error));
    } while (got);
    data_stream_close(stream);
    cJSON *tree = base_json_parse(text.data, text.size, path, 1, &error);
    cr_assert_not_null(tree, "%s", error.text);
    base_bytes_free(&text);
    return tree;
}

static bool same_ids(const data_tokens *tokens, const cJSON *list) {
    if (tokens->count != (size_t)cJSON_GetArraySize(list) + 2)
        return false;
    size_t i = 1;
    for (const cJSON *id = list->child; id; id = id->next)
        if (tokens->ids[i++] != (uint32_t)id->valuedouble)
            return false;
    return true;
}

Test(tokenizer, squad_questions_are_equal_to_tokenizer_truth) {
    data_tokenizer *t = from_vocab(fixture_shared("data/vocab/bert-base-uncased/vocab.txt"), true);
    cJSON *questions =
        read_gzip_json(fixture_shared("data/tokenizer-truth/question_tokens.json.gz"));
    cJSON *ids = read_gzip_json(fixture_shared("data/tokenizer-truth/tokenized_questions.json.gz"));
    data_tokens tokens = {0};
    size_t equal = 0;
    const cJSON *expected = ids->child;
    for (const cJSON *q = questions->child; q && expected; q = q->next) {
        const char *text = base_json_get(q, "original")->valuestring;
        encode(t, text, strlen(text), WHOLE, &tokens);
        equal += same_ids(&tokens, expected);
        expected = expected->next;
    }
    cr_expect_eq(equal, 10570);
    data_tokens_free(&tokens);
    cJSON_Delete(questions);
    cJSON_Delete(ids);
    data_tokenizer_free(t);
}

/* ---- traps ---- */

Test(tokenizer, traps_of_text) {
    data_tokenizer *t = from_vocab(token_strings_vocabulary(), true);
    expect(t, "", "[CLS] [SEP]");
    expect(t, " \t\r\n", "[CLS] [SEP]");
    expect(t, "a[MASK]b [mask]", "[CLS] a [MASK] b [ ma ##s ##k ] [SEP]");
    expect(t, "\u00c9t\u00e9 \u0130 E\u0301", "[CLS] et ##e i e [SEP]");
    expect(t, "x\u4e00\u4e01y", "[CLS] x \u4e00 \u4e01 y [SEP]");
    expect(t, "a\u200db\u00ad", "[CLS] a ##b [SEP]");
    expect(t, "a\u2603", "[CLS] [UNK] [SEP]");
    expect_bytes(t, "a\0b", 3, WHOLE, "[CLS] a ##b [SEP]");
    expect_bytes(t, "a\xff\xe2\x82z", 5, WHOLE, "[CLS] a ##z [SEP]");
    data_tokenizer_free(t);
}

Test(tokenizer, words_above_100_letters_are_unknown) {
    data_tokenizer *t = from_vocab(token_strings_vocabulary(), true);
    char text[102];
    data_tokens tokens = {0};
    memset(text, 'q', sizeof text);
    encode(t, text, 100, WHOLE, &tokens);
    cr_expect_eq(tokens.count, 102);
    encode(t, text, 101, WHOLE, &tokens);
    cr_expect_eq(tokens.count, 3);
    cr_expect_eq(tokens.ids[1], 1);
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
}

Test(tokenizer, long_texts_are_cut_and_say_so) {
    data_tokenizer *t = from_vocab(token_strings_vocabulary(), true);
    data_tokens tokens = {0};
    base_error error = {0};
    expect_bytes(t, "a b c", 5, 5, "[CLS] a b c [SEP]");
    expect_bytes(t, "a b c", 5, 4, "[CLS] a b [SEP]");
    expect_bytes(t, "a qqq\u2603", 8, 4, "[CLS] a [UNK] [SEP]");
    expect_bytes(t, "a b c", 5, 2, "[CLS] [SEP]");
    encode(t, "a b", 3, 4, &tokens);
    cr_expect_not(tokens.truncated);
    encode(t, "a b [MASK]", 10, 4, &tokens);
    cr_expect(tokens.truncated);
    cr_expect_not(data_tokenizer_encode(t, "a", 1, 1, &tokens, &error));
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
}

/* 30,000 spacing marks of two combining classes are put in order without a quadratic sort. */
Test(tokenizer, long_runs_of_marks_are_ordered_quickly, .timeout = 10) {
    data_tokenizer *t = from_vocab(token_strings_vocabulary(), true);
    base_bytes text = {0};
    base_error error = {0};
    data_tokens tokens = {0};
    for (int i = 0; i < 30000; i++)
        base_bytes_add(&text, i % 2 ? "\u302e" : "\U0001d165", i % 2 ? 3 : 4, &error);
    encode(t, text.data, text.size, WHOLE, &tokens);
    cr_expect_eq(tokens.scratch->normal.text.size, 30000 / 2 * 7);
    cr_expect_eq(memcmp(tokens.scratch->normal.text.data, "\U0001d165\U0001d165", 8), 0);
    base_bytes_free(&text);
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
}

Test(tokenizer, nothing_is_allocated_after_the_longest_text) {
    data_tokenizer *t = from_vocab(token_strings_vocabulary(), true);
    const char *text = "The qu\u00edck br\u00f6wn f\u00f8x \u302e\u302f jumps over the lazy dog.";
    data_tokens tokens = {0};
    encode(t, text, strlen(text), 128, &tokens);
    encode(t, text, strlen(text), 128, &tokens); /* the two buffers may have changed places */
    const data_tokens before = tokens;
    const data_tokens_scratch scratch = *tokens.scratch;
    for (int i = 0; i < 10; i++)
        encode(t, text + i, strlen(text) - (size_t)i, 128, &tokens);
    const data_normal_text *n = &tokens.scratch->normal;
    cr_expect(before.ids == tokens.ids && before.scratch == tokens.scratch);
    cr_expect(n->text.capacity + n->other.capacity ==
              scratch.normal.text.capacity + scratch.normal.other.capacity);
    cr_expect(n->points.point == scratch.normal.points.point);
    cr_expect(tokens.scratch->words.capacity + tokens.scratch->words.other_capacity ==
              scratch.words.capacity + scratch.words.other_capacity);
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
}

/* ---- settings of a folder ---- */

static const char small_vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nA\nab\n##b\n\u00e9\ne\n"
                                  "\u4e00\u4e01\n\u4e00\n\u4e01\n";

#define JSON(added, normalizer, vocab)                                                             \
    "{\"added_tokens\": [" added "], \"normalizer\": {\"type\": \"BertNormalizer\" " normalizer    \
    "}, \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, \"post_processor\": {\"type\": "      \
    "\"BertProcessing\", \"cls\": [\"[CLS]\", 2], \"sep\": [\"[SEP]\", 3]}, \"model\": {\"type\""  \
    ": \"WordPiece\", \"vocab\": {" vocab "}}}"
#define SMALL_VOCAB "\"[UNK]\": 0, \"A\": 1, \"[CLS]\": 2, \"[SEP]\": 3, \"a\": 4"

/* The folder of this test with these files; NULL: not there. */
static const char *folder_of(const char *vocab, const char *json, const char *config) {
    base_error error = {0};
    cr_assert(base_folder_remove(fixture_path("m"), &error));
    cr_assert(base_folder_make(fixture_path("m"), &error));
    if (vocab)
        fixture_text("m/vocab.txt", vocab);
    if (json)
        fixture_text("m/tokenizer.json", json);
    if (config)
        fixture_text("m/tokenizer_config.json", config);
    return fixture_path("m");
}

static void expect_folder(const char *vocab, const char *json, const char *config, const char *text,
                          const char *tokens) {
    data_tokenizer *t = load(folder_of(vocab, json, config));
    expect(t, text, tokens);
    data_tokenizer_free(t);
}

Test(tokenizer, casing_comes_from_the_config_then_tokenizer_json_then_lower) {
    const char *text = "A \u00c9 \u4e00\u4e01";
    expect_folder(small_vocab, NULL, NULL, text, "[CLS] a e \u4e00 \u4e01 [SEP]");
    expect_folder(small_vocab, NULL, "{\"do_lower_case\": false}", text,
                  "[CLS] A [UNK] \u4e00 \u4e01 [SEP]");
    expect_folder(small_vocab, NULL, "{\"strip_accents\": false}", text,
                  "[CLS] a \u00e9 \u4e00 \u4e01 [SEP]");
    expect_folder(small_vocab, NULL, "{\"tokenize_chinese_chars\": false}", text,
                  "[CLS] a e \u4e00\u4e01 [SEP]");
    expect_folder(NULL, JSON("", ", \"lowercase\": false", SMALL_VOCAB), NULL, "A a",
                  "[CLS] A a [SEP]");
    expect_folder(NULL, JSON("", ", \"lowercase\": false", SMALL_VOCAB),
                  "{\"do_lower_case\": true}", "A a", "[CLS] a a [SEP]");
    expect_folder(NULL, JSON("", ", \"lowercase\": false", SMALL_VOCAB),
                  "{\"do_lower_case\": true, \"tokenizer_class\": \"PreTrainedTokenizerFast\"}",
                  "A a", "[CLS] A a [SEP]");
}

Test(tokenizer, added_tokens_keep_their_flags) {
    expect_folder(NULL,
                  JSON("{\"content\": \"<T>\", \"normalized\": false, \"lstrip\": true}, "
                       "{\"content\": \"Ab\", \"normalized\": true, \"single_word\": true}",
                       "", SMALL_VOCAB),
                  NULL, "a <T><t> AB aab", "[CLS] a <T> [UNK] [UNK] [UNK] Ab [UNK] [SEP]");
    expect_folder(small_vocab, NULL,
                  "{\"added_tokens_decoder\": {\"14\": {\"content\": \"<x>\", \"special\": true}}}",
                  "a<x>a", "[CLS] a <x> a [SEP]");
}

Test(tokenizer, escapes_in_tokenizer_json_are_read) {
    expect_folder(NULL,
                  JSON("", "",
                       "\"[UNK]\": 1, \"\\u005bCLS]\": 2, \"[SEP]\": 3, \"\\\"\": 4, \"\\\\\": 0, "
                       "\"\\ud835\\udd38\": 5"),
                  NULL, "\" \\ \U0001d538", "[CLS] \" \\ \U0001d538 [SEP]");
}

Test(tokenizer, a_vocabulary_with_crlf_and_byte_order_mark_is_read) {
    expect_folder("\xef\xbb\xbf[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na", NULL, NULL, "a",
                  "[CLS] a [SEP]");
}

Test(tokenizer, files_that_were_loaded_are_written_back_as_read) {
    const char *json = JSON("", "", SMALL_VOCAB), *config = "{\"x\":   1}";
    data_tokenizer *t = load(folder_of(NULL, json, config));
    base_error error = {0};
    base_bytes back = {0};
    cr_assert(base_folder_make(fixture_path("out"), &error));
    cr_assert(data_tokenizer_save(t, fixture_path("out"), 9, &error), "%s", error.text);
    cr_assert(base_file_read(fixture_path("out/tokenizer.json"), &back, &error));
    cr_expect_str_eq(back.data, json);
    base_bytes_free(&back);
    cr_assert(base_file_read(fixture_path("out/tokenizer_config.json"), &back, &error));
    cr_expect_str_eq(back.data, config);
    base_bytes_free(&back);
    data_tokenizer_free(t);
}

/* The template for two texts and its type ids survive, in a folder that had no tokenizer.json too.
 */
Test(tokenizer, templates_have_two_texts_and_type_ids) {
    data_tokenizer *t = load(folder_of(small_vocab, NULL, NULL));
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("out"), &error));
    cr_assert(data_tokenizer_save(t, fixture_path("out"), 9, &error), "%s", error.text);
    cJSON *json = base_json_file(fixture_path("out/tokenizer.json"), &error);
    char *pair = base_json_line(base_json_get(base_json_get(json, "post_processor"), "pair"));
    cr_expect_str_eq(pair, "[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},"
                           "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
                           "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}},"
                           "{\"Sequence\":{\"id\":\"B\",\"type_id\":1}},"
                           "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":1}}]");
    free(pair);
    cJSON_Delete(json);
    data_tokenizer_free(t);
    t = load(fixture_path("out"));
    expect(t, "a", "[CLS] a [SEP]");
    data_tokenizer_free(t);
}

/* ---- bad input: one sentence that names what is wrong ---- */

static void refuse(const char *vocab, const char *json, const char *config, const char *says) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_load(folder_of(vocab, json, config), &error);
    cr_expect_null(t, "taken, expected: %s", says);
    cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    cr_expect_not_null(strstr(error.text, says), "%s\nexpected: %s", error.text, says);
    data_tokenizer_free(t);
}

Test(tokenizer, bad_vocabularies_are_refused) {
    refuse(NULL, NULL, NULL, "vocab.txt");
    refuse("", NULL, NULL, "is empty");
    refuse("[CLS]\n[SEP]\na\n", NULL, NULL, "no piece \"[UNK]\"");
    refuse("[UNK]\n[SEP]\na\n", NULL, NULL, "no piece \"[CLS]\"");
    refuse("[UNK]\n[CLS]\na\n", NULL, NULL, "no piece \"[SEP]\"");
    refuse("[UNK]\n[CLS]\n[SEP]\na\nb\na\n", NULL, NULL,
           "line 6: the piece \"a\" stands in line 4");
    refuse("[UNK]\n\n[CLS]\n", NULL, NULL, "line 2 is empty");
    refuse("[UNK]\na\xffz\n", NULL, NULL, "line 2, byte 2: found invalid UTF-8");
    refuse(small_vocab, NULL, "{\"do_lower_case\": 1}", "do_lower_case is 1");
    refuse(small_vocab, NULL, "{\"do_lower_case\": ", "line 1, column");
    refuse(small_vocab, JSON("", "", SMALL_VOCAB), NULL, "has 14 pieces, expected 5");
}

Test(tokenizer, a_nul_in_a_vocabulary_is_refused) {
    base_error error = {0};
    const char *path = fixture_write("nul.txt", "[UNK]\na\0b\n", 10);
    cr_expect_null(data_tokenizer_from_vocab(path, true, &error));
    cr_expect_not_null(strstr(error.text, "line 2, byte 2: found NUL"), "%s", error.text);
}

Test(tokenizer, bad_tokenizer_json_is_refused) {
    refuse(NULL, "{\"model\": {\"vocab\": {\"a\": 0,}}}", NULL, "line 1, column");
    refuse(NULL, "[]", NULL, "vocab.txt");
    refuse(NULL, "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}}}", NULL,
           "model.type is \"WordLevel\", expected one of \"WordPiece\", \"BPE\", \"Unigram\"");
    refuse(NULL, "{\"model\": {\"type\": \"WordPiece\", \"vocab\": [[\"a\", 1]]}}", NULL,
           "not an object");
    refuse(NULL, "{\"model\": {\"type\": \"WordPiece\", \"vocab\": []}}", NULL, "is empty");
    refuse(NULL, "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {}}}", NULL, "is empty");
    refuse(NULL, "{\"model\": {\"type\": \"WordPiece\", \"vocab\": {\"a\": 0}}}", NULL,
           "found no piece \"[UNK]\"");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"a\": 2"), NULL, "beyond the number of pieces");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"a\": 0"), NULL, "used twice");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"a\": 1, \"a\": 2"), NULL, "\"a\" has two ids");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"\": 1"), NULL, "no place in vocab.txt");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"a\\nb\": 1"), NULL, "no place in vocab.txt");
    refuse(NULL, "", NULL, "tokenizer.json: line 1, column 1: the file is empty");
    refuse(small_vocab, NULL, "{\"added_tokens_decoder\": {\"14x\": {\"content\": \"<x>\"}}}",
           "added_tokens_decoder has the key \"14x\", expected an id");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0.5"), NULL, "no whole number");
    refuse(NULL, JSON("", "", "\"[UNK]\": -1"), NULL, "no whole number");
    refuse(NULL, JSON("", "", "\"[UNK]\": \"0\""), NULL, "no whole number");
    refuse(NULL, JSON("", "", "\"[UNK]\": 0, \"[CLS]\": 1"), NULL, "no piece \"[SEP]\"");
    refuse(NULL,
           "{\"normalizer\": {\"type\": \"BertNormalizer\"}, \"pre_tokenizer\": {\"type\": "
           "\"BertPreTokenizer\"}, \"model\": {\"continuing_subword_prefix\": \"##\", \"vocab\": "
           "{\"[UNK]\": 0}}}",
           NULL, "no special tokens");
    refuse(NULL, JSON("", ", \"lowercase\": 3", SMALL_VOCAB), NULL, "lowercase is 3");
    refuse(NULL, JSON("{\"special\": true}", "", SMALL_VOCAB), NULL, "no content");
    refuse(NULL, JSON("{\"content\": \"x\", \"id\": 9}", "", SMALL_VOCAB), NULL,
           "\"x\" has id 9, expected 5");
    refuse(NULL, JSON("{\"content\": \"x\"}, {\"content\": \"x\"}", "", SMALL_VOCAB), NULL,
           "comes twice");
}

/* ---- threads ---- */

typedef struct shared_job {
    const data_tokenizer *tokenizer;
    uint64_t digest[8];
} shared_job;

static void encode_tile(void *context, size_t tile) {
    shared_job *job = context;
    uint64_t state = 7, hash = 0;
    base_bytes text = {0};
    data_tokens tokens = {0};
    for (int i = 0; i < 200; i++) {
        token_strings_next(&state, &text);
        encode(job->tokenizer, text.size ? text.data : "", text.size, WHOLE, &tokens);
        hash = token_strings_digest(hash, tokens.ids, tokens.count);
    }
    job->digest[tile] = hash;
    base_bytes_free(&text);
    data_tokens_free(&tokens);
}

Test(tokenizer, threads_share_a_tokenizer) {
    base_error error = {0};
    shared_job job = {from_vocab(token_strings_vocabulary(), true), {0}};
    cr_assert(base_threads_start(4, &error));
    base_threads_run(8, encode_tile, &job);
    base_threads_stop();
    for (int i = 1; i < 8; i++)
        cr_expect_eq(job.digest[i], job.digest[0]);
    data_tokenizer_free((data_tokenizer *)(uintptr_t)job.tokenizer);
}
