#include "heatmap/heatmap.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *draw(const char *const *sentences, size_t count, const double *similarity) {
    data_text *text = calloc(count, sizeof *text);
    for (size_t i = 0; i < count; i++)
        text[i] = (data_text){sentences[i], strlen(sentences[i])};
    base_bytes out = {0};
    base_error error = {0};
    cr_assert(heatmap_svg(&out, text, count, similarity, &error), "%s", error.text);
    free(text);
    return out.data;
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
                               "word word word word word word word word word word word word word"};
    double similarity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    char *svg = draw(sentences, 3, similarity);
    cr_expect_null(strstr(svg, "<b>"));
    cr_expect_not_null(strstr(svg, "a &lt;b> &amp; \"c\""));
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

Test(heatmap, none_and_too_many_sentences_are_refused) {
    base_bytes out = {0};
    base_error error = {0};
    cr_expect_not(heatmap_svg(&out, NULL, 0, NULL, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    error = (base_error){0};
    cr_expect_not(heatmap_svg(&out, NULL, HEATMAP_MAX + 1, NULL, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}
