#include "base/keys.h"
#include "base/number.h"
#include "base/output.h"
#include "cli/command.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024 };

const cli_option cli_common_options[] = {
    {"threads", CLI_SIZE, "N", "0",
     "threads to work with; 0: the smaller of CPU affinity and cgroup quota", 0, MAX_THREADS},
    {"help", CLI_FLAG, NULL, NULL, "print this and stop", 0, 0},
    {"version", CLI_FLAG, NULL, NULL, "print the version and stop", 0, 0},
};

size_t cli_common_option_count(void) {
    return sizeof cli_common_options / sizeof cli_common_options[0];
}

static const cli_option *option_at(const cli_command *command, size_t i) {
    return i < command->option_count ? &command->options[i]
                                     : &cli_common_options[i - command->option_count];
}

static size_t option_total(const cli_command *command) {
    return command->option_count + cli_common_option_count();
}

static const cli_option *option_find(const cli_command *command, const char *name, size_t length) {
    for (size_t i = 0; i < option_total(command); i++) {
        const cli_option *option = option_at(command, i);
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static bool fail_unknown(const cli_command *command, const char *word, base_error *error) {
    char shown[120];
    size_t dashes = strspn(word, "-"), length = strcspn(word + dashes, "=");
    size_t total = option_total(command);
    char *name = base_copy(word + dashes, length);
    const char **names = base_alloc(total, sizeof *names, error);
    if (name && names) {
        for (size_t i = 0; i < total; i++)
            names[i] = option_at(command, i)->name;
        base_fail(error, BASE_BAD_INPUT,
                  "sbert %s has no option %s; the nearest is --%s (sbert %s --help shows all)",
                  command->name, base_escape(shown, sizeof shown, word, dashes + length),
                  base_keys_nearest(name, names, total), command->name);
    }
    free(name);
    free(names);
    return base_fail(error, BASE_FAILED, "out of memory");
}

/* Digits alone, no sign, within the option's range. */
static bool parse_size(const cli_option *option, const char *text, size_t *out) {
    size_t n = 0;
    if (!*text || strspn(text, "0123456789") != strlen(text))
        return false;
    for (const char *c = text; *c && n <= option->high; c++)
        n = n * 10 + (size_t)(*c - '0');
    *out = n;
    return n >= option->low && n <= option->high;
}

static bool check_value(const cli_option *option, const char *value, base_error *error) {
    size_t n;
    char shown[120];
    if (option->kind == CLI_SIZE && !parse_size(option, value, &n))
        return base_fail(error, BASE_BAD_INPUT,
                         "--%s is '%s', expected a whole number from %zu to %zu", option->name,
                         base_escape(shown, sizeof shown, value, strlen(value)), option->low,
                         option->high);
    return true;
}

static bool give(cli_arguments *a, const cli_option *option, const char *value, base_error *error) {
    a->given[a->given_count++] = (struct cli_given){option, value};
    return check_value(option, value, error);
}

/* `next` is the word behind the option, NULL at the end. */
static bool fail_no_value(const cli_option *option, const char *next, base_error *error) {
    char shown[120];
    if (!next)
        return base_fail(error, BASE_BAD_INPUT, "--%s is the last word, expected %s behind it",
                         option->name, option->value);
    return base_fail(error, BASE_BAD_INPUT,
                     "--%s needs at least one %s before the next option, found %s", option->name,
                     option->value, base_escape(shown, sizeof shown, next, strlen(next)));
}

static bool is_option(const char *word) {
    return word[0] == '-' && word[1] != '\0';
}

/* The option at words[*i] and its values; *i moves behind them. */
static bool parse_option(cli_arguments *a, const char *const *words, size_t count, size_t *i,
                         base_error *error) {
    const char *word = words[(*i)++], *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (strcmp(word, "-h") == 0)
        name = "help", length = 4;
    const cli_option *option =
        word[1] == '-' || strcmp(word, "-h") == 0 ? option_find(a->command, name, length) : NULL;
    if (!option)
        return fail_unknown(a->command, word, error);
    if (option->kind == CLI_FLAG)
        return value ? base_fail(error, BASE_BAD_INPUT, "--%s takes no value", option->name)
                     : give(a, option, "", error);
    if (!value && *i < count && (option->kind != CLI_WORDS || !is_option(words[*i])))
        value = words[(*i)++];
    if (!value)
        return fail_no_value(option, *i < count ? words[*i] : NULL, error);
    if (!give(a, option, value, error))
        return false;
    while (option->kind == CLI_WORDS && *i < count && !is_option(words[*i]))
        if (!give(a, option, words[(*i)++], error))
            return false;
    return true;
}

static bool parse_words(cli_arguments *a, const char *const *words, size_t count,
                        base_error *error) {
    bool options = true;
    for (size_t i = 0; i < count;) {
        if (options && strcmp(words[i], "--") == 0) {
            options = false;
            i++;
        } else if (options && is_option(words[i])) {
            if (!parse_option(a, words, count, &i, error))
                return false;
        } else {
            a->operand[a->operand_count++] = words[i++];
        }
    }
    return true;
}

static bool check_operands(const cli_arguments *a, base_error *error) {
    const cli_command *c = a->command;
    if (a->operand_count < c->operands_low)
        return base_fail(error, BASE_BAD_INPUT, "too few arguments, expected sbert %s %s", c->name,
                         c->usage);
    char shown[120];
    if (a->operand_count > c->operands_high) {
        const char *extra = a->operand[c->operands_high];
        return base_fail(error, BASE_BAD_INPUT,
                         "'%s' is one argument too many, expected sbert %s %s",
                         base_escape(shown, sizeof shown, extra, strlen(extra)), c->name, c->usage);
    }
    return true;
}

bool cli_parse(const cli_command *command, const char *const *words, size_t count,
               cli_arguments *out, base_error *error) {
    *out = (cli_arguments){.command = command};
    out->operand = base_alloc(count, sizeof *out->operand, error);
    out->given = base_alloc(count, sizeof *out->given, error);
    if (!out->operand || !out->given || !parse_words(out, words, count, error))
        return false;
    out->threads = cli_size(out, "threads");
    return cli_flag(out, "help") || cli_flag(out, "version") || check_operands(out, error);
}

void cli_arguments_free(cli_arguments *a) {
    free(a->operand);
    free(a->given);
    *a = (cli_arguments){0};
}

size_t cli_count(const cli_arguments *a, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < a->given_count; i++)
        n += strcmp(a->given[i].option->name, name) == 0;
    return n;
}

const char *cli_value(const cli_arguments *a, const char *name, size_t i) {
    for (size_t g = 0; g < a->given_count; g++)
        if (strcmp(a->given[g].option->name, name) == 0 && i-- == 0)
            return a->given[g].value;
    return NULL;
}

bool cli_flag(const cli_arguments *a, const char *name) {
    return cli_count(a, name) > 0;
}

const char *cli_text(const cli_arguments *a, const char *name) {
    size_t n = cli_count(a, name);
    return n > 0 ? cli_value(a, name, n - 1) : NULL;
}

size_t cli_size(const cli_arguments *a, const char *name) {
    const cli_option *option = option_find(a->command, name, strlen(name));
    const char *text = cli_text(a, name);
    size_t n = 0;
    if (option)
        parse_size(option, text ? text : option->initial, &n);
    return n;
}

bool cli_goes_with(const cli_arguments *a, const char *name, const char *other, base_error *error) {
    return !cli_text(a, name) || cli_text(a, other) ||
           base_fail(error, BASE_BAD_INPUT, "%s: --%s goes with --%s", a->command->name, name,
                     other);
}

bool cli_number(const cli_arguments *a, const char *name, double low, double high, double *out,
                base_error *error) {
    const char *text = cli_text(a, name);
    char shown[100];
    double value;
    if (!text)
        return true;
    if (!base_number_parse(text, strlen(text), &value) || value < low || value > high)
        return base_fail(error, BASE_BAD_INPUT, "--%s is '%s', expected a number from %g to %g",
                         name, base_escape(shown, sizeof shown, text, strlen(text)), low, high);
    *out = value;
    return true;
}

bool cli_range(const cli_arguments *a, const char *name, char between, double *low, double *high,
               base_error *error) {
    const char *text = cli_text(a, name), *middle = text ? strchr(text, between) : NULL;
    char shown[100];
    if (!text || (middle && base_number_parse(text, (size_t)(middle - text), low) &&
                  base_number_parse(middle + 1, strlen(middle + 1), high) && *low < *high &&
                  isfinite(*high - *low)))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "--%s is '%s', expected LOW%cHIGH: two decimal numbers, the lower one first, "
                     "whose difference is finite",
                     name, base_escape(shown, sizeof shown, text, strlen(text)), between);
}

/* Every word that may name an input; `out` has room for all, "-" and a NULL at its end. */
static void list_inputs(const cli_arguments *a, const char **out) {
    for (size_t i = 0; i < a->operand_count; i++)
        *out++ = a->operand[i];
    for (size_t i = 0; i < a->given_count; i++)
        if (a->given[i].option->kind != CLI_OUT)
            *out++ = a->given[i].value;
    *out++ = "-"; /* the default of many */
    *out = NULL;
}

bool cli_outputs_check(const cli_arguments *a, base_error *error) {
    const char **inputs = base_alloc(a->operand_count + a->given_count + 2, sizeof *inputs, error);
    if (!inputs)
        return false;
    list_inputs(a, inputs);
    bool ok = true;
    for (size_t i = 0; ok && i < a->command->option_count; i++) {
        const cli_option *option = &a->command->options[i];
        const char *path = cli_text(a, option->name);
        path = path ? path : option->initial;
        if (option->kind == CLI_OUT && path && strcmp(path, "-") != 0)
            ok = base_output_check(path, cli_flag(a, "overwrite"), inputs, error);
    }
    free(inputs);
    return ok;
}
