/** Agreement of two masks: Dice, IoU and the 95th percentile of the Hausdorff distance. */

/**
 * Squared distance of every pixel to the nearest marked one, exactly (Felzenszwalb and Huttenlocher, Distance
 * Transforms of Sampled Functions, 2012), one dimension at a time.
 * @param {Uint8Array} marked 0 or not 0
 * @param {number} width
 * @param {number} height
 * @returns {Float64Array} Infinity everywhere when nothing is marked
 */
export function squaredDistances(marked, width, height) {
    const distances = Float64Array.from(marked, value => (value ? 0 : Infinity));
    const longest = Math.max(width, height);
    const line = new Float64Array(longest);
    const places = new Int32Array(longest);
    const borders = new Float64Array(longest + 1);
    for (let x = 0; x < width; x++) transformLine(distances, x, width, height, line, places, borders);
    for (let y = 0; y < height; y++) transformLine(distances, y * width, 1, width, line, places, borders);
    return distances;
}

/**
 * The lower envelope of the parabolas over one line.
 * @param {Float64Array} values changed in place
 * @param {number} start
 * @param {number} step
 * @param {number} count
 * @param {Float64Array} line scratch
 * @param {Int32Array} places scratch
 * @param {Float64Array} borders scratch
 */
function transformLine(values, start, step, count, line, places, borders) {
    let last = -1;
    for (let q = 0; q < count; q++) {
        const value = /** @type {number} */ (values[start + q * step]);
        line[q] = value;
        if (value === Infinity) continue;
        let border = -Infinity;
        while (last >= 0) {
            const p = /** @type {number} */ (places[last]);
            border = (value + q * q - (/** @type {number} */ (line[p]) + p * p)) / (2 * (q - p));
            if (border > /** @type {number} */ (borders[last])) break;
            last--;
            border = -Infinity;
        }
        last++;
        places[last] = q;
        borders[last] = border;
    }
    if (last < 0) return;
    borders[last + 1] = Infinity;
    let segment = 0;
    for (let q = 0; q < count; q++) {
        while (/** @type {number} */ (borders[segment + 1]) < q) segment++;
        const p = /** @type {number} */ (places[segment]);
        values[start + q * step] = (q - p) * (q - p) + /** @type {number} */ (line[p]);
    }
}

/**
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array} 1 on mask pixels that have a 4-neighbour outside the mask (or the image's edge)
 */
function edgeOf(mask, width, height) {
    const edge = new Uint8Array(mask.length);
    for (let y = 0, index = 0; y < height; y++) {
        for (let x = 0; x < width; x++, index++) {
            if (!mask[index]) continue;
            const inner =
                x > 0 && x < width - 1 && y > 0 && y < height - 1 &&
                mask[index - 1] && mask[index + 1] && mask[index - width] && mask[index + width];
            if (!inner) edge[index] = 1;
        }
    }
    return edge;
}

/**
 * @param {number[]} values
 * @param {number} share 0..1
 * @returns {number} interpolated between neighbours
 */
function quantile(values, share) {
    const sorted = Float64Array.from(values).sort();
    const place = share * (sorted.length - 1);
    const low = /** @type {number} */ (sorted[Math.floor(place)]);
    const high = /** @type {number} */ (sorted[Math.ceil(place)]);
    return low + (high - low) * (place - Math.floor(place));
}

/**
 * The 95th percentile of the distances between the two outlines, both ways together.
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 * @param {number} width
 * @param {number} height
 * @returns {number | null} pixels; null when a mask is empty
 */
export function hausdorff95(first, second, width, height) {
    const firstEdge = edgeOf(first, width, height);
    const secondEdge = edgeOf(second, width, height);
    const toFirst = squaredDistances(firstEdge, width, height);
    const toSecond = squaredDistances(secondEdge, width, height);
    /** @type {number[]} */
    const distances = [];
    for (let index = 0; index < firstEdge.length; index++) {
        if (firstEdge[index]) distances.push(Math.sqrt(/** @type {number} */ (toSecond[index])));
        if (secondEdge[index]) distances.push(Math.sqrt(/** @type {number} */ (toFirst[index])));
    }
    if (distances.length === 0 || distances.includes(Infinity)) return null;
    return quantile(distances, 0.95);
}

/**
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 * @param {number} width
 * @param {number} height
 * @returns {{ first: Uint8Array, second: Uint8Array, width: number, height: number }} the part that holds both, as nothing
 *     outside it changes a distance between them
 */
function cropped(first, second, width, height) {
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0, index = 0; y < height; y++) {
        for (let x = 0; x < width; x++, index++) {
            if (!first[index] && !second[index]) continue;
            if (x < left) left = x;
            if (x > right) right = x;
            if (y < top) top = y;
            bottom = y;
        }
    }
    // One more pixel on each side: the edge of the part is not the edge of the mask.
    left = Math.max(0, left - 1);
    top = Math.max(0, top - 1);
    const partWidth = Math.min(width - 1, right + 1) - left + 1;
    const partHeight = Math.min(height - 1, bottom + 1) - top + 1;
    const cut = (/** @type {Uint8Array} */ mask) => {
        const part = new Uint8Array(partWidth * partHeight);
        for (let y = 0; y < partHeight; y++) part.set(mask.subarray((top + y) * width + left, (top + y) * width + left + partWidth), y * partWidth);
        return part;
    };
    return { first: cut(first), second: cut(second), width: partWidth, height: partHeight };
}

/**
 * @param {Uint8Array} mask 0 or not 0
 * @param {Uint8Array} truth of the same size
 * @param {number} width
 * @param {number} height
 * @returns {{ dice: number, iou: number, hd95: number | null }} two empty masks agree entirely
 */
export function compareMasks(mask, truth, width, height) {
    let both = 0;
    let sum = 0;
    for (let index = 0; index < mask.length; index++) {
        if (mask[index]) sum++;
        if (truth[index]) sum++;
        if (mask[index] && truth[index]) both++;
    }
    if (sum === 0) return { dice: 1, iou: 1, hd95: 0 };
    const part = cropped(mask, truth, width, height);
    return { dice: (2 * both) / sum, iou: both / (sum - both), hd95: hausdorff95(part.first, part.second, part.width, part.height) };
}

/**
 * Connected parts of a mask, diagonals included.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {{ labels: Int32Array, areas: number[] }} labels from 1 on, in the order of their first pixels
 */
export function labelParts(mask, width, height) {
    const labels = new Int32Array(mask.length);
    /** @type {number[]} */
    const areas = [];
    /** @type {number[]} */
    const stack = [];
    for (let start = 0; start < mask.length; start++) {
        if (!mask[start] || labels[start]) continue;
        const label = areas.length + 1;
        let area = 0;
        labels[start] = label;
        stack.push(start);
        while (stack.length > 0) {
            const index = /** @type {number} */ (stack.pop());
            const x = index % width;
            const y = (index - x) / width;
            area++;
            for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
                for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
                    const neighbour = ny * width + nx;
                    if (!mask[neighbour] || labels[neighbour]) continue;
                    labels[neighbour] = label;
                    stack.push(neighbour);
                }
            }
        }
        areas.push(area);
    }
    return { labels, areas };
}

/**
 * One lesion of the ground truth.
 * @typedef {object} LesionScore
 * @property {number} area pixels, in the ground truth
 * @property {number} found pixels of the outlines that touch it; 0: missed
 * @property {number} dice with these outlines
 */

/**
 * @typedef {object} Scores
 * @property {number} dice
 * @property {number} iou
 * @property {number | null} hd95 pixels; null when a mask is empty
 * @property {boolean} normal whether the ground truth is empty
 * @property {boolean} outlined whether the mask is not
 * @property {LesionScore[]} lesions largest first
 * @property {number} extra outlines that touch no lesion
 */

/**
 * @param {Uint8Array} mask 0 or not 0
 * @param {Uint8Array} truth of the same size
 * @param {number} width
 * @param {number} height
 * @param {Uint8Array} [parts] the truth with lesions that touch apart
 * @returns {Scores}
 */
export function scoresOf(mask, truth, width, height, parts = truth) {
    const ours = labelParts(mask, width, height);
    const theirs = labelParts(parts, width, height);
    /** Pixels in both, by lesion and outline. @type {Map<number, number>[]} */
    const shared = theirs.areas.map(() => new Map());
    const touched = new Set();
    for (let index = 0; index < mask.length; index++) {
        const lesion = theirs.labels[index];
        const outline = ours.labels[index];
        if (!lesion || !outline) continue;
        const counts = /** @type {Map<number, number>} */ (shared[lesion - 1]);
        counts.set(outline, (counts.get(outline) ?? 0) + 1);
        touched.add(outline);
    }
    const lesions = theirs.areas.map((area, index) => {
        const outlines = [.../** @type {Map<number, number>} */ (shared[index])];
        const found = outlines.reduce((sum, [outline]) => sum + (ours.areas[outline - 1] ?? 0), 0);
        const both = outlines.reduce((sum, [, count]) => sum + count, 0);
        return { area, found, dice: (2 * both) / (area + found) };
    });
    return {
        ...compareMasks(mask, truth, width, height),
        normal: theirs.areas.length === 0,
        outlined: ours.areas.length > 0,
        lesions: lesions.sort((a, b) => b.area - a.area),
        extra: ours.areas.length - touched.size,
    };
}
