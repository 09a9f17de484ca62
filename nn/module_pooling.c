/* Pooling: token vectors to one vector a text, one or several modes side by side. */
#include "nn/module.h"

#include "base/json.h"

#include <string.h>

/* In the order in which Python concatenates the flags of the older configs. */
static const struct mode_row {
    op_pool_mode mode;
    const char *name, *other_name, *flag;
} modes[OP_POOL_MODES] = {
    {OP_POOL_CLS, "cls", NULL, "pooling_mode_cls_token"},
    {OP_POOL_MAX, "max", NULL, "pooling_mode_max_tokens"},
    {OP_POOL_MEAN, "mean", NULL, "pooling_mode_mean_tokens"},
    {OP_POOL_SQRT, "mean_sqrt_len_tokens", "mean_sqrt_len", "pooling_mode_mean_sqrt_len_tokens"},
    {OP_POOL_WEIGHTED, "weightedmean", NULL, "pooling_mode_weightedmean_tokens"},
    {OP_POOL_LAST, "lasttoken", NULL, "pooling_mode_lasttoken"},
};

static bool add_mode(nn_module *m, op_pool_mode mode, const char *where, base_error *error) {
    for (size_t i = 0; i < m->pool_count; i++)
        if (m->pool[i] == mode)
            return base_fail(error, BASE_BAD_INPUT, "%s: pooling mode %s stands twice", where,
                             nn_pooling_name(mode));
    m->pool[m->pool_count++] = mode;
    m->out = m->pool_count * m->in;
    return true;
}

static bool add_by_name(nn_module *m, const char *name, const char *where, base_error *error) {
    char shown[80];
    for (size_t i = 0; i < OP_POOL_MODES; i++)
        if (!strcmp(modes[i].name, name) ||
            (modes[i].other_name && !strcmp(modes[i].other_name, name)))
            return add_mode(m, modes[i].mode, where, error);
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: pooling mode \"%s\" is unknown, expected mean, max, cls, mean_sqrt_len, "
                     "weightedmean or lasttoken",
                     where, base_escape(shown, sizeof shown, name, strlen(name)));
}

void nn_pooling_set(nn_module *m, op_pool_mode mode) {
    m->pool[0] = mode;
    m->pool_count = 1;
    m->out = m->in;
}

const char *const *nn_pooling_names(void) {
    static const char *const names[] = {
        [OP_POOL_MEAN] = "mean",
        [OP_POOL_MAX] = "max",
        [OP_POOL_CLS] = "cls",
        [OP_POOL_SQRT] = "mean_sqrt_len",
        [OP_POOL_WEIGHTED] = "weightedmean",
        [OP_POOL_LAST] = "lasttoken",
        [OP_POOL_MODES] = NULL,
    };
    return names;
}

const char *nn_pooling_name(op_pool_mode mode) {
    for (size_t i = 0; i < OP_POOL_MODES; i++)
        if (modes[i].mode == mode)
            return modes[i].name;
    return "";
}

/* "pooling_mode": a name or a list of names. */
static bool read_names(nn_module *m, const cJSON *names, const char *where, base_error *error) {
    if (cJSON_IsString(names))
        return add_by_name(m, names->valuestring, where, error);
    bool list = cJSON_IsArray(names) && names->child;
    for (const cJSON *item = list ? names->child : NULL; list && item; item = item->next)
        list = cJSON_IsString(item);
    if (!list)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: pooling_mode is neither a name nor a list of names", where);
    for (const cJSON *item = names->child; item; item = item->next)
        if (!add_by_name(m, item->valuestring, where, error))
            return false;
    return true;
}

/* A flag that is absent is off; the mean is for configs that turn none on (Pooling of
 * sentence-transformers 6). */
static bool read_flags(nn_module *m, const cJSON *config, const char *where, base_error *error) {
    for (size_t i = 0; i < OP_POOL_MODES; i++) {
        bool on = false;
        if (!base_json_bool(config, modes[i].flag, &on, where, error) ||
            (on && !add_mode(m, modes[i].mode, where, error)))
            return false;
    }
    return m->pool_count > 0 || add_mode(m, OP_POOL_MEAN, where, error);
}

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    (void)set;
    m->include_prompt = true;
    if (!config)
        return base_fail(error, BASE_BAD_INPUT, "%s: missing, expected the pooling's config",
                         where);
    size_t width = m->in;
    const cJSON *names = base_json_get(config, "pooling_mode");
    if (!base_json_size(config, "word_embedding_dimension", m->in, m->in, &width, where, error) ||
        !base_json_size(config, "embedding_dimension", m->in, m->in, &width, where, error) ||
        !base_json_bool(config, "include_prompt", &m->include_prompt, where, error))
        return false;
    return names ? read_names(m, names, where, error) : read_flags(m, config, where, error);
}

static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    tape_node *parts[OP_POOL_MODES];
    for (size_t i = 0; i < m->pool_count; i++)
        parts[i] = op_pool(p->tape, p->layout, x, m->pool[i]);
    return m->pool_count == 1 ? parts[0] : op_concat_columns(p->tape, parts, m->pool_count);
}

static size_t place_of(op_pool_mode mode) {
    size_t i = 0;
    while (i + 1 < OP_POOL_MODES && modes[i].mode != mode)
        i++;
    return i;
}

static bool in_flag_order(const nn_module *m) {
    for (size_t i = 1; i < m->pool_count; i++)
        if (place_of(m->pool[i]) < place_of(m->pool[i - 1]))
            return false;
    return true;
}

static bool has_mode(const nn_module *m, op_pool_mode mode) {
    for (size_t i = 0; i < m->pool_count; i++)
        if (m->pool[i] == mode)
            return true;
    return false;
}

/* Flags, which every version reads; the list of newer versions only for orders without flags. */
static void describe(const nn_module *m, base_json_writer *w) {
    bool flags = in_flag_order(m);
    base_json_put_size(w, flags ? "word_embedding_dimension" : "embedding_dimension", m->in);
    for (size_t i = 0; flags && i < OP_POOL_MODES; i++)
        base_json_put_bool(w, modes[i].flag, has_mode(m, modes[i].mode));
    if (!flags) {
        base_json_open(w, "pooling_mode", '[');
        for (size_t i = 0; i < m->pool_count; i++)
            base_json_put_string(w, NULL, nn_pooling_name(m->pool[i]));
        base_json_close(w, ']');
    }
    if (!m->include_prompt)
        base_json_put_bool(w, "include_prompt", false);
}

/* Both layouts: one is written. */
static const char *const keys[] = {"word_embedding_dimension",
                                   "embedding_dimension",
                                   "pooling_mode",
                                   "pooling_mode_cls_token",
                                   "pooling_mode_max_tokens",
                                   "pooling_mode_mean_tokens",
                                   "pooling_mode_mean_sqrt_len_tokens",
                                   "pooling_mode_weightedmean_tokens",
                                   "pooling_mode_lasttoken",
                                   "include_prompt",
                                   NULL};

const nn_module_def nn_module_pooling_def = {.kind = "Pooling",
                                             .python_type = "sentence_transformers.models.Pooling",
                                             .takes_tokens = true,
                                             .keys = keys,
                                             .configure = configure,
                                             .forward = forward,
                                             .describe = describe};
