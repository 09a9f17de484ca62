#include "cli/negative_forms.h"

#include <stdio.h>
#include <string.h>

struct cli_negative_form {
    const char *name;
    void (*names)(cli_negative_rows *rows, const char **names);
    bool (*put)(const cli_negative_rows *rows, size_t anchor);
};

static void put_texts(const cli_negative_rows *r, size_t anchor, size_t text) {
    cli_table_text(r->table, r->anchors[anchor]);
    cli_table_text(r->table, r->texts[text]);
}

static void put_score(const cli_negative_rows *r, double score) {
    if (r->scores)
        cli_table_number(r->table, score, 7);
}

/* ---- triplets ---- */

static void name_triplet(cli_negative_rows *r, const char **names) {
    static const char *const all[] = {"anchor", "positive", "negative", "positive_score",
                                      "negative_score"};
    memcpy(names, all, (r->scores ? 5 : 3) * sizeof *names);
}

static bool put_triplets(const cli_negative_rows *r, size_t anchor) {
    const search_hit *hit = r->found->hit + anchor * r->count;
    bool ok = true;
    for (size_t p = r->start[anchor]; p < r->start[anchor + 1]; p++)
        for (size_t i = 0; ok && i < r->found->found[anchor]; i++) {
            put_texts(r, anchor, r->positive[p]);
            cli_table_text(r->table, r->texts[hit[i].row]);
            put_score(r, r->found->positive_score[p]);
            put_score(r, hit[i].score);
            ok = cli_table_end_row(r->table);
        }
    return ok;
}

/* ---- n-tuples ---- */

static void name_tuple(cli_negative_rows *r, const char **names) {
    *names++ = "anchor";
    *names++ = "positive";
    for (size_t i = 0; i < r->count; i++) {
        snprintf(r->name[2 * i], sizeof r->name[0], "negative_%zu", i + 1);
        *names++ = r->name[2 * i];
    }
    if (r->scores)
        *names++ = "positive_score";
    for (size_t i = 0; r->scores && i < r->count; i++) {
        snprintf(r->name[2 * i + 1], sizeof r->name[0], "negative_%zu_score", i + 1);
        *names++ = r->name[2 * i + 1];
    }
}

static bool put_tuples(const cli_negative_rows *r, size_t anchor) {
    const search_hit *hit = r->found->hit + anchor * r->count;
    bool ok = true;
    for (size_t p = r->start[anchor];
         ok && r->found->found[anchor] == r->count && p < r->start[anchor + 1]; p++) {
        put_texts(r, anchor, r->positive[p]);
        for (size_t i = 0; i < r->count; i++)
            cli_table_text(r->table, r->texts[hit[i].row]);
        put_score(r, r->found->positive_score[p]);
        for (size_t i = 0; i < r->count; i++)
            put_score(r, hit[i].score);
        ok = cli_table_end_row(r->table);
    }
    return ok;
}

/* ---- labelled pairs ---- */

static void name_labelled(cli_negative_rows *r, const char **names) {
    static const char *const all[] = {"anchor", "text", "label", "score"};
    memcpy(names, all, (r->scores ? 4 : 3) * sizeof *names);
}

static bool put_labelled(const cli_negative_rows *r, size_t anchor, size_t text, size_t label,
                         double score) {
    put_texts(r, anchor, text);
    cli_table_size(r->table, label);
    put_score(r, score);
    return cli_table_end_row(r->table);
}

static bool put_labelled_pairs(const cli_negative_rows *r, size_t anchor) {
    const search_hit *hit = r->found->hit + anchor * r->count;
    bool ok = true;
    for (size_t p = r->start[anchor]; ok && p < r->start[anchor + 1]; p++)
        ok = put_labelled(r, anchor, r->positive[p], 1, r->found->positive_score[p]);
    for (size_t i = 0; ok && i < r->found->found[anchor]; i++)
        ok = put_labelled(r, anchor, hit[i].row, 0, hit[i].score);
    return ok;
}

/* ---- all ---- */

static const cli_negative_form forms[] = {
    {"triplet", name_triplet, put_triplets},
    {"n-tuple", name_tuple, put_tuples},
    {"labelled-pair", name_labelled, put_labelled_pairs},
};

const cli_negative_form *cli_negative_form_find(const char *name, base_error *error) {
    char shown[100];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (!strcmp(forms[i].name, name ? name : "triplet"))
            return &forms[i];
    base_fail(error, BASE_BAD_INPUT, "--form is '%s', expected triplet, n-tuple or labelled-pair",
              base_escape(shown, sizeof shown, name, strlen(name)));
    return NULL;
}

void cli_negative_names(cli_negative_rows *rows, const cli_negative_form *form,
                        const char *names[CLI_NEGATIVE_COLUMNS]) {
    memset(names, 0, CLI_NEGATIVE_COLUMNS * sizeof *names);
    form->names(rows, names);
}

bool cli_negative_put(const cli_negative_rows *rows, const cli_negative_form *form, size_t anchor) {
    return form->put(rows, anchor);
}
