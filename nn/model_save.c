#define _GNU_SOURCE
#include "nn/model.h"

#include "base/file.h"
#include "base/json.h"
#include "base/output.h"
#include "base/version.h"
#include "nn/weights.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const nn_dtype *written_type(const nn_model *m) {
    return m->save_as ? m->save_as : nn_dtype_at(0);
}

/* As read, but for the type of the weights; Python takes them for F32 when it is not told. */
static void put_config(base_json_writer *w, const void *model) {
    const nn_model *m = model;
    const cJSON *config = m->extra->config;
    const char *type = written_type(m)->torch;
    bool told = base_json_get(config, "dtype") || base_json_get(config, "torch_dtype");
    base_json_open(w, NULL, '{');
    for (const cJSON *item = config->child; item; item = item->next)
        if (!strcmp(item->string, "dtype") || !strcmp(item->string, "torch_dtype"))
            base_json_put_string(w, item->string, type);
        else
            base_json_put_tree(w, item->string, item);
    if (!told && written_type(m) != nn_dtype_at(0))
        base_json_put_string(w, "torch_dtype", type);
    if (!base_json_get(config, "architectures")) {
        base_json_open(w, "architectures", '[');
        base_json_put_string(w, NULL, m->encoder->def->architecture);
        base_json_close(w, ']');
    }
    base_json_close(w, '}');
}

/* A config of a module that is no Transformer, without what we added of the sizes. */
static void put_module_config(base_json_writer *w, const void *model) {
    static const char added[] = " model_type vocab_size hidden_size max_seq_length ";
    const nn_model *m = model;
    char key[64];
    base_json_open(w, NULL, '{');
    for (const cJSON *item = m->extra->config->child; item; item = item->next) {
        snprintf(key, sizeof key, " %s ", item->string);
        if (!strstr(added, key))
            base_json_put_tree(w, item->string, item);
    }
    base_json_put_size(w, "max_seq_length", m->max_length);
    base_json_close(w, '}');
}

/* Written anew, or what newer versions say of every Transformer and older ones do not take. */
static bool is_own(const char *key) {
    static const char *const own[] = {"max_seq_length",  "do_lower_case",      "transformer_task",
                                      "modality_config", "module_output_name", NULL};
    for (size_t i = 0; own[i]; i++)
        if (!strcmp(key, own[i]))
            return true;
    return false;
}

/* Newer versions alone know of cross-encoders here. */
static void put_task(base_json_writer *w) {
    base_json_put_string(w, "transformer_task", "sequence-classification");
    base_json_open(w, "modality_config", '{');
    base_json_open(w, "text", '{');
    base_json_put_string(w, "method", "forward");
    base_json_put_string(w, "method_output_name", "logits");
    base_json_close(w, '}');
    base_json_close(w, '}');
    base_json_put_string(w, "module_output_name", "scores");
}

static void put_sentence_bert(base_json_writer *w, const void *model) {
    const nn_model *m = model;
    const cJSON *read = m->extra->sentence_bert;
    base_json_open(w, NULL, '{');
    for (const cJSON *item = read ? read->child : NULL; item; item = item->next)
        if (!is_own(item->string))
            base_json_put_tree(w, item->string, item);
    base_json_put_size(w, "max_seq_length", m->max_length);
    base_json_put_bool(w, "do_lower_case", m->extra->lower_case);
    if (m->classifier)
        put_task(w);
    base_json_close(w, '}');
}

static void put_sentence(base_json_writer *w, const void *model) {
    const nn_model *m = model;
    if (m->extra->sentence) {
        base_json_put_tree(w, NULL, m->extra->sentence);
        return;
    }
    base_json_open(w, NULL, '{');
    base_json_open(w, "__version__", '{');
    base_json_put_string(w, "sbert.c", BASE_VERSION);
    base_json_close(w, '}');
    base_json_open(w, "prompts", '{');
    base_json_close(w, '}');
    base_json_put_tree(w, "default_prompt_name", NULL);
    if (m->classifier) {
        base_json_put_string(w, "model_type", "CrossEncoder");
        base_json_put_string(w, "activation_fn", nn_activation_class(m->classifier->scores));
    } else
        base_json_put_string(w, "similarity_fn_name", "cosine");
    base_json_close(w, '}');
}

/* `read` is its entry in the modules.json that was read: names that are no numbers and what else it
 * has stay. */
static void put_entry(base_json_writer *w, size_t index, const char *path, const char *type,
                      const cJSON *read) {
    static const char own[] = " idx name path type ";
    char number[24], key[64];
    const char *name = cJSON_GetStringValue(base_json_get(read, "name"));
    snprintf(number, sizeof number, "%zu", index);
    if (!name || !name[strspn(name, "0123456789")])
        name = number;
    base_json_open(w, NULL, '{');
    base_json_put_size(w, "idx", index);
    base_json_put_string(w, "name", name);
    base_json_put_string(w, "path", path);
    base_json_put_string(w, "type", type);
    for (const cJSON *item = read ? read->child : NULL; item; item = item->next) {
        snprintf(key, sizeof key, " %s ", item->string);
        if (!strstr(own, key))
            base_json_put_tree(w, item->string, item);
    }
    base_json_close(w, '}');
}

static void put_list(base_json_writer *w, const void *model) {
    const nn_model *m = model;
    base_json_open(w, NULL, '[');
    const cJSON *list = m->extra->list;
    char type[80];
    snprintf(type, sizeof type, "sentence_transformers.models.%s",
             m->encoder->def->module ? m->encoder->def->module : "Transformer");
    put_entry(w, 0, "", type, list ? list->child : NULL);
    for (size_t i = 0; i < m->module_count; i++)
        put_entry(w, i + 1, m->modules[i].folder, m->modules[i].def->python_type,
                  m->modules[i].entry);
    base_json_close(w, ']');
}

static bool write_weights(const nn_model *m, nn_params *set, const char *scope,
                          const nn_extra *extra, const char *folder, base_error *error) {
    char *path = base_path(folder, "model.safetensors", error);
    nn_params *more = extra && m->classifier ? m->module_params : NULL;
    bool ok = path && nn_weights_write(set, scope, more, extra, m->save_as, path, error);
    free(path);
    return ok;
}

static void put_module(base_json_writer *w, const void *module) {
    nn_module_put_config(module, w);
}

static bool write_module(const nn_model *m, const nn_module *module, const char *folder,
                         base_error *error) {
    char *inside = base_path(folder, module->folder, error);
    bool ok = inside && base_folder_make(inside, error);
    if (ok && nn_module_has_config(module))
        ok = base_json_write_by(inside, "config.json", put_module, module, error);
    if (ok && nn_module_has_tensors(module)) {
        char scope[sizeof module->folder + 1];
        snprintf(scope, sizeof scope, "%s.", module->folder);
        ok = write_weights(m, m->module_params, scope, NULL, inside, error);
    }
    free(inside);
    return ok;
}

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

/* A section of the training's, when it is known. */
static bool add_section(base_bytes *out, const char *title, const char *text, base_error *error) {
    return !text || base_bytes_format(out, error, "\n## %s\n\n%s\n", title, text);
}

static bool add_modules(const nn_model *m, base_bytes *out, base_error *error) {
    bool ok = base_bytes_format(out, error, "- modules after the encoder:");
    for (size_t i = 0; ok && i < m->module_count; i++)
        ok = base_bytes_format(out, error, "%s %s", i ? "," : "", m->modules[i].def->kind);
    return ok && base_bytes_format(out, error, "\n");
}

static bool add_encoder(const nn_model *m, base_bytes *out, base_error *error) {
    const nn_transformer_spec *s = &m->encoder->transformer.spec;
    const char *kind = m->encoder->def->model_type;
    size_t parameters = nn_params_elements(m->encoder->params);
    if (m->encoder->def->module)
        return base_bytes_format(out, error, "- encoder: %s, %zu rows, %zu columns\n", kind,
                                 s->vocab, s->hidden);
    return base_bytes_format(out, error,
                             "- encoder: %s, %zu layers, %zu columns, %zu heads, %zu parameters\n",
                             kind, s->layers, s->hidden, s->heads, parameters);
}

static const char cross_head[] = "---\n"
                                 "library_name: sentence-transformers\n"
                                 "pipeline_tag: text-ranking\n"
                                 "tags:\n"
                                 "- sentence-transformers\n"
                                 "- cross-encoder\n"
                                 "- reranker\n"
                                 "---\n"
                                 "\n"
                                 "# Cross-encoder\n"
                                 "\n";

static const char cross_usage[] =
    "\n"
    "## Use\n"
    "\n"
    "With Python:\n"
    "\n"
    "```python\n"
    "from sentence_transformers import CrossEncoder\n"
    "\n"
    "model = CrossEncoder(\"path/to/this/folder\")\n"
    "scores = model.predict([(\"A first text.\", \"Another one.\")])\n"
    "```\n"
    "\n"
    "With sbert:\n"
    "\n"
    "```sh\n"
    "sbert predict path/to/this/folder pairs.tsv\n"
    "```\n";

static bool add_cross_card(const nn_model *m, base_bytes *out, base_error *error) {
    return base_bytes_format(
               out, error, "%sReads two texts in one sequence and gives the pair %zu score%s.\n\n",
               cross_head, m->width, m->width == 1 ? "" : "s, one a label") &&
           add_encoder(m, out, error) &&
           base_bytes_format(out, error,
                             "- longest pair: %zu tokens; the rest is cut off, longest first\n%s",
                             m->max_length, cross_usage) &&
           add_section(out, "Training data", m->card.data, error) &&
           add_section(out, "Scores", m->card.scores, error) &&
           add_section(out, "Recipe", m->card.recipe, error);
}

/* README.md, with the metadata that model hubs read. */
static bool add_card(const nn_model *m, base_bytes *out, base_error *error) {
    if (m->classifier)
        return add_cross_card(m, out, error);
    return base_bytes_format(out, error,
                             "%sMaps a text to a vector of %zu numbers whose angles to other "
                             "vectors say how alike the texts are in meaning.\n\n",
                             head, m->width) &&
           add_encoder(m, out, error) &&
           base_bytes_format(out, error, "- longest text: %zu tokens; the rest is cut off\n",
                             m->max_length) &&
           add_modules(m, out, error) && base_bytes_format(out, error, "%s", usage) &&
           add_section(out, "Training data", m->card.data, error) &&
           add_section(out, "Scores", m->card.scores, error) &&
           add_section(out, "Recipe", m->card.recipe, error);
}

/* What says how the encoder is to be made. */
static bool write_configs(const nn_model *m, const char *folder, base_error *error) {
    const nn_encoder_def *def = m->encoder->def;
    if (def->module)
        return !def->config_file ||
               base_json_write_by(folder, def->config_file, put_module_config, m, error);
    return (m->lora || base_json_write_by(folder, "config.json", put_config, m, error)) &&
           base_json_write_by(folder, "sentence_bert_config.json", put_sentence_bert, m, error);
}

static bool write_card(const nn_model *m, const char *folder, base_error *error) {
    base_bytes text = {0};
    const base_bytes *whole = &m->card.whole;
    if (whole->data)
        return base_file_write_in(folder, "README.md", whole->data, whole->size, error);
    bool ok = add_card(m, &text, error) &&
              base_file_write_in(folder, "README.md", text.data, text.size, error);
    base_bytes_free(&text);
    return ok;
}

bool nn_model_write(const nn_model *m, const char *folder, base_error *error) {
    for (size_t i = 0; i < m->module_count; i++)
        if (!write_module(m, &m->modules[i], folder, error))
            return false;
    return (m->lora ? nn_lora_write(m->lora, folder, m->save_as, error)
                    : write_weights(m, m->encoder->params, "", m->extra, folder, error)) &&
           data_tokenizer_save(m->tokenizer, folder, m->max_length, error) &&
           write_configs(m, folder, error) &&
           base_json_write_by(folder, "config_sentence_transformers.json", put_sentence, m,
                              error) &&
           base_json_write_by(folder, "modules.json", put_list, m, error) &&
           write_card(m, folder, error);
}

/* Only a folder that is empty or looks like a model is ever replaced. */
static bool may_replace(const char *folder, bool overwrite, base_error *error) {
    if (!base_file_exists(folder))
        return true;
    if (!overwrite)
        return base_fail(error, BASE_BAD_INPUT, "%s: exists already, expected a new folder",
                         folder);
    if (rmdir(folder) == 0)
        return true;
    bool model = base_file_exists_in(folder, "config.json", error) ||
                 base_file_exists_in(folder, "modules.json", error);
    return model || base_fail(error, BASE_BAD_INPUT,
                              "%s: not a model folder, so it is not overwritten", folder);
}

typedef struct replacing {
    const nn_model *model;
    const char *place; /* of the folder */
} replacing;

/* What some models have and others have not: a folder of a module, "2_Dense", or of a trained loss,
 * weights in several files, and the files of one kind of encoder or tokenizer. */
static bool is_part(const char *folder, const char *name) {
    static const char *const names[] = {"loss",
                                        "adapter_config.json",
                                        "adapter_model.safetensors",
                                        "model.safetensors",
                                        "vocab.txt",
                                        "vocab.json",
                                        "merges.txt",
                                        "model.safetensors.index.json",
                                        "config.json",
                                        "sentence_bert_config.json",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "wordembedding_config.json",
                                        "whitespacetokenizer_config.json",
                                        NULL};
    const char *end = strrchr(name, '.');
    if (!strncmp(name, "model-", 6) && end && !strcmp(end, ".safetensors"))
        return true;
    size_t digits = strspn(name, "0123456789");
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(name, names[i]))
            return true;
    base_error ignored = {0};
    char *path = digits && name[digits] == '_' ? base_path(folder, name, &ignored) : NULL;
    bool module = path && base_file_is_folder(path);
    free(path);
    return module;
}

bool nn_model_keep_others(const char *old, const char *fresh, base_error *error) {
    return base_folder_add_missing(old, fresh, is_part, error);
}

/* What is neither in the new folder nor part of a model is somebody's own, and stays. */
static bool check_old(const char *old, const char *fresh, base_error *error) {
    DIR *d = opendir(old);
    bool ok = true;
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        char *same = base_path(fresh, e->d_name, error);
        ok = same && (base_file_exists(same) || is_part(old, e->d_name) ||
                      base_fail(error, BASE_BAD_INPUT,
                                "%s: found %s in it, which is no file of this model, so the folder "
                                "is not overwritten",
                                old, e->d_name));
        free(same);
    }
    if (d)
        closedir(d);
    return ok;
}

static bool fill_folder(const void *context, const char *folder, base_error *error) {
    const replacing *r = context;
    return nn_model_write(r->model, folder, error) && check_old(r->place, folder, error);
}

bool nn_model_save(const nn_model *m, const char *folder, bool overwrite, base_error *error) {
    if (!may_replace(folder, overwrite, error))
        return false;
    replacing r = {m, folder};
    return base_output_folder(folder, fill_folder, &r, error);
}
