/**
 * Carries a reader's correction to the neighbouring frames: the network outlines the lesion there from a box around the
 * corrected outline, or from one click in each of several outlines, and a click outside on each outline that was removed.
 * Each frame hands its own outline on to the next one, so the outline follows the lesion.
 */
import { componentsOf } from '../edit/fill.js';
import { frameProblem } from '../state/damage.js';
import { decodeRuns } from '../state/masks.js';
import { isCorrected } from './steady.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('../edit/edits.js').Edits} Edits
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
 */

const LEAST_OVERLAP = 0.3; // IoU with the frame before; below, the lesion is lost
const MOST_OUTLINES = 20;

/**
 * @typedef {object} Hold what a frame hands on
 * @property {Uint32Array[]} outlines pixels of each
 * @property {Uint32Array[]} removed pixels of outlines that the reader removed
 */

/**
 * @param {Uint32Array} pixels
 * @param {number} width
 * @returns {{ x: number, y: number }} the middle of the pixel nearest to the centroid
 */
function middleOf(pixels, width) {
    let [sumX, sumY] = [0, 0];
    for (const pixel of pixels) {
        sumX += pixel % width;
        sumY += Math.floor(pixel / width);
    }
    const [x, y] = [sumX / pixels.length, sumY / pixels.length];
    const distance = (/** @type {number} */ pixel) => (pixel % width - x) ** 2 + (Math.floor(pixel / width) - y) ** 2;
    const best = pixels.reduce((nearest, pixel) => (distance(pixel) < distance(nearest) ? pixel : nearest), pixels[0] ?? 0);
    return { x: (best % width) + 0.5, y: Math.floor(best / width) + 0.5 };
}

/**
 * @param {Uint32Array} pixels
 * @param {number} width
 */
function boxOf(pixels, width) {
    let [left, right, top, bottom] = [Infinity, 0, Infinity, 0];
    for (const pixel of pixels) {
        const x = pixel % width;
        const y = Math.floor(pixel / width);
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
    }
    return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * @param {FrameResult} result
 * @param {Uint32Array} runs
 */
function split({ width, height }, runs) {
    return componentsOf(decodeRuns(runs, width * height), width, height);
}

/**
 * @param {Uint32Array[]} a
 * @param {Uint32Array[]} b
 * @returns {number} intersection over union of all outlines; 1 for none and none
 */
export function overlapOf(a, b) {
    const first = new Set(a.flatMap(pixels => [...pixels]));
    const second = new Set(b.flatMap(pixels => [...pixels]));
    let shared = 0;
    for (const pixel of first) if (second.has(pixel)) shared++;
    const all = first.size + second.size - shared;
    return all > 0 ? shared / all : 1;
}

/**
 * @param {FrameResult} result corrected
 * @returns {Hold}
 */
function holdOf(result) {
    const outlines = split(result, result.runs);
    const answered = split(result, (result.network.alone ?? result.network).runs);
    return { outlines, removed: answered.filter(pixels => outlines.every(outline => overlapOf([pixels], [outline]) === 0)) };
}

/**
 * @param {Hold} hold
 * @param {FrameResult} result of the frame that gets the correction
 * @returns {{ prompts: Required<Pick<Prompts, 'clicks'>> & Prompts, removed: Uint32Array[] } | null} null: there is nothing to carry
 */
export function promptsFrom({ outlines, removed }, result) {
    const { width } = result;
    const gone = split(result, result.runs).filter(pixels => removed.some(other => overlapOf([pixels], [other]) >= LEAST_OVERLAP));
    const outside = gone.map(pixels => ({ ...middleOf(pixels, width), inside: false }));
    const [only, ...others] = outlines;
    if (!only) return outside.length > 0 ? { prompts: { clicks: outside }, removed: gone } : null;
    if (others.length === 0) return { prompts: { clicks: outside, box: boxOf(only, width) }, removed: gone };
    const inside = outlines.slice(0, MOST_OUTLINES).map(pixels => ({ ...middleOf(pixels, width), inside: true }));
    return { prompts: { clicks: [...inside, ...outside] }, removed: gone };
}

/**
 * @param {Edits} edits
 * @param {Prompts} prompts
 */
function apply(edits, { clicks = [], box }) {
    edits.begin();
    if (box) edits.box(box);
    for (const click of clicks) edits.click(click);
    edits.commit();
}

/**
 * @param {object} parts
 * @param {Item} parts.item
 * @param {number} parts.frame corrected
 * @param {number} parts.steps frames on each side, at most
 * @param {Engine} parts.engine
 * @param {Queue} parts.queue
 * @param {Opener} parts.opener
 * @param {(width: number, height: number) => Edits} parts.makeEdits
 * @param {AbortSignal} parts.signal
 * @param {(frame: number) => void} parts.onFrame
 * @returns {Promise<Map<number, unknown>>} the frames that got the correction, each with the step that did it. A frame that a
 *     reader corrected is never changed, and ends it on its side; so does a frame in which the lesion is lost
 */
export async function carry({ item, frame, steps, engine, queue, opener, makeEdits, signal, onFrame }) {
    const start = item.results.get(frame);
    if (!start) return new Map();
    await opener.open(item, engine);
    /** @type {Map<number, unknown>} */
    const carried = new Map();
    const take = async (/** @type {number} */ at, /** @type {Hold} */ hold) => {
        if (!item.results.has(at)) await queue.segmentFrame(engine, item, at, signal);
        const result = item.results.get(at);
        if (!result || isCorrected(result)) return null;
        const next = promptsFrom(hold, result);
        if (!next) return null;
        const edits = result.edits ?? makeEdits(result.width, result.height);
        result.edits = edits;
        apply(edits, next.prompts);
        try {
            await queue.segmentFrame(engine, item, at, signal);
        } catch (error) {
            edits.undo();
            throw error;
        }
        const refined = item.results.get(at);
        const outlines = refined ? split(refined, refined.runs) : [];
        if (hold.outlines.length > 0 && overlapOf(outlines, hold.outlines) < LEAST_OVERLAP) {
            edits.undo();
            await queue.segmentFrame(engine, item, at, signal);
            return null;
        }
        return { outlines, removed: next.removed };
    };
    const follow = async (/** @type {1 | -1} */ direction) => {
        let hold = holdOf(start);
        for (let step = 1; step <= steps && !signal.aborted; step++) {
            const at = frame + step * direction;
            if (at < 0 || at >= item.frameCount) return;
            try {
                const next = await take(at, hold);
                if (!next) return;
                hold = next;
                carried.set(at, item.results.get(at)?.edits?.lastStep);
                onFrame(at);
            } catch (error) {
                if (signal.aborted) return;
                if (!frameProblem(item, at, error)) throw error;
            }
        }
    };
    try {
        await follow(1);
        await follow(-1);
    } finally {
        opener.release(item);
    }
    return carried;
}

/**
 * Takes the correction back, but not in frames that were edited since.
 * @param {object} parts
 * @param {Item} parts.item
 * @param {Map<number, unknown>} parts.carried frames that got it, with their steps
 * @param {Engine} parts.engine
 * @param {Queue} parts.queue
 * @param {Opener} parts.opener
 * @returns {Promise<number[]>} frames that stay as they are
 */
export async function uncarry({ item, carried, engine, queue, opener }) {
    const kept = [];
    await opener.open(item, engine);
    try {
        for (const [frame, step] of carried) {
            const edits = item.results.get(frame)?.edits;
            if (!edits || edits.lastStep !== step) {
                kept.push(frame);
                continue;
            }
            edits.undo();
            await queue.segmentFrame(engine, item, frame);
        }
    } finally {
        opener.release(item);
    }
    return kept;
}
