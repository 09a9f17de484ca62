/* Damages files at random and reads them as the program does: nothing may crash, hang or leak, and
 * what is refused is refused with one printable sentence. scripts/fuzz.sh builds it under the
 * sanitizers and makes FOLDER, whose sub-folders say how their files are read.
 *
 *     fuzz FOLDER SECONDS SEED
 *
 * The last line is "N files damaged, N refused". A finding leaves the damaged file in place. */
#define _XOPEN_SOURCE 700
#include "autograd/runtime.h"
#include "base/checksum.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/random.h"
#include "data/beir.h"
#include "data/reader.h"
#include "data/sampler.h"
#include "data/token_cache_def.h"
#include "data/tokenizer.h"
#include "losses/loss_folder.h"
#include "nn/model.h"
#include "train/checkpoint.h"
#include "train/config.h"
#include "train/preview.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- how files are read ---- */

static void read_model(const char *folder, base_error *error) {
    static const data_text text = {"a cat sat on the mat", 20};
    nn_model *model = nn_model_load(folder, &nn_model_any, error);
    nn_context *context = model ? nn_context_new(error) : NULL;
    float *row = context ? base_alloc(model->width, sizeof *row, error) : NULL;
    if (row && model->classifier)
        nn_model_score(model, context, &text, &text, 1, 0, row, NULL, error);
    else if (row)
        nn_model_encode(model, context, &text, 1, 0, row, NULL, error);
    free(row);
    nn_context_free(context);
    nn_model_free(model);
    char *head = base_path(folder, "loss", error);
    loss *l = head && base_ok(error) && base_file_is_folder(head) ? loss_read(head, error) : NULL;
    loss_free(l);
    free(head);
}

/* The folder of the damaged file, and a text. */
static void read_tokenizer(const char *path, base_error *error) {
    static const char text[] = "A cat s\u00e1t\u0301 (on)  the c-ab 12 xx <mask> \uac01 \u2581.";
    char *folder = base_copy(path, (size_t)(strrchr(path, '/') - path));
    data_tokenizer *t = folder ? data_tokenizer_load(folder, error) : NULL;
    data_tokens tokens = {0};
    if (t && data_tokenizer_encode(t, text, sizeof text - 1, 1 << 10, &tokens, error))
        for (size_t i = 0; i < tokens.count; i++)
            if (!data_tokenizer_piece(t, tokens.ids[i]))
                abort();
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
    free(folder);
}

static void read_run(const char *folder, base_error *error) {
    train_checkpoint_free(train_checkpoint_newest(folder, error));
}

static void read_corpus(const char *path, base_error *error) {
    data_reader_options options = {.kind = DATA_TARGET_CLASS};
    if (strstr(path, "sts"))
        options.kind = DATA_TARGET_SCORE;
    data_corpus_free(data_read(path, &options, error));
}

static void read_vectors(const char *path, base_error *error) {
    nn_model_free(nn_model_from_vectors(path, error));
}

static void read_beir(const char *folder, base_error *error) {
    data_beir_free(data_beir_read(folder, error));
}

static void read_config(const char *path, base_error *error) {
    train_config_free(train_config_load(path, NULL, 0, error));
}

/* Damaged rows are refused by their checksums; labels and texts are looked at before those. */
static void read_cache_at(const char *path, base_error *error) {
    data_cache_head head;
    if (!data_cache_head_read(path, &head, error))
        return;
    data_token_store *store = data_cache_map(path, &head, error);
    train_preview preview = {0};
    train_preview_make(&preview, head.corpus, error);
    train_preview_free(&preview);
    for (size_t i = 0; i < 4 && store; i++) {
        data_plan plan = {0};
        data_sampler_options o = {
            .name = data_sampler_names()[i], .batch_size = 8, .window_rows = 16};
        for (size_t w = 0; base_ok(error) && w < data_sampler_windows(&o, store); w++)
            data_sampler_plan(&o, store, 0, w, &plan, error);
        data_plan_free(&plan);
    }
    data_token_store_free(store);
    data_cache_head_release(&head);
    data_cache_verify(path, NULL, error);
}

static void read_cache(const char *folder, base_error *error) {
    data_cache_entry *entries;
    size_t count;
    if (!data_cache_entries_read(folder, &entries, &count, error))
        return;
    for (size_t i = 0; i < count; i++) {
        char *path = base_path(folder, entries[i].key, error);
        if (path)
            read_cache_at(path, error);
        free(path);
    }
    data_cache_entries_free(entries, count);
    char *memory = data_token_cache_memory(folder, error);
    uint64_t size;
    uint32_t crc;
    base_checksum("Makefile", memory, &size, &crc, error);
    free(memory);
}

static const struct way {
    const char *folder;
    bool whole; /* reads the folder, not the file that is damaged */
    void (*read)(const char *path, base_error *error);
} ways[] = {
    {"model", true, read_model},     {"shards", true, read_model},
    {"run", true, read_run},         {"corpora", false, read_corpus},
    {"configs", false, read_config}, {"tokenizers", false, read_tokenizer},
    {"albert", true, read_model},    {"distil", true, read_model},
    {"modern", true, read_model},    {"modules", true, read_model},
    {"mpnet", true, read_model},     {"roberta", true, read_model},
    {"xlmr", true, read_model},      {"static", true, read_model},
    {"words", true, read_model},     {"vectors", false, read_vectors},
    {"cross", true, read_model},     {"beir", true, read_beir},
    {"adapter", true, read_model},   {"decoder", true, read_model},
    {"cache", true, read_cache},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* ---- what is damaged ---- */

typedef struct target {
    const struct way *way;
    char *path;
} target;

typedef struct targets {
    target *item;
    size_t count, capacity;
} targets;

static void find_files(targets *all, const struct way *way, const char *folder) {
    base_error error = {0};
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char *path = base_path(folder, entry->d_name, &error);
        if (entry->d_name[0] == '.' || base_file_is_folder(path)) {
            if (entry->d_name[0] != '.')
                find_files(all, way, path);
            free(path);
        } else if (base_grow(&all->item, &all->capacity, all->count + 1, sizeof *all->item,
                             &error)) {
            all->item[all->count++] = (target){way, path};
        }
    }
    if (dir)
        closedir(dir);
}

static void damage(base_bytes *file, base_random *r) {
    static const char *const words[] = {
        "0",    "-1",     "1e999", "18446744073709551616", "null", "\"", "{", "]", "\\u0000", "\n",
        "\xff", "[[[[[[", "true",  "9007199254740993",     "\t"};
    base_error error = {0};
    size_t at = (size_t)base_random_below(r, file->size + 1), rest = file->size - at;
    size_t n = rest ? 1 + (size_t)base_random_below(r, rest < 40 ? rest : 40) : 0;
    const char *word = words[base_random_below(r, sizeof words / sizeof *words)];
    char *tail = base_copy(file->data + at, rest);
    switch (base_random_below(r, 6)) {
    case 0: /* one bit */
        if (rest)
            file->data[at] = (char)(file->data[at] ^ 1 << base_random_below(r, 8));
        break;
    case 1: /* cut short */
        file->size = at;
        break;
    case 2: /* some bytes less */
        file->size = at;
        base_bytes_add(file, tail + n, rest - n, &error);
        break;
    case 3: /* some bytes twice */
        file->size = at + n;
        base_bytes_add(file, tail, rest, &error);
        break;
    case 4: /* a word more */
    default:
        file->size = at;
        base_bytes_add(file, word, strlen(word), &error);
        base_bytes_add(file, tail, rest, &error);
    }
    free(tail);
}

/* One printable sentence. */
static bool well_said(const base_error *error) {
    size_t n = strlen(error->text);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)error->text[i] < ' ' || error->text[i] == 0x7f)
            return false;
    return n > 0;
}

static bool try_once(const target *t, const char *folder, base_random *r, bool *refused) {
    base_error error = {0}, ignored = {0};
    base_bytes whole = {0}, file = {0};
    if (!base_file_read(t->path, &whole, &ignored))
        return false;
    base_bytes_add(&file, whole.data, whole.size, &ignored);
    for (size_t i = 1 + (size_t)base_random_below(r, 3); i > 0; i--)
        damage(&file, r);
    base_file_write(t->path, file.data, file.size, &ignored);
    char *place = base_path(folder, t->way->folder, &ignored);
    t->way->read(t->way->whole ? place : t->path, &error);
    *refused = !base_ok(&error);
    bool good = base_ok(&ignored) && (base_ok(&error) || well_said(&error));
    if (good)
        base_file_write(t->path, whole.data, whole.size, &ignored);
    else
        printf("%s: the message is not one printable sentence: %s\n", t->path, error.text);
    free(place);
    base_bytes_free(&file);
    base_bytes_free(&whole);
    return good;
}

int main(int argc, char **argv) {
    base_error error = {0};
    targets all = {0};
    size_t tried = 0, refusals = 0;
    if (argc != 4 || !tape_runtime_start(1, &error))
        return 2;
    for (size_t i = 0; i < WAYS; i++) {
        char *folder = base_path(argv[1], ways[i].folder, &error);
        find_files(&all, &ways[i], folder);
        free(folder);
    }
    base_random r = base_random_stream(strtoull(argv[3], NULL, 10), "fuzz");
    bool good = all.count > 0, refused;
    for (double end = base_cpu_seconds() + atof(argv[2]); good && base_cpu_seconds() < end;) {
        const target *t = &all.item[base_random_below(&r, all.count)];
        good = try_once(t, argv[1], &r, &refused);
        tried++;
        refusals += refused;
    }
    printf("%zu files damaged, %zu refused\n", tried, refusals);
    for (size_t i = 0; i < all.count; i++)
        free(all.item[i].path);
    free(all.item);
    return good ? 0 : 1;
}
