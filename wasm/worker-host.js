/** One interface for the workers of browsers and of Node. */
import { isNode } from './resources.js';

/**
 * Handlers for the events of a worker.
 * @typedef {object} WorkerEvents
 * @property {(message: any) => void} message
 * @property {(reason: string) => void} failure it could not start or ended; it cannot be used again
 */

/**
 * @typedef {object} WorkerHandle
 * @property {(message: unknown, transfer: ArrayBuffer[]) => void} post
 * @property {() => void} terminate
 * @property {(busy: boolean) => void} setBusy an idle worker does not keep a Node process alive
 */

/**
 * @typedef {(events: WorkerEvents) => WorkerHandle} WorkerFactory
 */

/**
 * @param {URL | string} script
 * @returns {WorkerFactory}
 */
function browserFactory(script) {
    return (events) => {
        const worker = new Worker(script, { type: 'module', name: 'sonomask' });
        worker.onmessage = (event) => events.message(event.data);
        worker.onmessageerror = () => events.failure('its answer could not be read');
        worker.onerror = (event) => {
            event.preventDefault();
            events.failure(event.message || `its script ${script} could not be loaded`);
        };
        return {
            post: (message, transfer) => worker.postMessage(message, transfer),
            terminate: () => worker.terminate(),
            setBusy() {},
        };
    };
}

/**
 * @param {URL | string} script
 * @returns {Promise<WorkerFactory>}
 */
async function nodeFactory(script) {
    const { Worker: NodeWorker } = await import('node:worker_threads');
    return (events) => {
        const worker = new NodeWorker(script);
        worker.on('message', events.message);
        worker.on('messageerror', () => events.failure('its answer could not be read'));
        worker.on('error', (error) => events.failure(error.message));
        worker.on('exit', () => events.failure('it ended'));
        return {
            post: (message, transfer) => worker.postMessage(message, transfer),
            terminate: () => void worker.terminate(),
            setBusy: (busy) => (busy ? worker.ref() : worker.unref()),
        };
    };
}

/**
 * @param {URL | string} script
 * @returns {Promise<WorkerFactory>}
 */
export async function workerFactory(script) {
    return isNode() ? nodeFactory(script) : browserFactory(script);
}

/** @returns {Promise<number>} processors that may be used */
export async function processorCount() {
    if (!isNode()) return globalThis.navigator?.hardwareConcurrency ?? 1;
    const { availableParallelism, cpus } = await import('node:os');
    return availableParallelism?.() ?? cpus().length;
}
