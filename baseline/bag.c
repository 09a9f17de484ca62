#include "baseline/bag.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>

static int is_word_byte(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
}

/* Without case. */
static uint64_t hash_word(const char *bytes, size_t size) {
    uint64_t hash = BASE_HASH_START;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        hash = base_hash_byte(hash, (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
    return hash;
}

static int by_hash(const void *a, const void *b) {
    uint64_t x = ((const baseline_word *)a)->hash, y = ((const baseline_word *)b)->hash;
    return (x > y) - (x < y);
}

/* Sorted, equal words joined. */
static void sort_words(baseline_bag *bag) {
    size_t kept = 0;
    if (bag->words == 0)
        return;
    qsort(bag->word, bag->words, sizeof *bag->word, by_hash);
    for (size_t i = 1; i < bag->words; i++) {
        if (bag->word[i].hash == bag->word[kept].hash)
            bag->word[kept].count++;
        else
            bag->word[++kept] = bag->word[i];
    }
    bag->words = kept + 1;
}

bool baseline_bag_fill(baseline_bag *bag, data_text text, base_error *error) {
    bag->words = 0;
    for (size_t i = 0, end; i < text.size; i = end) {
        for (end = i; end < text.size && is_word_byte((unsigned char)text.bytes[end]);)
            end++;
        if (end == i) {
            end++;
            continue;
        }
        if (!base_grow(&bag->word, &bag->capacity, bag->words + 1, sizeof *bag->word, error))
            return false;
        bag->word[bag->words++] = (baseline_word){hash_word(text.bytes + i, end - i), 1};
    }
    sort_words(bag);
    return true;
}

void baseline_bag_free(baseline_bag *bag) {
    free(bag->word);
    *bag = (baseline_bag){0};
}

void baseline_bag_merge(const baseline_bag *u, const baseline_bag *v, baseline_bag_visit *visit,
                        void *context) {
    for (size_t i = 0, j = 0; i < u->words || j < v->words;) {
        bool take_u = j == v->words || (i < u->words && u->word[i].hash <= v->word[j].hash);
        bool take_v = i == u->words || (j < v->words && v->word[j].hash <= u->word[i].hash);
        uint64_t hash = take_u ? u->word[i].hash : v->word[j].hash;
        visit(context, hash, take_u ? u->word[i].count : 0, take_v ? v->word[j].count : 0);
        i += take_u;
        j += take_v;
    }
}

typedef struct products {
    double uu, vv, uv;
} products;

static void add_products(void *context, uint64_t hash, uint32_t in_u, uint32_t in_v) {
    (void)hash;
    products *p = context;
    p->uu += (double)in_u * in_u;
    p->vv += (double)in_v * in_v;
    p->uv += (double)in_u * in_v;
}

double baseline_bag_cosine(const baseline_bag *u, const baseline_bag *v) {
    products p = {0};
    baseline_bag_merge(u, v, add_products, &p);
    return p.uu > 0 && p.vv > 0 ? p.uv / sqrt(p.uu * p.vv) : 0;
}
