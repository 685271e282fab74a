/**
 * Outlines that the user removed stay removed when the threshold moves: an outline at another threshold that touches a
 * removed one goes, too. Where it also holds a kept one, it is divided between the two.
 */
import { componentAt } from './fill.js';
import { decodeRuns, encodeRuns } from './runs.js';

/**
 * @typedef {object} Removal never changed in place
 * @property {Uint32Array} removed run lengths of the pixels of removed outlines
 * @property {Uint32Array} kept run lengths of the outlines that were there when the last one was removed
 */

/**
 * @param {Removal | null} earlier
 * @param {Uint8Array} outline 0 or not 0: it is removed
 * @param {Uint8Array} rest 0 or 255: the outlines that stay
 * @returns {Removal}
 */
export function removalOf(earlier, outline, rest) {
    const before = earlier ? decodeRuns(earlier.removed, outline.length) : null;
    const removed = outline.map((value, index) => (value || before?.[index] ? 255 : 0));
    return { removed: encodeRuns(removed), kept: encodeRuns(rest) };
}

/**
 * @param {Removal} removal
 * @param {number} width
 * @param {number} height
 * @param {number[]} pixels where the user has shown a lesion
 * @returns {Removal | null} without the removed outlines there
 */
export function withoutRemovalAt(removal, width, height, pixels) {
    const removed = decodeRuns(removal.removed, width * height);
    let changed = false;
    for (const pixel of pixels) {
        if (!removed[pixel]) continue;
        const outline = componentAt(removed, width, height, pixel);
        outline.forEach((value, index) => {
            if (value) removed[index] = 0;
        });
        changed = true;
    }
    if (!changed) return removal;
    return removed.includes(255) ? { ...removal, removed: encodeRuns(removed) } : null;
}

/**
 * @param {Uint8Array} mask 0 or 255
 * @param {number} width
 * @param {number} height
 * @param {Removal} removal
 * @returns {Uint8Array} the same array when nothing goes
 */
export function applyRemoval(mask, width, height, removal) {
    const removed = decodeRuns(removal.removed, mask.length);
    const kept = decodeRuns(removal.kept, mask.length);
    const owners = new Uint8Array(mask.length); // 1: removed, 2: kept
    /** @type {number[]} */
    const queue = [];
    let touches = false;
    for (let index = mask.indexOf(255); index >= 0; index = mask.indexOf(255, index + 1)) {
        if (!removed[index] && !kept[index]) continue;
        owners[index] = removed[index] ? 1 : 2;
        touches ||= owners[index] === 1;
        queue.push(index);
    }
    if (!touches) return mask;
    // Breadth first from both, so that a pixel goes to the nearer one along a path in the mask.
    for (let next = 0; next < queue.length; next++) {
        const index = /** @type {number} */ (queue[next]);
        const x = index % width;
        const y = (index - x) / width;
        for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
            for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
                const neighbour = ny * width + nx;
                if (!mask[neighbour] || owners[neighbour]) continue;
                owners[neighbour] = /** @type {number} */ (owners[index]);
                queue.push(neighbour);
            }
        }
    }
    return mask.map((value, index) => (owners[index] === 1 ? 0 : value));
}
