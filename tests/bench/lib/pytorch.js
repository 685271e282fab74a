/** PyTorch, if the system's Python has it: one short run of pytorch.py per call. */
import path from 'node:path';
import { PYTHON, ROOT, run } from './project.js';

/** Keeps freed memory in the process: without these, page faults make PyTorch's training up to eight times slower. */
const MEMORY_SETTINGS = {
    MALLOC_MMAP_MAX_: '0',
    MALLOC_TRIM_THRESHOLD_: '200000000000',
    MALLOC_TOP_PAD_: '268435456',
};

/**
 * @param {string[]} parameters of pytorch.py
 * @returns {Promise<(seconds: number) => Promise<number>>} runs for that time and resolves to the median, milliseconds
 */
export async function pytorch(parameters) {
    try {
        await run(PYTHON, ['-c', 'import torch']);
    } catch {
        throw new Error(`${PYTHON} has no torch; apt-get install python3-torch`);
    }
    const script = path.join(ROOT, 'tests/bench/pytorch.py');
    return async seconds => Number(await run(PYTHON, [script, ...parameters, '--seconds', String(seconds)], MEMORY_SETTINGS));
}
