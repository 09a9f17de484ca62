/* Special and added tokens of a model folder. */
#ifndef DATA_TOKENIZER_SPECIAL_H
#define DATA_TOKENIZER_SPECIAL_H

#include "data/tokenizer_def.h"

/* Fills added and post: from the tree of tokenizer.json ("added_tokens",
 * "post_processor"); where there is none, as transformers 5 does it, from tokenizer_config.json
 * ("added_tokens_decoder", or else added_tokens.json and special_tokens_map.json, whose names go
 * before the configuration's; "cls_token", ..., "extra_special_tokens"), from the kind's names as
 * far as they are pieces, and from the tree's "added_tokens". Tokens that are no pieces of the
 * vocabulary get the ids behind it, in order; a file that gives them others is refused.
 * Nothing for a kind without names; of a bare tokenizer no post. */
bool data_tokenizer_special(data_tokenizer *tokenizer, base_error *error);

/* Adds "cls_token", "unk_token", ... to an object; false when memory is out. */
bool data_tokenizer_special_names(const data_tokenizer *tokenizer, cJSON *object);

#endif
