/* Errors: one sentence and an exit code. The first failure wins; later ones are ignored ("sticky").
 *
 * Every function of the project that can fail takes a `base_error *` as its last argument and says
 * so by returning false or NULL. The caller owns the error and starts it with `{0}`. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The value is the exit code of the program. */
typedef enum base_status {
    BASE_OK = 0,
    BASE_FAILED = 1,    /* the machine failed us: memory, disk, a number that is not finite */
    BASE_BAD_INPUT = 2, /* wrong usage, config or input file */
    BASE_STOPPED = 3,   /* the caller asked for it (base/progress.h) */
} base_status;

typedef struct base_error {
    base_status status;
    char text[1024]; /* one sentence, no newline, printable; long ones are cut */
} base_error;

/* Records the sentence unless an earlier failure is recorded. Always returns false, so that a
 * function can `return base_fail(...)`. */
bool base_fail(base_error *error, base_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the recorded sentence (adds a file name to a message from deeper down).
 * Always returns false. */
bool base_fail_prefix(base_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* True while nothing has failed. */
bool base_ok(const base_error *error);

/* Copies n bytes into out[size] for a message: bytes that are no printable UTF-8 become \xNN, text
 * that does not fit ends in "...". Returns out. */
const char *base_escape(char *out, size_t size, const char *bytes, size_t n);

#endif
