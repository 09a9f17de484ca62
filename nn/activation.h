/* Activation functions by the names that files use. */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include "autograd/tape.h"

typedef struct nn_activation {
    const char *name;       /* hidden_act of config.json: "gelu", "gelu_new", "relu", ... */
    const char *torch_name; /* class as sentence-transformers writes it; NULL: none */
    tape_node *(*apply)(tape *t, tape_node *x); /* NULL: the identity */
} nn_activation;

/* By either name; NULL when unknown. */
const nn_activation *nn_activation_find(const char *name);

/* All names, for messages: "gelu, gelu_new, ...". */
const char *nn_activation_names(void);

#endif
