/* Quantized vectors: values of sentence-transformers' quantize_embeddings, and `sbert encode`. */
#include "search/quantize.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS = 4, WIDTH = 11 };

/* The last column is the same everywhere. */
static const float rows[ROWS][WIDTH] = {
    {0.1F, -0.2F, 0.3F, 1, 2, -3, 0, 1e-9F, -1e-9F, 7, 0.5F},
    {-0.1F, 0.25F, 0.1F, -1, 2.5F, 3, 1, 0, 1, 6, 0.5F},
    {0.05F, 0.2F, -0.3F, 0.3F, 1.7F, 0.1F, 0.7F, 2, -1, -7, 0.5F},
    {0, -0.21F, 0.2F, 0.99F, 1, 2.9F, -0.3F, -2, 0.2F, 0.1F, 0.5F},
};

static void quantize(const char *name, unsigned char out[ROWS][WIDTH]) {
    base_error error = {0};
    search_quantizer q;
    const search_precision *precision = search_precision_find(name, &error);
    cr_assert(precision && search_quantizer_start(&q, precision, WIDTH, &error), "%s", error.text);
    for (size_t i = 0; precision->ranges && i < 3; i++) /* the fourth may lie outside */
        search_quantizer_see(&q, rows[i]);
    for (size_t i = 0; i < ROWS; i++)
        search_quantize(&q, rows[i], out[i]);
    cr_expect_eq(search_quantized_size(&q), precision->ranges ? WIDTH : 2);
    search_quantizer_free(&q);
}

Test(quantize, bytes_are_those_of_the_package) {
    static const unsigned char uint8[ROWS][WIDTH] = {
        {255, 0, 255, 254, 95, 0, 0, 0, 127, 255, 0},
        {0, 255, 170, 0, 255, 255, 254, 0, 254, 236, 0},
        {191, 226, 0, 165, 0, 131, 178, 254, 0, 0, 0},
        {127, 0, 212, 253, 0, 250, 0, 0, 153, 129, 0},
    };
    static const unsigned char ubinary[ROWS][2] = {{185, 96}, {110, 224}, {223, 32}, {60, 224}};
    unsigned char out[ROWS][WIDTH], flipped[ROWS][WIDTH];
    quantize("uint8", out);
    quantize("int8", flipped);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t c = 0; c < WIDTH; c++)
            cr_expect(out[i][c] == uint8[i][c] && flipped[i][c] == (uint8[i][c] ^ 0x80),
                      "row %zu, column %zu: %d, %d", i, c, out[i][c], uint8[i][c]);
    quantize("ubinary", out);
    quantize("binary", flipped);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t c = 0; c < 2; c++)
            cr_expect(out[i][c] == ubinary[i][c] && flipped[i][c] == (ubinary[i][c] ^ 0x80),
                      "row %zu, byte %zu: %d", i, c, out[i][c]);
}

Test(quantize, an_unknown_precision_is_refused) {
    base_error error = {0};
    cr_expect_not(search_precision_find("int4", &error));
    cr_expect(strstr(error.text, "'int4', expected int8, uint8, binary or ubinary"));
}

/* ---- sbert encode ---- */

static void make_corpus(void) {
    program_make_model();
    fixture_text("t.txt", "a b\nc d\na c\nd\n");
    program_expect("encode $D/m $D/t.txt --out $D/v.npy 2>/dev/null", 0, "");
}

Test(quantize, a_model_gives_what_its_vectors_give) {
    make_corpus();
    program_expect("encode $D/m $D/t.txt --quantize int8 --out $D/a.npy 2>/dev/null; "
                   "$S encode $D/v.npy --quantize int8 --out $D/b.npy 2>/dev/null; "
                   "cmp $D/a.npy $D/b.npy; "
                   "$S encode $D/m $D/t.txt --quantize int8 --calibrate $D/t.txt --out $D/c.npy "
                   "2>/dev/null; cmp $D/a.npy $D/c.npy; "
                   "$S encode $D/m $D/t.txt --quantize int8 --calibrate $D/v.npy --out $D/d.npy "
                   "2>/dev/null; cmp $D/a.npy $D/d.npy; wc -c <$D/a.npy",
                   0, "160\n");
    program_expect("encode $D/m $D/t.txt --quantize ubinary --out $D/e.npy 2>/dev/null; "
                   "$S encode $D/v.npy --quantize ubinary --out $D/f.npy 2>/dev/null; "
                   "cmp $D/e.npy $D/f.npy; grep -ac \"'|u1'.*(4, 1)\" $D/e.npy",
                   0, "1\n");
    program_expect("encode $D/v.npy --truncate-dim 3 --out $D/g.npy 2>/dev/null; "
                   "$S encode $D/m $D/t.txt --truncate-dim 3 --out $D/h.npy 2>/dev/null; "
                   "cmp $D/g.npy $D/h.npy; wc -c <$D/g.npy",
                   0, "176\n");
    program_expect_part("encode $D/v.npy --quantize int8 --out -", 0, "of 4 rows");
}

/* Each column's least number is -128, its largest 127. */
Test(quantize, text_forms_have_the_numbers) {
    make_corpus();
    program_expect("encode $D/v.npy --quantize int8 --out - 2>/dev/null | cut -f1 | sort -n | sed "
                   "-n '1p;$p'",
                   0, "-128\n127\n");
    program_expect("encode $D/v.npy --quantize uint8 --out $D/a.jsonl 2>/dev/null; "
                   "sed 's/.*\\[\\([0-9]*\\),.*/\\1/' $D/a.jsonl | sort -n | sed -n '1p;$p'; "
                   "grep -c sentence $D/a.jsonl",
                   1, "0\n255\n0\n");
}

Test(quantize, what_cannot_be_is_refused_in_a_sentence) {
    make_corpus();
    fixture_text("one.txt", "a\n");
    program_expect("encode $D/m $D/t.txt --truncate-dim 3 --out $D/w.npy 2>/dev/null", 0, "");
    program_expect("encode $D/m --out $D/none.npy </dev/null 2>/dev/null", 0, "");
    static const char *const table[][2] = {
        {"encode $D/none.npy --quantize int8 --out $D/x.npy", "none.npy has no rows"},
        {"encode $D/v.npy --truncate-dim 9 --out $D/x.npy", "--truncate-dim is 9, expected 1 to 8"},
        {"encode $D/v.npy --batch-tokens 9 --out $D/x.npy", "no --batch-tokens"},
        {"encode $D/v.npy --quantize int4 --out $D/x.npy", "'int4', expected int8"},
        {"encode $D/m $D/one.txt --quantize int8 --out $D/x.npy", "one.txt has one row"},
        {"encode $D/v.npy --quantize binary --calibrate $D/v.npy --out $D/x.npy",
         "--calibrate goes with --quantize int8 or uint8"},
        {"encode $D/v.npy --quantize int8 --calibrate $D/w.npy --out $D/x.npy",
         "w.npy has 3 columns, expected 8 as"},
        {"encode $D/v.npy --quantize int8 --calibrate $D/t.txt --out $D/x.npy",
         "found texts and no model"},
        {"encode $D/v.npy $D/t.txt --out $D/x.npy", "has vectors, expected no FILE"},
        {"encode $D/m $D/v.npy --out $D/x.npy", "found MODEL and"},
        {"encode $D/v.npy --prompt a --out $D/x.npy", "no prompt"},
        {"encode $D/v.npy", "--out FILE is missing"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        program_expect_part(table[i][0], 2, table[i][1]);
    program_expect("help >/dev/null; printf '\\0\\0\\300\\177' | dd of=$D/v.npy bs=1 seek=164 "
                   "conv=notrunc 2>/dev/null",
                   0, "");
    program_expect_part("encode $D/v.npy --quantize int8 --out $D/x.npy", 2,
                        "v.npy: number 2 of row 2 is nan, expected a finite number");
    program_expect("help >/dev/null; ls $D | grep -c x.npy", 1, "0\n");
}
