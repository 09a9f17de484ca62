#include "data/prompt.h"

#include <stdlib.h>

bool data_prompt_make(data_prompt *prompt, const char *text, size_t size, base_error *error) {
    *prompt = (data_prompt){0};
    if (!size)
        return true;
    prompt->text = base_copy(text, size);
    prompt->size = size;
    return prompt->text || base_fail(error, BASE_FAILED, "out of memory");
}

void data_prompt_release(data_prompt *prompt) {
    free(prompt->text);
    *prompt = (data_prompt){0};
}

/* A special id at the end is what ends an empty text, too. */
bool data_prompt_count(data_prompt *prompt, const data_tokenizer *tokenizer, size_t max_length,
                       base_error *error) {
    data_tokens empty = {0}, tokens = {0};
    bool ok =
        data_tokenizer_encode(tokenizer, "", 0, max_length, &empty, error) &&
        data_tokenizer_encode(tokenizer, prompt->text, prompt->size, max_length, &tokens, error);
    bool ended = ok && empty.count && tokens.count &&
                 empty.ids[empty.count - 1] == tokens.ids[tokens.count - 1];
    if (ok && (tokens.truncated || tokens.count >= max_length))
        ok = base_fail(error, BASE_BAD_INPUT,
                       "the prompt leaves no room for a text: the model takes %zu tokens",
                       max_length);
    prompt->skip = tokens.count - ended;
    data_tokens_free(&empty);
    data_tokens_free(&tokens);
    return ok;
}

size_t data_prompt_skip(const data_prompt *prompt, size_t count) {
    return prompt->skip < count ? prompt->skip : count ? count - 1 : 0;
}

static bool join(const data_prompt *prompt, data_text *text, base_bytes *joined,
                 base_error *error) {
    if (!prompt->size)
        return true;
    joined->size = 0;
    if (!base_bytes_add(joined, prompt->text, prompt->size, error) ||
        !base_bytes_add(joined, text->bytes, text->size, error))
        return false;
    *text = (data_text){joined->data, joined->size};
    return true;
}

bool data_prompt_encode(const data_prompt *prompt, const data_tokenizer *tokenizer, data_text text,
                        size_t max_length, base_bytes *joined, data_tokens *out,
                        base_error *error) {
    return join(prompt, &text, joined, error) &&
           data_tokenizer_encode(tokenizer, text.bytes, text.size, max_length, out, error);
}

bool data_prompt_part(const data_prompt *prompt, const data_tokenizer *tokenizer, data_text text,
                      base_bytes *joined, data_tokens *out, base_error *error) {
    return join(prompt, &text, joined, error) &&
           data_tokenizer_encode_part(tokenizer, text.bytes, text.size, out, error);
}
