/* Cache and loader: decoded images, and batches in order with their own augmentation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../native/data/phantom.h"
#include "../../native/data/random.h"
#include "../../native/parallel.h"
#include "../../native/train/composer.h"
#include "../../native/train/loader.h"
#include "scratch_folder.h"

enum { COUNT = 11, SIDE = 48, PIXELS = SIDE * SIDE, BATCH = 2, EPOCH_SEED = 77 };

/** Phantoms of all classes, in memory. */
typedef struct fixture {
    sm_record records[COUNT];
    const sm_record *pointers[COUNT];
    sm_sample samples[COUNT];
    sm_cache cache;
    sm_augment_scratch *scratch;
} fixture;

static int make_fixture(void **state) {
    static fixture f;
    static char source[] = "phantoms";
    for (int i = 0; i < COUNT; i++) {
        f.records[i] =
            (sm_record){.classes = sm_class_set_of((sm_class)(i % SM_CLASS_COUNT)), .mask_count = 1, .source = source};
        f.pointers[i] = &f.records[i];
        if (sm_phantom_draw(SIDE, SIDE, sm_record_type(&f.records[i]), (uint64_t)i, &f.samples[i], NULL) != SM_OK)
            return -1;
    }
    f.cache = (sm_cache){.records = f.pointers, .samples = f.samples, .count = COUNT};
    f.scratch = sm_augment_scratch_create(SIDE);
    *state = &f;
    return f.scratch ? 0 : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    for (int i = 0; i < COUNT; i++) sm_sample_free(&f->samples[i]);
    sm_augment_scratch_free(f->scratch);
    return 0;
}

/** Checks that the batch holds places `first` .. of `order`, augmented with the seed of the place. */
static void assert_batch(const fixture *f, const sm_augmentation *augmentation, const int *order, int first,
                         const sm_batch *batch) {
    static float image[PIXELS], mask[PIXELS];
    assert_non_null(batch->images);
    assert_null(batch->type_probabilities);
    for (int i = 0; i < BATCH; i++) {
        const int index = order[first + i];
        assert_int_equal(batch->classes[i], f->records[index].classes);
        assert_int_equal(sm_augment(augmentation, &f->samples[index], SIDE,
                                    sm_random_derive(EPOCH_SEED, (uint64_t)(first + i)), f->scratch, image, mask),
                         SM_OK);
        assert_memory_equal(batch->images + (ptrdiff_t)i * PIXELS, image, sizeof image);
        assert_memory_equal(batch->masks + (ptrdiff_t)i * PIXELS, mask, sizeof mask);
    }
}

/** Without what the composer does. */
static sm_augmentation geometry_and_intensity(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.paste_probability = augmentation.crop_probability = augmentation.erase_probability = 0;
    augmentation.seam_probability = augmentation.marks_probability = 0;
    return augmentation;
}

static void test_batches_come_in_order(void **state) {
    fixture *f = *state;
    static const int order[COUNT] = {5, 3, 3, 0, 10, 7, 1, 2, 9, 8, 4};
    const sm_augmentation augmentation = geometry_and_intensity();
    sm_loader *loader = NULL;
    assert_int_equal(sm_loader_create(&f->cache, &augmentation, SIDE, BATCH, &loader, NULL), SM_OK);
    static const int first_batches[] = {0, 3, 0, 5};
    for (int run = 0; run < 4; run++) {
        assert_int_equal(sm_loader_start(loader, order, COUNT, EPOCH_SEED, first_batches[run], NULL), SM_OK);
        const int last = run == 2 ? 2 : COUNT / BATCH; /* the third epoch is not read to its end */
        for (int number = first_batches[run]; number < last; number++) {
            const sm_batch batch = sm_loader_next(loader);
            assert_batch(f, &augmentation, order, number * BATCH, &batch);
        }
        if (run == 2) continue;
        assert_null(sm_loader_next(loader).images); /* the eleventh image makes no whole batch */
        assert_null(sm_loader_next(loader).images);
    }
    assert_true(sm_loader_waited(loader) > 0);
    sm_loader_free(loader);
}

/** The loader works ahead while a batch is in use, and leaves that batch as it is. */
static void test_a_batch_in_use_is_not_overwritten(void **state) {
    fixture *f = *state;
    enum { BATCHES = 10 };
    int order[BATCHES * BATCH];
    for (int i = 0; i < BATCHES * BATCH; i++) order[i] = i % COUNT;
    const sm_augmentation augmentation = geometry_and_intensity();
    sm_loader *loader = NULL;
    assert_int_equal(sm_loader_create(&f->cache, &augmentation, SIDE, BATCH, &loader, NULL), SM_OK);
    assert_int_equal(sm_loader_start(loader, order, BATCHES * BATCH, EPOCH_SEED, 0, NULL), SM_OK);
    for (int number = 0; number < BATCHES; number++) {
        const sm_batch batch = sm_loader_next(loader);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* time enough to fill the ring */
        assert_batch(f, &augmentation, order, number * BATCH, &batch);
    }
    sm_loader_free(loader);
}

/** A batch holds what the composer gives, with the classes that it sets. */
static void test_images_are_composed(void **state) {
    fixture *f = *state;
    int order[COUNT], changed = 0, turned = 0;
    for (int i = 0; i < COUNT; i++) order[i] = i;
    const sm_augmentation augmentation = sm_augmentation_full();
    static float image[PIXELS], mask[PIXELS];
    sm_composer *composer = NULL;
    sm_loader *loader = NULL;
    assert_int_equal(sm_composer_create(f->pointers, f->samples, COUNT, SIDE, &augmentation, &composer, NULL), SM_OK);
    sm_composer_begin_epoch(composer, order, COUNT);
    assert_int_equal(sm_loader_create(&f->cache, &augmentation, SIDE, BATCH, &loader, NULL), SM_OK);
    for (uint64_t epoch_seed = 0; epoch_seed < 5; epoch_seed++) {
        assert_int_equal(sm_loader_start(loader, order, COUNT, epoch_seed, 0, NULL), SM_OK);
        for (int place = 0; place < COUNT / BATCH * BATCH; place++) {
            static sm_batch batch;
            if (place % BATCH == 0) batch = sm_loader_next(loader);
            const uint64_t seed = sm_random_derive(epoch_seed, (uint64_t)place);
            sm_class_set classes;
            const sm_sample *sample = sm_composer_compose(composer, place, seed, &classes);
            changed += sample != &f->samples[place];
            turned += classes != f->records[place].classes;
            assert_int_equal(sm_augment(&augmentation, sample, SIDE, seed, f->scratch, image, mask), SM_OK);
            assert_int_equal(batch.classes[place % BATCH], classes);
            assert_memory_equal(batch.images + (ptrdiff_t)(place % BATCH) * PIXELS, image, sizeof image);
            assert_memory_equal(batch.masks + (ptrdiff_t)(place % BATCH) * PIXELS, mask, sizeof mask);
        }
    }
    assert_in_range(changed, 15, 45); /* of 50 */
    assert_in_range(turned, 3, 20);
    float shares[SM_CLASSES_ANY + 1], expected[SM_CLASSES_ANY + 1];
    sm_loader_normal_shares(loader, shares);
    sm_composer_normal_shares(composer, expected);
    assert_memory_equal(shares, expected, sizeof shares);
    sm_loader_free(loader);
    sm_composer_free(composer);
}

static bool is_even(const sm_record *record, const void *context) {
    assert_string_equal(context, "context");
    return record->fold % 2 == 0;
}

static void test_cache_keeps_the_wanted_and_readable(void **state) {
    (void)state;
    char *folder = scratch_make();
    scratch_png(folder, "wide.png", 100, 60, NULL);
    scratch_png(folder, "small.png", 20, 30, NULL);
    scratch_png(folder, "odd.png", 16, 16, NULL);
    scratch_png(folder, "last.png", 50, 50, NULL);
    scratch_text(folder, "broken.png", "this is not an image");
    scratch_text(folder, "manifest.csv",
                 "image,masks,class,group,fold\nwide.png,,normal,1,0\nbroken.png,,normal,2,0\nodd.png,,normal,3,1\n"
                 "small.png,,normal,4,2\nlast.png,,normal,5,4\n");
    sm_dataset dataset;
    sm_cache cache;
    const char *path = folder;
    assert_int_equal(sm_dataset_load(&path, 1, &dataset, NULL), SM_OK);
    sm_parallel *parallel = sm_parallel_create(2);
    scratch_stderr_begin(folder);
    assert_int_equal(sm_cache_load(&dataset, is_even, "context", 50, "loading", parallel, &cache, NULL), SM_OK);
    char *messages = scratch_stderr_end(folder);
    assert_non_null(strstr(messages, "sonomask: left out: "));
    assert_non_null(strstr(messages, "broken.png"));
    free(messages);
    assert_int_equal(cache.count, 3);
    assert_int_equal(cache.left_out.count, 1);
    assert_non_null(strstr(cache.left_out.lines[0], "broken.png"));
    static const int sizes[][2] = {{50, 30}, {33, 50}, {50, 50}};
    static const int folds[] = {0, 2, 4};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cache.records[i]->fold, folds[i]);
        assert_int_equal(cache.samples[i].width, sizes[i][0]);
        assert_int_equal(cache.samples[i].height, sizes[i][1]);
    }
    sm_cache_free(&cache);
    sm_parallel_free(parallel);
    sm_dataset_free(&dataset);
    scratch_remove(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_come_in_order),
        cmocka_unit_test(test_a_batch_in_use_is_not_overwritten),
        cmocka_unit_test(test_images_are_composed),
        cmocka_unit_test(test_cache_keeps_the_wanted_and_readable),
    };
    return cmocka_run_group_tests_name("loader", tests, make_fixture, free_fixture);
}
