/**
 * The worker's script is in the page's folder: a service worker can cache scripts only below its own folder, and workers
 * must start without network.
 */
import { serve } from '../../wasm/worker-calls.js';
import { load } from './load.js';

const scope = /** @type {Worker} */ (/** @type {unknown} */ (globalThis)); // a worker's global scope has the same functions

serve({
    post: (message, transfer) => scope.postMessage(message, transfer),
    // The page's first message to its first worker has a port, see first.js; all others are the pool's.
    listen: handler =>
        scope.addEventListener('message', ({ data, ports: [port] }) => {
            if (port) void load(data.load, port);
            else handler(data);
        }),
});
