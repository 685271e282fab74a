/** The scan regions of an answer in the exports. */
import { isInside } from '../state/answers.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 */

/**
 * @param {FrameResult} result
 * @param {Pick<import('../state/item.js').Lesion, 'centroid'>} lesion
 * @returns {number} index of the region that holds the middle of the lesion; -1: none, as for what the user drew beside them
 */
export function regionOf({ regions }, { centroid }) {
    return regions.findIndex(region => isInside(centroid, region));
}

/**
 * @param {FrameResult} result
 * @returns {boolean} whether there are regions that are not the whole image
 */
export function hasRegions({ regions, width, height }) {
    return regions.some(region => region.width < width || region.height < height);
}
