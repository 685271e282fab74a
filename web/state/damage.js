/** Frames of a loop that cannot be read. Each is named, and the others go on. */
import { problemOf } from '../engine/problems.js';

/** @typedef {import('./item.js').Item} Item */

/** Problems of one frame. Others, such as too little memory or a decoder that hangs, concern the whole file. */
const OF_FRAME = ['problem.dicom-damaged', 'problem.image-empty', 'problem.image-format', 'problem.browser-image'];

/**
 * Notes a frame that cannot be read.
 * @param {Item} item
 * @param {number} frame
 * @param {unknown} error
 * @returns {boolean} whether it is one of a loop, so that the loop goes on
 */
export function frameProblem(item, frame, error) {
    const problem = problemOf(error);
    if (item.frameCount < 2 || !OF_FRAME.includes(problem.key)) return false;
    item.frameProblems.set(frame, problem);
    return true;
}
