#include "base/log.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void to_stderr(void *context, base_log_level level, const char *sentence) {
    (void)context;
    fprintf(stderr, "%s%s\n", level == BASE_LOG_WARNING ? "warning: " : "", sentence);
}

static base_log_sink *log_sink = to_stderr;
static void *log_context;

void base_log_to(base_log_sink *sink, void *context) {
    log_sink = sink ? sink : to_stderr;
    log_context = context;
}

void base_log(base_log_level level, const char *format, ...) {
    char raw[1024], sentence[1024]; /* names of files may hold anything */
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    log_sink(log_context, level, base_escape(sentence, sizeof sentence, raw, strlen(raw)));
}
