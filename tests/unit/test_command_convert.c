/* `sbert convert` as a program; tests/run.sh names the program in SBERT. */
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>

Test(command_convert, as_read_nothing_changes) {
    program_make_model();
    program_expect("convert $D/m --out $D/again 2>/dev/null", 0, "");
    program_expect("help >/dev/null; diff -r $D/m $D/again", 0, "");
}

Test(command_convert, the_readme_is_kept) {
    program_make_model();
    program_expect("help >/dev/null; printf 'Ours.' >$D/m/README.md", 0, "");
    program_expect("convert $D/m --out $D/again 2>/dev/null", 0, "");
    program_expect("help >/dev/null; diff -r $D/m $D/again", 0, "");
    program_expect("help >/dev/null; rm $D/m/README.md", 0, "");
    program_expect("convert $D/m --out $D/third 2>/dev/null", 0, "");
    program_expect("help >/dev/null; test -s $D/third/README.md", 0, "");
}

/* A number that is whole stays a float for Python. */
Test(command_convert, numbers_of_config_json_are_kept) {
    program_make_model();
    program_expect("help >/dev/null; sed -i '1a \"cutoff\": 2.0, \"eps\": 1e-05,' $D/m/config.json",
                   0, "");
    program_expect("convert $D/m --out $D/again 2>/dev/null", 0, "");
    program_expect(
        "help >/dev/null; grep -cE '\"(cutoff\": 2.0|eps\": 1e-05),' $D/again/config.json", 0,
        "2\n");
}

/* What was rounded once stays as it is. */
Test(command_convert, types_are_written_and_kept) {
    program_make_model();
    program_expect("convert $D/m --out $D/half --dtype f16 2>/dev/null", 0, "");
    program_expect("help >/dev/null; grep -c float16 $D/half/config.json", 0, "1\n");
    program_expect("convert $D/half --out $D/again 2>/dev/null", 0, "");
    program_expect("help >/dev/null; diff -r $D/half $D/again", 0, "");
    program_expect("convert $D/half --out $D/full --dtype f32 2>/dev/null", 0, "");
    program_expect("convert $D/full --out $D/third --dtype f16 2>/dev/null", 0, "");
    program_expect("help >/dev/null; cmp $D/half/model.safetensors $D/third/model.safetensors", 0,
                   "");
}

Test(command_convert, bad_input_exits_with_2_and_one_sentence) {
    program_make_model();
    program_expect_part("convert $D/m", 2, "convert: --out DIR is missing");
    program_expect_part("convert $D/m --out $D/new --dtype f64", 2, "expected f32, f16 or bf16");
    program_expect_part("convert $D/m --out $D/m --overwrite", 2, "which would be replaced");
    program_expect_part("convert $D/m --out $D/m/1_Pooling --overwrite", 2, "it is a part of");
    program_expect("convert $D/m --out $D/new 2>/dev/null", 0, "");
    program_expect_part("convert $D/m --out $D/new", 2, "exists already");
}
