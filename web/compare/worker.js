/** Compares masks away from the main thread, which draws and follows the pointer meanwhile. */
import { decodeRuns } from '../state/masks.js';
import { scoresOf } from './metrics.js';

postMessage({ id: 0, scores: null }); // it runs

addEventListener('message', ({ data: { id, width, height, mask, truth, parts } }) => {
    const pixels = width * height;
    postMessage({ id, scores: scoresOf(decodeRuns(mask, pixels), decodeRuns(truth, pixels), width, height, parts && decodeRuns(parts, pixels)) });
});
