/**
 * The page's engine: a pool of workers that segment, and one instance without weights on the main thread that measures a
 * stored probability map at once when the threshold or the edits change.
 */
import { Sonomask, SonomaskPool } from '../../wasm/sonomask.browser.js';
import { earlyModule, startWorker } from './early.js';
import { checkWeights, fetchChecksum, fetchWeights } from './weights.js';

/** More workers than this cost memory and are rarely used. */
const MOST_WORKERS = 8;

export class Engine {
    /** Its calls wait until the network is loaded. @type {SonomaskPool} */
    pool;
    /** Before anything that the network has answered is shown: altered weights are never used. @type {Promise<void>} */
    ready;
    /** @type {Sonomask | null} */
    #measurer = null;
    /** @type {import('./weights.js').CheckedWeights | null} */
    #weights = null;

    /**
     * Loads everything in parallel.
     * @param {(share: number) => void} onProgress of the download, 0..1
     * @returns {Promise<Engine>} before it is ready
     */
    static async start(onProgress) {
        const module = earlyModule();
        const weights = fetchWeights(onProgress);
        const checksum = fetchChecksum();
        // Errors are reported in the order of `#load`, not in the order in which they happen.
        for (const loading of [weights, checksum]) loading.catch(() => undefined);
        const pool = await SonomaskPool.start({
            wasm: module,
            weights,
            size: Math.max(1, Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS)),
            worker: startWorker,
            // A worker that starts again would request its script again, and a loaded page makes no requests.
            idleMilliseconds: Infinity,
        });
        return new Engine(pool, module, weights, checksum);
    }

    /**
     * @param {SonomaskPool} pool
     * @param {Promise<WebAssembly.Module>} module
     * @param {Promise<Uint8Array<ArrayBuffer>>} weights
     * @param {Promise<string | null>} checksum
     */
    constructor(pool, module, weights, checksum) {
        this.pool = pool;
        this.ready = this.#load(module, weights, checksum);
        this.ready.catch(() => undefined); // reported where it is awaited
    }

    /**
     * @param {Promise<WebAssembly.Module>} module
     * @param {Promise<Uint8Array<ArrayBuffer>>} weights
     * @param {Promise<string | null>} checksum
     */
    async #load(module, weights, checksum) {
        try {
            const bytes = await weights;
            // The checks keep this thread busy, so they come after the start of the page, while the first image is segmented.
            await this.pool.ready.catch(() => undefined);
            // Of weights that cannot be read, it says more that they are not the published ones.
            this.#weights = await checkWeights(bytes, checksum);
            await this.pool.ready;
            this.#measurer = await Sonomask.load({ wasm: module, weights: null });
        } catch (error) {
            this.pool.dispose();
            throw error;
        }
    }

    /** @returns {Sonomask} when it is ready */
    get measurer() {
        if (!this.#measurer) throw new Error('the engine is not ready');
        return this.#measurer;
    }

    /** @returns {import('./weights.js').CheckedWeights} when it is ready */
    get weights() {
        if (!this.#weights) throw new Error('the engine is not ready');
        return this.#weights;
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
