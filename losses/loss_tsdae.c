/* TSDAE (Wang et al. 2021, "TSDAE: Using Transformer-based Sequential Denoising Auto-Encoder for
 * Unsupervised Sentence Embedding Learning", section 3): of a noisy text's embedding a decoder says
 * the text as it was. The mean over all tokens y_t of the batch's texts, but each one's first, of
 *     -log p(y_t | the embedding, y_0 .. y_(t-1)). */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>
#include <string.h>

typedef struct options {
    const char *name;
    bool tied;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"tsdae\"", 0, 0, NULL, NULL, "the loss"},
    {"tied", BASE_KEY_BOOL, offsetof(options, tied), "true", 0, 0, NULL, NULL,
     "whether embeddings and layers of the decoder are the encoder's; else it has its own, which "
     "begin as copies"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool declare(loss *l, base_error *error) {
    const options *o = loss_options(l);
    return !loss_get_setting(l)->model || loss_add_decoder(l, o->tied, error);
}

/* A text's tokens but the last, from which all but the first are told. */
typedef struct decoding {
    tape_layout layout;
    uint32_t *start, *ids, *next;
} decoding;

static decoding *new_decoding(tape *t, size_t texts, size_t tokens) {
    decoding *out = tape_memory(t, 1, 1, sizeof *out);
    if (!out)
        return NULL;
    out->start = tape_memory(t, texts + 1, 1, sizeof *out->start);
    out->ids = tape_memory(t, tokens, 1, sizeof *out->ids);
    out->next = tape_memory(t, tokens, 1, sizeof *out->next);
    out->layout = (tape_layout){texts, tokens, .start = out->start, .ids = out->ids};
    return out->start && out->ids && out->next ? out : NULL;
}

static bool check_lengths(tape *t, const uint32_t *start, size_t texts) {
    for (size_t i = 0; i < texts; i++)
        if (start[i + 1] - start[i] < 2)
            return base_fail(tape_error(t), BASE_BAD_INPUT,
                             "loss tsdae: text %zu of the batch has %u tokens, expected at least "
                             "two: each tells the next",
                             i, (unsigned)(start[i + 1] - start[i]));
    return true;
}

/* Of texts [first, first + texts) of the layout. */
static decoding *make_decoding(tape *t, const tape_layout *all, size_t first, size_t texts) {
    const uint32_t *start = all->start + first;
    if (!check_lengths(t, start, texts))
        return NULL;
    decoding *out = new_decoding(t, texts, start[texts] - start[0] - texts);
    if (!out)
        return NULL;
    out->layout.example = all->example ? all->example + first : NULL;
    out->layout.column = all->column ? all->column + first : NULL;
    out->start[0] = 0;
    for (size_t i = 0; i < texts; i++) {
        uint32_t length = start[i + 1] - start[i] - 1, at = out->start[i];
        memcpy(out->ids + at, all->ids + start[i], length * sizeof *out->ids);
        memcpy(out->next + at, all->ids + start[i] + 1, length * sizeof *out->next);
        out->start[i + 1] = at + length;
    }
    return out;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    size_t texts = target->examples;
    if (!loss_decoder(l) || !target->layout) {
        base_fail(tape_error(t), BASE_FAILED, "loss tsdae: there is no %s",
                  loss_decoder(l) ? "layout of the texts" : "decoder");
        return NULL;
    }
    const decoding *said =
        make_decoding(t, target->layout, loss_encoded(l, columns) * texts, texts);
    if (!said)
        return NULL;
    return op_cross_entropy(t, nn_decoder_forward(loss_decoder(l), t, &said->layout, nodes[0]),
                            said->next);
}

const loss_def loss_tsdae_def = {
    .name = "tsdae",
    .summary = "a decoder says a text of the embedding of its noisy copy, the first column",
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 1,
    .decodes = true,
    .options = &option_keys,
    .declare = declare,
    .build = build,
};
