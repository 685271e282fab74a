/** An image's answer as one JSON object, with the field names of the command line. */
import { descriptorsRecord } from '../../wasm/descriptors-record.js';
import { hasPrompts } from '../edit/prompts.js';
import { isDrawn, scaleFor, scoresOf } from '../state/item.js';
import { framesOf } from './loops.js';
import { judgementOf } from './provenance.js';
import { regionOf } from './regions.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 */

/**
 * @param {number} value
 * @returns {number} with four decimals; more would be noise
 */
function rounded(value) {
    return Number(value.toFixed(4));
}

/**
 * @param {Item} item
 * @param {ExportName} name
 * @param {number} frame
 * @param {FrameResult} result of that frame
 * @param {import('./provenance.js').Provenance} provenance
 * @returns {Record<string, unknown>}
 */
export function recordOf(item, name, frame, result, provenance) {
    const recordOfRegion = (/** @type {import('../state/item.js').Region} */ { x, y, width, height, type, probabilities, presence, outlierScore, looksLikeUltrasound }) => ({
        bbox: { x, y, width, height },
        type,
        probabilities: { normal: rounded(probabilities.normal), benign: rounded(probabilities.benign), malignant: rounded(probabilities.malignant) },
        presence: rounded(presence),
        outlier_score: rounded(outlierScore),
        looks_like_ultrasound: looksLikeUltrasound,
    });
    const recordOfLesion = (/** @type {import('../state/item.js').Lesion} */ lesion) => {
        const scale = scaleFor(item, lesion.bbox);
        const record = {
            ...(result.regions.length > 1 ? { region: regionOf(result, lesion) } : {}),
            area_px: lesion.area,
            bbox: lesion.bbox,
            centroid: { x: rounded(lesion.centroid.x), y: rounded(lesion.centroid.y) },
            long_axis_px: rounded(lesion.longAxis),
            short_axis_px: rounded(lesion.shortAxis),
            perimeter_px: rounded(lesion.perimeter),
            orientation_degrees: rounded((lesion.orientation * 180) / Math.PI),
            circularity: rounded(lesion.circularity),
            // The network has not rated what the user drew.
            ...(isDrawn(lesion) ? { drawn: true } : { mean_probability: rounded(lesion.meanProbability), expected_dice: rounded(lesion.expectedDice) }),
            // Painted outlines, and those of another threshold, have neither.
            ...(lesion.presence > 0 ? { presence: rounded(lesion.presence) } : {}),
            ...(lesion.margin > 0 ? { margin_px: rounded(lesion.margin) } : {}),
            ...(lesion.descriptors ? { descriptors: descriptorsRecord(lesion.descriptors, scale?.millimetres ?? null, rounded, value => value) } : {}),
        };
        if (!scale) return record;
        return {
            ...record,
            millimetres_per_pixel: Number(scale.millimetres.toPrecision(6)),
            scale_from: scale.origin,
            area_mm2: rounded(lesion.area * scale.millimetres ** 2),
            long_axis_mm: rounded(lesion.longAxis * scale.millimetres),
            short_axis_mm: rounded(lesion.shortAxis * scale.millimetres),
            perimeter_mm: rounded(lesion.perimeter * scale.millimetres),
        };
    };
    const rulers = item.rulers.filter(ruler => ruler.frame === frame);
    const recordOfRuler = (/** @type {import('../state/item.js').Ruler} */ { from, to }) => {
        const [width, height] = [Math.abs(from.x - to.x), Math.abs(from.y - to.y)];
        const scale = scaleFor(item, { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width, height });
        const length = Math.hypot(width, height);
        const record = { from: { x: rounded(from.x), y: rounded(from.y) }, to: { x: rounded(to.x), y: rounded(to.y) }, length_px: rounded(length) };
        return scale ? { ...record, length_mm: rounded(length * scale.millimetres), scale_from: scale.origin } : record;
    };
    const { operatingPoint: point, edits } = result;
    const scores = scoresOf(item, frame);
    return {
        file: name.file,
        ...(item.frameCount > 1 ? { frame: frame + 1, ...framesOf(item), steady: result.network.alone !== null } : {}),
        width: result.width,
        height: result.height,
        type: result.type,
        probabilities: {
            normal: rounded(result.probabilities.normal),
            benign: rounded(result.probabilities.benign),
            malignant: rounded(result.probabilities.malignant),
        },
        presence: rounded(result.presence),
        operating_point: point && { kept: point.kept, presence: rounded(point.presence), missed_bound: rounded(point.missedBound) },
        outlier_score: rounded(result.outlierScore),
        looks_like_ultrasound: !result.foreign,
        warnings: result.warnings,
        overlay_share: rounded(result.overlayShare),
        // Sessions of earlier releases do not hold them.
        ...(result.regions.length > 0 ? { regions: result.regions.map(recordOfRegion), regions_from: result.regionsFrom } : {}),
        threshold: rounded(result.threshold),
        edited: edits?.any ?? false,
        ...(edits && hasPrompts(edits.prompts) ? { prompts: edits.prompts } : {}),
        lesions: result.lesions.map(recordOfLesion),
        possible_lesions: result.possible.map(recordOfLesion),
        ...(rulers.length > 0 ? { distances: rulers.map(recordOfRuler) } : {}),
        ...reviewOf(item, result),
        ...(scores ? { ground_truth: comparisonOf(scores) } : {}),
        provenance,
        milliseconds: rounded(result.milliseconds),
    };
}

/**
 * @param {Item} item
 * @param {FrameResult} result
 */
function reviewOf(item, result) {
    const { review, reader_type: type, birads, notes, image_sha256: sum } = judgementOf(item, result);
    const { words = {} } = item.review;
    return { review, reader_type: type, birads, notes, ...(Object.keys(words).length > 0 ? { reader_words: words } : {}), image_sha256: sum };
}

/** @param {import('../compare/metrics.js').Scores} scores */
function comparisonOf({ normal, outlined, dice, iou, hd95, lesions, extra }) {
    const overlap = normal ? {} : { dice: rounded(dice), iou: rounded(iou), hd95_px: hd95 === null ? null : rounded(hd95), missed: dice === 0 };
    return {
        image: normal ? 'normal' : 'lesion',
        ...overlap,
        ...(normal ? { false_outline: outlined } : {}),
        lesions: lesions.map(lesion => ({ area_px: lesion.area, outlined_px: lesion.found, dice: rounded(lesion.dice) })),
        outlines_without_lesion: extra,
    };
}
