/** What every exported file says about its origin: program, weights, reader, date, and what the reader decided. */
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
 *     birads: string, notes: string, image_sha256: string }}
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
    };
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
