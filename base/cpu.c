#define _GNU_SOURCE
#include "base/cpu.h"

#include "base/memory.h"

#include <limits.h>
#include <math.h>
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

bool base_cpu_has_bf16(void) {
#if defined(__x86_64__) && !defined(SBERT_PORTABLE)
    return __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
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

/* Where a version of cgroups keeps the quota and the period of a group, in one file or in two. */
static const struct {
    const char *mount, *file[2];
} cgroups[] = {
    {"/sys/fs/cgroup", {"cpu.max"}},
    {"/sys/fs/cgroup/cpu", {"cpu.cfs_quota_us", "cpu.cfs_period_us"}},
};

static double read_quota(const char *root, size_t version, const char *group) {
    double number[2] = {-1, -1};
    size_t known = 0;
    for (size_t i = 0; i < 2 && cgroups[version].file[i]; i++) {
        char *path =
            base_format("%s%s%s/%s", root, cgroups[version].mount, group, cgroups[version].file[i]);
        FILE *f = path ? fopen(path, "r") : NULL;
        while (f && known < 2 && fscanf(f, "%lf", &number[known]) == 1)
            known++;
        if (f)
            fclose(f);
        free(path);
    }
    return number[0] > 0 && number[1] > 0 ? number[0] / number[1] : HUGE_VAL;
}

/* A group is held by the quotas of those above it, too. */
static double least_quota(const char *root, size_t version, char *group) {
    double least = read_quota(root, version, group);
    for (char *slash; (slash = strrchr(group, '/'));) {
        *slash = '\0';
        least = fmin(least, read_quota(root, version, group));
    }
    return least;
}

/* A line of /proc/self/cgroup, "ID:CONTROLLERS:GROUP": version 2 has no controllers, of version 1
 * the line with the controller "cpu" counts (cgroups(7)). */
static double quota_of_line(const char *root, char *line) {
    char *controllers = strchr(line, ':'),
         *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return HUGE_VAL;
    *controllers++ = *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (!controllers[0])
        return least_quota(root, 0, group);
    for (char *rest, *name = strtok_r(controllers, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest))
        if (!strcmp(name, "cpu"))
            return least_quota(root, 1, group);
    return HUGE_VAL;
}

size_t base_cpu_quota(const char *root) {
    char line[PATH_MAX + 256], *path = base_format("%s/proc/self/cgroup", root);
    FILE *f = path ? fopen(path, "r") : NULL;
    double least = HUGE_VAL;
    while (f && fgets(line, sizeof line, f))
        least = fmin(least, quota_of_line(root, line));
    if (f)
        fclose(f);
    free(path);
    return isfinite(least) ? (size_t)ceil(least) : 0;
}

size_t base_cpu_threads(void) {
    size_t affinity = base_cpu_affinity(), quota = base_cpu_quota("");
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
