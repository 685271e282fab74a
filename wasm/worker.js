/** The script of the pool's workers in Node, Bun and Deno, and in browsers as a plain file. */
import { builtin, isNode } from './platform-node.js';
import { serve, serveInBrowser } from './worker-calls.js';

async function serveInNode() {
    /** @type {typeof import('node:worker_threads')} */
    const { parentPort } = await builtin('worker_threads');
    if (!parentPort) throw new Error('worker.js must run in a worker');
    serve({
        post: (message, transfer) => parentPort.postMessage(message, transfer),
        listen: (handler) => parentPort.on('message', handler),
    });
}

if (isNode()) void serveInNode();
else serveInBrowser();
