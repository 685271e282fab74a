/**
 * Starts to load the engine, which takes longest. This module is the first import of app.js, so that the first worker
 * starts before the other modules of the page run.
 */
import { loadEngine } from './engine.js';

/** @type {(share: number) => void} */
let report = () => undefined;

export const loadingEngine = loadEngine(share => report(share));
loadingEngine.catch(() => undefined); // app.js awaits it later and shows the error

/** @param {(share: number) => void} listener called with the loaded share of the weights, 0..1 */
export function onDownload(listener) {
    report = listener;
}
