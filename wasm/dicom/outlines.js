/** The outlines of a mask, told apart. */

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
    const height = mask.length / width;
    const open = lesions.map((lesion, index) => ({ lesion, number: index + 1 }));
    /** @type {number[]} */
    const part = [];
    for (let start = 0; start < mask.length; start++) {
        if (!mask[start] || seen[start]) continue;
        part.length = 0;
        part.push(start);
        seen[start] = 1;
        let [left, right, top, bottom] = [width, 0, height, 0];
        for (let next = 0; next < part.length; next++) {
            const at = /** @type {number} */ (part[next]);
            const x = at % width;
            const y = (at - x) / width;
            left = Math.min(left, x);
            right = Math.max(right, x);
            top = Math.min(top, y);
            bottom = Math.max(bottom, y);
            for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++)
                for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
                    const beside = row * width + column;
                    if (!mask[beside] || seen[beside]) continue;
                    seen[beside] = 1;
                    part.push(beside);
                }
        }
        const found = open.findIndex(({ lesion: { area, bbox } }) =>
            area === part.length && bbox.x === left && bbox.y === top && bbox.width === right - left + 1 && bbox.height === bottom - top + 1);
        const [named] = found < 0 ? [] : open.splice(found, 1);
        if (named) for (const at of part) numbers[at] = named.number;
    }
    return numbers;
}
