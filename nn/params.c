#include "nn/params.h"

#include "base/arena.h"
#include "base/memory.h"
#include "base/threads.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct param_record {
    tape_param param;
    char *name;
    bool sparse, linear, frozen;
    nn_init init;
    double scale;
    size_t offset; /* in each of the training blocks */
    real *m, *v;
    tape_sparse slots;
} param_record;

struct nn_params {
    param_record *records;
    size_t count, capacity;
    nn_param_view *views;
    size_t view_count, view_capacity;
    base_arena *values, *training;
    real *gradients; /* of all tensors, dense ones first: `dense` numbers */
    size_t dense;
};

nn_params *nn_params_new(base_error *error) {
    return base_alloc(1, sizeof(nn_params), error);
}

void nn_params_free(nn_params *set) {
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        free(set->records[i].name);
    for (size_t i = 0; i < set->view_count; i++) {
        char *name;
        memcpy(&name, &set->views[i].name, sizeof name);
        free(name);
    }
    base_arena_free(set->values);
    base_arena_free(set->training);
    free(set->records);
    free(set->views);
    free(set);
}

static char *copy_name(const char *name, base_error *error) {
    char *copy = base_copy(name, strlen(name));
    if (!copy)
        base_fail(error, BASE_FAILED, "out of memory");
    return copy;
}

static size_t elements_of(const param_record *r) {
    return r->param.rows * r->param.cols;
}

static bool check_spec(const nn_params *set, const nn_param_spec *spec, base_error *error) {
    size_t bytes;
    if (set->values)
        return base_fail(error, BASE_FAILED, "tensor %s is declared after the set was allocated",
                         spec->name);
    if (nn_params_find(set, spec->name) != SIZE_MAX)
        return base_fail(error, BASE_FAILED, "tensor %s is declared twice", spec->name);
    if (!base_size_mul(spec->rows, spec->cols, &bytes) ||
        !base_size_mul(bytes, sizeof(real), &bytes) || spec->rows > UINT32_MAX)
        return base_fail(error, BASE_BAD_INPUT,
                         "tensor %s of %zu rows and %zu columns is more than memory can hold",
                         spec->name, spec->rows, spec->cols);
    return true;
}

size_t nn_params_add(nn_params *set, const nn_param_spec *spec, base_error *error) {
    if (!check_spec(set, spec, error) ||
        !base_grow(&set->records, &set->capacity, set->count + 1, sizeof *set->records, error))
        return SIZE_MAX;
    char *name = copy_name(spec->name, error);
    if (!name)
        return SIZE_MAX;
    set->records[set->count] = (param_record){
        .param = {.name = name,
                  .rows = spec->rows ? spec->rows : 1,
                  .cols = spec->cols,
                  .decay = spec->decay},
        .name = name,
        .sparse = spec->sparse,
        .linear = spec->linear,
        .init = spec->init,
        .scale = spec->scale,
    };
    return set->count++;
}

static bool check_view(const nn_params *set, const nn_param_view *view, base_error *error) {
    size_t n = 1;
    for (size_t i = 0; i < view->dim_count; i++)
        if (!base_size_mul(n, view->dims[i], &n))
            n = SIZE_MAX;
    size_t all = view->param < set->count ? elements_of(&set->records[view->param]) : 0;
    if (view->offset > all || n > all - view->offset)
        return base_fail(error, BASE_FAILED, "view %s lies outside of its tensor", view->name);
    for (size_t i = 0; i < set->view_count; i++)
        if (!strcmp(set->views[i].name, view->name))
            return base_fail(error, BASE_FAILED, "view %s is declared twice", view->name);
    return true;
}

bool nn_params_view(nn_params *set, const nn_param_view *view, base_error *error) {
    if (!check_view(set, view, error) ||
        !base_grow(&set->views, &set->view_capacity, set->view_count + 1, sizeof *view, error))
        return false;
    nn_param_view copy = *view;
    copy.name = copy_name(view->name, error);
    if (!copy.name)
        return false;
    set->views[set->view_count++] = copy;
    return true;
}

size_t nn_params_add_whole(nn_params *set, const nn_param_spec *spec, base_error *error) {
    size_t param = nn_params_add(set, spec, error);
    nn_param_view matrix = {spec->name, param, 0, {spec->rows, spec->cols}, 2};
    nn_param_view vector = {spec->name, param, 0, {spec->cols, 0}, 1};
    bool ok = param != SIZE_MAX && nn_params_view(set, spec->rows ? &matrix : &vector, error);
    return ok ? param : SIZE_MAX;
}

/* Adds what an arena needs for one block: alignment and, under the sanitizer, a red zone. */
static bool add_block(size_t *total, size_t count, size_t size) {
    enum { AROUND = 128 };
    size_t bytes;
    return base_size_mul(count, size, &bytes) && base_size_add(bytes, AROUND, &bytes) &&
           base_size_add(*total, bytes, total);
}

static base_arena *new_arena(size_t bytes, bool fits, base_error *error) {
    if (fits)
        return base_arena_new(bytes, error);
    base_fail(error, BASE_BAD_INPUT, "the model's tensors are more than memory can hold");
    return NULL;
}

bool nn_params_allocate(nn_params *set, base_error *error) {
    size_t bytes = 0;
    bool fits = add_block(&bytes, 1, 1);
    for (size_t i = 0; i < set->count; i++)
        fits = fits && add_block(&bytes, elements_of(&set->records[i]), sizeof(real));
    set->values = new_arena(bytes, fits, error);
    for (size_t i = 0; set->values && i < set->count; i++) {
        param_record *r = &set->records[i];
        r->param.value = base_arena_take(set->values, elements_of(r) * sizeof(real));
    }
    return set->values != NULL;
}

typedef struct fill_job {
    const param_record *record;
    base_random stream;
} fill_job;

static double draw(const param_record *r, base_random *stream) {
    return r->scale * (r->init == NN_INIT_NORMAL ? base_random_normal(stream)
                                                 : 2 * base_random_uniform(stream) - 1);
}

/* Element i is drawn at counter 2 i, so that ranges may be filled by any thread. */
static void fill_range(void *context, size_t begin, size_t end) {
    const fill_job *job = context;
    const param_record *r = job->record;
    bool constant = r->init == NN_INIT_ZERO || r->init == NN_INIT_ONE;
    for (size_t i = begin; i < end; i++) {
        base_random stream = {job->stream.key, 2 * i};
        r->param.value[i] = constant ? (real)(r->init == NN_INIT_ONE) : (real)draw(r, &stream);
    }
}

void nn_params_init(nn_params *set, uint64_t seed) {
    enum { GRAIN = 1 << 16 };
    for (size_t i = 0; i < set->count; i++) {
        const param_record *r = &set->records[i];
        fill_job job = {r, base_random_stream(seed, r->name)};
        base_threads_range(elements_of(r), GRAIN, fill_range, &job);
    }
    nn_params_changed(set);
}

bool nn_params_is_linear(const nn_params *set, size_t param) {
    return set->records[param].linear;
}

void nn_params_freeze(nn_params *set, size_t param) {
    set->records[param].frozen = true;
}

void nn_params_freeze_all(nn_params *set) {
    for (size_t i = 0; i < set->count; i++)
        nn_params_freeze(set, i);
}

void nn_params_make_dense(nn_params *set, size_t param) {
    set->records[param].sparse = false;
}

enum { ALIGNED = 64 / sizeof(real) };

/* Places in the blocks of gradients, m and v, each tensor's aligned: dense tensors first, so that
 * their gradients are one range. */
static bool place(nn_params *set, bool sparse, size_t *end) {
    for (size_t i = 0; i < set->count; i++) {
        param_record *r = &set->records[i];
        if (r->frozen || r->sparse != sparse)
            continue;
        r->offset = *end;
        if (!base_size_add(*end, elements_of(r) + ALIGNED - 1, end))
            return false;
        *end -= *end % ALIGNED;
    }
    return true;
}

static bool training_bytes(nn_params *set, size_t *elements, size_t *bytes) {
    enum { BLOCKS = 3 }; /* gradients, m, v */
    bool fits = place(set, false, elements);
    set->dense = *elements;
    fits = fits && place(set, true, elements) && add_block(bytes, 1, 1);
    for (int block = 0; block < BLOCKS; block++)
        fits = fits && add_block(bytes, *elements, sizeof(real));
    for (size_t i = 0; i < set->count; i++)
        for (int table = 0; set->records[i].sparse && table < 2; table++)
            fits = fits && add_block(bytes, set->records[i].param.rows, sizeof(uint32_t));
    return fits;
}

static void take_slots(base_arena *arena, param_record *r) {
    r->slots.slot_of = base_arena_take(arena, r->param.rows * sizeof(uint32_t));
    r->slots.row = base_arena_take(arena, r->param.rows * sizeof(uint32_t));
    r->param.sparse = &r->slots;
}

bool nn_params_train(nn_params *set, base_error *error) {
    if (set->training)
        return true;
    size_t elements = 0, bytes = 0;
    bool fits = training_bytes(set, &elements, &bytes);
    set->training = new_arena(bytes, fits, error);
    if (!set->training)
        return false;
    /* Fresh pages are zero. */
    set->gradients = base_arena_take(set->training, elements * sizeof(real));
    real *m = base_arena_take(set->training, elements * sizeof(real));
    real *v = base_arena_take(set->training, elements * sizeof(real));
    for (size_t i = 0; i < set->count; i++) {
        param_record *r = &set->records[i];
        if (r->frozen)
            continue;
        r->param.grad = set->gradients + r->offset;
        r->m = m + r->offset;
        r->v = v + r->offset;
        if (r->sparse)
            take_slots(set->training, r);
    }
    return true;
}

real *nn_params_gradients(nn_params *set, size_t *count) {
    return nn_params_gradients_of(set, 0, set->count, count);
}

real *nn_params_gradients_of(nn_params *set, size_t first, size_t tensors, size_t *count) {
    size_t begin = set->dense, end = begin;
    for (size_t i = first; set->gradients && i < first + tensors; i++) {
        const param_record *r = &set->records[i];
        if (r->frozen || r->sparse)
            continue;
        if (!r->param.has_grad)
            memset(r->param.grad, 0, elements_of(r) * sizeof(real));
        begin = r->offset < begin ? r->offset : begin;
        end = r->offset + elements_of(r) + ALIGNED - 1;
        end -= end % ALIGNED;
    }
    *count = end - begin;
    return set->gradients ? set->gradients + begin : NULL;
}

size_t nn_params_count(const nn_params *set) {
    return set->count;
}

tape_param *nn_params_at(nn_params *set, size_t param) {
    return &set->records[param].param;
}

size_t nn_params_find(const nn_params *set, const char *name) {
    for (size_t i = 0; i < set->count; i++)
        if (!strcmp(set->records[i].name, name))
            return i;
    return SIZE_MAX;
}

real *nn_params_m(nn_params *set, size_t param) {
    return set->records[param].m;
}

real *nn_params_v(nn_params *set, size_t param) {
    return set->records[param].v;
}

size_t nn_params_views(const nn_params *set) {
    return set->view_count;
}

const nn_param_view *nn_params_view_at(const nn_params *set, size_t view) {
    return &set->views[view];
}

size_t nn_params_elements(const nn_params *set) {
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++)
        n += elements_of(&set->records[i]);
    return n;
}

size_t nn_params_trainable(const nn_params *set) {
    size_t n = 0;
    for (size_t i = 0; i < set->count; i++)
        n += set->records[i].frozen ? 0 : elements_of(&set->records[i]);
    return n;
}

void nn_params_changed(nn_params *set) {
    for (size_t i = 0; i < set->count; i++)
        tape_param_changed(&set->records[i].param);
}
