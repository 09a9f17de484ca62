/* A prompt: what stands before every text of a kind, as "query: ". Prompt and text are tokenised as
 * one text. */
#ifndef DATA_PROMPT_H
#define DATA_PROMPT_H

#include "data/corpus.h"
#include "data/tokenizer.h"

typedef struct data_prompt {
    char *text; /* owned by the holder; NULL: nothing */
    size_t size;
    size_t skip; /* its ids, special ones included, when pooling leaves them out; else 0 */
} data_prompt;

/* Copies text[0..size) into *prompt, with skip 0. Release with data_prompt_release. */
bool data_prompt_make(data_prompt *prompt, const char *text, size_t size, base_error *error);
void data_prompt_release(data_prompt *prompt);

/* Sets prompt->skip: the ids of the prompt alone, without the special one at the end, if there is
 * one. A prompt that fills max_length is an error. */
bool data_prompt_count(data_prompt *prompt, const data_tokenizer *tokenizer, size_t max_length,
                       base_error *error);

/* First ids of a text of `count` ids that pooling leaves out: one is left at least. */
size_t data_prompt_skip(const data_prompt *prompt, size_t count);

/* Ids of the text behind the prompt, as data_tokenizer_encode gives them. `joined` is scratch,
 * start with {0}. */
bool data_prompt_encode(const data_prompt *prompt, const data_tokenizer *tokenizer, data_text text,
                        size_t max_length, base_bytes *joined, data_tokens *out, base_error *error);

/* The same without special tokens, nothing cut (data/pair.h). */
bool data_prompt_part(const data_prompt *prompt, const data_tokenizer *tokenizer, data_text text,
                      base_bytes *joined, data_tokens *out, base_error *error);

#endif
