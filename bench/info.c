#include "bench/bench.h"
#include "bench/child.h"

bool bench_info(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    bench_series seconds = {0};
    bench_child child;
    const char *argv[] = {b->sbert, "info", b->model[c->model].folder, NULL};
    for (size_t turn = 0; turn < b->repeat; turn++) {
        bool ok = bench_child_run(argv, NULL, &child, error);
        base_bytes_free(&child.out);
        if (!ok)
            return false;
        bench_series_add(&seconds, child.seconds);
    }
    bench_report(c->name, "seconds", &seconds, NULL);
    cJSON_AddItemToObject(result, "ours", bench_series_json(&seconds));
    return true;
}
