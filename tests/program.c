#define _POSIX_C_SOURCE 200809L
#include "tests/program.h"

#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int program_run(const char *arguments, base_bytes *out) {
    const char *sbert = getenv("SBERT");
    if (!sbert)
        cr_skip_test("SBERT does not name the program (tests/run.sh does)");
    char *command =
        base_format("D='%s'; S='%s'; ( \"$S\" %s\n); exit $?", fixture_folder(), sbert, arguments);
    FILE *pipe = command ? popen(command, "r") : NULL;
    cr_assert_not_null(pipe);
    char part[4096];
    base_error error = {0};
    out->size = 0;
    cr_assert(base_bytes_add(out, "", 0, &error));
    for (size_t n; (n = fread(part, 1, sizeof part, pipe)) > 0;)
        cr_assert(base_bytes_add(out, part, n, &error));
    int status = pclose(pipe);
    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void program_expect(const char *arguments, int code, const char *output) {
    base_bytes out = {0};
    int found = program_run(arguments, &out);
    cr_expect_eq(found, code, "%s: exit code %d, expected %d", arguments, found, code);
    cr_expect_str_eq(out.data, output, "%s printed %s", arguments, out.data);
    base_bytes_free(&out);
}

void program_expect_part(const char *arguments, int code, const char *part) {
    base_bytes out = {0};
    char *both = base_format("%s 2>&1", arguments);
    cr_assert_not_null(both);
    int found = program_run(both, &out);
    cr_expect_eq(found, code, "%s: exit code %d, expected %d", arguments, found, code);
    cr_expect(strstr(out.data, part), "%s printed %s, expected %s in it", arguments, out.data,
              part);
    base_bytes_free(&out);
    free(both);
}
