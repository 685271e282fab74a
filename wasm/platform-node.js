/** Node, Bun and Deno. */
import { messageOf } from './error.js';
import { ownWasm, ownWeights } from './own-files.js';

/**
 * @typedef {import('./platform.js').Platform} Platform
 */

/** @returns {boolean} whether this is Node, Bun or Deno */
export function isNode() {
    return typeof process === 'object' && typeof process.versions?.node === 'string';
}

/**
 * The specifier is computed, and bundlers are told to ignore it: this file is also loaded by browsers, as a plain file and by
 * bundlers that do not set the condition "browser".
 * @param {string} name
 * @returns {Promise<any>}
 */
export function builtin(name) {
    const specifier = `node:${name}`;
    return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ specifier);
}

/** @type {Platform} */
export const node = {
    wasm: ownWasm,
    weights: ownWeights,
    compiles: true,
    async readFile(file, signal) {
        /** @type {typeof import('node:fs/promises')} */
        const { readFile } = await builtin('fs/promises');
        const bytes = await readFile(file, { signal });
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    async workers(script = new URL('./worker.js', import.meta.url)) {
        /** @type {typeof import('node:worker_threads')} */
        const { Worker: NodeWorker } = await builtin('worker_threads');
        return (events) => {
            const worker = typeof script === 'function'
                ? /** @type {import('node:worker_threads').Worker} */ (/** @type {unknown} */ (script()))
                : new NodeWorker(script);
            worker.on('message', events.message);
            worker.on('messageerror', () => events.failure('its answer could not be read'));
            worker.on('error', (error) => events.failure(messageOf(error)));
            worker.on('exit', () => events.failure('it ended'));
            return {
                post: (message, transfer) => worker.postMessage(message, transfer),
                terminate: () => void worker.terminate(),
                setBusy: (busy) => (busy ? worker.ref() : worker.unref()),
            };
        };
    },
    async processorCount() {
        /** @type {typeof import('node:os')} */
        const { availableParallelism, cpus } = await builtin('os');
        return availableParallelism?.() ?? cpus().length;
    },
};
