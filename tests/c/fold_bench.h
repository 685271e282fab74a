/** What the benches of pictures made from images of the folds share: networks, images and scores. */
#ifndef SONOMASK_TEST_FOLD_BENCH_H
#define SONOMASK_TEST_FOLD_BENCH_H

#include "../../native/data/dataset.h"
#include "../../native/data/random.h"
#include "../../native/parallel.h"

enum { FOLD_BENCH_FOLDS = 5, FOLD_BENCH_SETS = 4 };

typedef struct fold_bench {
    sm_dataset datasets[FOLD_BENCH_SETS];
    sm_model *models[FOLD_BENCH_FOLDS];
    sm_state *states[FOLD_BENCH_FOLDS]; /**< each is for images of its own fold, which it has not seen */
    int fold_count;                     /**< with weights */
    sm_parallel *parallel;
    sm_random random;
} fold_bench;

/** Sums over pictures with a lesion, and over all pictures. */
typedef struct fold_scores {
    double dice, outlined; /**< outlined: Dice of at least 0.5 */
    int lesions, missed, pictures, flagged;
} fold_scores;

/** Prints a message and ends the program. */
_Noreturn void fold_bench_fail(const char *message);
/** Ends the program unless the status is SM_OK. */
void fold_bench_check(sm_status status, const sm_error *error);

/** Loads the sets in a folder, and the networks FOLDS/foldK/weights.safetensors; of folds after the first as many as
 * there are. Ends the program on failure. */
void fold_bench_load(fold_bench *b, const char *data, const char *folds);
void fold_bench_free(fold_bench *b);

/** A usable record of any set, of one fold (or -1). */
const sm_record *fold_bench_pick(fold_bench *b, int fold);

/** Adds the score of a part of a mask; `like`: the picture is said to look like ultrasound. */
void fold_bench_score(const uint8_t *truth, const uint8_t *mask, int width, const sm_rectangle *part, bool like,
                      fold_scores *sum);
void fold_bench_print(const char *name, const fold_scores *s);

#endif
