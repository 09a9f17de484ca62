#include "nn/model_card.h"

static const char head[] = "---\n"
                           "library_name: sentence-transformers\n"
                           "pipeline_tag: sentence-similarity\n"
                           "tags:\n"
                           "- sentence-transformers\n"
                           "- sentence-similarity\n"
                           "- feature-extraction\n"
                           "---\n"
                           "\n"
                           "# Sentence-embedding model\n"
                           "\n";

static const char usage[] = "\n"
                            "## Use\n"
                            "\n"
                            "With Python:\n"
                            "\n"
                            "```python\n"
                            "from sentence_transformers import SentenceTransformer\n"
                            "\n"
                            "model = SentenceTransformer(\"path/to/this/folder\")\n"
                            "embeddings = model.encode([\"A first sentence.\", \"Another one.\"])\n"
                            "```\n"
                            "\n"
                            "With sbert:\n"
                            "\n"
                            "```sh\n"
                            "sbert similarity path/to/this/folder \"A first sentence.\" \"Another "
                            "one.\"\n"
                            "```\n";

static bool add_modules(const nn_model *m, base_bytes *out, base_error *error) {
    bool ok = base_bytes_format(out, error, "- modules after the encoder:");
    for (size_t i = 0; ok && i < m->module_count; i++)
        ok = base_bytes_format(out, error, "%s %s", i ? "," : "", m->modules[i].def->kind);
    return ok && base_bytes_format(out, error, "\n");
}

bool nn_model_card(const nn_model *m, base_bytes *out, base_error *error) {
    const nn_encoder_config *c = &m->encoder->config;
    return base_bytes_format(out, error,
                             "%sMaps a text to a vector of %zu numbers whose angles to other "
                             "vectors say how alike the texts are in meaning.\n\n"
                             "- encoder: %s, %zu layers, %zu columns, %zu heads, %zu parameters\n"
                             "- longest text: %zu tokens; the rest is cut off\n",
                             head, m->width, m->encoder->def->model_type, c->layers, c->hidden,
                             c->heads, nn_params_elements(m->encoder->params), m->max_length) &&
           add_modules(m, out, error) && base_bytes_format(out, error, "%s", usage);
}
