#include "heatmap/heatmap.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *draw_picture(const heatmap *picture) {
    base_bytes out = {0};
    base_error error = {0};
    cr_assert(heatmap_svg(&out, picture, &error), "%s", error.text);
    return out.data;
}

static char *draw(const char *const *sentences, size_t count, const double *similarity) {
    data_text *text = calloc(count, sizeof *text);
    for (size_t i = 0; i < count; i++)
        text[i] = (data_text){sentences[i], strlen(sentences[i])};
    char *svg = draw_picture(
        &(heatmap){text, count, &(heatmap_panel){NULL, similarity}, 1, NULL, "cosine"});
    free(text);
    return svg;
}

/* A picture of `count` sentences that are all the same text. */
static char *draw_same(const char *sentence, size_t count, double value) {
    const char **sentences = calloc(count, sizeof *sentences);
    double *similarity = calloc(count * count, sizeof *similarity);
    for (size_t i = 0; i < count; i++)
        sentences[i] = sentence;
    for (size_t i = 0; i < count * count; i++)
        similarity[i] = value;
    char *svg = draw(sentences, count, similarity);
    free(sentences);
    free(similarity);
    return svg;
}

static size_t occurrences(const char *text, const char *part) {
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

Test(heatmap, every_cell_is_drawn_and_small_pictures_have_numbers) {
    char *svg = draw_same("A sentence.", 5, 0.875);
    cr_expect_eq(occurrences(svg, "<title>"), 25);
    cr_expect_eq(occurrences(svg, ">0.88<"), 25);
    cr_expect_eq(occurrences(svg, "linearGradient id"), 1);
    cr_expect_eq(occurrences(svg, "A sentence."), 10, "each in its row and its column");
    free(svg);
    svg = draw_same("A sentence.", 50, 0.875);
    cr_expect_eq(occurrences(svg, "<title>"), 2500);
    cr_expect_eq(occurrences(svg, ">0.88<"), 0, "there is no room for numbers");
    free(svg);
}

Test(heatmap, text_is_escaped_and_long_text_cut) {
    const char *sentences[] = {"a <b> & \"c\" \x01\x7f tab\t",
                               "\xe6\xbc\xa2\xe5\xad\x97 \xef\xbf\xbf",
                               ("word word word word word word word word word word word word word "
                                "word word word word word word word word")};
    double similarity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    char *svg = draw(sentences, 3, similarity);
    cr_expect_null(strstr(svg, "<b>"));
    cr_expect_not_null(strstr(svg, "a &lt;b> &amp; \"c\" \\x01\\x7f tab\\x09"));
    cr_expect_null(strchr(svg, '\x01'));
    cr_expect_null(strchr(svg, '\x7f'));
    cr_expect_null(strstr(svg, "\xef\xbf\xbf"), "U+FFFF is not allowed in XML");
    cr_expect_not_null(strstr(svg, "\xe6\xbc\xa2\xe5\xad\x97"));
    cr_expect_eq(occurrences(svg, "word\xe2\x80\xa6") + occurrences(svg, "wo\xe2\x80\xa6") +
                     occurrences(svg, "wor\xe2\x80\xa6") + occurrences(svg, "w\xe2\x80\xa6") +
                     occurrences(svg, " \xe2\x80\xa6"),
                 2);
    free(svg);
}

Test(heatmap, numbers_that_are_none_are_grey_without_a_number) {
    const char *sentences[] = {"a", "b"};
    double similarity[4] = {1, (double)NAN, -0.001, 1};
    char *svg = draw(sentences, 2, similarity);
    cr_expect_eq(occurrences(svg, "rgb(190,190,190)"), 1);
    cr_expect_eq(occurrences(svg, "-0.00"), 1,
                 "in the cell's title alone, which shows three places");
    cr_expect_eq(occurrences(svg, ">0.00<"), 1);
    free(svg);
}

static char *draw_range(double smallest, const heatmap_range *range) {
    data_text text[2] = {{"a", 1}, {"b", 1}};
    double similarity[4] = {1, smallest, smallest, 1};
    return draw_picture(
        &(heatmap){text, 2, &(heatmap_panel){NULL, similarity}, 1, range, "cosine"});
}

/* The numbers beside the colour bar, with blanks between; zero is bold. */
static void expect_ticks(double smallest, const heatmap_range *range, const char *expected) {
    char *svg = draw_range(smallest, range), found[200] = "";
    for (const char *at = svg; (at = strstr(at, "font-size=\"12\"")); at++) {
        const char *text = strchr(at, '>') + 1;
        if (strncmp(text, "cosine", 6))
            snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s%s ",
                     (int)strcspn(text, "<"), text,
                     strncmp(at + 14, " font-weight=\"bold\"", 19) ? "" : "!");
    }
    cr_expect_str_eq(found, expected, "ticks are %s, expected %s", found, expected);
    free(svg);
}

Test(heatmap, ticks_are_round_and_zero_is_marked) {
    expect_ticks(0.3, NULL, "0! 0.2 0.4 0.6 0.8 1.0 ");
    expect_ticks(-0.13, NULL, "-0.2 0! 0.2 0.4 0.6 0.8 1.0 ");
    expect_ticks(-0.97, NULL, "-1.0 -0.5 0! 0.5 1.0 ");
    expect_ticks(0, &(heatmap_range){0.537, 0.9}, "0.55 0.60 0.65 0.70 0.75 0.80 0.85 0.90 ");
    expect_ticks(0, &(heatmap_range){-40, 2}, "-40 -30 -20 -10 0! ");
    expect_ticks(0, &(heatmap_range){0.5, 0.50001},
                 "0.500000 0.500002 0.500004 0.500006 "
                 "0.500008 0.500010 ");
}

/* Two neighbouring numbers: the step between ticks is smaller than what numbers there differ by. */
Test(heatmap, a_range_of_one_bit_has_an_end, .timeout = 10) {
    char *svg = draw_range(0, &(heatmap_range){0.5, nextafter(0.5, 1)});
    cr_expect_leq(occurrences(svg, "font-size=\"12\""), 10);
    free(svg);
}

Test(heatmap, a_range_stretches_the_colours_and_cuts_what_is_outside) {
    char *svg = draw_range(0.5, &(heatmap_range){0.5, 0.9});
    cr_expect_eq(occurrences(svg, "<rect x"), 5);
    cr_expect_eq(occurrences(svg, "fill=\"rgb(8,48,107)\"><title>"), 2, "1 is above the range");
    cr_expect_eq(occurrences(svg, "fill=\"rgb(248,249,250)\"><title>"), 2, "0.5 is its end");
    free(svg);
    svg = draw_range(0.5, NULL);
    cr_expect_eq(occurrences(svg, "fill=\"rgb(248,249,250)\"><title>"), 0);
    free(svg);
}

static double width_of_picture(const char *sentence, size_t count) {
    char *svg = draw_same(sentence, count, 0.5);
    double width = atof(strstr(svg, "width=\"") + 7);
    free(svg);
    return width;
}

Test(heatmap, labels_have_the_room_that_sentences_need) {
    static const char sentence[] = "Twelve words that were cut in the column header before there "
                                   "was room";
    char *svg = draw_same(sentence, 3, 0.5);
    cr_expect_eq(occurrences(svg, "that were cut in"), 6, "in columns as well as in rows");
    cr_expect_lt(width_of_picture("short", 3), width_of_picture(sentence, 3) - 300);
    free(svg);
}

Test(heatmap, panels_share_rows_and_colours_and_are_titled) {
    data_text text[2] = {{"one", 3}, {"two", 3}};
    const double first[4] = {1, 0.4, 0.4, 1}, second[4] = {1, -0.5, 0.4, 1};
    heatmap_panel panels[2] = {{"models/a & b", first}, {"models/c\x1b", second}};
    char *svg = draw_picture(&(heatmap){text, 2, panels, 2, NULL, "dot"});
    cr_expect_eq(occurrences(svg, "<title>"), 8);
    cr_expect_eq(occurrences(svg, ">one<"), 1, "the row's label, for both");
    cr_expect_eq(occurrences(svg, ">models/a &amp; b<"), 1);
    cr_expect_eq(occurrences(svg, ">models/c\\x1b<"), 1);
    cr_expect_eq(occurrences(svg, ">dot<"), 1);
    cr_expect_eq(occurrences(svg, "linearGradient id"), 1);
    cr_expect_eq(occurrences(svg, ">-0.6<"), 1, "the scale begins below the smallest of all");
    cr_expect_eq(occurrences(svg, "fill=\"rgb(159,202,226)\"><title>1, 2: 0.400"), 1);
    cr_expect_eq(occurrences(svg, "fill=\"rgb(159,202,226)\"><title>2, 1: 0.400"), 2);
    free(svg);
}

static void expect_refused(heatmap picture) {
    base_bytes out = {0};
    base_error error = {0};
    cr_expect_not(heatmap_svg(&out, &picture, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}

Test(heatmap, none_and_too_many_sentences_are_refused) {
    const heatmap_panel panel = {NULL, NULL};
    expect_refused((heatmap){.panels = &panel, .panel_count = 1});
    expect_refused((heatmap){.count = HEATMAP_MAX + 1, .panels = &panel, .panel_count = 1});
    expect_refused((heatmap){.count = 1});
}
