#include "cli/report.h"

#include "base/json.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static bool put_percent(base_bytes *out, int width, eval_value v, base_error *error) {
    return v.undefined ? base_bytes_format(out, error, " %*s", width, "-")
                       : base_bytes_format(out, error, " %*.2f", width, 100 * v.value);
}

/* "spearman_cosine" under the heading "cosine": a line a kind of correlation. */
static bool put_correlations(base_bytes *out, const cli_report_entry *e, const char *kind,
                             base_error *error) {
    size_t length = strlen(kind);
    if (!base_bytes_format(out, error, "%8zu  %-9s", e->result.pairs, kind))
        return false;
    for (size_t i = 0; i < e->result.metrics; i++)
        if (strncmp(e->result.metric[i].name, kind, length) == 0 &&
            !put_percent(out, 10, e->result.metric[i].value, error))
            return false;
    return base_bytes_format(out, error, "  %s\n", e->file);
}

static bool put_heading(base_bytes *out, const eval_result *result, base_error *error) {
    if (!base_bytes_format(out, error, "%8s  %-9s", "pairs", "x 100"))
        return false;
    for (size_t i = 0; i < result->metrics; i++) {
        const char *name = result->metric[i].name;
        if (strncmp(name, "spearman_", 9) == 0 && !base_bytes_format(out, error, " %10s", name + 9))
            return false;
    }
    return base_bytes_format(out, error, "  file\n");
}

static const char *label_name(const cli_report_group *group, size_t i, char *out, size_t size) {
    enum { SHOWN = 14 };
    const char *label = group->label && i < group->labels ? group->label[i] : NULL;
    size_t n = label ? strlen(label) : 0;
    if (n > SHOWN)
        for (n = SHOWN; (label[n] & 0xc0) == 0x80;)
            n--; /* to the beginning of a character */
    if (label)
        snprintf(out, size, "%.*s", (int)n, label);
    else
        snprintf(out, size, "%zu", i);
    return out;
}

static bool put_confusion(base_bytes *out, const cli_report_group *group, const eval_result *r,
                          base_error *error) {
    char name[24];
    bool ok = base_bytes_format(out, error, "%18s", "gold \\ predicted");
    for (size_t j = 0; ok && j < r->classes; j++)
        ok = base_bytes_format(out, error, " %14s", label_name(group, j, name, sizeof name));
    for (size_t i = 0; ok && i < r->classes; i++) {
        ok = base_bytes_format(out, error, "\n%18s", label_name(group, i, name, sizeof name));
        for (size_t j = 0; ok && j < r->classes; j++)
            ok = base_bytes_format(out, error, " %14zu", r->confusion[i * r->classes + j]);
    }
    return ok && base_bytes_format(out, error, "\n");
}

static bool put_accuracy(base_bytes *out, const cli_report_group *group, const cli_report_entry *e,
                         base_error *error) {
    eval_value majority = eval_result_get(&e->result, "majority_accuracy");
    bool ok = base_bytes_format(out, error, "%s: %zu pairs (%zu without a gold label), accuracy",
                                e->file, e->result.pairs, e->skipped) &&
              put_percent(out, 0, eval_result_get(&e->result, "accuracy"), error) &&
              base_bytes_format(out, error, " %%");
    if (ok && !majority.undefined)
        ok = base_bytes_format(out, error, " (majority class %.2f %%)", 100 * majority.value);
    return ok && base_bytes_format(out, error, "\n") &&
           put_confusion(out, group, &e->result, error);
}

bool cli_report_table(base_bytes *out, const cli_report_group *group, base_error *error) {
    for (size_t i = 0; i < group->count; i++) {
        const cli_report_entry *e = &group->entry[i];
        bool ok = e->result.confusion ? put_accuracy(out, group, e, error)
                                      : (i > 0 || put_heading(out, &e->result, error)) &&
                                            put_correlations(out, e, "spearman", error) &&
                                            put_correlations(out, e, "pearson", error);
        if (!ok)
            return false;
    }
    return true;
}

static bool json_confusion(base_bytes *out, const eval_result *r, base_error *error) {
    bool ok = base_bytes_format(out, error, ", \"confusion\": [");
    for (size_t i = 0; ok && i < r->classes * r->classes; i++)
        ok = base_bytes_format(out, error, "%s%zu",
                               i == 0                ? "["
                               : i % r->classes == 0 ? "], ["
                                                     : ", ",
                               r->confusion[i]);
    return ok && base_bytes_format(out, error, "]]");
}

static bool json_entry(base_bytes *out, const cli_report_entry *e, base_error *error) {
    const eval_result *r = &e->result;
    bool ok =
        base_bytes_format(out, error, "{\"file\": ") &&
        base_json_string(out, e->file, strlen(e->file), error) &&
        base_bytes_format(out, error, ", \"pairs\": %zu, \"skipped\": %zu, \"truncated\": %zu",
                          r->pairs, e->skipped, r->truncated);
    for (size_t i = 0; ok && i < r->metrics; i++) {
        eval_value v = r->metric[i].value;
        ok = v.undefined
                 ? base_bytes_format(out, error, ", \"%s\": null", r->metric[i].name)
                 : base_bytes_format(out, error, ", \"%s\": %.17g", r->metric[i].name, v.value);
    }
    return ok && (!r->confusion || json_confusion(out, r, error)) &&
           base_bytes_format(out, error, "}");
}

bool cli_report_json(base_bytes *out, const cli_report_group *group, base_error *error) {
    bool ok = base_bytes_format(out, error, "\"%s\": [", group->name);
    for (size_t i = 0; ok && i < group->count; i++)
        ok =
            base_bytes_add(out, ", ", i ? 2 : 0, error) && json_entry(out, &group->entry[i], error);
    return ok && base_bytes_format(out, error, "]");
}

void cli_report_log(const cli_report_group *group) {
    for (size_t i = 0; i < group->count; i++) {
        const cli_report_entry *e = &group->entry[i];
        if (e->result.truncated)
            base_log(BASE_LOG_WARNING, "%s: %zu texts were cut to the model's length", e->file,
                     e->result.truncated);
        for (size_t j = 0; j < e->result.metrics; j++)
            if (e->result.metric[j].value.undefined)
                base_log(BASE_LOG_WARNING, "%s: %s is undefined: %s", e->file,
                         e->result.metric[j].name, e->result.metric[j].value.undefined);
    }
}
