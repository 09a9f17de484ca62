#define _POSIX_C_SOURCE 200809L
#include "train/tensorboard.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HEAD = 12, TAIL = 4 };                             /* bytes around a record */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* protobuf's wire types */
enum { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5 };
enum { VALUE = 1, TAG = 1, SIMPLE_VALUE = 2 };

struct train_tensorboard {
    FILE *file;
};

/* ---- TFRecords ---- */

uint32_t train_crc32c(const void *data, size_t size) {
    const uint8_t *bytes = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

/* As TFRecords mask it. */
static uint32_t masked_crc32c(const void *data, size_t size) {
    uint32_t crc = train_crc32c(data, size);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void put_little(uint8_t *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_little(const uint8_t *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static bool write_record(FILE *file, const base_bytes *record, base_error *error) {
    uint8_t head[HEAD], tail[TAIL];
    put_little(head, record->size, 8);
    put_little(head + 8, masked_crc32c(head, 8), 4);
    put_little(tail, masked_crc32c(record->data, record->size), 4);
    bool ok = fwrite(head, 1, HEAD, file) == HEAD &&
              fwrite(record->data, 1, record->size, file) == record->size &&
              fwrite(tail, 1, TAIL, file) == TAIL && fflush(file) == 0;
    return ok || base_fail(error, BASE_FAILED, TRAIN_TENSORBOARD_FILE " cannot be written: %s",
                           strerror(errno));
}

const uint8_t *train_tfrecord_next(const uint8_t *data, size_t size, size_t *at, size_t *length) {
    const uint8_t *head = data + *at;
    size_t left = size - *at;
    if (left < HEAD + TAIL || get_little(head + 8, 4) != masked_crc32c(head, 8) ||
        get_little(head, 8) > left - HEAD - TAIL)
        return NULL;
    *length = (size_t)get_little(head, 8);
    if (get_little(head + HEAD + *length, 4) != masked_crc32c(head + HEAD, *length))
        return NULL;
    *at += HEAD + *length + TAIL;
    return head + HEAD;
}

/* ---- messages ---- */

static bool put_varint(base_bytes *out, uint64_t value, base_error *error) {
    uint8_t bytes[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[count++] = (uint8_t)(value | 0x80);
    bytes[count++] = (uint8_t)value;
    return base_bytes_add(out, bytes, count, error);
}

static bool put_key(base_bytes *out, unsigned field, unsigned type, base_error *error) {
    return put_varint(out, field << 3 | type, error);
}

static bool put_fixed(base_bytes *out, unsigned field, uint64_t bits, int bytes,
                      base_error *error) {
    uint8_t little[8];
    put_little(little, bits, bytes);
    return put_key(out, field, bytes == 8 ? FIXED64 : FIXED32, error) &&
           base_bytes_add(out, little, (size_t)bytes, error);
}

static bool put_bytes(base_bytes *out, unsigned field, const void *data, size_t size,
                      base_error *error) {
    return put_key(out, field, BYTES, error) && put_varint(out, size, error) &&
           base_bytes_add(out, data, size, error);
}

static bool put_scalar(base_bytes *summary, const train_scalar *s, base_error *error) {
    base_bytes value = {0};
    float number = (float)s->value;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    bool ok = put_bytes(&value, TAG, s->tag, strlen(s->tag), error) &&
              put_fixed(&value, SIMPLE_VALUE, bits, 4, error) &&
              put_bytes(summary, VALUE, value.data, value.size, error);
    base_bytes_free(&value);
    return ok;
}

/* An event at the time of day, whose one member beside the step is `field`. */
static bool write_event(FILE *file, size_t step, unsigned field, const void *data, size_t size,
                        base_error *error) {
    base_bytes event = {0};
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    double seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    uint64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    bool ok = put_fixed(&event, WALL_TIME, bits, 8, error) &&
              put_key(&event, STEP, VARINT, error) && put_varint(&event, step, error) &&
              put_bytes(&event, field, data, size, error) && write_record(file, &event, error);
    base_bytes_free(&event);
    return ok;
}

/* ---- reading again ---- */

/* One field of a message: the number of a varint, or the bytes of any other. */
typedef struct field {
    unsigned number, type;
    uint64_t value;
    const uint8_t *data;
    size_t size;
} field;

static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool get_field(const uint8_t **at, const uint8_t *end, field *f) {
    uint64_t key, size;
    if (!get_varint(at, end, &key))
        return false;
    f->number = (unsigned)(key >> 3);
    f->type = key & 7;
    if (f->type == VARINT)
        return get_varint(at, end, &f->value);
    size = f->type == FIXED64 ? 8 : 4;
    if (f->type == BYTES && !get_varint(at, end, &size))
        return false;
    if ((f->type != BYTES && f->type != FIXED64 && f->type != FIXED32) ||
        size > (size_t)(end - *at))
        return false;
    f->data = *at;
    f->size = (size_t)size;
    *at += size;
    return true;
}

/* The first field of that number in a message of bytes. */
static bool find_bytes(const uint8_t *at, size_t size, unsigned number, field *f) {
    const uint8_t *end = at + size;
    while (at < end && get_field(&at, end, f))
        if (f->number == number && f->type == BYTES)
            return true;
    return false;
}

bool train_event_read(const uint8_t *record, size_t length, uint64_t *step, const char **tag,
                      size_t *tag_length) {
    const uint8_t *at = record, *end = record + length;
    field f, inner;
    *step = 0;
    *tag = NULL;
    while (at < end) {
        if (!get_field(&at, end, &f))
            return false;
        if (f.number == STEP && f.type == VARINT)
            *step = f.value;
        if (f.number == SUMMARY && f.type == BYTES && find_bytes(f.data, f.size, VALUE, &inner) &&
            find_bytes(inner.data, inner.size, TAG, &inner)) {
            *tag = (const char *)inner.data;
            *tag_length = inner.size;
        }
    }
    return true;
}

/* ---- the file ---- */

static bool is_kept(const uint8_t *record, size_t length, size_t limit) {
    static const char test[] = "test/";
    uint64_t step;
    const char *tag;
    size_t n;
    return train_event_read(record, length, &step, &tag, &n) && step <= limit &&
           !(tag && n >= sizeof test - 1 && !memcmp(tag, test, sizeof test - 1));
}

static bool cut(const char *path, size_t step, base_error *error) {
    base_bytes all = {0};
    if (!base_file_exists(path))
        return true;
    if (!base_file_read(path, &all, error))
        return false;
    size_t end = 0, at = 0, length;
    const uint8_t *record;
    while ((record = train_tfrecord_next((const uint8_t *)all.data, all.size, &at, &length)) &&
           is_kept(record, length, step))
        end = at;
    bool ok = base_file_write(path, all.data, end, error);
    base_bytes_free(&all);
    return ok;
}

bool train_tensorboard_cut(const char *run, size_t step, base_error *error) {
    char *path = base_path(run, TRAIN_TENSORBOARD_FILE, error);
    bool ok = path && cut(path, step, error);
    free(path);
    return ok;
}

static bool begin(train_tensorboard *t, const char *path, base_error *error) {
    static const char version[] = "brain.Event:2";
    t->file = fopen(path, "ab");
    if (!t->file || fseek(t->file, 0, SEEK_END))
        return base_fail(error, BASE_FAILED, "%s: cannot write: %s", path, strerror(errno));
    return ftell(t->file) > 0 ||
           write_event(t->file, 0, FILE_VERSION, version, sizeof version - 1, error);
}

train_tensorboard *train_tensorboard_open(const char *run, size_t step, base_error *error) {
    train_tensorboard *t = base_alloc(1, sizeof *t, error);
    char *path = base_path(run, TRAIN_TENSORBOARD_FILE, error);
    bool ok = t && path && cut(path, step, error) && begin(t, path, error);
    free(path);
    if (ok)
        return t;
    train_tensorboard_close(t);
    return NULL;
}

void train_tensorboard_close(train_tensorboard *t) {
    if (!t)
        return;
    if (t->file)
        fclose(t->file);
    free(t);
}

bool train_tensorboard_add(train_tensorboard *t, size_t step, const train_scalar *scalars,
                           size_t count, base_error *error) {
    base_bytes summary = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = put_scalar(&summary, &scalars[i], error);
    ok = ok && write_event(t->file, step, SUMMARY, summary.data, summary.size, error);
    base_bytes_free(&summary);
    return ok;
}
