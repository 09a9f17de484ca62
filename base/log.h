/* The log: one sentence a call, to standard error or to a callback. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

typedef enum base_log_level { BASE_LOG_INFO, BASE_LOG_WARNING } base_log_level;

typedef void base_log_sink(void *context, base_log_level level, const char *sentence);

/* Where sentences go; NULL: to stderr, warnings with "warning: " before them. */
void base_log_to(base_log_sink *sink, void *context);

void base_log(base_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
