/** What every exported file says about its origin: program, weights, reader, date, and what the reader decided. */
import { scaleFor } from '../state/item.js';
import { regionOf } from './regions.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @typedef {object} Provenance
 * @property {string} software with its version
 * @property {string} network
 * @property {string} weights_date
 * @property {string} weights_sha256
 * @property {string} reader
 * @property {string} date of the export, ISO 8601 without time
 * @property {string} notice
 */

/**
 * @param {Engine} engine
 * @param {string} reader
 * @returns {Provenance}
 */
export function provenanceOf({ pool, weights }, reader) {
    const { version, network, date } = pool.info;
    return {
        software: `sonomask ${version}`,
        network,
        weights_date: date,
        weights_sha256: weights.sha256,
        reader,
        date: new Date().toISOString().slice(0, 10),
        notice: 'Research software, not a medical device.',
    };
}

/**
 * @param {Item} item
 * @param {FrameResult} result
 * @returns {{ operating_point: number | null, threshold: number, edited: boolean, review: string, reader_type: string | null,
 *     birads: string, notes: string, image_sha256: string, millimetres_per_pixel: number | null }} null: no scale is known, or the
 *     lesions have different ones
 */
export function judgementOf(item, result) {
    const { state, type, birads, notes } = item.review;
    const { operatingPoint: point } = result;
    return {
        // The weights hold it as a number of single precision.
        operating_point: point && Number(point.kept.toFixed(4)),
        threshold: Number(result.threshold.toFixed(4)),
        edited: result.edits?.any ?? false,
        review: state === 'open' ? 'not reviewed' : state,
        reader_type: type,
        birads,
        notes,
        image_sha256: item.sha256,
        millimetres_per_pixel: commonScale(item, result),
    };
}

/**
 * @param {Item} item
 * @param {FrameResult} result
 * @returns {number | null}
 */
function commonScale(item, { width, height, lesions }) {
    const boxes = lesions.length > 0 ? lesions.map(({ bbox }) => bbox) : [{ x: 0, y: 0, width, height }];
    const [scale = null, ...others] = new Set(boxes.map(box => scaleFor(item, box)?.millimetres ?? null));
    return scale === null || others.length > 0 ? null : Number(scale.toPrecision(6));
}

/**
 * The class of an outline: the reader's type where it is stated, else the network's about its picture. An outline is a
 * lesion, so "normal" says nothing about its type.
 * @param {Item} item
 * @param {FrameResult} result
 * @param {Pick<import('../state/item.js').Lesion, 'centroid'>} [lesion] left out: the image as a whole
 * @returns {'benign' | 'malignant' | 'lesion'}
 */
export function classOf(item, result, lesion) {
    const region = lesion && result.regions[regionOf(result, lesion)];
    const type = item.review.type ?? region?.type ?? result.type;
    return type === 'normal' ? 'lesion' : type;
}
