#define _POSIX_C_SOURCE 200809L
#include "autograd/runtime.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/profile_view.h"
#include "cli/signals.h"
#include "cli/threads.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static bool print_help(const cli_command *command, base_error *error) {
    base_bytes out = {0};
    bool ok = command ? cli_help_command(&out, command, error) : cli_help_program(&out, error);
    if (ok)
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

static bool print_version(void) {
    printf("sbert %s\n", BASE_VERSION);
    return true;
}

/* The watch runs from here to the command's end; a profile is shown also when a signal brought it.
 */
static bool run_watched(const cli_arguments *a, base_error *error) {
    base_profile watch;
    cli_arguments with = *a;
    bool profile = cli_flag(a, "profile") && a->ranks->rank == 0;
    with.profile = profile ? &watch : NULL;
    with.watch = profile || a->command->says_phases ? &watch : NULL;
    base_profile_start(&watch);
    bool ok = a->command->run(&with, error);
    if (profile && base_ok(error)) {
        base_profile_lap(&watch, "end", "", 0, 0);
        cli_profile_print(&watch, stderr);
    } else if (with.watch && ok) {
        cli_profile_say(&watch);
    }
    return ok;
}

static void log_nothing(void *context, base_log_level level, const char *sentence) {
    (void)context, (void)level, (void)sentence;
}

/* Rank 0 alone prints. Ranks whose words are wrong come here, too, so that all know it and one says
 * it. */
static bool join_ranks(const cli_arguments *a, base_error *error) {
    if (!dist_start(a->ranks, error) || !dist_agree(a->ranks, error))
        return false;
    if (a->ranks->size > 1 && !a->command->in_ranks) {
        a->ranks->agreed = true;
        return base_fail(error, BASE_BAD_INPUT,
                         "sbert %s works in one process, found %zu of mpirun; run it without",
                         a->command->name, a->ranks->size);
    }
    if (a->ranks->rank > 0) {
        base_log_to(log_nothing, NULL);
        if (!freopen("/dev/null", "w", stdout))
            return base_fail(error, BASE_FAILED, "/dev/null: cannot write: %s", strerror(errno));
    }
    return true;
}

static bool run_command(const cli_arguments *a, char *const *argv, base_error *error) {
    if (base_ok(error))
        tape_runtime_restart(argv);
    if (!join_ranks(a, error) || !cli_outputs_check(a, error))
        return false;
    if (a->command->computes && !cli_threads_start(a->ranks, a->threads, error))
        return false;
    bool ok = run_watched(a, error);
    base_threads_stop();
    return ok;
}

static bool parse_words(const char *const *words, size_t count, cli_arguments *a,
                        base_error *error) {
    if (count == 0)
        return base_fail(error, BASE_BAD_INPUT, "no command given (sbert --help shows all)");
    const cli_command *command = cli_command_find(words[0], error);
    return command && cli_parse(command, words + 1, count - 1, a, error);
}

static bool run_words(char *const *argv, size_t count, dist_ranks *ranks, base_error *error) {
    const char *const *words = (const char *const *)argv + 1;
    if (count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0))
        return print_help(NULL, error);
    if (count > 0 && strcmp(words[0], "--version") == 0)
        return print_version();
    cli_arguments a = {0};
    bool parsed = parse_words(words, count, &a, error), ok;
    a.ranks = ranks;
    if (parsed && cli_flag(&a, "help"))
        ok = print_help(a.command, error);
    else if (parsed && cli_flag(&a, "version"))
        ok = print_version();
    else
        ok = run_command(&a, argv, error);
    cli_arguments_free(&a);
    return ok;
}

/* OpenBLAS asks this while it is loaded, before main, how many threads to start. The program has
 * threads of its own; and one of OpenBLAS's that finds no memory (ulimit -v) would neither work nor
 * end. Weak, as a static OpenBLAS has its own. */
int openblas_num_threads_env(void);
__attribute__((weak, visibility("default"))) int openblas_num_threads_env(void) {
    return 1;
}

int main(int argc, char **argv) {
    base_error error = {0};
    dist_ranks ranks = DIST_ALONE;
    cli_signals_start();
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    bool ok = run_words(argv, count, &ranks, &error);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (errno == EPIPE && base_ok(&error))
            return 128 + SIGPIPE; /* as if the signal had ended it; the reader knows */
        ok = base_fail(&error, BASE_FAILED, "standard output cannot be written");
    }
    if (!base_ok(&error) && error.status != BASE_STOPPED && dist_says(&ranks, &error))
        fprintf(stderr, "sbert: %s\n", error.text);
    dist_end(&ranks, error.status);
    if (!ok && cli_signal() != 0)
        return 128 + cli_signal();
    return ok ? 0 : base_ok(&error) ? BASE_FAILED : (int)error.status;
}
