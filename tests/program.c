#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#include "tests/program.h"

#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

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

int program_run_on_terminal(const char *arguments, int columns, base_bytes *out) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int device = open(ptsname(terminal), O_RDWR | O_NOCTTY); /* keeps what was written */
    cr_assert(device >= 0 && ioctl(terminal, TIOCSWINSZ, &size) == 0);
    char *both = base_format("%s 2>%s", arguments, ptsname(terminal)), part[4096];
    int code = program_run(both, out);
    base_error error = {0};
    out->size = 0;
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    for (ssize_t n; (n = read(terminal, part, sizeof part)) > 0;)
        cr_assert(base_bytes_add(out, part, (size_t)n, &error));
    close(device);
    close(terminal);
    free(both);
    return code;
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

void program_make_model(void) {
    fixture_text("bert.json", "{\"model_type\": \"bert\", \"hidden_size\": 8, "
                              "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, "
                              "\"intermediate_size\": 16, \"max_position_embeddings\": 16}");
    fixture_text("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n.\n");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m 2>/dev/null", 0, "");
}

cJSON *program_json(const char *arguments) {
    base_bytes out = {0};
    base_error error = {0};
    cr_assert_eq(program_run(arguments, &out), 0, "%s", arguments);
    cJSON *tree = base_json_parse(out.data, out.size, arguments, 1, &error);
    cr_assert_not_null(tree, "%s", error.text);
    base_bytes_free(&out);
    return tree;
}
