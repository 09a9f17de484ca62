/* `sbert vocab` and `sbert tokenize` as programs; tests/run.sh names the program in SBERT. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>

Test(command_tokens, a_vocabulary_learnt_from_a_file_tokenises_it) {
    fixture_text("text.txt", "Hug hug pug\nhugs \"pug\"\n");
    program_expect("vocab $D/text.txt --out $D/vocab.txt --size 17 2>/dev/null", 0, "");
    program_expect(
        "tokenize $D $D/text.txt", 0,
        "{\"tokens\": [\"[CLS]\", \"hug\", \"hug\", \"pug\", \"[SEP]\"], \"ids\": [2, 15, 15, "
        "16, 3]}"
        "\n{\"tokens\": [\"[CLS]\", \"hug\", \"##s\", \"\\\"\", \"pug\", \"\\\"\", \"[SEP]\"], "
        "\"ids\": [2, 15, 13, 5, 16, 5, 3]}\n");
    program_expect(
        "tokenize $D $D/text.txt --max-length 3 2>/dev/null | tail -n 1", 0,
        "{\"tokens\": [\"[CLS]\", \"hug\", \"[SEP]\"], \"ids\": [2, 15, 3], \"truncated\": "
        "true}\n");
}

Test(command_tokens, the_length_is_the_models) {
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    fixture_text("text.txt", "a a a a a a\n");
    fixture_text("config.json", "{\"max_position_embeddings\": 5}");
    program_expect("tokenize $D $D/text.txt 2>/dev/null | grep -c '2, 4, 4, 4, 3'", 0, "1\n");
    fixture_text("sentence_bert_config.json", "{\"max_seq_length\": 4}");
    program_expect("tokenize $D $D/text.txt 2>/dev/null | grep -c '2, 4, 4, 3'", 0, "1\n");
    program_expect("tokenize $D $D/text.txt --whole | grep -c '2, 4, 4, 4, 4, 4, 4, 3'", 0, "1\n");
}

Test(command_tokens, a_model_folder_may_have_the_encoder_in_one_of_its_own) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("0_Transformer"), &error));
    fixture_text("0_Transformer/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    fixture_text("0_Transformer/sentence_bert_config.json", "{\"max_seq_length\": 4}");
    fixture_text("modules.json", "[{\"path\": \"0_Transformer\","
                                 "\"type\": \"sentence_transformers.models.Transformer\"}]");
    fixture_text("text.txt", "a a a a a a\n");
    program_expect("tokenize $D $D/text.txt 2>/dev/null | grep -c '2, 4, 4, 3'", 0, "1\n");
    program_expect("tokenize $D $D/text.txt --whole --max-length 3 2>/dev/null", 2, "");
}

Test(command_tokens, a_line_ends_at_its_line_feed_alone) {
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##a\n");
    fixture_write("text.txt", "a\0a\r\n\na\fa\xff", 9);
    program_expect("tokenize $D $D/text.txt 2>/dev/null", 0,
                   "{\"tokens\": [\"[CLS]\", \"a\", \"##a\", \"[SEP]\"], \"ids\": [2, 4, 5, 3]}\n"
                   "{\"tokens\": [\"[CLS]\", \"[SEP]\"], \"ids\": [2, 3]}\n"
                   "{\"tokens\": [\"[CLS]\", \"a\", \"##a\", \"[SEP]\"], \"ids\": [2, 4, 5, 3]}\n");
}

Test(command_tokens, bad_input_exits_with_2_and_one_sentence) {
    fixture_text("empty.txt", " \n\n");
    fixture_text("few.txt", "abc");
    program_expect("vocab $D/empty.txt --out $D/v 2>&1 | grep -c 'no words to learn from'", 0,
                   "1\n");
    program_expect("vocab $D/empty.txt --out $D/v 2>/dev/null", 2, "");
    program_expect("vocab $D/few.txt --size 9 --out $D/v 2>/dev/null", 2, "");
    program_expect("vocab $D/none.txt --out $D/v 2>/dev/null", 2, "");
    program_expect("vocab $D/few.txt --size 1e3 2>/dev/null", 2, "");
    program_expect("tokenize $D/none 2>/dev/null </dev/null", 2, "");
    program_expect("vocab 2>/dev/null", 2, "");
    fixture_text("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    program_expect("tokenize $D $D/none.txt 2>/dev/null", 2, "");
    program_expect("tokenize $D $D/few.txt --max-length 1 2>/dev/null", 2, "");
}
