/* Dropout of the sentence embedding, in training (Srivastava et al. 2014). */
#include "nn/module.h"

#include "base/json.h"

/* Sites of dropout masks: far from those of any encoder's layers. */
enum { FIRST_SITE = 1 << 20 };

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    (void)set;
    m->dropout = 0.2;
    return base_json_real(config, "dropout", 0, 1 - 0x1p-20, &m->dropout, where, error);
}

static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    if (!tape_get_mode(p->tape)->dropout || m->dropout <= 0)
        return x;
    return op_dropout(p->tape, p->layout, x, m->dropout, FIRST_SITE + m->index);
}

static void describe(const nn_module *m, base_json_writer *w) {
    base_json_put_number(w, "dropout", m->dropout, 0);
}

static const char *const keys[] = {"dropout", NULL};

const nn_module_def nn_module_dropout_def = {.kind = "Dropout",
                                             .python_type = "sentence_transformers.models.Dropout",
                                             .keys = keys,
                                             .configure = configure,
                                             .forward = forward,
                                             .describe = describe};
