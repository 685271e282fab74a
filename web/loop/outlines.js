/** Makes masks that were read from a file the outlines of a loop's frames, as edits that can be undone. */
import { frameProblem } from '../state/damage.js';
import { setMask } from '../session/work.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('../state/item.js').DrawnMask} DrawnMask
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
 */

/**
 * @param {object} parts
 * @param {Item} parts.item
 * @param {Map<number, DrawnMask>} parts.masks by frame, from 0 on
 * @param {Engine} parts.engine
 * @param {Queue} parts.queue
 * @param {Opener} parts.opener
 * @param {(width: number, height: number) => import('../edit/edits.js').Edits} parts.makeEdits
 * @param {AbortSignal} parts.signal stops it; frames that are done stay so
 * @param {(frame: number) => void} parts.onFrame
 * @returns {Promise<number[]>} the frames that have their outlines; others are missing, cannot be read, or are of another size
 */
export async function giveOutlines({ item, masks, engine, queue, opener, makeEdits, signal, onFrame }) {
    const given = [];
    await opener.open(item, engine);
    try {
        for (const [frame, mask] of [...masks].sort(([a], [b]) => a - b)) {
            if (signal.aborted) break;
            if (frame >= item.frameCount) continue;
            try {
                if (!item.results.has(frame)) await queue.segmentFrame(engine, item, frame, signal);
                const result = item.results.get(frame);
                if (!result || result.width !== mask.width || result.height !== mask.height) continue;
                const edits = result.edits ?? makeEdits(result.width, result.height);
                result.edits = edits;
                edits.begin();
                setMask(edits, mask.apart ?? mask.runs);
                edits.commit();
                // The network's answer and the edits together.
                await queue.segmentFrame(engine, item, frame, signal);
                given.push(frame);
            } catch (error) {
                if (signal.aborted) break;
                if (!frameProblem(item, frame, error)) throw error;
            }
            onFrame(frame);
        }
    } finally {
        opener.release(item);
    }
    return given;
}
