/* Folders without tokenizer.json: what older versions of transformers kept apart. The expected ids
 * are those of transformers 5.23. */
#include "base/file.h"
#include "base/log.h"
#include "data/tokenizer.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\nc\n<unk>\n<x>\nq\n";

/* The files beside vocab.txt, NULL: none. */
typedef struct files {
    const char *config, *map, *added;
} files;

static const char *folder_of(const files *f) {
    const char *const texts[][2] = {{"vocab.txt", vocab},
                                    {"tokenizer_config.json", f->config},
                                    {"special_tokens_map.json", f->map},
                                    {"added_tokens.json", f->added}};
    const char *folder = fixture_path("bert");
    base_error error = {0};
    cr_assert(base_folder_remove(folder, &error) && base_folder_make(folder, &error));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i][1])
            cr_assert(
                base_file_write_in(folder, texts[i][0], texts[i][1], strlen(texts[i][1]), &error),
                "%s", error.text);
    return folder;
}

static void expect_ids(const char *folder, const char *text, const char *ids) {
    base_error error = {0};
    base_bytes found = {0};
    data_tokens out = {0};
    data_tokenizer *t = data_tokenizer_load(folder, &error);
    cr_assert_not_null(t, "%s", error.text);
    cr_assert(data_tokenizer_encode(t, text, strlen(text), 100, &out, &error), "%s", error.text);
    for (size_t i = 0; i < out.count; i++)
        base_bytes_format(&found, &error, i ? " %u" : "%u", out.ids[i]);
    cr_expect_str_eq(found.data, ids, "\"%s\" gave %s, expected %s", text, found.data, ids);
    base_bytes_free(&found);
    data_tokens_free(&out);
    data_tokenizer_free(t);
}

#define LSTRIP "\"lstrip\": true, \"rstrip\": false, \"normalized\": false, \"single_word\": false}"

static const struct {
    files files;
    const char *text, *ids;
} cases[] = {
    {{NULL, "{\"mask_token\": {\"content\": \"[MASK]\", " LSTRIP "}", NULL}, "a [MASK]", "2 5 4 3"},
    /* the map goes before the configuration, and names the piece for unknown words */
    {{"{\"mask_token\": \"<x>\", \"unk_token\": \"[UNK]\"}",
      "{\"mask_token\": \"q\", \"unk_token\": \"<unk>\"}", NULL},
     "a b <x> zz",
     "2 5 6 9 9 9 9 3"},
    {{"{\"unk_token\": \"<unk>\"}", NULL, NULL}, "zz", "2 9 3"},
    /* neither file counts beside added_tokens_decoder */
    {{"{\"added_tokens_decoder\": {\"12\": {\"content\": \"<y>\", \"normalized\": false}}}",
      "{\"additional_special_tokens\": [\"<e>\"]}", "{\"<e>\": 13}"},
     "<y>b <e>",
     "2 12 6 1 1 1 3"},
    /* ids in any order; a token that nobody names is found in normalised text */
    {{NULL, NULL, "{\"<y>\": 13, \"<E>\": 12, \"[MASK]\": 4}"},
     "<e>a<E> <Y>[mask]",
     "2 12 5 12 13 4 3"},
    {{NULL, "{\"extra_special_tokens\": [\"<Y>\"], \"bos_token\": \"<bos>\"}",
      "{\"<Y>\": 12, \"<e>\": 13}"},
     "a <e> <y> <Y> <bos>",
     "2 5 13 1 1 1 12 14 3"},
    {{NULL, "{\"additional_special_tokens\": [\"<e>\", \"q\"]}", NULL}, "<e>q Q", "2 12 11 11 3"},
    {{"{\"extra_special_tokens\": [\"<e>\"], \"image_token\": \"<img>\"}", NULL, NULL},
     "<img>a<e>",
     "2 12 5 13 3"},
    {{"{\"extra_special_tokens\": {\"image_token\": \"<img>\"}}", NULL, NULL}, "<img>", "2 12 3"},
    {{"{\"tokenizer_class\": \"DistilBertTokenizerFast\"}", NULL, NULL}, "b", "2 6 3"},
    {{"{\"cls_token\": \"a\"}", "{\"sep_token\": \"<x>\"}", NULL}, "b", "5 6 10"},
    {{NULL, "{\"cls_token\": \"<s>\", \"sep_token\": \"</s>\"}", NULL}, "b", "13 6 12"},
    {{NULL, "{}", "{}"}, "b", "2 6 3"},
};

/* Written and read again, from the tokenizer.json that is made, it is the same. */
Test(tokenizer_files, special_and_added_tokens_of_older_folders) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_error error = {0};
        const char *folder = folder_of(&cases[i].files), *saved = fixture_path("saved");
        expect_ids(folder, cases[i].text, cases[i].ids);
        data_tokenizer *t = data_tokenizer_load(folder, &error);
        cr_assert(base_folder_remove(saved, &error) && base_folder_make(saved, &error));
        cr_assert(data_tokenizer_save(t, saved, 77, &error), "%s", error.text);
        expect_ids(saved, cases[i].text, cases[i].ids);
        data_tokenizer_free(t);
    }
}

static void keep_sentence(void *context, base_log_level level, const char *sentence) {
    cr_expect_eq(level, BASE_LOG_WARNING);
    snprintf(context, 300, "%s", sentence);
}

/* transformers adds [MASK] as token 5, which no row of a table is for. */
Test(tokenizer_files, a_usual_token_that_is_no_piece_is_told) {
    char said[300] = "";
    base_log_to(keep_sentence, said);
    base_error error = {0};
    const char *folder = folder_of(&(files){0});
    cr_assert(
        base_file_write_in(folder, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n", 26, &error));
    expect_ids(folder, "a [MASK]", "2 4 1 1 1 3");
    cr_expect(strstr(said, "vocab.txt: there is no piece \"[MASK]\""), "%s", said);
    cr_expect(strstr(said, "the new id 5"), "%s", said);
}

static const struct {
    files files;
    const char *says;
} refused[] = {
    {{NULL, NULL, "{\"<y>\": 99}"},
     "added_tokens.json: the added token \"<y>\" has id 99, expected 12"},
    {{NULL, NULL, "{\"<y>\": \"12\"}"}, "added_tokens.json: found no id of the token \"<y>\""},
    {{NULL, NULL, "{\"<y>\": 12.5}"}, "added_tokens.json: found no id of the token \"<y>\""},
    {{NULL, NULL, "{\"\": 12}"}, "added_tokens.json: an added token has no content"},
    {{NULL, NULL, "[\"<y>\"]"}, "added_tokens.json: expected an object"},
    {{NULL, "[1]", NULL}, "special_tokens_map.json: line 1, column 1: expected an object"},
    {{NULL, "{\"mask_token\": 5}", NULL}, "special_tokens_map.json: an added token has no content"},
    {{NULL, "{\"mask_token\": {\"content\": \"q\", \"lstrip\": 1}}", NULL},
     "special_tokens_map.json: lstrip is 1"},
    {{NULL, "{\"unk_token\": \"<none>\"}", NULL}, "found no piece \"<none>\""},
    {{"{\"tokenizer_class\": \"MPNetTokenizer\"}", NULL, NULL},
     "tokenizer_class is MPNetTokenizer, which cannot be made from"},
    {{"[]", NULL, NULL}, "tokenizer_config.json: line 1, column 1: expected an object"},
    {{"{\"added_tokens_decoder\": [1]}", NULL, NULL},
     "tokenizer_config.json: expected an object of tokens"},
    {{"{\"additional_special_tokens\": [3]}", NULL, NULL},
     "tokenizer_config.json: an added token has no content"},
};

Test(tokenizer_files, bad_ones_are_refused) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        base_error error = {0};
        data_tokenizer *t = data_tokenizer_load(folder_of(&refused[i].files), &error);
        cr_expect_null(t, "taken, expected: %s", refused[i].says);
        cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
        cr_expect(strstr(error.text, refused[i].says), "%s\nexpected: %s", error.text,
                  refused[i].says);
        data_tokenizer_free(t);
    }
}
