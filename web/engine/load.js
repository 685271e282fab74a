/**
 * The page's first worker loads module and weights itself: the page's own thread is busy while the page starts, and the
 * worker is not. The page gets both from it. What fails here the page loads again, which then has the reason.
 */
import { loadBefore, prepareBefore } from '../../wasm/worker-calls.js';

const PROGRESS_EVERY = 100; // milliseconds

/**
 * The addresses of the files.
 * @typedef {object} Files
 * @property {string} module
 * @property {string} weights
 */

/**
 * @param {string} address
 * @param {(share: number) => void} onProgress 0..1
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readWeights(address, onProgress) {
    const response = await fetch(address);
    if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) throw new Error(address);
    const total = Number(response.headers.get('content-length'));
    if (!response.body || !(total > 0)) return new Uint8Array(await response.arrayBuffer());
    const reader = response.body.getReader();
    // The length is that of the compressed bytes when the server compresses: then there is more than this.
    let bytes = new Uint8Array(total);
    let received = 0;
    let sentAt = performance.now();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return bytes.subarray(0, received);
        if (received + value.length > bytes.length) {
            const larger = new Uint8Array(2 * (received + value.length));
            larger.set(bytes);
            bytes = larger;
        }
        bytes.set(value, received);
        received += value.length;
        if (performance.now() - sentAt < PROGRESS_EVERY) continue;
        sentAt = performance.now();
        onProgress(Math.min(1, received / total));
    }
}

/**
 * @param {Files} files
 * @param {MessagePort} port gets a part ("module", "weights", or "share" of the weights) and its content, which is null for
 *     one that could not be loaded
 */
export async function load(files, port) {
    const send = (/** @type {string} */ part, /** @type {unknown} */ content) => port.postMessage({ part, content });
    const compiling = WebAssembly.compileStreaming(fetch(files.module)).catch(() => null);
    const reading = readWeights(files.weights, share => send('share', share)).catch(() => null);
    const module = await compiling;
    send('module', module);
    if (module) prepareBefore(module, 'auto');
    const weights = await reading;
    send('weights', weights);
    if (module && weights) loadBefore({ module, weights, weightsName: files.weights, backend: 'auto', inputSize: 0 });
}
