#include "tests/token_strings.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const texts[] = {"[PAD]", "[UNK]", "[CLS]",  "[SEP]", "[MASK]",       "[cls]",
                                    " ",     " ",     "\u3000", "##",    "\xef\xbb\xbf", "\u0130"};
static const uint32_t marks[] = {0x302e, 0x302f, 0x1d165, 0x1d16d, 0x16ff0, 0x94d, 0x1b44, 0x345};
static const uint32_t ranges[][2] = {
    {0x21, 0x7e},     {0xa1, 0x24f},    {0x300, 0x36f},   {0x370, 0x377},
    {0x391, 0x3ff},   {0x400, 0x52f},   {0x5d0, 0x5ea},   {0x905, 0x939},
    {0x3041, 0x3096}, {0x4e00, 0x4e7f}, {0x1100, 0x11c2}, {0x1e00, 0x1eff},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint32_t below(uint64_t *state, uint32_t n) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 33) % n);
}

static void add(base_bytes *out, const char *bytes, size_t size) {
    base_error error = {0};
    cr_assert(base_bytes_add(out, bytes, size, &error));
}

static void add_byte(base_bytes *out, uint32_t byte) {
    char c = (char)byte;
    add(out, &c, 1);
}

static void add_code_point(base_bytes *out, uint32_t c) {
    char bytes[4];
    add(out, bytes, base_utf8_encode(c, bytes));
}

static void add_mark(base_bytes *out, uint32_t number) {
    add_code_point(out, number < 0x70 ? 0x300 + number : marks[number - 0x70]);
}

static void add_text(base_bytes *out, const char *text) {
    add(out, text, strlen(text));
}

static void add_unit(base_bytes *out, uint64_t *state) {
    uint32_t kind = below(state, 10);
    if (kind < 3)
        add_byte(out, 'a' + below(state, 26));
    else if (kind == 3)
        add_byte(out, below(state, 128));
    else if (kind == 4)
        add_code_point(out, 0xc0 + below(state, 0x470));
    else if (kind == 5)
        add_mark(out, below(state, 0x78));
    else if (kind == 6)
        add_code_point(out, below(state, 0xd800));
    else if (kind == 7)
        add_code_point(out, 0xe000 + below(state, 0x102000));
    else if (kind == 8)
        add_text(out, texts[below(state, COUNT(texts))]);
    else {
        /* The script's draw of the byte comes after the one that asks for it. */
        bool ill_formed = below(state, 8) == 0;
        add_byte(out, ill_formed ? 128 + below(state, 128) : ' ');
    }
}

void token_strings_next(uint64_t *state, base_bytes *out) {
    out->size = 0;
    for (uint32_t n = below(state, 40); n > 0; n--)
        add_unit(out, state);
}

static void add_piece(base_bytes *out, const char *piece, size_t size) {
    add(out, piece, size);
    add_text(out, "\n##");
    add(out, piece, size);
    add_text(out, "\n");
}

const char *token_strings_vocabulary(void) {
    base_bytes out = {0};
    for (size_t i = 0; i < 5; i++) {
        add_text(&out, texts[i]);
        add_text(&out, "\n");
    }
    for (size_t i = 0; i < COUNT(ranges); i++)
        for (uint32_t c = ranges[i][0]; c <= ranges[i][1]; c++) {
            char piece[4];
            add_piece(&out, piece, base_utf8_encode(c, piece));
        }
    for (char a = 'a'; a <= 'z'; a++)
        for (const char *b = "aeioustr"; *b; b++)
            add_piece(&out, (const char[]){a, *b}, 2);
    const char *path = fixture_write("vocab.txt", out.data, out.size);
    base_bytes_free(&out);
    return path;
}

uint64_t token_strings_digest(uint64_t hash, const uint32_t *ids, size_t count) {
    for (size_t i = 0; i <= count; i++) {
        uint32_t id = i ? ids[i - 1] : (uint32_t)count;
        for (int shift = 0; shift < 32; shift += 8)
            hash = base_hash_byte(hash, id >> shift & 255);
    }
    return hash;
}
