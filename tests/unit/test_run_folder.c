/* Run folders: what an overwrite keeps, and who may work in one. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/lock.h"
#include "tests/fixture.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(run_folder, .init = tiny_corpora);

static const char *const eight[] = {"max_steps=8", "evaluation.data=[]", "checkpoint.every=3",
                                    NULL};

/* "model.path=..." for a run that goes on from a folder in its own run folder. */
static const char *const *from(const char *model) {
    static char path[300];
    static const char *sets[] = {"max_steps=8",
                                 "evaluation.data=[]",
                                 "checkpoint.every=3",
                                 "model.config=null",
                                 "model.vocab=null",
                                 path,
                                 NULL};
    snprintf(path, sizeof path, "model.path=%s", fixture_path(model));
    return sets;
}

static void refused(const char *const *sets, train_start start, const char *says) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, start, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, says), "%s", error.text);
}

static void kill_after(const char *const *sets, train_start start, useconds_t wait) {
    pid_t child = fork();
    if (child == 0) {
        tiny_run_result r;
        base_error error = {0};
        tiny_run(sets, start, 0, &r, &error);
        _exit(0);
    }
    int status;
    usleep(wait);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

Test(run_folder, a_killed_overwrite_keeps_the_old_model_or_has_a_new_one) {
    base_error error = {0};
    tiny_run_well(eight, TRAIN_NEW, 0);
    for (useconds_t wait = 1000; wait < 60000; wait = wait * 3 / 2) {
        kill_after(from("run/model"), TRAIN_OVERWRITE, wait);
        nn_model *m = nn_model_load(fixture_path("run/model"), NULL, &error);
        cr_assert_not_null(m, "after %u us: %s", (unsigned)wait, error.text);
        nn_model_free(m);
    }
    tiny_run_well(from("run/model"), TRAIN_OVERWRITE, 0);
}

/* Until its first save the new run has removed nothing; what it set aside goes then. */
Test(run_folder, an_overwrite_that_fails_at_once_keeps_the_old_model) {
    static const char *const wrong[] = {"max_steps=8", "learning_rate=1e30", "clip_norm=0",
                                        "evaluation.data=[]", NULL};
    base_error error = {0};
    tiny_run_result r;
    tiny_run_well(eight, TRAIN_NEW, 0);
    uint32_t before = tiny_run_crc("run", "model/model.safetensors");
    cr_assert_not(tiny_run(wrong, TRAIN_OVERWRITE, 0, &r, &error));
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), before, "%s", error.text);
}

Test(run_folder, an_overwrite_leaves_what_no_run_made) {
    struct stat s;
    tiny_run_well(eight, TRAIN_NEW, 0);
    fixture_text("run/notes.md", "mine");
    cr_assert_eq(rename(fixture_path("run"), fixture_path("there")), 0);
    cr_assert_eq(symlink("there", fixture_path("run")), 0);
    tiny_run_well(eight, TRAIN_OVERWRITE, 4);
    cr_expect(base_file_exists(fixture_path("there/notes.md")));
    cr_expect(lstat(fixture_path("run"), &s) == 0 && S_ISLNK(s.st_mode));
    cr_expect(base_file_exists(fixture_path("there/checkpoints/step-000000004")));
    cr_expect_not(base_file_exists(fixture_path("there/checkpoints/step-000000008")));
}

/* A file, a folder, a link that leads nowhere, and one in a module's folder. */
Test(run_folder, a_better_model_leaves_what_somebody_put_into_its_folder) {
    static const char *const twice[] = {"max_steps=8", "evaluation.every=4", NULL};
    struct stat s;
    base_error error = {0};
    tiny_run_well(twice, TRAIN_NEW, 0);
    cr_assert(base_folder_make(fixture_path("run/model/own/deep"), &error), "%s", error.text);
    fixture_text("run/model/notes.md", "mine");
    fixture_text("run/model/own/deep/a", "mine");
    fixture_text("run/model/1_Pooling/b", "mine");
    fixture_text("run/model/2026_plan", "mine");
    cr_assert_eq(symlink("nowhere", fixture_path("run/model/link")), 0);
    cr_assert_eq(mkfifo(fixture_path("run/model/pipe"), 0600), 0);
    cr_assert(base_folder_make(fixture_path("run/model/7_Dense"), &error));
    uint32_t before = tiny_run_crc("run", "model/model.safetensors");
    tiny_run_well(from("run/model"), TRAIN_OVERWRITE, 0);
    cr_expect_neq(tiny_run_crc("run", "model/model.safetensors"), before);
    static const char *const kept[] = {"notes.md", "own/deep/a", "1_Pooling/b", "2026_plan", NULL};
    for (const char *const *name = kept; *name; name++) {
        char path[80];
        snprintf(path, sizeof path, "run/model/%s", *name);
        cr_expect(base_file_exists(fixture_path(path)), "%s is lost", path);
    }
    cr_expect_eq(lstat(fixture_path("run/model/link"), &s), 0);
    cr_expect_eq(lstat(fixture_path("run/model/pipe"), &s), 0);
    cr_expect_not(base_file_exists(fixture_path("run/model/7_Dense")));
}

/* A lock is written and removed: nothing that somebody else has under its name may be. */
Test(run_folder, a_lock_that_is_a_link_or_a_pipe_is_refused, .timeout = 30) {
    tiny_run_well(eight, TRAIN_NEW, 0);
    fixture_text("run/mine", "mine");
    cr_assert_eq(symlink("mine", fixture_path("run/run.lock")), 0);
    refused(eight, TRAIN_RESUME, "run.lock: found a link");
    cr_expect(base_file_exists(fixture_path("run/run.lock")));
    cr_assert_eq(unlink(fixture_path("run/run.lock")), 0);
    cr_assert_eq(mkfifo(fixture_path("run/run.lock"), 0600), 0);
    refused(eight, TRAIN_OVERWRITE, "run.lock: found no plain file");
    cr_expect(base_file_exists(fixture_path("run/model/model.safetensors")));
}

Test(run_folder, a_link_that_leads_nowhere_is_refused_before_any_reading) {
    cr_assert_eq(symlink("nowhere", fixture_path("run")), 0);
    base_error error = {0};
    cr_expect_not(base_folder_can_make(fixture_path("run"), &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_not(base_folder_can_make(fixture_path("run/a/b"), &error));
}

Test(run_folder, a_checkpoint_that_would_be_removed_is_no_start) {
    tiny_run_well(eight, TRAIN_NEW, 0);
    refused(from("run/checkpoints/step-000000008/model"), TRAIN_OVERWRITE,
            "one of the checkpoints that --overwrite removes");
    cr_expect(base_file_exists(fixture_path("run/checkpoints/step-000000008")));
}

static void expect_held(const char *const *sets, train_start start) {
    char holder[64];
    snprintf(holder, sizeof holder, "is in use by process %ld on ", (long)getpid());
    refused(sets, start, holder);
    refused(sets, start, " since 20");
}

/* The lock is held as by a run that goes on. */
Test(run_folder, a_run_that_goes_on_keeps_others_out) {
    base_error error = {0};
    tiny_run_well(eight, TRAIN_NEW, 4);
    base_lock *lock = base_lock_take(fixture_path("run/run.lock"), "x", &error);
    cr_assert_not_null(lock, "%s", error.text);
    expect_held(eight, TRAIN_RESUME);
    expect_held(eight, TRAIN_OVERWRITE);
    expect_held(eight, TRAIN_NEW);
    base_lock_release(lock);
    tiny_run_well(eight, TRAIN_RESUME, 0);
    cr_expect_not(base_file_exists(fixture_path("run/run.lock")));
}

/* A run that begins while another one has read its data but not begun. */
Test(run_folder, the_second_of_two_starts_at_once_is_told) {
    base_error error = {0};
    train_events events = {0};
    train_outcome outcome;
    train_config *config = tiny_run_config(eight);
    train_trainer *second = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    cr_assert_not_null(second, "%s", error.text);
    tiny_run_well(eight, TRAIN_NEW, 0);
    uint32_t before = tiny_run_crc("run", "log.jsonl");
    cr_expect_not(train_trainer_run(second, &outcome, &error));
    cr_expect(strstr(error.text, "found a run there"), "%s", error.text);
    cr_expect_eq(tiny_run_crc("run", "log.jsonl"), before);
    train_trainer_free(second);
    train_config_free(config);
}

/* 0: it ran; 2: it was told of another one; 3: anything else. */
static int start_one(train_config *config) {
    base_error error = {0};
    train_events events = {0};
    train_outcome outcome;
    train_trainer *t = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    bool ok = t && train_trainer_run(t, &outcome, &error);
    train_trainer_free(t);
    bool told = strstr(error.text, "in use by process") || strstr(error.text, "a run there");
    return ok ? 0 : told ? 2 : 3;
}

Test(run_folder, many_starts_at_once_give_one_run) {
    enum { RUNS = 6 };
    pid_t child[RUNS];
    int won = 0;
    train_config *config = tiny_run_config(eight);
    for (int i = 0; i < RUNS; i++)
        if ((child[i] = fork()) == 0)
            _exit(start_one(config));
    for (int i = 0; i < RUNS; i++) {
        int status;
        waitpid(child[i], &status, 0);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) != 3);
        won += WEXITSTATUS(status) == 0;
    }
    cr_expect_eq(won, 1);
    train_config_free(config);
}

Test(run_folder, the_lock_of_a_dead_process_does_not_block) {
    base_error error = {0};
    tiny_run_well(eight, TRAIN_NEW, 4);
    fixture_text("run/run.lock", "process 1 on nowhere since 2020-01-01 00:00:00\n");
    tiny_run_well(eight, TRAIN_RESUME, 6);
    pid_t child = fork();
    if (child == 0) {
        base_lock_take(fixture_path("run/run.lock"), "x", &error);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    cr_expect(base_file_exists(fixture_path("run/run.lock")));
    tiny_run_well(eight, TRAIN_RESUME, 0);
}

/* A run that was killed before it wrote anything. */
Test(run_folder, a_folder_with_a_lock_alone_is_empty) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("run"), &error));
    fixture_text("run/run.lock", "");
    tiny_run_well(eight, TRAIN_NEW, 0);
}

static uint64_t sizes(const char *name) {
    base_error error = {0};
    return base_folder_bytes(fixture_path(name), &error);
}

Test(run_folder, the_space_that_a_run_needs_is_what_it_takes) {
    static const char *const sets[] = {"max_steps=8", "checkpoint.every=3", "checkpoint.keep=2",
                                       NULL};
    base_error error = {0};
    train_events events = {0};
    train_outcome outcome;
    train_config *config = tiny_run_config(sets);
    train_trainer *t = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    cr_assert(t && train_trainer_run(t, &outcome, &error), "%s", error.text);
    train_space s = train_trainer_summary(t).space;
    const uint64_t small = 1 << 16;
    uint64_t model = sizes("run/model"), checkpoint = sizes("run/checkpoints/step-000000008");
    cr_expect(model <= s.model && s.model <= model + small, "%d of %d", (int)s.model, (int)model);
    cr_expect(checkpoint <= s.checkpoint && s.checkpoint <= checkpoint + small, "%d of %d",
              (int)s.checkpoint, (int)checkpoint);
    cr_expect_eq(s.most, s.model + 3 * s.checkpoint);
    train_trainer_free(t);
    train_config_free(config);
}

Test(run_folder, too_little_room_is_told) {
    base_error error = {0};
    train_space small = {1, 2, 3}, large = {1, 2, UINT64_MAX / 4};
    cr_expect(train_run_check_space(fixture_folder(), &small, &error), "%s", error.text);
    cr_expect_not(train_run_check_space(fixture_folder(), &large, &error));
    cr_expect_eq(error.status, BASE_FAILED);
    cr_expect(strstr(error.text, "MiB are free"), "%s", error.text);
}
