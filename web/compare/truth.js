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

/**
 * Grey levels, colours and palettes: the brightest channel counts. A mask of class numbers is dark everywhere; then every
 * pixel that is not 0 is lesion. Where two classes are, say, 127 and 255, the darker one is lesion, too.
 * @param {import('../../wasm/sonomask.js').DecodedImage} image
 * @returns {Uint8Array | null} 0 or 255; null: it is a picture
 */
export function maskOf({ data, width, height, channels }) {
    const levels = new Uint8Array(width * height);
    let brightest = 0;
    let grey = 0;
    for (let index = 0; index < levels.length; index++) {
        const at = index * channels;
        let level = data[at] ?? 0;
        if (channels === 4) level = data[at + 3] === 0 ? 0 : Math.max(level, data[at + 1] ?? 0, data[at + 2] ?? 0);
        levels[index] = level;
        if (level > brightest) brightest = level;
        if (level > 40 && level < 215) grey++;
    }
    const count = countLevels(levels);
    // Class numbers as grey levels are few; those of a picture are many.
    if (grey > MOST_GREY * levels.length && count > 24) return null;
    const from = brightest < LESION_FROM ? 1 : count <= MOST_CLASSES ? darkestClass(levels, width) : LESION_FROM;
    for (let index = 0; index < levels.length; index++) levels[index] = /** @type {number} */ (levels[index]) >= from ? 255 : 0;
    return levels;
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

/** @param {Uint8Array} levels */
function countLevels(levels) {
    const seen = new Uint8Array(256);
    for (const level of levels) seen[level] = 1;
    return seen.reduce((sum, value) => sum + value, 0);
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
 * @returns {Promise<{ mask: Uint8Array, width: number, height: number } | Key>} or why it is no mask
 */
async function readOne(file, engine) {
    if (!(file instanceof Blob)) return { ...file, mask: decodeRuns(file.runs, file.width * file.height) };
    let image;
    try {
        image = await engine.pool.decode(file);
    } catch {
        return 'compare.unreadable';
    }
    const mask = maskOf(image);
    return mask ? { mask, width: image.width, height: image.height } : 'compare.picture';
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
    const [only] = truth.files;
    for (const file of truth.files) {
        const part = await readOne(file, engine);
        if (typeof part === 'string') {
            truth.problem = part;
            return null;
        }
        const differs = part.width !== width || part.height !== height;
        if (differs && !truth.resize) {
            truth.problem = 'compare.size';
            return null;
        }
        const mask = differs ? resized(part.mask, part, size) : part.mask;
        for (let index = 0; index < united.length; index++) if (mask[index]) united[index] = 255;
    }
    const parts = truth.files.length === 1 && only && !(only instanceof Blob) && only.width === width && only.height === height ? only.apart : undefined;
    truth.read = { width, height, runs: encodeRuns(united), ...(parts && { apart: parts }) };
    return united;
}
