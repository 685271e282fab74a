/**
 * The page's engine: a pool of workers that segment, and one instance without weights on the main thread that measures
 * a stored probability map at once when the threshold moves or somebody paints.
 */
import { Sonomask, SonomaskError, SonomaskPool } from '../../wasm/sonomask.js';
import { defaultWasm, loadModule } from '../../wasm/resources.js';
import { inlined } from './inlined.js';
import { checkWeights, fetchWeights, ResourceError } from './weights.js';

/** More workers than this only cost memory: a page has rarely more pictures in flight. */
const MOST_WORKERS = 8;

/**
 * @typedef {object} Engine
 * @property {SonomaskPool} pool
 * @property {Sonomask} measurer
 * @property {import('./weights.js').CheckedWeights} weights
 */

/**
 * Everything at the same time: the first worker's script loads and its network is made while the checksum is computed
 * over the weights. Only then is the engine there, so that altered weights never answer.
 * @param {(share: number) => void} onProgress of the download, 0..1
 * @returns {Promise<Engine>}
 */
export async function loadEngine(onProgress) {
    const module = loadModule(inlined?.wasm ?? defaultWasm());
    const weights = fetchWeights(onProgress);
    const loadingPool = SonomaskPool.load({
        wasm: module,
        weights,
        size: Math.max(1, Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS)),
        worker: inlined?.worker ?? new URL('./worker.js', import.meta.url),
        // Workers that end and start again would ask for their script again: the page stays silent instead.
        idleMilliseconds: Infinity,
    });
    const loadingMeasurer = Sonomask.load({ wasm: module, weights: null });
    // What fails is told in the order below, whichever fails first.
    for (const loading of [loadingPool, loadingMeasurer]) loading.catch(() => undefined);
    try {
        return { weights: await checkWeights(await weights), pool: await loadingPool, measurer: await loadingMeasurer };
    } catch (error) {
        void loadingPool.then(pool => pool.dispose());
        throw error;
    }
}

/**
 * What only comes into play later is made ready, so that nothing is asked for, and nobody waits, at that time.
 * @param {Engine} engine
 */
export async function warmEngine({ pool, measurer }) {
    // Workers start when there is work for them; each loads its script then.
    const nothing = new Uint8Array(4);
    await Promise.all(Array.from({ length: pool.size }, () => pool.contours(nothing, 2, 2)));
    // The same for the code on this thread: browsers compile a function when it is first called.
    measurer.measure(new Float32Array(4).fill(1), 2, 2, { threshold: 0.5, minimumArea: 0 });
    measurer.contours(new Uint8Array(4).fill(1), 2, 2);
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
