/*
 * From numbers to words. The limit of the roughness was computed on folds 0 and 1 of BUS-BRA and BUSI, from the
 * experts' outlines. The other limits were chosen with the agreement on all folds in view, so that figures of these
 * folds flatter them a little.
 *
 * Orientation and shape: a lesion is round or upright, so not parallel, when its height is at least 0.8 of its width.
 * Irregular: the limit of the roughness separates benign and malignant best (Youden's index), and is the same for both
 * sets to within 0.003. Margin: contrast of the edge less half its roughness, in the middle between what separates best
 * in the two sets, whose machines differ; the numbers of lobes and corners give the best agreement between outlines of
 * the network and of the expert. The rest has no reference in these sets, and limits that fit the text of the lexicon:
 * about a fifth of the lesions of BUS-BRA each show enhancement and shadowing. A halo is a transition zone without a
 * sharp edge: a bright rim of a circumscribed lesion is a capsule. So defined, it is commoner around malignant lesions
 * in each of the four sets, as in the literature; of the rim alone the opposite holds.
 */
#include <stdlib.h>

#include "edge_outline.h"
#include "letterbox.h"
#include "outline_shape.h"
#include "outline_tissue.h"
#include "sonomask.h"
#include "status.h"

static const double upright = 0.8;        /* height / width */
static const double round_ratio = 0.8;    /* minor / major axis */
static const double irregular = 0.056;    /* roughness */
static const double circumscribed = 0.21; /* contrast - roughness / 2 */
static const double indistinct_share = 0.25;
enum { LOBES = 7, SPICULES = 2, CORNERS = 3 }; /* of the drawn outline: at least these many */
static const double enhancement = 1.25, shadowing = 0.8;
static const double halo = 1.05;

/** The part of the region that is read: the lesion, its surroundings, and all above it up to the skin. */
static sm_status cut_grey(const sm_image *image, const sm_lesion *lesion, const sm_rectangle *region,
                          sm_grey_plane *grey, sm_error *error) {
    const int around = 4 + (lesion->width > lesion->height ? lesion->width : lesion->height);
    const int right = region->x + region->width, bottom = region->y + region->height;
    const int lesion_right = lesion->left + lesion->width, lesion_bottom = lesion->top + lesion->height;
    const int first = lesion->left - region->x > around ? lesion->left - around : region->x;
    const int last = right - lesion_right > around ? lesion_right + around : right;
    const int end = bottom - lesion_bottom > around ? lesion_bottom + around : bottom;
    return sm_grey_plane_cut(image, first, region->y, last - first, end - region->y, grey, error);
}

static unsigned margin_of(const sm_descriptors *d) {
    unsigned signs = 0;
    const bool spiculated = d->spicules >= SPICULES, lobed = d->lobes >= LOBES, angular = d->corners >= CORNERS;
    const bool sharp = (double)d->edge_contrast - 0.5 * (double)d->roughness >= circumscribed;
    if (spiculated) signs |= SM_MARGIN_SPICULATED;
    if (lobed) signs |= SM_MARGIN_MICROLOBULATED;
    if (angular && !spiculated) signs |= SM_MARGIN_ANGULAR;
    if (!sharp && ((double)d->weak_edge >= indistinct_share || signs == 0)) signs |= SM_MARGIN_INDISTINCT;
    return signs;
}

/** The drawn outline may be ragged where the edge in the image is weak and its path smooth. */
static sm_shape shape_of(const sm_descriptors *d) {
    const unsigned both = SM_MARGIN_ANGULAR | SM_MARGIN_MICROLOBULATED;
    const bool ragged = (d->margin & SM_MARGIN_SPICULATED) || (d->margin & both) == both;
    if ((double)d->roughness > irregular || ragged) return SM_SHAPE_IRREGULAR;
    return (double)d->axis_ratio >= round_ratio ? SM_SHAPE_ROUND : SM_SHAPE_OVAL;
}

/** `inside` are the quantiles 0.1, 0.25, 0.5, 0.75 and 0.9, as shares of the median beside. */
static sm_echo echo_of(const double inside[5]) {
    static const double black = 0.2, hypoechoic = 0.85, hyperechoic = 1.15, echogenic = 0.5, spread = 0.9;
    if (inside[2] < black && inside[3] < 0.35) return SM_ECHO_ANECHOIC;
    if (inside[1] < black && inside[3] > echogenic) return SM_ECHO_COMPLEX;
    if (inside[2] > hyperechoic) return SM_ECHO_HYPERECHOIC;
    if (inside[4] - inside[0] > spread) return SM_ECHO_HETEROGENEOUS;
    return inside[2] < hypoechoic ? SM_ECHO_HYPOECHOIC : SM_ECHO_ISOECHOIC;
}

static sm_posterior posterior_of(const sm_outline_tissue *tissue) {
    if (!tissue->has_below) return SM_POSTERIOR_UNKNOWN;
    if (tissue->strips[0] < 0.75 && tissue->strips[1] > 1.35) return SM_POSTERIOR_COMBINED;
    if (tissue->below > enhancement) return SM_POSTERIOR_ENHANCEMENT;
    return tissue->below < shadowing ? SM_POSTERIOR_SHADOWING : SM_POSTERIOR_NONE;
}

static void describe_tissue(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_descriptors *d) {
    sm_outline_tissue tissue;
    sm_outline_tissue_measure(grey, outline, &tissue);
    d->depth = (float)tissue.depth;
    if (tissue.has_beside) {
        double inside[5];
        for (int i = 0; i < 5; i++) inside[i] = (tissue.inside[i] + 1) / (tissue.beside + 1);
        d->echo_ratio = (float)inside[2];
        d->echo_spread = (float)(inside[4] - inside[0]);
        d->echo = echo_of(inside);
    }
    d->posterior = posterior_of(&tissue);
    d->posterior_ratio = (float)tissue.below;
}

static sm_status describe(const sm_grey_plane *grey, const sm_smooth_outline *outline, sm_descriptors *d,
                          sm_error *error) {
    sm_outline_turns turns;
    sm_edge_outline *edge = malloc(sizeof *edge);
    if (!edge) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the edge of a lesion");
    const sm_status status = sm_edge_outline_find(grey, outline, edge, error);
    if (status == SM_OK) {
        sm_outline_turns_count(outline, &turns);
        d->height_ratio = (float)sm_outline_height_ratio(outline);
        d->parallel = (double)d->height_ratio < upright;
        d->axis_ratio = (float)(outline->minor / outline->major);
        d->roughness = (float)sm_outline_roughness(&edge->outline);
        d->edge_contrast = (float)edge->contrast;
        d->weak_edge = (float)edge->weak;
        d->corners = turns.corners;
        d->lobes = turns.lobes;
        d->spicules = turns.spicules;
        d->margin = margin_of(d);
        d->shape = shape_of(d);
        d->halo_ratio = (float)edge->halo_ratio;
        d->halo = d->margin != 0 && edge->halo_ratio > halo;
        describe_tissue(grey, outline, d);
    }
    free(edge);
    return status;
}

static bool is_within(int start, int length, int end) { return start >= 0 && length > 0 && length <= end - start; }

/** A side of a region, enlarged to hold that of a lesion and, in an image of `end` pixels, two pixels. */
static void enlarge(int *start, int *length, int lesion_start, int lesion_length, int end) {
    int stop = *start + *length;
    if (lesion_start < *start) *start = lesion_start;
    if (lesion_start + lesion_length > stop) stop = lesion_start + lesion_length;
    if (stop - *start < SM_IMAGE_MIN_SIDE) {
        if (stop < end)
            stop++;
        else
            (*start)--;
    }
    *length = stop - *start;
}

sm_status sm_describe(const sm_image *image, const uint8_t *mask, const sm_lesion *lesion, const sm_rectangle *region,
                      sm_descriptors *descriptors, sm_error *error) {
    if (descriptors) *descriptors = (sm_descriptors){0};
    if (!mask || !lesion || !descriptors)
        return sm_fail(error, SM_ERROR_ARGUMENT, "no mask, no lesion or no place for its description: NULL");
    sm_status status = sm_image_check(image, error);
    if (status != SM_OK) return status;
    sm_rectangle place = {0, 0, image->width, image->height};
    if (region) place = *region;
    if (!is_within(place.x, place.width, image->width) || !is_within(place.y, place.height, image->height) ||
        !is_within(lesion->left, lesion->width, image->width) || !is_within(lesion->top, lesion->height, image->height))
        return sm_fail(error, SM_ERROR_ARGUMENT, "the lesion or the region is not in the image");
    enlarge(&place.x, &place.width, lesion->left, lesion->width, image->width);
    enlarge(&place.y, &place.height, lesion->top, lesion->height, image->height);
    sm_smooth_outline *outline = malloc(sizeof *outline);
    if (!outline) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an outline");
    sm_grey_plane grey = {0};
    status = sm_smooth_outline_make(mask, image->width, image->height, lesion, outline, error);
    if (status == SM_OK) status = cut_grey(image, lesion, &place, &grey, error);
    descriptors->width = (float)lesion->width;
    descriptors->height = (float)lesion->height;
    if (status == SM_OK) status = describe(&grey, outline, descriptors, error);
    free(grey.pixels);
    free(outline);
    if (status != SM_OK) *descriptors = (sm_descriptors){0};
    return status;
}

/** The region that holds a point, the first of several; NULL: none does. */
static const sm_region *region_at(const sm_region *regions, int count, sm_point point) {
    for (int i = 0; i < count; i++) {
        const float x = point.x - (float)regions[i].x, y = point.y - (float)regions[i].y;
        if (x >= 0 && y >= 0 && x < (float)regions[i].width && y < (float)regions[i].height) return &regions[i];
    }
    return NULL;
}

sm_status sm_describe_lesions(const sm_image *image, const uint8_t *mask, const sm_lesion *lesions, int count,
                              const sm_region *regions, int region_count, sm_descriptors *descriptors,
                              sm_error *error) {
    if (count < 0 || region_count < 0 || (count > 0 && (!lesions || !descriptors)) || (region_count > 0 && !regions))
        return sm_fail(error, SM_ERROR_ARGUMENT, "no lesions, no regions or no place for descriptions: NULL");
    sm_status status = SM_OK;
    for (int i = 0; i < count && status == SM_OK; i++) {
        const sm_region *region = region_at(regions, region_count, lesions[i].centroid);
        sm_rectangle place = {0};
        if (region) place = (sm_rectangle){region->x, region->y, region->width, region->height};
        status = sm_describe(image, mask, &lesions[i], region ? &place : NULL, &descriptors[i], error);
    }
    return status;
}
