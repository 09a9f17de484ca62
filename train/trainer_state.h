/* What the trainer's files share. */
#ifndef TRAIN_TRAINER_STATE_H
#define TRAIN_TRAINER_STATE_H

#include "train/checkpoint.h"
#include "train/course.h"
#include "train/schedule.h"
#include "train/step.h"
#include "train/trainer.h"

struct train_trainer {
    const train_config *config;
    train_start start;
    const train_events *events;
    nn_model *model;
    nn_context *encoder_context; /* for evaluation */
    train_sources *sources;
    train_evaluations *evaluations;
    train_course *course;
    train_optimizer *optimizer;
    train_stepper *stepper;
    train_schedule schedule;
    train_set *sets;
    char **set_names;
    size_t set_count;
    cJSON *files;                 /* identities */
    train_checkpoint *checkpoint; /* that is resumed from; NULL: none */
    train_position position;
    train_run *run;
    train_meter meter;
    base_profile *profile; /* NULL: none */
    char *model_folder;
    const loss *head; /* the first loss with parameters; NULL: none */
};

/* trainer_head.c: first numbers of the losses, by seed, and the first with parameters, t->head,
 * from loss.head if that is set. */
bool train_trainer_fill_losses(train_trainer *t, base_error *error);

/* trainer_save.c: brings the late rows up to date; writes the model folder with loss/, and a
 * checkpoint, both settled. */
void train_trainer_settle(train_trainer *t);
bool train_trainer_save_model(train_trainer *t, base_error *error);
bool train_trainer_checkpoint(train_trainer *t, base_error *error);

/* trainer_judge.c: evaluates on the dev entries and keeps the best model; on the test entries, with
 * the model that was kept. */
bool train_trainer_judge(train_trainer *t, base_error *error);
bool train_trainer_test(train_trainer *t, base_error *error);

/* trainer_resume.c: the newest checkpoint, after comparing config and data; NULL and no error when
 * there is none. */
train_checkpoint *train_trainer_find_checkpoint(const train_config *config, const cJSON *files,
                                                base_error *error);

#endif
