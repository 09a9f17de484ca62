#include "heatmap/heatmap.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRID = 720, /* pixels that the cells share, while each gets between the next two */
    CELL_LARGE = 72,
    CELL_SMALL = 15,
    CELL_NUMBER = 30, /* the smallest cell that a number fits into */
    ROW_LABEL = 560,  /* most pixels for a sentence */
    COLUMN_LABEL = 360,
    TITLE = 480,
    TITLE_FONT = 14,
    MARGIN = 24,
    BAR_WIDTH = 16,
    BAR_HEIGHT = 220,
    BAR_STEPS = 40,
    BAR_TICKS = 8, /* most parts between two ticks */
};

typedef struct colour {
    double red, green, blue;
} colour;

typedef struct drawing {
    base_bytes *out;
    base_error *error;
    const heatmap *picture;
    data_text *labels; /* sentences, then titles, escaped */
    size_t count;
    heatmap_range range;
    double cell, font, row_label, column_label, left, top, pitch;
    bool numbered; /* columns have numbers alone */
} drawing;

#define PUT(map, ...) base_bytes_format((map)->out, (map)->error, __VA_ARGS__)

/* Orange below zero, white at zero, blue above. A range on one side of zero is white at its end
 * that is nearer to zero. */
static colour colour_of(double value, const heatmap_range *range) {
    static const colour stops[] = {
        {178, 68, 14}, {253, 190, 133}, {248, 249, 250}, {137, 190, 220}, {8, 48, 107}};
    double white = fmax(range->low, fmin(range->high, 0));
    double most = fmax(range->high - white, white - range->low);
    double inside = fmax(range->low, fmin(range->high, value));
    double at = 2 * ((inside - white) / most + 1);
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

/* A character as XML 1.0 allows it. */
static bool put_character(const drawing *map, uint32_t c) {
    char bytes[4];
    if (c == '&' || c == '<')
        return PUT(map, c == '&' ? "&amp;" : "&lt;");
    if (c == 0xfffe || c == 0xffff)
        c = 0xfffd;
    return base_bytes_add(map->out, bytes, base_utf8_encode(c, bytes), map->error);
}

/* Width of a text in em. */
static double width_of_text(data_text text) {
    double width = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t c;
        bool valid;
        at += base_utf8_decode(text.bytes + at, text.size - at, &c, &valid);
        width += width_of(c);
    }
    return width;
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

/* The text in letters of size `font`, shortened to `pixels`. */
static bool put_text(const drawing *map, data_text text, double font, double pixels) {
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

/* Row i: the sentence and its number at the left of the first grid. */
static bool put_row_label(const drawing *map, size_t i) {
    double y = map->top + ((double)i + 0.5) * map->cell + 0.35 * map->font, x = map->left - 8;
    return PUT(map, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill=\"#777\">%zu</text>\n", x,
               y, i + 1) &&
           PUT(map, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", x - 2 * map->font, y) &&
           put_text(map, map->labels[i], map->font, map->row_label - 3 * map->font) &&
           PUT(map, "</text>\n");
}

static double column_font(const drawing *map) {
    return fmin(map->font, 0.62 * map->cell);
}

/* Column i of a grid: its number. */
static bool put_column_number(const drawing *map, double left, size_t i) {
    return PUT(map,
               "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" "
               "fill=\"#777\">%zu</text>\n",
               left + ((double)i + 0.5) * map->cell, map->top - 8, column_font(map), i + 1);
}

/* Column i: the same as the row above the grid, slanted, in letters that leave room between the
 * lines. */
static bool put_column_label(const drawing *map, double left, size_t i) {
    double font = column_font(map);
    return PUT(map,
               "<text transform=\"translate(%.1f %.1f) rotate(-45)\" font-size=\"%.1f\">"
               "<tspan fill=\"#777\">%zu</tspan><tspan dx=\"%.1f\">",
               left + ((double)i + 0.5) * map->cell + 0.3 * font, map->top - 8, font, i + 1,
               0.5 * font) &&
           put_text(map, map->labels[i], font, map->column_label - 3 * font) &&
           PUT(map, "</tspan></text>\n");
}

static bool put_number(const drawing *map, double x, double y, double value, const char *fill) {
    bool zero = fabs(value) < 0.005; /* never "-0.00" */
    return PUT(map,
               "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" "
               "fill=\"%s\">%.2f</text>\n",
               x + 0.5 * map->cell, y + 0.61 * map->cell, fmin(0.31 * map->cell, 16), fill,
               zero ? 0 : value);
}

static bool put_cell(const drawing *map, double left, size_t row, size_t column, double value) {
    double x = left + (double)column * map->cell, y = map->top + (double)row * map->cell;
    bool known = isfinite(value);
    colour c = known ? colour_of(value, &map->range) : (colour){190, 190, 190};
    return PUT(map,
               "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
               "fill=\"rgb(%.0f,%.0f,%.0f)\"><title>%zu, %zu: %.3f</title></rect>\n",
               x, y, map->cell - 1, map->cell - 1, c.red, c.green, c.blue, row + 1, column + 1,
               value) &&
           (!known || map->cell < CELL_NUMBER ||
            put_number(map, x, y, value, brightness(c) < 140 ? "#fff" : "#222"));
}

static bool put_title(const drawing *map, double left, data_text title) {
    return PUT(map, "<text x=\"%.1f\" y=\"%d\" font-size=\"%d\" font-weight=\"bold\">", left,
               MARGIN + TITLE_FONT, TITLE_FONT) &&
           put_text(map, title, TITLE_FONT, TITLE) && PUT(map, "</text>\n");
}

static bool put_panel(const drawing *map, size_t panel) {
    const double *similarity = map->picture->panels[panel].similarity;
    double left = map->left + (double)panel * map->pitch;
    data_text title = map->labels[map->count + panel];
    bool ok = title.size == 0 || put_title(map, left, title);
    for (size_t i = 0; ok && i < map->count; i++)
        ok = map->numbered ? put_column_number(map, left, i) : put_column_label(map, left, i);
    for (size_t i = 0; ok && i < map->count * map->count; i++)
        ok = put_cell(map, left, i / map->count, i % map->count, similarity[i]);
    return ok;
}

static double bar_y(const drawing *map, double value) {
    const heatmap_range *r = &map->range;
    return map->top + BAR_HEIGHT * (r->high - value) / (r->high - r->low);
}

/* The smallest of 1, 2 and 5 times a power of ten that cuts the range into few parts; *places gets
 * the decimals that it needs. */
static double tick_step(const heatmap_range *range, int *places) {
    static const double of_ten[] = {1, 2, 5, 10};
    double least = (range->high - range->low) / (BAR_TICKS * (1 + 1e-9));
    double power = floor(log10(least));
    size_t i = 0;
    while (i < 3 && of_ten[i] * pow(10, power) < least)
        i++;
    if (i == 3)
        power += 1, i = 0;
    *places = power < 0 ? (int)-power : 0;
    return of_ten[i] * pow(10, power);
}

/* A mark and a number at every multiple of the step; at zero across the bar, and bold. */
static bool put_ticks(const drawing *map, double x) {
    int places;
    double step = tick_step(&map->range, &places), first = ceil(map->range.low / step - 1e-6);
    /* counted: on a range of a few bits n + 1 is n */
    for (int i = 0; i <= BAR_TICKS; i++) {
        double n = first + i;
        if (n * step > map->range.high + 1e-6 * step)
            break;
        bool zero = fabs(n) < 0.5;
        double y = bar_y(map, n * step);
        if (!PUT(map,
                 "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n"
                 "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\"%s>%.*f</text>\n",
                 zero ? x - 3 : x + BAR_WIDTH, y, x + BAR_WIDTH + 4.0, y, zero ? "#222" : "#999",
                 x + BAR_WIDTH + 8.0, y + 4, zero ? " font-weight=\"bold\"" : "", zero ? 0 : places,
                 zero ? 0 : n * step))
            return false;
    }
    return true;
}

static bool put_bar(const drawing *map, double x) {
    if (!PUT(map, "<defs><linearGradient id=\"bar\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">\n"))
        return false;
    for (int i = 0; i <= BAR_STEPS; i++) {
        double down = (double)i / BAR_STEPS;
        double value = map->range.high - down * (map->range.high - map->range.low);
        colour c = colour_of(value, &map->range);
        if (!PUT(map, "<stop offset=\"%.3f\" stop-color=\"rgb(%.0f,%.0f,%.0f)\"/>\n", down, c.red,
                 c.green, c.blue))
            return false;
    }
    return PUT(map,
               "</linearGradient></defs>\n<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" "
               "fill=\"url(#bar)\" stroke=\"#999\"/>\n"
               "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\">%s</text>\n",
               x, map->top, BAR_WIDTH, BAR_HEIGHT, x, map->top + BAR_HEIGHT + 22.0,
               map->picture->scale) &&
           put_ticks(map, x);
}

static heatmap_range range_of(const heatmap *picture) {
    heatmap_range range = {0, 1};
    for (size_t panel = 0; panel < picture->panel_count; panel++)
        for (size_t i = 0; i < picture->count * picture->count; i++) {
            double value = picture->panels[panel].similarity[i];
            if (isfinite(value) && value < range.low)
                range.low = fmax(-1, floor(value * 5) / 5);
        }
    return range;
}

/* Width in em of the longest of labels[first..first+count). */
static double longest(const drawing *map, size_t first, size_t count) {
    double width = 0;
    for (size_t i = first; i < first + count; i++)
        width = fmax(width, width_of_text(map->labels[i]));
    return width;
}

/* Labels get what the longest sentence needs, up to a limit, and panels what the longest title. */
static void lay_out(drawing *map) {
    map->cell = fmax(CELL_SMALL, fmin(CELL_LARGE, floor(GRID / (double)map->count)));
    map->font = fmin(14, 0.75 * map->cell);
    map->numbered = map->picture->panel_count > 1;
    double words = longest(map, 0, map->count) + 4, side = (double)map->count * map->cell;
    double title = longest(map, map->count, map->picture->panel_count) * TITLE_FONT;
    map->row_label = fmin(ROW_LABEL, words * map->font);
    map->column_label = fmin(COLUMN_LABEL, (map->numbered ? 2 : words) * column_font(map));
    map->left = MARGIN + map->row_label;
    map->top = MARGIN + (title > 0 ? 2 * TITLE_FONT : 0) + map->column_label * sqrt(0.5);
    map->pitch = fmax(side, fmin(title, TITLE)) + MARGIN;
}

static bool draw(const drawing *map) {
    double side = (double)map->count * map->cell;
    double bar = map->left + (double)map->picture->panel_count * map->pitch;
    double width = bar - MARGIN + fmax(map->column_label * sqrt(0.5), 4 * MARGIN);
    double height = map->top + fmax(side, BAR_HEIGHT + MARGIN) + MARGIN;
    bool ok = PUT(map,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                  "viewBox=\"0 0 %.0f %.0f\" font-family=\"DejaVu Sans, Helvetica, Arial, "
                  "sans-serif\" font-size=\"%.1f\" fill=\"#222\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                  width, height, width, height, map->font);
    for (size_t i = 0; ok && i < map->count; i++)
        ok = put_row_label(map, i);
    for (size_t i = 0; ok && i < map->picture->panel_count; i++)
        ok = put_panel(map, i);
    return ok && put_bar(map, bar) && PUT(map, "</svg>\n");
}

/* Sentences and titles as people may see them; their bytes are in *bytes. */
static bool escape(drawing *map, base_bytes *bytes) {
    const heatmap *p = map->picture;
    size_t all = p->count + p->panel_count;
    map->labels = base_alloc(all, sizeof *map->labels, map->error);
    bool ok = map->labels != NULL;
    for (size_t i = 0; ok && i < all; i++) {
        const char *title = i < p->count ? NULL : p->panels[i - p->count].title;
        data_text text = i < p->count ? p->sentences[i]
                                      : (data_text){title ? title : "", title ? strlen(title) : 0};
        size_t before = bytes->size;
        ok = base_bytes_escape(bytes, text.bytes, text.size, map->error);
        map->labels[i].size = bytes->size - before;
    }
    for (size_t i = 0, at = 0; ok && i < all; at += map->labels[i++].size)
        map->labels[i].bytes = bytes->data + at;
    return ok;
}

bool heatmap_svg(base_bytes *out, const heatmap *picture, base_error *error) {
    if (picture->count == 0 || picture->count > HEATMAP_MAX || picture->panel_count == 0)
        return base_fail(
            error, BASE_BAD_INPUT,
            "found %zu sentences in %zu matrices, a heat map takes 1 to %d in 1 or more",
            picture->count, picture->panel_count, HEATMAP_MAX);
    drawing map = {.out = out, .error = error, .picture = picture, .count = picture->count};
    map.range = picture->range ? *picture->range : range_of(picture);
    base_bytes bytes = {0};
    bool ok = escape(&map, &bytes);
    if (ok) {
        lay_out(&map);
        ok = draw(&map);
    }
    free(map.labels);
    base_bytes_free(&bytes);
    return ok;
}
