/* Special and added tokens of a model folder. */
#ifndef DATA_TOKENIZER_SPECIAL_H
#define DATA_TOKENIZER_SPECIAL_H

#include "data/tokenizer_def.h"

/* Fills added and post: from the tree of tokenizer.json ("added_tokens",
 * "post_processor"); where there is none, from a tree's "added_tokens", from tokenizer_config.json
 * ("cls_token", ..., "added_tokens_decoder") and from the kind's names. Tokens that are no pieces
 * of the vocabulary get the ids behind it, in order. */
bool data_tokenizer_special(data_tokenizer *tokenizer, base_error *error);

/* Adds "cls_token", "unk_token", ... to an object; false when memory is out. */
bool data_tokenizer_special_names(const data_tokenizer *tokenizer, cJSON *object);

#endif
