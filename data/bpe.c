#include "data/bpe.h"

#include "base/utf8.h"
#include "data/tokenizer_def.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 0x180, /* code points with a table of their own: ASCII, and GPT-2's bytes */
    CACHE_SLOTS = 1 << 14,
    CACHE_IDS = 1 << 18, /* ids that the cache holds before it begins anew */
    CACHE_WORD = 48,     /* longest word in the cache, in bytes */
    NO_SYMBOL = -1
};

/* Two pieces that become one; the first rule goes first. */
typedef struct merge_rule {
    uint64_t pair; /* left id << 32 | right id */
    uint32_t id;
    bool replaced; /* the pair comes again later, and counts there */
} merge_rule;

struct data_bpe {
    const data_vocabulary *vocabulary;
    data_bpe_settings settings;
    char *unknown, *prefix, *suffix;
    uint32_t unknown_id;
    uint32_t byte[256];    /* pieces <0x00> to <0xFF> */
    uint32_t small[SMALL]; /* pieces of single characters */
    merge_rule *rule;
    size_t rules, capacity;
    base_hash table;   /* of rules, by pair */
    uint64_t identity; /* of vocabulary, settings and merges: whose words a cache holds */
};

/* ---- the model ---- */

static void identify(data_bpe *m, const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    for (size_t i = 0; i < size; i++)
        m->identity = base_hash_byte(m->identity, b[i]);
}

/* Fibonacci hashing (Knuth 1998, 6.4). */
static uint64_t hash_pair(uint64_t pair) {
    return (pair ^ pair >> 29) * UINT64_C(0x9e3779b97f4a7c15);
}

/* The number of the pair's rule, or BASE_HASH_NONE. */
static uint32_t rule_of(const data_bpe *m, uint64_t pair) {
    uint64_t hash = hash_pair(pair);
    size_t tried = 0;
    uint32_t i = base_hash_next(&m->table, hash, &tried);
    while (i != BASE_HASH_NONE && (m->rule[i].pair != pair || m->rule[i].replaced))
        i = base_hash_next(&m->table, hash, &tried);
    return i;
}

static void find_pieces(data_bpe *m) {
    char piece[8];
    for (unsigned b = 0; b < 256; b++) {
        static const char digits[] = "0123456789ABCDEF";
        char code[] = {'<', '0', 'x', digits[b >> 4], digits[b & 15], '>'};
        m->byte[b] = data_vocabulary_find(m->vocabulary, code, sizeof code);
    }
    for (uint32_t c = 0; c < SMALL; c++)
        m->small[c] = data_vocabulary_find(m->vocabulary, piece, base_utf8_encode(c, piece));
    if (m->unknown)
        m->unknown_id = data_vocabulary_find(m->vocabulary, m->unknown, strlen(m->unknown));
    m->identity = BASE_HASH_START;
    for (uint32_t id = 0; id < data_vocabulary_size(m->vocabulary); id++) {
        size_t size;
        const char *text = data_vocabulary_piece(m->vocabulary, id, &size);
        identify(m, text, size + 1); /* with the NUL behind it */
    }
}

static bool copy_text(const char *text, char **out, data_bpe *m, base_error *error) {
    if (!text || !*text)
        return true;
    *out = base_copy(text, strlen(text));
    identify(m, text, strlen(text) + 1);
    return *out || base_fail(error, BASE_FAILED, "out of memory");
}

data_bpe *data_bpe_new(const data_vocabulary *vocabulary, const data_bpe_settings *s,
                       base_error *error) {
    data_bpe *m = base_alloc(1, sizeof *m, error);
    if (!m)
        return NULL;
    m->vocabulary = vocabulary;
    m->settings = *s;
    m->unknown_id = DATA_NO_PIECE;
    m->unknown = s->unknown ? base_copy(s->unknown, strlen(s->unknown)) : NULL;
    find_pieces(m);
    identify(m, &m->unknown_id, sizeof m->unknown_id);
    identify(m, (bool[]){s->fuse_unknown, s->byte_fallback, s->ignore_merges}, 3 * sizeof(bool));
    if ((m->unknown || !s->unknown) && copy_text(s->prefix, &m->prefix, m, error) &&
        copy_text(s->suffix, &m->suffix, m, error))
        return m;
    base_fail(error, BASE_FAILED, "out of memory");
    data_bpe_free(m);
    return NULL;
}

void data_bpe_free(data_bpe *m) {
    if (!m)
        return;
    free(m->unknown);
    free(m->prefix);
    free(m->suffix);
    free(m->rule);
    base_hash_free(&m->table);
    free(m);
}

static bool fail_piece(const char *piece, size_t size, base_error *error) {
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT, "the merge's piece \"%s\" is not in the vocabulary",
                     base_escape(shown, sizeof shown, piece, size));
}

/* The piece that left and right become: right loses the prefix of what does not begin a word. */
static uint32_t merged_piece(const data_bpe *m, const char *left, size_t left_size,
                             const char *right, size_t right_size, base_error *error) {
    size_t prefix = m->prefix ? strlen(m->prefix) : 0;
    base_bytes piece = {0};
    uint32_t id = DATA_NO_PIECE;
    if (prefix > right_size)
        fail_piece(right, right_size, error);
    else if (base_bytes_add(&piece, left, left_size, error) &&
             base_bytes_add(&piece, right + prefix, right_size - prefix, error)) {
        id = data_vocabulary_find(m->vocabulary, piece.data, piece.size);
        if (id == DATA_NO_PIECE)
            fail_piece(piece.data, piece.size, error);
    }
    base_bytes_free(&piece);
    return id;
}

bool data_bpe_merge(data_bpe *m, const char *left, size_t left_size, const char *right,
                    size_t right_size, base_error *error) {
    uint32_t a = data_vocabulary_find(m->vocabulary, left, left_size);
    uint32_t b = data_vocabulary_find(m->vocabulary, right, right_size);
    if (a == DATA_NO_PIECE)
        return fail_piece(left, left_size, error);
    if (b == DATA_NO_PIECE)
        return fail_piece(right, right_size, error);
    uint32_t id = merged_piece(m, left, left_size, right, right_size, error);
    if (id == DATA_NO_PIECE)
        return false;
    merge_rule rule = {(uint64_t)a << 32 | b, id, false};
    uint32_t known = rule_of(m, rule.pair);
    identify(m, &rule.pair, sizeof rule.pair);
    if (!base_grow(&m->rule, &m->capacity, m->rules + 1, sizeof rule, error) ||
        !base_hash_add(&m->table, hash_pair(rule.pair), error))
        return false;
    m->rule[m->rules++] = rule;
    if (known != BASE_HASH_NONE)
        m->rule[known].replaced = true;
    return true;
}

bool data_bpe_next(const data_bpe *m, size_t *at, uint32_t *left, uint32_t *right) {
    while (*at < m->rules && m->rule[*at].replaced)
        ++*at;
    if (*at == m->rules)
        return false;
    *left = (uint32_t)(m->rule[*at].pair >> 32);
    *right = (uint32_t)m->rule[*at].pair;
    ++*at;
    return true;
}

bool data_bpe_merge_lines(data_bpe *m, const char *text, size_t size, const char *path,
                          base_error *error) {
    static const char version[] = "#version";
    const char *end = text + size;
    for (size_t line = 1; text < end; line++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end, *next = newline ? newline + 1 : end;
        if (newline && stop > text && stop[-1] == '\r')
            stop--;
        size_t n = (size_t)(stop - text);
        const char *blank = memchr(text, ' ', n);
        if (n >= sizeof version - 1 && !memcmp(text, version, sizeof version - 1)) {
            text = next;
            continue;
        }
        if (!blank || memchr(blank + 1, ' ', (size_t)(stop - blank - 1)))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: line %zu: expected two pieces with a blank between", path, line);
        if (!data_bpe_merge(m, text, (size_t)(blank - text), blank + 1, (size_t)(stop - blank - 1),
                            error))
            return base_fail_prefix(error, "%s: line %zu", path, line);
        text = next;
    }
    return true;
}

/* ---- words seen lately ---- */

typedef struct cached_word {
    uint64_t hash;
    uint32_t ids, count; /* where its ids begin, and how many */
    uint8_t size;        /* 0: none */
    char bytes[CACHE_WORD];
} cached_word;

typedef struct data_bpe_cache {
    uint64_t identity;
    size_t used;
    uint32_t id[CACHE_IDS];
    cached_word word[CACHE_SLOTS];
} data_bpe_cache;

static cached_word *cached(const data_bpe *m, data_bpe_scratch *s, const char *word, size_t size,
                           uint64_t *hash, base_error *error) {
    if (!s->cache) {
        if (!(s->cache = base_alloc(1, sizeof *s->cache, error)))
            return NULL;
        s->cache->identity = m->identity;
    }
    if (s->cache->identity != m->identity) {
        memset(s->cache->word, 0, sizeof s->cache->word);
        s->cache->used = 0;
        s->cache->identity = m->identity;
    }
    *hash = base_hash_bytes(word, size);
    return &s->cache->word[base_hash_fold(*hash) % CACHE_SLOTS];
}

static void remember(data_bpe_cache *cache, cached_word *place, const char *word, size_t size,
                     uint64_t hash, const uint32_t *ids, size_t count) {
    if (count > CACHE_IDS - cache->used) {
        memset(cache->word, 0, sizeof cache->word);
        cache->used = 0;
    }
    *place = (cached_word){hash, (uint32_t)cache->used, (uint32_t)count, (uint8_t)size, {0}};
    memcpy(place->bytes, word, size);
    memcpy(cache->id + cache->used, ids, count * sizeof *ids);
    cache->used += count;
}

/* ---- encoding ---- */

/* A piece of the word, in a list of them. */
typedef struct data_bpe_symbol {
    uint32_t id;
    bool gone; /* it was merged into the one before */
    int64_t before, next;
} data_bpe_symbol;

/* A merge that may be done: of the symbol at `place` and the next. Order: rule, then place. */
typedef struct data_bpe_candidate {
    uint32_t rule;
    uint64_t place;
} data_bpe_candidate;

void data_bpe_scratch_free(data_bpe_scratch *s) {
    free(s->symbol);
    free(s->heap);
    free(s->cache);
    base_bytes_free(&s->piece);
    *s = (data_bpe_scratch){0};
}

static bool comes_before(const data_bpe_candidate *a, const data_bpe_candidate *b) {
    return a->rule != b->rule ? a->rule < b->rule : a->place < b->place;
}

static bool push_candidate(data_bpe_scratch *s, data_bpe_candidate c, base_error *error) {
    if (s->heap_count == s->heap_capacity &&
        !base_grow(&s->heap, &s->heap_capacity, s->heap_count + 1, sizeof *s->heap, error))
        return false;
    size_t at = s->heap_count++;
    for (; at > 0 && comes_before(&c, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = c;
    return true;
}

static data_bpe_candidate pop_candidate(data_bpe_scratch *s) {
    data_bpe_candidate top = s->heap[0], last = s->heap[--s->heap_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->heap_count; at = child) {
        if (child + 1 < s->heap_count && comes_before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!comes_before(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = last;
    return top;
}

/* The rule for the symbol at `place` and the next, or BASE_HASH_NONE. */
static uint32_t rule_at(const data_bpe *m, const data_bpe_scratch *s, int64_t place) {
    const data_bpe_symbol *left = &s->symbol[place];
    return rule_of(m, (uint64_t)left->id << 32 | s->symbol[left->next].id);
}

/* Makes a candidate of the symbol at `place` and the next, if they merge. */
static bool consider(const data_bpe *m, data_bpe_scratch *s, int64_t place, base_error *error) {
    uint32_t rule = rule_at(m, s, place);
    return rule == BASE_HASH_NONE ||
           push_candidate(s, (data_bpe_candidate){rule, (uint64_t)place}, error);
}

static bool merge_all(const data_bpe *m, data_bpe_scratch *s, base_error *error) {
    s->heap_count = 0;
    for (size_t i = 0; i + 1 < s->symbol_count; i++)
        if (!consider(m, s, (int64_t)i, error))
            return false;
    while (s->heap_count > 0) {
        data_bpe_candidate c = pop_candidate(s);
        data_bpe_symbol *left = &s->symbol[c.place];
        if (left->gone || left->next == NO_SYMBOL)
            continue;
        uint32_t rule = rule_at(m, s, (int64_t)c.place);
        if (rule == BASE_HASH_NONE || m->rule[rule].id != m->rule[c.rule].id)
            continue; /* one of the two has become another since */
        data_bpe_symbol *right = &s->symbol[left->next];
        left->id = m->rule[rule].id;
        left->next = right->next;
        right->gone = true;
        if (right->next != NO_SYMBOL)
            s->symbol[right->next].before = (int64_t)c.place;
        if ((left->before != NO_SYMBOL && !consider(m, s, left->before, error)) ||
            (left->next != NO_SYMBOL && !consider(m, s, (int64_t)c.place, error)))
            return false;
    }
    return true;
}

static bool push_symbol(data_bpe_scratch *s, uint32_t id, base_error *error) {
    if (s->symbol_count == s->symbol_capacity &&
        !base_grow(&s->symbol, &s->symbol_capacity, s->symbol_count + 1, sizeof *s->symbol, error))
        return false;
    int64_t at = (int64_t)s->symbol_count++;
    s->symbol[at] = (data_bpe_symbol){id, false, at - 1, NO_SYMBOL};
    if (at > 0)
        s->symbol[at - 1].next = at;
    return true;
}

/* The piece of the character word[at..next), with prefix and suffix where they belong, which is in
 * s->piece then. */
static bool character_piece(const data_bpe *m, const char *word, size_t size, size_t at,
                            size_t next, data_bpe_scratch *s, uint32_t *id, base_error *error) {
    s->piece.size = 0;
    if ((at > 0 && m->prefix && !base_bytes_add(&s->piece, m->prefix, strlen(m->prefix), error)) ||
        !base_bytes_add(&s->piece, word + at, next - at, error) ||
        (next == size && m->suffix &&
         !base_bytes_add(&s->piece, m->suffix, strlen(m->suffix), error)))
        return false;
    *id = data_vocabulary_find(m->vocabulary, s->piece.data, s->piece.size);
    return true;
}

/* Pushes s->piece byte by byte; *done says whether all bytes are pieces. */
static bool push_bytes(const data_bpe *m, data_bpe_scratch *s, bool *done, base_error *error) {
    *done = m->settings.byte_fallback;
    for (size_t i = 0; *done && i < s->piece.size; i++)
        *done = m->byte[(unsigned char)s->piece.data[i]] != DATA_NO_PIECE;
    for (size_t i = 0; *done && i < s->piece.size; i++)
        if (!push_symbol(s, m->byte[(unsigned char)s->piece.data[i]], error))
            return false;
    return true;
}

/* The symbols that the word begins with. An unknown one waits until the next is known, even where
 * bytes come between: so does the package. */
static bool split_word(const data_bpe *m, const char *word, size_t size, data_bpe_scratch *s,
                       base_error *error) {
    bool waits = false, plain = !m->prefix && !m->suffix, done;
    s->symbol_count = 0;
    for (size_t at = 0, next = 0; at < size; at = next) {
        uint32_t c = data_unicode_next(word, &next), id = DATA_NO_PIECE;
        if (plain && c < SMALL)
            id = m->small[c];
        if (id == DATA_NO_PIECE && !character_piece(m, word, size, at, next, s, &id, error))
            return false;
        if (id != DATA_NO_PIECE) {
            if ((waits && !push_symbol(s, m->unknown_id, error)) || !push_symbol(s, id, error))
                return false;
            waits = false;
            continue;
        }
        if (!push_bytes(m, s, &done, error))
            return false;
        if (done || !m->unknown)
            continue;
        char shown[100];
        if (m->unknown_id == DATA_NO_PIECE)
            return base_fail(error, BASE_BAD_INPUT,
                             "tokenizer: the piece \"%s\" for unknown characters is not in the "
                             "vocabulary",
                             base_escape(shown, sizeof shown, m->unknown, strlen(m->unknown)));
        if (waits && !m->settings.fuse_unknown && !push_symbol(s, m->unknown_id, error))
            return false;
        waits = true;
    }
    return !waits || push_symbol(s, m->unknown_id, error);
}

static bool encode_word(const data_bpe *m, const char *word, size_t size, data_bpe_scratch *s,
                        data_tokens *out, base_error *error) {
    if (!split_word(m, word, size, s, error) || !merge_all(m, s, error) ||
        !data_tokens_reserve(out, s->symbol_count, error))
        return false;
    for (size_t i = 0; i < s->symbol_count; i++)
        if (!s->symbol[i].gone)
            data_tokens_push(out, s->symbol[i].id);
    return true;
}

bool data_bpe_encode(const data_bpe *m, const char *word, size_t size, data_bpe_scratch *s,
                     data_tokens *out, base_error *error) {
    uint32_t whole = DATA_NO_PIECE;
    if (m->settings.ignore_merges)
        whole = data_vocabulary_find(m->vocabulary, word, size);
    if (whole != DATA_NO_PIECE) {
        if (data_tokens_reserve(out, 1, error))
            data_tokens_push(out, whole);
        return base_ok(error);
    }
    if (size > CACHE_WORD)
        return encode_word(m, word, size, s, out, error);
    uint64_t hash;
    size_t first = out->count;
    cached_word *place = cached(m, s, word, size, &hash, error);
    if (!place)
        return false;
    if (place->size == size && place->hash == hash && !memcmp(place->bytes, word, size)) {
        if (!data_tokens_reserve(out, place->count, error))
            return false;
        for (uint32_t i = 0; i < place->count; i++)
            data_tokens_push(out, s->cache->id[place->ids + i]);
        return true;
    }
    if (!encode_word(m, word, size, s, out, error))
        return false;
    if (!out->truncated)
        remember(s->cache, place, word, size, hash, out->ids + first, out->count - first);
    return true;
}
