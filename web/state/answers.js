/** The network's answer about a frame, as the page keeps it. */
import { overlap } from '../edit/boxes.js';
import { NO_PROMPTS } from '../edit/prompts.js';
import { encodeRuns } from '../edit/runs.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation
 * @typedef {import('../edit/edits.js').Edits} Edits
 * @typedef {import('./item.js').FrameResult} FrameResult
 */

/**
 * @param {Segmentation} answer
 * @param {number} threshold that made it
 * @param {Prompts} prompts that made it
 * @param {Edits | null} edits
 * @param {FrameResult['regionsFrom']} regionsFrom
 * @returns {FrameResult} without the painted edits: masks.js applies them
 */
export function frameResult(answer, threshold, prompts, edits, regionsFrom) {
    const { width, height, type, probabilities, presence, operatingPoint, outlierScore, regions, milliseconds, possible } = answer;
    // Without a decision in the weights the presence of an outline is that of the image, which is shown already.
    const lesions = operatingPoint ? answer.lesions : answer.lesions.map(lesion => ({ ...lesion, presence: 0 }));
    const runs = encodeRuns(answer.mask);
    const possibleRuns = answer.possibleMask ? encodeRuns(answer.possibleMask) : null;
    return {
        width, height, type, probabilities, presence, operatingPoint, outlierScore, regions, regionsFrom, milliseconds, threshold, lesions, possible, runs,
        foreign: !answer.looksLikeUltrasound,
        warnings: answer.warnings,
        overlayShare: answer.overlayShare,
        network: { threshold, prompts, lesions, possible, runs, possibleRuns, alone: null },
        edits,
    };
}

/**
 * @param {FrameResult} result
 * @returns {Prompts} of the user
 */
export function promptsOf({ edits }) {
    return edits?.prompts ?? NO_PROMPTS;
}

/**
 * The network refuses prompts beside the regions. They stay among the user's, and count again when a region holds them.
 * @param {Prompts} prompts
 * @param {import('../../wasm/sonomask.js').Rectangle[]} regions empty: unknown
 * @returns {Prompts} those in the regions
 */
export function promptsWithin(prompts, regions) {
    if (regions.length === 0) return prompts;
    const { clicks = [], box } = prompts;
    const holds = (/** @type {{ x: number, y: number }} */ at) => regions.some(region => isInside(at, region));
    const met = box && regions.some(region => overlap(region, box));
    return { clicks: clicks.filter(holds), ...(met ? { box } : {}) };
}

/**
 * @param {{ x: number, y: number }} at
 * @param {import('../../wasm/sonomask.js').Rectangle} region
 */
export function isInside(at, { x, y, width, height }) {
    return at.x >= x && at.y >= y && at.x < x + width && at.y < y + height;
}

/**
 * @param {FrameResult} result
 * @param {number} kept of the operating point in force
 * @returns {boolean} whether the answer was made at that operating point; without any in the weights, always
 */
export function isAtPoint({ operatingPoint }, kept) {
    return operatingPoint === null || Math.abs(operatingPoint.kept - kept) < 0.01; // `kept` is a float32 in the weights
}

/**
 * Sets an item back to waiting when it has an answer of another operating point. Such frames of a loop are analysed again.
 * @param {import('./item.js').Item} item
 * @param {number} kept of the operating point in force
 * @returns {boolean} whether it was set back
 */
export function setBackToPoint(item, kept) {
    const others = [...item.results].filter(([, result]) => !isAtPoint(result, kept));
    return others.length > 0 && setBack(item, others.map(([frame]) => frame));
}

/**
 * Sets an item back to waiting, so that its frame in view and, of a loop, these frames are analysed again.
 * @param {import('./item.js').Item} item
 * @param {Iterable<number>} frames
 * @returns {boolean} whether it was set back; one that is not done is left to the queue
 */
export function setBack(item, frames) {
    if (item.frameCount > 1) for (const frame of frames) item.stale.add(frame);
    if (item.state !== 'done') return false;
    item.state = 'waiting';
    if (item.truth) item.truth.scores = null;
    return true;
}

/**
 * @param {FrameResult} result
 * @param {number} threshold
 * @returns {boolean} whether the network has answered these prompts; without prompts its map serves every threshold
 */
export function isCurrent(result, threshold) {
    const { network } = result;
    const prompts = promptsOf(result);
    return network.prompts === prompts && (prompts === NO_PROMPTS || network.threshold === threshold);
}

/**
 * A frame whose map is no longer kept is segmented again. It keeps its steady outlines when the network answers the same.
 * @param {FrameResult | undefined} earlier
 * @param {FrameResult} result changed in place
 */
export function keepSteady(earlier, result) {
    const alone = earlier?.network.alone;
    const { threshold, prompts, runs } = result.network;
    if (!earlier || !alone || earlier.network.threshold !== threshold || earlier.network.prompts !== prompts) return;
    if (alone.runs.length !== runs.length || alone.runs.some((run, index) => run !== runs[index])) return;
    result.network = earlier.network;
    const { lesions, possible, runs: steady } = earlier.network;
    Object.assign(result, { lesions, possible, runs: steady });
}
