/* `sbert cluster` as its users meet it. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>

/* Equal texts alone are near enough. */
static void make_corpus(void) {
    program_make_model();
    fixture_text("t.txt", "a b\nc d\na b\nc\nc d\na b\n");
    program_expect("encode $D/m $D/t.txt --out $D/v.npy 2>/dev/null", 0, "");
}

#define CLUSTERS                                                                                   \
    "cluster\tsize\trow\tcosine\ttext\n"                                                           \
    "1\t3\t1\t1.000000\ta b\n1\t3\t3\t1.000000\ta b\n1\t3\t6\t1.000000\ta b\n"                     \
    "2\t2\t2\t1.000000\tc d\n2\t2\t5\t1.000000\tc d\n"

Test(command_cluster, every_method_finds_equal_texts) {
    make_corpus();
    program_expect("cluster $D/m $D/t.txt --threshold 0.999999 --min-size 2 2>/dev/null", 0,
                   CLUSTERS);
    program_expect("cluster $D/t.txt --vectors $D/v.npy --method kmeans --k 3 2>/dev/null", 0,
                   CLUSTERS "3\t1\t4\t1.000000\tc\n");
    program_expect("cluster $D/t.txt --vectors $D/v.npy --method kmeans --k 3 --spherical "
                   "--threads 3 2>/dev/null",
                   0, CLUSTERS "3\t1\t4\t1.000000\tc\n");
    program_expect("cluster $D/m - --method agglomerative --k 3 <$D/t.txt 2>/dev/null", 0,
                   CLUSTERS "3\t1\t4\t1.000000\tc\n");
    program_expect("cluster $D/m $D/t.txt --method agglomerative --threshold 0.999999 --out "
                   "$D/c.tsv 2>/dev/null; cat $D/c.tsv",
                   0, CLUSTERS "3\t1\t4\t1.000000\tc\n");
    program_expect("cluster $D/v.npy --threshold 0.999999 --min-size 3 --json 2>/dev/null", 0,
                   "{\"cluster\": 1, \"size\": 3, \"row\": 1, \"cosine\": 1}\n"
                   "{\"cluster\": 1, \"size\": 3, \"row\": 3, \"cosine\": 1}\n"
                   "{\"cluster\": 1, \"size\": 3, \"row\": 6, \"cosine\": 1}\n");
    program_expect_part("cluster $D/v.npy --threshold 0.999999 --min-size 2", 0,
                        "2 clusters of 5 rows; 1 rows are in none");
    program_expect_part("cluster $D/v.npy --method agglomerative --k 2", 0,
                        "average linkage of 6 rows takes 0.0 MiB of memory");
    program_expect_part("cluster $D/v.npy --method kmeans --k 3", 0, "inertia ");
}

Test(command_cluster, what_cannot_be_is_refused_in_a_sentence) {
    make_corpus();
    static const char *const table[][2] = {
        {"cluster $D/v.npy --method x", "--method is 'x', expected community, kmeans or"},
        {"cluster $D/v.npy --threshold -1.1", "--threshold is '-1.1', expected a number from -1"},
        {"cluster $D/v.npy --k 3", "--k does not go with --method community"},
        {"cluster $D/v.npy --method kmeans", "needs --k N"},
        {"cluster $D/v.npy --method kmeans --k 3 --threshold 0.5", "--threshold does not go with"},
        {"cluster $D/v.npy --method kmeans --k 7", "k is 7, expected 1 to 6, the rows of"},
        {"cluster $D/v.npy --method kmeans --k 0", "--k"},
        {"cluster $D/v.npy --method agglomerative --k 7", "k is 7, expected 1 to 6"},
        {"cluster $D/v.npy --method agglomerative --k 2 --threshold 0", "--k and --threshold"},
        {"cluster $D/v.npy --out $D/x.npy", "expected a file ending in .tsv or .jsonl"},
        {"cluster $D/m $D/v.npy --out $D/x.tsv", "found MODEL and vectors"},
        {"cluster $D/v.npy --truncate-dim 2 --out $D/x.tsv", "found --truncate-dim, expected none"},
        {"cluster $D/v.npy --json --out $D/x.tsv", "expected a file ending in .jsonl"},
        {"cluster $D/words.txt --out $D/x.tsv", "found no vectors"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        program_expect_part(table[i][0], 2, table[i][1]);
    cr_expect_not(base_file_exists(fixture_path("x.tsv")));
}
