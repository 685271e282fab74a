/** How much of a loop an export holds. */
import { answersOf } from '../state/item.js';

/** @typedef {import('../state/item.js').Item} Item */

/**
 * @param {Item} item
 * @returns {{ frames: number, frames_answered: number, frames_damaged: number[] } | Record<string, never>} frames counted
 *     from 1; nothing for a single picture
 */
export function framesOf(item) {
    if (item.frameCount < 2) return {};
    const damaged = [...item.frameProblems.keys()].sort((a, b) => a - b).map(frame => frame + 1);
    return { frames: item.frameCount, frames_answered: answersOf(item).length, frames_damaged: damaged };
}

/**
 * @param {Iterable<Item>} items
 * @returns {Item[]} loops of which some frames have no answer
 */
export function incompleteLoops(items) {
    return [...items].filter(item => item.state === 'done' && item.frameCount > 1 && answersOf(item).length < item.frameCount);
}
