/** Geometry of the augmentation: one map from the square to the picture, sampled once. */
#include <math.h>

#include "augment_stages.h"
#include "random.h"

/** Affine map from pixel centres of the square to pixel indices of the picture: u = ux * x + uy * y + u0. */
typedef struct affine {
    float ux, uy, u0;
    float vx, vy, v0;
} affine;

/** Rows of scratch, each `size` long. */
typedef struct sampling_rows {
    float *u, *v; /**< position in the picture; later its fraction beyond the pixel to the left and above */
    float *basis[SM_ELASTIC_POINTS]; /**< weight of each control point at each pixel */
} sampling_rows;

static affine make_affine(const sm_geometry *geometry, const sm_letterbox *box) {
    const float size = (float)box->size, centre = 0.5f * size;
    const float cosine = cosf(geometry->rotation), sine = sinf(geometry->rotation);
    const float mirror = geometry->flip ? -1.0f : 1.0f;
    // The inverse of: mirror, scale, rotate and shift, about the centre.
    affine map;
    map.ux = mirror * cosine / geometry->scale_x;
    map.uy = mirror * sine / geometry->scale_x;
    map.vx = -sine / geometry->scale_y;
    map.vy = cosine / geometry->scale_y;
    const float x = 0.5f - centre - geometry->shift_x * size, y = 0.5f - centre - geometry->shift_y * size;
    map.u0 = map.ux * x + map.uy * y + centre - 0.5f - (float)box->left;
    map.v0 = map.vx * x + map.vy * y + centre - 0.5f - (float)box->top;
    return map;
}

/** Catmull-Rom weights of the control points at each pixel of a side. Beyond the side the outermost points repeat. */
static void make_basis(float *const *basis, int size) {
    for (int x = 0; x < size; x++) {
        for (int point = 0; point < SM_ELASTIC_POINTS; point++) basis[point][x] = 0.0f;
        const float position = ((float)x + 0.5f) / (float)size * (float)(SM_ELASTIC_POINTS - 1);
        int first = (int)position;
        if (first > SM_ELASTIC_POINTS - 2) first = SM_ELASTIC_POINTS - 2;
        const float t = position - (float)first;
        const float weights[4] = {t * (t * (1.0f - 0.5f * t) - 0.5f), 1.0f + t * t * (1.5f * t - 2.5f),
                                  t * (t * (2.0f - 1.5f * t) + 0.5f), 0.5f * t * t * (t - 1.0f)};
        for (int tap = 0; tap < 4; tap++) {
            int point = first - 1 + tap;
            point = point < 0 ? 0 : point >= SM_ELASTIC_POINTS ? SM_ELASTIC_POINTS - 1 : point;
            basis[point][x] += weights[tap];
        }
    }
}

/** Adds one component of the displacement to the positions of row `y`. */
static void displace_row(float *restrict place, float field[SM_ELASTIC_POINTS][SM_ELASTIC_POINTS], float *const *basis,
                         int y, int size) {
    float row[SM_ELASTIC_POINTS];
    for (int column = 0; column < SM_ELASTIC_POINTS; column++) {
        row[column] = 0.0f;
        for (int point = 0; point < SM_ELASTIC_POINTS; point++) row[column] += basis[point][y] * field[point][column];
    }
    _Static_assert(SM_ELASTIC_POINTS == 6,
                   "the sum below is written out, so that each position is read and written once");
    for (int x = 0; x < size; x++)
        place[x] += basis[0][x] * row[0] + basis[1][x] * row[1] + basis[2][x] * row[2] + basis[3][x] * row[3] +
                    basis[4][x] * row[4] + basis[5][x] * row[5];
}

/** Splits positions into the index of the pixel to the left and above and the fractions beyond it, and fills `inside`.
 */
static void split_places(const sampling_rows *rows, int32_t *restrict indices, float *restrict inside,
                         const sm_letterbox *box) {
    const float right = (float)box->inner_width - 1.0f, bottom = (float)box->inner_height - 1.0f;
    const float stride = (float)box->inner_width + 1.0f; // a float holds integers up to 2^24 exactly
    float *restrict us = rows->u, *restrict vs = rows->v;
    for (int x = 0; x < box->size; x++) {
        float u = us[x], v = vs[x];
        inside[x] = ((u >= -0.5f) & (u < right + 0.5f) & (v >= -0.5f) & (v < bottom + 0.5f)) ? 1.0f : 0.0f;
        u = u > 0.0f ? u : 0.0f;
        u = u < right ? u : right;
        v = v > 0.0f ? v : 0.0f;
        v = v < bottom ? v : bottom;
        const float column = (float)(int32_t)u, row = (float)(int32_t)v;
        indices[x] = (int32_t)(row * stride + column);
        us[x] = u - column;
        vs[x] = v - row;
    }
}

/** Bilinear samples of grey and mask, which are interleaved so that both come from the same cache line. */
static void gather_row(const float *restrict pairs, int stride, const int32_t *restrict indices,
                       const float *restrict across, const float *restrict down, float *restrict image,
                       float *restrict mask, int size) {
    for (int x = 0; x < size; x++) {
        const float *restrict upper = pairs + 2 * (ptrdiff_t)indices[x], *restrict lower = upper + 2 * stride;
        float column[4];
        for (int k = 0; k < 4; k++) column[k] = upper[k] + down[x] * (lower[k] - upper[k]);
        image[x] = column[0] + across[x] * (column[2] - column[0]);
        mask[x] = column[1] + across[x] * (column[3] - column[1]);
    }
}

void sm_geometry_sample(const sm_geometry *geometry, const sm_letterbox *box, const sm_geometry_buffers *buffers,
                        float *image, float *mask, float *inside) {
    const int size = box->size;
    sampling_rows rows;
    rows.u = buffers->rows;
    rows.v = rows.u + size;
    for (int point = 0; point < SM_ELASTIC_POINTS; point++) rows.basis[point] = rows.v + (point + 1) * size;

    float field[2][SM_ELASTIC_POINTS][SM_ELASTIC_POINTS];
    const bool elastic = geometry->elastic > 0.0f;
    if (elastic) {
        sm_random random = sm_random_make(geometry->elastic_seed);
        const float deviation = geometry->elastic * (float)size;
        for (int axis = 0; axis < 2; axis++)
            for (int row = 0; row < SM_ELASTIC_POINTS; row++)
                for (int column = 0; column < SM_ELASTIC_POINTS; column++)
                    field[axis][row][column] = deviation * sm_random_normal(&random);
        make_basis(rows.basis, size);
    }

    const affine map = make_affine(geometry, box);
    for (int y = 0; y < size; y++) {
        const ptrdiff_t offset = (ptrdiff_t)y * size;
        const float u0 = map.uy * (float)y + map.u0, v0 = map.vy * (float)y + map.v0;
        for (int x = 0; x < size; x++) {
            rows.u[x] = map.ux * (float)x + u0;
            rows.v[x] = map.vx * (float)x + v0;
        }
        if (elastic) {
            displace_row(rows.u, field[0], rows.basis, y, size);
            displace_row(rows.v, field[1], rows.basis, y, size);
        }
        split_places(&rows, buffers->indices, inside + offset, box);
        gather_row(buffers->pairs, box->inner_width + 1, buffers->indices, rows.u, rows.v, image + offset,
                   mask + offset, size);
        for (int x = 0; x < size; x++) mask[offset + x] *= inside[offset + x];
    }
}
