#include "nn/model.h"

#include "base/memory.h"
#include "nn/carried.h"

#include <stdlib.h>

const nn_model_options nn_model_as_is = {
    .normalize = -1, .hidden_dropout = -1, .attention_dropout = -1};

void nn_model_free(nn_model *m) {
    if (!m)
        return;
    data_tokenizer_free(m->tokenizer);
    nn_encoder_free(m->encoder);
    nn_params_free(m->module_params);
    nn_carried_free(m->carried);
    free(m->modules);
    free(m);
}

tape_node *nn_model_forward(const nn_model *m, tape *t, const tape_layout *layout) {
    tape_node *x = m->encoder->def->forward(m->encoder, t, layout, NULL);
    for (size_t i = 0; x && i < m->module_count; i++) {
        tape_node *y = m->modules[i].def->forward(&m->modules[i], t, layout, m->module_params, x);
        tape_release(t, x);
        x = y;
    }
    return x;
}

bool nn_model_tape_bytes(const nn_model *m, size_t tokens, size_t texts, size_t max_length,
                         bool record, size_t *bytes) {
    enum { COPIES = 8 };
    bool ok = nn_encoder_tape_bytes(m->encoder, tokens, texts, max_length, record, bytes);
    for (size_t i = 0; ok && i < m->module_count; i++) {
        size_t numbers;
        ok = base_size_mul(texts, m->modules[i].in + m->modules[i].out, &numbers) &&
             base_size_mul(numbers, COPIES * sizeof(real), &numbers) &&
             base_size_add(*bytes, numbers, bytes);
    }
    return ok;
}
