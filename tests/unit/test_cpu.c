/* The cgroup quota, read from made-up /proc and /sys. */
#include "base/cpu.h"
#include "base/file.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void write_in(const char *folder, const char *name, const char *text) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path(folder), &error), "%s", error.text);
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fixture_text(path, text);
}

static void expect_quota(size_t expected) {
    size_t found = base_cpu_quota(fixture_folder());
    cr_expect_eq(found, expected, "found %zu, expected %zu", found, expected);
}

Test(cpu, quota_of_version_2_is_the_smallest_from_the_own_group_up) {
    expect_quota(0); /* no cgroups at all */
    write_in("proc/self", "cgroup", "0::/outer/inner\n");
    write_in("sys/fs/cgroup", "cpu.max", "max 100000\n");
    expect_quota(0);
    write_in("sys/fs/cgroup/outer/inner", "cpu.max", "350000 100000\n");
    expect_quota(4);
    write_in("sys/fs/cgroup/outer", "cpu.max", "150000 100000\n");
    expect_quota(2);
    write_in("sys/fs/cgroup/outer/inner", "cpu.max", "50000 100000\n");
    expect_quota(1);
    write_in("sys/fs/cgroup/another", "cpu.max", "10000 100000\n");
    write_in("proc/self", "cgroup", "0::/another/that/is/gone\n");
    expect_quota(1);
    write_in("proc/self", "cgroup", "0::/\n");
    expect_quota(0);
}

Test(cpu, quota_of_version_1_is_that_of_the_cpu_controller) {
    write_in("proc/self", "cgroup", "3:cpuset:/set\n2:cpu,cpuacct:/job\n1:memory:/m\n");
    write_in("sys/fs/cgroup/cpu/set", "cpu.cfs_quota_us", "100000\n");
    write_in("sys/fs/cgroup/cpu/set", "cpu.cfs_period_us", "100000\n");
    expect_quota(0);
    write_in("sys/fs/cgroup/cpu/job", "cpu.cfs_quota_us", "-1\n");
    write_in("sys/fs/cgroup/cpu/job", "cpu.cfs_period_us", "100000\n");
    expect_quota(0);
    write_in("sys/fs/cgroup/cpu/job", "cpu.cfs_quota_us", "600000\n");
    expect_quota(6);
    write_in("sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "250000\n");
    write_in("sys/fs/cgroup/cpu", "cpu.cfs_period_us", "100000\n");
    expect_quota(3);
}
