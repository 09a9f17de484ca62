/* The files of a token cache, written part by part while the corpus is read. */
#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "data/pair.h"
#include "data/token_cache_def.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PART_BYTES = 16 << 20 }; /* of texts that are in memory */

typedef struct builder {
    const data_token_cache *cache;
    const char *folder;
    FILE *file[DATA_CACHE_FILES];
    char *path[DATA_CACHE_FILES];
    uint64_t written, others; /* bytes of this cache, of the others */
    uint64_t ids;
    size_t texts; /* that are written */
    size_t truncated;
    size_t *of_length, lengths;          /* [lengths] */
    size_t longest_first, longest_other; /* ids of first texts, of other ones */
    /* of the part at hand, for the progress */
    size_t part_texts;
    uint64_t read, all; /* bytes of the corpus */
    double start;
} builder;

/* ---- a part, tokenised ---- */

/* How many texts there are in all is reckoned from the bytes that were read. */
static bool report(void *context, size_t done, size_t total) {
    const builder *b = context;
    const base_progress *p = b->cache->how->progress;
    double part = total ? (double)done / (double)total : 1;
    double texts = (double)b->texts + part * (double)b->part_texts;
    double read = b->read ? (double)b->read : 1;
    double all = (double)(b->texts + b->part_texts) * fmax((double)b->all / read, 1);
    return !p || p->report(p->context, (size_t)texts, (size_t)fmax(all, texts + 1));
}

static bool put(builder *b, data_cache_file file, const void *data, size_t size,
                base_error *error) {
    b->written += size;
    return fwrite(data, 1, size, b->file[file]) == size ||
           base_file_fail(b->path[file], "write", error);
}

uint32_t data_cache_row_sum(const data_cache_row *row, size_t columns, const uint32_t *const *ids) {
    uLong sum = crc32(0, NULL, 0);
    const uint64_t ends[] = {row->target, row->line};
    sum = crc32(sum, (const Bytef *)row->start, (uInt)((columns + 1) * sizeof *row->start));
    sum = crc32(sum, (const Bytef *)row->hash, (uInt)(columns * sizeof *row->hash));
    sum = crc32(sum, (const Bytef *)ends, sizeof ends);
    for (size_t c = 0; c < columns; c++)
        sum = crc32_z(sum, (const Bytef *)ids[c],
                      (size_t)(row->start[c + 1] - row->start[c]) * sizeof **ids);
    return (uint32_t)sum;
}

static uint64_t target_bits(const data_token_store *part, size_t row) {
    uint64_t bits = part->label ? part->label[row] : 0;
    if (part->score)
        memcpy(&bits, &part->score[row], sizeof bits);
    return bits;
}

/* Row `row` of the part, whose texts are those of `texts`. */
static bool put_row(builder *b, const data_token_store *part, size_t row, const data_row *texts,
                    base_error *error) {
    size_t columns = part->columns;
    const uint32_t *ids[DATA_MAX_COLUMNS];
    data_cache_row sums = {.target = target_bits(part, row), .line = part->line[row]};
    static const size_t target_size[] = {0, sizeof(uint32_t), sizeof(double)};
    sums.start[0] = b->ids;
    for (size_t c = 0; c < columns; c++) {
        size_t count, *longest = c ? &b->longest_other : &b->longest_first;
        ids[c] = data_token_store_ids(part, row, c, &count);
        sums.start[c + 1] = sums.start[c] + count;
        sums.hash[c] = base_hash_bytes(texts->text[c].bytes, texts->text[c].size);
        *longest = count > *longest ? count : *longest;
        if (!put(b, DATA_CACHE_IDS, ids[c], count * sizeof **ids, error))
            return false;
    }
    uint32_t sum = data_cache_row_sum(&sums, columns, ids);
    b->ids = sums.start[columns];
    return put(b, DATA_CACHE_STARTS, sums.start + 1, columns * sizeof *sums.start, error) &&
           put(b, DATA_CACHE_HASHES, sums.hash, columns * sizeof *sums.hash, error) &&
           put(b, DATA_CACHE_TARGETS, &sums.target, target_size[part->kind], error) &&
           put(b, DATA_CACHE_LINES, &sums.line, sizeof sums.line, error) &&
           put(b, DATA_CACHE_SUMS, &sum, sizeof sum, error);
}

static bool add_lengths(builder *b, const data_token_store *part, base_error *error) {
    size_t lengths = part->longest + 1, capacity = b->lengths;
    if (lengths > capacity) {
        if (!base_grow(&b->of_length, &capacity, lengths, sizeof *b->of_length, error))
            return false;
        memset(b->of_length + b->lengths, 0, (capacity - b->lengths) * sizeof *b->of_length);
        b->lengths = capacity;
    }
    for (size_t i = 0; i < lengths; i++)
        b->of_length[i] += part->of_length[i];
    b->truncated += part->truncated;
    return true;
}

static bool check_limit(const builder *b, base_error *error) {
    uint64_t limit = b->cache->limit;
    return !limit || b->others + b->written <= limit ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: its caches take %.1f MiB without this one, which has %.1f MiB already, "
                     "expected at most %.1f in all; remove some (sbert cache), or raise the limit",
                     b->cache->folder, (double)b->others / 0x1p20, (double)b->written / 0x1p20,
                     (double)limit / 0x1p20);
}

static bool put_rows(builder *b, const data_corpus *corpus, size_t first,
                     const data_token_store *part, base_error *error) {
    for (size_t i = 0; i < part->rows; i++) {
        data_row row;
        data_corpus_row(corpus, first + i, &row);
        if (!put_row(b, part, i, &row, error))
            return false;
    }
    return add_lengths(b, part, error);
}

static bool take_part(void *context, const data_corpus *corpus, uint64_t read, base_error *error) {
    builder *b = context;
    size_t first = data_corpus_seen(corpus), rows = data_corpus_rows(corpus) - first;
    if (rows == 0)
        return true;
    base_progress progress = {report, b};
    data_tokenising how = *b->cache->how;
    how.progress = &progress;
    b->read = read;
    b->part_texts = rows * data_corpus_columns(corpus);
    data_token_store *part = base_alloc(1, sizeof *part, error);
    bool ok = part && data_token_store_make(part, corpus, first, &how, error) &&
              put_rows(b, corpus, first, part, error) && check_limit(b, error);
    data_token_store_free(part);
    b->texts += b->part_texts;
    return ok;
}

/* ---- all of it ---- */

static bool open_files(builder *b, base_error *error) {
    const uint64_t zero = 0;
    for (size_t i = 0; i < DATA_CACHE_FILES; i++) {
        b->path[i] = base_path(b->folder, data_cache_names[i], error);
        if (!b->path[i])
            return false;
        b->file[i] = fopen(b->path[i], "wb");
        if (!b->file[i])
            return base_file_fail(b->path[i], "create", error);
    }
    return put(b, DATA_CACHE_STARTS, &zero, sizeof zero, error);
}

static bool close_files(builder *b, base_error *error) {
    for (size_t i = 0; i < DATA_CACHE_FILES; i++) {
        if (b->file[i] && fclose(b->file[i]) != 0 && base_ok(error))
            base_file_fail(b->path[i], "write", error);
        free(b->path[i]);
    }
    return base_ok(error);
}

/* Labels as they were found have the numbers of their order in `targets`; declared ones their own.
 */
static bool map_labels(data_cache_head *head, bool found, base_error *error) {
    const data_corpus *c = head->corpus;
    size_t known = data_corpus_labels(c), values = 0;
    for (size_t i = 0; i < known; i++)
        if (data_corpus_label_value(c, i) >= values)
            values = (size_t)data_corpus_label_value(c, i) + 1;
    head->labels = found ? known : values;
    head->to = base_alloc(head->labels, sizeof *head->to, error);
    for (size_t i = 0; head->to && i < head->labels; i++)
        head->to[i] = found ? data_corpus_label_value(c, i) : (uint32_t)i;
    return head->to != NULL;
}

static bool write_head(builder *b, data_corpus *corpus, const char *description, const cJSON *files,
                       base_error *error) {
    const data_tokenising *how = b->cache->how;
    data_cache_head head = {.corpus = corpus,
                            .ids = b->ids,
                            .truncated = b->truncated,
                            .longest_text = b->longest_first > b->longest_other ? b->longest_first
                                                                                : b->longest_other};
    head.longest = head.longest_text;
    if (how->pairs)
        head.longest =
            data_pair_length(how->tokenizer, b->longest_first, b->longest_other, how->max_length);
    head.of = base_copy(description, strlen(description));
    head.files = cJSON_Duplicate(files, true);
    head.of_length = base_alloc(head.longest + 1, sizeof *head.of_length, error);
    bool ok = head.of && head.files && head.of_length
                  ? true
                  : base_fail(error, BASE_FAILED, "out of memory");
    for (size_t i = 0; ok && i <= head.longest && i < b->lengths; i++)
        head.of_length[i] = b->of_length[i];
    ok = ok && map_labels(&head, b->cache->reader->find_labels, error) &&
         data_cache_head_write(b->folder, &head, error);
    head.corpus = NULL;
    data_cache_head_release(&head);
    return ok;
}

static void tell(const builder *b, const data_corpus *corpus) {
    double seconds = base_cpu_seconds() - b->start;
    base_log(BASE_LOG_INFO, "%s: %zu rows tokenised into %s: %.1f MiB, %.1f s, %.0f tokens/s",
             data_corpus_name(corpus), data_corpus_all_rows(corpus), b->cache->folder,
             (double)b->written / 0x1p20, seconds, (double)b->ids / fmax(seconds, 1e-9));
}

static uint64_t size_of_all(const cJSON *files) {
    double all = 0;
    for (const cJSON *file = files->child; file; file = file->next)
        all += base_json_get(file, "size")->valuedouble;
    return (uint64_t)all;
}

bool data_cache_build(const data_token_cache *cache, const char *description, const cJSON *files,
                      uint64_t others, const char *folder, base_error *error) {
    builder b = {.cache = cache,
                 .folder = folder,
                 .others = others,
                 .all = size_of_all(files),
                 .start = base_cpu_seconds()};
    data_row_taker taker = {PART_BYTES, take_part, &b};
    data_reader_options reader = *cache->reader;
    reader.taker = &taker;
    data_corpus *corpus = NULL;
    if (open_files(&b, error))
        corpus = data_read_files(cache->paths, cache->count, &reader, error);
    bool ok = close_files(&b, error) && corpus && write_head(&b, corpus, description, files, error);
    if (ok)
        tell(&b, corpus);
    data_corpus_free(corpus);
    free(b.of_length);
    return ok;
}
