/* Files for tests: written into a temporary folder that goes away with the test, or shared data. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stddef.h>

/* The temporary folder of this test; a path in it (valid until the test ends). */
const char *fixture_folder(void);
const char *fixture_path(const char *name);

/* Writes a file there, plain or gzipped, and returns its path. */
const char *fixture_write(const char *name, const void *bytes, size_t size);
const char *fixture_text(const char *name, const char *text);
const char *fixture_gzip(const char *name, const void *bytes, size_t size);

/* The path of shared data (SBERT_SHARED, else ../shared); the test is skipped, with the reason,
 * when it is not there. */
const char *fixture_shared(const char *name);

#endif
