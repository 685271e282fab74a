/** sonomask calibrate: fits the settings of trained weights to labelled images. */
#include <string.h>

#include "calibrate/calibration_run.h"
#include "calibrate/power_fit.h"
#include "calibrate/temperature_fit.h"
#include "command.h"

typedef struct arguments {
    sm_calibration_options options;
    sm_words data;
    int precision; /* place in precision_names */
} arguments;

static const char *const precision_names[] = {"6", "7", "8", "16", "32", NULL};
static const int precision_bits[] = {6, 7, 8, 16, 32};

static const char *take_fit_list(void *pointer, const char *text) {
    static const struct {
        const char *name;
        int flag;
    } parts[] = {{"temperature", SM_FIT_TEMPERATURE}, {"presence", SM_FIT_PRESENCE},     {"mask", SM_FIT_MASK},
                 {"points", SM_FIT_POINTS},           {"confidence", SM_FIT_CONFIDENCE}, {"margin", SM_FIT_MARGIN},
                 {"outliers", SM_FIT_OUTLIERS}};
    int *fit = &((arguments *)pointer)->options.fit;
    *fit = 0;
    for (const char *rest = text; rest;) {
        const size_t length = strcspn(rest, ",");
        int flag = 0;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            if (strlen(parts[i].name) == length && strncmp(rest, parts[i].name, length) == 0) flag = parts[i].flag;
        if (!flag) return "needs one or more of temperature,presence,mask,points,confidence,margin,outliers";
        *fit |= flag;
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return NULL;
}

static const char *check(void *pointer) {
    arguments *a = pointer;
    sm_calibration_options *o = &a->options;
    if (o->fold >= 0 && o->not_fold >= 0) return "give --fold or --not-fold, not both";
    if (a->data.count == 0 && (o->fold >= 0 || o->not_fold >= 0)) return "--fold and --not-fold need --data";
    if (a->data.count == 0 && o->folds) return "--folds needs --data";
    // A setting given by hand is not fitted.
    if (o->temperature > 0) o->fit &= ~SM_FIT_TEMPERATURE;
    if (o->threshold >= 0 && o->minimum_area >= 0) o->fit &= ~SM_FIT_MASK;
    if (o->power > 0) o->fit &= ~SM_FIT_CONFIDENCE;
    if (o->outliers_from) o->fit &= ~SM_FIT_OUTLIERS;
    if (o->decision_from) o->fit &= ~(SM_FIT_PRESENCE | SM_FIT_POINTS | SM_FIT_MARGIN);
    if (a->data.count == 0) o->fit = 0;
    o->data = a->data.words;
    o->data_count = a->data.count;
    o->precision = precision_bits[a->precision];
    return NULL;
}

static const sm_option option_table[] = {
    {.name = "out",
     .value = "FILE",
     .help = "weights file to write",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.out),
     .required = true},
    {.name = "model",
     .value = "FILE",
     .help = "weights file to start from",
     .default_text = "the weights that come with sonomask",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.model)},
    {.name = "data",
     .value = "PATH...",
     .help = "data sets as for evaluate; without them nothing is fitted",
     .kind = SM_OPTION_LIST,
     .offset = offsetof(arguments, data)},
    {.name = "folds",
     .value = "DIR",
     .help = "fit one setting to several networks: each DIR/foldK/best.safetensors, or weights.safetensors where there "
             "is no best, answers for the images of its "
             "fold K, and all answers are pooled",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.folds)},
    {.name = "fold",
     .value = "K",
     .help = "use only the images of cross-validation fold K",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.fold),
     .high = 1000},
    {.name = "not-fold",
     .value = "K",
     .help = "use only the images of the other folds",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.not_fold),
     .high = 1000},
    {.name = "fit",
     .value = "LIST",
     .help = "what to fit: one or more of temperature,presence,mask,points,confidence,margin,outliers",
     .default_text = "all",
     .kind = SM_OPTION_CUSTOM,
     .take = take_fit_list},
    {.name = "temperature",
     .value = "T",
     .help = "set the temperature instead of fitting it",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.temperature),
     .low = SM_TEMPERATURE_LOW,
     .high = SM_TEMPERATURE_HIGH},
    {.name = "threshold",
     .value = "T",
     .help = "set the mask threshold instead of fitting it",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.threshold),
     .high = 1},
    {.name = "minimum-area",
     .value = "SHARE",
     .help = "set the smallest lesion, as a share of the image, instead of fitting it",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.minimum_area),
     .high = 0.999999},
    {.name = "confidence-power",
     .value = "P",
     .help = "set the power of the expected Dice instead of fitting it",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.power),
     .low = SM_POWER_LOW,
     .high = SM_POWER_HIGH},
    {.name = "false-mask-price",
     .value = "P",
     .help = "for mask, when there is no presence: lesion Dice that a false mask on every normal image costs",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.false_mask_price),
     .high = 10},
    {.name = "outlier-share",
     .value = "S",
     .help = "for outliers: share of the images and their views that may be beyond the limit",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.outlier_share),
     .high = 0.5},
    {.name = "outliers-from",
     .value = "FILE",
     .help = "copy the outlier statistics of this weights file instead of fitting them",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.outliers_from)},
    {.name = "decision-from",
     .value = "FILE",
     .help = "copy presence, operating points and margin of this weights file instead of fitting them",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.decision_from)},
    {.name = "no-check",
     .help = "fit also what is not better than the given settings on images that it was not fitted to",
     .kind = SM_OPTION_NO_FLAG,
     .offset = offsetof(arguments, options.check)},
    {.name = "precision",
     .value = "BITS",
     .help = "bits per stored weight; 6, 7, 8: convolutions as bytes with one scale per channel; the fewer bits, the "
             "smaller the file becomes when it is compressed",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, precision),
     .choices = precision_names},
    {.name = "flip",
     .help = "fit to answers averaged over the image and its mirror image",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, options.evaluation.segment.flip_average)},
    SM_MODEL_SIZE_OPTION(offsetof(arguments, options.evaluation.input_size)),
    SM_THREADS_OPTION(offsetof(arguments, options.evaluation.threads)),
    {.name = "overwrite",
     .help = "replace FILE even when sonomask did not write it",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, options.overwrite)},
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "calibrate",
    .description =
        "Fits the settings of a trained network and writes a new weights file with them:\n"
        "  temperature  of the type probabilities (least negative log likelihood)\n"
        "  presence     probability of a lesion (logistic regression on the type and the peak of the mask's "
        "probability). It is that for an image drawn with equal chance from the images with a lesion and from those "
        "without; where lesions are rarer, it is too high\n"
        "  mask         threshold and smallest lesion (highest lesion Dice over the outlines that count when 95 % of "
        "the lesion images are kept)\n"
        "  points       operating points: the levels of the presence that an outline, counted or possible, passes in "
        "80, "
        "90 and 95 % of the lesion images, and an upper 95 % bound on the share of lesion images in which none counts "
        "(Clopper-Pearson; all images of a patient count as one)\n"
        "  confidence   power that calibrates the expected Dice of a mask (least squares)\n"
        "  margin       distance by which outlines must be grown to contain the true ones for 90 % of patients (split "
        "conformal prediction by patient)\n"
        "  outliers     statistics of the images and of altered views of them, to detect out-of-distribution images "
        "(photos, text, CT)\n"
        "Each is fitted to the images of --data or set by hand. All but the outliers need images that the network "
        "was not trained on. All data sets have equal weight; for the temperature all images, and for the margin all "
        "patients, have equal weight. What the images do not allow to fit is named on stderr and stays as it was. So "
        "does what is not better than "
        "the given settings on images that it was not fitted to, by five-fold cross-validation over groups. "
        "Prints one JSON line with the figures before and after. An image that cannot be read is named on "
        "stderr and left out, and the exit status is 1.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    return sm_calibrate(&a->options, error);
}

int sm_command_calibrate(int argc, char **argv) {
    arguments a = {.options = {.fold = -1,
                               .not_fold = -1,
                               .fit = SM_FIT_ALL,
                               .check = true,
                               .temperature = -1,
                               .threshold = -1,
                               .minimum_area = -1,
                               .power = -1,
                               .false_mask_price = 0.1f,
                               .outlier_share = 0.01f,
                               .evaluation = {.segment = sm_segment_options_default()}},
                   .precision = 4};
    a.options.evaluation.segment.find_regions = false; /* what is fitted belongs to the image as it is */
    return sm_command_line_run(&line, argc, argv, &a, run);
}
