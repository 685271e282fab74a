/** The outlines of a mask, told apart. */

/**
 * Follows an 8-connected part from one of its pixels.
 * @param {Uint8Array} mask [height][width], 0 or not 0
 * @param {Uint8Array} seen its pixels are set to 1
 * @param {number} width
 * @param {number} start
 * @param {Uint32Array} part gets its pixels; as long as the mask
 * @returns {number} how many
 */
function follow(mask, seen, width, start, part) {
    const lastRow = mask.length - width;
    let count = 1;
    part[0] = start;
    seen[start] = 1;
    for (let next = 0; next < count; next++) {
        const at = /** @type {number} */ (part[next]);
        const x = at % width;
        const left = x > 0 ? -1 : 0;
        const right = x < width - 1 ? 1 : 0;
        const bottom = at < lastRow ? at + width : at;
        for (let row = at >= width ? at - width : at; row <= bottom; row += width)
            for (let beside = row + left; beside <= row + right; beside++) {
                if (mask[beside] === 0 || seen[beside] === 1) continue;
                seen[beside] = 1;
                part[count++] = beside;
            }
    }
    return count;
}

/**
 * @param {Uint32Array} part pixels
 * @param {number} width
 * @returns {{ x: number, y: number, width: number, height: number }}
 */
function boxOf(part, width) {
    let [left, right, top, bottom] = [width, 0, Infinity, 0];
    for (const at of part) {
        const x = at % width;
        const y = (at - x) / width;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
    }
    return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * Numbers the 8-connected parts of a mask like its lesions.
 * @param {Uint8Array} mask [height][width], 0 or not 0
 * @param {number} width
 * @param {{ area: number, bbox: { x: number, y: number, width: number, height: number } }[]} lesions of the mask, at most 65,535
 * @returns {Uint8Array | Uint16Array} [height][width], 0: background, 1: the first lesion, ...; parts that are no lesion are 0
 */
export function outlineNumbers(mask, width, lesions) {
    const numbers = lesions.length < 256 ? new Uint8Array(mask.length) : new Uint16Array(mask.length);
    const seen = new Uint8Array(mask.length);
    const room = new Uint32Array(mask.length);
    const open = lesions.map((lesion, index) => ({ lesion, number: index + 1 }));
    const name = (/** @type {Uint32Array} */ part) => {
        const box = boxOf(part, width);
        const found = open.findIndex(({ lesion: { area, bbox } }) =>
            area === part.length && bbox.x === box.x && bbox.y === box.y && bbox.width === box.width && bbox.height === box.height);
        const [named] = found < 0 ? [] : open.splice(found, 1);
        if (named) for (const at of part) numbers[at] = named.number;
    };
    for (let start = 0; start < mask.length; start++)
        if (mask[start] !== 0 && seen[start] === 0) name(room.subarray(0, follow(mask, seen, width, start, room)));
    return numbers;
}
