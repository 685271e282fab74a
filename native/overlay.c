#include "overlay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/status.h"

static const uint8_t line_colour[3] = {255, 214, 10}, frame_colour[3] = {100, 180, 255},
                     inside_colour[3] = {48, 209, 88}, outside_colour[3] = {255, 69, 58};

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

/** Dashes are as long as the gaps; `dash` pixels, or 0 for a whole line. */
static bool draw_contour(coverage *on, const sm_contour *contour, int dash) {
    int count = 0;
    sm_point *points = smooth_outline(contour, &count);
    if (!points) return false;
    for (int i = 0; i < count; i++)
        if (dash == 0 || i / dash % 2 == 0) draw_segment(on, points[i], points[(i + 1) % count]);
    free(points);
    return true;
}

static sm_status draw_mask(coverage *on, const uint8_t *mask, int dash, sm_error *error) {
    sm_contours contours;
    const sm_status status = sm_mask_contours(mask, on->width, on->height, &contours, error);
    if (status != SM_OK) return status;
    bool enough_memory = true;
    for (int i = 0; enough_memory && i < contours.count; i++)
        enough_memory = draw_contour(on, &contours.items[i], dash);
    sm_contours_free(&contours);
    return enough_memory ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to draw the outlines");
}

static void draw_box(coverage *on, const sm_box *box) {
    const sm_point corners[4] = {{box->x, box->y},
                                 {box->x + box->width, box->y},
                                 {box->x + box->width, box->y + box->height},
                                 {box->x, box->y + box->height}};
    for (int i = 0; i < 4; i++) draw_segment(on, corners[i], corners[(i + 1) % 4]);
}

/** The image as RGB, transparent pixels over black. */
static void copy_image(const sm_image *image, uint8_t *rgb) {
    const size_t count = (size_t)image->width * (size_t)image->height, channels = (size_t)image->channels;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixel = image->pixels + i * channels;
        const unsigned alpha = channels == 4 ? pixel[3] : 255;
        for (size_t c = 0; c < 3; c++) rgb[3 * i + c] = (uint8_t)((pixel[channels == 1 ? 0 : c] * alpha + 127) / 255);
    }
}

/** Blends the lines drawn so far over the image, and clears them. */
static void paint(coverage *lines, const uint8_t colour[3], uint8_t *rgb) {
    const size_t count = (size_t)lines->width * (size_t)lines->height;
    for (size_t i = 0; i < count; i++) {
        const unsigned covered = lines->values[i];
        if (!covered) continue;
        for (size_t c = 0; c < 3; c++)
            rgb[3 * i + c] = (uint8_t)((colour[c] * covered + rgb[3 * i + c] * (255u - covered) + 127) / 255);
        lines->values[i] = 0;
    }
}

static void draw_clicks(coverage *on, const sm_prompts *prompts, bool inside) {
    for (int i = 0; i < prompts->click_count; i++) {
        const sm_point at = {prompts->clicks[i].x, prompts->clicks[i].y};
        if (prompts->clicks[i].inside == inside) draw_segment(on, at, at);
    }
}

/** Thin frames; none when the whole image is the region. */
static void draw_regions(coverage *on, const sm_overlay_content *content, uint8_t *rgb) {
    const double half_width = on->half_width;
    on->half_width = 0.5 * half_width;
    for (int i = 0; i < content->region_count; i++) {
        const sm_region *r = &content->regions[i];
        if (r->width == on->width && r->height == on->height) continue;
        draw_box(on, &(sm_box){(float)r->x, (float)r->y, (float)r->width, (float)r->height});
    }
    paint(on, frame_colour, rgb);
    on->half_width = half_width;
}

static void draw_prompts(coverage *on, const sm_prompts *prompts, uint8_t *rgb) {
    const double half_width = on->half_width;
    on->half_width = 0.5 * half_width;
    if (prompts->box) draw_box(on, prompts->box);
    paint(on, line_colour, rgb);
    on->half_width = 3 * half_width;
    draw_clicks(on, prompts, true);
    paint(on, inside_colour, rgb);
    draw_clicks(on, prompts, false);
    paint(on, outside_colour, rgb);
}

sm_status sm_overlay_draw(const sm_image *image, const sm_overlay_content *content, sm_image *overlay,
                          sm_error *error) {
    *overlay = (sm_image){0};
    const size_t pixels = (size_t)image->width * (size_t)image->height;
    const int shorter = image->width < image->height ? image->width : image->height;
    coverage lines = {image->width, image->height, calloc(pixels, 1), fmax(0.75, shorter / 700.0)};
    uint8_t *rgb = malloc(pixels * 3);
    sm_status status = lines.values && rgb ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to draw the outlines");
    if (status == SM_OK) {
        copy_image(image, rgb);
        draw_regions(&lines, content, rgb);
    }
    if (status == SM_OK) status = draw_mask(&lines, content->mask, 0, error);
    if (status == SM_OK && content->possible_mask)
        status = draw_mask(&lines, content->possible_mask, 4 + shorter / 100, error);
    if (status == SM_OK) {
        paint(&lines, line_colour, rgb);
        if (content->prompts) draw_prompts(&lines, content->prompts, rgb);
        *overlay = (sm_image){.width = image->width, .height = image->height, .channels = 3, .pixels = rgb};
    } else {
        free(rgb);
    }
    free(lines.values);
    return status;
}
