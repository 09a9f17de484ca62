/* Special and added tokens of a model folder. */
#ifndef DATA_TOKENIZER_SPECIAL_H
#define DATA_TOKENIZER_SPECIAL_H

#include "data/tokenizer_def.h"

/* Fills added and post: from tokenizer.json ("added_tokens", "post_processor"),
 * else from tokenizer_config.json ("cls_token", ..., "added_tokens_decoder"), else the kind's.
 * Tokens that are no pieces of the vocabulary get the ids behind it, in order. */
bool data_tokenizer_special(data_tokenizer *tokenizer, const data_tokenizer_files *files,
                            base_error *error);

/* Adds "cls_token", "unk_token", ... to an object; false when memory is out. */
bool data_tokenizer_special_names(const data_tokenizer *tokenizer, cJSON *object);

#endif
