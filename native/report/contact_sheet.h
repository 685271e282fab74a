/** Contact sheets: small pictures of all images of a data set, with their masks outlined. */
#ifndef SONOMASK_CONTACT_SHEET_H
#define SONOMASK_CONTACT_SHEET_H

#include "../data/survey.h"

/** Side of a picture, pictures per row, and rows per sheet. Further images go onto further sheets. */
enum { SM_SHEET_TILE = 96, SM_SHEET_COLUMNS = 20, SM_SHEET_ROWS = 25 };

/** How many sheets the survey needs. An image that cannot be used has no picture. */
int sm_contact_sheet_count(const sm_survey *survey);

/**
 * Draws sheet `number` (from 0), row by row in the order of the data set. A bar under each picture has the colour of
 * its class: green normal, blue benign, red malignant, grey not known. Release with sm_image_free. The survey must have
 * tiles of SM_SHEET_TILE pixels. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_contact_sheet_draw(const sm_survey *survey, int number, sm_image *sheet, sm_error *error);

/** Writes DIR/contact_sheet_1.png and so on. A file that sonomask did not write is replaced with `overwrite` only.
 * Errors: SM_ERROR_IO, SM_ERROR_MEMORY. */
sm_status sm_contact_sheets_write(const sm_survey *survey, const char *folder, bool overwrite, sm_error *error);

#endif
