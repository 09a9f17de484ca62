#include "nn/dtype.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors files are little-endian");

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 0x1fu;
    uint32_t fraction = half & 0x3ffu;
    if (exponent == 0x1f)
        return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent == 0) {
        float tiny = (float)fraction * 0x1p-24F;
        return sign ? -tiny : tiny;
    }
    return float_of_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

static void from_f32(const unsigned char *bytes, size_t n, real *out) {
    for (size_t i = 0; i < n; i++) {
        float value;
        memcpy(&value, bytes + i * sizeof value, sizeof value);
        out[i] = (real)value;
    }
}

static void from_f16(const unsigned char *bytes, size_t n, real *out) {
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, bytes + i * sizeof half, sizeof half);
        out[i] = (real)half_to_float(half);
    }
}

/* The upper half of a binary32. */
static void from_bf16(const unsigned char *bytes, size_t n, real *out) {
    for (size_t i = 0; i < n; i++) {
        uint16_t upper;
        memcpy(&upper, bytes + i * sizeof upper, sizeof upper);
        out[i] = (real)float_of_bits((uint32_t)upper << 16);
    }
}

static uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The bits without the lowest `count`, rounded to nearest even; a carry moves the exponent up. */
static uint32_t round_off(uint32_t bits, unsigned count) {
    uint32_t half = 1u << (count - 1), odd = bits >> count & 1u;
    return (bits + (half - 1) + odd) >> count;
}

/* From 65520 on the nearest value is infinity; below 2^-14 values are multiples of 2^-24. */
static uint16_t half_of_float(float value) {
    uint32_t bits = bits_of_float(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (size >= 0x477ff000u)
        return (uint16_t)(sign | 0x7c00u);
    if (size < 0x38800000u)
        return (uint16_t)(sign | (uint32_t)lrintf(float_of_bits(size) * 0x1p24F));
    return (uint16_t)(sign | round_off(size - ((127u - 15u) << 23), 13));
}

static uint16_t upper_half_of_float(float value) {
    uint32_t bits = bits_of_float(value);
    bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return (uint16_t)(nan ? (bits >> 16 | 0x40u) : round_off(bits, 16));
}

static bool to_f32(const real *values, size_t n, unsigned char *out) {
    bool fits = true;
    for (size_t i = 0; i < n; i++) {
        float value = (float)values[i];
        fits = fits && !(isinf(value) && isfinite(values[i]));
        memcpy(out + i * sizeof value, &value, sizeof value);
    }
    return fits;
}

static bool to_f16(const real *values, size_t n, unsigned char *out) {
    bool fits = true;
    for (size_t i = 0; i < n; i++) {
        uint16_t half = half_of_float((float)values[i]);
        fits = fits && !((half & 0x7fffu) == 0x7c00u && isfinite(values[i]));
        memcpy(out + i * sizeof half, &half, sizeof half);
    }
    return fits;
}

static bool to_bf16(const real *values, size_t n, unsigned char *out) {
    bool fits = true;
    for (size_t i = 0; i < n; i++) {
        uint16_t upper = upper_half_of_float((float)values[i]);
        fits = fits && !((upper & 0x7fffu) == 0x7f80u && isfinite(values[i]));
        memcpy(out + i * sizeof upper, &upper, sizeof upper);
    }
    return fits;
}

/* Types of weights first, in the order of nn_dtype_options. */
static const nn_dtype dtypes[] = {
    {"F32", 4, "float32", from_f32, to_f32},
    {"F16", 2, "float16", from_f16, to_f16},
    {"BF16", 2, "bfloat16", from_bf16, to_bf16},
    {.name = "F64", .size = 8},
    {.name = "I64", .size = 8},
    {.name = "U64", .size = 8},
    {.name = "I32", .size = 4},
    {.name = "U32", .size = 4},
    {.name = "I16", .size = 2},
    {.name = "U16", .size = 2},
    {.name = "I8", .size = 1},
    {.name = "U8", .size = 1},
    {.name = "BOOL", .size = 1},
    {.name = "F8_E4M3", .size = 1},
    {.name = "F8_E5M2", .size = 1},
};

const nn_dtype *nn_dtype_find(const char *name) {
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, name))
            return &dtypes[i];
    return NULL;
}

const char *const *nn_dtype_options(void) {
    static const char *const options[] = {"f32", "f16", "bf16", NULL};
    return options;
}

const nn_dtype *nn_dtype_at(size_t i) {
    return &dtypes[i];
}
