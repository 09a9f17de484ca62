#include "train/read_files.h"

static bool append(data_corpus *all, const data_corpus *part, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < data_corpus_rows(part); i++) {
        data_row row;
        data_corpus_row(part, i, &row);
        ok = data_corpus_add(all, &row, error);
    }
    for (size_t i = 0; i < data_corpus_skipped(part); i++)
        data_corpus_count_skipped(all);
    size_t line, replaced = data_corpus_replaced(part, &line);
    if (replaced)
        data_corpus_count_replaced(all, replaced, line);
    return ok;
}

static data_corpus *read_all(const base_key_names *paths, const data_reader_options *options,
                             const char *name, base_error *error) {
    data_corpus *all = NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < paths->count; i++) {
        data_corpus *part = data_read(paths->name[i], options, error);
        if (part && !all)
            all = data_corpus_new(name, data_corpus_columns(part), data_corpus_kind(part), error);
        double low, high;
        if (part && all && data_corpus_range(part, &low, &high))
            data_corpus_set_range(all, low, high);
        ok = part && all && append(all, part, error);
        data_corpus_free(part);
    }
    if (ok)
        return all;
    data_corpus_free(all);
    return NULL;
}

data_corpus *train_read_files(const base_key_names *paths, const data_reader_options *options,
                              base_error *error) {
    if (paths->count == 1)
        return data_read(paths->name[0], options, error);
    base_bytes name = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < paths->count; i++)
        ok = base_bytes_format(&name, error, "%s%s", i ? ", " : "", paths->name[i]);
    data_corpus *all = ok ? read_all(paths, options, name.data, error) : NULL;
    base_bytes_free(&name);
    return all;
}
