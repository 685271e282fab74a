/** What first.js has started before the modules of the page run. */
import { browser } from '../../wasm/platform-browser.js';
import { hasSimd } from '../../wasm/own-files.js';
import { loadModule } from '../../wasm/resources.js';
import { inlined } from './inlined.js';

/**
 * @typedef {object} Early
 * @property {Worker} worker
 * @property {boolean} failed whether the worker could not start
 * @property {Promise<WebAssembly.Module>} module the one with relaxed SIMD where the browser has that, else the one with SIMD
 * @property {Promise<Uint8Array<ArrayBuffer>>} weights
 * @property {(share: number) => void} report called with the loaded share of the weights, 0..1
 * @property {string[]} files addresses of module and weights
 * @property {Promise<Response>} checksum the published one, of the weights
 * @property {Promise<Response>[] | null} samples when the address asks for them
 */

/** @type {Early | null} null in the single-file build */
const early = Reflect.get(globalThis, 'sonomaskEarly') ?? null;
let workerTaken = false;

/** @returns {Promise<WebAssembly.Module>} */
export async function earlyModule() {
    if (inlined) return loadModule(inlined.wasm, browser);
    // Loaded again after a failure, for the reason.
    const module = early && hasSimd() ? await early.module.catch(() => null) : null;
    return module ?? loadModule(browser.wasm(), browser);
}

/**
 * @param {(share: number) => void} onProgress
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null when they could not be loaded
 */
export async function earlyWeights(onProgress) {
    if (early) early.report = onProgress;
    return (await early?.weights.catch(() => null)) ?? null;
}

/** @returns {string[]} addresses of what the first worker has loaded */
export function earlyFiles() {
    return early?.files ?? [];
}

/** @returns {Promise<Response>} */
export function earlyChecksum() {
    return early?.checksum ?? fetch(new URL('../../weights/SHA256SUMS', import.meta.url));
}

/** @returns {Promise<Response>[] | null} */
export function earlySamples() {
    return early?.samples ?? null;
}

/** @returns {Worker} the first time the one that first.js has started, then others */
export function startWorker() {
    const first = workerTaken || early?.failed ? null : early?.worker;
    workerTaken = true;
    return first ?? new Worker(inlined?.worker ?? new URL('./worker.js', import.meta.url), { type: 'module', name: 'sonomask' });
}
