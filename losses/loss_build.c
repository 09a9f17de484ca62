#include "base/memory.h"
#include "losses/loss.h"

static bool fail(const loss *l, tape *t, const char *what, size_t found, size_t expected) {
    return base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: %zu %s, expected %zu",
                     loss_definition(l)->name, found, what, expected);
}

static bool check_columns(const loss *l, tape *t, tape_node *const *nodes, size_t columns) {
    const loss_def *def = loss_definition(l);
    if (columns < def->min_columns)
        return fail(l, t, "text columns, too few", columns, def->min_columns);
    if (columns > def->max_columns)
        return fail(l, t, "text columns, too many", columns, def->max_columns);
    for (size_t i = 0; i < columns; i++)
        if (!nodes[i])
            return base_fail(tape_error(t), BASE_FAILED, "loss %s: no embeddings of column %zu",
                             def->name, i);
        else if (nodes[i]->cols != loss_get_setting(l)->width)
            return fail(l, t, "columns of an embedding", nodes[i]->cols,
                        loss_get_setting(l)->width);
    return true;
}

static bool check_target(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                         const loss_target *target) {
    static const char *const names[] = {"no target", "labels", "scores"};
    const loss_def *def = loss_definition(l);
    for (size_t i = 0; i < columns; i++)
        if (nodes[i]->rows != target->examples)
            return fail(l, t, "rows of embeddings", nodes[i]->rows, target->examples);
    bool there =
        def->target == DATA_TARGET_NONE ||
        (def->target == target->kind &&
         (def->target == DATA_TARGET_CLASS ? target->label != NULL : target->score != NULL));
    return there ||
           base_fail(tape_error(t), BASE_BAD_INPUT, "loss %s: the data has %s, expected %s",
                     def->name, names[target->kind], names[def->target]);
}

tape_node *loss_build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                      const loss_target *target) {
    if (!base_ok(tape_error(t)) || !check_columns(l, t, nodes, columns) ||
        !check_target(l, t, nodes, columns, target))
        return NULL;
    return loss_definition(l)->build(l, t, nodes, columns, target);
}

tape_node *loss_logits(const loss *l, tape *t, tape_node *const *nodes) {
    enum { PAIR = 2 };
    if (!base_ok(tape_error(t)) || !check_columns(l, t, nodes, PAIR))
        return NULL;
    return loss_definition(l)->logits(l, t, nodes);
}

static bool add_product(size_t *sum, size_t a, size_t b, size_t times) {
    size_t product;
    return base_size_mul(a, b, &product) && base_size_mul(product, times, &product) &&
           base_size_add(*sum, product, sum);
}

/* Generous: no loss keeps more than BLOCKS buffers of any kind, and pages are touched lazily. */
bool loss_tape_bytes(const loss *l, size_t examples, size_t columns, size_t *bytes) {
    enum { BLOCKS = 16 * sizeof(real), SMALL = 1 << 20 };
    const loss_setting *s = loss_get_setting(l);
    size_t texts, width;
    *bytes = SMALL;
    return base_size_mul(examples, columns, &texts) &&
           base_size_add(s->width, s->classes, &width) && add_product(&width, s->width, 1, 4) &&
           add_product(bytes, texts, width, BLOCKS) && add_product(bytes, texts, examples, BLOCKS);
}
