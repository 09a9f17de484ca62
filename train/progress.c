#include "train/progress.h"

void train_meter_add(train_meter *m, double loss, size_t rows, size_t tokens, double seconds) {
    m->loss += loss;
    m->seconds += seconds;
    m->steps++;
    m->rows += rows;
    m->tokens += tokens;
    m->all_seconds += seconds;
    m->all_steps++;
    m->all_rows += rows;
}

void train_meter_report(train_meter *m, size_t left, train_progress *p) {
    double seconds = m->seconds > 1e-9 ? m->seconds : 1e-9;
    p->loss = m->loss / (double)m->steps;
    p->seconds = m->seconds;
    p->pairs_per_second = (double)m->rows / seconds;
    p->tokens_per_second = (double)m->tokens / seconds;
    p->seconds_left = m->all_seconds / (double)m->all_steps * (double)left;
    *m = (train_meter){
        .all_seconds = m->all_seconds, .all_steps = m->all_steps, .all_rows = m->all_rows};
}
