/**
 * The page's engine: a pool of workers that segment, and one instance without weights on the main thread that measures
 * a stored probability map at once when the threshold moves or somebody paints.
 */
import { Sonomask, SonomaskError, SonomaskPool } from '../../wasm/sonomask.js';
import { inlined } from './inlined.js';
import { fetchWeights, ResourceError } from './weights.js';

/** More workers than this only cost memory: a page has rarely more pictures in flight. */
const MOST_WORKERS = 8;

/**
 * @typedef {object} Engine
 * @property {SonomaskPool} pool
 * @property {Sonomask} measurer
 * @property {{ sha256: string, verified: boolean, bytes: number }} weights
 */

/**
 * @param {(share: number) => void} onProgress of the download, 0..1
 * @returns {Promise<Engine>}
 */
export async function loadEngine(onProgress) {
    const wasm = inlined?.wasm;
    const [weights, measurer] = await Promise.all([fetchWeights(onProgress), Sonomask.load({ wasm, weights: null })]);
    const pool = await SonomaskPool.load({
        wasm,
        weights: weights.bytes,
        size: Math.max(1, Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS)),
        worker: inlined?.worker ?? new URL('./worker.js', import.meta.url),
        // Workers that end and start again would ask for their script again: the page stays silent instead.
        idleMilliseconds: Infinity,
    });
    // Workers start when there is work for them; now is the time to load their scripts, not while pictures wait.
    const nothing = new Uint8Array(4);
    await Promise.all(Array.from({ length: pool.size }, () => pool.contours(nothing, 2, 2)));
    // The same for the code on this thread: browsers compile a function when it is first called.
    measurer.measure(new Float32Array(4).fill(1), 2, 2, { threshold: 0.5, minimumArea: 0 });
    measurer.contours(new Uint8Array(4).fill(1), 2, 2);
    const { sha256, verified } = weights;
    return { pool, measurer, weights: { sha256, verified, bytes: weights.bytes.byteLength } };
}

/** What the language files have a sentence for. */
const KNOWN = /** @type {const} */ ([
    'memory',
    'image-empty',
    'image-format',
    'image-too-large',
    'image-too-small',
    'weights',
    'load-wasm',
    'load-weights',
    'worker',
    'weights-missing',
    'weights-html',
    'weights-altered',
]);

/**
 * Why something failed, as a key of the language files, with the library's own line.
 * @param {unknown} error
 * @returns {import('../state/item.js').Item['problem'] & object}
 */
export function problemOf(error) {
    const code = error instanceof SonomaskError ? error.code : error instanceof ResourceError ? error.reason : '';
    const detail = error instanceof Error ? error.message : String(error);
    const known = KNOWN.find(name => name === code);
    return { key: known ? `problem.${known}` : 'problem.unknown', detail };
}

/**
 * @param {unknown} error
 * @returns {boolean} whether somebody stopped it, so that it is no failure
 */
export function isAborted(error) {
    return error instanceof SonomaskError && error.code === 'aborted';
}
