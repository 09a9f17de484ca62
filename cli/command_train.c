#include "autograd/runtime.h"
#include "base/cpu.h"
#include "cli/command.h"
#include "cli/profile_view.h"
#include "cli/signals.h"
#include "cli/threads.h"
#include "cli/train_view.h"

#include <stdlib.h>

static const cli_option options[] = {
    {"set", CLI_LIST, "KEY=VALUE", NULL, "override a key of the config; may be given again", 0, 0},
    {"resume", CLI_FLAG, NULL, NULL, "go on from the newest checkpoint of the run folder", 0, 0},
    {"extend", CLI_FLAG, NULL, NULL,
     "with --resume: epochs or max_steps may differ from the run's; the learning rate of the steps "
     "to come follows the new length",
     0, 0},
    {"overwrite", CLI_FLAG, NULL, NULL,
     "replace the run that is there; its model stays until the new one is saved", 0, 0},
    {"dry-run", CLI_FLAG, NULL, NULL, "read everything, say what the run would be, and stop", 0, 0},
    CLI_PROFILE_OPTION,
};

static train_config *load_config(const cli_arguments *a, base_error *error) {
    size_t count = cli_count(a, "set");
    const char **sets = base_alloc(count, sizeof *sets, error);
    if (!sets)
        return NULL;
    for (size_t i = 0; i < count; i++)
        sets[i] = cli_value(a, "set", i);
    train_config *config = train_config_load(a->operand[0], sets, count, error);
    free(sets);
    return config;
}

static bool choose_start(const cli_arguments *a, train_start *start, base_error *error) {
    bool resume = cli_flag(a, "resume"), overwrite = cli_flag(a, "overwrite");
    bool extend = cli_flag(a, "extend");
    *start = extend      ? TRAIN_EXTEND
             : resume    ? TRAIN_RESUME
             : overwrite ? TRAIN_OVERWRITE
                         : TRAIN_NEW;
    if (cli_flag(a, "dry-run") && !resume)
        *start = TRAIN_LOOK;
    if (extend && !resume)
        return base_fail(error, BASE_BAD_INPUT, "--extend goes with --resume only");
    return !(resume && overwrite) ||
           base_fail(error, BASE_BAD_INPUT, "--resume and --overwrite exclude each other");
}

static bool dry_run(train_trainer *trainer, base_error *error) {
    enum { MIB = 1 << 20 };
    train_summary summary = train_trainer_summary(trainer);
    double seconds;
    size_t tape_bytes;
    cli_train_summary(&summary, stdout);
    cli_train_data(&summary, true, stdout);
    if (summary.first_step)
        printf("resumed     after step %zu\n", summary.first_step);
    fflush(stdout);
    if (!train_trainer_try(trainer, &seconds, &tape_bytes, error))
        return false;
    printf(
        "memory      %zu MiB of parameters with gradients and moments, %zu MiB for a first batch "
        "(at most %zu); %zu MiB in use now\n",
        summary.parameter_bytes / MIB, tape_bytes / MIB, summary.tape_bytes / MIB,
        base_cpu_peak_memory() / MIB);
    size_t left = summary.steps - summary.first_step;
    printf("time        about %.3f s a step, %.0f s for %zu steps, evaluations aside\n", seconds,
           seconds * (double)left, left);
    return true;
}

static void introduce(const dist_ranks *ranks, const train_summary *summary) {
    tape_runtime_report();
    if (ranks->size > 1)
        fprintf(stderr, "ranks       %zu\n", ranks->size);
    cli_train_summary(summary, stderr);
    cli_train_data(summary, false, stderr);
    if (summary->first_step)
        fprintf(stderr, "resumed     after step %zu\n", summary->first_step);
}

static bool train(train_trainer *trainer, const char *folder, const dist_ranks *ranks,
                  base_error *error) {
    train_summary summary = train_trainer_summary(trainer);
    train_outcome outcome;
    if (ranks->rank == 0)
        introduce(ranks, &summary);
    cli_signals_watch();
    if (!train_trainer_run(trainer, &outcome, error))
        return false;
    cli_train_outcome(&outcome, &summary, folder);
    return !outcome.stopped;
}

static bool run_config(const cli_arguments *a, train_config *config, base_error *error) {
    cli_train_view view;
    train_start start;
    if (!choose_start(a, &start, error) ||
        !cli_threads_start(a->ranks, a->threads ? a->threads : config->threads, error))
        return false;
    train_events events = cli_train_events(&view, a->ranks->rank == 0);
    if (config->cache_folder) /* which is not left half made */
        cli_signals_watch();
    train_trainer *trainer = train_trainer_new(config, start, a->ranks, &events, error);
    if (cli_flag(a, "dry-run"))
        cli_signals_unwatch();
    base_profile_lap(a->profile, "model and corpora", "", 0, 0);
    if (trainer)
        train_trainer_profile(trainer, a->profile);
    bool ok = trainer && (cli_flag(a, "dry-run") ? dry_run(trainer, error)
                                                 : train(trainer, config->folder, a->ranks, error));
    cli_train_view_end(&view);
    train_trainer_free(trainer);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    train_config *config = load_config(a, error);
    bool ok = dist_agree(a->ranks, error) && run_config(a, config, error);
    train_config_free(config);
    return ok;
}

const cli_command cli_command_train = {
    .name = "train",
    .summary = "Fine-tune a model as a config says",
    .usage = "CONFIG.json [--set KEY=VALUE]... [--resume [--extend] | --overwrite] [--dry-run]",
    .details =
        "The run folder gets config.json (every default filled in), log.jsonl, evaluations.jsonl,\n"
        "model/ (the best one, or the last when nothing is evaluated) and checkpoints/. Ctrl-C\n"
        "finishes the step, or breaks off the evaluation, and writes a checkpoint.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 1,
    .in_ranks = true,
    .more_help = train_config_help,
    .run = run,
};
