#include "overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/status.h"

static const uint8_t line_colour[3] = {255, 214, 10};

/** Coverage of each pixel by the lines, 0..255. */
typedef struct coverage {
    int width, height;
    uint8_t *values;
    double half_width; /* of the lines, pixels */
} coverage;

static double clamp(double value, double low, double high) { return value < low ? low : value > high ? high : value; }

static double distance_to_segment(double x, double y, sm_point a, sm_point b) {
    const double dx = (double)(b.x - a.x), dy = (double)(b.y - a.y);
    const double length_squared = dx * dx + dy * dy;
    const double along = (x - (double)a.x) * dx + (y - (double)a.y) * dy;
    const double share = length_squared > 0 ? clamp(along / length_squared, 0, 1) : 0;
    return hypot(x - ((double)a.x + share * dx), y - ((double)a.y + share * dy));
}

static void draw_segment(coverage *on, sm_point a, sm_point b) {
    const double reach = on->half_width + 0.5;
    const int left = (int)clamp(floor((double)fminf(a.x, b.x) - reach), 0, on->width);
    const int right = (int)clamp(ceil((double)fmaxf(a.x, b.x) + reach), 0, on->width);
    const int top = (int)clamp(floor((double)fminf(a.y, b.y) - reach), 0, on->height);
    const int bottom = (int)clamp(ceil((double)fmaxf(a.y, b.y) + reach), 0, on->height);
    for (int y = top; y < bottom; y++) {
        uint8_t *row = on->values + (size_t)y * (size_t)on->width;
        for (int x = left; x < right; x++) {
            const double covered = clamp(reach - distance_to_segment(x + 0.5, y + 0.5, a, b), 0, 1);
            const uint8_t value = (uint8_t)lround(covered * 255);
            if (value > row[x]) row[x] = value;
        }
    }
}

/** The centres of the pixel edges of an outline, averaged with their neighbours to smooth the steps. From malloc. */
static sm_point *smooth_outline(const sm_contour *contour, int *count) {
    size_t edges = 0;
    for (int i = 0; i < contour->point_count; i++) {
        const sm_point a = contour->points[i], b = contour->points[(i + 1) % contour->point_count];
        edges += (size_t)(fabsf(b.x - a.x) + fabsf(b.y - a.y));
    }
    sm_point *middles = calloc(edges + 1, sizeof *middles);
    sm_point *smooth = calloc(edges + 1, sizeof *smooth);
    if (middles && smooth) {
        size_t at = 0;
        for (int i = 0; i < contour->point_count; i++) {
            const sm_point a = contour->points[i], b = contour->points[(i + 1) % contour->point_count];
            const int length = (int)(fabsf(b.x - a.x) + fabsf(b.y - a.y));
            for (int step = 0; step < length; step++) {
                const float share = ((float)step + 0.5f) / (float)length;
                middles[at++] = (sm_point){a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share};
            }
        }
        for (size_t i = 0; i < edges; i++) {
            const sm_point before = middles[(i + edges - 1) % edges], after = middles[(i + 1) % edges];
            smooth[i] = (sm_point){0.25f * before.x + 0.5f * middles[i].x + 0.25f * after.x,
                                   0.25f * before.y + 0.5f * middles[i].y + 0.25f * after.y};
        }
        *count = (int)edges;
    } else {
        free(smooth);
        smooth = NULL;
    }
    free(middles);
    return smooth;
}

static bool draw_contour(coverage *on, const sm_contour *contour) {
    int count = 0;
    sm_point *points = smooth_outline(contour, &count);
    if (!points) return false;
    for (int i = 0; i < count; i++) draw_segment(on, points[i], points[(i + 1) % count]);
    free(points);
    return true;
}

/** The image as RGB, transparent pixels over black, with the lines blended over it. */
static void paint(const sm_image *image, const uint8_t *covered, uint8_t *rgb) {
    const size_t count = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = image->pixels + i * channels;
        const unsigned alpha = channels == 4 ? pixel[3] : 255;
        for (size_t c = 0; c < 3; c++) {
            const unsigned below = (pixel[channels == 1 ? 0 : c] * alpha + 127) / 255;
            rgb[3 * i + c] = (uint8_t)((line_colour[c] * covered[i] + below * (255u - covered[i]) + 127) / 255);
        }
    }
}

sm_status sm_overlay_draw(const sm_image *image, const uint8_t *mask, sm_image *overlay, sm_error *error) {
    *overlay = (sm_image){0};
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const int shorter = image->width < image->height ? image->width : image->height;
    sm_contours contours;
    const sm_status status = sm_mask_contours(mask, image->width, image->height, &contours, error);
    if (status) return status;
    coverage lines = {image->width, image->height, calloc(pixels, 1), fmax(0.75, shorter / 700.0)};
    uint8_t *rgb = malloc(pixels * 3);
    bool enough_memory = lines.values && rgb;
    for (int i = 0; enough_memory && i < contours.count; i++) enough_memory = draw_contour(&lines, &contours.items[i]);
    if (enough_memory) {
        paint(image, lines.values, rgb);
        *overlay = (sm_image){.width = image->width, .height = image->height, .channels = 3, .pixels = rgb};
    } else {
        free(rgb);
    }
    free(lines.values);
    sm_contours_free(&contours);
    return enough_memory ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to draw the outlines");
}
