/* The references in docs/ are what the program prints now; `make docs` writes them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void is_current(const char *reference) {
    const char *sbert = getenv("SBERT");
    if (!sbert)
        cr_skip_test("SBERT does not name the program (tests/run.sh does)");
    char command[1000];
    snprintf(command, sizeof command, "'%s' help --reference %s | cmp - docs/%s.md", sbert,
             reference, reference);
    cr_assert_eq(system(command), 0, "docs/%s.md is out of date: run make docs", reference);
}

Test(docs, the_command_reference_is_current) {
    is_current("commands");
}

Test(docs, the_config_reference_is_current) {
    is_current("config");
}
