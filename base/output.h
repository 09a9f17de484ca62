/* Outputs: files and folders that are written beside their place (NAME.part-PID), synced and
 * renamed, so that readers see the old one or the new one, never a part, and a failed write leaves
 * what was there. A link stays a link: what it leads to is replaced. A pipe or device is written
 * to itself. Messages name the path that was asked for. */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include "base/error.h"

#include <stdio.h>

typedef struct base_output base_output;

/* Opens an empty file. End with base_output_commit or base_output_abandon. */
base_output *base_output_open(const char *path, base_error *error);

/* What to write to; the output's. */
FILE *base_output_stream(base_output *output);

/* Fails with "PATH: cannot write: " and what errno says. Returns false. */
bool base_output_fail(const base_output *output, base_error *error);

/* Puts the file into its place; false when any write to the stream has failed. Frees the output,
 * also on failure, which leaves nothing. */
bool base_output_commit(base_output *output, base_error *error);

/* Removes the file and frees the output; NULL is fine. */
void base_output_abandon(base_output *output);

/* Where a file of this path lies: the path itself, or what a link leads to. For free(); NULL when
 * memory is out. */
char *base_output_place(const char *path, base_error *error);

/* Syncs the folder that a path lies in, so that the names in it are on the disk. */
bool base_output_sync_parent(const char *path, base_error *error);

/* Writes files into a folder; `context` is the caller's. */
typedef bool base_output_fill(const void *context, const char *folder, base_error *error);

/* A folder filled by `fill`, in the place of the folder that is there, if one is. Both exist at
 * every moment where the file system can exchange two names. Parents are made. A link that leads
 * nowhere is refused. */
bool base_output_folder(const char *path, base_output_fill *fill, const void *context,
                        base_error *error);

/* Renames FOLDER/NAME to NAME.old-PID, for what a new one will replace later; base_output_clean
 * removes it. A missing one is fine. */
bool base_output_set_aside(const char *folder, const char *name, base_error *error);

/* Removes from a folder what killed writers left and what was set aside: NAME.part-PID and
 * NAME.old-PID, for each of `names` (NULL-terminated); one that ends in "-" stands for all numbers
 * behind it, as "step-" for step-12. A missing folder is fine. */
bool base_output_clean(const char *folder, const char *const *names, base_error *error);

/* Whether a command may write its result to `path`: not when it is one of its `inputs`
 * (NULL-terminated, by the file itself, not by its name; "-" is standard input; missing ones are
 * none), not when a file is there and `overwrite` is false, not when it is a folder or a link that
 * leads nowhere. Changes nothing. */
bool base_output_check(const char *path, bool overwrite, const char *const *inputs,
                       base_error *error);

#endif
