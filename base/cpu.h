/* What machine this is: instruction level, threads allowed, limits. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include "base/error.h"

#include <stddef.h>

typedef enum base_cpu_level { BASE_CPU_BASELINE, BASE_CPU_AVX2, BASE_CPU_AVX512 } base_cpu_level;

/* The best level that CPU and system support; the environment variable SBERT_CPU
 * (baseline, avx2, avx512) lowers it. `check` refuses other words there. */
base_cpu_level base_cpu_best(void);
bool base_cpu_check(base_error *error);
const char *base_cpu_level_name(base_cpu_level level);

/* Whether the CPU multiplies bf16 in hardware (AVX512-BF16), whatever SBERT_CPU says. */
bool base_cpu_has_bf16(void);

/* CPU model as the system names it, "unknown" when it does not. */
const char *base_cpu_name(void);

/* CPUs in the affinity mask. */
size_t base_cpu_affinity(void);

/* CPUs' worth of the smallest quota among this process's cgroup and those above it (versions 1 and
 * 2), rounded up; 0: no quota. `root` stands before /proc and /sys, "" but in tests. */
size_t base_cpu_quota(const char *root);

/* The default number of threads: the smaller of the two, at least 1. */
size_t base_cpu_threads(void);

/* Peak resident memory of this process, bytes. */
size_t base_cpu_peak_memory(void);

/* Seconds of a monotonic clock. */
double base_cpu_seconds(void);

#endif
