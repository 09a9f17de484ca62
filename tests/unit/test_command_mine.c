/* `sbert mine` as its users meet it. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void make_corpus(void) {
    program_make_model();
    fixture_text("corpus.txt", "a b\nc d .\nb\na b\nd d d\nc d .\n.\n");
    program_expect("encode $D/m $D/corpus.txt --out $D/corpus.npy 2>/dev/null", 0, "");
}

Test(command_mine, equal_texts_are_the_most_similar_pairs) {
    make_corpus();
    program_expect(
        "mine $D/m $D/corpus.txt --threshold 0.999999 --json 2>/dev/null | "
        "cut -d, -f2- | sort",
        0,
        " \"row1\": 1, \"row2\": 4, \"sentence1\": \"a b\", \"sentence2\": \"a b\"}\n"
        " \"row1\": 2, \"row2\": 6, \"sentence1\": \"c d .\", \"sentence2\": \"c d .\"}\n");
    program_expect("mine $D/m $D/corpus.txt 2>/dev/null | wc -l", 0, "22\n");
    program_expect("mine $D/corpus.npy --max-pairs 3 2>/dev/null | wc -l", 0, "4\n");
}

/* With top_k as large as the corpus all pairs are found, whatever the threads. */
Test(command_mine, every_way_finds_the_same_pairs) {
    make_corpus();
    static const char *const ways[] = {
        "$D/m $D/corpus.txt --threads 1",
        "$D/corpus.npy --threads 3",
        "$D/m $D/corpus.npy --top-k 6",
        "$D/corpus.txt --vectors $D/corpus.npy --top-k 100 --max-pairs 21 --threads 2",
    };
    base_bytes out = {0}, first = {0};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char *line = base_format("mine %s 2>/dev/null | cut -f1-3", ways[i]);
        cr_assert_eq(program_run(line, i ? &out : &first), 0);
        cr_expect(i == 0 || !strcmp(out.data, first.data), "%s: %s", ways[i], out.data);
        free(line);
    }
    base_bytes_free(&out);
    base_bytes_free(&first);
}

Test(command_mine, pairs_between_two_files) {
    make_corpus();
    fixture_text("a.tsv", "n\tt\nx\ta b\ny\tc\n");
    fixture_text("b.tsv", "n\tt\np\tc\nq\ta b\n");
    program_expect(
        "mine $D/m $D/a.tsv $D/b.tsv --column t --id-column n --margin none 2>/dev/null | "
        "sed 1d | cut -f2- | sort",
        0, "1\t2\tx\tq\ta b\ta b\n2\t1\ty\tp\tc\tc\n");
    fixture_text("other.txt", "d d d\na b\n");
    program_expect("mine $D/m $D/corpus.txt $D/other.txt --margin none 2>/dev/null | "
                   "sed 1d | cut -f2- | sort",
                   0, "1\t2\ta b\ta b\n5\t1\td d d\td d d\n");
    program_expect("encode $D/m $D/other.txt --out $D/other.npy 2>/dev/null", 0, "");
    program_expect("mine $D/corpus.npy $D/other.npy --neighbours 2 --max-pairs 1 2>/dev/null "
                   "| wc -l",
                   0, "2\n");
    program_expect_part("mine $D/corpus.npy $D/other.npy --neighbours 3", 2,
                        "--neighbours is 3, expected 1 to 2, the rows of ");
}

static void make_pairs(void) {
    program_make_model();
    fixture_text("pairs.tsv", "q\tr\tkind\na b\ta b .\tsame\nc d\tc d .\tsame\n"
                              "a b\tb a\tsame\nd\ta\tother\n. .\td d d\tsame\na b\tb a\tsame\n");
}
#define COLUMNS "--columns sentence1=q,sentence2=r,gold_label=kind --label same"

Test(command_mine, hard_negatives_in_three_forms) {
    make_pairs();
    program_expect("mine $D/m $D/pairs.tsv --negatives 2 --max-score 1 " COLUMNS
                   " --out $D/t.tsv 2>/dev/null; head -1 $D/t.tsv; sed 1d $D/t.tsv | cut -f1,2 | "
                   "uniq -c | sed 's/^ *//'; cut -f3 $D/t.tsv | grep -c '^a$'",
                   1,
                   "anchor\tpositive\tnegative\n2 a b\ta b .\n2 a b\tb a\n2 c d\tc d .\n"
                   "2 . .\td d d\n0\n");
    program_expect("mine $D/m $D/pairs.tsv --negatives 2 --form n-tuple --scores " COLUMNS
                   " --out $D/n.tsv 2>/dev/null; head -1 $D/n.tsv; wc -l <$D/n.tsv",
                   0,
                   "anchor\tpositive\tnegative_1\tnegative_2\tpositive_score\tnegative_1_score\t"
                   "negative_2_score\n5\n");
    program_expect("mine $D/m $D/pairs.tsv --negatives 1 --form labelled-pair " COLUMNS
                   " --out $D/l.tsv 2>/dev/null; cut -f3 $D/l.tsv | sort | uniq -c | "
                   "sed 's/^ *//'",
                   0, "3 0\n4 1\n1 label\n");
}

/* The table is a corpus: sbert train reads it as it is. */
Test(command_mine, training_reads_what_was_mined) {
    make_pairs();
    program_expect("mine $D/m $D/pairs.tsv --negatives 2 " COLUMNS " --out $D/t.jsonl 2>/dev/null",
                   0, "");
    fixture_text("c.json", "{\"model\": {\"path\": \"D/m\"}, \"train\": {\"data\": [{\"data\": "
                           "\"D/t.jsonl\", \"columns\": [\"anchor\", \"positive\", \"negative\"], "
                           "\"loss\": \"mnrl\"}]}, \"batch_size\": 2}");
    program_expect("help >/dev/null; sed -i \"s,\\\"D/,\\\"$D/,g\" $D/c.json", 0, "");
    program_expect_part("train $D/c.json --dry-run", 0, "rows        8");
}

/* An anchor's own text is one of the texts when it is somebody's positive or a candidate. */
Test(command_mine, own_texts_and_more_candidates) {
    make_pairs();
    fixture_text("more.txt", "a b\nc\n");
    program_expect("mine $D/m $D/pairs.tsv --negatives 1 --candidates $D/more.txt " COLUMNS
                   " 2>/dev/null | sed -n 2p",
                   0, "a b\ta b .\ta b\n");
    program_expect_part("mine $D/m $D/pairs.tsv --negatives 1 --candidates $D/more.txt " COLUMNS, 0,
                        "1 negatives are their anchor's own text");
    program_expect("mine $D/m $D/pairs.tsv --negatives 1 --candidates $D/more.txt --drop-anchors "
                   "" COLUMNS " 2>/dev/null | grep -c '^a b.*\ta b$'",
                   1, "0\n");
}

Test(command_mine, what_cannot_be_mined_is_refused_and_nothing_written) {
    make_pairs();
    fixture_text("corpus.txt", "a b\nc d .\n");
    fixture_text("one.txt", "a\n");
    program_expect("encode $D/m $D/corpus.txt --out $D/corpus.npy 2>/dev/null", 0, "");
    program_expect("encode $D/m $D/corpus.txt --truncate-dim 4 --out $D/narrow.npy 2>/dev/null", 0,
                   "");
    static const char *const table[][2] = {
        {"$D/m $D/one.txt", "has 1 rows, expected at least 2"},
        {"$D/corpus.txt", "found no MODEL"},
        {"$D/m $D/corpus.txt --threshold -2", "expected a number from -1 to 1"},
        {"$D/m $D/corpus.txt --margin ratio", "found --margin, which is not for pairs in one"},
        {"$D/m $D/corpus.txt $D/one.txt --similarity euclidean", "expected distance or none"},
        {"$D/m $D/corpus.txt $D/one.txt --margin x", "expected ratio, distance or none"},
        {"$D/m $D/corpus.txt $D/one.txt --top-k 3",
         "found --top-k, which is not for pairs between"},
        {"$D/corpus.npy $D/narrow.npy", "columns, expected"},
        {"$D/corpus.npy --prompt a", "found --prompt, expected none with vectors"},
        {"$D/m $D/corpus.npy --prompt a", "found --prompt, expected none with vectors alone"},
        {"$D/m $D/corpus.txt --vectors $D/corpus.npy --prompt a", "expected none with vectors"},
        {"$D/m $D/corpus.txt --json", "expected a file ending in .jsonl"},
        {"$D/m $D/pairs.tsv --negatives 1 --column q " COLUMNS, "none of these"},
        {"$D/m $D/pairs.tsv --seed 2", "found --seed, which is not for pairs in one"},
        {"$D/m $D/pairs.tsv --negatives 1", "sentence1"},
        {"$D/m $D/pairs.tsv $D/one.txt --negatives 1", "expected MODEL FILE with --negatives"},
        {"$D/m $D/pairs.tsv --negatives 1 --columns sentence1=q,sentence2=r,gold_label=kind "
         "--label no",
         "found no label 'no', expected one of same, other"},
        {"$D/m $D/pairs.tsv --negatives 1 --form x " COLUMNS, "expected triplet, n-tuple or"},
        {"$D/m $D/pairs.tsv --negatives 1 --sampling x " COLUMNS, "expected top or random"},
        {"$D/m $D/pairs.tsv --negatives 3 --range-max 4 --range-min 2 " COLUMNS, "a wider range"},
        {"$D/m $D/pairs.tsv --negatives 3 --max-score 2 " COLUMNS, "from -1 to 1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *line = base_format("mine %s --out $D/out.tsv", table[i][0]);
        program_expect_part(line, 2, table[i][1]);
        free(line);
    }
    program_expect("help >/dev/null; ls $D | grep -c out", 1, "0\n");
}

/* A table of zeros that takes many seconds: the line shows how far it is, Ctrl-C ends it in good
 * order. */
Test(command_mine, long_work_shows_itself_and_stops) {
    program_make_model();
    program_expect(
        "help >/dev/null; printf '\\223NUMPY\\001\\000\\166\\000%-117s\\n' \"{'descr': '<f4', "
        "'fortran_order': False, 'shape': (90000, 4), }\" >$D/zero.npy; "
        "head -c 1440000 /dev/zero >>$D/zero.npy",
        0, "");
    base_bytes out = {0};
    int code =
        program_run_on_terminal("help >/dev/null; timeout --preserve-status -s INT 2 $S mine "
                                "$D/zero.npy --max-pairs 1 --threads 1 --out $D/out.tsv",
                                100, &out);
    cr_expect_eq(code, 130, "exit code %d: %s", code, out.data);
    cr_expect(strstr(out.data, " left  ") && strstr(out.data, "/90000 texts  "), "%s", out.data);
    program_expect("help >/dev/null; ls $D | grep -c out", 1, "0\n");
    base_bytes_free(&out);
}
