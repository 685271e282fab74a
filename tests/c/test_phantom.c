/** Phantoms: image and mask agree, and the command writes a data set that can be loaded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/data/phantom.h"
#include "scratch_folder.h"

enum { WIDTH = 200, HEIGHT = 150, AREA = WIDTH * HEIGHT, DRAWN = 24 };

static sm_sample draw(sm_class type, uint64_t seed) {
    sm_sample sample;
    sm_error error = {0};
    if (sm_phantom_draw(WIDTH, HEIGHT, type, seed, &sample, &error) != SM_OK) fail_msg("%s", error.message);
    assert_int_equal(sample.width, WIDTH);
    assert_int_equal(sample.height, HEIGHT);
    return sample;
}

static int count_lesion(const sm_sample *sample) {
    int count = 0;
    for (int i = 0; i < sample->width * sample->height; i++) {
        assert_true(sample->mask[i] == 0 || sample->mask[i] == 255);
        count += sample->mask[i] != 0;
    }
    return count;
}

static void test_the_same_arguments_give_the_same_bits(void **state) {
    (void)state;
    for (int type = 0; type < SM_CLASS_COUNT; type++) {
        sm_sample a = draw((sm_class)type, 11), b = draw((sm_class)type, 11), c = draw((sm_class)type, 12);
        assert_memory_equal(a.grey, b.grey, AREA);
        assert_memory_equal(a.mask, b.mask, AREA);
        assert_memory_not_equal(a.grey, c.grey, AREA);
        sm_sample_free(&a);
        sm_sample_free(&b);
        sm_sample_free(&c);
    }
}

static void test_bad_arguments(void **state) {
    (void)state;
    static const int sizes[][2] = {{0, 100}, {100, 0}, {-5, 100}, {31, 100}, {100, 31}, {2049, 100}, {100, 2147483647}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        sm_sample sample = {.width = 1};
        sm_error error = {0};
        assert_int_equal(sm_phantom_draw(sizes[i][0], sizes[i][1], SM_CLASS_BENIGN, 1, &sample, &error),
                         SM_ERROR_ARGUMENT);
        assert_non_null(strstr(error.message, "32 to 2048"));
        assert_null(sample.grey);
        assert_null(sample.mask);
    }
    sm_sample sample;
    assert_int_equal(sm_phantom_draw(100, 100, (sm_class)7, 1, &sample, NULL), SM_ERROR_ARGUMENT);
}

static void test_any_shape(void **state) {
    (void)state;
    static const int sizes[][2] = {{32, 32}, {32, 400}, {400, 32}, {101, 77}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int type = 0; type < SM_CLASS_COUNT; type++)
            for (uint64_t seed = 0; seed < 4; seed++) {
                sm_sample sample;
                assert_int_equal(sm_phantom_draw(sizes[i][0], sizes[i][1], (sm_class)type, seed, &sample, NULL), SM_OK);
                assert_int_equal(count_lesion(&sample) > 0, type != SM_CLASS_NORMAL);
                sm_sample_free(&sample);
            }
}

/** Mean grey of the lesion and of the tissue beside it, at the same depth. */
static void measure_contrast(const sm_sample *sample, double *lesion, double *around) {
    double inside = 0, outside = 0;
    int inside_count = 0, outside_count = 0;
    for (int y = 0; y < HEIGHT; y++) {
        int left = -1, right = -1;
        for (int x = 0; x < WIDTH; x++)
            if (sample->mask[y * WIDTH + x]) {
                if (left < 0) left = x;
                right = x;
            }
        if (left < 0) continue;
        const int margin = 3 + (right - left) / 4;
        for (int x = left - 2 * margin; x <= right + 2 * margin; x++) {
            if (x < 0 || x >= WIDTH) continue;
            if (sample->mask[y * WIDTH + x]) {
                inside += sample->grey[y * WIDTH + x];
                inside_count++;
            } else if (x < left - 2 || x > right + 2) {
                outside += sample->grey[y * WIDTH + x];
                outside_count++;
            }
        }
    }
    assert_true(inside_count > 0 && outside_count > 0);
    *lesion = inside / inside_count;
    *around = outside / outside_count;
}

static void test_lesions_are_dark(void **state) {
    (void)state;
    static const sm_class types[] = {SM_CLASS_BENIGN, SM_CLASS_MALIGNANT};
    for (int t = 0; t < 2; t++)
        for (uint64_t seed = 0; seed < DRAWN; seed++) {
            sm_sample sample = draw(types[t], seed);
            const int count = count_lesion(&sample);
            assert_in_range(count, AREA / 400, AREA / 3);
            sm_lesion *lesions = NULL;
            int lesion_count = 0;
            assert_int_equal(
                sm_mask_components(sample.mask, WIDTH, HEIGHT, 1, NULL, NULL, &lesions, &lesion_count, NULL), SM_OK);
            assert_int_equal(lesion_count, 1); // one component, with its spicules
            free(lesions);
            double lesion, around;
            measure_contrast(&sample, &lesion, &around);
            if (!(lesion < around - 8))
                fail_msg("%s %d: %.1f in %.1f", sm_class_name(types[t]), (int)seed, lesion, around);
            sm_sample_free(&sample);
        }
    for (uint64_t seed = 0; seed < DRAWN; seed++) {
        sm_sample sample = draw(SM_CLASS_NORMAL, seed);
        assert_int_equal(count_lesion(&sample), 0);
        sm_sample_free(&sample);
    }
}

typedef struct shape {
    double width, height, roughness; /**< roughness: outline^2 / (4 pi area), 1 for a disc */
} shape;

static shape measure_shape(const sm_sample *sample) {
    double area = 0, x_sum = 0, y_sum = 0, xx = 0, yy = 0, outline = 0;
    for (int y = 1; y + 1 < HEIGHT; y++)
        for (int x = 1; x + 1 < WIDTH; x++) {
            const uint8_t *pixel = sample->mask + y * WIDTH + x;
            // Counts pixel sides, which overestimates slanted outlines equally in all shapes.
            outline += (*pixel != pixel[1]) + (*pixel != pixel[WIDTH]);
            if (!*pixel) continue;
            area++;
            x_sum += x;
            y_sum += y;
            xx += x * x;
            yy += y * y;
        }
    const double x_mean = x_sum / area, y_mean = y_sum / area;
    return (shape){.width = sqrt(xx / area - x_mean * x_mean),
                   .height = sqrt(yy / area - y_mean * y_mean),
                   .roughness = outline * outline / (12.566 * area)};
}

/** Mean grey below the centre of the lesion minus that beside it, at the same depth. */
static double measure_posterior(const sm_sample *sample) {
    int left = WIDTH, right = 0, bottom = 0;
    for (int i = 0; i < AREA; i++)
        if (sample->mask[i]) {
            left = i % WIDTH < left ? i % WIDTH : left;
            right = i % WIDTH > right ? i % WIDTH : right;
            bottom = i / WIDTH;
        }
    const int width = right - left + 1;
    double below = 0, beside = 0;
    int below_count = 0, beside_count = 0;
    for (int y = bottom + 2; y < bottom + 22 && y < HEIGHT; y++)
        for (int x = left - width; x <= right + width; x++) {
            if (x < 0 || x >= WIDTH) continue;
            if (x >= left + width / 3 && x <= right - width / 3) {
                below += sample->grey[y * WIDTH + x];
                below_count++;
            } else if (x < left - width / 4 || x > right + width / 4) {
                beside += sample->grey[y * WIDTH + x];
                beside_count++;
            }
        }
    return below_count && beside_count ? below / below_count - beside / beside_count : 0;
}

static void test_classes_differ(void **state) {
    (void)state;
    double taller[SM_CLASS_COUNT] = {0}, roughness[SM_CLASS_COUNT] = {0}, posterior[SM_CLASS_COUNT] = {0};
    for (int type = SM_CLASS_BENIGN; type <= SM_CLASS_MALIGNANT; type++)
        for (uint64_t seed = 100; seed < 100 + DRAWN; seed++) {
            sm_sample sample = draw((sm_class)type, seed);
            const shape s = measure_shape(&sample);
            taller[type] += (s.height > s.width) / (double)DRAWN;
            roughness[type] += s.roughness / DRAWN;
            posterior[type] += measure_posterior(&sample) / DRAWN;
            sm_sample_free(&sample);
        }
    assert_true(taller[SM_CLASS_BENIGN] < 0.15);
    assert_true(taller[SM_CLASS_MALIGNANT] > 0.75);
    assert_true(roughness[SM_CLASS_MALIGNANT] > 1.2 * roughness[SM_CLASS_BENIGN]);
    assert_true(posterior[SM_CLASS_BENIGN] > 3);     // enhancement
    assert_true(posterior[SM_CLASS_MALIGNANT] < -3); // shadow
}

static void test_tissue_and_speckle(void **state) {
    (void)state;
    double top = 0, bottom = 0, lateral = 0, axial = 0, far = 0;
    for (uint64_t seed = 0; seed < DRAWN; seed++) {
        sm_sample sample = draw(SM_CLASS_NORMAL, seed);
        double mean = 0, spread = 0;
        for (int i = 0; i < AREA; i++) mean += sample.grey[i] / (double)AREA;
        for (int i = 0; i < AREA; i++) spread += pow(sample.grey[i] - mean, 2) / AREA;
        assert_true(mean > 25 && mean < 160 && sqrt(spread) > 15);
        for (int y = 0; y + 8 < HEIGHT; y++)
            for (int x = 0; x + 8 < WIDTH; x++) {
                const uint8_t *p = sample.grey + y * WIDTH + x;
                if (y < HEIGHT / 2)
                    top += *p;
                else
                    bottom += *p;
                if (y < HEIGHT / 5 || y > HEIGHT / 2) continue;
                lateral += abs(p[0] - p[1]);
                axial += abs(p[0] - p[WIDTH]);
                far += abs(p[0] - p[8]);
            }
        sm_sample_free(&sample);
    }
    assert_true(bottom < 0.85 * top);   // attenuation
    assert_true(lateral < 0.9 * axial); // the beam is wider than the pulse is long
    assert_true(lateral < 0.7 * far);   // speckle grains are larger than pixels
}

enum { ARGUMENTS_MAXIMUM = 16 };

/** Runs the command and returns its exit status and what it wrote to stderr. */
static int run(const char *scratch, const char *const *arguments, char **messages) {
    char *argv[ARGUMENTS_MAXIMUM] = {0};
    int argc = 0;
    for (; arguments[argc]; argc++) argv[argc] = strdup(arguments[argc]);
    scratch_stderr_begin(scratch);
    const int result = sm_command_phantom(argc, argv);
    *messages = scratch_stderr_end(scratch);
    for (int i = 0; i < argc; i++) free(argv[i]);
    return result;
}

static void test_command(void **state) {
    const char *scratch = *state, *out = scratch_path(scratch, "new/folder"), *again = scratch_path(scratch, "again");
    char *messages;
    enum { COUNT = 9 };
    assert_int_equal(run(scratch,
                         (const char *[]){"phantom", "--out", out, "--count", "9", "--seed", "5", "--width", "96",
                                          "--height", "64", NULL},
                         &messages),
                     SM_EXIT_DONE);
    free(messages);
    assert_int_equal(
        run(scratch,
            (const char *[]){"phantom", "--count=9", "--height=64", "--width=96", "--out", again, "--seed=5", NULL},
            &messages),
        SM_EXIT_DONE);
    free(messages);

    sm_dataset dataset, repeated;
    assert_int_equal(sm_dataset_load(&out, 1, &dataset, NULL), SM_OK);
    assert_int_equal(sm_dataset_load(&again, 1, &repeated, NULL), SM_OK);
    assert_int_equal(dataset.count, COUNT);
    assert_false(dataset.folds_by_name);
    int types[SM_CLASS_COUNT] = {0}, folds[5] = {0}, in_turn = 0;
    for (int i = 0; i < COUNT; i++) {
        const sm_record *record = &dataset.records[i];
        types[sm_record_type(record)]++;
        assert_in_range(record->fold, 0, 4);
        folds[record->fold]++;
        in_turn += sm_record_type(record) == (sm_class)((i + 1) % 3);
        assert_int_equal(record->mask_count, 1);
        sm_sample sample, twin;
        assert_int_equal(sm_sample_load(record, &sample, NULL), SM_OK);
        assert_int_equal(sm_sample_load(&repeated.records[i], &twin, NULL), SM_OK);
        assert_int_equal(sample.width, 96);
        assert_int_equal(sample.height, 64);
        assert_int_equal(count_lesion(&sample) > 0, sm_record_type(record) != SM_CLASS_NORMAL);
        assert_int_equal(repeated.records[i].classes, record->classes);
        assert_memory_equal(sample.grey, twin.grey, 96 * 64);
        assert_memory_equal(sample.mask, twin.mask, 96 * 64);
        sm_sample_free(&sample);
        sm_sample_free(&twin);
    }
    for (int type = 0; type < SM_CLASS_COUNT; type++) assert_in_range(types[type], COUNT / 3, COUNT / 3 + 1);
    for (int fold = 0; fold < 5; fold++) assert_true(folds[fold] > 0);
    assert_true(in_turn < COUNT); // shuffled
    sm_dataset_free(&dataset);
    sm_dataset_free(&repeated);
}

static void test_command_usage(void **state) {
    const char *scratch = *state, *out = scratch_path(scratch, "out");
    const struct {
        const char *arguments[8], *message;
    } cases[] = {
        {{"phantom", "--count", "3", NULL}, "--out is missing"},
        {{"phantom", "--out", out, NULL}, "--count is missing"},
        {{"phantom", "--out", out, "--count", "0", NULL}, "--count needs"},
        {{"phantom", "--out", out, "--count", "-3", NULL}, "--count needs"},
        {{"phantom", "--out", out, "--count", "many", NULL}, "--count needs"},
        {{"phantom", "--out", out, "--count", "100001", NULL}, "--count needs"},
        {{"phantom", "--out", out, "--count", "3x", NULL}, "--count needs"},
        {{"phantom", "--out", out, "--count", "1", "--width", "31", NULL}, "--width needs"},
        {{"phantom", "--out", out, "--count", "1", "--height", "4000", NULL}, "--height needs"},
        {{"phantom", "--out", out, "--count", "1", "--seed", "one", NULL}, "--seed needs"},
        {{"phantom", "--out", out, "--count", "1", "surplus", NULL}, "\"surplus\""},
        {{"phantom", "--out", out, "--count", "1", "--colour", NULL}, "--colour"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *messages;
        assert_int_equal(run(scratch, cases[i].arguments, &messages), SM_EXIT_USAGE);
        if (!strstr(messages, cases[i].message)) fail_msg("\"%s\" does not contain \"%s\"", messages, cases[i].message);
        assert_non_null(strstr(messages, "usage: sonomask phantom"));
        free(messages);
        assert_int_not_equal(access(out, F_OK), 0); // nothing was made
    }
}

static void test_command_cannot_write(void **state) {
    const char *scratch = *state;
    scratch_text(scratch, "file", "in the way");
    char *messages;
    const char *out = scratch_path(scratch, "file/out");
    assert_int_equal(run(scratch, (const char *[]){"phantom", "--out", out, "--count", "1", NULL}, &messages),
                     SM_EXIT_FAILED);
    assert_non_null(strstr(messages, "file/out"));
    free(messages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_arguments_give_the_same_bits),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_any_shape),
        cmocka_unit_test(test_lesions_are_dark),
        cmocka_unit_test(test_classes_differ),
        cmocka_unit_test(test_tissue_and_speckle),
        cmocka_unit_test_setup_teardown(test_command, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_command_usage, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_command_cannot_write, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
