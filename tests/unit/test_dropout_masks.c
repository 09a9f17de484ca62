/* Statistics of dropout masks. */
#include "autograd/kernels/kernel.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MASK_ROWS = 2000, MASK_COLS = 500 };
static real ones[MASK_COLS], kept[MASK_ROWS][MASK_COLS];

static void draw_masks(double probability) {
    const kernel_mask mask = {0, (uint32_t)(probability * 0x1p32), 1};
    for (size_t c = 0; c < MASK_COLS; c++)
        ones[c] = 1;
    for (size_t r = 0; r < MASK_ROWS; r++) {
        kernel_mask m = mask;
        m.key = base_random_mix(99, r);
        kernel_best()->dropout(MASK_COLS, m, ones, 0, kept[r]);
    }
}

/* How far a count of `trials` draws of `chance` is from its mean, in standard deviations. */
static double deviation(double count, double trials, double chance) {
    return fabs(count - trials * chance) / sqrt(trials * chance * (1 - chance));
}

Test(dropout, masks_keep_as_many_as_they_should) {
    static const double probabilities[] = {0.1, 0.5, 0.9};
    for (size_t i = 0; i < sizeof probabilities / sizeof *probabilities; i++) {
        double keep = 1 - probabilities[i], all = 0, worst = 0;
        draw_masks(probabilities[i]);
        for (size_t c = 0; c < MASK_COLS; c++) {
            double column = 0;
            for (size_t r = 0; r < MASK_ROWS; r++)
                column += (double)kept[r][c];
            all += column;
            worst = fmax(worst, deviation(column, MASK_ROWS, keep));
        }
        cr_expect_lt(deviation(all, MASK_ROWS * MASK_COLS, keep), 4);
        cr_expect_lt(worst, 5); /* of 500 columns */
    }
}

/* Neighbours in a row, and the same element of neighbouring rows, agree as often as by chance. */
Test(dropout, masks_are_independent) {
    draw_masks(0.5);
    double along = 0, across = 0, diagonal = 0;
    for (size_t r = 1; r < MASK_ROWS; r++)
        for (size_t c = 1; c < MASK_COLS; c++) {
            along += kept[r][c] * kept[r][c - 1] > 0;
            across += kept[r][c] * kept[r - 1][c] > 0;
            diagonal += kept[r][c] * kept[r - 1][c - 1] > 0;
        }
    double trials = (MASK_ROWS - 1.0) * (MASK_COLS - 1.0);
    cr_expect_lt(deviation(along, trials, 0.25), 4);
    cr_expect_lt(deviation(across, trials, 0.25), 4);
    cr_expect_lt(deviation(diagonal, trials, 0.25), 4);
}
