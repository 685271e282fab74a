/** A survey as text. */
#include "survey_report.h"

static void print_name(FILE *file, const char *name) {
    // A file name may hold line ends and control characters of the terminal.
    for (; *name; name++) fputc((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name, file);
}

static void print_row(FILE *file, const char *source, const char *fold, const sm_survey_cell *cell) {
    fprintf(file, "  %-16.16s %4s", source, fold);
    for (int kind = 0; kind < SM_SURVEY_KINDS; kind++) fprintf(file, " %9d", cell->kinds[kind]);
    fprintf(file, " %9d %9d\n", cell->images, cell->outlined);
}

static void add(sm_survey_cell *sum, const sm_survey_cell *cell) {
    for (int kind = 0; kind < SM_SURVEY_KINDS; kind++) sum->kinds[kind] += cell->kinds[kind];
    sum->images += cell->images;
    sum->outlined += cell->outlined;
}

static void print_counts(const sm_survey_counts *counts, FILE *file) {
    sm_survey_cell total = {0};
    fprintf(file, "  %-16s %4s", "source", "fold");
    for (int kind = 0; kind < SM_SURVEY_KINDS; kind++) fprintf(file, " %9s", sm_survey_kind_names[kind]);
    fprintf(file, " %9s %9s\n", "images", "outlined");
    for (int i = 0; i < counts->cell_count; i++) {
        char fold[16];
        snprintf(fold, sizeof fold, "%d", counts->cells[i].fold);
        print_row(file, counts->cells[i].source, fold, &counts->cells[i]);
        add(&total, &counts->cells[i]);
    }
    print_row(file, "all", "", &total);
}

static void print_quantiles(FILE *file, const char *what, const double *values, int decimals) {
    fprintf(file, "  %-24s", what);
    for (int i = 0; i < SM_SURVEY_QUANTILES; i++) fprintf(file, " %9.*f", decimals, values[i]);
    fputc('\n', file);
}

static void print_sizes(const sm_survey_sizes *sizes, FILE *file) {
    if (sizes->images == 0) return;
    fprintf(file, "\n  %-24s", "");
    for (int i = 0; i < SM_SURVEY_QUANTILES; i++) fprintf(file, " %9s", sm_survey_quantile_names[i]);
    fputc('\n', file);
    print_quantiles(file, "width, pixels", sizes->width, 0);
    print_quantiles(file, "height, pixels", sizes->height, 0);
    if (sizes->masks == 0) return;
    double percent[SM_SURVEY_QUANTILES];
    for (int i = 0; i < SM_SURVEY_QUANTILES; i++) percent[i] = 100 * sizes->mask_share[i];
    print_quantiles(file, "lesion, % of the image", percent, 2);
}

static void print_broken(const sm_survey_report *report, FILE *file) {
    const sm_survey *survey = report->survey;
    if (report->faults->count + survey->broken == 0) return;
    fprintf(file, "\ncannot be used (%d):\n", report->faults->count + survey->broken);
    for (int i = 0; i < report->faults->count; i++) {
        fputs("  ", file);
        print_name(file, report->faults->lines[i]);
        fputc('\n', file);
    }
    for (int i = 0; i < survey->count; i++) {
        if (!survey->images[i].problem) continue;
        fputs("  ", file);
        print_name(file, survey->images[i].problem);
        fputc('\n', file);
    }
}

static void print_doubtful(const sm_survey *survey, FILE *file) {
    const int count = sm_survey_count_doubtful(survey);
    if (count > 0) fprintf(file, "\ndoubtful (%d):\n", count);
    for (int i = 0; i < survey->count; i++) {
        const char *doubt = sm_survey_doubt(&survey->images[i]);
        if (!doubt) continue;
        fputs("  ", file);
        print_name(file, survey->images[i].record->image);
        fprintf(file, ": %s\n", doubt);
    }
}

static void print_splits(const sm_survey *survey, FILE *file) {
    if (survey->split_count > 0) fprintf(file, "\ngroups in several folds (%d):\n", survey->split_count);
    for (int i = 0; i < survey->split_count; i++) {
        const sm_split_group *split = &survey->splits[i];
        fputs("  ", file);
        print_name(file, split->group);
        fprintf(file, ": folds %d and %d\n", split->first_fold, split->second_fold);
    }
}

static void print_pairs(const sm_survey *survey, FILE *file) {
    int crossing = 0;
    for (int i = 0; i < survey->pair_count; i++) crossing += sm_survey_pair_crosses_folds(survey, &survey->pairs[i]);
    fprintf(file, "\nnear-duplicates: %d pairs, %d of them in different folds%s\n", survey->pair_count, crossing,
            crossing > 0 ? ":" : "");
    for (int i = 0; i < survey->pair_count; i++) {
        const sm_near_pair *pair = &survey->pairs[i];
        if (!sm_survey_pair_crosses_folds(survey, pair)) continue;
        const sm_record *first = survey->images[pair->first].record, *second = survey->images[pair->second].record;
        fputs("  ", file);
        print_name(file, first->image);
        fprintf(file, " (fold %d), ", first->fold);
        print_name(file, second->image);
        fprintf(file, " (fold %d): correlation %.3f\n", second->fold, (double)pair->correlation);
    }
}

int sm_survey_count_doubtful(const sm_survey *survey) {
    int count = 0;
    for (int i = 0; i < survey->count; i++) count += sm_survey_doubt(&survey->images[i]) != NULL;
    return count;
}

void sm_survey_print_text(const sm_survey_report *report, FILE *file) {
    const sm_survey *survey = report->survey;
    print_counts(&report->counts, file);
    if (survey->excluded > 0) fprintf(file, "  (and %d that the data set excludes)\n", survey->excluded);
    print_sizes(&report->sizes, file);
    print_broken(report, file);
    print_doubtful(survey, file);
    print_splits(survey, file);
    print_pairs(survey, file);
    if (report->dataset->folds_by_name)
        fputs("\nsome folds are derived from image names: images of one patient may be in different folds\n", file);
}
