#include "panel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../file.h"
#include "../own_files.h"

enum { TILES = 3, GAP = 4 };

typedef struct colour {
    double red, green, blue;
} colour;

static const colour REFERENCE = {46, 214, 128}, PREDICTION = {255, 140, 40};
static const uint8_t BACKGROUND[3] = {17, 21, 27};
static const double FILL_OPACITY = 0.22, FAINT_LINE = 0.55;

/* The largest size with the image's aspect ratio that fits a tile. */
static void fit(const sm_panel_row *row, int tile, int *width, int *height) {
    int longest = row->width > row->height ? row->width : row->height;
    *width = (int)lround((double)tile * row->width / longest);
    *height = (int)lround((double)tile * row->height / longest);
    if (*width < 1) *width = 1;
    if (*height < 1) *height = 1;
}

static void blend(uint8_t *pixel, colour with, double opacity) {
    const double parts[3] = {with.red, with.green, with.blue};
    for (int c = 0; c < 3; c++) pixel[c] = (uint8_t)lround(pixel[c] + opacity * (parts[c] - pixel[c]));
}

/* Weighted share of lesion pixels in the 5x5 pixels around (x, y), about 0.5 on the outline. Border pixels repeat
 * outside, so that no line is drawn along the edge of the image. */
static double coverage(const uint8_t *mask, int width, int height, int x, int y) {
    static const double weight[5] = {1, 3, 4, 3, 1};
    double sum = 0;
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            int px = x + dx < 0 ? 0 : x + dx >= width ? width - 1 : x + dx;
            int py = y + dy < 0 ? 0 : y + dy >= height ? height - 1 : y + dy;
            if (mask[(size_t)py * (size_t)width + (size_t)px] >= 128) sum += weight[dx + 2] * weight[dy + 2];
        }
    return sum / 144.0;
}

/* Tints the inside of the mask and draws its outline on a tile whose top-left pixel is `pixels`. */
static void overlay(uint8_t *pixels, size_t stride, const uint8_t *mask, int width, int height, colour with,
                    double fill, double line) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double share = coverage(mask, width, height, x, y);
            if (share <= 0) continue;
            double edge = fmin(1.0, 5.0 * share * (1.0 - share));
            double opacity = fmax(line * edge * edge, fill * share);
            blend(pixels + (size_t)y * stride + 3 * (size_t)x, with, opacity);
        }
}

void sm_panel_draw_reference(uint8_t *pixels, size_t stride, const uint8_t *mask, int width, int height) {
    overlay(pixels, stride, mask, width, height, REFERENCE, FILL_OPACITY, 1.0);
}

/* A mask at tile size. `scratch` is [height][width] of the row. */
static sm_status scale_mask(const sm_panel_row *row, const uint8_t *mask, const float *probability, uint8_t *scratch,
                            int width, int height, uint8_t *scaled, sm_error *error) {
    size_t count = (size_t)row->width * (size_t)row->height;
    for (size_t i = 0; i < count; i++) {
        bool inside = mask ? mask[i] >= 128 : probability && probability[i] >= row->threshold;
        scratch[i] = inside ? 255 : 0;
    }
    return sm_plane_resize(scratch, row->width, row->height, scaled, width, height, error);
}

static sm_status check_row(const sm_panel_row *row, sm_error *error) {
    if (row->width < 1 || row->height < 1 || !row->grey || row->width > SM_IMAGE_MAX_PIXELS / row->height)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a panel cannot show an image of %d x %d pixels", row->width,
                       row->height);
    return SM_OK;
}

static sm_status draw_row(const sm_panel_row *row, int cell_width, int cell_height, int tile, uint8_t *pixels,
                          size_t stride, sm_error *error) {
    int width = 0, height = 0;
    fit(row, tile, &width, &height);
    size_t area = (size_t)width * (size_t)height;
    uint8_t *full = malloc((size_t)row->width * (size_t)row->height), *planes = malloc(3 * area);
    sm_status status = SM_OK;
    if (!full || !planes) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a panel");
    uint8_t *grey = planes, *reference = planes ? planes + area : NULL, *predicted = planes ? planes + 2 * area : NULL;
    if (status == SM_OK) status = sm_plane_resize(row->grey, row->width, row->height, grey, width, height, error);
    if (status == SM_OK) status = scale_mask(row, row->reference, NULL, full, width, height, reference, error);
    if (status == SM_OK)
        status = scale_mask(row, row->predicted, row->probability, full, width, height, predicted, error);
    for (int tile_index = 0; status == SM_OK && tile_index < TILES; tile_index++) {
        int left = tile_index * (cell_width + GAP) + (cell_width - width) / 2;
        uint8_t *corner = pixels + (size_t)((cell_height - height) / 2) * stride + 3 * (size_t)left;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                memset(corner + (size_t)y * stride + 3 * (size_t)x, grey[(size_t)y * (size_t)width + (size_t)x], 3);
        if (tile_index == 1) sm_panel_draw_reference(corner, stride, reference, width, height);
        if (tile_index == 2) {
            overlay(corner, stride, reference, width, height, REFERENCE, 0.0, FAINT_LINE);
            overlay(corner, stride, predicted, width, height, PREDICTION, FILL_OPACITY, 1.0);
        }
    }
    free(planes);
    free(full);
    return status;
}

static sm_status make_canvas(int width, int height, sm_image *canvas, sm_error *error) {
    *canvas = (sm_image){0};
    if (width > SM_IMAGE_MAX_PIXELS / height)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a panel of %d x %d pixels is too large", width, height);
    size_t count = (size_t)width * (size_t)height;
    uint8_t *pixels = malloc(3 * count);
    if (!pixels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a panel of %d x %d pixels", width, height);
    for (size_t i = 0; i < count; i++) memcpy(pixels + 3 * i, BACKGROUND, 3);
    *canvas = (sm_image){.width = width, .height = height, .channels = 3, .pixels = pixels};
    return SM_OK;
}

static sm_status check_tile(int tile, sm_error *error) {
    if (tile < SM_PANEL_TILE_MIN || tile > SM_PANEL_TILE_MAX)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a panel tile of %d pixels is not in %d..%d", tile, SM_PANEL_TILE_MIN,
                       SM_PANEL_TILE_MAX);
    return SM_OK;
}

sm_status sm_panel_render(const sm_panel_row *row, int tile, sm_image *panel, sm_error *error) {
    *panel = (sm_image){0};
    sm_status status = check_tile(tile, error);
    if (status == SM_OK) status = check_row(row, error);
    if (status != SM_OK) return status;
    int width = 0, height = 0;
    fit(row, tile, &width, &height);
    status = make_canvas(TILES * width + (TILES - 1) * GAP, height, panel, error);
    if (status == SM_OK) status = draw_row(row, width, height, tile, panel->pixels, 3 * (size_t)panel->width, error);
    if (status != SM_OK) sm_image_free(panel);
    return status;
}

sm_status sm_panel_sheet(const sm_panel_row *rows, int count, int tile, sm_image *sheet, sm_error *error) {
    *sheet = (sm_image){0};
    sm_status status = check_tile(tile, error);
    if (status == SM_OK && (count < 1 || count > SM_IMAGE_MAX_PIXELS / (tile + GAP)))
        status = sm_fail(error, SM_ERROR_ARGUMENT, "a panel sheet cannot have %d rows", count);
    for (int i = 0; status == SM_OK && i < count; i++) status = check_row(&rows[i], error);
    if (status != SM_OK) return status;
    status = make_canvas(TILES * tile + (TILES - 1) * GAP, count * (tile + GAP) - GAP, sheet, error);
    if (status != SM_OK) return status;
    size_t stride = 3 * (size_t)sheet->width;
    for (int i = 0; status == SM_OK && i < count; i++)
        status = draw_row(&rows[i], tile, tile, tile, sheet->pixels + (size_t)i * (size_t)(tile + GAP) * stride, stride,
                          error);
    if (status != SM_OK) sm_image_free(sheet);
    return status;
}

sm_status sm_panel_write(const char *path, const sm_panel_row *rows, int count, int tile, sm_error *error) {
    sm_image sheet = {0};
    sm_status status = sm_panel_sheet(rows, count, tile, &sheet, error);
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (status == SM_OK) status = sm_own_png_encode(&sheet, &bytes, &size, error);
    if (status == SM_OK) status = sm_file_write(path, bytes, size, error);
    free(bytes);
    sm_image_free(&sheet);
    return status;
}
