/* Curves for TensorBoard: one event file in the run folder, beside log.jsonl, which stays the one
 * source. `tensorboard --logdir runs` shows all runs by their names.
 *
 * The file is TFRecords (tensorflow/core/lib/io/record_writer.h), each
 *
 *     u64 length, u32 masked CRC-32C of these 8 bytes, the record, u32 masked CRC-32C of it
 *
 * little-endian. A record is an Event message (tensorflow/core/util/event.proto): wall_time = 1,
 * step = 2, file_version = 3 in the first one, summary = 5 with a Value (tag = 1, simple_value = 2)
 * for each number. */
#ifndef TRAIN_TENSORBOARD_H
#define TRAIN_TENSORBOARD_H

#include "base/memory.h"

#include <stdint.h>

#define TRAIN_TENSORBOARD_FILE "events.out.tfevents.sbert"

/* A number of a step. */
typedef struct train_scalar {
    const char *tag; /* "train/loss": the part before the last slash is a heading */
    double value;    /* kept as a float */
} train_scalar;

typedef struct train_tensorboard train_tensorboard;

/* Opens RUN's event file, which is made or gone on with: as train_tensorboard_cut does it. Free
 * with train_tensorboard_close. */
train_tensorboard *train_tensorboard_open(const char *run, size_t step, base_error *error);
void train_tensorboard_close(train_tensorboard *t);

/* Keeps the events up to `step`, but none of tags "test/...", which a finished run measures again;
 * nor what a crash cut short. Nothing happens when there is no file. */
bool train_tensorboard_cut(const char *run, size_t step, base_error *error);

/* Appends the numbers of a step as one event, at the time of day. */
bool train_tensorboard_add(train_tensorboard *t, size_t step, const train_scalar *scalars,
                           size_t count, base_error *error);

/* CRC-32C (Castagnoli; RFC 3720, appendix B.4). */
uint32_t train_crc32c(const void *data, size_t size);

/* The record that begins at data[*at], whose both sums are right; *at becomes the next one's. NULL
 * where there is none. */
const uint8_t *train_tfrecord_next(const uint8_t *data, size_t size, size_t *at, size_t *length);

/* The step of an Event (0 when it names none), and its first tag, which is not terminated (NULL:
 * none). False when the record is no Event of ours. */
bool train_event_read(const uint8_t *record, size_t length, uint64_t *step, const char **tag,
                      size_t *tag_length);

#endif
