/** The Python package against the native command, on the same image file: short alternating runs. */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { spread } from '../lib/pairs.js';
import { BUILD, RESULTS, ROOT, SONOMASK, progress, reason, run } from '../lib/project.js';

/** Where `make test-python` installs the wheel. */
const PYTHON = path.join(BUILD, 'python/venv/bin/python');
const SCRIPT = path.join(ROOT, 'tests/bench/python_segment.py');
const TARGET = 0.769; // 1 / 1.3
const ROUNDS = 7;
const IMAGES = 40;
const WIDTH = 600, HEIGHT = 450;

/** @returns {Promise<string[]>} the same image under many names, because the command answers each file once */
async function prepare() {
    const folder = path.join(RESULTS, 'python');
    await run(SONOMASK, ['phantom', '--out', folder, '--count', '1', '--width', String(WIDTH), '--height', String(HEIGHT)]);
    const copies = path.join(folder, 'copies');
    await mkdir(copies, { recursive: true });
    const files = Array.from({ length: IMAGES }, (_, index) => path.join(copies, `${index}.png`));
    await Promise.all(files.map(file => copyFile(path.join(folder, 'images/phantom_0001.png'), file)));
    return files;
}

/**
 * @param {string[]} files
 * @param {number} threads
 * @returns {Promise<number>} median milliseconds per image, as the command prints them: from the decoding to the mask
 */
async function native(files, threads) {
    const lines = await run(SONOMASK, ['predict', '--threads', String(threads), '--out', path.join(RESULTS, 'python/masks'), ...files]);
    return spread(lines.trim().split('\n').map(line => JSON.parse(line).milliseconds)).median;
}

/** @type {import('../bench.js').Section} */
export async function pythonPackage(results) {
    try {
        await run(PYTHON, ['-c', 'import sonomask']);
    } catch (error) {
        throw new Error(`${PYTHON}: ${reason(error)}; make test-python installs the wheel there`, { cause: error });
    }
    const files = await prepare();
    for (const threads of [1, 2]) {
        progress(`Python against the native command, ${threads} threads`);
        const command = [], python = [];
        for (let round = 0; round < ROUNDS; round++) {
            command.push(await native(files, threads));
            python.push(Number(await run(PYTHON, [SCRIPT, files[0] ?? '', String(threads), String(IMAGES)])));
        }
        results.compare({
            where: 'Python', what: `${WIDTH}x${HEIGHT} PNG, ${threads} thread${threads > 1 ? 's' : ''}`, peer: 'sonomask predict',
            target: TARGET, note: 'at most 1.3 times its time',
        }, python, command);
    }
}
