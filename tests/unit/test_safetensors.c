#define _POSIX_C_SOURCE 200809L
#include "base/memory.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file of `header` and n data bytes. */
static const char *make(const char *name, const char *header, const void *data, size_t n) {
    base_bytes bytes = {0};
    base_error error = {0};
    uint64_t length = strlen(header);
    base_bytes_add(&bytes, &length, sizeof length, &error);
    base_bytes_add(&bytes, header, strlen(header), &error);
    base_bytes_add(&bytes, data, n, &error);
    const char *path = fixture_write(name, bytes.data, bytes.size);
    base_bytes_free(&bytes);
    return path;
}

static void expect_refused(const char *path, const char *part) {
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(path, &error);
    cr_expect_null(file, "accepted, expected: %s", part);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part) != NULL, "\"%s\" lacks \"%s\"", error.text, part);
    nn_safetensors_close(file);
}

Test(safetensors, written_tensors_come_back) {
    base_error error = {0};
    real values[6] = {1, -2, (real)0.5, 0, 1000000, (real)-1e-20};
    int64_t ids[3] = {0, 1, 2};
    nn_tensor_source sources[] = {
        {.name = "b \"quoted\" \xc3\xa9", .dims = {2, 3}, .dim_count = 2, .values = values},
        {.name = "a", .dims = {6}, .dim_count = 1, .values = values},
        {.name = "ids", .dims = {1, 3}, .dim_count = 2, .raw = ids, .raw_dtype = "I64"},
        {.name = "none", .dims = {0, 5}, .dim_count = 2, .values = values},
    };
    const char *path = fixture_path("model.safetensors");
    cr_assert(nn_safetensors_write(path, sources, 4, &error), "%s", error.text);
    nn_safetensors *file = nn_safetensors_open(path, &error);
    cr_assert_not_null(file, "%s", error.text);
    cr_expect_eq(nn_safetensors_count(file), 4);
    const nn_tensor_info *b = nn_safetensors_find(file, sources[0].name);
    cr_assert_not_null(b);
    cr_expect_eq(b->dims[1], 3);
    cr_expect_eq(b->begin % 4, 0);
    real back[6];
    cr_assert(nn_safetensors_read(file, b, back, &error));
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(back[i], (real)(float)values[i]);
    int64_t raw[3];
    const nn_tensor_info *i64 = nn_safetensors_find(file, "ids");
    cr_expect_eq(i64->begin % 8, 0);
    cr_assert(nn_safetensors_read_raw(file, i64, raw, &error));
    cr_expect_arr_eq(raw, ids, sizeof ids);
    cr_expect_not(nn_safetensors_read(file, i64, back, &error));
    cr_expect(strstr(error.text, "its dtype is I64, expected F32, F16 or BF16") != NULL);
    nn_safetensors_close(file);
}

Test(safetensors, half_precision_is_read_exactly) {
    const uint16_t f16[] = {0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x3555, 0x8000, 0x0400};
    const double expected[] = {1,    -2,     0x1p-24, -1023 * 0x1p-24, 65504, 0.333251953125,
                               -0.0, 0x1p-14};
    const char *path =
        make("half", "{\"h\":{\"dtype\":\"F16\",\"shape\":[8],\"data_offsets\":[0,16]}}", f16,
             sizeof f16);
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(path, &error);
    cr_assert_not_null(file, "%s", error.text);
    real out[8];
    cr_assert(nn_safetensors_read(file, nn_safetensors_at(file, 0), out, &error));
    for (size_t i = 0; i < 8; i++)
        cr_expect_eq((double)out[i], expected[i], "element %zu is %g", i, (double)out[i]);
    cr_expect(signbit(out[6]));
    nn_safetensors_close(file);
    const uint16_t bf16[] = {0x3f80, 0xc049, 0x0080};
    path = make("bf", "{\"h\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,6]}}", bf16, 6);
    file = nn_safetensors_open(path, &error);
    cr_assert(nn_safetensors_read(file, nn_safetensors_at(file, 0), out, &error));
    cr_expect_eq((double)out[0], 1);
    cr_expect_eq((double)out[1], -3.140625);
    cr_expect_eq((double)out[2], 0x1p-126);
    nn_safetensors_close(file);
}

/* Halves between two numbers go to the even one; what lies beyond the largest is refused. */
Test(safetensors, half_precision_is_written_rounded_to_nearest_even) {
    static const struct {
        real value;
        uint16_t f16, bf16;
    } rows[] = {
        {1, 0x3c00, 0x3f80},
        {REAL(-1.00048828125), 0xbc00, 0xbf80}, /* 1 + 2^-11: half way */
        {REAL(1.00146484375), 0x3c02, 0x3f80},  /* 1 + 3 * 2^-11 */
        {REAL(1.00390625), 0x3c04, 0x3f80},     /* 1 + 2^-8: half way for BF16 */
        {REAL(1.01171875), 0x3c0c, 0x3f82},     /* 1 + 3 * 2^-8 */
        {65519, 0x7bff, 0x4780},
        {REAL(0x1p-24), 0x0001, 0x3380},
        {REAL(0x1p-25), 0x0000, 0x3300},
        {REAL(0x1.8p-24), 0x0002, 0x33c0},
        {REAL(0x1.ffcp-15), 0x0400, 0x3880},
        {REAL(-0.0), 0x8000, 0x8000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint16_t half = 0, upper = 0;
        cr_expect(nn_dtype_find("F16")->from_real(&rows[i].value, 1, (unsigned char *)&half));
        cr_expect(nn_dtype_find("BF16")->from_real(&rows[i].value, 1, (unsigned char *)&upper));
        cr_expect_eq(half, rows[i].f16, "row %zu: %04x", i, half);
        cr_expect_eq(upper, rows[i].bf16, "row %zu: %04x", i, upper);
    }
    base_error error = {0};
    real values[2] = {1, 65520};
    nn_tensor_source source = {.name = "big",
                               .dims = {2},
                               .dim_count = 1,
                               .values = values,
                               .dtype = nn_dtype_find("F16")};
    cr_expect_not(nn_safetensors_write(fixture_path("half"), &source, 1, &error));
    cr_expect_str_eq(error.text,
                     "tensor big: element 1 is 65520, which is beyond the largest number of F16");
    error = (base_error){0};
    values[1] = REAL(3.4e38);
    source.dtype = nn_dtype_find("BF16");
    cr_expect_not(nn_safetensors_write(fixture_path("half"), &source, 1, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}

/* Every number of F16 and of BF16 comes back with its bits. */
Test(safetensors, every_half_comes_back) {
    static const char *const names[] = {"F16", "BF16"};
    for (size_t t = 0; t < 2; t++) {
        const nn_dtype *type = nn_dtype_find(names[t]);
        for (uint32_t bits = 0; bits < 0x10000; bits++) {
            uint16_t in = (uint16_t)bits, out = 0;
            real value;
            type->to_real((const unsigned char *)&in, 1, &value);
            if (!isfinite(value))
                continue;
            cr_assert(type->from_real(&value, 1, (unsigned char *)&out));
            cr_assert_eq(in, out, "%s %04x became %04x", names[t], in, out);
        }
    }
}

Test(safetensors, numbers_that_are_not_finite_are_refused) {
    const float values[] = {1, INFINITY, 2};
    const char *path =
        make("inf", "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", values,
             sizeof values);
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(path, &error);
    real out[3];
    cr_expect_not(nn_safetensors_read(file, nn_safetensors_at(file, 0), out, &error));
    cr_expect(strstr(error.text, "tensor x: element 1 is not a finite number") != NULL);
    nn_safetensors_close(file);
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"x\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

/* Headers over 16 data bytes, and what the sentence must say. */
static const struct {
    const char *header, *part;
} wrong_headers[] = {
    {"{", "line 1, column"},
    {"[]", "not a JSON object"},
    {"{\"x\":1}", "tensor x: its entry is not a JSON object"},
    {"{\"x\":{}}", "dtype is missing"},
    {ONE("F99", "[4]", "[0,16]"), "dtype \"F99\" is unknown"},
    {ONE("F32", "4", "[0,16]"), "shape is not an array"},
    {ONE("F32", "[1,1,1,1,1,1,1,1,4]", "[0,16]"), "shape is not an array of at most 8"},
    {ONE("F32", "[-4]", "[0,16]"), "not a whole number"},
    {ONE("F32", "[1.5]", "[0,16]"), "not a whole number"},
    {ONE("F32", "[\"4\"]", "[0,16]"), "not a whole number"},
    {ONE("F32", "[4294967296,4294967296]", "[0,16]"), "more than memory"},
    {ONE("F32", "[9007199254740992]", "[0,16]"), "span 16 bytes"},
    {ONE("F32", "[3]", "[0,16]"), "span 16 bytes, its shape and type need 3 of 4"},
    {ONE("F32", "[4]", "[16,0]"), "data_offsets is not [begin, end]"},
    {ONE("F32", "[4]", "[0]"), "data_offsets is not [begin, end]"},
    {ONE("F32", "[4]", "[0,1e300]"), "data_offsets is not [begin, end]"},
    {ONE("F32", "[4]", "[4,20]"), "a hole lies before it"},
    {ONE("F32", "[3]", "[0,12]"), "4 bytes after the last tensor"},
    {ONE("F32", "[5]", "[0,20]"), "cut short"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"y\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}}",
     "tensor y: its data begins at byte"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
     "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
     "stands twice"},
    {"{\"\xff\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "UTF-8"},
    {"{\"\\u0000\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "u0000"},
};

Test(safetensors, wrong_headers_are_refused) {
    const char data[16] = {0};
    for (size_t i = 0; i < sizeof wrong_headers / sizeof *wrong_headers; i++)
        expect_refused(make("wrong", wrong_headers[i].header, data, sizeof data),
                       wrong_headers[i].part);
}

Test(safetensors, zero_elements_and_scalars_are_fine) {
    const char data[4] = {0};
    const char *path = make("zero",
                            "{\"none\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
                            "\"one\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
                            data, sizeof data);
    base_error error = {0};
    nn_safetensors *file = nn_safetensors_open(path, &error);
    cr_assert_not_null(file, "%s", error.text);
    cr_expect_eq(nn_safetensors_find(file, "none")->elements, 0);
    cr_expect_eq(nn_safetensors_find(file, "one")->elements, 1);
    nn_safetensors_close(file);
}

Test(safetensors, header_lengths_are_checked) {
    const unsigned char huge[16] = {255, 255, 255, 255, 255, 255, 255, 127};
    expect_refused(fixture_write("huge", huge, sizeof huge), "byte 0: the header length is");
    const unsigned char zero[16] = {0};
    expect_refused(fixture_write("zero", zero, sizeof zero), "the header length is 0");
    expect_refused(fixture_write("short", zero, 3), "the file has 3 bytes, expected at least 8");
    const unsigned char cut[16] = {100, 0, 0, 0, 0, 0, 0, 0, '{'};
    expect_refused(fixture_write("cut", cut, sizeof cut), "its header alone needs 108");
    expect_refused(fixture_folder(), "it is a folder");
}

Test(safetensors, a_pipe_is_refused_not_waited_for, .timeout = 20) {
    const char *path = fixture_path("pipe");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(path, "it is a pipe");
}

/* A file cut at every length is refused, never read past its end. */
Test(safetensors, every_prefix_of_a_file_is_refused) {
    base_error error = {0};
    real values[3] = {1, 2, 3};
    nn_tensor_source source = {.name = "x", .dims = {3}, .dim_count = 1, .values = values};
    const char *path = fixture_path("whole");
    cr_assert(nn_safetensors_write(path, &source, 1, &error));
    FILE *f = fopen(path, "rb");
    char bytes[1024];
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t n = 0; n < size; n++)
        expect_refused(fixture_write("prefix", bytes, n), "");
}

Test(safetensors, a_real_file_cut_short_is_refused) {
    expect_refused(fixture_shared("data/models/all-MiniLM-L6-v2.safetensors.prefix"),
                   "the file is cut short: it has 851968 bytes, its header describes 90868376");
}
