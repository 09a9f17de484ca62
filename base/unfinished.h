/* Outputs that outlive their process: a file whose size is known, written in parts, in any order,
 * by one process or by several that share the disk. Until it is whole it lies in the folder
 * NAME.part: `file`, `state` (what it comes of, and which parts are done), and `lock` while
 * somebody writes. A part counts as done when its bytes are on the disk, so that it stays done when
 * the process is killed or the machine goes down. Messages name the path that was asked for. */
#ifndef BASE_UNFINISHED_H
#define BASE_UNFINISHED_H

#include "base/error.h"

#include <stdint.h>
#include <stdio.h>

typedef struct base_unfinished base_unfinished;

typedef struct base_unfinished_whole {
    const char *origin; /* all that its bytes come of: lines "NAME: VALUE\n"; outlives the output */
    uint64_t size;      /* bytes */
    size_t parts;
} base_unfinished_whole;

typedef enum base_unfinished_start {
    BASE_UNFINISHED_NEW,    /* an unfinished file that is there is refused */
    BASE_UNFINISHED_ANEW,   /* it is replaced */
    BASE_UNFINISHED_RESUME, /* it is gone on with, where there is one */
    BASE_UNFINISHED_JOIN, /* another process has opened it, and this one writes some of its parts */
} base_unfinished_start;

/* Whether there is an unfinished file of this path. False also when memory is out. */
bool base_unfinished_is_there(const char *path, bool *there, base_error *error);

/* Opens it. One whose origin differs is BASE_BAD_INPUT, with the first line that does; so is one in
 * use by another process, or damaged. All these leave it as it is. End with base_unfinished_commit
 * or base_unfinished_leave. */
base_unfinished *base_unfinished_open(const char *path, const base_unfinished_whole *whole,
                                      base_unfinished_start start, base_error *error);

/* What to write to, from any position; the output's. */
FILE *base_unfinished_stream(base_unfinished *u);

/* Whether a part is done: when it was opened, or since then by this process. */
bool base_unfinished_is_done(const base_unfinished *u, size_t part);

/* A part has been written to the stream. The first one, and then once a second all that have been
 * written, are synced, and are then done. */
bool base_unfinished_written(base_unfinished *u, size_t part, base_error *error);

/* Syncs at once: a process that has joined does so at its end. */
bool base_unfinished_sync(base_unfinished *u, base_error *error);

/* Puts the file into its place when all parts are done; not for one that has joined. Frees u; on
 * failure as base_unfinished_leave. */
bool base_unfinished_commit(base_unfinished *u, base_error *error);

/* Leaves the file for another time, or removes it when no part is done (a process that has joined
 * removes nothing). Returns whether it is there. Frees u; NULL is fine. */
bool base_unfinished_leave(base_unfinished *u);

#endif
