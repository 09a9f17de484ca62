#include "sbert.h"

#include "api/callers.h"
#include "autograd/kernels/blas_memory.h"
#include "autograd/kernels/gemm.h"
#include "autograd/runtime.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/version.h"
#include "nn/model.h"
#include "search/similarity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sbert_model {
    nn_model *model;
    base_error error;
};

struct sbert_encoder {
    const nn_model *model;
    nn_context *context;
    data_prompt prompt;
    base_error error;
};

sbert_model *sbert_load(const char *folder) {
    return sbert_load_with(folder, NULL);
}

sbert_model *sbert_load_with(const char *folder, const sbert_options *with) {
    nn_model_options options = nn_model_as_is;
    if (with) {
        options.prompt = with->prompt;
        options.prompt_name = with->prompt_name;
        options.truncate_dim = with->truncate_dim;
    }
    sbert_model *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    gemm_start();
    if (blas_memory_take(1, &m->error))
        m->model = nn_model_load(folder, &options, &m->error);
    return m;
}

const char *sbert_error(const sbert_model *m) {
    if (!m)
        return "out of memory";
    return base_ok(&m->error) ? NULL : m->error.text;
}

void sbert_free(sbert_model *m) {
    if (!m)
        return;
    nn_model_free(m->model);
    free(m);
}

size_t sbert_width(const sbert_model *m) {
    return m && m->model ? m->model->encoded : 0;
}

size_t sbert_max_length(const sbert_model *m) {
    return m && m->model ? m->model->max_length : 0;
}

sbert_encoder *sbert_encoder_new(const sbert_model *m) {
    sbert_encoder *e = m && m->model ? calloc(1, sizeof *e) : NULL;
    if (!e)
        return NULL;
    e->model = m->model;
    if (api_caller_enter(&e->error))
        e->context = nn_context_new(&e->error);
    if (e->context)
        return e;
    sbert_encoder_free(e);
    return NULL;
}

void sbert_encoder_free(sbert_encoder *e) {
    if (!e)
        return;
    nn_context_free(e->context);
    api_caller_leave();
    data_prompt_release(&e->prompt);
    free(e);
}

int sbert_encoder_prompt(sbert_encoder *e, const char *prompt, const char *prompt_name) {
    data_prompt chosen;
    if (!e)
        return -1;
    e->error = (base_error){0};
    bool ok = nn_model_prompt(e->model, prompt, prompt_name, &chosen, &e->error);
    if (!ok) {
        data_prompt_release(&chosen);
        return -1;
    }
    data_prompt_release(&e->prompt);
    e->prompt = chosen;
    nn_context_prompt(e->context, &e->prompt);
    return 0;
}

int sbert_encode(sbert_encoder *e, const char *const *texts, const size_t *sizes, size_t count,
                 float *out) {
    if (!e)
        return -1;
    e->error = (base_error){0};
    data_text *list = base_alloc(count, sizeof *list, &e->error);
    for (size_t i = 0; list && i < count; i++)
        list[i] = (data_text){texts[i], sizes ? sizes[i] : strlen(texts[i])};
    bool ok = list && nn_model_encode(e->model, e->context, list, count, 0, out, NULL, &e->error);
    free(list);
    return ok ? 0 : -1;
}

const char *sbert_encoder_error(const sbert_encoder *e) {
    if (!e)
        return "out of memory";
    return base_ok(&e->error) ? NULL : e->error.text;
}

float sbert_similarity(const sbert_model *m, const float *a, const float *b) {
    if (!m || !m->model)
        return 0;
    return (float)search_similarity(search_similarity_find(m->model->similarity), a, b,
                                    m->model->encoded);
}

float sbert_cosine(const float *a, const float *b, size_t width) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < width; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    double norms = sqrt(aa) * sqrt(bb), cosine = norms <= 0 ? 0 : ab / norms;
    return (float)(cosine > 1 ? 1 : cosine < -1 ? -1 : cosine);
}

int sbert_threads(size_t threads) {
    base_error error = {0};
    return tape_runtime_start(threads, &error) && api_callers_take(&error) ? 0 : -1;
}

int sbert_pin_threads(void) {
    return base_threads_pin() ? 0 : -1;
}

/* The log's sink has an enum where the C interface has an int. */
static struct {
    void (*log)(void *context, int warning, const char *sentence);
    void *context;
} receiver;

static void pass_on(void *context, base_log_level level, const char *sentence) {
    (void)context;
    receiver.log(receiver.context, level == BASE_LOG_WARNING, sentence);
}

void sbert_log_to(void (*log)(void *context, int warning, const char *sentence), void *context) {
    receiver.log = log;
    receiver.context = context;
    base_log_to(log ? pass_on : NULL, NULL);
}

const char *sbert_version(void) {
    return BASE_VERSION;
}
