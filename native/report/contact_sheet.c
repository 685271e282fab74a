#include "contact_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/image.h"
#include "../file.h"
#include "../own_files.h"
#include "panel.h"

enum { TILE = SM_SHEET_TILE, GAP = 4, BAR = 4, CELL_WIDTH = TILE + GAP, CELL_HEIGHT = TILE + BAR + GAP };
enum { PER_SHEET = SM_SHEET_COLUMNS * SM_SHEET_ROWS };

static const uint8_t BACKGROUND[3] = {17, 21, 27};

static const uint8_t *class_colour(const sm_record *record) {
    static const uint8_t colours[SM_CLASS_COUNT + 1][3] = {
        {46, 160, 96}, {64, 132, 230}, {222, 66, 66}, {128, 132, 138}};
    return colours[sm_record_type(record)];
}

static int count_tiles(const sm_survey *survey) {
    int count = 0;
    for (int i = 0; i < survey->count; i++) count += survey->images[i].tile.grey != NULL;
    return count;
}

int sm_contact_sheet_count(const sm_survey *survey) { return (count_tiles(survey) + PER_SHEET - 1) / PER_SHEET; }

/** Draws a picture in the cell whose top-left pixel is `corner`. */
static void draw_tile(const sm_survey_image *image, uint8_t *corner, size_t stride) {
    const sm_sample *tile = &image->tile;
    uint8_t *pixels = corner + (size_t)((TILE - tile->height) / 2) * stride + 3 * (size_t)((TILE - tile->width) / 2);
    for (int y = 0; y < tile->height; y++)
        for (int x = 0; x < tile->width; x++)
            memset(pixels + (size_t)y * stride + 3 * (size_t)x, tile->grey[(size_t)y * (size_t)tile->width + (size_t)x],
                   3);
    sm_panel_draw_reference(pixels, stride, tile->mask, tile->width, tile->height);
    const uint8_t *colour = class_colour(image->record);
    for (int y = TILE; y < TILE + BAR; y++)
        for (size_t x = 0; x < TILE; x++) memcpy(corner + (size_t)y * stride + 3 * x, colour, 3);
}

sm_status sm_contact_sheet_draw(const sm_survey *survey, int number, sm_image *sheet, sm_error *error) {
    const int first = number * PER_SHEET, left = count_tiles(survey) - first;
    const int shown = left < PER_SHEET ? left : PER_SHEET;
    const int columns = shown < SM_SHEET_COLUMNS ? shown : SM_SHEET_COLUMNS;
    const int rows = (shown + SM_SHEET_COLUMNS - 1) / SM_SHEET_COLUMNS;
    const int width = columns * CELL_WIDTH - GAP, height = rows * CELL_HEIGHT - GAP;
    *sheet = (sm_image){0};
    uint8_t *pixels = malloc(3 * (size_t)width * (size_t)height);
    if (!pixels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a contact sheet");
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) memcpy(pixels + 3 * i, BACKGROUND, 3);
    const size_t stride = 3 * (size_t)width;
    for (int i = 0, place = -first; i < survey->count && place < shown; i++) {
        if (!survey->images[i].tile.grey) continue;
        if (place >= 0) {
            const size_t row = (size_t)(place / SM_SHEET_COLUMNS), column = (size_t)(place % SM_SHEET_COLUMNS);
            draw_tile(&survey->images[i], pixels + row * CELL_HEIGHT * stride + 3 * column * CELL_WIDTH, stride);
        }
        place++;
    }
    *sheet = (sm_image){.width = width, .height = height, .channels = 3, .pixels = pixels};
    return SM_OK;
}

static sm_status write_sheet(const sm_survey *survey, int number, const char *path, bool overwrite, sm_error *error) {
    sm_image sheet;
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_contact_sheet_draw(survey, number, &sheet, error);
    if (status == SM_OK) status = sm_own_png_encode(&sheet, &bytes, &size, error);
    const sm_file_options own = {.recognise = overwrite ? NULL : sm_own_png};
    if (status == SM_OK) status = sm_file_write_as(path, bytes, size, &own, error);
    free(bytes);
    sm_image_free(&sheet);
    return status;
}

sm_status sm_contact_sheets_write(const sm_survey *survey, const char *folder, bool overwrite, sm_error *error) {
    const int count = sm_contact_sheet_count(survey);
    sm_status status = SM_OK;
    for (int number = 0; status == SM_OK && number < count; number++) {
        char name[40];
        snprintf(name, sizeof name, "contact_sheet_%d.png", number + 1);
        char *path = sm_path_join(folder, name);
        status = path ? write_sheet(survey, number, path, overwrite, error)
                      : sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
        free(path);
    }
    return status;
}
