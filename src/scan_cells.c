#include "scan_cells.h"

#include <stdlib.h>
#include <string.h>

/** Smaller cells would split speckle. */
enum { MIN_CELL_SIZE = 4 };

/** What a row of cells shows, per pixel column. */
typedef struct column_sums {
    uint8_t *along_row, *along_column; /* bits that differ from the next pixel of the row or of the column */
    uint8_t *least, *largest;
} column_sums;

/** Reads one row of cells. Plain loops over bytes, which compilers turn into vectors. */
static void read_rows(const uint8_t *grey, size_t width, int rows, const column_sums *sums) {
    uint8_t *restrict along_row = sums->along_row, *restrict along_column = sums->along_column;
    uint8_t *restrict least = sums->least, *restrict largest = sums->largest;
    memset(along_row, 0, width);
    memset(along_column, 0, width);
    memcpy(least, grey, width);
    memcpy(largest, grey, width);
    for (int y = 0; y < rows; y++) {
        const uint8_t *row = grey + (size_t)y * width;
        for (size_t x = 0; x + 1 < width; x++) along_row[x] = (uint8_t)(along_row[x] | (row[x] ^ row[x + 1]));
        for (size_t x = 0; x < width; x++) {
            least[x] = row[x] < least[x] ? row[x] : least[x];
            largest[x] = row[x] > largest[x] ? row[x] : largest[x];
        }
        if (y + 1 == rows) break;
        for (size_t x = 0; x < width; x++) along_column[x] = (uint8_t)(along_column[x] | (row[x] ^ row[x + width]));
    }
}

static sm_scan_cell read_cell(const column_sums *sums, int left, int size) {
    uint8_t row_bits = 0, column_bits = 0, least = UINT8_MAX, largest = 0;
    for (int x = left; x < left + size; x++) {
        if (x + 1 < left + size) row_bits |= sums->along_row[x];
        column_bits |= sums->along_column[x];
        if (sums->least[x] < least) least = sums->least[x];
        if (sums->largest[x] > largest) largest = sums->largest[x];
    }
    return (sm_scan_cell){.varies = row_bits && column_bits,
                          .contrast = (uint8_t)(largest - least),
                          .middle = (uint8_t)((largest + least) / 2)};
}

sm_status sm_scan_cells_read(const uint8_t *grey, int width, int height, sm_scan_cells *cells, sm_error *error) {
    const int longer = width > height ? width : height;
    *cells = (sm_scan_cells){.size = (longer + SM_SCAN_CELLS - 1) / SM_SCAN_CELLS};
    if (cells->size < MIN_CELL_SIZE) cells->size = MIN_CELL_SIZE;
    cells->columns = width / cells->size;
    cells->rows = height / cells->size;
    const size_t count = (size_t)cells->columns * (size_t)cells->rows, row = (size_t)width;
    uint8_t *bytes = malloc(4 * row);
    cells->cells = malloc((count + 1) * sizeof *cells->cells);
    cells->region = malloc(count + 1);
    cells->work = malloc(count + 1);
    if (!bytes || !cells->cells || !cells->region || !cells->work) {
        free(bytes);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan in %d x %d pixels", width, height);
    }
    const column_sums sums = {bytes, bytes + row, bytes + 2 * row, bytes + 3 * row};
    for (int y = 0; y < cells->rows; y++) {
        read_rows(grey + (size_t)y * (size_t)cells->size * row, row, cells->size, &sums);
        for (int x = 0; x < cells->columns; x++)
            cells->cells[(size_t)y * (size_t)cells->columns + (size_t)x] =
                read_cell(&sums, x * cells->size, cells->size);
    }
    free(bytes);
    return SM_OK;
}

void sm_scan_cells_free(sm_scan_cells *cells) {
    free(cells->cells);
    free(cells->region);
    free(cells->work);
    *cells = (sm_scan_cells){0};
}

/** Marks the `count` cells of `output` that `input` marks. Without a condition per cell, so that it is vectorised. */
static void add_marks(const uint8_t *restrict input, uint8_t *restrict output, size_t count) {
    for (size_t i = 0; i < count; i++) output[i] |= input[i];
}

/** Marks the cells up to `radius` away along both directions from a marked one; beyond the image nothing is marked. */
static void widen(sm_scan_cells *cells, int radius) {
    const size_t columns = (size_t)cells->columns, rows = (size_t)cells->rows;
    memcpy(cells->work, cells->region, rows * columns);
    for (size_t y = 0; y < rows; y++)
        for (size_t away = 1; away <= (size_t)radius && away < columns; away++) {
            add_marks(cells->region + y * columns + away, cells->work + y * columns, columns - away);
            add_marks(cells->region + y * columns, cells->work + y * columns + away, columns - away);
        }
    memcpy(cells->region, cells->work, rows * columns);
    for (size_t away = 1; away <= (size_t)radius && away < rows; away++) {
        const size_t shift = away * columns, count = rows * columns - shift;
        add_marks(cells->work + shift, cells->region, count);
        add_marks(cells->work, cells->region + shift, count);
    }
}

void sm_scan_cells_open(sm_scan_cells *cells, int radius) {
    const size_t count = (size_t)cells->columns * (size_t)cells->rows;
    /* An erosion widens what is not in the region. */
    for (size_t i = 0; i < count; i++) cells->region[i] = !cells->cells[i].varies;
    widen(cells, radius);
    for (size_t i = 0; i < count; i++) cells->region[i] ^= 1;
    widen(cells, radius);
}
