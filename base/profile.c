#include "base/profile.h"

#include "base/cpu.h"

#include <string.h>

void base_profile_start(base_profile *p) {
    *p = (base_profile){0};
    p->start = p->last = base_cpu_seconds();
}

static base_profile_row *find(base_profile *p, const char *name, const char *phase) {
    for (size_t i = 0; i < p->rows; i++)
        if (!strcmp(p->row[i].name, name) && !strcmp(p->row[i].phase, phase))
            return &p->row[i];
    if (p->rows == BASE_PROFILE_ROWS)
        return &p->row[BASE_PROFILE_ROWS - 1];
    p->row[p->rows] = (base_profile_row){.name = name, .phase = phase};
    return &p->row[p->rows++];
}

void base_profile_lap(base_profile *p, const char *name, const char *phase, double flops,
                      double bytes) {
    if (!p)
        return;
    double now = base_cpu_seconds();
    base_profile_row *row = find(p, name, phase);
    row->laps++;
    row->seconds += now - p->last;
    row->flops += flops;
    row->bytes += bytes;
    p->last = now;
}
