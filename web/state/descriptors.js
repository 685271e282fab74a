/**
 * The words of outlines. The network's outlines have them; those that the reader drew or changed, and those of a session, get
 * them here, as reading the image takes a moment.
 */
import { answersOf } from './item.js';
import { decodeRuns } from './masks.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('./item.js').FrameResult} FrameResult
 * @typedef {import('./item.js').Item} Item
 * @typedef {import('./item.js').Lesion} Lesion
 * @typedef {import('./opener.js').Opener} Opener
 */

/**
 * @param {Lesion} a
 * @param {Lesion} b
 */
function isSame(a, b) {
    return a.area === b.area && a.bbox.x === b.bbox.x && a.bbox.y === b.bbox.y && a.bbox.width === b.bbox.width && a.bbox.height === b.bbox.height;
}

/**
 * @param {FrameResult} result
 * @returns {boolean} whether an outline that counts has no words yet
 */
export function lacksWords({ lesions }) {
    return lesions.some(({ descriptors }) => !descriptors);
}

/**
 * Gives words to the outlines of an answer that have none.
 * @param {Item} item
 * @param {number} frame
 * @param {FrameResult} result
 * @param {Engine} engine
 * @param {Opener} opener
 */
async function describe(item, frame, { lesions, runs, width, height, regions }, engine, opener) {
    const source = await opener.open(item, engine);
    try {
        const input = await source.input(frame);
        const image = 'width' in input && 'data' in input ? input : await engine.pool.decode(input);
        const places = regions.map(({ x, y, width: across, height: down }) => ({ x, y, width: across, height: down }));
        const { lesions: found } = await engine.pool.measure(decodeRuns(runs, width * height), width, height, { image, regions: places, minimumArea: 0 });
        for (const lesion of lesions) lesion.descriptors ??= found.find(other => isSame(other, lesion))?.descriptors ?? null;
    } finally {
        opener.release(item);
    }
}

/**
 * @param {Iterable<Item>} items whose answers all get their words; an image that cannot be read keeps its outlines without
 * @param {Engine} engine
 * @param {Opener} opener
 */
export async function describeAll(items, engine, opener) {
    for (const item of items)
        for (const { frame, result } of answersOf(item))
            if (lacksWords(result)) await describe(item, frame, result, engine, opener).catch(() => undefined);
}
