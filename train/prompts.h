/* The key `prompts` of an entry of train.data or evaluation.data: null, one text for all columns,
 * or {column: text}, in which columns that are not named have none (as Python's trainer takes it).
 */
#ifndef TRAIN_PROMPTS_H
#define TRAIN_PROMPTS_H

#include "base/keys.h"
#include "nn/model.h"

typedef struct train_prompts {
    bool set;                                /* false: the key is null */
    data_prompt of_column[DATA_MAX_COLUMNS]; /* those past the last column are as the last one's:
                                              * the negatives that `rows` makes */
} train_prompts;

/* `where` names the key. Release with train_prompts_release, also after an error. */
bool train_prompts_read(const cJSON *value, const base_key_names *columns, const nn_model *model,
                        const char *where, train_prompts *out, base_error *error);
void train_prompts_release(train_prompts *prompts);

/* NULL when the key is null. */
const data_prompt *train_prompts_get(const train_prompts *prompts);

#endif
