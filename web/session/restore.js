/** Makes items of the page from those of a session. */
import { NO_PROMPTS } from '../edit/prompts.js';
import { Item } from '../state/item.js';
import { element } from '../ui/dom.js';
import { editsFor, restoredEdits } from './work.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('./format.js').SavedItem} SavedItem
 * @typedef {import('./format.js').SavedResult} SavedResult
 */

/**
 * @param {SavedResult} saved
 * @returns {FrameResult}
 */
function resultFrom(saved) {
    const edits = saved.edits && restoredEdits(saved.edits);
    // Prompts are compared by identity: the network has answered those of the edits when they are the same object.
    const same = edits && JSON.stringify(edits.prompts) === JSON.stringify(saved.network.prompts);
    const prompts = same ? edits.prompts : (saved.network.prompts ?? NO_PROMPTS);
    return { ...saved, edits, network: { ...saved.network, prompts } };
}

/**
 * @param {SavedResult} saved
 * @returns {FrameResult} with edits that give the mask of the session with any network
 */
function frozenFrom(saved) {
    const { width, height, runs } = saved;
    return { ...resultFrom(saved), edits: editsFor({ width, height, runs }) };
}

/**
 * @param {SavedItem} saved
 * @param {Blob | null} file null: it is missing
 * @param {boolean} sameWeights whether the page's network has made the answers. Otherwise images are analysed again;
 *     outlines that the reader edited or decided about are kept as they are.
 * @returns {Item}
 */
export function itemFrom(saved, file, sameWeights) {
    const item = new Item(file ?? new Blob(), saved.name, saved.path);
    const { bytes, sha256, kind, frame, frameCount, threshold, regions, scales, rulers, review } = saved;
    Object.assign(item, { bytes, sha256, kind, frame, frameCount, threshold, regions, scales, rulers, review });
    for (const { frame: number, result } of saved.answers) {
        const kept = sameWeights || (!result.edits && review.state === 'open');
        item.results.set(number, kept ? resultFrom(result) : frozenFrom(result));
    }
    item.stale = new Set(sameWeights ? saved.stale : item.results.keys());
    const done = saved.answers.length > 0 && sameWeights && item.stale.size === 0;
    item.state = file ? (done ? 'done' : 'waiting') : 'missing';
    // The frame in view needs an answer of its own.
    if (item.results.size > 0 && !item.results.has(frame)) item.frame = /** @type {number} */ ([...item.results.keys()][0]);
    if (saved.thumbnail) item.thumbnail = element('img', { src: saved.thumbnail, alt: '', loading: 'lazy', decoding: 'async' });
    if (saved.truths) item.truth = { files: [], scores: null, problem: null, read: null, frames: saved.truths };
    else if (saved.truth) item.truth = { files: [saved.truth], scores: null, problem: null, read: saved.truth };
    return item;
}

/**
 * The file of a missing item was found.
 * @param {Item} item
 * @param {File} file
 * @param {boolean} sameWeights
 */
export function attachFile(item, file, sameWeights) {
    item.file = file;
    item.name = file.name;
    item.bytes = file.size;
    item.state = item.results.size > 0 && sameWeights && item.stale.size === 0 ? 'done' : 'waiting';
}
