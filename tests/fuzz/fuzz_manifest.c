/** A manifest.csv in a folder that holds a.png, b.png and mask.png; the records that it lists are decoded. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "../../native/data/dataset.h"
#include "../../native/file.h"
#include "scratch.h"

enum { MOST_DECODED = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char *path;
    if (!path) {
        size_t png_size;
        const void *png = fuzz_png(&png_size);
        static const char *const names[] = {"a.png", "b.png", "mask.png"};
        for (int i = 0; i < 3; i++) fuzz_require(fuzz_write(fuzz_scratch(), names[i], png, png_size));
        static char name[128];
        snprintf(name, sizeof name, "%s/manifest.csv", fuzz_scratch());
        path = name;
    }
    fuzz_require(fuzz_write(fuzz_scratch(), "manifest.csv", data, size));
    const char *const paths[] = {path};
    sm_dataset dataset;
    sm_error error = {0};
    const sm_status status = sm_dataset_load(paths, 1, &dataset, &error);
    if (status != SM_OK) {
        fuzz_require(error.status == status && error.message[0] != '\0');
        return 0;
    }
    fuzz_require(dataset.count > 0);
    for (int i = 0; i < dataset.count && i < MOST_DECODED; i++) {
        const sm_record *record = &dataset.records[i];
        /* A record without a problem has a label of some kind. */
        fuzz_require(record->problem || record->classes != SM_CLASSES_ANY || record->mask_count > 0);
        sm_sample sample = {0};
        error = (sm_error){0};
        if (sm_sample_load(record, &sample, &error) == SM_OK)
            fuzz_require(sample.width == 8 && sample.height == 8);
        else
            fuzz_require(error.message[0] != '\0' && !sample.grey);
        sm_sample_free(&sample);
    }
    sm_dataset_free(&dataset);
    return 0;
}
