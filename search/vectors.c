#define _DEFAULT_SOURCE
#include "search/vectors.h"

#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

search_vectors search_vectors_of(const char *name, const float *rows, size_t count, size_t width) {
    return (search_vectors){.name = name,
                            .bytes = (const unsigned char *)rows,
                            .dtype = nn_dtype_find("F32"),
                            .count = count,
                            .width = width};
}

search_vectors search_vectors_part(const search_vectors *v, size_t begin, size_t count) {
    search_vectors part = *v;
    part.bytes += begin * v->width * v->dtype->size;
    part.count = count;
    part.first += begin;
    part.map = NULL;
    return part;
}

/* ---- NumPy's format (numpy.lib.format): "\x93NUMPY", version, the header's length, and the
 * header, a Python dict such as {'descr': '<f4', 'fortran_order': False, 'shape': (2, 384), } ----
 */

enum { MAGIC = 6, MOST_HEADER = 1 << 16 };

/* The text behind 'KEY': in the header, blanks skipped; NULL when it is not there. */
static const char *value_of(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool read_dtype(search_vectors *v, const char *header, base_error *error) {
    const char *descr = value_of(header, "'descr'");
    const char *names[][2] = {{"'<f4'", "F32"}, {"'<f2'", "F16"}};
    for (size_t i = 0; descr && i < sizeof names / sizeof *names; i++)
        if (!strncmp(descr, names[i][0], strlen(names[i][0])))
            v->dtype = nn_dtype_find(names[i][1]);
    if (v->dtype)
        return true;
    char shown[40];
    size_t n = descr ? strcspn(descr, ",}\n") : 0;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: the elements are %s, expected '<f4' or '<f2' (little-endian float32 or "
                     "float16)",
                     v->name,
                     base_escape(shown, sizeof shown, descr ? descr : "nothing", descr ? n : 7));
}

static bool read_number(const char **at, size_t *out) {
    char *end = NULL;
    errno = 0;
    unsigned long long n = **at >= '0' && **at <= '9' ? strtoull(*at, &end, 10) : 0;
    if (!end || errno || n > SIZE_MAX)
        return false;
    *out = (size_t)n;
    *at = end + strspn(end, " ");
    return true;
}

static bool read_shape(search_vectors *v, const char *header, base_error *error) {
    const char *shape = value_of(header, "'shape'"), *order = value_of(header, "'fortran_order'");
    char shown[60];
    if (!order || strncmp(order, "False", 5) != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: fortran_order is %s, expected False: rows one after the other (C "
                         "order)",
                         v->name, order ? "not False" : "missing");
    const char *at = shape ? shape : "";
    bool ok = *at == '(' && (at++, read_number(&at, &v->count)) && *at == ',';
    at += ok ? 1 + strspn(at + 1, " ") : 0;
    ok = ok && read_number(&at, &v->width) && *at == ')' && v->width > 0;
    return ok || base_fail(error, BASE_BAD_INPUT,
                           "%s: the shape is %s, expected two dimensions: rows, columns", v->name,
                           base_escape(shown, sizeof shown, shape ? shape : "missing",
                                       shape ? strcspn(shape, ")\n") + 1 : 7));
}

static bool read_header(search_vectors *v, size_t *begin, base_error *error) {
    const unsigned char *b = v->map;
    bool magic = v->map_size >= MAGIC + 6 && !memcmp(b, "\x93NUMPY", MAGIC);
    size_t version = magic ? b[MAGIC] : 0, length_bytes = version == 1 ? 2 : 4, length = 0;
    if (!magic || version < 1 || version > 3)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: not a NumPy file of version 1 to 3, expected a .npy file", v->name);
    for (size_t i = 0; i < length_bytes; i++)
        length |= (size_t)b[MAGIC + 2 + i] << 8 * i;
    *begin = MAGIC + 2 + length_bytes + length;
    if (length > MOST_HEADER || *begin > v->map_size)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: byte 8: the header has %zu bytes, more than the file", v->name,
                         length);
    char *header = base_copy((const char *)b + MAGIC + 2 + length_bytes, length);
    bool ok = header ? read_dtype(v, header, error) && read_shape(v, header, error)
                     : base_fail(error, BASE_FAILED, "out of memory");
    free(header);
    return ok;
}

static bool map_file(search_vectors *v, const char *path, base_error *error) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        base_file_fail(path, "read", error);
        if (file >= 0)
            close(file);
        return false;
    }
    bool regular = S_ISREG(status.st_mode) && status.st_size > 0;
    v->map_size = regular ? (size_t)status.st_size : 0;
    v->map = regular ? mmap(NULL, v->map_size, PROT_READ, MAP_SHARED, file, 0) : NULL;
    bool mapped = v->map != MAP_FAILED;
    if (!regular)
        base_fail(error, BASE_BAD_INPUT, "%s: expected a .npy file with something in it", path);
    else if (!mapped)
        base_file_fail(path, "map", error);
    v->map = mapped ? v->map : NULL;
    close(file);
    return v->map != NULL;
}

bool search_vectors_open(search_vectors *v, const char *path, base_error *error) {
    *v = (search_vectors){.name = path};
    size_t begin = 0, size;
    bool ok = map_file(v, path, error) && read_header(v, &begin, error);
    if (ok && (!base_size_mul(v->count, v->width, &size) ||
               !base_size_mul(size, v->dtype->size, &size) || size != v->map_size - begin))
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: %zu bytes follow the header, expected %zu rows of %zu elements of %zu "
                       "bytes",
                       path, v->map_size - begin, v->count, v->width, v->dtype->size);
    if (ok)
        v->bytes = (const unsigned char *)v->map + begin;
    else
        search_vectors_close(v);
    return ok;
}

void search_vectors_close(search_vectors *v) {
    if (v->map)
        munmap(v->map, v->map_size);
    *v = (search_vectors){0};
}

bool search_vectors_convert(const search_vectors *v) {
    bool same = sizeof(real) == sizeof(float) && !strcmp(v->dtype->name, "F32");
    return !same || (uintptr_t)v->bytes % sizeof(real) != 0;
}

const real *search_vectors_rows(const search_vectors *v, size_t begin, size_t count, real *buffer) {
    const unsigned char *from = v->bytes + begin * v->width * v->dtype->size;
    if (!search_vectors_convert(v))
        return (const real *)(const void *)from;
    v->dtype->to_real(from, count * v->width, buffer);
    return buffer;
}

void search_vectors_row(const search_vectors *v, size_t row, float *out) {
    enum { CHUNK = 256 };
    real part[CHUNK];
    const unsigned char *from = v->bytes + row * v->width * v->dtype->size;
    for (size_t begin = 0; begin < v->width; begin += CHUNK) {
        size_t n = v->width - begin < CHUNK ? v->width - begin : CHUNK;
        v->dtype->to_real(from + begin * v->dtype->size, n, part);
        for (size_t i = 0; i < n; i++)
            out[begin + i] = (float)part[i];
    }
}
