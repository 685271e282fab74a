#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "../../native/data/random.h"
#include "../../native/data/stroke.h"
#include "../../native/jpeg_write.h"
#include "../../src/letterbox.h"
#include "../../src/status.h"

enum { CHANNELS = 3 };

typedef struct colour {
    uint8_t rgb[CHANNELS];
} colour;

/** A screen in the making: planes, interleaved at the end. */
typedef struct painter {
    const screen_style *style;
    sm_random random;
    int width, height;
    uint8_t *planes[CHANNELS]; /* [height][width] each */
    uint8_t *mask;             /* [height][width] */
    colour text;
} painter;

static colour plain(const painter *p, int grey, int tint) {
    const int blue = p->style->coloured ? tint : 0;
    return (colour){{(uint8_t)grey, (uint8_t)(grey + blue / 2), (uint8_t)(grey + blue)}};
}

static sm_canvas canvas_of(const painter *p, int channel) {
    return (sm_canvas){p->width, p->height, p->planes[channel]};
}

static void fill(const painter *p, int left, int top, int width, int height, colour of) {
    for (int c = 0; c < CHANNELS; c++)
        for (int y = top < 0 ? 0 : top; y < top + height && y < p->height; y++)
            for (int x = left < 0 ? 0 : left; x < left + width && x < p->width; x++)
                p->planes[c][(size_t)y * (size_t)p->width + (size_t)x] = of.rgb[c];
}

/** A line of random letters and spaces. */
static void write_text(painter *p, float x, float y, float height, int letters, colour of) {
    for (int i = 0; i < letters; i++) {
        const int glyph = sm_random_below(&p->random, sm_glyph_count() + 4);
        if (glyph >= sm_glyph_count()) continue;
        for (int c = 0; c < CHANNELS; c++) {
            const sm_canvas canvas = canvas_of(p, c);
            const sm_pen pen = {0.14f * height, (float)of.rgb[c], 1};
            sm_glyph_draw(&canvas, &pen, glyph, x + 0.85f * height * (float)i, y, height);
        }
    }
}

static void draw_background(painter *p) {
    static const int greys[] = {0, 0, 0, 14, 36, 62};
    const int grey = greys[sm_random_below(&p->random, 6)];
    for (int y = 0; y < p->height; y++)
        fill(p, 0, y, p->width, 1, plain(p, p->style->gradient ? 20 + 60 * y / p->height : grey, grey / 4));
    p->text = plain(p, 225, -30);
}

static void draw_header(painter *p, int height) {
    static const int greys[] = {0, 44, 92, 205};
    const int grey = greys[sm_random_below(&p->random, 4)];
    fill(p, 0, 0, p->width, height, plain(p, grey, 20));
    const float size = 0.28f * (float)height;
    for (int k = 0; k < 3; k++)
        write_text(p, 10 + (float)(k * p->width) / 3, 0.15f * (float)height, size, 6 + sm_random_below(&p->random, 10),
                   grey > 150 ? plain(p, 20, 0) : p->text);
    write_text(p, 10, 0.6f * (float)height, size, 14, grey > 150 ? plain(p, 20, 0) : p->text);
}

static void draw_menu(painter *p, int left, int top, int width) {
    static const int greys[] = {0, 52, 112, 186};
    const int grey = greys[sm_random_below(&p->random, 4)];
    const colour text = grey > 150 ? plain(p, 20, 0) : p->text;
    fill(p, left, top, width, p->height - top, plain(p, grey, 12));
    for (int y = top + 10; y < p->height - 60; y += 28 + sm_random_below(&p->random, 40)) {
        if (sm_random_uniform(&p->random) < 0.5f) {
            fill(p, left + 8, y, width - 16, 26, plain(p, 225, 0));
            fill(p, left + 9, y + 1, width - 18, 24, plain(p, grey < 100 ? grey + 40 : grey - 40, 40));
        }
        write_text(p, (float)left + 14, (float)y + 7, 11, 3 + sm_random_below(&p->random, 6), text);
    }
}

static void draw_grey_bar(painter *p, int left, int top) {
    const int height = 100 + sm_random_below(&p->random, 120);
    for (int y = 0; y < height; y++) {
        const uint8_t grey = (uint8_t)(255 - 255 * y / height);
        fill(p, left, top + y, 14, 1, (colour){{grey, grey, grey}});
    }
}

bool screen_in_sector(int x, int y, int width, int height) {
    const double half = width * (0.15 + 0.35 * y / height), from_middle = x + 0.5 - 0.5 * width;
    const double down = (double)y / height, across = from_middle / (0.5 * width);
    return from_middle > -half && from_middle < half && down + 0.12 * across * across < 1;
}

static sm_status place_picture(painter *p, const sm_sample *picture, const sm_rectangle *at, bool with_mask,
                               sm_error *error) {
    uint8_t *grey = malloc((size_t)at->width * (size_t)at->height),
            *mask = malloc((size_t)at->width * (size_t)at->height);
    sm_status status = grey && mask ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for a picture");
    if (status == SM_OK)
        status = sm_plane_resize(picture->grey, picture->width, picture->height, grey, at->width, at->height, error);
    if (status == SM_OK)
        status = sm_plane_resize(picture->mask, picture->width, picture->height, mask, at->width, at->height, error);
    for (int y = 0; status == SM_OK && y < at->height; y++)
        for (int x = 0; x < at->width; x++) {
            const size_t from = (size_t)y * (size_t)at->width + (size_t)x;
            const size_t to = (size_t)(at->y + y) * (size_t)p->width + (size_t)(at->x + x);
            const bool seen = !p->style->sector || screen_in_sector(x, y, at->width, at->height);
            for (int c = 0; c < CHANNELS; c++) p->planes[c][to] = seen ? grey[from] : 0;
            if (with_mask) p->mask[to] = seen && mask[from] >= 128 ? 255 : 0;
        }
    free(grey);
    free(mask);
    return status;
}

/** The largest rectangle with the aspect of the picture, times `share`, centred in a place, or beside its inner edge.
 */
static sm_rectangle fit(const sm_sample *picture, sm_rectangle place, double share, int align) {
    const double by_width = (double)place.width / picture->width, by_height = (double)place.height / picture->height;
    const double factor = share * (by_width < by_height ? by_width : by_height);
    sm_rectangle r = {.width = (int)(factor * picture->width), .height = (int)(factor * picture->height)};
    r.x = place.x + (align == 0 ? (place.width - r.width) / 2 : align < 0 ? place.width - r.width : 0);
    r.y = place.y + (place.height - r.height) / 2;
    return r;
}

static void draw_beside(painter *p, const sm_rectangle *view) {
    const int step = view->height / 12 > 8 ? view->height / 12 : 8;
    if (sm_random_uniform(&p->random) < 0.5f)
        for (int y = view->y; y < view->y + view->height; y += step)
            fill(p, view->x + view->width + 4, y, 6, 1, plain(p, 220, 0));
    if (sm_random_uniform(&p->random) < 0.6f)
        write_text(p, (float)view->x + 10, (float)(view->y + view->height + 4), 11, 9, plain(p, 235, -100));
}

static sm_status draw_views(painter *p, const sm_sample *pictures, int count, sm_rectangle area, screen *drawn,
                            sm_error *error) {
    static const int gaps[] = {4, 8, 16};
    const int gap = gaps[sm_random_below(&p->random, 3)], columns = count > 1 ? 2 : 1, rows = count > 2 ? 2 : 1;
    sm_status status = SM_OK;
    for (int k = 0; k < count && status == SM_OK; k++) {
        sm_rectangle place = {.width = (area.width - gap * (columns - 1)) / columns,
                              .height = (area.height - 24 * (rows - 1)) / rows};
        place.x = area.x + k % columns * (place.width + gap);
        place.y = area.y + k / columns * (place.height + 24);
        const int align = columns == 1 ? 0 : k % columns == 0 ? -1 : 1;
        drawn->views[k] = fit(&pictures[k], place, (double)p->style->fill, align);
        status = place_picture(p, &pictures[k], &drawn->views[k], true, error);
        if (status == SM_OK && rows == 1) draw_beside(p, &drawn->views[k]);
    }
    drawn->view_count = count;
    return status;
}

static sm_status draw_thumbnails(painter *p, const sm_sample *picture, int left, int top, int height, sm_error *error) {
    const int count = 2 + sm_random_below(&p->random, 4), width = p->width / 10;
    sm_status status = SM_OK;
    for (int k = 0; k < count && status == SM_OK; k++) {
        const sm_rectangle place = {left + 20 + k * (width + 8), top, width, height};
        const sm_rectangle at = fit(picture, place, 1, 0);
        status = place_picture(p, picture, &at, false, error);
    }
    return status;
}

static sm_status draw_all(painter *p, const sm_sample *pictures, int count, screen *drawn, sm_error *error) {
    const int header = (int)((float)p->height * sm_random_range(&p->random, 0.05f, 0.1f));
    const int menu = (int)((float)p->width * sm_random_range(&p->random, 0.1f, 0.2f));
    const int footer = (int)((float)p->height * sm_random_range(&p->random, 0.04f, 0.12f));
    const bool menu_left = sm_random_uniform(&p->random) < 0.5f;
    const int left = menu_left ? menu : 0, right = menu_left ? p->width : p->width - menu;
    const int strip = p->style->thumbnails ? (int)(0.14 * p->height) : 0;
    draw_background(p);
    draw_header(p, header);
    draw_menu(p, menu_left ? 0 : p->width - menu, header, menu);
    write_text(p, (float)left + 10, (float)(p->height - footer) + 4, 11, 12, p->text);
    if (sm_random_uniform(&p->random) < 0.8f)
        draw_grey_bar(p, sm_random_uniform(&p->random) < 0.5f ? right - 30 : left + 10, header + 40);
    const sm_rectangle area = {left + 46, header + 18, right - left - 92, p->height - footer - header - 36 - strip};
    sm_status status = draw_views(p, pictures, count, area, drawn, error);
    if (status == SM_OK && strip && count > 0)
        status = draw_thumbnails(p, &pictures[0], left, p->height - footer - strip + 4, strip - 8, error);
    return status;
}

static void interleave(const painter *p, uint8_t *rgb) {
    const size_t pixels = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < CHANNELS; c++) rgb[CHANNELS * i + c] = p->planes[c][i];
}

/** Resizes the planes, as a viewer that shows a screenshot in another size. */
static sm_status resize_all(painter *p, screen *drawn, sm_error *error) {
    const double factor = (double)p->style->scale;
    const int width = (int)(p->width * factor), height = (int)(p->height * factor);
    uint8_t **planes[] = {&p->planes[0], &p->planes[1], &p->planes[2], &p->mask};
    sm_status status = SM_OK;
    for (int i = 0; i < 4 && status == SM_OK; i++) {
        uint8_t *resized = malloc((size_t)width * (size_t)height);
        if (!resized) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a screen");
        status = sm_plane_resize(*planes[i], p->width, p->height, resized, width, height, error);
        free(*planes[i]);
        *planes[i] = resized;
    }
    for (size_t i = 0; i < (size_t)width * (size_t)height; i++) p->mask[i] = p->mask[i] >= 128 ? 255 : 0;
    for (int k = 0; k < drawn->view_count; k++) {
        sm_rectangle *r = &drawn->views[k];
        *r = (sm_rectangle){(int)(r->x * factor), (int)(r->y * factor), (int)(r->width * factor),
                            (int)(r->height * factor)};
    }
    p->width = width;
    p->height = height;
    return status;
}

sm_status screen_draw(const screen_style *style, const sm_sample *pictures, int count, screen *drawn, sm_error *error) {
    *drawn = (screen){0};
    const size_t pixels = (size_t)style->width * (size_t)style->height;
    painter p = {.style = style,
                 .random = sm_random_make(style->seed),
                 .width = style->width,
                 .height = style->height,
                 .planes = {calloc(pixels, 1), calloc(pixels, 1), calloc(pixels, 1)},
                 .mask = calloc(pixels, 1)};
    sm_status status = p.planes[0] && p.planes[1] && p.planes[2] && p.mask
                           ? SM_OK
                           : sm_fail(error, SM_ERROR_MEMORY, "no memory for a screen");
    if (status == SM_OK) status = draw_all(&p, pictures, count, drawn, error);
    if (status == SM_OK && style->scale > 0) status = resize_all(&p, drawn, error);
    if (status == SM_OK) {
        drawn->image = (sm_image){.width = p.width, .height = p.height, .channels = CHANNELS};
        drawn->image.pixels = malloc((size_t)p.width * (size_t)p.height * CHANNELS);
        if (drawn->image.pixels)
            interleave(&p, drawn->image.pixels);
        else
            status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a screen");
    }
    if (status == SM_OK && style->jpeg > 0) status = sm_jpeg_round_trip(&drawn->image, style->jpeg, error);
    for (int c = 0; c < CHANNELS; c++) free(p.planes[c]);
    drawn->mask = p.mask;
    if (status != SM_OK) screen_free(drawn);
    return status;
}

void screen_free(screen *drawn) {
    free(drawn->image.pixels);
    free(drawn->mask);
    *drawn = (screen){0};
}

screen_style screen_style_random(uint64_t seed) {
    static const int sizes[][2] = {{1280, 960}, {1024, 768}, {1440, 1080}, {800, 600}, {1920, 1080}};
    static const int qualities[] = {75, 85, 92};
    sm_random random = sm_random_make(seed);
    const int size = sm_random_below(&random, 5);
    screen_style style = {.width = sizes[size][0], .height = sizes[size][1], .seed = seed};
    style.fill = sm_random_range(&random, 0.8f, 1);
    style.thumbnails = sm_random_uniform(&random) < 0.4f;
    style.coloured = sm_random_uniform(&random) < 0.5f;
    style.gradient = sm_random_uniform(&random) < 0.1f;
    if (sm_random_uniform(&random) < 0.5f) style.jpeg = qualities[sm_random_below(&random, 3)];
    if (sm_random_uniform(&random) < 0.2f) style.scale = sm_random_range(&random, 0.6f, 1.4f);
    return style;
}
