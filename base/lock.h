/* Lock files: one process at a time works in a folder. The kernel holds the lock (fcntl) and frees
 * it when the process ends, however it ends, so that a file left behind locks nothing. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/error.h"

typedef struct base_lock base_lock;

/* Takes the lock FILE, which is made if missing and says process, host and time. NULL when another
 * holds it: "WHAT is in use by process 123 on HOST since TIME". A file system without locks gives a
 * warning and a lock that keeps nobody out. */
base_lock *base_lock_take(const char *file, const char *what, base_error *error);

/* Removes the file and frees the lock; NULL is fine. */
void base_lock_release(base_lock *lock);

/* The same answer as base_lock_take would give now, without making or taking anything. */
bool base_lock_is_free(const char *file, const char *what, base_error *error);

#endif
