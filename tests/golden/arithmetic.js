/**
 * The processing of the network's raw answer, implemented independently of the C sources: temperature of the type,
 * threshold, components, presence and operating point, margins, measures and the expected Dice. Plain and slow.
 */

/** Lesions count the probabilities of at least this many pixels around their bounding box. */
const SURROUNDINGS_PIXELS = 8;

/** The peak is the least of this share of the image's pixels, those with the largest probabilities. */
const PEAK_SHARE = 0.001;

/** Logits lie between -LARGEST_LOGIT and LARGEST_LOGIT. */
const LARGEST_LOGIT = 20;

/** A faint lesion, which is only a possible one, is drawn at this share of the peak. */
const FAINT_SHARE = 0.5;

/** In the order of every array of probabilities. */
export const CLASSES = ['normal', 'benign', 'malignant'];

/**
 * The settings in the header of a weights file.
 * @typedef {object} Settings
 * @property {number} threshold
 * @property {number} temperature
 * @property {number} minimum_area share of the image
 * @property {number} expected_dice_power
 * @property {number[]} presence weights of the type's odds and of the peak, and the bias
 * @property {{ kept: number, presence: number, missed_bound: number }} operating_point the default one
 * @property {number[]} margin of an outline: factors of the square roots of its area and of the image's
 */

/**
 * The network's answer before temperature and threshold.
 * @typedef {object} RawAnswer
 * @property {number} width
 * @property {number} height
 * @property {number[]} logits of the type, up to a constant
 * @property {Float32Array} map probability of lesion, [height][width]
 */

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
 * @param {number[][]} outlines indices of each one's pixels
 * @param {number} length of the mask
 */
function maskOf(outlines, length) {
    const mask = new Uint8Array(length);
    for (const pixels of outlines) for (const at of pixels) mask[at] = 255;
    return mask;
}

/**
 * The largest distance between the middles of the outline's pixel edges, and the extent at right angles to it. Of several
 * largest distances it is the one with the largest extent.
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
    let longest = 0; // squared, which is exact
    /** @type {[number, number][]} */
    let directions = [];
    for (const [x, y] of points) {
        for (const [u, v] of points) {
            const squared = (u - x) ** 2 + (v - y) ** 2;
            if (squared < longest) continue;
            if (squared > longest) directions = [];
            longest = squared;
            directions.push([u - x, v - y]);
        }
    }
    const long = Math.sqrt(longest);
    const extents = directions.map(([alongX, alongY]) => {
        const across = points.map(([x, y]) => (y * alongX - x * alongY) / long);
        return Math.max(...across) - Math.min(...across);
    });
    return [long, Math.max(...extents)];
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

/** @param {number} value */
const clampLogit = (value) => Math.min(Math.max(value, -LARGEST_LOGIT), LARGEST_LOGIT);

/** @param {number} value */
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/**
 * The logit of the peak among some pixels.
 * @param {number[]} values their probabilities
 * @param {number} imageArea
 */
function peak(values, imageArea) {
    const sorted = [...values].sort((a, b) => b - a);
    const rank = Math.min(Math.max(1, Math.ceil(PEAK_SHARE * imageArea)), sorted.length);
    const probability = sorted[rank - 1] ?? 0;
    return clampLogit(Math.log(probability / (1 - probability)));
}

/**
 * The whole answer, with the names of a JSON line of `sonomask predict`, and the masks as runs.
 * @param {RawAnswer} raw
 * @param {Settings} settings
 */
export function answer(raw, settings) {
    const { width, height, map } = raw;
    const probabilities = calibrated(raw.logits, settings.temperature);
    const [normal = NaN, benign = NaN, malignant = NaN] = raw.logits;
    const odds = clampLogit(Math.log(Math.exp(benign) + Math.exp(malignant)) - normal);
    const [oddsWeight = NaN, peakWeight = NaN, bias = NaN] = settings.presence;
    /** @param {number} logit of a peak */
    const presenceOf = (logit) => sigmoid(oddsWeight * odds + peakWeight * logit + bias);
    const imagePeak = peak([...map], map.length);
    const presence = presenceOf(imagePeak);
    const level = settings.operating_point.presence;

    /** @param {number} threshold @param {number} least pixels of a component */
    const outlinesAt = (threshold, least) =>
        components(Uint8Array.from(map, (value) => (value >= Math.fround(threshold) ? 255 : 0)), width, height)
            .filter((pixels) => pixels.length >= least);
    let outlines = outlinesAt(settings.threshold, Math.floor(Math.fround(settings.minimum_area) * map.length));
    const isFaint = outlines.length === 0 && presence >= level;
    if (isFaint) outlines = outlinesAt(FAINT_SHARE * sigmoid(imagePeak), 0);
    const drawn = maskOf(outlines, map.length);
    const power = settings.expected_dice_power;
    const measured = outlines.slice(0, isFaint ? 1 : undefined).map((pixels) => ({
        pixels,
        lesion: {
            ...measure(pixels, drawn, raw, power),
            presence: isFaint ? presence : presenceOf(peak(pixels.map((at) => map[at] ?? NaN), map.length)),
            margin_px: (settings.margin[0] ?? NaN) * Math.sqrt(pixels.length) +
                (settings.margin[1] ?? NaN) * Math.sqrt(map.length),
        },
    }));
    const counted = measured.filter(({ lesion }) => !isFaint && lesion.presence >= level);
    const possible = measured.filter(({ lesion }) => isFaint || lesion.presence < level);

    const kept = maskOf(counted.map(({ pixels }) => pixels), map.length);
    const all = map.reduce((sum, value) => sum + value, 0);
    const inside = map.reduce((sum, value, at) => (kept[at] ? sum + value : sum), 0);
    const area = counted.reduce((sum, { pixels }) => sum + pixels.length, 0);
    const surest = map.reduce((most, value) => Math.max(most, value), 0);
    return {
        width,
        height,
        type: CLASSES[probabilities.indexOf(Math.max(...probabilities))] ?? '',
        probabilities: Object.fromEntries(CLASSES.map((name, index) => [name, probabilities[index] ?? NaN])),
        presence,
        lesions: counted.map(({ lesion }) => lesion),
        possible_lesions: possible.map(({ lesion }) => lesion),
        expected_dice: area > 0
            ? ((2 * inside) / (all + area)) ** power
            : 1 - Math.max(1 - (probabilities[0] ?? NaN), surest),
        mask: runs(kept),
    };
}
