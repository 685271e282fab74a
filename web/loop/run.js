/** Segments the frames of a loop that have no answer yet, several at a time. What is done stays when it is stopped. */
import { frameProblem } from '../state/damage.js';
import { isAtPoint } from '../state/answers.js';
import { loopMapsKept } from '../state/maps.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
 */

/**
 * @param {Item} item
 * @param {number} threshold in force
 * @param {number} operatingPoint in force
 * @returns {number[]} frames without an answer at these settings, without those that cannot be read
 */
export function openFrames({ results, stale, frameProblems, frameCount }, threshold, operatingPoint) {
    const frames = [];
    for (let frame = 0; frame < frameCount; frame++) {
        const result = results.get(frame);
        const current = result && !stale.has(frame) && result.threshold === threshold && isAtPoint(result, operatingPoint);
        if (!current && !frameProblems.has(frame)) frames.push(frame);
    }
    return frames;
}

/**
 * @param {object} parts
 * @param {Item} parts.item
 * @param {number[]} parts.frames
 * @param {Engine} parts.engine
 * @param {Queue} parts.queue
 * @param {Opener} parts.opener
 * @param {AbortSignal} parts.signal stops it
 * @param {(done: number) => void} parts.onProgress after each frame, read or not
 * @returns {Promise<void>} rejects when something else than a single frame is at fault
 */
export async function segmentFrames({ item, frames, engine, queue, opener, signal, onProgress }) {
    await opener.open(item, engine);
    let next = 0;
    let done = 0;
    const size = item.results.values().next().value;
    const firstKept = size ? frames.length - loopMapsKept(size) : 0;
    const segment = async (/** @type {number} */ index) => {
        const frame = /** @type {number} */ (frames[index]);
        try {
            await queue.segmentFrame(engine, item, frame, signal, index >= firstKept);
        } catch (error) {
            if (signal.aborted) return;
            if (!frameProblem(item, frame, error)) {
                next = frames.length;
                throw error;
            }
        }
        onProgress(++done);
    };
    const work = async () => {
        while (next < frames.length && !signal.aborted) await segment(next++);
    };
    try {
        // One more than there are workers: the next frame is decoded while the workers are busy.
        const lanes = await Promise.allSettled(Array.from({ length: engine.pool.size + 1 }, work));
        for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    } finally {
        opener.release(item);
    }
}
