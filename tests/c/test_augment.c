/** Augmentation: the effect of each transformation, and what it leaves unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/data/augment.h"
#include "../../native/data/augment_stages.h"
#include "../../native/data/phantom.h"
#include "../../native/data/random.h"
#include "../../src/letterbox.h"
#include "assert_near.h"

enum { SIZE = 96, AREA = SIZE * SIZE, WIDTH = 96, HEIGHT = 64, TOP = (SIZE - HEIGHT) / 2 };

/** A picture that fits the square without scaling, and the augmented result. */
typedef struct fixture {
    sm_sample sample;
    uint8_t grey[WIDTH * HEIGHT], lesion[WIDTH * HEIGHT];
    sm_augment_scratch *scratch;
    float plain[AREA], plain_mask[AREA]; /**< the letterboxed picture without augmentation */
    float image[AREA], mask[AREA];
} fixture;

static int make_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    f->sample = (sm_sample){.width = WIDTH, .height = HEIGHT, .grey = f->grey, .mask = f->lesion};
    f->scratch = sm_augment_scratch_create(SIZE);
    *state = f;
    return f->scratch ? 0 : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_augment_scratch_free(f->scratch);
    free(f);
    return 0;
}

static void run(fixture *f, const sm_augmentation *augmentation, uint64_t seed) {
    assert_int_equal(sm_augment(augmentation, &f->sample, SIZE, seed, f->scratch, f->image, f->mask), SM_OK);
}

/** Uses a phantom as picture, with its lesion as mask. */
static void use_phantom(fixture *f) {
    sm_sample phantom;
    assert_int_equal(sm_phantom_draw(WIDTH, HEIGHT, SM_CLASS_BENIGN, 4, &phantom, NULL), SM_OK);
    memcpy(f->grey, phantom.grey, sizeof f->grey);
    memcpy(f->lesion, phantom.mask, sizeof f->lesion);
    sm_sample_free(&phantom);
    const sm_augmentation none = sm_augmentation_none();
    run(f, &none, 0);
    memcpy(f->plain, f->image, sizeof f->plain);
    memcpy(f->plain_mask, f->mask, sizeof f->plain_mask);
}

/** Uses a bright disc with a soft edge on black, as picture and as mask. */
static void use_disc(fixture *f, float x, float y, float radius) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        const float dx = (float)(i % WIDTH) - x, dy = (float)(i / WIDTH) - y;
        const float share = radius + 0.5f - sqrtf(dx * dx + dy * dy);
        f->grey[i] = f->lesion[i] = (uint8_t)(255.0f * (share < 0.0f ? 0.0f : share > 1.0f ? 1.0f : share));
    }
    const sm_augmentation none = sm_augmentation_none();
    run(f, &none, 0);
    memcpy(f->plain, f->image, sizeof f->plain);
    memcpy(f->plain_mask, f->mask, sizeof f->plain_mask);
}

static bool in_border(int pixel) { return pixel / SIZE < TOP || pixel / SIZE >= TOP + HEIGHT; }

typedef struct moments {
    double area, x, y;
} moments;

static moments measure(const float *mask) {
    moments m = {0, 0, 0};
    for (int i = 0; i < AREA; i++) {
        m.area += mask[i];
        m.x += mask[i] * (i % SIZE + 0.5 - SIZE / 2.0);
        m.y += mask[i] * (i / SIZE + 0.5 - SIZE / 2.0);
    }
    m.x /= m.area;
    m.y /= m.area;
    return m;
}

/** Mean and standard deviation of the image, without the border of the letterbox. */
static void measure_grey(const float *image, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (int i = 0; i < AREA; i++)
        if (!in_border(i)) {
            sum += image[i];
            squares += (double)image[i] * image[i];
        }
    *mean = sum / (WIDTH * HEIGHT);
    *deviation = sqrt(squares / (WIDTH * HEIGHT) - *mean * *mean);
}

/** Grey-value transformations do not change the mask and the black border. */
static void assert_only_greys_changed(const fixture *f) {
    assert_memory_equal(f->mask, f->plain_mask, sizeof f->mask);
    for (int i = 0; i < AREA; i++) {
        if (in_border(i)) assert_true(f->image[i] == -1.0f);
        assert_true(f->image[i] >= -1.0f && f->image[i] <= 1.0f);
    }
}

static void test_none_is_the_letterbox(void **state) {
    (void)state;
    static const int cases[][3] = {{96, 64, 96}, {64, 96, 96}, {120, 90, 64},
                                   {50, 33, 96}, {33, 50, 77}, {300, 40, 96}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int size = cases[c][2], area = size * size;
        sm_sample sample;
        assert_int_equal(sm_phantom_draw(cases[c][0], cases[c][1], SM_CLASS_MALIGNANT, c, &sample, NULL), SM_OK);
        float *expected = malloc((size_t)area * sizeof(float)), *image = malloc((size_t)area * sizeof(float)),
              *mask = malloc((size_t)area * sizeof(float)), *expected_mask = malloc((size_t)area * sizeof(float));
        sm_augment_scratch *scratch = sm_augment_scratch_create(size);
        const sm_letterbox box = sm_letterbox_make(sample.width, sample.height, size);
        assert_int_equal(sm_letterbox_apply(&box, sample.grey, expected, NULL), SM_OK);
        assert_int_equal(sm_letterbox_apply(&box, sample.mask, expected_mask, NULL), SM_OK);
        const sm_augmentation none = sm_augmentation_none();
        for (int resized = 0; resized < 2; resized++) {
            assert_int_equal(sm_augment(&none, &sample, size, 3, scratch, image, mask), SM_OK);
            for (int i = 0; i < area; i++) {
                assert_true(fabsf(image[i] - expected[i]) < 0.51f / 127.5f); // half a grey value
                assert_true(fabsf(2.0f * mask[i] - 1.0f - expected_mask[i]) < 0.51f / 127.5f);
            }
            assert_int_equal(sm_sample_resize(&sample, size, NULL), SM_OK); // as the training cache does
        }
        sm_augment_scratch_free(scratch);
        sm_sample_free(&sample);
        free(expected);
        free(expected_mask);
        free(image);
        free(mask);
    }
}

static void test_seed_decides(void **state) {
    fixture *f = *state;
    use_phantom(f);
    const sm_augmentation full = sm_augmentation_full();
    sm_augment_scratch *other = sm_augment_scratch_create(2 * SIZE);
    static float image[AREA], mask[AREA];
    int changed = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        run(f, &full, seed);
        assert_int_equal(sm_augment(&full, &f->sample, SIZE, seed, other, image, mask), SM_OK);
        assert_memory_equal(image, f->image, sizeof image);
        assert_memory_equal(mask, f->mask, sizeof mask);
        run(f, &full, seed + 1);
        changed += memcmp(image, f->image, sizeof image) != 0;
    }
    assert_int_equal(changed, 20);
    sm_augment_scratch_free(other);
}

static void test_flip_is_exact(void **state) {
    fixture *f = *state;
    use_phantom(f);
    sm_augmentation flip = sm_augmentation_none();
    flip.flip_probability = 1.0f;
    run(f, &flip, 1);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            assert_true(f->image[y * SIZE + x] == f->plain[y * SIZE + SIZE - 1 - x]);
            assert_true(f->mask[y * SIZE + x] == f->plain_mask[y * SIZE + SIZE - 1 - x]);
        }
    flip.flip_probability = 0.3f;
    int flipped = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        run(f, &flip, seed);
        flipped += memcmp(f->image, f->plain, sizeof f->image) != 0;
    }
    assert_in_range(flipped, 240, 360);
}

static sm_augmentation geometric(void) {
    const sm_augmentation full = sm_augmentation_full();
    sm_augmentation geometry = sm_augmentation_none();
    geometry.flip_probability = 0.5f;
    geometry.rotation_probability = 0.8f;
    geometry.rotation_radians = full.rotation_radians;
    geometry.scale_probability = 0.8f;
    geometry.scale_log = full.scale_log;
    geometry.aspect_log = full.aspect_log;
    geometry.shift = full.shift;
    geometry.elastic_probability = 0.8f;
    geometry.elastic_strength = full.elastic_strength;
    return geometry;
}

static void test_image_and_mask_move_together(void **state) {
    fixture *f = *state;
    use_disc(f, 60.0f, 30.0f, 14.0f);
    const sm_augmentation geometry = geometric();
    for (uint64_t seed = 0; seed < 50; seed++) {
        run(f, &geometry, seed);
        for (int i = 0; i < AREA; i++) assert_true(fabsf(0.5f * (f->image[i] + 1.0f) - f->mask[i]) < 1e-5f);
    }
}

static void test_geometry_keeps_greys(void **state) {
    fixture *f = *state;
    memset(f->grey, 180, sizeof f->grey);
    const sm_augmentation geometry = geometric();
    const float grey = 180.0f / 127.5f - 1.0f;
    for (uint64_t seed = 0; seed < 50; seed++) {
        run(f, &geometry, seed);
        int inside = 0;
        for (int i = 0; i < AREA; i++) {
            // Each pixel is of the picture or of the border: the edge is not blended with the border.
            const bool picture = fabsf(f->image[i] - grey) < 1e-5f;
            assert_true(picture || f->image[i] == -1.0f);
            inside += picture;
        }
        assert_true(inside > AREA / 4);
    }
}

static void test_rotation(void **state) {
    fixture *f = *state;
    use_disc(f, 75.0f, 32.0f, 12.0f);
    const moments before = measure(f->plain_mask);
    sm_augmentation rotation = sm_augmentation_none();
    rotation.rotation_probability = 1.0f;
    rotation.rotation_radians = 0.35f;
    double smallest = 1, largest = -1;
    for (uint64_t seed = 0; seed < 100; seed++) {
        run(f, &rotation, seed);
        const moments after = measure(f->mask);
        assert_true(fabs(after.area / before.area - 1) < 0.02);
        assert_true(fabs(hypot(after.x, after.y) - hypot(before.x, before.y)) < 0.3);
        const double angle = atan2(after.y, after.x) - atan2(before.y, before.x);
        if (angle < smallest) smallest = angle;
        if (angle > largest) largest = angle;
    }
    assert_true(smallest > -0.36 && smallest < -0.28 && largest < 0.36 && largest > 0.28);
}

static void test_scale_and_shift(void **state) {
    fixture *f = *state;
    use_disc(f, 47.5f, 31.5f, 12.0f); // in the centre, so that only the shift moves it
    const moments before = measure(f->plain_mask);
    sm_augmentation scale = sm_augmentation_none();
    scale.scale_probability = 1.0f;
    scale.scale_log = 0.3f;
    scale.shift = 0.1f;
    double smallest = 9, largest = 0, furthest = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        run(f, &scale, seed);
        const moments after = measure(f->mask);
        const double factor = sqrt(after.area / before.area);
        if (factor < smallest) smallest = factor;
        if (factor > largest) largest = factor;
        const double shift = fmax(fabs(after.x), fabs(after.y));
        if (shift > furthest) furthest = shift;
    }
    assert_true(smallest > 0.72 && smallest < 0.79 && largest < 1.38 && largest > 1.28);
    assert_true(furthest < 0.1 * SIZE + 0.5 && furthest > 0.085 * SIZE);

    scale.scale_log = scale.shift = 0.0f;
    scale.aspect_log = 0.4f;
    run(f, &scale, 1);
    const moments after = measure(f->mask);
    assert_true(fabs(after.area / before.area - 1) < 0.03); // a change of aspect keeps the area
    double across = 0, down = 0;
    for (int i = 0; i < AREA; i++) {
        across += f->mask[i] * pow(i % SIZE + 0.5 - SIZE / 2.0, 2);
        down += f->mask[i] * pow(i / SIZE + 0.5 - SIZE / 2.0, 2);
    }
    assert_true(fabs(log(across / down)) > 0.02 && fabs(log(across / down)) < 0.85);
}

static void test_elastic(void **state) {
    fixture *f = *state;
    use_disc(f, 47.5f, 31.5f, 12.0f);
    const moments before = measure(f->plain_mask);
    sm_augmentation elastic = sm_augmentation_none();
    elastic.elastic_probability = 1.0f;
    elastic.elastic_strength = 0.03f;
    double squares = 0, areas = 0;
    enum { RUNS = 200 };
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        run(f, &elastic, seed);
        const moments after = measure(f->mask);
        squares += pow(after.x - before.x, 2) + pow(after.y - before.y, 2);
        areas += after.area / before.area;
        assert_true(fabs(after.area / before.area - 1) < 0.7);
    }
    // The control points move by 2.9 pixels; the disc, which is larger than a cell of 19 pixels, moves less.
    const double moved = sqrt(squares / RUNS / 2);
    assert_true(moved > 0.8 && moved < 2.9);
    assert_true(fabs(areas / RUNS - 1) < 0.1);

    // The displacement is local: it bends a straight line.
    memset(f->lesion, 0, sizeof f->lesion);
    for (int i = 0; i < WIDTH * HEIGHT; i++) f->lesion[i] = i / WIDTH >= HEIGHT / 2 ? 255 : 0;
    run(f, &elastic, 7);
    double least = AREA, most = 0;
    for (int x = 0; x < SIZE; x++) {
        double column = 0;
        for (int y = 0; y < 64; y++) column += f->mask[y * SIZE + x];
        if (column < least) least = column;
        if (column > most) most = column;
    }
    assert_true(most - least > 1.5);
}

static void test_gamma(void **state) {
    fixture *f = *state;
    for (int i = 0; i < WIDTH * HEIGHT; i++) f->grey[i] = (uint8_t)(i % WIDTH * 255 / (WIDTH - 1));
    const sm_augmentation none = sm_augmentation_none();
    run(f, &none, 0);
    memcpy(f->plain, f->image, sizeof f->plain);
    memcpy(f->plain_mask, f->mask, sizeof f->mask);
    sm_augmentation gamma = none;
    gamma.gamma_probability = 1.0f;
    gamma.gamma_log = 0.5f;
    for (uint64_t seed = 0; seed < 30; seed++) {
        run(f, &gamma, seed);
        assert_only_greys_changed(f);
        const float *row = f->image + TOP * SIZE, *was = f->plain + TOP * SIZE;
        assert_true(row[0] == -1.0f && row[WIDTH - 1] == 1.0f); // black and white stay
        const double exponent = log(0.5 * (row[40] + 1)) / log(0.5 * (was[40] + 1));
        assert_true(exponent > exp(-0.501) && exponent < exp(0.501) && exponent != 1.0);
        for (int x = 1; x < WIDTH - 1; x++) {
            assert_true(row[x] >= row[x - 1]);
            assert_true(fabs(0.5 * (row[x] + 1) - pow(0.5 * (was[x] + 1), exponent)) < 1e-4);
        }
    }
}

static void test_contrast(void **state) {
    fixture *f = *state;
    use_phantom(f);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        f->grey[i] = (uint8_t)(100 + f->grey[i] / 5); // no clamping at black and white
    const sm_augmentation none = sm_augmentation_none();
    run(f, &none, 0);
    double mean, deviation, least = 9, most = 0;
    measure_grey(f->image, &mean, &deviation);
    sm_augmentation contrast = none;
    contrast.contrast_probability = 1.0f;
    contrast.contrast_low = 0.65f;
    contrast.contrast_high = 1.5f;
    for (uint64_t seed = 0; seed < 50; seed++) {
        run(f, &contrast, seed);
        assert_only_greys_changed(f);
        double new_mean, new_deviation;
        measure_grey(f->image, &new_mean, &new_deviation);
        assert_true(fabs(new_mean - mean) < 1e-3); // the border does not count
        const double factor = new_deviation / deviation;
        least = factor < least ? factor : least;
        most = factor > most ? factor : most;
    }
    assert_true(least > 0.64 && least < 0.75 && most < 1.51 && most > 1.4);
}

static void test_brightness(void **state) {
    fixture *f = *state;
    use_phantom(f);
    sm_augmentation brightness = sm_augmentation_none();
    brightness.brightness_probability = 1.0f;
    brightness.brightness = 0.15f;
    float least = 9, most = -9;
    for (uint64_t seed = 0; seed < 50; seed++) {
        run(f, &brightness, seed);
        assert_only_greys_changed(f);
        float offset = 0; // at a pixel that is not clamped
        for (int i = 0; i < AREA; i++)
            if (!in_border(i) && fabsf(f->plain[i]) < 0.5f) offset = f->image[i] - f->plain[i];
        for (int i = 0; i < AREA; i++)
            if (!in_border(i)) {
                const float expected = fmaxf(-1.0f, fminf(1.0f, f->plain[i] + offset));
                assert_true(fabsf(f->image[i] - expected) < 1e-5f);
            }
        least = fminf(least, offset);
        most = fmaxf(most, offset);
    }
    // The full range is 2 here.
    assert_true(least > -0.301f && least < -0.25f && most < 0.301f && most > 0.25f);
}

static void test_blur(void **state) {
    fixture *f = *state;
    use_phantom(f);
    double mean, deviation, new_mean, new_deviation;
    measure_grey(f->plain, &mean, &deviation);
    sm_augmentation blur = sm_augmentation_none();
    blur.blur_probability = 1.0f;
    blur.blur_sigma = 1.5f;
    for (uint64_t seed = 0; seed < 20; seed++) {
        run(f, &blur, seed);
        assert_only_greys_changed(f);
        measure_grey(f->image, &new_mean, &new_deviation);
        assert_true(fabs(new_mean - mean) < 0.01);
        assert_true(new_deviation < deviation && new_deviation > 0.3 * deviation);
    }
    // A single bright pixel becomes a Gaussian whose sigma is at most 1.5.
    memset(f->grey, 0, sizeof f->grey);
    f->grey[32 * WIDTH + 48] = 255;
    for (uint64_t seed = 0; seed < 20; seed++) {
        run(f, &blur, seed);
        double sum = 0, variance = 0;
        for (int i = 0; i < AREA; i++) {
            const double share = 0.5 * (f->image[i] + 1.0);
            sum += share;
            variance += share * pow(i % SIZE - 48, 2);
        }
        assert_true(fabs(sum - 1) < 1e-3);
        assert_true(variance < 1.5 * 1.5 + 1e-3);
        assert_true(fabsf(f->image[(TOP + 32) * SIZE + 47] - f->image[(TOP + 33) * SIZE + 48]) < 1e-5f); // isotropic
    }
    // Edge pixels are repeated, so that a bright line at an edge acts as a half-plane, whose blurred step is symmetric.
    for (int edge = 0; edge < 4; edge++) {
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            const int x = i % WIDTH, y = i / WIDTH;
            const int distance = edge == 0 ? x : edge == 1 ? WIDTH - 1 - x : edge == 2 ? y : HEIGHT - 1 - y;
            f->grey[i] = distance == 0 ? 255 : 0;
        }
        for (uint64_t seed = 0; seed < 5; seed++) {
            run(f, &blur, seed);
            const int x = edge == 1 ? WIDTH - 1 : edge == 0 ? 0 : 40, y = edge == 3 ? HEIGHT - 1 : edge == 2 ? 0 : 30;
            const int step = edge == 0 ? 1 : edge == 1 ? -1 : edge == 2 ? SIZE : -SIZE;
            const float *first = f->image + (TOP + y) * SIZE + x;
            assert_true(fabsf(0.5f * (first[0] + 1.0f) + 0.5f * (first[step] + 1.0f) - 1.0f) < 1e-5f);
        }
    }
    // The border is not blurred into the picture: a constant picture stays constant.
    memset(f->grey, 90, sizeof f->grey);
    run(f, &blur, 3);
    for (int i = 0; i < AREA; i++)
        if (!in_border(i)) assert_true(fabsf(f->image[i] - (90.0f / 127.5f - 1.0f)) < 1e-5f);
}

/** Sum of the differences between neighbours, which falls with the resolution. */
static double measure_detail(const float *image) {
    double detail = 0;
    for (int y = TOP; y < TOP + HEIGHT; y++)
        for (int x = 1; x < WIDTH; x++) detail += fabsf(image[y * SIZE + x] - image[y * SIZE + x - 1]);
    return detail;
}

static void test_low_resolution(void **state) {
    fixture *f = *state;
    use_phantom(f);
    double mean, deviation, new_mean, new_deviation;
    measure_grey(f->plain, &mean, &deviation);
    sm_augmentation low = sm_augmentation_none();
    low.low_resolution_probability = 1.0f;
    for (uint64_t seed = 0; seed < 20; seed++) {
        run(f, &low, seed);
        assert_only_greys_changed(f);
        measure_grey(f->image, &new_mean, &new_deviation);
        assert_true(fabs(new_mean - mean) < 0.02);
        const double kept = measure_detail(f->image) / measure_detail(f->plain);
        assert_true(kept > 0.2 && kept < 0.9);
    }
}

static void test_speckle(void **state) {
    fixture *f = *state;
    for (int i = 0; i < WIDTH * HEIGHT; i++) f->grey[i] = i / WIDTH < HEIGHT / 2 ? 0 : 100;
    const sm_augmentation none = sm_augmentation_none();
    run(f, &none, 0);
    memcpy(f->plain, f->image, sizeof f->plain);
    memcpy(f->plain_mask, f->mask, sizeof f->mask);
    sm_augmentation speckle = none;
    speckle.speckle_probability = 1.0f;
    speckle.speckle = 0.2f;
    double most = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        run(f, &speckle, seed);
        assert_only_greys_changed(f);
        double sum = 0, squares = 0;
        const int count = SIZE * HEIGHT / 2;
        for (int i = 0; i < count; i++) {
            assert_true(f->image[TOP * SIZE + i] == -1.0f); // multiplicative noise leaves black
            const double factor = 0.5 * (f->image[TOP * SIZE + count + i] + 1.0) / (100.0 / 255.0);
            sum += factor;
            squares += factor * factor;
        }
        const double mean = sum / count, deviation = sqrt(squares / count - mean * mean);
        assert_true(fabs(mean - 1) < 0.015);
        assert_true(deviation < 0.21);
        most = fmax(most, deviation);
    }
    assert_true(most > 0.17);
}

static void test_study_applies_one_transformation(void **state) {
    fixture *f = *state;
    use_phantom(f);
    const sm_augmentation study = sm_augmentation_study();
    enum { RUNS = 1000 };
    int same = 0, flipped = 0, grey = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        run(f, &study, seed);
        const bool image_same = memcmp(f->image, f->plain, sizeof f->image) == 0;
        const bool mask_same = memcmp(f->mask, f->plain_mask, sizeof f->mask) == 0;
        if (image_same)
            same++;
        else if (mask_same)
            grey++;
        else {
            flipped++;
            for (int y = 0; y < SIZE; y++) // only flipped
                for (int x = 0; x < SIZE; x++) assert_true(f->image[y * SIZE + x] == f->plain[y * SIZE + SIZE - 1 - x]);
        }
    }
    assert_in_range(same, 160, 240);
    assert_in_range(flipped, 160, 240);
    assert_in_range(grey, 540, 660); // contrast, brightness, blur
}

static void test_transformations_are_independent(void **state) {
    fixture *f = *state;
    use_phantom(f);
    static float mask[AREA];
    const sm_augmentation full = sm_augmentation_full();
    sm_augmentation without = full;
    without.gamma_probability = without.speckle_probability = without.blur_probability = 0.0f;
    for (uint64_t seed = 0; seed < 20; seed++) {
        run(f, &full, seed);
        memcpy(mask, f->mask, sizeof mask);
        run(f, &without, seed);
        assert_memory_equal(mask, f->mask, sizeof mask);
    }
}

static void test_full_stays_in_range(void **state) {
    (void)state;
    static const int cases[][3] = {{96, 64, 96}, {1, 1, 8}, {100, 2, 33}, {2, 100, 33}, {640, 480, 1}, {7, 300, 64}};
    const sm_augmentation full = sm_augmentation_full();
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const int width = cases[c][0], height = cases[c][1], size = cases[c][2];
        sm_sample sample = {.width = width, .height = height};
        sample.grey = malloc((size_t)(width * height));
        sample.mask = calloc((size_t)width, (size_t)height);
        for (int i = 0; i < width * height; i++) sample.grey[i] = (uint8_t)(i * 131);
        sample.mask[0] = 255;
        sm_augment_scratch *scratch = sm_augment_scratch_create(size);
        float *image = malloc((size_t)(size * size) * sizeof(float)),
              *mask = malloc((size_t)(size * size) * sizeof(float));
        for (uint64_t seed = 0; seed < 60; seed++) {
            for (int i = 0; i < size * size; i++) image[i] = mask[i] = NAN; // every pixel must be written
            assert_int_equal(sm_augment(&full, &sample, size, seed, scratch, image, mask), SM_OK);
            for (int i = 0; i < size * size; i++) {
                assert_true(image[i] >= -1.0f && image[i] <= 1.0f);
                assert_true(mask[i] >= 0.0f && mask[i] <= 1.0f);
            }
        }
        free(image);
        free(mask);
        sm_augment_scratch_free(scratch);
        sm_sample_free(&sample);
    }
}

static void test_names_and_limits(void **state) {
    fixture *f = *state;
    sm_augmentation augmentation;
    sm_error error = {0};
    assert_int_equal(sm_augmentation_by_name("none", &augmentation, &error), SM_OK);
    assert_true(augmentation.flip_probability == 0.0f);
    assert_int_equal(sm_augmentation_by_name("full", &augmentation, &error), SM_OK);
    assert_true(augmentation.elastic_probability > 0.0f && !augmentation.exclusive);
    assert_int_equal(sm_augmentation_by_name("study", &augmentation, &error), SM_OK);
    assert_true(augmentation.exclusive && augmentation.rotation_probability == 0.0f);
    assert_int_equal(sm_augmentation_by_name("no-geometry", &augmentation, &error), SM_OK);
    assert_true(augmentation.rotation_probability == 0.0f && augmentation.gamma_probability > 0.0f);
    assert_int_equal(sm_augmentation_by_name("no-intensity", &augmentation, &error), SM_OK);
    assert_true(augmentation.gamma_probability == 0.0f && augmentation.speckle_probability > 0.0f);
    assert_int_equal(sm_augmentation_by_name("no-quality", &augmentation, &error), SM_OK);
    assert_true(augmentation.speckle_probability == 0.0f && augmentation.rotation_probability > 0.0f);
    assert_int_equal(sm_augmentation_by_name("no-paste", &augmentation, &error), SM_OK);
    assert_true(augmentation.paste_probability == 0.0f && augmentation.rotation_probability > 0.0f);
    assert_int_equal(sm_augmentation_by_name("strong", &augmentation, &error), SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "\"strong\""));
    assert_non_null(strstr(error.message, "none, study, full, no-geometry"));
    assert_null(sm_augment_scratch_create(0));
    sm_augment_scratch_free(NULL);
    static float image[4 * AREA], mask[4 * AREA];
    assert_int_equal(sm_augment(&augmentation, &f->sample, 2 * SIZE, 0, f->scratch, image, mask), SM_ERROR_ARGUMENT);
}

/** The values of the presets, which the model card lists. */
static void test_presets(void **state) {
    (void)state;
    sm_augmentation full, study, none = {0};
    assert_int_equal(sm_augmentation_by_name("full", &full, NULL), SM_OK);
    assert_int_equal(sm_augmentation_by_name("study", &study, NULL), SM_OK);
    const sm_augmentation expected_full = {.flip_probability = 0.5f,
                                           .rotation_probability = 0.5f,
                                           .rotation_radians = 0.35f,
                                           .scale_probability = 0.7f,
                                           .scale_log = 0.3f,
                                           .aspect_log = 0.12f,
                                           .shift = 0.1f,
                                           .elastic_probability = 0.5f,
                                           .elastic_strength = 0.03f,
                                           .gamma_probability = 0.5f,
                                           .gamma_log = 0.5f,
                                           .contrast_probability = 0.5f,
                                           .contrast_low = 0.65f,
                                           .contrast_high = 1.5f,
                                           .brightness_probability = 0.4f,
                                           .brightness = 0.15f,
                                           .blur_probability = 0.25f,
                                           .blur_sigma = 1.5f,
                                           .low_resolution_probability = 0.2f,
                                           .speckle_probability = 0.2f,
                                           .speckle = 0.2f,
                                           .paste_probability = 0.3f,
                                           .crop_probability = 0.06f,
                                           .erase_probability = 0.05f,
                                           .seam_probability = 0.1f,
                                           .marks_probability = 0.3f};
    const sm_augmentation expected_study = {.flip_probability = 0.2f,
                                            .contrast_probability = 0.2f,
                                            .contrast_low = 0.65f,
                                            .contrast_high = 1.5f,
                                            .brightness_probability = 0.2f,
                                            .brightness = 0.15f,
                                            .blur_probability = 0.2f,
                                            .blur_sigma = 1.5f,
                                            .exclusive = true};
    assert_memory_equal(&full, &expected_full, sizeof full);
    assert_memory_equal(&study, &expected_study, sizeof study);
    /* A "no-" preset is the full one without its group. */
    static const char *const names[] = {"no-geometry", "no-intensity", "no-quality",
                                        "no-paste",    "no-negatives", "no-marks"};
    for (int n = 0; n < 6; n++) {
        sm_augmentation without, expected = expected_full;
        assert_int_equal(sm_augmentation_by_name(names[n], &without, NULL), SM_OK);
        if (n == 0)
            expected.flip_probability = expected.rotation_probability = expected.scale_probability =
                expected.elastic_probability = 0;
        if (n == 1) expected.gamma_probability = expected.contrast_probability = expected.brightness_probability = 0;
        if (n == 2) expected.blur_probability = expected.low_resolution_probability = expected.speckle_probability = 0;
        if (n == 3) expected.paste_probability = 0;
        if (n == 4) expected.crop_probability = expected.erase_probability = expected.seam_probability = 0;
        if (n == 5) expected.marks_probability = 0;
        assert_memory_equal(&without, &expected, sizeof without);
    }
    full = sm_augmentation_none();
    assert_memory_equal(&full, &none, sizeof full);
}

/** Uses a picture whose grey encodes the column and whose mask encodes the row. */
static void use_coordinates(fixture *f) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        f->grey[i] = (uint8_t)(30 + 2 * (i % WIDTH));
        f->lesion[i] = (uint8_t)(30 + 2 * (i / WIDTH));
    }
}

/** Decodes the position in the picture from which a pixel of the square was sampled; false outside the picture. */
static bool source_of(const fixture *f, int x, int y, double *column, double *row) {
    const int pixel = y * SIZE + x;
    if (f->mask[pixel] == 0) return false;
    *column = (127.5 * ((double)f->image[pixel] + 1) - 30) / 2;
    *row = (255 * (double)f->mask[pixel] - 30) / 2;
    return true;
}

/** Samples the picture of coordinates with a geometry. */
static void sample_coordinates(fixture *f, const sm_geometry *geometry, float *inside) {
    static float pairs[(WIDTH + 1) * (HEIGHT + 1) * 2], rows[SM_GEOMETRY_ROWS * SIZE];
    static int32_t indices[SIZE];
    use_coordinates(f);
    for (int y = 0; y <= HEIGHT; y++)
        for (int x = 0; x <= WIDTH; x++) {
            const int from = (y < HEIGHT ? y : HEIGHT - 1) * WIDTH + (x < WIDTH ? x : WIDTH - 1);
            pairs[2 * (y * (WIDTH + 1) + x)] = (float)f->grey[from] / 255;
            pairs[2 * (y * (WIDTH + 1) + x) + 1] = (float)f->lesion[from] / 255;
        }
    const sm_geometry_buffers buffers = {.pairs = pairs, .rows = rows, .indices = indices};
    const sm_letterbox box = sm_letterbox_make(WIDTH, HEIGHT, SIZE);
    sm_geometry_sample(geometry, &box, &buffers, f->image, f->mask, inside);
    for (int i = 0; i < AREA; i++) f->image[i] = 2 * f->image[i] - 1;
}

/** The picture is scaled, turned clockwise and shifted about the square's centre; the flip is applied first. */
static void test_geometry_is_one_affine_map(void **state) {
    fixture *f = *state;
    static const sm_geometry cases[] = {
        {.scale_x = 1, .scale_y = 1, .rotation = 0.3f},
        {.scale_x = 1.3f, .scale_y = 0.8f},
        {.scale_x = 1, .scale_y = 1, .shift_x = 0.1f, .shift_y = -0.05f},
        {.scale_x = 0.9f, .scale_y = 1.2f, .rotation = -0.5f, .shift_x = 0.08f, .shift_y = 0.04f},
        {.scale_x = 1.1f, .scale_y = 1.2f, .rotation = 0.4f, .shift_x = -0.03f, .shift_y = 0.06f, .flip = true},
    };
    static float inside[AREA];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const sm_geometry *g = &cases[c];
        sample_coordinates(f, g, inside);
        int compared = 0;
        for (int y = 0; y < SIZE; y++)
            for (int x = 0; x < SIZE; x++) {
                const double dx = x + 0.5 - SIZE / 2.0 - (double)g->shift_x * SIZE;
                const double dy = y + 0.5 - SIZE / 2.0 - (double)g->shift_y * SIZE;
                const double cosine = cos((double)g->rotation), sine = sin((double)g->rotation);
                double u = (cosine * dx + sine * dy) / (double)g->scale_x;
                const double v = (cosine * dy - sine * dx) / (double)g->scale_y;
                if (g->flip) u = -u;
                const double column = u + WIDTH / 2.0 - 0.5, row = v + HEIGHT / 2.0 - 0.5;
                const bool expected = column >= -0.5 && column < WIDTH - 0.5 && row >= -0.5 && row < HEIGHT - 0.5;
                const double edge = fmin(fmin(fabs(column + 0.5), fabs(column - WIDTH + 0.5)),
                                         fmin(fabs(row + 0.5), fabs(row - HEIGHT + 0.5)));
                if (edge > 1e-3) assert_true((inside[y * SIZE + x] == 1) == expected);
                double found_column, found_row;
                if (edge < 1 || !expected || !source_of(f, x, y, &found_column, &found_row)) continue;
                assert_near(found_column, column, 2e-3);
                assert_near(found_row, row, 2e-3);
                compared++;
            }
        assert_true(compared > AREA / 3);
    }
}

/** Catmull-Rom interpolation of six values at the position `place` in 0..5; the outermost values repeat. */
static double interpolate(const double values[SM_ELASTIC_POINTS], double place) {
    int first = (int)place;
    if (first > SM_ELASTIC_POINTS - 2) first = SM_ELASTIC_POINTS - 2;
    const double t = place - first;
    double p[4];
    for (int k = 0; k < 4; k++) {
        const int at = first - 1 + k;
        p[k] = values[at < 0 ? 0 : at > SM_ELASTIC_POINTS - 1 ? SM_ELASTIC_POINTS - 1 : at];
    }
    return p[1] +
           0.5 * t *
               (p[2] - p[0] + t * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] + t * (3 * (p[1] - p[2]) + p[3] - p[0])));
}

/** The displacement is the bicubic interpolation of the drawn field, at every pixel. */
static void test_elastic_field_is_interpolated(void **state) {
    fixture *f = *state;
    static float inside[AREA];
    const sm_geometry geometry = {.scale_x = 1, .scale_y = 1, .elastic = 0.02f, .elastic_seed = 9};
    double field[2][SM_ELASTIC_POINTS][SM_ELASTIC_POINTS];
    sm_random random = sm_random_make(9);
    for (int axis = 0; axis < 2; axis++)
        for (int row = 0; row < SM_ELASTIC_POINTS; row++)
            for (int column = 0; column < SM_ELASTIC_POINTS; column++)
                field[axis][row][column] = 0.02 * SIZE * (double)sm_random_normal(&random);
    sample_coordinates(f, &geometry, inside);
    int compared = 0;
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            double moved[2], column = 0, row = 0;
            for (int axis = 0; axis < 2; axis++) {
                double across[SM_ELASTIC_POINTS];
                for (int r = 0; r < SM_ELASTIC_POINTS; r++)
                    across[r] = interpolate(field[axis][r], (x + 0.5) / SIZE * (SM_ELASTIC_POINTS - 1));
                moved[axis] = interpolate(across, (y + 0.5) / SIZE * (SM_ELASTIC_POINTS - 1));
            }
            const double u = x + moved[0], v = y - TOP + moved[1];
            if (u < 0 || u > WIDTH - 1 || v < 0 || v > HEIGHT - 1) continue;
            assert_true(source_of(f, x, y, &column, &row));
            assert_near(column, u, 2e-3);
            assert_near(row, v, 2e-3);
            compared++;
        }
    assert_true(compared > AREA / 2);
}

/** Patterns with a period of eight, the number of partial sums that the mean is computed in. */
static void test_contrast_keeps_the_mean_of_any_pattern(void **state) {
    fixture *f = *state;
    sm_augmentation contrast = sm_augmentation_none();
    contrast.contrast_probability = 1;
    contrast.contrast_low = contrast.contrast_high = 1.5f;
    for (int bright = 0; bright < 8; bright++) {
        for (int i = 0; i < WIDTH * HEIGHT; i++) f->grey[i] = (uint8_t)(i % 8 == bright ? 150 : 100);
        run(f, &contrast, 1);
        double mean, deviation;
        measure_grey(f->image, &mean, &deviation);
        assert_near(mean, (7 * 100 + 150) / 8.0 / 127.5 - 1, 1e-4);
        assert_near(deviation, 1.5 * 50 / 127.5 * sqrt(7) / 8, 1e-4);
    }
}

/** Near a control point, the displacement is normal with the documented standard deviation, in both directions. */
static void test_elastic_strength(void **state) {
    fixture *f = *state;
    use_coordinates(f);
    sm_augmentation elastic = sm_augmentation_none();
    elastic.elastic_probability = 1;
    elastic.elastic_strength = sm_augmentation_full().elastic_strength;
    enum { RUNS = 600, X = 38, Y = 57 }; /* control points lie at 19.2 k - 0.5 */
    double sums[2] = {0}, squares[2] = {0}, product = 0;
    int found = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        double column, row;
        run(f, &elastic, seed);
        if (!source_of(f, X, Y, &column, &row)) continue;
        const double moved[2] = {column - X, row - (Y - TOP)};
        for (int axis = 0; axis < 2; axis++) sums[axis] += moved[axis], squares[axis] += moved[axis] * moved[axis];
        product += moved[0] * moved[1];
        found++;
    }
    assert_int_equal(found, RUNS);
    for (int axis = 0; axis < 2; axis++) {
        assert_near(sums[axis] / RUNS, 0, 0.4);
        assert_near(sqrt(squares[axis] / RUNS), 0.03 * SIZE, 0.25);
    }
    assert_near(product / RUNS, 0, 1.2); /* the directions are independent */
}

/** Variance along x of a bright column of one pixel after an augmentation; 0 when it is unchanged. */
static double spread_of_column(fixture *f, const sm_augmentation *augmentation, uint64_t seed) {
    double variance = 0;
    enum { COLUMNS = 8 };
    for (int column = 0; column < COLUMNS; column++) {
        const int at = 40 + column;
        memset(f->grey, 0, sizeof f->grey);
        for (int y = 0; y < HEIGHT; y++) f->grey[y * WIDTH + at] = 255;
        run(f, augmentation, seed);
        double sum = 0, squares = 0;
        for (int x = 0; x < SIZE; x++) {
            const double share = 0.5 * ((double)f->image[(TOP + 30) * SIZE + x] + 1);
            sum += share;
            squares += share * (x - at) * (x - at);
        }
        variance += squares / sum / COLUMNS;
    }
    return variance;
}

static void test_range_of_blur_and_resolution(void **state) {
    fixture *f = *state;
    sm_augmentation blur = sm_augmentation_none(), low = sm_augmentation_none();
    blur.blur_probability = low.low_resolution_probability = 1;
    blur.blur_sigma = 1.5f;
    double least[2] = {9, 9}, most[2] = {0};
    for (uint64_t seed = 0; seed < 60; seed++)
        for (int kind = 0; kind < 2; kind++) {
            const double deviation = sqrt(spread_of_column(f, kind ? &low : &blur, seed));
            least[kind] = fmin(least[kind], deviation);
            most[kind] = fmax(most[kind], deviation);
        }
    /* A sampled Gaussian of sigma 0.3 has the deviation 0.088. Area averaging and bilinear enlarging by a factor f give
     * about f / 2. */
    assert_true(least[0] > 0.085 && least[0] < 0.25 && most[0] > 1.4 && most[0] < 1.5);
    assert_true(least[1] > 0.77 && least[1] < 0.87 && most[1] > 1.18 && most[1] < 1.29);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_is_the_letterbox),
        WITH_FIXTURE(test_seed_decides),
        WITH_FIXTURE(test_flip_is_exact),
        WITH_FIXTURE(test_image_and_mask_move_together),
        WITH_FIXTURE(test_geometry_keeps_greys),
        WITH_FIXTURE(test_rotation),
        WITH_FIXTURE(test_scale_and_shift),
        WITH_FIXTURE(test_elastic),
        WITH_FIXTURE(test_gamma),
        WITH_FIXTURE(test_contrast),
        WITH_FIXTURE(test_brightness),
        WITH_FIXTURE(test_blur),
        WITH_FIXTURE(test_low_resolution),
        WITH_FIXTURE(test_speckle),
        WITH_FIXTURE(test_study_applies_one_transformation),
        WITH_FIXTURE(test_transformations_are_independent),
        cmocka_unit_test(test_full_stays_in_range),
        WITH_FIXTURE(test_names_and_limits),
        cmocka_unit_test(test_presets),
        WITH_FIXTURE(test_geometry_is_one_affine_map),
        WITH_FIXTURE(test_elastic_strength),
        WITH_FIXTURE(test_elastic_field_is_interpolated),
        WITH_FIXTURE(test_contrast_keeps_the_mean_of_any_pattern),
        WITH_FIXTURE(test_range_of_blur_and_resolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
