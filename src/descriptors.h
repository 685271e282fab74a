/**
 * Measures of an outline in the words of the BI-RADS lexicon for ultrasound (American College of Radiology, 5th
 * edition, 2013), each with the numbers behind it. Installed; sonomask.h includes it and states the common contract.
 *
 * They describe the outline and the grey levels around it; they are not a diagnosis and no BI-RADS category. The
 * definitions and their sources are in weights/MEASURES.md; how the limits were chosen is in descriptors.c.
 */
#ifndef SONOMASK_DESCRIPTORS_H
#define SONOMASK_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "mask.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sm_shape { SM_SHAPE_OVAL, SM_SHAPE_ROUND, SM_SHAPE_IRREGULAR, SM_SHAPE_COUNT } sm_shape;

/** Why a margin is not circumscribed; several may hold. */
typedef enum sm_margin_sign {
    SM_MARGIN_INDISTINCT = 1, /**< at some part there is no clear edge in the image */
    SM_MARGIN_ANGULAR = 2,
    SM_MARGIN_MICROLOBULATED = 4,
    SM_MARGIN_SPICULATED = 8
} sm_margin_sign;
enum { SM_MARGIN_SIGN_COUNT = 4 };

/** Compared with the tissue beside the lesion at the same depth. */
typedef enum sm_echo {
    SM_ECHO_UNKNOWN, /**< there is no tissue beside the lesion in the picture */
    SM_ECHO_ANECHOIC,
    SM_ECHO_HYPERECHOIC,
    SM_ECHO_COMPLEX, /**< complex cystic and solid */
    SM_ECHO_HYPOECHOIC,
    SM_ECHO_ISOECHOIC,
    SM_ECHO_HETEROGENEOUS,
    SM_ECHO_COUNT
} sm_echo;

typedef enum sm_posterior {
    SM_POSTERIOR_UNKNOWN, /**< the picture ends below the lesion */
    SM_POSTERIOR_NONE,
    SM_POSTERIOR_ENHANCEMENT,
    SM_POSTERIOR_SHADOWING,
    SM_POSTERIOR_COMBINED,
    SM_POSTERIOR_COUNT
} sm_posterior;

/** Lengths are pixels. "Radius" is that of the circle of the same area. */
typedef struct sm_descriptors {
    sm_shape shape;
    bool parallel;   /**< orientation: wider than tall; false: not parallel, which round lesions are, too */
    unsigned margin; /**< sum of sm_margin_sign; 0: circumscribed */
    sm_echo echo;
    sm_posterior posterior;
    bool halo;             /**< an echogenic rim around a lesion that is not circumscribed; around a sharp edge it is
                                a capsule */
    float width, height;   /**< along the skin and away from it */
    float height_ratio;    /**< height / width of the ellipse with the same second moments */
    float depth;           /**< from the skin to the nearest part of the outline, straight up */
    float axis_ratio;      /**< minor / major axis of that ellipse, 0..1 */
    float roughness;       /**< perimeter of the edge / perimeter of its ellipse - 1, 0 for an ellipse */
    float edge_contrast;   /**< mean over the edge of (outside - inside) / (outside + inside), -1..1 */
    float weak_edge;       /**< share of the edge without a clear contrast, 0..1 */
    int corners;           /**< places where the outline turns by 70 degrees or more within 8 % of its length */
    int lobes;             /**< hollows of the outline between two lobes */
    int spicules;          /**< places where it turns by 105 degrees or more */
    float echo_ratio;      /**< median grey inside / beside, at the same depth; 0: unknown */
    float echo_spread;     /**< (9th - 1st decile of the grey inside) / median beside; 0: unknown */
    float posterior_ratio; /**< mean grey below the lesion / beside that, at the same depth; 0: unknown */
    float halo_ratio;      /**< mean grey of the rim / of the tissue around it, median over the edge but for the part
                                that faces down; 0: unknown */
    uint32_t reserved[8];  /**< 0 */
} sm_descriptors;

/**
 * Describes one lesion of a mask. `lesion` comes from an sm_result or from sm_mask_components, and `mask` is the mask
 * that it is in, of the image's width and height. `region` is the ultrasound picture that the lesion is in (the
 * rectangle of an sm_region): nothing outside it and outside the box of the lesion is read; NULL: the whole image.
 * Holes of the lesion count as lesion. sm_describe_lesions (sonomask.h) describes all lesions of an answer.
 * Errors: SM_ERROR_ARGUMENT (also a lesion that is not in the mask, or a region that is not in the image),
 * SM_ERROR_MEMORY.
 */
SM_API sm_status sm_describe(const sm_image *image, const uint8_t *mask, const sm_lesion *lesion,
                             const sm_rectangle *region, sm_descriptors *descriptors, sm_error *error);

/** The words of BI-RADS; NULL for unknown ones and for numbers that are none of the enumeration. */
SM_API const char *sm_shape_name(sm_shape shape);
SM_API const char *sm_margin_sign_name(sm_margin_sign sign);
SM_API const char *sm_echo_name(sm_echo echo);
SM_API const char *sm_posterior_name(sm_posterior posterior);

#ifdef __cplusplus
}
#endif
#endif
