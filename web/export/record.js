/** A picture's answer as the command line writes it (one object a picture), so that both can be read by one program. */
import { scaleFor } from '../state/item.js';

/** @typedef {import('../state/item.js').Item} Item */

/**
 * @param {number} value
 * @returns {number} with what is meant, without what is noise
 */
function rounded(value) {
    return Number(value.toFixed(4));
}

/**
 * @param {Item} item with a result
 * @param {string} name
 * @returns {Record<string, unknown> | null}
 */
export function recordOf(item, name) {
    const { result } = item;
    if (!result) return null;
    const lesions = result.lesions.map(lesion => {
        const scale = scaleFor(item, lesion.bbox);
        const record = {
            area_px: lesion.area,
            bbox: lesion.bbox,
            centroid: { x: rounded(lesion.centroid.x), y: rounded(lesion.centroid.y) },
            long_axis_px: rounded(lesion.longAxis),
            short_axis_px: rounded(lesion.shortAxis),
            perimeter_px: rounded(lesion.perimeter),
            orientation_degrees: rounded((lesion.orientation * 180) / Math.PI),
            circularity: rounded(lesion.circularity),
            mean_probability: rounded(lesion.meanProbability),
            expected_dice: rounded(lesion.expectedDice),
        };
        if (!scale) return record;
        return {
            ...record,
            millimetres_per_pixel: rounded(scale.millimetres),
            scale_from: scale.origin,
            area_mm2: rounded(lesion.area * scale.millimetres ** 2),
            long_axis_mm: rounded(lesion.longAxis * scale.millimetres),
            short_axis_mm: rounded(lesion.shortAxis * scale.millimetres),
        };
    });
    return {
        file: name,
        ...(item.frameCount > 1 ? { frame: item.frame + 1, frames: item.frameCount } : {}),
        width: result.width,
        height: result.height,
        type: result.type,
        probabilities: {
            normal: rounded(result.probabilities.normal),
            benign: rounded(result.probabilities.benign),
            malignant: rounded(result.probabilities.malignant),
        },
        outlier_score: rounded(result.outlierScore),
        looks_like_ultrasound: !result.foreign,
        threshold: rounded(result.threshold),
        edited: result.edits?.any ?? false,
        lesions,
        milliseconds: rounded(result.milliseconds),
    };
}
