/**
 * The processing of the network's raw answer, implemented independently of the C sources: temperature of the type, threshold, components, measures and the expected Dice. Plain and slow.
 */

/** Lesions count the probabilities of at least this many pixels around their bounding box. */
const SURROUNDINGS_PIXELS = 8;

/** In the order of every array of probabilities. */
export const CLASSES = ['normal', 'benign', 'malignant'];

/**
 * The settings in the header of a weights file.
 * @typedef {object} Settings
 * @property {number} threshold
 * @property {number} temperature
 * @property {number} minimum_area share of the image
 * @property {number} expected_dice_power
 */

/**
 * The network's answer before temperature and threshold.
 * @typedef {object} RawAnswer
 * @property {number} width
 * @property {number} height
 * @property {number[]} logits of the type, up to a constant
 * @property {Float32Array} map probability of lesion, [height][width]
 */

/** @typedef {{ pixels: number[] }} Component */

/**
 * @param {number[]} logits
 * @param {number} temperature
 * @returns {number[]}
 */
export function calibrated(logits, temperature) {
    const powers = logits.map((logit) => Math.exp(logit / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
}

/**
 * 8-connected components of mask, by flooding.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {number[][]} indices of each one's pixels, largest component first
 */
function components(mask, width, height) {
    const seen = new Uint8Array(mask.length);
    const found = [];
    for (let start = 0; start < mask.length; start++) {
        if (!mask[start] || seen[start]) continue;
        const pixels = [start];
        seen[start] = 1;
        for (const at of pixels) { // grows while it is walked
            const [x, y] = [at % width, Math.floor(at / width)];
            for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
                for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
                    const next = v * width + u;
                    if (!mask[next] || seen[next]) continue;
                    seen[next] = 1;
                    pixels.push(next);
                }
            }
        }
        found.push(pixels);
    }
    return found.sort((a, b) => b.length - a.length);
}

/**
 * The largest distance between the middles of the outline's pixel edges, and the extent at right angles to it.
 * @param {Set<number>} pixels
 * @param {number} width of the image
 * @returns {[number, number]} both in pixels
 */
function axes(pixels, width) {
    /** @type {[number, number][]} */
    const points = [];
    for (const at of pixels) {
        const [x, y] = [at % width, Math.floor(at / width)];
        if (x === 0 || !pixels.has(at - 1)) points.push([x, y + 0.5]);
        if (x === width - 1 || !pixels.has(at + 1)) points.push([x + 1, y + 0.5]);
        if (!pixels.has(at - width)) points.push([x + 0.5, y]);
        if (!pixels.has(at + width)) points.push([x + 0.5, y + 1]);
    }
    let long = 0;
    let direction = [1, 0];
    for (const [x, y] of points) {
        for (const [u, v] of points) {
            const length = Math.hypot(u - x, v - y);
            if (length <= long) continue;
            long = length;
            direction = [(u - x) / length, (v - y) / length];
        }
    }
    const [alongX = 0, alongY = 0] = direction;
    const across = points.map(([x, y]) => y * alongX - x * alongY);
    return [long, Math.max(...across) - Math.min(...across)];
}

/**
 * @param {number[]} indices
 * @param {Uint8Array} kept the mask of all lesions
 * @param {RawAnswer} raw
 * @param {number} power
 */
function measure(indices, kept, raw, power) {
    const { width, height, map } = raw;
    const pixels = new Set(indices);
    const area = indices.length;
    const columns = indices.map((at) => at % width);
    const rows = indices.map((at) => Math.floor(at / width));
    const left = columns.reduce((least, x) => Math.min(least, x), width);
    const top = rows.reduce((least, y) => Math.min(least, y), height);
    const boxWidth = columns.reduce((most, x) => Math.max(most, x), 0) + 1 - left;
    const boxHeight = rows.reduce((most, y) => Math.max(most, y), 0) + 1 - top;
    const inside = indices.reduce((sum, at) => sum + (map[at] ?? NaN), 0);
    const marginX = Math.max(SURROUNDINGS_PIXELS, Math.floor(boxWidth / 2));
    const marginY = Math.max(SURROUNDINGS_PIXELS, Math.floor(boxHeight / 2));
    let around = 0;
    for (let y = Math.max(0, top - marginY); y < Math.min(height, top + boxHeight + marginY); y++) {
        for (let x = Math.max(0, left - marginX); x < Math.min(width, left + boxWidth + marginX); x++) {
            const at = y * width + x;
            if (!kept[at]) around += map[at] ?? NaN;
        }
    }
    const [long, short] = axes(pixels, width);
    return {
        area_px: area,
        bbox: [left, top, boxWidth, boxHeight],
        centroid: [
            columns.reduce((sum, x) => sum + x + 0.5, 0) / area,
            rows.reduce((sum, y) => sum + y + 0.5, 0) / area,
        ],
        long_axis_px: long,
        short_axis_px: short,
        mean_probability: inside / area,
        expected_dice: ((2 * inside) / (inside + around + area)) ** power,
    };
}

/**
 * @param {Uint8Array} mask
 * @returns {number[]} first pixel and length of each run of mask pixels, counted through the rows
 */
export function runs(mask) {
    const found = [];
    for (let at = 0; at < mask.length; at++) {
        if (!mask[at]) continue;
        const start = at;
        while (mask[at]) at++;
        found.push(start, at - start);
    }
    return found;
}

/**
 * The whole answer, with the names of a JSON line of `sonomask predict`, and the mask as runs.
 * @param {RawAnswer} raw
 * @param {Settings} settings
 */
export function answer(raw, settings) {
    const { width, height, map } = raw;
    const probabilities = calibrated(raw.logits, settings.temperature);
    const threshold = Math.fround(settings.threshold);
    const mask = Uint8Array.from(map, (value) => (value >= threshold ? 255 : 0));
    const least = Math.floor(Math.fround(settings.minimum_area) * map.length);
    const lesions = components(mask, width, height).filter((pixels) => pixels.length >= least);
    const kept = new Uint8Array(map.length);
    for (const pixels of lesions) for (const at of pixels) kept[at] = 255;
    const power = settings.expected_dice_power;
    const all = map.reduce((sum, value) => sum + value, 0);
    const inside = map.reduce((sum, value, at) => (kept[at] ? sum + value : sum), 0);
    const area = lesions.reduce((sum, pixels) => sum + pixels.length, 0);
    const surest = map.reduce((most, value) => Math.max(most, value), 0);
    return {
        width,
        height,
        type: CLASSES[probabilities.indexOf(Math.max(...probabilities))] ?? '',
        probabilities: Object.fromEntries(CLASSES.map((name, index) => [name, probabilities[index] ?? NaN])),
        lesions: lesions.map((pixels) => measure(pixels, kept, raw, power)),
        expected_dice: area > 0
            ? ((2 * inside) / (all + area)) ** power
            : 1 - Math.max(1 - (probabilities[0] ?? NaN), surest),
        mask: runs(kept),
    };
}
