/** Numbers of the form of an outline, the same at any size. */
#ifndef SONOMASK_OUTLINE_SHAPE_H
#define SONOMASK_OUTLINE_SHAPE_H

#include "smooth_outline.h"

/** Vertical / horizontal extent of the ellipse with the same second moments. */
double sm_outline_height_ratio(const sm_smooth_outline *outline);

/**
 * Perimeter / that of the ellipse with the same second moments - 1: the elliptic-normalised circumference of C.-M. Chen
 * et al., "Breast lesions on sonograms: computer-aided diagnosis with nearly setting-independent features and
 * artificial neural networks", Radiology 226 (2003).
 */
double sm_outline_roughness(const sm_smooth_outline *outline);

/** Places where the outline turns sharply, within SM_TURN_WINDOW points on either side. */
typedef struct sm_outline_turns {
    int corners;  /**< by 70 degrees or more outwards */
    int spicules; /**< by 105 degrees or more outwards, so that the tip is narrower than 75 degrees */
    int lobes;    /**< by 8 degrees or more inwards: hollows between lobes */
} sm_outline_turns;

enum { SM_TURN_WINDOW = SM_OUTLINE_POINTS * 4 / 100 };

void sm_outline_turns_count(const sm_smooth_outline *outline, sm_outline_turns *turns);

#endif
