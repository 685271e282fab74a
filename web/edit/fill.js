/** The pixels of single lesions. */

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
    visitComponent(mask, width, height, start, inside, () => undefined);
    return inside;
}

/**
 * @param {Uint8Array} mask 0 or not 0
 * @param {number} width
 * @param {number} height
 * @param {number} start index of a pixel
 * @param {Uint8Array} inside gets a 1 at every pixel of the component
 * @param {(index: number) => void} visit called with each of them
 */
function visitComponent(mask, width, height, start, inside, visit) {
    if (!mask[start] || inside[start]) return;
    const stack = [start];
    inside[start] = 1;
    while (stack.length > 0) {
        const index = /** @type {number} */ (stack.pop());
        visit(index);
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
}

/**
 * @param {Uint8Array} mask 0 or 255
 * @param {number} width
 * @param {number} height
 * @returns {Uint32Array[]} the pixels of each 8-connected component
 */
export function componentsOf(mask, width, height) {
    const seen = new Uint8Array(mask.length);
    const components = [];
    for (let start = mask.indexOf(255); start >= 0; start = mask.indexOf(255, start + 1)) {
        if (seen[start]) continue;
        /** @type {number[]} */
        const pixels = [];
        visitComponent(mask, width, height, start, seen, index => pixels.push(index));
        components.push(Uint32Array.from(pixels));
    }
    return components;
}

/**
 * Divides a mask into the 8-connected components that share a pixel with another mask, and the rest.
 * @param {Uint8Array} mask 0 or 255
 * @param {number} width
 * @param {number} height
 * @param {Uint8Array} other
 * @returns {{ touching: Uint8Array, rest: Uint8Array | null }} 0 or 255; null: nothing is left
 */
export function splitMask(mask, width, height, other) {
    const seen = new Uint8Array(mask.length);
    const touching = new Uint8Array(mask.length);
    const rest = new Uint8Array(mask.length);
    let left = false;
    for (let start = mask.indexOf(255); start >= 0; start = mask.indexOf(255, start + 1)) {
        if (seen[start]) continue;
        /** @type {number[]} */
        const component = [];
        visitComponent(mask, width, height, start, seen, index => component.push(index));
        const touches = component.some(index => other[index]);
        const target = touches ? touching : rest;
        for (const index of component) target[index] = 255;
        left ||= !touches;
    }
    return { touching, rest: left ? rest : null };
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
