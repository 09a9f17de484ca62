/* What stands around one text, or two: special tokens and type ids, as "post_processor" of
 * tokenizer.json says. */
#ifndef DATA_POST_PROCESSOR_H
#define DATA_POST_PROCESSOR_H

#include "base/json.h"

#include <stdint.h>

enum { DATA_MAX_SPECIAL = 16 }; /* special tokens in a template */

typedef enum data_step_kind { DATA_STEP_A, DATA_STEP_B, DATA_STEP_SPECIAL } data_step_kind;

/* The first text, the second, or a special token. */
typedef struct data_step {
    data_step_kind kind;
    uint32_t id; /* of a special token */
    uint32_t type;
} data_step;

typedef struct data_template {
    data_step step[DATA_MAX_SPECIAL + 2];
    size_t count;
} data_template;

typedef struct data_post_processor {
    data_template single, pair; /* pair without steps: not known */
} data_post_processor;

struct data_tokenizer;

/* Reads TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel (which only moves offsets)
 * or a Sequence of them, each around what the one before made; ids are those of the tokenizer's
 * pieces and added tokens, which are loaded. */
bool data_post_processor_read(data_post_processor *post, const struct data_tokenizer *tokenizer,
                              const cJSON *tree, const char *where, base_error *error);

/* BERT's: first A last, first A last B last, where B and what follows has type 1; `twice`, as
 * RoBERTa has it: first A last last B last, all of type 0. */
void data_post_processor_around(data_post_processor *post, uint32_t first, uint32_t last,
                                bool twice);

/* Adds "post_processor" to the object, as TemplateProcessing; false when memory is out. */
bool data_post_processor_describe(const data_post_processor *post,
                                  const struct data_tokenizer *tokenizer, cJSON *json);

/* Special tokens of a template before A, and all of them. */
size_t data_template_before(const data_template *t);
size_t data_template_special(const data_template *t);

#endif
