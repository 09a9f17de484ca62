/* Little address space (ulimit -v): a command works, or says in one sentence that it cannot; it
 * always ends. */
#include "base/memory.h"
#include "tests/fixture.h"
#include "tests/heap_count.h"
#include "tests/program.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect_an_end(const char *command, size_t kibibytes) {
    char *run =
        base_format("--version >/dev/null; ( ulimit -v %zu; timeout -k 1 20 \"$S\" %s 2>&1 )",
                    kibibytes, command);
    base_bytes out = {0};
    int code = program_run(run, &out);
    const char *message = strstr(out.data, "sbert: ");
    cr_expect(code == 0 || code == 1, "%s in %zu KiB: exit code %d, %s", command, kibibytes, code,
              out.data);
    cr_expect((code == 0) == !message, "%s: %s", command, out.data);
    cr_expect(!message || (message == out.data && strchr(message, '\n')[1] == '\0'), "%s",
              out.data);
    base_bytes_free(&out);
    free(run);
}

Test(low_memory, commands_end_with_a_result_or_one_sentence) {
    static const size_t limits[] = {60000, 100000, 150000, 250000, 400000, 1000000};
    if (!heap_count_works())
        cr_skip_test("the sanitizers need more address space than any limit leaves");
    tiny_folder("model");
    fixture_text("sentences.txt", "a cat\nthe dog sat\n");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        expect_an_end("info $D/model", limits[i]);
        expect_an_end("encode $D/model $D/sentences.txt --out $D/v$(ulimit -v).tsv", limits[i]);
        expect_an_end("similarity $D/model 'a cat' 'the dog'", limits[i]);
    }
}
