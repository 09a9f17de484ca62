#include "autograd/helpers/shapes.h"

bool op_shape_as_both(tape *t, tape_node *n, const char *a, const char *b) {
    const tape_node *x = n->in[0], *y = n->in[1];
    if (!x || !y || x->rows != y->rows || x->cols != y->cols)
        return op_fail(t, n, "%s is [%zu, %zu] and %s [%zu, %zu], expected equal shapes", a,
                       x ? x->rows : 0, x ? x->cols : 0, b, y ? y->rows : 0, y ? y->cols : 0);
    n->rows = x->rows;
    n->cols = x->cols;
    return true;
}

bool op_shape_all_rows(tape *t, tape_node *n) {
    const tape_node *a = n->in[0], *c = n->in[1];
    if (!a || !c || a->cols != c->cols)
        return op_fail(t, n, "a is [%zu, %zu] and c [%zu, %zu], expected equal columns",
                       a ? a->rows : 0, a ? a->cols : 0, c ? c->rows : 0, c ? c->cols : 0);
    n->rows = a->rows;
    n->cols = c->rows;
    return true;
}

bool op_shape_as_first(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    if (!x)
        return op_fail(t, n, "the input is missing");
    n->rows = x->rows;
    n->cols = x->cols;
    return true;
}

bool op_shape_scalar(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    if (!x || x->rows == 0 || x->cols == 0)
        return op_fail(t, n, "x is [%zu, %zu], expected at least one element", x ? x->rows : 0,
                       x ? x->cols : 0);
    n->rows = n->cols = 1;
    return true;
}

bool op_shape_tokens(tape *t, tape_node *n, const tape_layout *layout) {
    const tape_node *x = n->in[0];
    if (!x || !layout || x->rows != layout->tokens)
        return op_fail(t, n, "x has %zu rows, expected one for each of %zu tokens", x ? x->rows : 0,
                       layout ? layout->tokens : 0);
    if (layout->start[0] != 0 || layout->start[layout->texts] != layout->tokens)
        return op_fail(t, n, "texts do not cover the %zu tokens", layout->tokens);
    for (size_t s = 0; s < layout->texts; s++)
        if (layout->start[s] >= layout->start[s + 1])
            return op_fail(t, n, "text %zu has no token", s);
    return true;
}

bool op_shape_tokens_or_texts(tape *t, tape_node *n, const tape_layout *layout) {
    const tape_node *x = n->in[0];
    return (x && layout && x->rows == layout->texts) || op_shape_tokens(t, n, layout);
}
