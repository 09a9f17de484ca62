#define _GNU_SOURCE
#include "base/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"baseline", "avx2", "avx512"};

static base_cpu_level hardware_level(void) {
#if defined(__x86_64__) && !defined(SBERT_PORTABLE)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return BASE_CPU_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return BASE_CPU_AVX2;
#endif
    return BASE_CPU_BASELINE;
}

base_cpu_level base_cpu_best(void) {
    base_cpu_level best = hardware_level();
    const char *wish = getenv("SBERT_CPU");
    for (base_cpu_level level = BASE_CPU_BASELINE; wish && level < best; level++)
        if (!strcmp(wish, level_names[level]))
            return level;
    return best;
}

bool base_cpu_check(base_error *error) {
    const char *wish = getenv("SBERT_CPU");
    for (size_t i = 0; wish && i < sizeof level_names / sizeof *level_names; i++)
        if (!strcmp(wish, level_names[i]))
            return true;
    return !wish || base_fail(error, BASE_BAD_INPUT,
                              "the environment variable SBERT_CPU is \"%s\", expected baseline, "
                              "avx2 or avx512",
                              wish);
}

const char *base_cpu_level_name(base_cpu_level level) {
    return level_names[level];
}

static void read_model_name(char *name, size_t size) {
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(name, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    if (f)
        fclose(f);
}

const char *base_cpu_name(void) {
    static _Thread_local char name[128];
    snprintf(name, sizeof name, "unknown");
    read_model_name(name, sizeof name);
    return name;
}

size_t base_cpu_affinity(void) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set))
        online = CPU_COUNT(&set);
#endif
    return online > 0 ? (size_t)online : 1;
}

static long long read_number(const char *path) {
    long long value = -1;
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%lld", &value) != 1)
        value = -1;
    if (f)
        fclose(f);
    return value;
}

size_t base_cpu_quota(void) {
    long long quota = -1, period = -1;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (f) {
        if (fscanf(f, "%lld %lld", &quota, &period) != 2)
            quota = -1;
        fclose(f);
    } else {
        quota = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
        period = read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
    }
    return quota > 0 && period > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

size_t base_cpu_threads(void) {
    size_t affinity = base_cpu_affinity(), quota = base_cpu_quota();
    return quota && quota < affinity ? quota : affinity;
}

size_t base_cpu_peak_memory(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (size_t)usage.ru_maxrss * 1024;
}

double base_cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
