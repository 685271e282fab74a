/** Paths of the project, and helpers to run programs. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import v8 from 'node:v8';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
/** The folder of `make`'s BUILD. */
export const BUILD = path.resolve(ROOT, process.env.BUILD ?? 'build');
export const WEIGHTS = process.env.SONOMASK_MODEL ?? path.join(ROOT, 'weights/sonomask.safetensors');
// Node 20 has relaxed SIMD behind a flag, later versions have it without. The flag is set here for the tests that name
// the module; others load what the package chooses.
v8.setFlagsFromString('--experimental-wasm-relaxed-simd');
export const RELAXED_WASM = path.join(ROOT, 'wasm/sonomask.relaxed.wasm');
export const SIMD_WASM = path.join(ROOT, 'wasm/sonomask.simd.wasm');
export const SCALAR_WASM = path.join(ROOT, 'wasm/sonomask.scalar.wasm');
export const CLI = path.join(ROOT, 'wasm/cli.js');

const run = promisify(execFile);

/**
 * Runs a program; fails when its exit status is not 0.
 * @param {string} program
 * @param {string[]} parameters
 * @param {import('node:child_process').ExecFileOptions} [options]
 */
export async function execute(program, parameters, options = {}) {
    const { stdout, stderr } = await run(program, parameters, { maxBuffer: 1 << 26, ...options, encoding: 'utf8' });
    return { stdout, stderr };
}

/**
 * Runs a program and returns its exit status.
 * @param {string} program
 * @param {string[]} parameters
 * @param {import('node:child_process').ExecFileOptions} [options]
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
export async function attempt(program, parameters, options) {
    try {
        return { status: 0, ...(await execute(program, parameters, options)) };
    } catch (error) {
        const { code, stdout, stderr } = /** @type {any} */ (error);
        if (typeof code !== 'number') throw error;
        return { status: code, stdout, stderr };
    }
}

/**
 * A temporary folder that is removed after the test.
 * @param {{ after: (hook: () => Promise<void>) => void }} context of the test
 * @returns {Promise<string>}
 */
export async function temporaryFolder(context) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-test-'));
    context.after(() => rm(folder, { recursive: true, force: true }));
    return folder;
}

/**
 * @param {string} folder where the phantoms go
 * @param {number} count
 * @param {number} seed
 * @returns {Promise<string[]>} their image files
 */
export async function makePhantoms(folder, count, seed) {
    await execute(path.join(BUILD, 'sonomask'),
        ['phantom', '--out', folder, '--count', String(count), '--seed', String(seed)]);
    const [header = '', ...lines] = (await readFile(path.join(folder, 'manifest.csv'), 'utf8')).trim().split(/\r?\n/);
    const column = header.split(',').indexOf('image');
    return lines.map((line) => path.join(folder, line.split(',')[column] ?? ''));
}

/**
 * Images of the public data sets, when ../shared/data exists.
 * @param {number} count of each set
 * @returns {Promise<string[]>}
 */
export async function realImages(count) {
    const found = [];
    for (const name of ['busi', 'busbra']) {
        const folder = path.resolve(ROOT, '../shared/data', name);
        const manifest = path.join(folder, 'manifest.csv');
        if (!existsSync(manifest)) continue;
        const [header = '', ...lines] = (await readFile(manifest, 'utf8')).trim().split(/\r?\n/);
        const column = header.split(',').indexOf('image');
        const step = Math.floor(lines.length / count);
        for (let index = 0; index < count; index++)
            found.push(path.join(folder, (lines[index * step] ?? '').split(',')[column] ?? ''));
    }
    return found;
}
