/** Which answers there are to export. */

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @param {Item} item
 * @returns {{ frame: number, result: FrameResult }[]} one for a still picture; of a loop every frame that was looked at
 */
export function answersOf(item) {
    if (item.state !== 'done') return [];
    return [...item.results].map(([frame, result]) => ({ frame, result })).sort((a, b) => a.frame - b.frame);
}

/**
 * @param {Item} item
 * @returns {{ frame: number, result: FrameResult } | null} of the frame in view, else the first one looked at
 */
export function answerInView(item) {
    const answers = answersOf(item);
    return answers.find(({ frame }) => frame === item.frame) ?? answers[0] ?? null;
}
