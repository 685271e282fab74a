/**
 * The worker's script is in the page's folder: a service worker can cache scripts only below its own folder, and workers
 * must start without network.
 */
import '../../wasm/worker.browser.js';
