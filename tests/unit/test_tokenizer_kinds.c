#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "data/tokenizer.h"
#include "tests/fixture.h"
#include "tests/token_strings.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- folders ---- */

typedef struct text_file {
    const char *name, *text;
    size_t size; /* 0: that of the string */
} text_file;

enum { FILES = 4 };

/* A folder of a name with these files, which end with one without a name. */
static const char *folder_with(const char *name, const text_file *files) {
    base_error error = {0};
    const char *folder = fixture_path(name);
    cr_assert(base_folder_remove(folder, &error) && base_folder_make(folder, &error), "%s",
              error.text);
    for (; files->name; files++)
        cr_assert(base_file_write_in(folder, files->name, files->text,
                                     files->size ? files->size : strlen(files->text), &error),
                  "%s", error.text);
    return folder;
}

static data_tokenizer *load(const char *folder) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_load(folder, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

static void expect(const data_tokenizer *t, const char *text, const char *tokens) {
    base_error error = {0};
    data_tokens out = {0};
    base_bytes found = {0};
    cr_assert(data_tokenizer_encode(t, text, strlen(text), 1 << 20, &out, &error), "%s",
              error.text);
    for (size_t i = 0; i < out.count; i++)
        base_bytes_format(&found, &error, i ? " %s" : "%s", data_tokenizer_piece(t, out.ids[i]));
    cr_expect_str_eq(found.data, tokens, "\"%s\" gave %s, expected %s", text, found.data, tokens);
    base_bytes_free(&found);
    data_tokens_free(&out);
}

static void refuse(const text_file *files, const char *says) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_load(folder_with("bad", files), &error);
    cr_expect_null(t, "taken, expected: %s", says);
    cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    cr_expect_not_null(strstr(error.text, says), "%s\nexpected: %s", error.text, says);
    data_tokenizer_free(t);
}

static void save(const data_tokenizer *t, const char *name) {
    base_error error = {0};
    const char *folder = fixture_path(name);
    cr_assert(base_folder_remove(folder, &error) && base_folder_make(folder, &error));
    cr_assert(data_tokenizer_save(t, folder, 77, &error), "%s", error.text);
}

/* The saved folder has each file as it was. */
static void expect_same_files(const char *name, const text_file *files) {
    for (; files->name; files++) {
        base_error error = {0};
        base_bytes back = {0};
        char *path = base_path(fixture_path(name), files->name, &error);
        size_t size = files->size ? files->size : strlen(files->text);
        cr_assert(base_file_read(path, &back, &error), "%s", error.text);
        cr_expect(back.size == size && !memcmp(back.data, files->text, size), "%s", files->name);
        base_bytes_free(&back);
        free(path);
    }
}

/* ---- byte-pair encoding ---- */

#define VOCAB                                                                                      \
    "{\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"a\": 4, \"b\": 5, \"\u0120\": 6, "    \
    "\"ab\": 7, \"\u0120ab\": 8, \"<mask>\": 9, \"\u00c3\": 10, \"\u00a9\": 11}"
#define MERGES "#version: 0.2\na b\n\u0120 ab\n"

static const text_file roberta[] = {
    {"vocab.json", VOCAB, 0}, {"merges.txt", MERGES, 0}, {NULL, NULL, 0}};

static void expect_roberta(const data_tokenizer *t) {
    cr_expect_str_eq(data_tokenizer_kind(t), "BPE");
    cr_expect_eq(data_tokenizer_vocab_size(t), 12);
    expect(t, "ab ab", "<s> ab \u0120ab </s>");
    expect(t, "ab<mask> b\u00e9", "<s> ab <mask> \u0120 b \u00c3 \u00a9 </s>");
    expect(t, "", "<s> </s>");
    expect(t, "axb", "<s> ab </s>");
}

Test(tokenizer_kinds, vocab_json_and_merges_are_roberta) {
    data_tokenizer *t = load(folder_with("roberta", roberta));
    expect_roberta(t);
    save(t, "saved");
    expect_same_files("saved", roberta);
    data_tokenizer_free(t);
    t = load(fixture_path("saved")); /* from the tokenizer.json that was made */
    cr_expect_eq(data_tokenizer_max_length(t), 77);
    expect_roberta(t);
    data_tokenizer_free(t);
}

/* As transformers reads the pair of two texts of RoBERTa. */
Test(tokenizer_kinds, the_end_comes_twice_between_two_texts_of_roberta) {
    base_error error = {0};
    data_tokenizer *t = load(folder_with("roberta", roberta));
    save(t, "saved");
    cJSON *json = base_json_file(fixture_path("saved/tokenizer.json"), &error);
    char *pair = base_json_line(base_json_get(base_json_get(json, "post_processor"), "pair"));
    cr_expect_str_eq(pair, "[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},"
                           "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
                           "{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}},"
                           "{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}},"
                           "{\"Sequence\":{\"id\":\"B\",\"type_id\":0}},"
                           "{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}}]");
    free(pair);
    cJSON_Delete(json);
    data_tokenizer_free(t);
}

Test(tokenizer_kinds, the_configuration_names_tokens_and_the_first_blank) {
    const text_file files[] = {{"vocab.json", VOCAB, 0},
                               {"merges.txt", MERGES, 0},
                               {"tokenizer_config.json",
                                "{\"add_prefix_space\": true, \"mask_token\": {\"content\": "
                                "\"<mask>\", \"lstrip\": true}}",
                                0},
                               {NULL, NULL, 0}};
    data_tokenizer *t = load(folder_with("roberta", files));
    expect(t, "ab <mask>", "<s> \u0120ab <mask> </s>");
    save(t, "saved");
    expect_same_files("saved", files);
    data_tokenizer_free(t);
}

#define BPE_JSON(settings, merges)                                                                 \
    "{\"added_tokens\": [{\"content\": \"xx\", \"single_word\": true, \"normalized\": true}],"     \
    " \"normalizer\": {\"type\": \"Lowercase\"}, \"pre_tokenizer\": {\"type\": \"Sequence\","      \
    " \"pretokenizers\": [{\"type\": \"WhitespaceSplit\"}]}, \"post_processor\": {\"type\":"       \
    " \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"}, {\"type\": \"BertProcessing\","    \
    " \"cls\": [\"<s>\", 0], \"sep\": [\"</s>\", 1]}, {\"type\": \"TemplateProcessing\","          \
    " \"single\": [{\"SpecialToken\": {\"id\": \"a\"}}, {\"Sequence\": {\"id\": \"A\"}}],"         \
    " \"special_tokens\": {\"a\": {\"ids\": [2]}}}]}, \"model\": {\"type\": \"BPE\" " settings     \
    ", \"vocab\": {\"<s>\": 0, \"</s>\": 1, \"a\": 2, \"b\": 3, \"ab\": 4}, \"merges\": " merges   \
    "}}"

static void expect_bpe_json(const char *merges_json) {
    const text_file files[] = {{"tokenizer.json", merges_json, 0}, {NULL, NULL, 0}};
    data_tokenizer *t = load(folder_with("bpe", files));
    expect(t, "AB b", "a <s> ab b </s>");
    expect(t, "XX xxa", "a <s> xx a </s>");
    save(t, "saved");
    expect_same_files("saved", files);
    cr_expect_not(base_file_exists(fixture_path("saved/vocab.txt")));
    cr_expect_not(base_file_exists(fixture_path("saved/special_tokens_map.json")));
    data_tokenizer_free(t);
}

Test(tokenizer_kinds, tokenizer_json_of_byte_pair_encoding) {
    expect_bpe_json(BPE_JSON("", "[\"#version: 0.2\", \"a b\"]"));
    expect_bpe_json(BPE_JSON(", \"dropout\": null", "[[\"a\", \"b\"]]"));
}

Test(tokenizer_kinds, bad_byte_pair_encoding_is_refused) {
    const text_file no_merges[] = {{"vocab.json", VOCAB, 0}, {NULL, NULL, 0}};
    const text_file bad_line[] = {
        {"vocab.json", VOCAB, 0}, {"merges.txt", "a b\nab\n", 0}, {NULL, NULL, 0}};
    const text_file list[] = {{"vocab.json", "[1]", 0}, {"merges.txt", "", 0}, {NULL, NULL, 0}};
    const text_file none[] = {{NULL, NULL, 0}};
    refuse(no_merges, "found no merges, expected them in merges.txt");
    refuse(bad_line, "merges.txt: line 2: expected two pieces");
    refuse(list, "vocab.json: line 1, column 1: expected an object of pieces and ids");
    refuse(none, "none of tokenizer.json, vocab.txt, vocab.json, sentencepiece.bpe.model, "
                 "spiece.model");
    static const char *const json[][2] = {
        {BPE_JSON(", \"dropout\": 0.1", "[]"), "model.dropout is 0.1, expected none"},
        {BPE_JSON(", \"fuse_unk\": 1", "[]"), "fuse_unk is 1"},
        {BPE_JSON("", "5"), "found no merges"},
        {BPE_JSON("", "[\"a c\"]"), "model.merges[0]: the merge's piece \"c\""},
        {"{\"model\": {\"type\": \"BPE\", \"vocab\": [[\"a\", 1]], \"merges\": []}}",
         "model.vocab is not an object"},
        {"{\"model\": {\"merges\": [], \"vocab\": {\"a\": 0}}, \"post_processor\": {\"type\": "
         "\"Foo\"}}",
         "post_processor.type is Foo, expected TemplateProcessing"},
        {"{\"model\": {\"merges\": [], \"vocab\": {\"a\": 0}}, \"post_processor\": {\"type\": "
         "\"RobertaProcessing\", \"cls\": [\"a\", 1], \"sep\": [\"a\", 0]}}",
         "post_processor.cls has id 1, expected 0"},
    };
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        refuse((text_file[]){{"tokenizer.json", json[i][0], 0}, {NULL, NULL, 0}}, json[i][1]);
}

/* What is not understood would leave out tokens without a word. */
Test(tokenizer_kinds, odd_templates_and_lists_are_refused) {
#define TEMPLATE(single)                                                                           \
    "{\"model\": {\"merges\": [], \"vocab\": {\"a\": 0}}, \"post_processor\": {\"type\": "         \
    "\"TemplateProcessing\", \"special_tokens\": {\"a\": {\"ids\": [0]}}, \"single\": " single     \
    "}}"
    static const char *const cases[][2] = {
        {TEMPLATE("[{}, {\"Sequence\": {\"id\": \"A\"}}]"), "neither a SpecialToken with an id"},
        {TEMPLATE("[\"a\", {\"Sequence\": {\"id\": \"A\"}}]"), "neither a SpecialToken with an id"},
        {TEMPLATE("[{\"SpecialToken\": \"a\"}, {\"Sequence\": {\"id\": \"A\"}}]"), "neither"},
        {TEMPLATE("[{\"SpecialToken\": {\"id\": \"a\"}}, {\"Sequence\": {\"id\": \"C\"}}]"),
         "nor the Sequence A or B"},
        {TEMPLATE("{\"x\": {\"Sequence\": {\"id\": \"A\"}}}"),
         "post_processor.single is not a list"},
        {"{\"model\": {\"merges\": [], \"vocab\": {\"a\": 0}}, \"post_processor\": {\"type\": "
         "\"Sequence\", \"processors\": {}}}",
         "post_processor.processors is not a list"},
        {"{\"model\": {\"merges\": [], \"vocab\": {\"a\": 0}}, \"added_tokens\": {}}",
         "added_tokens is not a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse((text_file[]){{"tokenizer.json", cases[i][0], 0}, {NULL, NULL, 0}}, cases[i][1]);
}

/* ---- SentencePiece ---- */

/* A piece of n bytes with a score of -1, of a type. */
#define PIECE(size, n, text, type) "\x0a" size "\x0a" n text "\x15\x00\x00\x80\xbf\x18" type
#define MARK "\xe2\x96\x81"

static const char xlmr_model[] = PIECE("\x0e", "\x05", "<unk>", "\x02")
    PIECE("\x0c", "\x03", "<s>", "\x03") PIECE("\x0d", "\x04", "</s>", "\x03")
        PIECE("\x0c", "\x03", MARK, "\x01") PIECE("\x0d", "\x04", MARK "a", "\x01")
            PIECE("\x0a", "\x01", "b", "\x01") PIECE("\x0b", "\x02", "ab", "\x04")
    /* a map that turns "c" into "b" */
    "\x1a\x14\x12\x12\x0c\x00\x00\x00\x00\x88\x01\x00\x63\x0d\x00\x00\x00\x00\x00\x80"
    "b\x00";

static const char albert_model[] =
    PIECE("\x0e", "\x05", "<pad>", "\x03") PIECE("\x0e", "\x05", "<unk>", "\x02")
        PIECE("\x0e", "\x05", "[CLS]", "\x03") PIECE("\x0e", "\x05", "[SEP]", "\x03")
            PIECE("\x0d", "\x04", MARK "a", "\x01") PIECE("\x0a", "\x01", "e", "\x01")
                PIECE("\x0a", "\x01", "\"", "\x01") PIECE("\x0a", "\x01", "(", "\x04");

Test(tokenizer_kinds, sentencepiece_bpe_model_is_xlm_r) {
    const text_file files[] = {{"sentencepiece.bpe.model", xlmr_model, sizeof xlmr_model - 1},
                               {NULL, NULL, 0}};
    data_tokenizer *t = load(folder_with("xlmr", files));
    for (int again = 0; again < 2; again++) {
        cr_expect_str_eq(data_tokenizer_kind(t), "Unigram");
        cr_expect_eq(data_tokenizer_vocab_size(t), 9);
        cr_expect_str_eq(data_tokenizer_piece(t, 1), "<pad>");
        cr_expect_str_eq(data_tokenizer_piece(t, 4), MARK);
        cr_expect_str_eq(data_tokenizer_piece(t, 8), "<mask>");
        expect(t, "a c", "<s> " MARK "a " MARK " b </s>");
        expect(t, "xy b<mask>", "<s> " MARK " <unk> " MARK " b <mask> </s>");
        expect(t, "aab", "<s> " MARK "a ab </s>");
        if (again)
            break;
        save(t, "saved");
        expect_same_files("saved", files);
        data_tokenizer_free(t);
        t = load(fixture_path("saved"));
    }
    data_tokenizer_free(t);
}

/* Of transformers' two lists: the model's own tokens stand in for the old one, the new one counts.
 */
Test(tokenizer_kinds, a_sentencepiece_model_lists_its_additional_special_tokens_itself) {
    const text_file files[] = {{"sentencepiece.bpe.model", xlmr_model, sizeof xlmr_model - 1},
                               {"special_tokens_map.json",
                                "{\"additional_special_tokens\": [\"ba\"], "
                                "\"extra_special_tokens\": [\"bb\"]}",
                                0},
                               {NULL, NULL, 0}};
    data_tokenizer *t = load(folder_with("xlmr", files));
    cr_expect_eq(data_tokenizer_vocab_size(t), 10);
    expect(t, "ba", "<s> " MARK " b <unk> </s>");
    expect(t, "bb", "<s> bb </s>");
    data_tokenizer_free(t);
}

Test(tokenizer_kinds, spiece_model_is_albert) {
    const text_file files[] = {{"spiece.model", albert_model, sizeof albert_model - 1},
                               {NULL, NULL, 0}};
    data_tokenizer *t = load(folder_with("albert", files));
    for (int again = 0; again < 2; again++) {
        expect(t, "A\u00e9``(", "[CLS] " MARK "a e \" ( [SEP]");
        expect(t, "", "[CLS] [SEP]");
        cr_expect(data_tokenizer_lower_case(t));
        if (again)
            break;
        save(t, "saved");
        expect_same_files("saved", files);
        data_tokenizer_free(t);
        t = load(fixture_path("saved"));
    }
    data_tokenizer_free(t);
    const text_file cased[] = {{"spiece.model", albert_model, sizeof albert_model - 1},
                               {"tokenizer_config.json",
                                "{\"do_lower_case\": false, \"keep_accents\": true,"
                                " \"tokenizer_class\": \"AlbertTokenizerFast\"}",
                                0},
                               {NULL, NULL, 0}};
    t = load(folder_with("albert", cased));
    expect(t, "a\u00e9e", "[CLS] " MARK "a <unk> e [SEP]");
    cr_expect_not(data_tokenizer_lower_case(t));
    data_tokenizer_free(t);
}

Test(tokenizer_kinds, bad_sentencepiece_is_refused) {
    static const char bpe[] = PIECE("\x0e", "\x05", "<unk>", "\x02") "\x12\x02\x18\x02";
    const text_file trained[] = {{"spiece.model", bpe, sizeof bpe - 1}, {NULL, NULL, 0}};
    const text_file t5[] = {{"spiece.model", albert_model, sizeof albert_model - 1},
                            {"tokenizer_config.json", "{\"tokenizer_class\": \"T5Tokenizer\"}", 0},
                            {NULL, NULL, 0}};
    static const char doubled[] =
        PIECE("\x0a", "\x01", "a", "\x01") PIECE("\x0a", "\x01", "a", "\x01");
    const text_file twice[] = {{"spiece.model", doubled, sizeof doubled - 1}, {NULL, NULL, 0}};
    const text_file cut[] = {{"spiece.model", albert_model, sizeof albert_model - 3},
                             {NULL, NULL, 0}};
    refuse(trained, "the model was trained with type 2, expected 1 (unigram)");
    refuse(t5, "tokenizer_class is T5Tokenizer, which cannot be made from");
    refuse(twice, "the piece \"a\" is there twice");
    refuse(cut, "a field is longer than what it is in");
    static const char *const json[][2] = {
        {"{\"model\": {\"type\": \"Unigram\", \"vocab\": {\"a\": 0}}}",
         "model.vocab is not a list"},
        {"{\"model\": {\"type\": \"Unigram\", \"unk_id\": 1, \"vocab\": [[\"a\", 0]]}}",
         "unk_id is 1"},
        {"{\"model\": {\"vocab\": [[\"a\", 0]]}, \"normalizer\": {\"type\": \"Foo\"}}",
         "normalizer.type is Foo"},
        {"{\"model\": {\"vocab\": [[\"a\", 0]]}, \"pre_tokenizer\": {\"type\": \"Foo\"}}",
         "pre_tokenizer.type is Foo"},
    };
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        refuse((text_file[]){{"tokenizer.json", json[i][0], 0}, {NULL, NULL, 0}}, json[i][1]);
}

/* One holder of tokens may go from kind to kind. */
Test(tokenizer_kinds, tokens_are_used_with_several_kinds) {
    const text_file albert[] = {{"spiece.model", albert_model, sizeof albert_model - 1},
                                {NULL, NULL, 0}};
    data_tokenizer *t[] = {load(folder_with("roberta", roberta)),
                           load(folder_with("albert", albert))};
    base_error error = {0};
    data_tokens out = {0};
    for (int i = 0; i < 6; i++) {
        cr_assert(data_tokenizer_encode(t[i % 2], "a", 1, 100, &out, &error), "%s", error.text);
        cr_expect_eq(out.count, 3);
        cr_expect_eq(out.ids[1], 4);
    }
    data_tokens_free(&out);
    data_tokenizer_free(t[0]);
    data_tokenizer_free(t[1]);
}

/* ---- strings by rule ---- */

enum { CHUNKS = 8, STRINGS = 500 };

/* By tests/golden/make_tokenizer_digests.py, with tokenizers 0.23.3. */
static const struct {
    const char *folder;
    uint64_t digest[CHUNKS];
} golden[] = {
    {"tests/fuzz/tokenizers/bpe",
     {UINT64_C(0x5715dd0e7538ce7a), UINT64_C(0x49e8c7b0d329a501), UINT64_C(0xf6345d0b6cf9bc8b),
      UINT64_C(0x5660d7b78ca621c4), UINT64_C(0x78144b959c6bf945), UINT64_C(0xec4bedf16a061cf0),
      UINT64_C(0x1eb8a5d06f9fa361), UINT64_C(0xe9c92dde66b6ca6f)}},
    {"tests/fuzz/tokenizers/unigram",
     {UINT64_C(0x1b201667833b9681), UINT64_C(0xd2c7ad2b88b46ba3), UINT64_C(0x90489e0a0299a7e9),
      UINT64_C(0xa6851379e027ba26), UINT64_C(0xe3c9a479dad7f79d), UINT64_C(0xaf964f9f089b48dc),
      UINT64_C(0x42c1db7dee2ce7df), UINT64_C(0xcc16249daf12adb0)}},
};

Test(tokenizer_kinds, generated_strings_have_the_digests_of_the_package) {
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        data_tokenizer *t = load(golden[k].folder);
        base_error error = {0};
        base_bytes text = {0};
        data_tokens tokens = {0};
        uint64_t state = 1;
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            uint64_t hash = BASE_HASH_START;
            for (int i = 0; i < STRINGS; i++) {
                token_strings_next(&state, &text);
                cr_assert(data_tokenizer_encode(t, text.size ? text.data : "", text.size, 1 << 20,
                                                &tokens, &error));
                hash = token_strings_digest(hash, tokens.ids, tokens.count);
            }
            cr_expect_eq(hash, golden[k].digest[chunk], "%s: chunk %d", golden[k].folder, chunk);
        }
        base_bytes_free(&text);
        data_tokens_free(&tokens);
        data_tokenizer_free(t);
    }
}
