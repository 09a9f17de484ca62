#include "cli/threads.h"

#include "autograd/runtime.h"
#include "base/log.h"
#include "base/threads.h"

static void warn(const dist_ranks *ranks) {
    size_t threads = base_threads_count(), share = ranks->cpus / ranks->neighbours;
    if (ranks->neighbours > 1 && threads > 1 && threads * ranks->neighbours > ranks->cpus)
        base_log(BASE_LOG_WARNING,
                 "%zu ranks on this host compute by %zu threads each, but it has %zu CPUs for "
                 "them: they will wait for one another; --threads %zu gives each its part",
                 ranks->neighbours, threads, ranks->cpus, share ? share : 1);
}

bool cli_threads_start(const dist_ranks *ranks, size_t threads, base_error *error) {
    if (!tape_runtime_start(threads, error))
        return false;
    if (ranks->size == 1)
        base_threads_pin();
    else if (!threads)
        warn(ranks);
    return true;
}
