/* `sbert search` as its users meet it. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* $D/m, a corpus of six texts, two of them equal, and its vectors. */
static void make_corpus(void) {
    program_make_model();
    fixture_text("corpus.txt", "a b\nc d .\nb\na b\nd d d\n.\n");
    fixture_text("queries.txt", "d d d\na b\n");
    program_expect("encode $D/m $D/corpus.txt --out $D/corpus.npy 2>/dev/null", 0, "");
    program_expect("encode $D/m $D/queries.txt --out $D/queries.npy 2>/dev/null", 0, "");
}

Test(command_search, equal_texts_are_found_in_their_order) {
    make_corpus();
    program_expect("search $D/m $D/corpus.txt $D/queries.txt --top-k 2 2>/dev/null | "
                   "cut -f1,2,4,5 | sed 4,5s/$/!/",
                   0,
                   "query\trank\trow\ttext\n1\t1\t5\td d d\n1\t2\t2\tc d .\n2\t1\t1\ta b!\n"
                   "2\t2\t4\ta b!\n");
    program_expect("search $D/m $D/corpus.txt $D/queries.txt --threshold 0.999999 --json "
                   "2>/dev/null | cut -d, -f1,2,4-",
                   0,
                   "{\"query\": 1, \"rank\": 1, \"row\": 5, \"text\": \"d d d\"}\n"
                   "{\"query\": 2, \"rank\": 1, \"row\": 1, \"text\": \"a b\"}\n"
                   "{\"query\": 2, \"rank\": 2, \"row\": 4, \"text\": \"a b\"}\n");
}

/* Texts, vectors, both, typed queries, any number of threads: the same rows and scores. */
Test(command_search, every_way_in_gives_the_same_answers) {
    make_corpus();
    static const char *const ways[] = {
        "$D/m $D/corpus.txt $D/queries.txt --threads 1",
        "$D/m $D/corpus.npy $D/queries.txt",
        "$D/m $D/corpus.txt $D/queries.npy --threads 3",
        "$D/corpus.npy $D/queries.npy",
        "$D/corpus.txt $D/queries.npy --vectors $D/corpus.npy",
        "$D/m $D/corpus.txt - <$D/queries.txt",
    };
    base_bytes out = {0}, first = {0};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char *line = base_format("search %s --top-k 4 2>/dev/null | cut -f1-4", ways[i]);
        cr_assert_eq(program_run(line, i ? &out : &first), 0);
        cr_expect(i == 0 || !strcmp(out.data, first.data), "%s: %s", ways[i], out.data);
        free(line);
    }
    cr_expect(strstr(first.data, "\n2\t4\t"));
    base_bytes_free(&out);
    base_bytes_free(&first);
}

/* The second query is written when the first has its answer. */
Test(command_search, typed_queries_are_answered_at_once) {
    make_corpus();
    program_expect(
        "help >/dev/null; mkfifo $D/in; $S search $D/m $D/corpus.txt - --top-k 1 "
        "<$D/in >$D/out 2>/dev/null & exec 3>$D/in; echo b >&3; "
        "for i in 1 2 3 4 5 6 7 8 9; do grep -q '^1.*b$' $D/out && break; sleep 1; done; "
        "wc -l <$D/out; echo d d d >&3; exec 3>&-; wait; cut -f1,2,4 $D/out",
        0, "2\nquery\trank\trow\n1\t1\t3\n2\t1\t5\n");
}

Test(command_search, columns_are_found_by_name) {
    make_corpus();
    fixture_text("corpus.tsv", "id\tbody\nx\ta b\ny\td d d\n");
    fixture_text("queries.jsonl", "{\"q\": \"d d d\"}\n");
    program_expect("search $D/m $D/corpus.tsv $D/queries.jsonl --column body --query-column q "
                   "--top-k 1 --out $D/out.tsv 2>/dev/null; cut -f1,2,4,5 $D/out.tsv",
                   0, "query\trank\trow\ttext\n1\t1\t2\td d d\n");
    program_expect("search $D/m $D/corpus.tsv $D/queries.jsonl --column body --query-column q "
                   "--top-k 1 --id-column id 2>/dev/null | cut -f1,2,4-",
                   0, "query\trank\trow\tid\ttext\n1\t1\t2\ty\td d d\n");
    fixture_text("twice.tsv", "id\tbody\nx\ta b\ny\tc\nx\td d d\n");
    program_expect_part("search $D/m $D/twice.tsv $D/queries.jsonl --column body --query-column q "
                        "--id-column id",
                        2, "twice.tsv: line 4: found the id 'x' again, which line 2 has");
    program_expect_part("search $D/m $D/corpus.txt $D/queries.txt --id-column id", 2,
                        "--id-column goes with --column");
    program_expect_part("search $D/m $D/corpus.tsv $D/queries.jsonl --column text", 2,
                        "expected one named \"text\"");
}

Test(command_search, prompts_of_queries_are_their_own) {
    make_corpus();
    fixture_text("bare.txt", "d\n");
    fixture_text("whole.txt", "d d\n");
    program_expect("search $D/m $D/whole.txt $D/bare.txt --query-prompt 'd ' --json 2>/dev/null "
                   "| grep -c '\"score\": 1[,.]'",
                   0, "1\n");
    program_expect("search $D/m $D/bare.txt $D/bare.txt --query-prompt 'd ' --prompt 'd ' --json "
                   "2>/dev/null | grep -c '\"score\": 1[,.]'",
                   0, "1\n");
    program_expect_part("search $D/m $D/bare.txt $D/bare.txt --query-prompt-name none", 2, "none");
}

Test(command_search, what_cannot_be_searched_is_refused_and_nothing_written) {
    make_corpus();
    fixture_text("empty.txt", "");
    program_expect("init $D/bert.json --vocab $D/words.txt --seed 7 --out $D/n 2>/dev/null", 0, "");
    program_expect("encode $D/m $D/corpus.txt --truncate-dim 4 --out $D/narrow.npy 2>/dev/null", 0,
                   "");
    static const char *const table[][2] = {
        {"$D/m $D/corpus.txt $D/queries.txt --top-k 7", "--top-k is 7, expected 1 to 6"},
        {"$D/m $D/corpus.txt $D/queries.txt --threshold 1.5", "expected a number from -1 to 1"},
        {"$D/m $D/corpus.txt $D/queries.txt --similarity manhattan", "cosine, dot or euclidean"},
        {"$D/m $D/corpus.txt $D/queries.txt --similarity euclidean --threshold 1", "to 0"},
        {"$D/m $D/empty.txt $D/queries.txt", "empty"},
        {"$D/m $D/corpus.txt $D/empty.txt", "empty.txt is empty, expected a query a line"},
        {"$D/m $D/narrow.npy $D/queries.txt", "narrow.npy has 4 columns, expected 8"},
        {"$D/m $D/corpus.txt $D/narrow.npy", "has 4 columns"},
        {"$D/corpus.txt $D/queries.npy", "found no MODEL"},
        {"$D/corpus.npy -", "no --out"},
        {"$D/m $D/corpus.txt $D/none.npy", "none.npy"},
        {"$D/m $D/corpus.txt $D/queries.txt --query-prompt a --query-prompt-name b", "one of them"},
        {"$D/corpus.npy $D/queries.npy --truncate-dim 4", "--truncate-dim, expected none with"},
        {"$D/m $D/corpus.npy $D/queries.npy --query-prompt a", "expected none with vectors alone"},
        {"$D/corpus.npy $D/queries.npy --query-prompt a", "--query-prompt, expected none with"},
        {"$D/m $D/corpus.npy $D/queries.txt --id-column a", "--id-column, expected none with"},
        {"$D/m $D/corpus.txt $D/queries.npy --query-column a", "expected no --query-column"},
        {"$D/m $D/corpus.txt $D/queries.txt --json", "expected a file ending in .jsonl"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *line = base_format("search %s --out $D/out.tsv", table[i][0]);
        program_expect_part(line, 2, table[i][1]);
        free(line);
    }
    program_expect("help >/dev/null; ls $D | grep -c out", 1, "0\n");
    program_expect("search $D/m $D/corpus.txt $D/absent.txt 2>/dev/null", 2, "");
    program_expect_part("search $D/m - - <$D/corpus.txt", 2, "for CORPUS and for QUERIES");
    program_expect_part("search $D/m $D/corpus.txt - --out $D/out.tsv", 2, "no --out");
    program_expect_part("search $D/m $D/corpus.txt $D/queries.txt --out $D/out.csv", 2,
                        "ending in .tsv or .jsonl");
}

/* Mapped, and cut by another program before the queries come. */
Test(command_search, a_file_that_is_cut_short_while_it_is_searched_ends_with_a_sentence) {
    program_make_model();
    program_expect("help >/dev/null; for i in 1 2 3 4 5 6 7 8 9; do seq 100; done >$D/many.txt; "
                   "\"$S\" encode $D/m $D/many.txt --out $D/many.npy 2>/dev/null; mkfifo $D/p; "
                   "\"$S\" search $D/m $D/many.npy $D/p 2>$D/err & exec 3>$D/p; "
                   "truncate -s 4096 $D/many.npy; echo a >&3; exec 3>&-; wait $!; echo $?; "
                   "grep -c 'a file was cut short' $D/err",
                   0, "1\n1\n");
}

/* A NaN among the numbers of a file: refused by its row, and no part of the output stays. */
Test(command_search, numbers_that_are_none_are_refused_by_their_row) {
    make_corpus();
    program_expect("help >/dev/null; size=$(wc -c <$D/corpus.npy); head -c $((size - 36)) "
                   "$D/corpus.npy >$D/nan.npy; printf '\\0\\0\\300\\177' >>$D/nan.npy; "
                   "tail -c 32 $D/corpus.npy >>$D/nan.npy",
                   0, "");
    program_expect_part("search $D/nan.npy $D/queries.npy --out $D/out.tsv", 2,
                        "nan.npy: the vector of row 5 has the length nan");
    program_expect("help >/dev/null; ls $D | grep -c out", 1, "0\n");
}
