/**
 * The engine starts to load before any other module of the page runs, because it takes longest: this module is the
 * first that the page imports. The first worker's thread then starts while the page is put together.
 */
import { loadEngine } from './engine.js';

/** @type {(share: number) => void} */
let tell = () => undefined;

export const loadingEngine = loadEngine(share => tell(share));
loadingEngine.catch(() => undefined); // who awaits it tells of it

/** @param {(share: number) => void} listener hears how much of the weights has arrived, 0..1 */
export function onDownload(listener) {
    tell = listener;
}
