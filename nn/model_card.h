/* README.md of a model folder, with the metadata that model hubs read. */
#ifndef NN_MODEL_CARD_H
#define NN_MODEL_CARD_H

#include "nn/model.h"

/* Appends the card's Markdown text to *out. */
bool nn_model_card(const nn_model *m, base_bytes *out, base_error *error);

#endif
