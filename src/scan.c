#include "scan.h"

#include <stddef.h>
#include <stdlib.h>

#include "mask_label.h"
#include "scan_cells.h"
#include "scan_shape.h"
#include "scan_split.h"

/* In cells, of which there are up to SM_SCAN_CELLS along the longer side. Text is up to four cells high. */
enum { OPENING_RADIUS = 2, SHORTEST_SIDE = 12 };

/* Measured on screens made from images of several sets, and on the images themselves, of which none may be cropped. */
static const double least_share = 0.02;    /* of the image's cells in a view */
static const double least_fill = 0.4;      /* of the cells in a view's rectangle; a narrow sector has 0.5 */
static const double least_second = 0.25;   /* area of another view, compared with the largest; thumbnails have less */
static const double largest_share = 0.85;  /* of the image in all views; above it the image is a crop already */
static const double least_content = 0.005; /* of the cells outside: text and icons, */
static const double most_texture = 2; /* per cell of content; a dark picture whose black parts are cut off has more */
static const double least_surface = 0.02; /* or bars and background brighter than black */
static const double few_steps = 0.12;     /* of the borders between cells of surface */
static const double most_shades = 0.5;    /* of the cells of surface: those of the two most common greys */
static const double most_top = 0.9;       /* width of a sector's first row, compared with its widest */
static const double least_corners = 0.03, most_varied = 0.1; /* of a rectangle outside a sector; of that, not surface */
static const int least_gap = 6; /* columns of one grey between two pictures; none of 3,270 tidy images has them */
static const int plain_difference = 3; /* of greys that JPEG makes of one */
enum { CONTENT_CONTRAST = 60, TEXTURE_CONTRAST = 8, SURFACE_GREY = 16, STEP = 5 };

/** A group of connected cells. */
typedef struct component {
    int32_t label;
    int left, top, right, bottom; /* cells; the last two after the end */
    int area;                     /* cells */
} component;

/** Bounding boxes and areas of the components; `components` is [count]. */
static void measure(const sm_scan_cells *cells, const int32_t *labels, component *components, int count) {
    for (int i = 0; i < count; i++)
        components[i] = (component){.label = i + 1, .left = cells->columns, .top = cells->rows};
    for (int y = 0; y < cells->rows; y++)
        for (int x = 0; x < cells->columns; x++) {
            const int32_t label = labels[y * cells->columns + x];
            if (!label) continue;
            component *c = &components[label - 1];
            c->area++;
            if (x < c->left) c->left = x;
            if (y < c->top) c->top = y;
            if (x >= c->right) c->right = x + 1;
            if (y >= c->bottom) c->bottom = y + 1;
        }
}

/** A part of a component that may be a view. */
typedef struct candidate {
    int32_t label;
    sm_scan_rectangle box; /* pixels */
} candidate;

static int least(int a, int b) { return a < b ? a : b; }

static int area_of(const sm_scan_rectangle *r) { return (r->right - r->left) * (r->bottom - r->top); }

static int by_area(const void *a, const void *b) {
    const candidate *first = a, *second = b;
    const int first_area = area_of(&first->box), second_area = area_of(&second->box);
    if (first_area != second_area) return first_area > second_area ? -1 : 1;
    if (first->box.left != second->box.left) return first->box.left < second->box.left ? -1 : 1;
    return first->box.top < second->box.top ? -1 : first->box.top > second->box.top;
}

static bool is_picture(const component *c, int cell_count) {
    const int box = (c->right - c->left) * (c->bottom - c->top);
    return c->right - c->left >= SHORTEST_SIDE && c->bottom - c->top >= SHORTEST_SIDE &&
           c->area >= least_share * cell_count && c->area >= least_fill * box;
}

/** The rectangle of a component, without the lines that show only the surface. */
static sm_scan_rectangle rectangle_of(const uint8_t *grey, int width, int height, const sm_scan_cells *cells,
                                      const component *c) {
    sm_scan_rectangle r = {c->left * cells->size, c->top * cells->size, c->right * cells->size,
                           c->bottom * cells->size};
    /* The last cells may leave pixels over. */
    if (c->right == cells->columns) r.right = width;
    if (c->bottom == cells->rows) r.bottom = height;
    sm_scan_trim(grey, width, 2 * cells->size, &r);
    return r;
}

static bool overlap(const sm_scan_rectangle *a, const sm_scan_rectangle *b) {
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/** Keeps the candidates that are views, the largest first. Returns their number. */
static int choose(candidate *candidates, int count, int shortest) {
    if (count > 0) qsort(candidates, (size_t)count, sizeof *candidates, by_area);
    int kept = 0;
    for (int i = 0; i < count && kept < SM_SCAN_MAX_VIEWS; i++) {
        const sm_scan_rectangle *r = &candidates[i].box;
        bool take = r->right - r->left >= shortest && r->bottom - r->top >= shortest &&
                    (kept == 0 || area_of(r) >= least_second * area_of(&candidates[0].box));
        for (int k = 0; k < kept; k++) take = take && !overlap(r, &candidates[k].box);
        if (take) candidates[kept++] = candidates[i];
    }
    return kept;
}

/** Whether a cell has a pixel in the rectangle. */
static bool touches(const sm_scan_rectangle *r, int x, int y, int size) {
    return x * size < r->right && (x + 1) * size > r->left && y * size < r->bottom && (y + 1) * size > r->top;
}

/** Whether a cell is outside all views. */
static bool is_outside(const candidate *views, int count, int x, int y, int size) {
    for (int i = 0; i < count; i++)
        if (touches(&views[i].box, x, y, size)) return false;
    return true;
}

/** What the cells outside the views show. */
typedef struct surroundings {
    int inside;                /* cells in views */
    int content;               /* cells of text and icons */
    int texture;               /* cells of less contrast, as of tissue that is dark */
    int surface;               /* cells of one grey that is not black */
    int shades[UINT8_MAX + 1]; /* cells of surface, by grey */
    int borders, steps;        /* between cells of surface and flat neighbours; those where the grey changes */
} surroundings;

static void add_border(surroundings *around, const sm_scan_cell *a, const sm_scan_cell *b) {
    if (b->varies) return;
    around->borders++;
    around->steps += abs(a->middle - b->middle) >= STEP;
}

static void look_around(const sm_scan_cells *cells, const candidate *views, int count, surroundings *around) {
    *around = (surroundings){0};
    for (int y = 0; y < cells->rows; y++)
        for (int x = 0; x < cells->columns; x++) {
            const sm_scan_cell *cell = &cells->cells[y * cells->columns + x];
            if (!is_outside(views, count, x, y, cells->size)) {
                around->inside++;
                continue;
            }
            around->content += cell->varies && cell->contrast >= CONTENT_CONTRAST;
            around->texture += cell->varies && cell->contrast >= TEXTURE_CONTRAST && cell->contrast < CONTENT_CONTRAST;
            if (cell->varies || cell->middle < SURFACE_GREY) continue;
            around->surface++;
            around->shades[cell->middle]++;
            if (x + 1 < cells->columns) add_border(around, cell, cell + 1);
            if (y + 1 < cells->rows) add_border(around, cell, cell + cells->columns);
        }
}

/** Strong compression makes cells of a picture flat. They have many greys and differ in steps; a surface has few of
 * either. */
static bool is_compressed_picture(const surroundings *around) {
    int first = 0, second = 0;
    for (int grey = 0; grey <= UINT8_MAX; grey++) {
        const int cells = around->shades[grey];
        if (cells > first) {
            second = first;
            first = cells;
        } else if (cells > second) {
            second = cells;
        }
    }
    return around->steps > few_steps * around->borders && first + second < most_shades * around->surface;
}

/** Whether the cells outside the views show a screen: text and icons, or a surface that is not black. */
static bool is_screen(const sm_scan_cells *cells, const candidate *views, int count) {
    surroundings around;
    look_around(cells, views, count, &around);
    const int all = cells->columns * cells->rows;
    return around.inside < largest_share * all && !is_compressed_picture(&around) &&
           (around.surface > least_surface * all ||
            (around.content > least_content * all && around.texture < most_texture * around.content));
}

/** Whether a column of pixels is of one grey, but for one row in a hundred. */
static bool is_plain_column(const uint8_t *grey, int width, int height, int x) {
    const int middle = grey[(size_t)(height / 2) * (size_t)width + (size_t)x];
    int same = 0;
    for (int y = 0; y < height; y++)
        same += abs(grey[(size_t)y * (size_t)width + (size_t)x] - middle) <= plain_difference;
    return same >= height - height / 100;
}

/** Whether two views are side by side with a gap of one grey over the whole height between them. Such an image needs
 * nothing else of a screen: it is no crop of one picture. */
static bool is_pair(const uint8_t *grey, int width, int height, const candidate *views, int count) {
    if (count != 2) return false;
    const bool in_order = views[0].box.left < views[1].box.left;
    const sm_scan_rectangle *left = &views[!in_order].box, *right = &views[in_order].box;
    const int top = left->top > right->top ? left->top : right->top;
    const int bottom = left->bottom < right->bottom ? left->bottom : right->bottom;
    if (bottom - top < height / 2) return false;
    int plain = 0;
    for (int x = left->right; x < right->left && plain < least_gap; x++)
        plain = is_plain_column(grey, width, height, x) ? plain + 1 : 0;
    return plain == least_gap;
}

static int by_place(const void *a, const void *b) {
    const sm_scan_view *first = a, *second = b;
    if (first->left != second->left) return first->left < second->left ? -1 : 1;
    return first->top < second->top ? -1 : first->top > second->top;
}

/** The candidates of all components, [SM_SCAN_CELLS]. Returns their number; 0 when one fills the image. */
static int list_candidates(const uint8_t *grey, int width, int height, const sm_scan_cells *cells,
                           const component *components, int count, candidate *candidates) {
    sm_scan_rectangle parts[2 * SM_SCAN_MAX_VIEWS];
    int listed = 0;
    for (int i = 0; i < count; i++) {
        if (!is_picture(&components[i], cells->columns * cells->rows)) continue;
        const sm_scan_rectangle r = rectangle_of(grey, width, height, cells, &components[i]);
        if (area_of(&r) >= largest_share * width * height) return 0; /* before the split, which takes most time */
        const int part_count = sm_scan_split(grey, width, r, parts, (int)(sizeof parts / sizeof parts[0]));
        for (int k = 0; k < part_count && listed < SM_SCAN_CELLS; k++) {
            sm_scan_trim(grey, width, width + height, &parts[k]);
            sm_scan_tighten(grey, width, height, cells->size, &parts[k]);
            sm_scan_trim(grey, width, width + height, &parts[k]);
            candidates[listed++] = (candidate){components[i].label, parts[k]};
        }
    }
    return listed;
}

/** Fills `scan` from the labelled components of the cells. */
static void find(const uint8_t *grey, int width, int height, const sm_scan_cells *cells, const int32_t *labels,
                 const component *components, int count, sm_scan *scan) {
    candidate candidates[SM_SCAN_CELLS];
    const int listed = list_candidates(grey, width, height, cells, components, count, candidates);
    const int views = choose(candidates, listed, SHORTEST_SIDE * cells->size);
    if (views == 0) return;
    if (!is_screen(cells, candidates, views) && !is_pair(grey, width, height, candidates, views)) return;
    *scan = (sm_scan){.cell_size = cells->size, .count = views};
    for (int i = 0; i < views; i++) {
        const sm_scan_rectangle *r = &candidates[i].box;
        sm_scan_view *view = &scan->views[i];
        view->left = r->left;
        view->top = r->top;
        view->width = r->right - r->left;
        view->height = r->bottom - r->top;
        sm_scan_shape_set(cells, labels, candidates[i].label, view);
    }
    qsort(scan->views, (size_t)views, sizeof scan->views[0], by_place);
}

/** Share of the cells that are surface; 0 for a compressed picture. */
static float surface_of(const sm_scan_cells *cells) {
    surroundings all;
    look_around(cells, NULL, 0, &all);
    const int count = cells->columns * cells->rows;
    return count == 0 || is_compressed_picture(&all) ? 0 : (float)all.surface / (float)count;
}

/** The cells of an image that belong to pictures, in groups of connected ones. */
typedef struct groups {
    sm_scan_cells cells;
    int32_t *labels; /* [rows][columns], 0: none */
    int count;
} groups;

/** Released by free_groups, also after an error. */
static sm_status group_cells(const uint8_t *grey, int width, int height, groups *g, sm_error *error) {
    *g = (groups){.count = 0};
    const sm_status status = sm_scan_cells_read(grey, width, height, &g->cells, error);
    if (status != SM_OK) return status;
    sm_scan_cells_open(&g->cells, OPENING_RADIUS);
    g->labels = malloc(((size_t)g->cells.columns * (size_t)g->cells.rows + 1) * sizeof *g->labels);
    if (!g->labels) return sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan");
    return sm_mask_label(g->cells.region, g->cells.columns, g->cells.rows, g->labels, &g->count, error);
}

static void free_groups(groups *g) {
    free(g->labels);
    sm_scan_cells_free(&g->cells);
}

sm_status sm_scan_find(const uint8_t *grey, int width, int height, sm_scan *scan, sm_error *error) {
    sm_scan_set_whole(width, height, scan);
    groups g;
    sm_status status = group_cells(grey, width, height, &g, error);
    component *components = NULL;
    if (status == SM_OK) {
        components = calloc((size_t)g.count + 1, sizeof *components);
        if (!components) status = sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan");
    }
    if (status == SM_OK) {
        scan->surface = surface_of(&g.cells);
        measure(&g.cells, g.labels, components, g.count);
        find(grey, width, height, &g.cells, g.labels, components, g.count, scan);
    }
    free(components);
    free_groups(&g);
    return status;
}

/** The label of most cells of a rectangle; 0 when there is none. */
static sm_status most_common(const groups *g, const sm_scan_rectangle *r, int32_t *label, sm_error *error) {
    int *areas = calloc((size_t)g->count + 1, sizeof *areas);
    *label = 0;
    if (!areas) return sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan");
    for (int y = r->top; y < r->bottom; y++)
        for (int x = r->left; x < r->right; x++) areas[g->labels[y * g->cells.columns + x]]++;
    areas[0] = 0;
    for (int i = 1; i <= g->count; i++)
        if (areas[i] > areas[*label]) *label = i;
    free(areas);
    return SM_OK;
}

/** Whether a shape in a rectangle (of cells) is a sector's: narrow at its top, with the screen's surface in the
 * corners. A shadow or dark tissue at the side of a rectangular picture grows from the top down. */
static bool is_sector(const sm_scan_cells *cells, const sm_scan_rectangle *r, const sm_scan_view *view) {
    int widest = 0, outside = 0, varied = 0;
    const int first = view->spans[0][1] - view->spans[0][0];
    for (int y = r->top; y < r->bottom; y++) {
        const int row = y - view->first_row;
        const bool any = row >= 0 && row < view->row_count;
        const int left = any ? view->spans[row][0] : r->right, right = any ? view->spans[row][1] : r->right;
        if (any && right - left > widest) widest = right - left;
        for (int x = r->left; x < r->right; x++) {
            if (x >= left && x < right) continue;
            outside++;
            varied += cells->cells[y * cells->columns + x].varies;
        }
    }
    return first < most_top * widest && outside > least_corners * (r->right - r->left) * (r->bottom - r->top) &&
           varied < most_varied * outside;
}

sm_status sm_scan_find_sectors(const uint8_t *grey, int width, int height, sm_scan *scan, sm_error *error) {
    groups g;
    sm_status status = group_cells(grey, width, height, &g, error);
    const int size = g.cells.size;
    if (status == SM_OK) scan->cell_size = size;
    for (int i = 0; i < scan->count && status == SM_OK; i++) {
        sm_scan_view *view = &scan->views[i];
        const sm_scan_rectangle r = {view->left / size, view->top / size,
                                     least((view->left + view->width) / size, g.cells.columns),
                                     least((view->top + view->height) / size, g.cells.rows)};
        view->spans[0][0] = (int16_t)r.left;
        view->spans[0][1] = (int16_t)((view->left + view->width + size - 1) / size);
        if (r.right - r.left < SHORTEST_SIDE || r.bottom - r.top < SHORTEST_SIDE) continue;
        int32_t label = 0;
        status = most_common(&g, &r, &label, error);
        if (label == 0) continue;
        sm_scan_view shaped = *view;
        sm_scan_shape_set(&g.cells, g.labels, label, &shaped);
        if (is_sector(&g.cells, &r, &shaped)) *view = shaped;
    }
    free_groups(&g);
    return status;
}
