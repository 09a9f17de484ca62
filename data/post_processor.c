#include "data/post_processor.h"

#include "data/tokenizer_def.h"

#include <math.h>
#include <string.h>

size_t data_template_before(const data_template *t) {
    size_t n = 0;
    while (n < t->count && t->step[n].kind == DATA_STEP_SPECIAL)
        n++;
    return n;
}

size_t data_template_special(const data_template *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += t->step[i].kind == DATA_STEP_SPECIAL;
    return n;
}

void data_post_processor_around(data_post_processor *post, uint32_t first, uint32_t last,
                                bool twice) {
    const data_step a = {DATA_STEP_A, 0, 0}, b = {DATA_STEP_B, 0, !twice};
    const data_step before = {DATA_STEP_SPECIAL, first, 0}, behind = {DATA_STEP_SPECIAL, last, 0};
    const data_step end = {DATA_STEP_SPECIAL, last, !twice};
    *post = (data_post_processor){.single = {{before, a, behind}, 3},
                                  .pair = {{before, a, behind, b, end}, 5}};
    if (twice)
        post->pair = (data_template){{before, a, behind, behind, b, end}, 6};
}

/* ---- reading ---- */

static bool add_special(data_template *t, uint32_t id, uint32_t type, const char *where,
                        base_error *error) {
    if (data_template_special(t) == DATA_MAX_SPECIAL)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d special tokens around a text",
                         where, DATA_MAX_SPECIAL);
    t->step[t->count++] = (data_step){DATA_STEP_SPECIAL, id, type};
    return true;
}

/* {"SpecialToken": {"id": NAME}} stands for special_tokens[NAME].ids. */
static bool add_named(data_template *t, const data_tokenizer *tokenizer, const cJSON *tree,
                      const char *name, uint32_t type, const char *where, base_error *error) {
    const cJSON *ids =
        base_json_get(base_json_get(base_json_get(tree, "special_tokens"), name), "ids");
    size_t size = data_tokenizer_vocab_size(tokenizer);
    char shown[100];
    base_escape(shown, sizeof shown, name, strlen(name));
    if (!cJSON_IsArray(ids))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: post_processor.special_tokens has no ids for \"%s\"", where, shown);
    for (const cJSON *id = ids->child; id; id = id->next) {
        double v = cJSON_IsNumber(id) ? id->valuedouble : -1;
        if (!(v >= 0 && v < (double)size && floor(v) >= v))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.special_tokens: an id of \"%s\" is not in the "
                             "vocabulary",
                             where, shown);
        if (!add_special(t, (uint32_t)v, type, where, error))
            return false;
    }
    return true;
}

/* A text comes once. */
static bool add_text(data_template *t, const char *name, uint32_t type, const char *where,
                     base_error *error) {
    data_step_kind kind = !strcmp(name, "B") ? DATA_STEP_B : DATA_STEP_A;
    for (size_t i = 0; i < t->count; i++)
        if (t->step[i].kind == kind)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor has a Sequence twice, expected each once", where);
    t->step[t->count++] = (data_step){kind, 0, type};
    return true;
}

/* {"Sequence": {"id": "A" or "B", "type_id": 0}} or {"SpecialToken": {"id": NAME, "type_id": 0}} */
static bool read_item(data_template *t, const data_tokenizer *tokenizer, const cJSON *tree,
                      const cJSON *item, const char *where, base_error *error) {
    const cJSON *text = base_json_get(item, "Sequence");
    const cJSON *part = text ? text : base_json_get(item, "SpecialToken");
    const char *name = NULL;
    size_t type = 0;
    if (!base_json_text(part, "id", &name, where, error) ||
        !base_json_size(part, "type_id", 0, UINT32_MAX, &type, where, error))
        return false;
    if (!name || (text && strcmp(name, "A") != 0 && strcmp(name, "B") != 0))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: post_processor: found a step that is neither a SpecialToken with an "
                         "id nor the Sequence A or B",
                         where);
    return text ? add_text(t, name, (uint32_t)type, where, error)
                : add_named(t, tokenizer, tree, name, (uint32_t)type, where, error);
}

static bool fail_list(const char *key, const char *where, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT, "%s: post_processor.%s is not a list", where, key);
}

static bool read_template(data_template *t, const data_tokenizer *tokenizer, const cJSON *tree,
                          const char *key, const char *where, base_error *error) {
    const cJSON *list = base_json_get(tree, key);
    if (list && !cJSON_IsArray(list))
        return fail_list(key, where, error);
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next)
        if (!read_item(t, tokenizer, tree, item, where, error))
            return false;
    return true;
}

static bool read_templates(data_post_processor *post, const data_tokenizer *tokenizer,
                           const cJSON *tree, const char *where, base_error *error) {
    if (!read_template(&post->single, tokenizer, tree, "single", where, error) ||
        !read_template(&post->pair, tokenizer, tree, "pair", where, error))
        return false;
    size_t before = data_template_before(&post->single);
    return (before < post->single.count && post->single.step[before].kind == DATA_STEP_A) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor.single has no Sequence, expected one", where);
}

/* {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]} */
static bool read_ends(data_post_processor *post, const data_tokenizer *tokenizer, const cJSON *tree,
                      bool twice, const char *where, base_error *error) {
    static const char *const key[] = {"cls", "sep"};
    uint32_t id[2];
    for (int i = 0; i < 2; i++) {
        const cJSON *pair = base_json_get(tree, key[i]);
        const cJSON *piece = cJSON_IsArray(pair) ? pair->child : NULL;
        if (!cJSON_IsString(piece))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.%s is not a piece and its id", where, key[i]);
        if (!data_tokenizer_find(tokenizer, piece->valuestring, i ? "behind" : "before", &id[i],
                                 where, error))
            return false;
    }
    for (int i = 0; i < 2; i++) {
        const cJSON *given = base_json_get(tree, key[i])->child->next;
        if (cJSON_IsNumber(given) && (given->valuedouble < id[i] || given->valuedouble > id[i]))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: post_processor.%s has id %.0f, expected %u", where, key[i],
                             given->valuedouble, id[i]);
    }
    data_post_processor_around(post, id[0], id[1], twice);
    return true;
}

static bool read_bert(data_post_processor *post, const data_tokenizer *tokenizer, const cJSON *tree,
                      const char *where, base_error *error) {
    return read_ends(post, tokenizer, tree, false, where, error);
}

static bool read_roberta(data_post_processor *post, const data_tokenizer *tokenizer,
                         const cJSON *tree, const char *where, base_error *error) {
    return read_ends(post, tokenizer, tree, true, where, error);
}

static bool read_byte_level(data_post_processor *post, const data_tokenizer *tokenizer,
                            const cJSON *tree, const char *where, base_error *error) {
    (void)post, (void)tokenizer, (void)tree, (void)where, (void)error;
    return true;
}

/* Puts `inner` into the place of A in `outer`. */
static bool put_inside(data_template *outer, const data_template *inner, const char *where,
                       base_error *error) {
    data_template all = {0};
    if (data_template_special(outer) + data_template_special(inner) > DATA_MAX_SPECIAL)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d special tokens around a text",
                         where, DATA_MAX_SPECIAL);
    for (size_t i = 0; i < outer->count; i++)
        if (outer->step[i].kind != DATA_STEP_A)
            all.step[all.count++] = outer->step[i];
        else
            for (size_t k = 0; k < inner->count; k++)
                all.step[all.count++] = inner->step[k];
    *outer = all;
    return true;
}

static bool read_sequence(data_post_processor *post, const data_tokenizer *tokenizer,
                          const cJSON *tree, const char *where, base_error *error) {
    const cJSON *list = base_json_get(tree, "processors");
    if (list && !cJSON_IsArray(list))
        return fail_list("processors", where, error);
    for (const cJSON *item = list ? list->child : NULL; item; item = item->next) {
        data_post_processor next = {0};
        if (!data_post_processor_read(&next, tokenizer, item, where, error))
            return false;
        if (next.single.count == 0)
            continue;
        if (post->single.count > 0) { /* what they make of two texts together is not known */
            next.pair.count = 0;
            if (!put_inside(&next.single, &post->single, where, error))
                return false;
        }
        *post = next;
    }
    return true;
}

static const struct {
    const char *type;
    bool (*read)(data_post_processor *post, const data_tokenizer *tokenizer, const cJSON *tree,
                 const char *where, base_error *error);
} processors[] = {
    {"TemplateProcessing", read_templates},
    {"BertProcessing", read_bert},
    {"RobertaProcessing", read_roberta},
    {"ByteLevel", read_byte_level},
    {"Sequence", read_sequence},
};

bool data_post_processor_read(data_post_processor *post, const data_tokenizer *tokenizer,
                              const cJSON *tree, const char *where, base_error *error) {
    const char *type = NULL;
    if (!base_json_text(tree, "type", &type, where, error))
        return false;
    for (size_t i = 0; type && i < sizeof processors / sizeof *processors; i++)
        if (!strcmp(processors[i].type, type))
            return processors[i].read(post, tokenizer, tree, where, error);
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: post_processor.type is %s, expected TemplateProcessing, BertProcessing, "
                     "RobertaProcessing, ByteLevel or Sequence",
                     where, type ? base_escape(shown, sizeof shown, type, strlen(type)) : "absent");
}

/* ---- writing ---- */

static bool describe_template(const data_template *t, const data_tokenizer *tokenizer, cJSON *post,
                              const char *key) {
    static const char *const text[] = {[DATA_STEP_A] = "A", [DATA_STEP_B] = "B"};
    cJSON *list = cJSON_AddArrayToObject(post, key);
    for (size_t i = 0; list && i < t->count; i++) {
        const data_step *s = &t->step[i];
        bool special = s->kind == DATA_STEP_SPECIAL;
        cJSON *item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(list, item))
            return false;
        cJSON *step = cJSON_AddObjectToObject(item, special ? "SpecialToken" : "Sequence");
        const char *name = special ? data_tokenizer_piece(tokenizer, s->id) : text[s->kind];
        if (!step || !cJSON_AddStringToObject(step, "id", name) ||
            !cJSON_AddNumberToObject(step, "type_id", s->type))
            return false;
    }
    return list;
}

static bool add_list_of(cJSON *object, const char *key, cJSON *one) {
    cJSON *list = one ? cJSON_AddArrayToObject(object, key) : NULL;
    if (list && cJSON_AddItemToArray(list, one))
        return true;
    cJSON_Delete(one);
    return false;
}

/* Adds the ids of the template's special tokens that are not there yet. */
static bool describe_ids(const data_template *t, const data_tokenizer *tokenizer, cJSON *tokens) {
    for (size_t i = 0; i < t->count; i++) {
        const char *piece = data_tokenizer_piece(tokenizer, t->step[i].id);
        if (t->step[i].kind != DATA_STEP_SPECIAL || base_json_get(tokens, piece))
            continue;
        cJSON *item = cJSON_AddObjectToObject(tokens, piece);
        if (!item || !cJSON_AddStringToObject(item, "id", piece) ||
            !add_list_of(item, "ids", cJSON_CreateNumber(t->step[i].id)) ||
            !add_list_of(item, "tokens", cJSON_CreateString(piece)))
            return false;
    }
    return true;
}

bool data_post_processor_describe(const data_post_processor *post, const data_tokenizer *tokenizer,
                                  cJSON *json) {
    cJSON *tree = cJSON_AddObjectToObject(json, "post_processor");
    if (!tree || !cJSON_AddStringToObject(tree, "type", "TemplateProcessing") ||
        !describe_template(&post->single, tokenizer, tree, "single") ||
        !describe_template(&post->pair, tokenizer, tree, "pair"))
        return false;
    cJSON *tokens = cJSON_AddObjectToObject(tree, "special_tokens");
    return tokens && describe_ids(&post->single, tokenizer, tokens) &&
           describe_ids(&post->pair, tokenizer, tokens);
}
