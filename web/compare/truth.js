/** Reads ground-truth masks, unites those of one image, and scores masks against them. */
import { decodeRuns, encodeRuns } from '../state/masks.js';
import { compareMasks } from './metrics.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 */

const LESION_FROM = 128; // grey levels; published masks are 0 and 255, some with soft edges from JPEG

/**
 * Reads the masks of a picture and unites them. A mask that cannot be read or has another size sets
 * `truth.problem` of the picture.
 * @param {Item} item with a truth
 * @param {Engine} engine
 * @param {{ width: number, height: number }} size of the picture
 * @returns {Promise<Uint8Array | null>} 0 or 255
 */
export async function readTruth(item, engine, size) {
    const { truth } = item;
    if (!truth) return null;
    if (truth.read?.width === size.width && truth.read.height === size.height) return decodeRuns(truth.read.runs, size.width * size.height);
    const united = new Uint8Array(size.width * size.height);
    for (const file of truth.files) {
        if (!(file instanceof Blob)) {
            if (file.width !== size.width || file.height !== size.height) {
                truth.problem = 'compare.size';
                return null;
            }
            const drawn = decodeRuns(file.runs, united.length);
            for (let index = 0; index < united.length; index++) if (drawn[index]) united[index] = 255;
            continue;
        }
        let image;
        try {
            image = await engine.pool.decode(file);
        } catch {
            truth.problem = 'compare.unreadable';
            return null;
        }
        if (image.width !== size.width || image.height !== size.height) {
            truth.problem = 'compare.size';
            return null;
        }
        for (let index = 0; index < united.length; index++)
            if ((image.data[index * image.channels] ?? 0) >= LESION_FROM) united[index] = 255;
    }
    truth.read = { width: size.width, height: size.height, runs: encodeRuns(united) };
    return united;
}

/**
 * Scores a picture's first analysed frame against its ground truth.
 * @param {Item} item
 * @param {Engine} engine
 */
export async function scoreItem(item, engine) {
    const { result, truth } = item;
    if (!result || !truth) return;
    const expected = await readTruth(item, engine, result);
    if (!expected) {
        truth.scores = null;
        return;
    }
    const mask = decodeRuns(result.runs, result.width * result.height);
    truth.scores = compareMasks(mask, expected, result.width, result.height);
}
