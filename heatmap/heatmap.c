#include "heatmap/heatmap.h"

#include "base/utf8.h"

#include <math.h>

enum {
    GRID = 720, /* pixels that the cells share, while each gets between the next two */
    CELL_LARGE = 72,
    CELL_SMALL = 15,
    CELL_NUMBER = 30, /* the smallest cell that a number fits into */
    ROW_LABEL = 370,  /* pixels for a sentence */
    COLUMN_LABEL = 220,
    MARGIN = 24,
    BAR_WIDTH = 16,
    BAR_HEIGHT = 220,
    BAR_STEPS = 20,
};

typedef struct colour {
    double red, green, blue;
} colour;

typedef struct heatmap {
    base_bytes *out;
    base_error *error;
    const data_text *sentences;
    const double *similarity;
    size_t count;
    double cell, left, top, font, low; /* low: value at the bottom of the colour bar */
} heatmap;

#define PUT(map, ...) base_bytes_format((map)->out, (map)->error, __VA_ARGS__)

/* Orange below zero, white at zero, blue above. */
static colour colour_of(double value) {
    static const colour stops[] = {
        {178, 68, 14}, {253, 190, 133}, {248, 249, 250}, {137, 190, 220}, {8, 48, 107}};
    double at = 2 * (fmax(-1, fmin(1, value)) + 1);
    size_t i = at < 3 ? (size_t)at : 3;
    double t = at - (double)i;
    const colour *a = &stops[i], *b = &stops[i + 1];
    return (colour){a->red + t * (b->red - a->red), a->green + t * (b->green - a->green),
                    a->blue + t * (b->blue - a->blue)};
}

/* Perceived brightness, 0 to 255 (ITU-R BT.601). */
static double brightness(colour c) {
    return 0.299 * c.red + 0.587 * c.green + 0.114 * c.blue;
}

/* Guessed width of a character in a sans-serif font, in em. */
static double width_of(uint32_t c) {
    return c >= 0x1100                        ? 1
           : c == 'i' || c == 'l' || c == ' ' ? 0.32
           : c >= 'A' && c <= 'Z'             ? 0.72
                                              : 0.58;
}

/* A character that XML 1.0 allows, white space and controls as one blank. */
static bool put_character(const heatmap *map, uint32_t c) {
    char bytes[4];
    if (c == '&' || c == '<')
        return PUT(map, c == '&' ? "&amp;" : "&lt;");
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff)
        c = ' ';
    return base_bytes_add(map->out, bytes, base_utf8_encode(c, bytes), map->error);
}

/* Bytes of the text that fit into `room` em. */
static size_t fitting(data_text text, double room) {
    size_t at = 0;
    while (at < text.size) {
        uint32_t c;
        bool valid;
        size_t bytes = base_utf8_decode(text.bytes + at, text.size - at, &c, &valid);
        room -= width_of(c);
        if (room < 0)
            break;
        at += bytes;
    }
    return at;
}

/* The sentence in letters of size `font`, shortened to `pixels`. */
static bool put_sentence(const heatmap *map, data_text text, double font, double pixels) {
    size_t end = fitting(text, pixels / font);
    bool cut = end < text.size;
    if (cut)
        end = fitting(text, pixels / font - 1);
    for (size_t at = 0; at < end;) {
        uint32_t c;
        bool valid;
        at += base_utf8_decode(text.bytes + at, text.size - at, &c, &valid);
        if (!put_character(map, c))
            return false;
    }
    return !cut || PUT(map, "…");
}

/* Row i: the sentence and its number at the left of the grid. */
static bool put_row_label(const heatmap *map, size_t i) {
    double y = map->top + ((double)i + 0.5) * map->cell + 0.35 * map->font, x = map->left - 8;
    return PUT(map, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill=\"#777\">%zu</text>\n", x,
               y, i + 1) &&
           PUT(map, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", x - 2 * map->font, y) &&
           put_sentence(map, map->sentences[i], map->font, ROW_LABEL - 3 * map->font) &&
           PUT(map, "</text>\n");
}

/* Column i: the same above the grid, slanted, in letters that leave room between the lines. */
static bool put_column_label(const heatmap *map, size_t i) {
    double font = fmin(map->font, 0.62 * map->cell);
    return PUT(map,
               "<text transform=\"translate(%.1f %.1f) rotate(-45)\" font-size=\"%.1f\">"
               "<tspan fill=\"#777\">%zu</tspan><tspan dx=\"%.1f\">",
               map->left + ((double)i + 0.5) * map->cell + 0.3 * font, map->top - 8, font, i + 1,
               0.5 * font) &&
           put_sentence(map, map->sentences[i], font, COLUMN_LABEL - 3 * font) &&
           PUT(map, "</tspan></text>\n");
}

static bool put_labels(const heatmap *map) {
    for (size_t i = 0; i < map->count; i++)
        if (!put_row_label(map, i) || !put_column_label(map, i))
            return false;
    return true;
}

static bool put_number(const heatmap *map, double x, double y, double value, const char *fill) {
    bool zero = fabs(value) < 0.005; /* never "-0.00" */
    return PUT(map,
               "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" "
               "fill=\"%s\">%.2f</text>\n",
               x + 0.5 * map->cell, y + 0.61 * map->cell, fmin(0.31 * map->cell, 16), fill,
               zero ? 0 : value);
}

static bool put_cell(const heatmap *map, size_t row, size_t column) {
    double value = map->similarity[row * map->count + column];
    double x = map->left + (double)column * map->cell, y = map->top + (double)row * map->cell;
    bool known = isfinite(value);
    colour c = known ? colour_of(value) : (colour){190, 190, 190};
    return PUT(map,
               "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
               "fill=\"rgb(%.0f,%.0f,%.0f)\"><title>%zu, %zu: %.3f</title></rect>\n",
               x, y, map->cell - 1, map->cell - 1, c.red, c.green, c.blue, row + 1, column + 1,
               value) &&
           (!known || map->cell < CELL_NUMBER ||
            put_number(map, x, y, value, brightness(c) < 140 ? "#fff" : "#222"));
}

static bool put_cells(const heatmap *map) {
    for (size_t row = 0; row < map->count; row++)
        for (size_t column = 0; column < map->count; column++)
            if (!put_cell(map, row, column))
                return false;
    return true;
}

/* From 1 at the top down to `low`, five numbers beside it. */
static bool put_bar(const heatmap *map) {
    double x = map->left + (double)map->count * map->cell + MARGIN;
    if (!PUT(map, "<defs><linearGradient id=\"bar\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">\n"))
        return false;
    for (int i = 0; i <= BAR_STEPS; i++) {
        double down = (double)i / BAR_STEPS;
        colour c = colour_of(1 - down * (1 - map->low));
        if (!PUT(map, "<stop offset=\"%.2f\" stop-color=\"rgb(%.0f,%.0f,%.0f)\"/>\n", down, c.red,
                 c.green, c.blue))
            return false;
    }
    if (!PUT(map,
             "</linearGradient></defs>\n<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" "
             "fill=\"url(#bar)\" stroke=\"#999\"/>\n<text x=\"%.1f\" y=\"%.1f\">cosine</text>\n",
             x, map->top, BAR_WIDTH, BAR_HEIGHT, x, map->top + BAR_HEIGHT + 20))
        return false;
    for (int i = 0; i <= 4; i++)
        if (!PUT(map, "<text x=\"%.1f\" y=\"%.1f\">%.2f</text>\n", x + BAR_WIDTH + 6,
                 map->top + BAR_HEIGHT * i / 4.0 + 4, 1 - (1 - map->low) * i / 4))
            return false;
    return true;
}

static heatmap layout_of(const double *similarity, size_t count) {
    heatmap map = {.similarity = similarity, .count = count};
    map.cell = fmax(CELL_SMALL, fmin(CELL_LARGE, floor(GRID / (double)count)));
    map.font = fmin(14, 0.75 * map.cell);
    map.left = MARGIN + ROW_LABEL;
    map.top = MARGIN + COLUMN_LABEL * sqrt(0.5);
    for (size_t i = 0; i < count * count; i++)
        if (isfinite(similarity[i]) && similarity[i] < map.low)
            map.low = fmax(-1, floor(similarity[i] * 10) / 10);
    return map;
}

bool heatmap_svg(base_bytes *out, const data_text *sentences, size_t count,
                 const double *similarity, base_error *error) {
    if (count == 0 || count > HEATMAP_MAX)
        return base_fail(error, BASE_BAD_INPUT, "found %zu sentences, a heat map takes 1 to %d",
                         count, HEATMAP_MAX);
    heatmap map = layout_of(similarity, count);
    map.out = out;
    map.error = error;
    map.sentences = sentences;
    double side = (double)count * map.cell;
    double width = map.left + side + fmax(COLUMN_LABEL * sqrt(0.5), 4 * MARGIN);
    double height = map.top + fmax(side, BAR_HEIGHT + MARGIN) + MARGIN;
    return PUT(&map,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
               "viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Helvetica, Arial, "
               "sans-serif\" font-size=\"%.1f\" fill=\"#222\">\n"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               width, height, width, height, map.font) &&
           put_labels(&map) && put_cells(&map) && put_bar(&map) && PUT(&map, "</svg>\n");
}
