/**
 * The engine's worker, under the page's own folder: a worker belongs to the service worker of its script's folder, and
 * only so does the page find its workers with the network off.
 */
import '../../wasm/worker.js';
