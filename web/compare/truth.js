/** Reads ground-truth masks, and unites those of one image. */
import { decodeRuns, encodeRuns } from '../state/masks.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../i18n/i18n.js').Key} Key
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').Item} Item
 */

/** Published masks are 0 and 255, some with soft edges from JPEG. */
const LESION_FROM = 128;
/** A share of pixels that are neither dark nor bright above this is that of a picture, not of a mask. */
const MOST_GREY = 0.15;

/** Masks of several classes have few levels; soft edges, and those of JPEG, have many. */
const MOST_CLASSES = 8;
/** Width of the border that decides whether a mask is dark on white: a lesion rarely fills more than half of it. */
const BORDER = 0.02;

/**
 * @typedef {object} ReadMask
 * @property {Uint8Array} mask 0 or 255
 * @property {boolean} inverted whether it was read as a dark lesion on a white ground
 */

/**
 * Grey levels, colours and palettes: the brightest channel counts. A mask of class numbers is dark everywhere; then every
 * pixel that is not 0 is lesion. Where two classes are, say, 127 and 255, the darker one is lesion, too. Where most of the
 * border would be lesion, the mask is dark on white.
 * @param {import('../../wasm/sonomask.js').DecodedImage} image
 * @param {boolean} [dark] whether the lesion is dark; by default the border decides
 * @returns {ReadMask | Key} or why it is no mask
 */
export function maskOf({ data, width, height, channels }, dark) {
    const levels = levelsOf(data, width * height, channels);
    const counts = countLevels(levels);
    const grey = counts.subarray(41, 215).reduce((sum, count) => sum + count, 0);
    // Class numbers as grey levels are few; those of a picture are many.
    if (grey > MOST_GREY * levels.length && counts.filter(Boolean).length > 24) return 'compare.picture';
    const bright = lesionIn(levels, counts, width);
    const inverted = dark ?? fillsBorder(bright, width, height);
    if (!inverted) return { mask: bright, inverted };
    const brightest = counts.findLastIndex(Boolean);
    const turned = levels.map(level => brightest - level);
    const mask = lesionIn(turned, countLevels(turned), width);
    return dark === undefined && !mask.includes(255) ? 'compare.full' : { mask, inverted };
}

/**
 * @param {Uint8Array | Uint8ClampedArray} data
 * @param {number} pixels
 * @param {number} channels 1, or 4 with alpha
 * @returns {Uint8Array} one per pixel; 0 where it is transparent
 */
function levelsOf(data, pixels, channels) {
    const levels = new Uint8Array(pixels);
    for (let index = 0; index < pixels; index++) {
        const at = index * channels;
        let level = data[at] ?? 0;
        if (channels === 4) level = data[at + 3] === 0 ? 0 : Math.max(level, data[at + 1] ?? 0, data[at + 2] ?? 0);
        levels[index] = level;
    }
    // Black on nothing: the opacity is the mask.
    const alpha = (/** @type {number} */ index) => data[index * 4 + 3] ?? 0;
    if (channels === 4 && !levels.some(Boolean) && levels.some((_, index) => alpha(index) === 0)) return levels.map((_, index) => alpha(index));
    return levels;
}

/**
 * @param {Uint8Array} levels
 * @param {Uint32Array} counts of them
 * @param {number} width
 * @returns {Uint8Array} 255 where it is bright
 */
function lesionIn(levels, counts, width) {
    const from = counts.findLastIndex(Boolean) < LESION_FROM ? 1 : counts.filter(Boolean).length <= MOST_CLASSES ? darkestClass(levels, width) : LESION_FROM;
    return levels.map(level => (level >= from ? 255 : 0));
}

/**
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {boolean} whether more than half of the border is in the mask
 */
function fillsBorder(mask, width, height) {
    const border = Math.max(1, Math.round(BORDER * Math.min(width, height)));
    let [filled, pixels] = [0, 0];
    for (let y = 0, index = 0; y < height; y++) {
        const edge = y < border || y >= height - border;
        for (let x = 0; x < width; x++, index++) {
            if (!edge && x >= border && x < width - border) continue;
            pixels++;
            if (mask[index]) filled++;
        }
    }
    return filled > pixels / 2;
}

/**
 * The darkest level that fills an area; a soft edge has levels of one pixel in width.
 * @param {Uint8Array} levels
 * @param {number} width
 * @returns {number}
 */
function darkestClass(levels, width) {
    let darkest = LESION_FROM;
    for (let index = 2 * width + 2; index < levels.length; index++) {
        const level = levels[index] ?? 0;
        if (level === 0 || level >= darkest || index % width < 2) continue;
        const fills = [0, 1, 2].every(row => [0, 1, 2].every(column => levels[index - row * width - column] === level));
        if (fills) darkest = level;
    }
    return darkest;
}

/**
 * @param {Uint8Array} levels
 * @returns {Uint32Array} how many pixels have each level
 */
function countLevels(levels) {
    const counts = new Uint32Array(256);
    for (const level of levels) counts[level] = (counts[level] ?? 0) + 1;
    return counts;
}

/**
 * @param {Uint8Array} mask
 * @param {{ width: number, height: number }} from
 * @param {{ width: number, height: number }} to
 * @returns {Uint8Array} by the nearest pixel
 */
function resized(mask, from, to) {
    const output = new Uint8Array(to.width * to.height);
    for (let y = 0, index = 0; y < to.height; y++) {
        const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
        for (let x = 0; x < to.width; x++, index++) output[index] = mask[row + Math.floor(((x + 0.5) * from.width) / to.width)] ?? 0;
    }
    return output;
}

/**
 * @param {Blob | DrawnMask} file
 * @param {Engine} engine
 * @param {boolean} [dark] whether the lesion is dark
 * @returns {Promise<ReadMask & { width: number, height: number } | Key>} or why it is no mask
 */
async function readOne(file, engine, dark) {
    if (!(file instanceof Blob)) return { ...file, mask: decodeRuns(file.runs, file.width * file.height), inverted: false };
    let image;
    try {
        image = await engine.pool.decode(file);
    } catch {
        return 'compare.unreadable';
    }
    const read = maskOf(image, dark);
    return typeof read === 'string' ? read : { ...read, width: image.width, height: image.height };
}

/**
 * @param {import('../state/item.js').Truth} truth of a loop
 * @param {number} frame
 * @param {{ width: number, height: number }} size of the frame
 * @returns {DrawnMask | Key | null} null: there is none of this frame; a text: why it cannot be compared
 */
export function truthOfFrame(truth, frame, { width, height }) {
    const given = truth.frames?.get(frame);
    if (!given || (given.width === width && given.height === height)) return given ?? null;
    if (!truth.resize) return 'compare.size';
    return { width, height, runs: encodeRuns(resized(decodeRuns(given.runs, given.width * given.height), given, { width, height })) };
}

/**
 * Reads the masks of a picture and unites them. A mask that cannot be read or has another size sets
 * `truth.problem` of the picture.
 * @param {Item} item with a truth
 * @param {Engine} engine
 * @param {{ width: number, height: number }} size of the picture; of a loop the frame in view
 * @returns {Promise<Uint8Array | null>} 0 or 255; null also when a loop has none of this frame
 */
export async function readTruth(item, engine, size) {
    const { truth } = item;
    if (!truth) return null;
    const { width, height } = size;
    if (truth.frames) {
        const read = truthOfFrame(truth, item.frame, size);
        truth.read = typeof read === 'string' ? null : read;
        if (typeof read === 'string') truth.problem = read;
        return truth.read && decodeRuns(truth.read.runs, width * height);
    }
    if (truth.read?.width === width && truth.read.height === height) return decodeRuns(truth.read.runs, width * height);
    const united = new Uint8Array(width * height);
    let inverted = false;
    const [only] = truth.files;
    for (const file of truth.files) {
        const part = await readOne(file, engine, truth.dark);
        if (typeof part === 'string') {
            truth.problem = part;
            return null;
        }
        const differs = part.width !== width || part.height !== height;
        if (differs && !truth.resize) {
            truth.problem = 'compare.size';
            return null;
        }
        inverted ||= part.inverted;
        const mask = differs ? resized(part.mask, part, size) : part.mask;
        for (let index = 0; index < united.length; index++) if (mask[index]) united[index] = 255;
    }
    truth.inverted = inverted;
    const parts = truth.files.length === 1 && only && !(only instanceof Blob) && only.width === width && only.height === height ? only.apart : undefined;
    truth.read = { width, height, runs: encodeRuns(united), ...(parts && { apart: parts }) };
    return united;
}
