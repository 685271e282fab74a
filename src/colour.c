#include "colour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Measured on the images of four sets and on pictures coloured by tests/c/tint.c. */
enum {
    COLOURED = 24, /* difference between channels beyond compression artefacts */
    WEAK = 8,
    LEAST_RATIO = 4, /* a tint: at least this difference, and this part of luma */
    SATURATED = 60,  /* the same of an overlay, whose colours are strong */
    BLACK = 24,      /* luma below which weak colours are not counted */
    BIN = 8,         /* grey levels per point of a colour map */
    BINS = 256 / BIN,
    MARGIN = 2, /* pixels around an overlay, where compression mixes colours */
    CHANNELS = 3
};
static const double least_tinted = 0.6;    /* share of colours in what is not black in a tinted picture */
static const double tint_spread = 9;       /* standard deviation of the colours of one luma in it, at most */
static const double bent = 1.15;           /* length of a colour map, compared with its brightest channel */
static const double least_overlay = 0.003; /* of the pixels; calipers and letters have less */
static const double most_overlay = 0.35;   /* of the pixels; drawings and photographs have more */
static const double most_weak = 0.01;      /* share of weaker colours beside an overlay; photographs have more */
static const double most_white = 0.05;     /* share of white; drawings and documents have more */
enum { WHITE = 250 };

/** Pixels of one range of luma: per channel, sums of the distances from luma, and of their squares. */
typedef struct bin {
    double count, sums[CHANNELS], squares[CHANNELS];
} bin;

typedef struct survey {
    bin bins[BINS];
    size_t seen, coloured, saturated; /* pixels that are not black; those with a tint, and strongly coloured ones */
} survey;

static int spread_of(const uint8_t *p) {
    const int low = p[0] < p[1] ? p[0] : p[1], high = p[0] > p[1] ? p[0] : p[1];
    return (p[2] > high ? p[2] : high) - (p[2] < low ? p[2] : low);
}

static void look(const sm_image *image, const uint8_t *grey, survey *s) {
    const size_t pixels = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *p = image->pixels + channels * i;
        const int spread = spread_of(p);
        bin *b = &s->bins[grey[i] / BIN];
        b->count++;
        s->seen += grey[i] >= BLACK || spread >= SATURATED;
        if (spread == 0 && p[0] == grey[i]) continue; /* all distances are 0; nearly all pixels are grey */
        for (int c = 0; c < CHANNELS; c++) {
            const double away = p[c] - grey[i];
            b->sums[c] += away;
            b->squares[c] += away * away;
        }
        s->saturated += spread >= SATURATED;
        s->coloured += spread >= WEAK && LEAST_RATIO * spread >= grey[i];
    }
}

/** Whether nearly all pixels of one luma have one colour. */
static bool is_tinted(const survey *s) {
    if (s->seen == 0 || (double)s->coloured < least_tinted * (double)s->seen) return false;
    double squares = 0, count = 0;
    for (int k = 0; k < BINS; k++) {
        const bin *b = &s->bins[k];
        for (int c = 0; c < CHANNELS && b->count > 0; c++)
            squares += fmax(0, b->squares[c] - b->sums[c] * b->sums[c] / b->count);
        count += CHANNELS * b->count;
    }
    return sqrt(squares / count) <= tint_spread;
}

/**
 * The grey values of a colour map by luma. A map runs evenly through the colours, so that the grey value is the length
 * of the way from black, along the channel that changes most.
 */
static void invert_map(const survey *s, uint8_t values[256]) {
    double lengths[BINS + 1] = {0}, last[CHANNELS] = {0}, at = 0, brightest = 0;
    double lumas[BINS + 1] = {0};
    int points = 1;
    for (int k = 0; k < BINS; k++) {
        const bin *b = &s->bins[k];
        if (b->count < 1) continue;
        const double luma = BIN * k + 0.5 * (BIN - 1);
        double step = 0;
        for (int c = 0; c < CHANNELS; c++) {
            const double channel = luma + b->sums[c] / b->count;
            step = fmax(step, fabs(channel - last[c]));
            last[c] = channel;
            brightest = fmax(brightest, channel);
        }
        at += step;
        lumas[points] = luma;
        lengths[points++] = at;
    }
    /* A map of one hue ends below white, with one channel that is the grey value; others end in white. */
    const double end = at > bent * brightest ? lumas[points - 1] : brightest;
    for (int v = 0, k = 1; v < 256; v++) {
        while (k + 1 < points && lumas[k] < v) k++;
        const double along = points > 1 ? fmin(1, (v - lumas[k - 1]) / fmax(1, lumas[k] - lumas[k - 1])) : 0;
        const double length = lengths[k - 1] + fmax(0, along) * (lengths[k] - lengths[k - 1]);
        const double value = at > 0 ? length / at * end : v;
        values[v] = (uint8_t)(value > 255 ? 255 : value + 0.5);
    }
}

/** Marks the pixels of an overlay and their neighbours. `covered` is [height][width]. Returns their number. */
static size_t cover(const sm_image *image, uint8_t *covered) {
    const size_t channels = (size_t)image->channels, stride = (size_t)image->width;
    memset(covered, 0, stride * (size_t)image->height);
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            if (spread_of(image->pixels + channels * ((size_t)y * stride + (size_t)x)) < SATURATED) continue;
            const int left = x > MARGIN ? x - MARGIN : 0,
                      right = x + MARGIN < image->width ? x + MARGIN : image->width - 1;
            for (int j = y > MARGIN ? y - MARGIN : 0; j <= y + MARGIN && j < image->height; j++)
                memset(covered + (size_t)j * stride + (size_t)left, 1, (size_t)right - (size_t)left + 1);
        }
    size_t count = 0;
    for (size_t i = 0; i < stride * (size_t)image->height; i++) count += covered[i];
    return count;
}

/** Sums of the seen pixels of a square, one level of a pyramid: [height][width] each. */
typedef struct level {
    int width, height;
    float *sums, *counts;
} level;

enum { LEVELS = 27 }; /* of the longest side that an image can have */

/** The level of half the size. */
static void halve(const level *from, const level *to) {
    memset(to->sums, 0, (size_t)to->width * (size_t)to->height * sizeof *to->sums);
    memset(to->counts, 0, (size_t)to->width * (size_t)to->height * sizeof *to->counts);
    for (int y = 0; y < from->height; y++)
        for (int x = 0; x < from->width; x++) {
            const size_t source = (size_t)y * (size_t)from->width + (size_t)x;
            const size_t target = (size_t)(y / 2) * (size_t)to->width + (size_t)(x / 2);
            to->sums[target] += from->sums[source];
            to->counts[target] += from->counts[source];
        }
}

/** The mean of a level at a point of the next finer one, bilinear. */
static float look_up(const level *l, int x, int y) {
    const int left = x > 0 ? (x - 1) / 2 : 0, top = y > 0 ? (y - 1) / 2 : 0;
    const int right = left + 1 < l->width ? left + 1 : left, bottom = top + 1 < l->height ? top + 1 : top;
    const float fx = x == 0 ? 0 : x % 2 ? 0.25f : 0.75f, fy = y == 0 ? 0 : y % 2 ? 0.25f : 0.75f;
    const float *a = l->sums + (size_t)top * (size_t)l->width, *b = l->sums + (size_t)bottom * (size_t)l->width;
    return (1 - fy) * ((1 - fx) * a[left] + fx * a[right]) + fy * ((1 - fx) * b[left] + fx * b[right]);
}

/** Turns sums into means; a square without a seen pixel takes the mean of the coarser level. */
static void fill(const level *coarse, const level *fine) {
    for (int y = 0; y < fine->height; y++)
        for (int x = 0; x < fine->width; x++) {
            const size_t i = (size_t)y * (size_t)fine->width + (size_t)x;
            fine->sums[i] = fine->counts[i] > 0 ? fine->sums[i] / fine->counts[i] : look_up(coarse, x, y);
        }
}

/**
 * Fills the covered pixels with the means of what surrounds them (push-pull, S. J. Gortler et al., "The Lumigraph",
 * 1996).
 */
static sm_status inpaint(const uint8_t *covered, int width, int height, uint8_t *grey, sm_error *error) {
    level levels[LEVELS] = {{width, height, NULL, NULL}};
    int count = 1;
    size_t values = (size_t)width * (size_t)height;
    for (; levels[count - 1].width > 1 || levels[count - 1].height > 1; count++) {
        levels[count].width = (levels[count - 1].width + 1) / 2;
        levels[count].height = (levels[count - 1].height + 1) / 2;
        values += (size_t)levels[count].width * (size_t)levels[count].height;
    }
    float *memory = malloc(2 * values * sizeof *memory);
    if (!memory) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", width, height);
    float *next = memory;
    for (int k = 0; k < count; k++) {
        const size_t size = (size_t)levels[k].width * (size_t)levels[k].height;
        levels[k].sums = next;
        levels[k].counts = next + size;
        next += 2 * size;
    }
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) {
        levels[0].counts[i] = covered[i] ? 0 : 1;
        levels[0].sums[i] = covered[i] ? 0 : (float)grey[i];
    }
    for (int k = 1; k < count; k++) halve(&levels[k - 1], &levels[k]);
    levels[count - 1].sums[0] /= levels[count - 1].counts[0] > 0 ? levels[count - 1].counts[0] : 1;
    for (int k = count - 2; k >= 0; k--) fill(&levels[k + 1], &levels[k]);
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
        if (covered[i]) grey[i] = (uint8_t)(levels[0].sums[i] + 0.5f);
    free(memory);
    return SM_OK;
}

/** Whether what is not covered is a grey picture. */
static bool is_scan(const sm_image *image, const uint8_t *grey, const uint8_t *covered) {
    const size_t pixels = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    size_t weak = 0, white = 0;
    for (size_t i = 0; i < pixels; i++) {
        if (covered[i]) continue;
        weak += spread_of(image->pixels + channels * i) >= COLOURED;
        white += grey[i] >= WHITE;
    }
    return (double)weak <= most_weak * (double)pixels && (double)white <= most_white * (double)pixels;
}

static sm_status remove_overlay(const sm_image *image, uint8_t *grey, sm_colour *found, sm_error *error) {
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *covered = malloc(pixels);
    if (!covered)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", image->width, image->height);
    const size_t count = cover(image, covered);
    sm_status status = SM_OK;
    if (is_scan(image, grey, covered)) {
        found->overlay_share = (float)count / (float)pixels;
        status = inpaint(covered, image->width, image->height, grey, error);
    }
    free(covered);
    return status;
}

sm_status sm_colour_remove(const sm_image *image, uint8_t *grey, sm_colour *found, sm_error *error) {
    *found = (sm_colour){0};
    if (image->channels < CHANNELS) return SM_OK;
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    survey s = {0};
    look(image, grey, &s);
    if (is_tinted(&s)) {
        uint8_t values[256];
        invert_map(&s, values);
        for (size_t i = 0; i < pixels; i++) grey[i] = values[grey[i]];
        found->tinted = true;
        return SM_OK;
    }
    const double share = (double)s.saturated / (double)pixels;
    return share >= least_overlay && share <= most_overlay ? remove_overlay(image, grey, found, error) : SM_OK;
}
