/** Weights that take clicks, for the tests of corrections. */
import path from 'node:path';

import { BUILD, execute } from './project.js';

/**
 * Weights of an untrained network with a decision: at the operating point 0.8 no outline counts, at 0.95 every one does.
 * @param {string} folder for the file
 * @returns {Promise<string>} the file
 */
export async function makePromptWeights(folder) {
    const file = path.join(folder, 'clicks.safetensors');
    await execute(path.join(BUILD, 'tests/prompt_weights'), [file]);
    return file;
}
