/* `sbert dedup` as its users meet it. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>

/* Equal texts alone are near enough. */
static void make_corpus(void) {
    program_make_model();
    fixture_text("t.txt", "a b\nc d\na b\n\nc d\n");
    fixture_text("t.tsv", "id\ttext\r\n1\ta b\r\n2\tc d\r\n3\ta b\r\n4\tc d\n");
    program_expect("encode $D/m $D/t.txt --out $D/v.npy 2>/dev/null", 0, "");
}

Test(command_dedup, the_first_of_each_group_is_kept) {
    make_corpus();
    program_expect("dedup $D/m $D/t.txt --threshold 0.999999 --dropped $D/d.tsv 2>/dev/null; "
                   "cat $D/d.tsv",
                   0,
                   "a b\nc d\n\nrow\tcosine\tkept_row\ttext\tkept_text\n"
                   "3\t1.000000\t1\ta b\ta b\n5\t1.000000\t2\tc d\tc d\n");
    program_expect_part("dedup $D/m $D/t.txt --threshold 0.999999 --out $D/k.txt", 0,
                        "3 of 5 rows kept, 2 dropped");
    program_expect("dedup $D/t.txt --vectors $D/v.npy --threshold 0.999999 2>/dev/null", 0,
                   "a b\nc d\n\n");
    program_expect("dedup $D/v.npy --out $D/k.npy --threshold 0.999999 --dropped $D/d.jsonl "
                   "2>/dev/null; cat $D/d.jsonl",
                   0,
                   "{\"row\": 3, \"cosine\": 1, \"kept_row\": 1}\n"
                   "{\"row\": 5, \"cosine\": 1, \"kept_row\": 2}\n");
    program_expect("dedup $D/k.npy --out $D/l.npy --threshold 0.999999 2>/dev/null; cmp $D/k.npy "
                   "$D/l.npy; wc -c <$D/k.npy",
                   0, "224\n");
}

Test(command_dedup, rows_of_tables_stay_as_they_are) {
    make_corpus();
    program_expect("dedup $D/m $D/t.tsv --column text --threshold 0.999999 2>/dev/null", 0,
                   "id\ttext\r\n1\ta b\r\n2\tc d\r\n");
    fixture_text("t.csv", "text,n\n\"a\nb\",1\nc,2\n\"a\nb\",\"3\n4\"\nd,5\n");
    program_expect("dedup $D/m $D/t.csv --column text --threshold 0.999999 2>/dev/null", 0,
                   "text,n\n\"a\nb\",1\nc,2\nd,5\n");
}

Test(command_dedup, what_cannot_be_is_refused_in_a_sentence) {
    make_corpus();
    fixture_text("empty.txt", "");
    fixture_text("other.txt", "a\n");
    fixture_text("a.json", "[{\"t\": \"a\"},\n{\"t\": \"b\"}]\n");
    static const char *const table[][2] = {
        {"dedup $D/m $D/t.txt --threshold 1.5", "--threshold is '1.5', expected a number from -1"},
        {"dedup $D/m $D/t.txt --threshold nan", "--threshold is 'nan'"},
        {"dedup $D/m $D/empty.txt", "empty.txt is empty"},
        {"dedup $D/t.txt", "found no vectors"},
        {"dedup $D/m $D/v.npy --out $D/x.npy", "found MODEL and vectors"},
        {"dedup $D/v.npy", "has no texts, expected --out FILE.npy"},
        {"dedup $D/other.txt --vectors $D/v.npy", "v.npy has 5 rows, expected 1, the texts of"},
        {"dedup $D/m - --column text <$D/t.tsv", "expected a file with --column"},
        {"dedup $D/m $D/t.tsv --column none", "none"},
        {"dedup $D/m $D/a.json --column t --out $D/x.json", "a.json is one JSON array"},
        {"dedup $D/m $D/t.txt --format tsv", "--format goes with --column"},
        {"dedup $D/m $D/t.txt --out $D/t.txt --overwrite", "t.txt"},
        {"dedup $D/m $D/t.txt --dropped $D/d.txt", "expected a file ending in .tsv or .jsonl"},
        {"dedup $D/m $D/t.txt --out $D/x.tsv --dropped $D/x.tsv", "--out and --dropped are both"},
        {"dedup $D/words.txt.npy --out $D/x.npy", "words.txt.npy"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        program_expect_part(table[i][0], 2, table[i][1]);
    cr_expect_not(base_file_exists(fixture_path("x.npy")) ||
                  base_file_exists(fixture_path("x.tsv")));
    program_expect_part("dedup $D/m $D/t.txt --dropped $D/x.tsv --out /dev/full", 1, "/dev/full");
    cr_expect_not(base_file_exists(fixture_path("x.tsv")));
}
