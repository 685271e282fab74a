/** The cells of an image, from which scan.c finds the views. Internal to scan*.c. */
#ifndef SONOMASK_SCAN_CELLS_H
#define SONOMASK_SCAN_CELLS_H

#include "scan.h"

/** What a cell shows. */
typedef struct sm_scan_cell {
    bool varies;      /**< its pixels differ along rows and along columns */
    uint8_t contrast; /**< largest minus smallest pixel */
    uint8_t middle;   /**< mean of the largest and the smallest pixel */
} sm_scan_cell;

typedef struct sm_scan_cells {
    int size;            /**< side of a cell, pixels */
    int columns, rows;   /**< 1..SM_SCAN_CELLS; pixels beyond the last whole cell are left out */
    sm_scan_cell *cells; /**< [rows][columns] */
    uint8_t *region;     /**< [rows][columns]: 1 where the morphology below keeps a cell */
    uint8_t *work;       /**< [rows][columns] */
} sm_scan_cells;

/** Reads the cells of an image. Released by sm_scan_cells_free, also after an error. Errors: SM_ERROR_MEMORY. */
sm_status sm_scan_cells_read(const uint8_t *grey, int width, int height, sm_scan_cells *cells, sm_error *error);
void sm_scan_cells_free(sm_scan_cells *cells);

/** Fills `region` with the cells that vary, opened by a square of 2 * radius + 1 cells. */
void sm_scan_cells_open(sm_scan_cells *cells, int radius);

#endif
