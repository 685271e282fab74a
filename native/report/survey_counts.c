#include "survey_counts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"

const char *const sm_survey_kind_names[SM_SURVEY_KINDS] = {"normal", "benign", "malignant", "lesion", "unknown"};
const char *const sm_survey_quantile_names[SM_SURVEY_QUANTILES] = {"least", "5 %", "median", "95 %", "most"};
static const double quantiles[SM_SURVEY_QUANTILES] = {0, 0.05, 0.5, 0.95, 1};

static int kind_of(const sm_record *record) {
    const sm_class type = sm_record_type(record);
    if ((int)type < SM_CLASS_COUNT) return (int)type;
    return record->classes == SM_CLASSES_LESION ? SM_CLASS_COUNT : SM_CLASS_COUNT + 1;
}

/** Images of a source are neighbours in a data set, so the last cells are searched first. */
static sm_survey_cell *find_cell(sm_survey_counts *counts, const sm_record *record) {
    for (int i = counts->cell_count - 1; i >= 0; i--) {
        sm_survey_cell *cell = &counts->cells[i];
        if (cell->fold == record->fold && strcmp(cell->source, record->source) == 0) return cell;
    }
    sm_survey_cell *cells = realloc(counts->cells, ((size_t)counts->cell_count + 1) * sizeof *cells);
    if (!cells) return NULL;
    counts->cells = cells;
    int place = counts->cell_count; // after the last cell of the source with a lower fold
    for (int i = 0; i < counts->cell_count; i++)
        if (strcmp(cells[i].source, record->source) == 0 && cells[i].fold > record->fold) {
            place = i;
            break;
        }
    memmove(cells + place + 1, cells + place, (size_t)(counts->cell_count - place) * sizeof *cells);
    counts->cell_count++;
    cells[place] = (sm_survey_cell){.source = record->source, .fold = record->fold};
    return &cells[place];
}

sm_status sm_survey_count(const sm_survey *survey, sm_survey_counts *counts, sm_error *error) {
    *counts = (sm_survey_counts){0};
    for (int i = 0; i < survey->count; i++) {
        const sm_record *record = survey->images[i].record;
        if (survey->images[i].problem) continue;
        sm_survey_cell *cell = find_cell(counts, record);
        if (!cell) {
            sm_survey_counts_free(counts);
            return sm_fail(error, SM_ERROR_MEMORY, "no memory for the counts");
        }
        cell->images++;
        cell->kinds[kind_of(record)]++;
        cell->outlined += sm_record_outlined(record);
    }
    return SM_OK;
}

void sm_survey_counts_free(sm_survey_counts *counts) {
    free(counts->cells);
    *counts = (sm_survey_counts){0};
}

static int compare_numbers(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void find_quantiles(double *values, int count, double *results) {
    qsort(values, (size_t)count, sizeof *values, compare_numbers);
    for (int i = 0; count > 0 && i < SM_SURVEY_QUANTILES; i++) results[i] = values[lround(quantiles[i] * (count - 1))];
}

sm_status sm_survey_measure(const sm_survey *survey, sm_survey_sizes *sizes, sm_error *error) {
    *sizes = (sm_survey_sizes){0};
    const size_t room = (size_t)survey->count + 1;
    double *values = malloc(3 * room * sizeof *values);
    if (!values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the sizes of %d images", survey->count);
    double *widths = values, *heights = values + room, *shares = values + 2 * room;
    for (int i = 0; i < survey->count; i++) {
        const sm_survey_image *image = &survey->images[i];
        if (image->problem) continue;
        widths[sizes->images] = image->width;
        heights[sizes->images++] = image->height;
        if (image->mask_share > 0) shares[sizes->masks++] = image->mask_share;
    }
    find_quantiles(widths, sizes->images, sizes->width);
    find_quantiles(heights, sizes->images, sizes->height);
    find_quantiles(shares, sizes->masks, sizes->mask_share);
    free(values);
    return SM_OK;
}

const char *sm_survey_doubt(const sm_survey_image *image) {
    if (image->problem) return NULL;
    const bool normal = sm_record_type(image->record) == SM_CLASS_NORMAL;
    if (normal && image->mask_share > 0) return "it is normal, but its mask is not empty";
    if (!normal && image->record->mask_count > 0 && image->mask_share <= 0) return "its mask is empty";
    return NULL;
}
