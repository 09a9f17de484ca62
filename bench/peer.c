#include "bench/bench.h"
#include "bench/child.h"

bool bench_peer_number(const char *const *argv, const char *key, double *out, base_error *error) {
    bench_child child;
    bool ok = bench_child_run(argv, NULL, &child, error);
    cJSON *object = ok ? base_json_parse(child.out.data, child.out.size, argv[2], 1, error) : NULL;
    ok = object && base_json_real(object, key, 0, 1e15, out, argv[2], error);
    cJSON_Delete(object);
    base_bytes_free(&child.out);
    return ok;
}
