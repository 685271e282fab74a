/**
 * The page's engine: a pool of workers that segment, and one instance without weights on the main thread that measures a
 * stored probability map at once when the threshold or the edits change.
 */
import { Sonomask, SonomaskError, SonomaskPool } from '../../wasm/sonomask.js';
import { browser } from '../../wasm/platform-browser.js';
import { loadModule } from '../../wasm/resources.js';
import { inlined } from './inlined.js';
import { checkWeights, fetchWeights, ResourceError } from './weights.js';

/** More workers than this cost memory and are rarely used. */
const MOST_WORKERS = 8;

/**
 * @typedef {object} Engine
 * @property {SonomaskPool} pool
 * @property {Sonomask} measurer
 * @property {import('./weights.js').CheckedWeights} weights
 */

/**
 * Loads everything in parallel: the first worker starts while the checksum of the weights is computed. The engine is
 * returned only after the check, so altered weights are never used.
 * @param {(share: number) => void} onProgress of the download, 0..1
 * @returns {Promise<Engine>}
 */
export async function loadEngine(onProgress) {
    const module = loadModule(inlined?.wasm ?? browser.wasm(), browser);
    const weights = fetchWeights(onProgress);
    const loadingPool = SonomaskPool.load({
        wasm: module,
        weights,
        size: Math.max(1, Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS)),
        worker: inlined?.worker ?? new URL('./worker.js', import.meta.url),
        // A worker that starts again would request its script again, and a loaded page makes no requests.
        idleMilliseconds: Infinity,
    });
    const loadingMeasurer = Sonomask.load({ wasm: module, weights: null });
    // Errors are reported in the order of the awaits below, not in the order in which they happen.
    for (const loading of [loadingPool, loadingMeasurer]) loading.catch(() => undefined);
    try {
        return { weights: await checkWeights(await weights), pool: await loadingPool, measurer: await loadingMeasurer };
    } catch (error) {
        void loadingPool.then(pool => pool.dispose());
        throw error;
    }
}

/**
 * Prepares what is used later, so that it needs no request and no delay then.
 * @param {Engine} engine
 */
export async function warmEngine({ pool, measurer }) {
    // The pool starts a worker, which loads its script, only when there is work for it.
    const nothing = new Uint8Array(4);
    await Promise.all(Array.from({ length: pool.size }, () => pool.contours(nothing, 2, 2)));
    // Browsers compile a function at its first call, so these functions are called once now.
    measurer.measure(new Float32Array(4).fill(1), 2, 2, { threshold: 0.5, minimumArea: 0 });
    measurer.contours(new Uint8Array(4).fill(1), 2, 2);
}

/** Error codes that have a text in the language files. */
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
 * The text for an error: a key of the language files, and the library's own message.
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
 * @returns {boolean} whether the work was cancelled, which is not a failure
 */
export function isAborted(error) {
    return error instanceof SonomaskError && error.code === 'aborted';
}

/**
 * @param {unknown} error
 * @returns {boolean} whether the input itself is at fault, so that trying again is of no use
 */
export function isRefused(error) {
    return error instanceof SonomaskError && error.code === 'argument';
}
