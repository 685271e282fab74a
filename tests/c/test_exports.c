/*
 * The flat interface of the wasm module, built natively, so that the sanitizers check its memory. The JavaScript around
 * it is tested in tests/node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Before cmocka.h, whose macros have common names.
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/weights.h"
#include "../../wasm/exports.c" // NOLINTBEGIN(bugprone-suspicious-include): these files are part of the module, not of a library
#include "../../wasm/exports_image.c"
#include "../../wasm/exports_result.c"
#include "../../wasm/exports_warm_up.c" // NOLINTEND(bugprone-suspicious-include)

#include <cmocka.h>

static int release_all(void **state) {
    (void)state;
    sonomask_unload();
    return 0;
}

static void fill_input(const void *bytes, size_t size) {
    uint8_t *input = sonomask_input(size);
    assert_non_null(input);
    memcpy(input, bytes, size);
}

static void assert_fails(sm_status status, sm_status expected) {
    assert_int_equal(status, expected);
    assert_string_not_equal(sonomask_error_message(), "");
    assert_null(strchr(sonomask_error_message(), '\n'));
    sm_exports.error = (sm_error){0};
}

/* A square of 4x4 with a hole of 2x2, in a mask of 10x8. */
static void draw_square(uint8_t mask[80]) {
    memset(mask, 0, 80);
    for (int y = 2; y < 6; y++)
        for (int x = 3; x < 7; x++) mask[y * 10 + x] = !(y >= 3 && y < 5 && x >= 4 && x < 6);
}

static void load_model(const char *network) {
    static sm_net net;
    assert_int_equal(sm_net_make(network, &net, NULL), SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    assert_non_null(parameters);
    sm_net_initialise(&net, 3, parameters);
    sm_weights_metadata metadata = {.input_size = 64, .threshold = 0.5f, .temperature = 2};
    strncpy(metadata.network, network, sizeof metadata.network - 1);
    sm_decision decision = {.presence = {1, 1, 0},
                            .operating_points = {{0.80f, 1, 0.3f}, {0.90f, 0.5f, 0.2f}, {0.95f, 0, 0.1f}},
                            .margin = {0.1f, 0.02f}};
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&decision, tensors);
    const int tensor_count = net.takes_prompts ? SM_DECISION_TENSORS : 0;
    uint8_t *weights = NULL;
    size_t size = 0;
    assert_int_equal(sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, tensors, tensor_count,
                                           &weights, &size, NULL),
                     SM_OK);
    sm_floats_free(parameters);
    fill_input(weights, size);
    free(weights);
    assert_int_equal(sonomask_load(SM_BACKEND_SIMD128, 32), SM_OK);
}

static void test_calls_out_of_order_fail(void **state) {
    (void)state;
    assert_null(sonomask_model());
    assert_null(sonomask_model_network());
    assert_null(sonomask_lesion(0));
    assert_null(sonomask_result_mask());
    assert_null(sonomask_input(0));
    assert_fails(sonomask_load(SM_BACKEND_AUTO, 0), SM_ERROR_WEIGHTS);
    assert_fails(sonomask_load(-1, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_load(SM_BACKEND_AVX512, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_decode(0), SM_ERROR_IMAGE_EMPTY);
    assert_fails(sonomask_encode_png(), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_segment(-1, -1, 0, 0, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_set_image(1, 10, 1), SM_ERROR_IMAGE_TOO_SMALL);
    assert_fails(sonomask_set_image(INT32_MAX, INT32_MAX, 4), SM_ERROR_IMAGE_TOO_LARGE);
    assert_fails(sonomask_set_image(10, 10, 1), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_measure(10, 8, 1, 0, 0.5f, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_contours(10, 8), SM_ERROR_ARGUMENT);
}

static void test_sizes_must_fit_the_input(void **state) {
    (void)state;
    const uint8_t bytes[60] = {0};
    fill_input(bytes, sizeof bytes);
    assert_fails(sonomask_set_image(5, 4, 2), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_set_image(5, 4, 4), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_measure(5, 4, 0, 1, 0.5f, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_measure(5, 3, 1, 0, 1.5f, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_measure(5, 3, 1, 0, NAN, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_measure(5, 3, 1, 0, 0.5f, -1, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_contours(5, 4), SM_ERROR_ARGUMENT);
    assert_int_equal(sonomask_set_image(5, 4, 3), SM_OK);
    assert_fails(sonomask_set_image(5, 4, 3), SM_ERROR_ARGUMENT);
}

static void test_constants_name_every_field(void **state) {
    (void)state;
    const char *constants = sonomask_constants();
    const char *const lists[] = {"\"resultFields\":[", "\"modelFields\":[", "\"lesionFields\":[", "\"regionFields\":[",
                                 "\"descriptorFields\":["};
    const int counts[] = {RESULT_FIELDS, MODEL_FIELDS, LESION_FIELDS, REGION_FIELDS, DESCRIPTOR_FIELDS};
    for (int i = 0; i < 5; i++) {
        const char *list = strstr(constants, lists[i]);
        assert_non_null(list);
        int commas = 0;
        for (; *list != ']'; list++) commas += *list == ',';
        assert_int_equal(commas + 1, counts[i]);
    }
}

/* Adds a name to a list of JSON. */
static void add_word(char *text, size_t size, const char *name, bool first) {
    const size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s%s%s", first ? "" : ",", name ? "\"" : "", name ? name : "null",
             name ? "\"" : "");
}

static void test_constants_have_the_words_of_the_library(void **state) {
    (void)state;
    char shapes[256] = "\"shape\":[", margins[256] = "\"margin\":[", echoes[256] = "\"echo\":[";
    char posteriors[256] = "\"posterior\":[";
    for (int i = 0; i < SM_SHAPE_COUNT; i++) add_word(shapes, sizeof shapes, sm_shape_name((sm_shape)i), i == 0);
    for (int i = 0; i < SM_MARGIN_SIGN_COUNT; i++)
        add_word(margins, sizeof margins, sm_margin_sign_name((sm_margin_sign)(1 << i)), i == 0);
    for (int i = 0; i < SM_ECHO_COUNT; i++) add_word(echoes, sizeof echoes, sm_echo_name((sm_echo)i), i == 0);
    for (int i = 0; i < SM_POSTERIOR_COUNT; i++)
        add_word(posteriors, sizeof posteriors, sm_posterior_name((sm_posterior)i), i == 0);
    const char *lists[] = {shapes, margins, echoes, posteriors};
    for (int i = 0; i < 4; i++) assert_non_null(strstr(sonomask_constants(), lists[i]));
}

static void test_describes_a_drawn_mask(void **state) {
    (void)state;
    enum { W = 60, H = 40, COUNT = W * H };
    uint8_t grey[COUNT], data[16 + COUNT] = {0};
    memset(grey, 120, sizeof grey);
    uint8_t *mask = data + 16;
    for (int y = 15; y < 25; y++)
        for (int x = 20; x < 40; x++) {
            mask[y * W + x] = 1;
            grey[y * W + x] = 40;
        }
    const int32_t region[4] = {10, 5, 40, 30};
    memcpy(data, region, sizeof region);
    fill_input(grey, sizeof grey);
    assert_int_equal(sonomask_set_image(W, H, 1), SM_OK);
    for (int regions = 0; regions < 2; regions++) {
        fill_input(regions ? data : mask, COUNT + 16 * (size_t)regions);
        assert_int_equal(sonomask_measure(W, H, 0, 1, 0, 0, regions), SM_OK);
        assert_int_equal(sonomask_describe(0, 0), SM_OK);
        const double *d = sonomask_descriptors();
        assert_true(d[0] == SM_SHAPE_OVAL && d[1] == 1 && d[3] == SM_ECHO_HYPOECHOIC && d[6] == 20 && d[7] == 10);
        assert_true(fabs(d[9] - (regions ? 10 : 15)) < 1); /* the skin is the upper side of the region */
    }
    assert_fails(sonomask_describe(0, 1), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_describe(1, 0), SM_ERROR_ARGUMENT);
    fill_input(data, sizeof data);
    assert_fails(sonomask_measure(W, H, 0, 1, 0, 0, 17), SM_ERROR_ARGUMENT);
    fill_input(grey, W * 20);
    assert_int_equal(sonomask_set_image(W, 20, 1), SM_OK);
    fill_input(mask, COUNT);
    assert_int_equal(sonomask_measure(W, H, 0, 1, 0, 0, 0), SM_OK);
    assert_fails(sonomask_describe(0, 0), SM_ERROR_ARGUMENT); /* an image of another size */
}

static void test_measures_a_drawn_mask_and_outlines_it(void **state) {
    (void)state;
    uint8_t mask[80];
    draw_square(mask);
    fill_input(mask, sizeof mask);
    assert_int_equal(sonomask_measure(10, 8, 0, 1, 0, 0, 0), SM_OK);
    assert_true(sonomask_result()[6] == 1);
    const double *lesion = sonomask_lesion(0);
    assert_true(lesion[0] == 12 && lesion[1] == 3 && lesion[2] == 2 && lesion[3] == 4 && lesion[4] == 4);
    assert_null(sonomask_lesion(1));
    assert_null(sonomask_lesion(-1));
    for (int i = 0; i < 80; i++) assert_int_equal(sonomask_result_mask()[i], mask[i] ? 255 : 0);

    fill_input(mask, sizeof mask);
    assert_int_equal(sonomask_contours(10, 8), SM_OK);
    assert_int_equal(sonomask_output_size(), 4 * (1 + 2 * (2 + 2 * 4)));
    int32_t count;
    memcpy(&count, sonomask_output(), sizeof count);
    assert_int_equal(count, 2);
}

static void test_measures_a_probability_map(void **state) {
    (void)state;
    float map[80] = {0};
    for (int i = 30; i < 36; i++) map[i] = 0.75f;
    fill_input(map, sizeof map);
    assert_int_equal(sonomask_measure(10, 8, 1, 0, 0.5f, 0, 0), SM_OK);
    assert_true(sonomask_lesion(0)[0] == 6 && sonomask_lesion(0)[LESION_FIELDS - 5] == 0.75);
    /* 2 * 6 * 0.75 / (6 * 0.75 + 6) */
    assert_true(fabs(sonomask_lesion(0)[LESION_FIELDS - 4] - 9 / 10.5) < 1e-6);
    fill_input(map, sizeof map);
    assert_int_equal(sonomask_measure(10, 8, 1, 0, 0.5f, 0.1f, 0), SM_OK);
    assert_true(sonomask_result()[6] == 0);
}

static void test_segments_pixels_and_files(void **state) {
    (void)state;
    load_model("sonomask");
    assert_true(sonomask_model()[0] == 32 && sonomask_model()[2] == 2);
    assert_string_equal(sonomask_model_network(), "sonomask");
    uint8_t pixels[48 * 40];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7 % 251);
    fill_input(pixels, sizeof pixels);
    assert_int_equal(sonomask_set_image(48, 40, 1), SM_OK);
    assert_int_equal(sonomask_segment(-1, -1, 0, 1, 0, 0), SM_OK);
    assert_true(sonomask_result()[0] == 48 && sonomask_result()[1] == 40);
    float first[48 * 40];
    memcpy(first, sonomask_result_map(), sizeof first);
    sonomask_release();
    assert_fails(sonomask_segment(-1, -1, 0, 1, 0, 0), SM_ERROR_ARGUMENT); // no image any more

    fill_input(pixels, sizeof pixels);
    assert_int_equal(sonomask_set_image(48, 40, 1), SM_OK);
    assert_int_equal(sonomask_encode_png(), SM_OK);
    uint8_t *file = malloc(sonomask_output_size());
    assert_non_null(file);
    const size_t size = sonomask_output_size();
    memcpy(file, sonomask_output(), size);
    fill_input(file, size);
    assert_int_equal(sonomask_decode(0), SM_OK);
    assert_memory_equal(sonomask_image_pixels(), pixels, sizeof pixels);
    assert_fails(sonomask_segment(NAN, -1, 0, 0, 0, 0), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_segment(2, -1, 0, 0, 0, 0), SM_ERROR_ARGUMENT);
    assert_int_equal(sonomask_segment(-1, -1, 0, 1, 0, 0), SM_OK);
    assert_memory_equal(sonomask_result_map(), first, sizeof first);
    fill_input(file, size - 30);
    assert_fails(sonomask_decode(1), SM_ERROR_IMAGE_FORMAT);
    assert_null(sonomask_image_pixels());
    free(file);
    sonomask_release();
    assert_null(sonomask_result_map());
}

enum { WIDTH = 48, HEIGHT = 40, LESIONS = 6, REFINED = 10, POINT_KEPT = 12, POSSIBLE = 15 };

static void segment_some_image(double operating_point) {
    uint8_t pixels[WIDTH * HEIGHT];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7 % 251);
    fill_input(pixels, sizeof pixels);
    assert_int_equal(sonomask_set_image(WIDTH, HEIGHT, 1), SM_OK);
    assert_int_equal(sonomask_segment(-1, -1, operating_point, 0, 0, 0), SM_OK);
}

static void test_refines_with_clicks_and_a_box(void **state) {
    (void)state;
    const float click[3] = {20.5f, 10.5f, 1}, both[7] = {20.5f, 10.5f, 0, 4, 4, 20, 20};
    fill_input(click, sizeof click);
    assert_fails(sonomask_refine(-1, -1, 0, 1, 0), SM_ERROR_ARGUMENT); /* no model */
    load_model("sonomask2");
    assert_true(sonomask_model()[6] == 1 && sonomask_model()[7] == 1);
    assert_true(sonomask_model()[8] == (double)0.80f && sonomask_model()[15] == 0 &&
                sonomask_model()[16] == (double)0.1f);
    fill_input(click, sizeof click);
    assert_fails(sonomask_refine(-1, -1, 0, 1, 0), SM_ERROR_ARGUMENT); /* no image was segmented */

    segment_some_image(0);
    assert_true(sonomask_result()[REFINED] == 0 && sonomask_result()[POINT_KEPT] == (double)0.95f);
    float first[WIDTH * HEIGHT];
    memcpy(first, sonomask_result_map(), sizeof first);
    sonomask_release(); /* the features stay */
    fill_input(click, sizeof click);
    assert_int_equal(sonomask_refine(-1, -1, 0, 1, 0), SM_OK);
    assert_true(sonomask_result()[REFINED] == 1);
    assert_int_equal(sonomask_result_mask()[10 * WIDTH + 20], 255);
    fill_input(both, sizeof both);
    assert_int_equal(sonomask_refine(-1, -1, 0, 1, 1), SM_OK);
    assert_int_equal(sonomask_result_mask()[10 * WIDTH + 20], 0);
    assert_true(sonomask_result()[LESIONS] >= 1);
    assert_int_equal(sonomask_refine(-1, -1, 0, 0, 0), SM_OK); /* no prompts, no input */
    assert_true(sonomask_result()[REFINED] == 0);
    assert_memory_equal(sonomask_result_map(), first, sizeof first);

    fill_input(both, sizeof both);
    assert_fails(sonomask_refine(-1, -1, 0, 1, 0), SM_ERROR_ARGUMENT); /* more data than a click */
    assert_fails(sonomask_refine(-1, -1, 0, -1, 1), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_refine(-1, -1, 0.85, 1, 1), SM_ERROR_ARGUMENT);
    assert_fails(sonomask_refine(NAN, -1, 0, 1, 1), SM_ERROR_ARGUMENT);
    const float wrong[3] = {WIDTH, 1, 1};
    fill_input(wrong, sizeof wrong);
    assert_fails(sonomask_refine(-1, -1, 0, 1, 0), SM_ERROR_ARGUMENT);
    assert_null(sonomask_result_mask());
}

static void test_possible_lesions_are_apart(void **state) {
    (void)state;
    load_model("sonomask2");
    segment_some_image(0.95);
    const int count = (int)sonomask_result()[LESIONS];
    assert_true(count > 0 && sonomask_result()[POSSIBLE] == 0);
    assert_null(sonomask_possible(0));
    assert_null(sonomask_region(1));
    assert_true(sonomask_result()[RESULT_FIELDS - 3] == 1 && sonomask_region(0)[2] == WIDTH &&
                sonomask_region(0)[3] == HEIGHT);
    assert_null(sonomask_result_possible_mask());
    const double area = sonomask_lesion(0)[0], presence = sonomask_lesion(0)[LESION_FIELDS - 3];
    assert_true(presence > 0 && presence < 1 && sonomask_lesion(0)[LESION_FIELDS - 2] > 0);
    uint8_t mask[WIDTH * HEIGHT];
    memcpy(mask, sonomask_result_mask(), sizeof mask);
    segment_some_image(0.80);
    assert_true(sonomask_result()[LESIONS] == 0 && sonomask_result()[POSSIBLE] == count);
    assert_true(sonomask_possible(0)[0] == area);
    assert_null(sonomask_possible(count));
    assert_null(sonomask_possible(-1));
    assert_null(sonomask_lesion(0));
    assert_memory_equal(sonomask_result_possible_mask(), mask, sizeof mask);
}

static void test_shows_rgb_as_rgba(void **state) {
    (void)state;
    const uint8_t rgb[2 * 2 * 3] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const uint8_t rgba[2 * 2 * 4] = {1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255};
    fill_input(rgb, sizeof rgb);
    assert_int_equal(sonomask_set_image(2, 2, 3), SM_OK);
    assert_int_equal(sonomask_encode_png(), SM_OK);
    uint8_t file[512];
    const size_t size = sonomask_output_size();
    assert_true(size <= sizeof file);
    memcpy(file, sonomask_output(), size);
    fill_input(file, size);
    assert_int_equal(sonomask_decode(1), SM_OK);
    assert_int_equal(sonomask_image_channels(), 4);
    assert_memory_equal(sonomask_image_pixels(), rgba, sizeof rgba);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_calls_out_of_order_fail, release_all),
        cmocka_unit_test_teardown(test_sizes_must_fit_the_input, release_all),
        cmocka_unit_test_teardown(test_constants_name_every_field, release_all),
        cmocka_unit_test_teardown(test_constants_have_the_words_of_the_library, release_all),
        cmocka_unit_test_teardown(test_describes_a_drawn_mask, release_all),
        cmocka_unit_test_teardown(test_measures_a_drawn_mask_and_outlines_it, release_all),
        cmocka_unit_test_teardown(test_measures_a_probability_map, release_all),
        cmocka_unit_test_teardown(test_segments_pixels_and_files, release_all),
        cmocka_unit_test_teardown(test_refines_with_clicks_and_a_box, release_all),
        cmocka_unit_test_teardown(test_possible_lesions_are_apart, release_all),
        cmocka_unit_test_teardown(test_shows_rgb_as_rgba, release_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
