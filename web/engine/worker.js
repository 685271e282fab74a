/**
 * The worker's script lies in the page's folder because a service worker serves only scripts below its own folder, and
 * the page must find its workers with the network off.
 */
import '../../wasm/worker.js';
