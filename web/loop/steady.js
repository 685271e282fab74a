/** Makes the answers of a loop steady over its frames, by the rule of tracks.js, or takes that back. */
import { componentsOf } from '../edit/fill.js';
import { decodeRuns, encodeRuns, measureMask } from '../state/masks.js';
import { lastingFrames, lastingOutlines, link, majority } from './tracks.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').AloneAnswer} AloneAnswer
 * @typedef {import('./tracks.js').Outline & { pixels: Uint32Array }} Outline
 */

const PAUSE_AFTER = 12; // milliseconds of work without a frame of the screen

/** Lets the page draw and answer when the work has taken long. */
class Pauses {
    #since = performance.now();

    async now() {
        if (performance.now() - this.#since < PAUSE_AFTER) return;
        await new Promise(resolve => {
            setTimeout(resolve);
        });
        this.#since = performance.now();
    }
}

/**
 * @param {FrameResult} result
 * @returns {boolean} whether a reader corrected the frame: it then stays as it is
 */
export function isCorrected({ edits }) {
    return edits?.any ?? false;
}

/**
 * @param {FrameResult} result
 * @returns {AloneAnswer} what the network answered about the frame alone
 */
function aloneOf({ network }) {
    const { lesions, possible, runs, possibleRuns } = network.alone ?? network;
    return { lesions, possible, runs, possibleRuns };
}

/**
 * @param {number} frame
 * @param {FrameResult} result
 * @returns {Outline[]}
 */
function outlinesOf(frame, result) {
    const { width, height } = result;
    const fixed = isCorrected(result);
    const { runs, possibleRuns } = fixed ? { runs: result.runs, possibleRuns: null } : aloneOf(result);
    const split = (/** @type {Uint32Array | null} */ of, /** @type {boolean} */ counted) =>
        of ? componentsOf(decodeRuns(of, width * height), width, height).map(pixels => ({ frame, counted, fixed, pixels })) : [];
    return [...split(runs, true), ...split(possibleRuns, false)];
}

/**
 * @param {number} length pixels of the picture
 * @returns {(a: Outline, b: Outline) => number} intersection over union
 */
function overlapIn(length) {
    const marks = new Uint8Array(length);
    return (a, b) => {
        for (const pixel of a.pixels) marks[pixel] = 1;
        let shared = 0;
        for (const pixel of b.pixels) shared += marks[pixel] ?? 0;
        for (const pixel of a.pixels) marks[pixel] = 0;
        return shared / (a.pixels.length + b.pixels.length - shared);
    };
}

/**
 * The ratings of the network belong to its own outlines; the steady outline of the same lesion keeps them.
 * @param {import('../state/item.js').Lesion[]} lesions measured
 * @param {AloneAnswer} alone
 */
function rated(lesions, { lesions: counted, possible }) {
    return lesions.map(lesion => {
        if (lesion.meanProbability > 0) return lesion;
        const distance = (/** @type {import('../state/item.js').Lesion} */ other) =>
            Math.hypot(other.centroid.x - lesion.centroid.x, other.centroid.y - lesion.centroid.y);
        const [nearest] = [...counted, ...possible].sort((a, b) => distance(a) - distance(b));
        if (!nearest) return lesion;
        const { meanProbability, expectedDice, presence, margin } = nearest;
        return { ...lesion, meanProbability, expectedDice, presence, margin };
    });
}

/**
 * @param {Outline[]} outlines
 * @param {number} length
 */
function maskOf(outlines, length) {
    const mask = new Uint8Array(length);
    for (const { pixels } of outlines) for (const pixel of pixels) mask[pixel] = 255;
    return mask;
}

/**
 * @param {FrameResult} result
 * @param {AloneAnswer} answer takes the place of the network's
 * @param {AloneAnswer | null} alone
 */
function put(result, answer, alone) {
    result.network = { ...result.network, ...answer, alone };
    if (!isCorrected(result)) Object.assign(result, { lesions: answer.lesions, possible: answer.possible, runs: answer.runs });
}

/**
 * @param {Item} item with answers
 * @param {Engine} engine
 * @param {number} framesPerSecond
 * @param {() => boolean} wanted false: the work is dropped, and nothing is changed
 * @returns {Promise<boolean>} whether the answers are steady now
 */
export async function makeSteady(item, engine, framesPerSecond, wanted) {
    const pauses = new Pauses();
    const answers = [...item.results].sort(([a], [b]) => a - b);
    const [first] = answers;
    if (!first) return false;
    const length = first[1].width * first[1].height;
    /** @type {Outline[][]} */
    const frames = [];
    for (const [frame, result] of answers) {
        if (result.width * result.height === length) frames.push(outlinesOf(frame, result));
        await pauses.now();
        if (!wanted()) return false;
    }
    const tracks = link(frames, overlapIn(length));
    const lasting = lastingOutlines(tracks, lastingFrames(framesPerSecond, item.frameCount));
    await pauses.now();
    /** Neighbours in the track. @type {Map<Outline, [Outline | undefined, Outline | undefined]>} */
    const beside = new Map();
    for (const track of tracks) track.forEach((outline, at) => beside.set(outline, [track[at - 1], track[at + 1]]));
    const smooth = (/** @type {Outline} */ outline) => {
        const [before, after] = beside.get(outline) ?? [];
        if (!before || !after || before.frame !== outline.frame - 1 || after.frame !== outline.frame + 1) return outline;
        return { ...outline, pixels: majority([before.pixels, outline.pixels, after.pixels], length) };
    };
    /** @type {[FrameResult, AloneAnswer][]} */
    const made = [];
    for (const outlines of frames) {
        const result = item.results.get(outlines[0]?.frame ?? -1);
        if (!result || outlines[0]?.fixed) continue;
        const counted = maskOf(outlines.filter(outline => lasting.has(outline)).map(smooth), length);
        const possible = maskOf(outlines.filter(outline => !lasting.has(outline)), length).map((value, pixel) => (counted[pixel] ? 0 : value));
        const alone = aloneOf(result);
        const holder = { width: result.width, height: result.height, network: { ...result.network, ...alone } };
        const hasPossible = possible.includes(255);
        made.push([result, {
            lesions: rated(measureMask(engine, counted, null, holder), alone),
            possible: hasPossible ? rated(measureMask(engine, possible, null, holder), alone) : [],
            runs: encodeRuns(counted),
            possibleRuns: hasPossible ? encodeRuns(possible) : null,
        }]);
        await pauses.now();
        if (!wanted()) return false;
    }
    // An answer that was replaced meanwhile keeps what replaced it.
    const current = new Set(item.results.values());
    for (const [result, answer] of made) if (current.has(result) && !isCorrected(result)) put(result, answer, aloneOf(result));
    return true;
}

/** @param {Item} item gets the network's answers about each frame alone */
export function undoSteady(item) {
    for (const result of item.results.values()) if (result.network.alone) put(result, result.network.alone, null);
}
