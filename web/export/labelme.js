/** One image's outlines as a LabelMe file, and as lines of YOLO. */
import { pathsByLesion } from './polygons.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Lesion} Lesion
 */

/** The version of LabelMe whose format this is. */
const LABELME = '5.1.1';

/**
 * @param {string} image name of the image file
 * @param {FrameResult} result
 * @param {Contour[]} outlines of its mask; holes are left out, as LabelMe has none
 * @param {(lesion: Lesion) => string} labelOf
 * @param {object} facts kept beside the shapes
 * @returns {object} for JSON
 */
export function toLabelMe(image, result, outlines, labelOf, facts) {
    const shapes = pathsByLesion(outlines, result.lesions).flatMap((paths, lesion) =>
        paths.map(points => ({
            label: labelOf(/** @type {Lesion} */ (result.lesions[lesion])),
            points: Array.from({ length: points.length / 2 }, (_, index) => [points[2 * index], points[2 * index + 1]]),
            group_id: lesion + 1,
            shape_type: 'polygon',
            flags: {},
        })),
    );
    const { width, height } = result;
    return { version: LABELME, flags: {}, shapes, imagePath: image, imageData: null, imageHeight: height, imageWidth: width, sonomask: facts };
}

export const YOLO_CLASSES = /** @type {const} */ (['benign', 'malignant', 'lesion']);

/**
 * @param {FrameResult} result
 * @param {Contour[]} outlines of its mask; holes are left out
 * @param {(lesion: Lesion) => (typeof YOLO_CLASSES)[number]} labelOf
 * @returns {string} one line per outline: class number, then x and y as shares of width and height
 */
export function toYolo(result, outlines, labelOf) {
    const share = (/** @type {number} */ value, /** @type {number} */ index) => (value / (index % 2 === 0 ? result.width : result.height)).toFixed(6);
    const lines = pathsByLesion(outlines, result.lesions).flatMap((paths, lesion) => paths.map(points => `${YOLO_CLASSES.indexOf(labelOf(/** @type {Lesion} */ (result.lesions[lesion])))} ${points.map(share).join(' ')}\n`));
    return lines.join('');
}
