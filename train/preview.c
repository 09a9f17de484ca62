#include "train/preview.h"

#include "losses/loss_labels.h"

#include <stdlib.h>
#include <string.h>

static bool fill_labels(train_preview *p, const data_corpus *corpus, base_error *error) {
    bool ok = true;
    for (size_t i = 0; i < data_corpus_labels(corpus); i++)
        if (data_corpus_label_value(corpus, i) >= p->classes)
            p->classes = (size_t)data_corpus_label_value(corpus, i) + 1;
    p->label = base_alloc(p->classes, sizeof *p->label, error);
    p->label_rows = base_alloc(p->classes, sizeof *p->label_rows, error);
    if (!p->label || !p->label_rows)
        return false;
    for (size_t i = 0; ok && i < p->classes; i++)
        ok = (p->label[i] = base_copy("", 0)) != NULL;
    for (size_t i = 0; ok && i < data_corpus_labels(corpus); i++)
        ok = loss_labels_join(&p->label[data_corpus_label_value(corpus, i)],
                              data_corpus_label_name(corpus, i));
    if (!ok)
        return base_fail(error, BASE_FAILED, "out of memory");
    for (size_t i = 0; i < p->classes; i++)
        if (!*p->label[i])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: no label has the number %zu, expected labels to have all numbers "
                             "from 0 to %zu",
                             p->name, i, p->classes - 1);
    if (p->classes == 1)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found one label, \"%s\", expected two or more to tell apart", p->name,
                         p->label[0]);
    data_corpus_count_labels(corpus, p->label_rows, p->classes);
    return true;
}

static bool add_part(base_bytes *line, const char *text, size_t size, base_error *error) {
    enum { SHOWN = 60 };
    char shown[SHOWN];
    return base_bytes_format(line, error, "  %s", base_escape(shown, sizeof shown, text, size));
}

static bool fill_sample(train_preview *p, const data_corpus *corpus, size_t i, base_error *error) {
    base_bytes line = {0};
    data_row row;
    data_corpus_row(corpus, i, &row);
    bool ok = base_bytes_format(&line, error, "line %zu", row.line);
    if (ok && p->classes)
        ok = add_part(&line, p->label[row.label], strlen(p->label[row.label]), error);
    if (ok && p->scored)
        ok = base_bytes_format(&line, error, "  %g", row.score);
    for (size_t c = 0; ok && c < row.columns; c++)
        ok = add_part(&line, row.text[c].bytes, row.text[c].size, error);
    p->sample[i] = line.data;
    return ok;
}

bool train_preview_make(train_preview *p, const data_corpus *corpus, base_error *error) {
    p->name = base_copy(data_corpus_name(corpus), strlen(data_corpus_name(corpus)));
    if (!p->name)
        return base_fail(error, BASE_FAILED, "out of memory");
    if (data_corpus_kind(corpus) == DATA_TARGET_CLASS && !fill_labels(p, corpus, error))
        return false;
    p->scored = data_corpus_kind(corpus) == DATA_TARGET_SCORE;
    if (p->scored) {
        data_corpus_scores(corpus, &p->least, &p->most);
        p->ranged = data_corpus_range(corpus, &p->low, &p->high);
    }
    for (size_t i = 0; i < TRAIN_SAMPLES && i < data_corpus_rows(corpus); i++)
        if (!fill_sample(p, corpus, i, error))
            return false;
    return true;
}

void train_preview_free(train_preview *p) {
    for (size_t i = 0; p->label && i < p->classes; i++)
        free(p->label[i]);
    for (size_t i = 0; i < TRAIN_SAMPLES; i++)
        free(p->sample[i]);
    free(p->label);
    free(p->label_rows);
    free(p->name);
    *p = (train_preview){0};
}
