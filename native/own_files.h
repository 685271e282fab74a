/**
 * Recognisers for the files that sonomask writes, by content: a command replaces its own earlier output, and no other
 * file. Each is an sm_file_recogniser.
 */
#ifndef SONOMASK_OWN_FILES_H
#define SONOMASK_OWN_FILES_H

#include "../src/image.h"
#include "file.h"

/**
 * PNG of sm_own_png_encode: masks, overlays, panels, phantoms. The text chunk "Software: sonomask ..." alone is not
 * enough: PNG files that the page or a user of the library writes have it too, and may hold masks corrected by hand.
 */
bool sm_own_png(const unsigned char *head, size_t size);
/** sm_image_encode_png, and a text chunk that sm_own_png recognises. `*bytes` is released with free(). */
sm_status sm_own_png_encode(const sm_image *image, uint8_t **bytes, size_t *size, sm_error *error);
/** safetensors with the metadata of a network. */
bool sm_own_weights(const unsigned char *head, size_t size);
/** ONNX with the producer "sonomask". */
bool sm_own_onnx(const unsigned char *head, size_t size);
/** SVG of a chart or a network. */
bool sm_own_svg(const unsigned char *head, size_t size);
/** report.html, metrics.json and images.csv of `evaluate`. */
bool sm_own_report_html(const unsigned char *head, size_t size);
bool sm_own_metrics_json(const unsigned char *head, size_t size);
bool sm_own_images_csv(const unsigned char *head, size_t size);
/** report.html of `train`. */
bool sm_own_training_html(const unsigned char *head, size_t size);
/** run.json of `train`. */
bool sm_own_run_record(const unsigned char *head, size_t size);
/** log.csv of `train`. */
bool sm_own_training_log(const unsigned char *head, size_t size);
/** manifest.csv of `phantom`: every image in it is a phantom. */
bool sm_own_phantom_manifest(const unsigned char *head, size_t size);

/**
 * Checks, before a long computation, that FOLDER/NAME may be replaced: it does not exist, or `recognise` accepts it.
 * Errors: SM_ERROR_IO, _MEMORY.
 */
sm_status sm_own_output_check(const char *folder, const char *name, sm_file_recogniser *recognise, sm_error *error);

#endif
