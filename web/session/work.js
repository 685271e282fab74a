/** What the user did to an image, as plain data: for sessions, and to find out whether anything is not saved yet. */
import { ADD, Edits, ERASE } from '../edit/edits.js';
import { hasPrompts } from '../edit/prompts.js';
import { noReview } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * The edits of a frame, without the steps that can be undone.
 * @typedef {object} SavedEdits
 * @property {number} width
 * @property {number} height
 * @property {Prompts | null} prompts
 * @property {number[]} added run lengths of the painted pixels, alternating, beginning with those that are not painted
 * @property {number[]} erased
 * @property {{ removed: number[], kept: number[] } | null} removal run lengths, see edit/removal.js
 */

/**
 * @param {Uint8Array} layer
 * @param {number} value
 * @returns {number[]} lengths of the runs of pixels that do not have the value and that have it, in turn
 */
function runsOf(layer, value) {
    const runs = [];
    let start = 0;
    while (start < layer.length) {
        const first = layer.indexOf(value, start);
        if (first < 0) break;
        let end = first + 1;
        while (end < layer.length && layer[end] === value) end++;
        runs.push(first - start, end - first);
        start = end;
    }
    return runs;
}

/**
 * @param {Edits} edits
 * @param {ArrayLike<number>} runs
 * @param {number} value of the pixels in the second, fourth ... run
 */
function paintRuns(edits, runs, value) {
    const painted = decodeRuns(Uint32Array.from(runs), edits.width * edits.height);
    edits.set(index => painted[index] !== 0, value);
}

/**
 * @param {Edits | null} edits
 * @returns {SavedEdits | null} null: there are none
 */
export function savedEdits(edits) {
    if (!edits?.any) return null;
    const { width, height, layer, prompts } = edits;
    const removal = edits.removal && { removed: [...edits.removal.removed], kept: [...edits.removal.kept] };
    return { width, height, prompts: hasPrompts(prompts) ? prompts : null, added: runsOf(layer, ADD), erased: runsOf(layer, ERASE), removal };
}

/**
 * @param {SavedEdits} saved
 * @returns {Edits}
 */
export function restoredEdits({ width, height, prompts, added, erased, removal }) {
    const edits = new Edits(width, height);
    if (prompts) edits.prompts = prompts;
    if (removal) edits.removal = { removed: Uint32Array.from(removal.removed), kept: Uint32Array.from(removal.kept) };
    paintRuns(edits, added, ADD);
    paintRuns(edits, erased, ERASE);
    return edits;
}

/**
 * @param {Edits} edits that give exactly this mask from now on, whatever the network answers
 * @param {ArrayLike<number>} runs of the mask
 */
export function setMask(edits, runs) {
    edits.clear();
    edits.set(() => true, ERASE);
    paintRuns(edits, runs, ADD);
}

/**
 * Edits that give exactly this mask, whatever the network answers.
 * @param {{ width: number, height: number, runs: ArrayLike<number> }} mask
 * @returns {Edits}
 */
export function editsFor({ width, height, runs }) {
    const edits = new Edits(width, height);
    setMask(edits, runs);
    return edits;
}

const NO_REVIEW = JSON.stringify(noReview());

/**
 * @param {Item} item
 * @returns {string} the same for the same work; "" for none
 */
export function workOf(item) {
    const frames = [...item.results].flatMap(([frame, { edits }]) => (edits?.any ? [{ frame, ...savedEdits(edits) }] : []));
    const scale = item.scales.find(({ origin }) => origin === 'user') ?? null;
    const review = JSON.stringify(item.review);
    if (!item.onlyHere && frames.length === 0 && !scale && item.rulers.length === 0 && item.threshold === null && item.regions === null && review === NO_REVIEW) return '';
    return JSON.stringify([item.onlyHere, frames, scale, item.rulers, item.threshold, item.regions, review]);
}
