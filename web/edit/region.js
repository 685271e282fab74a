/** Rectangles of pixels: the part of a mask that an operation needs to read. */

/**
 * @typedef {object} Region
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {Uint8Array} mask 0 or 255
 * @param {number} width
 * @returns {Region | null} the smallest that holds all pixels of the mask; null: there is none
 */
export function boundsOf(mask, width) {
    const first = mask.indexOf(255);
    if (first < 0) return null;
    const top = Math.floor(first / width);
    const bottom = Math.floor(mask.lastIndexOf(255) / width);
    let [left, right] = [width, -1];
    for (let y = top; y <= bottom; y++) {
        const row = mask.subarray(y * width, (y + 1) * width);
        const start = row.indexOf(255);
        if (start < 0) continue;
        left = Math.min(left, start);
        right = Math.max(right, row.lastIndexOf(255));
    }
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * @param {Region | null} a
 * @param {Region | null} b
 * @returns {Region | null} the smallest that holds both
 */
export function unite(a, b) {
    if (!a || !b) return a ?? b;
    const left = Math.min(a.left, b.left);
    const top = Math.min(a.top, b.top);
    const right = Math.max(a.left + a.width, b.left + b.width);
    const bottom = Math.max(a.top + a.height, b.top + b.height);
    return { left, top, width: right - left, height: bottom - top };
}

/**
 * @param {Region} region
 * @param {number} margin pixels on every side
 * @param {number} width of the image
 * @param {number} height
 * @returns {Region} grown, within the image
 */
export function grown({ left, top, width: across, height: down }, margin, width, height) {
    const from = { x: Math.max(0, left - margin), y: Math.max(0, top - margin) };
    const to = { x: Math.min(width, left + across + margin), y: Math.min(height, top + down + margin) };
    return { left: from.x, top: from.y, width: to.x - from.x, height: to.y - from.y };
}

/**
 * @template {Uint8Array | Float32Array} T
 * @param {T} values [height][width]
 * @param {number} width
 * @param {Region} region
 * @returns {T} a copy of the region
 */
export function cut(values, width, { left, top, width: across, height: down }) {
    const part = /** @type {T} */ (values instanceof Float32Array ? new Float32Array(across * down) : new Uint8Array(across * down));
    for (let row = 0; row < down; row++) {
        const from = (top + row) * width + left;
        part.set(values.subarray(from, from + across), row * across);
    }
    return part;
}

/**
 * Writes a region back.
 * @param {Uint8Array} values changed in place
 * @param {number} width
 * @param {Region} region
 * @param {Uint8Array} part
 */
export function paste(values, width, { left, top, width: across, height: down }, part) {
    for (let row = 0; row < down; row++)
        values.set(part.subarray(row * across, (row + 1) * across), (top + row) * width + left);
}
