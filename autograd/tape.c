#include "autograd/tape.h"

#include "autograd/blocks.h"
#include "autograd/op.h"
#include "base/arena.h"
#include "base/memory.h"
#include "base/random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tape {
    base_arena *arena;   /* nodes, values, saved buffers, gradients */
    base_arena *scratch; /* operators' temporary memory */
    tape_blocks blocks;
    tape_mode mode;
    base_random random; /* of the pass */
    const kernel_table *kernels;
    tape_node *last;
    tape_listener listener;
    base_profile *profile;
    base_error error;
};

tape *tape_new(size_t bytes, size_t scratch, base_error *error) {
    tape *t = base_alloc(1, sizeof *t, error);
    if (!t)
        return NULL;
    t->arena = base_arena_new(bytes, error);
    t->scratch = t->arena ? base_arena_new(scratch, error) : NULL;
    t->kernels = kernel_best();
    if (t->scratch)
        return t;
    tape_free(t);
    return NULL;
}

void tape_free(tape *t) {
    if (!t)
        return;
    base_arena_free(t->arena);
    base_arena_free(t->scratch);
    free(t);
}

void tape_begin(tape *t, const tape_mode *mode) {
    base_arena_clear(t->arena);
    base_arena_clear(t->scratch);
    tape_blocks_clear(&t->blocks);
    t->mode = *mode;
    t->random = base_random_stream(mode->seed, "choices of a pass");
    t->random.key = base_random_mix(t->random.key, mode->step);
    t->last = NULL;
    t->error = (base_error){0};
}

const tape_mode *tape_get_mode(const tape *t) {
    return &t->mode;
}

base_random *tape_random(tape *t) {
    return &t->random;
}

base_error *tape_error(tape *t) {
    return &t->error;
}

const kernel_table *tape_kernels(const tape *t) {
    return t->kernels;
}

void tape_set_kernels(tape *t, const kernel_table *kernels) {
    t->kernels = kernels;
}

size_t tape_peak_bytes(const tape *t) {
    return base_arena_peak(t->arena) + base_arena_peak(t->scratch);
}

void tape_set_profile(tape *t, base_profile *profile) {
    t->profile = profile;
}

void tape_listen(tape *t, const tape_listener *listener) {
    t->listener = listener ? *listener : (tape_listener){0};
}

static void *take(tape *t, base_arena *arena, size_t bytes) {
    void *memory = base_ok(&t->error) ? base_arena_take(arena, bytes) : NULL;
    if (!memory)
        base_fail(&t->error, BASE_FAILED, "the tape's %zu bytes are used up: %zu more are wanted",
                  base_arena_reserved(arena), bytes);
    return memory;
}

void *op_scratch(tape *t, size_t bytes) {
    return take(t, t->scratch, bytes);
}

static void *take_block(tape *t, size_t size) {
    void *at = tape_blocks_take(&t->blocks, t->arena, size);
    if (!at)
        base_fail(&t->error, BASE_FAILED, "the tape's %zu bytes are used up: %zu more are wanted",
                  base_arena_reserved(t->arena), size);
    return at;
}

static tape_node *new_node(tape *t) {
    tape_node *n = take(t, t->arena, sizeof *n);
    if (n)
        *n = (tape_node){0};
    return n;
}

tape_node *tape_input(tape *t, size_t rows, size_t cols, const real *values) {
    tape_node *n = new_node(t);
    if (!n)
        return NULL;
    n->rows = rows;
    n->cols = cols;
    memcpy(&n->value, &values, sizeof values); /* read only, by convention of inputs */
    return n;
}

void *tape_memory(tape *t, size_t rows, size_t cols, size_t size) {
    size_t bytes;
    bool fits = base_size_mul(rows, cols, &bytes) && base_size_mul(bytes, size, &bytes);
    return take(t, t->arena, fits ? bytes : SIZE_MAX);
}

tape_node *tape_leaf(tape *t, tape_param *param) {
    tape_node *n = tape_input(t, param->rows, param->cols, param->value);
    if (!n)
        return NULL;
    n->param = param;
    n->wants_grad = t->mode.record && param->grad;
    return n;
}

bool op_fail(tape *t, const tape_node *n, const char *format, ...) {
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return base_fail(&t->error, BASE_FAILED, "op %s: %s", n->def->name, reason);
}

static bool node_bytes(const tape_node *n, size_t *bytes) {
    return base_size_mul(n->rows, n->cols, bytes) && base_size_mul(*bytes, sizeof(real), bytes);
}

/* Value, saved buffer and a copy of the settings. */
static bool allocate(tape *t, tape_node *n, const void *attr, size_t attr_size) {
    size_t bytes;
    if (!node_bytes(n, &bytes))
        return op_fail(t, n, "%zu rows of %zu columns are more than memory can hold", n->rows,
                       n->cols);
    n->value = take_block(t, bytes);
    n->owns_value = true;
    if (!n->wants_grad)
        n->saved_bytes = 0;
    else if (n->saved_bytes)
        n->saved = take(t, t->arena, n->saved_bytes);
    if (attr_size) {
        void *copy = take(t, t->arena, attr_size);
        if (copy)
            memcpy(copy, attr, attr_size);
        n->attr = copy;
    }
    return base_ok(&t->error);
}

/* Bytes of a node's numbers; of a table that is looked up, those that `reader` takes. */
static double value_bytes(const tape_node *n, const tape_node *reader) {
    const tape_node *counted = n->param && n->param->sparse ? reader : n;
    return (double)counted->rows * (double)counted->cols * sizeof(real);
}

/* What a pass over the operator reads and writes at least. */
static double traffic(const tape_node *n, bool backward) {
    double bytes = value_bytes(n, n) + (double)n->saved_bytes;
    for (size_t i = 0; i < n->inputs; i++)
        if (n->in[i])
            bytes += value_bytes(n->in[i], n) * (backward && n->in[i]->wants_grad ? 2 : 1);
    return bytes;
}

static void run_forward(tape *t, tape_node *n) {
    n->def->forward(t, n);
    base_arena_clear(t->scratch);
    if (t->profile)
        base_profile_lap(t->profile, n->def->name, "forward", n->def->flops ? n->def->flops(n) : 0,
                         traffic(n, false));
}

tape_node *op_apply(tape *t, const op_def *def, tape_node *const *in, size_t inputs,
                    const void *attr, size_t attr_size) {
    tape_node *n = base_ok(&t->error) ? new_node(t) : NULL;
    if (!n)
        return NULL;
    n->def = def;
    n->inputs = inputs;
    n->attr = attr;
    if (inputs > TAPE_MAX_INPUTS) {
        op_fail(t, n, "%zu inputs, expected at most %d", inputs, TAPE_MAX_INPUTS);
        return NULL;
    }
    for (size_t i = 0; i < inputs; i++) {
        n->in[i] = in[i];
        n->wants_grad = n->wants_grad || (in[i] && in[i]->wants_grad);
    }
    if (!def->shape(t, n) || !allocate(t, n, attr, attr_size))
        return NULL;
    run_forward(t, n);
    n->previous = t->last;
    t->last = n;
    return base_ok(&t->error) ? n : NULL;
}

void tape_release(tape *t, tape_node *n) {
    size_t bytes;
    if (!n || t->mode.record || !n->owns_value || !node_bytes(n, &bytes))
        return;
    tape_blocks_give(&t->blocks, n->value, bytes);
    n->owns_value = false;
    n->value = NULL;
}

const real *op_upstream(const tape_node *n) {
    return n->grad;
}

static real *param_grad_write(tape *t, tape_param *p, real *beta) {
    if (p->sparse) { /* its block has only as many rows as were looked up */
        base_fail(
            &t->error, BASE_FAILED,
            "a dense gradient reaches %s, whose gradient is row-sparse: only op_embedding can "
            "use it while it is trained",
            p->name ? p->name : "a parameter");
        return NULL;
    }
    *beta = p->has_grad ? 1 : 0;
    p->has_grad = true;
    return p->grad;
}

void op_grad_reserve(tape *t, tape_node *node) {
    size_t bytes;
    if (node && node->wants_grad && !node->param && !node->grad && node_bytes(node, &bytes))
        node->grad = take_block(t, bytes);
}

real *op_grad_write(tape *t, tape_node *node, real *beta) {
    *beta = 0;
    if (!node || !node->wants_grad)
        return NULL;
    if (node->param)
        return param_grad_write(t, node->param, beta);
    *beta = node->has_grad ? 1 : 0;
    op_grad_reserve(t, node);
    node->has_grad = node->grad != NULL;
    return node->grad;
}

real *op_grad(tape *t, tape_node *node) {
    real beta;
    real *grad = op_grad_write(t, node, &beta);
    if (grad && beta == 0)
        memset(grad, 0, node->rows * node->cols * sizeof *grad);
    return grad;
}

static void run_backward(tape *t, tape_node *n) {
    n->def->backward(t, n);
    base_arena_clear(t->scratch);
    if (!t->profile)
        return;
    double products = 0; /* one for each of the two factors that wants a gradient */
    for (size_t i = 0; i < 2 && i < n->inputs; i++)
        products += n->in[i] && n->in[i]->wants_grad;
    base_profile_lap(t->profile, n->def->name, "backward",
                     n->def->flops ? products * n->def->flops(n) : 0, traffic(n, true));
}

static void drop_grad(tape *t, tape_node *n) {
    size_t bytes;
    if (n->grad && node_bytes(n, &bytes))
        tape_blocks_give(&t->blocks, n->grad, bytes);
    n->grad = NULL;
    n->has_grad = false;
}

static bool start_grad(tape *t, tape_node *node, const real *upstream) {
    if (!upstream && node->rows * node->cols != 1)
        return base_fail(&t->error, BASE_FAILED,
                         "backward from a %zu x %zu node needs an upstream gradient", node->rows,
                         node->cols);
    real beta, one = 1;
    real *grad = op_grad_write(t, node, &beta);
    if (grad)
        memcpy(grad, upstream ? upstream : &one, node->rows * node->cols * sizeof *grad);
    return base_ok(&t->error);
}

bool tape_backward(tape *t, tape_node *node, const real *upstream) {
    if (!node || !base_ok(&t->error))
        return false;
    if (!t->mode.record)
        return base_fail(&t->error, BASE_FAILED, "backward through a tape that does not record");
    if (!node->def || !node->wants_grad)
        return true;
    if (!start_grad(t, node, upstream))
        return false;
    for (tape_node *n = node; n; n = n->previous) {
        if (t->listener.back)
            t->listener.back(t->listener.context, n->milestone);
        if (!n->has_grad)
            continue;
        if (base_ok(&t->error))
            run_backward(t, n);
        drop_grad(t, n);
    }
    return base_ok(&t->error);
}

void op_aside_begin(tape *t, op_aside *aside) {
    *aside = (op_aside){t->last, base_arena_used(t->arena), t->blocks};
    t->last = NULL;
}

void op_aside_end(tape *t, const op_aside *aside) {
    base_arena_rewind(t->arena, aside->used);
    t->blocks = aside->blocks;
    t->last = aside->last;
}

uint64_t op_dropout_key(const tape *t, const tape_layout *layout, size_t text, size_t position,
                        uint32_t site) {
    uint64_t example = layout->example ? layout->example[text] : text;
    uint64_t column = layout->column ? layout->column[text] : 0;
    uint64_t key = base_random_mix(t->mode.seed, t->mode.step);
    key = base_random_mix(key, example << 32 | column);
    return base_random_mix(key, (uint64_t)site << 32 | position);
}
