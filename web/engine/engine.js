/**
 * The page's engine: a pool of workers that segment, and one instance without weights on the main thread that measures a
 * stored probability map at once when the threshold or the edits change.
 */
import { Sonomask, SonomaskPool } from '../../wasm/sonomask.browser.js';
import { earlyModule, startWorker } from './early.js';
import { checkWeights, fetchChecksum, fetchWeights } from './weights.js';

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
    const module = earlyModule();
    const weights = fetchWeights(onProgress);
    const checksum = fetchChecksum();
    const loadingPool = SonomaskPool.load({
        wasm: module,
        weights,
        size: Math.max(1, Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS)),
        worker: startWorker,
        // A worker that starts again would request its script again, and a loaded page makes no requests.
        idleMilliseconds: Infinity,
    });
    const loadingMeasurer = Sonomask.load({ wasm: module, weights: null });
    // Errors are reported in the order of the awaits below, not in the order in which they happen.
    for (const loading of [loadingPool, loadingMeasurer]) loading.catch(() => undefined);
    try {
        return { weights: await checkWeights(await weights, checksum), pool: await loadingPool, measurer: await loadingMeasurer };
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
