/** The pixels of one lesion. */

/**
 * The 8-connected component of a mask that holds a pixel.
 * @param {Uint8Array} mask 0 or not 0
 * @param {number} width
 * @param {number} height
 * @param {number} start index of a pixel of the mask
 * @returns {Uint8Array} 1 where the component is
 */
export function componentAt(mask, width, height, start) {
    const inside = new Uint8Array(mask.length);
    if (!mask[start]) return inside;
    const stack = [start];
    inside[start] = 1;
    while (stack.length > 0) {
        const index = /** @type {number} */ (stack.pop());
        const x = index % width;
        const y = (index - x) / width;
        for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
            for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
                const next = ny * width + nx;
                if (!mask[next] || inside[next]) continue;
                inside[next] = 1;
                stack.push(next);
            }
        }
    }
    return inside;
}

/**
 * A pixel of a measured lesion: the one nearest to the end of its long axis, which lies on its outline.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {import('../../wasm/sonomask.js').Lesion} lesion
 * @returns {number} its index; -1 when the mask is empty there
 */
export function pixelOf(mask, width, lesion) {
    const end = lesion.longAxisEnds[0];
    const { bbox } = lesion;
    let best = -1;
    let bestDistance = Infinity;
    for (let y = bbox.y; y < bbox.y + bbox.height; y++) {
        for (let x = bbox.x; x < bbox.x + bbox.width; x++) {
            const index = y * width + x;
            // No other lesion touches the outline, not even at a corner: lesions are 8-connected.
            const distance = Math.hypot(x + 0.5 - end.x, y + 0.5 - end.y);
            if (mask[index] && distance < bestDistance) {
                best = index;
                bestDistance = distance;
            }
        }
    }
    return best;
}
