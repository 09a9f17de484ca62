#include "data/unigram.h"

#include "data/tokenizer_def.h"
#include "data/unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A trie whose nodes are numbered breadth first, the root 0, so that the children of a node are
 * next to each other and those of the next node follow: child[n] .. child[n + 1) are n's. */
typedef struct trie {
    uint8_t *label;       /* the byte that leads to a node */
    uint32_t *child, *id; /* id: the piece that ends at a node, or DATA_NO_PIECE */
    size_t count, label_capacity, child_capacity, id_capacity;
    uint32_t root[256]; /* the root's children by their bytes, 0: none */
} trie;

struct data_unigram {
    const data_vocabulary *vocabulary;
    double *score, unknown_score;
    uint32_t unknown, byte[256];
    bool byte_fallback;
    trie trie;
};

/* ---- building ---- */

typedef struct sorted_piece {
    const char *text;
    size_t size;
    uint32_t id;
} sorted_piece;

static int compare_pieces(const void *a, const void *b) {
    const sorted_piece *p = a, *q = b;
    int order = memcmp(p->text, q->text, p->size < q->size ? p->size : q->size);
    return order ? order : (p->size > q->size) - (p->size < q->size);
}

/* The pieces that begin with what leads to a node, which are next to each other when sorted. */
typedef struct piece_range {
    size_t begin, end, depth;
} piece_range;

typedef struct piece_ranges {
    piece_range *range;
    size_t capacity;
} piece_ranges;

static bool add_node(trie *t, piece_ranges *r, piece_range range, uint8_t label,
                     base_error *error) {
    if (t->count >= UINT32_MAX - 1)
        return base_fail(error, BASE_BAD_INPUT, "the vocabulary has more than 2^32 beginnings");
    if (!base_grow(&t->label, &t->label_capacity, t->count + 1, 1, error) ||
        !base_grow(&t->id, &t->id_capacity, t->count + 1, sizeof *t->id, error) ||
        !base_grow(&t->child, &t->child_capacity, t->count + 2, sizeof *t->child, error) ||
        !base_grow(&r->range, &r->capacity, t->count + 1, sizeof range, error))
        return false;
    t->label[t->count] = label;
    t->id[t->count] = DATA_NO_PIECE;
    r->range[t->count++] = range;
    return true;
}

/* The children of a node: one for each byte that follows. */
static bool add_children(trie *t, piece_ranges *r, size_t node, const sorted_piece *piece,
                         base_error *error) {
    piece_range range = r->range[node];
    size_t i = range.begin;
    t->child[node] = (uint32_t)t->count;
    if (i < range.end && piece[i].size == range.depth)
        t->id[node] = piece[i++].id;
    while (i < range.end) {
        size_t begin = i;
        char byte = piece[i].text[range.depth];
        while (i < range.end && piece[i].text[range.depth] == byte)
            i++;
        if (!add_node(t, r, (piece_range){begin, i, range.depth + 1}, (uint8_t)byte, error))
            return false;
    }
    t->child[node + 1] = (uint32_t)t->count;
    return true;
}

static bool build_trie(trie *t, const data_vocabulary *v, base_error *error) {
    size_t n = data_vocabulary_size(v);
    sorted_piece *piece = base_alloc(n, sizeof *piece, error);
    piece_ranges ranges = {0};
    if (!piece)
        return false;
    for (uint32_t id = 0; id < n; id++) {
        piece[id].id = id;
        piece[id].text = data_vocabulary_piece(v, id, &piece[id].size);
    }
    qsort(piece, n, sizeof *piece, compare_pieces);
    bool ok = add_node(t, &ranges, (piece_range){0, n, 0}, 0, error);
    for (size_t node = 0; ok && node < t->count; node++)
        ok = add_children(t, &ranges, node, piece, error);
    for (uint32_t i = 1; ok && i < t->child[1]; i++)
        t->root[t->label[i]] = i;
    free(piece);
    free(ranges.range);
    return ok;
}

static void find_bytes(data_unigram *m) {
    static const char digits[] = "0123456789ABCDEF";
    for (unsigned b = 0; b < 256; b++) {
        char code[] = {'<', '0', 'x', digits[b >> 4], digits[b & 15], '>'};
        m->byte[b] = data_vocabulary_find(m->vocabulary, code, sizeof code);
    }
}

data_unigram *data_unigram_new(const data_vocabulary *vocabulary, const double *score,
                               uint32_t unknown, bool byte_fallback, base_error *error) {
    static const double penalty = 10;
    size_t n = data_vocabulary_size(vocabulary);
    data_unigram *m = base_alloc(1, sizeof *m, error);
    if (!m)
        return NULL;
    m->vocabulary = vocabulary;
    m->unknown = unknown;
    m->byte_fallback = byte_fallback;
    find_bytes(m);
    if (!(m->score = base_alloc(n, sizeof *m->score, error)) ||
        !build_trie(&m->trie, vocabulary, error)) {
        data_unigram_free(m);
        return NULL;
    }
    memcpy(m->score, score, n * sizeof *score);
    double least = HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        least = score[i] < least ? score[i] : least;
    m->unknown_score = least - penalty;
    return m;
}

void data_unigram_free(data_unigram *m) {
    if (!m)
        return;
    free(m->score);
    free(m->trie.label);
    free(m->trie.child);
    free(m->trie.id);
    free(m);
}

/* ---- encoding ---- */

/* The best way from the word's beginning to a place in it. */
typedef struct data_unigram_node {
    double score;
    size_t begin; /* of its last piece; NOT_REACHED: there is no way yet */
    uint32_t id;  /* of its last piece */
} data_unigram_node;

#define NOT_REACHED SIZE_MAX

void data_unigram_scratch_free(data_unigram_scratch *s) {
    free(s->node);
    *s = (data_unigram_scratch){0};
}

/* A way to a place: of two equally good ones the first stays. */
static void offer(data_unigram_node *node, double score, size_t begin, uint32_t id) {
    if (node->begin == NOT_REACHED || score > node->score)
        *node = (data_unigram_node){score, begin, id};
}

/* The node that a byte leads to, 0 for none. */
static uint32_t child_of(const trie *t, uint32_t node, uint8_t byte) {
    uint32_t begin = t->child[node], count = t->child[node + 1] - begin;
    if (node == 0)
        return t->root[byte];
    const uint8_t *labels = t->label + begin, *found = count ? memchr(labels, byte, count) : NULL;
    return found ? begin + (uint32_t)(found - labels) : 0;
}

/* Offers every piece that begins at word[at], whose character ends at `next`. */
static bool offer_pieces(const data_unigram *m, const char *word, size_t size, size_t at,
                         size_t next, data_unigram_node *node, base_error *error) {
    const trie *t = &m->trie;
    double so_far = node[at].score;
    bool single = false; /* the character itself is a piece */
    uint32_t place = 0;
    for (size_t end = at; end < size && (place = child_of(t, place, (uint8_t)word[end]));) {
        end++;
        if (t->id[place] == DATA_NO_PIECE)
            continue;
        offer(&node[end], m->score[t->id[place]] + so_far, at, t->id[place]);
        single = single || end == next;
    }
    if (single)
        return true;
    offer(&node[next], m->unknown_score + so_far, at, m->unknown);
    return m->unknown != DATA_NO_PIECE || node[next].id != DATA_NO_PIECE ||
           base_fail(error, BASE_BAD_INPUT,
                     "tokenizer: a character is in no piece, and unk_id is missing");
}

/* Unknown characters in a row: a piece, bytes, or one unknown piece. */
static bool push_unknown(const data_unigram *m, const char *text, size_t size, data_tokens *out,
                         base_error *error) {
    uint32_t id = data_vocabulary_find(m->vocabulary, text, size);
    bool bytes = id == DATA_NO_PIECE && m->byte_fallback;
    for (size_t i = 0; bytes && i < size; i++)
        bytes = m->byte[(unsigned char)text[i]] != DATA_NO_PIECE;
    if (!data_tokens_reserve(out, bytes ? size : 1, error))
        return false;
    for (size_t i = 0; bytes && i < size; i++)
        data_tokens_push(out, m->byte[(unsigned char)text[i]]);
    if (!bytes)
        data_tokens_push(out, id == DATA_NO_PIECE ? m->unknown : id);
    return true;
}

/* Turns the way back to the beginning around: each node then has the end of the piece that begins
 * there, and its id. */
static void turn_around(data_unigram_node *node, size_t size) {
    size_t end = size, begin = node[size].begin;
    uint32_t id = node[size].id;
    while (end > 0) {
        data_unigram_node here = node[begin];
        node[begin].begin = end;
        node[begin].id = id;
        end = begin;
        begin = here.begin;
        id = here.id;
    }
}

bool data_unigram_encode(const data_unigram *m, const char *word, size_t size,
                         data_unigram_scratch *s, data_tokens *out, base_error *error) {
    size_t count;
    if (!base_size_add(size, 1, &count) ||
        !base_grow(&s->node, &s->capacity, count, sizeof *s->node, error))
        return base_fail(error, BASE_FAILED, "a word of %zu bytes is too large", size);
    data_unigram_node *node = s->node;
    for (size_t i = 0; i < count; i++)
        node[i] = (data_unigram_node){0, NOT_REACHED, DATA_NO_PIECE};
    for (size_t at = 0, next = 0; at < size; at = next) {
        data_unicode_next(word, &next);
        if (!offer_pieces(m, word, size, at, next, node, error))
            return false;
    }
    turn_around(node, size);
    for (size_t at = 0, end; at < size && !out->truncated; at = end) {
        uint32_t id = node[at].id;
        end = node[at].begin;
        if (id == m->unknown) {
            while (end < size && node[end].id == m->unknown)
                end = node[end].begin;
            if (!push_unknown(m, word + at, end - at, out, error))
                return false;
            continue;
        }
        if (!data_tokens_reserve(out, 1, error))
            return false;
        data_tokens_push(out, id);
    }
    return true;
}
