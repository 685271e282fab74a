/** Loads the engine, which takes longest. app.js imports this module before all others. */
import { fetchSamples } from '../input/samples.js';
import { earlySamples } from './early.js';
import { Engine } from './engine.js';

export { warmEngine } from './engine.js';

/** @type {(share: number) => void} */
let report = () => undefined;

export const engine = await Engine.start(share => report(share));

/** The samples, when the address asks for them; otherwise null. */
export const samplesAtStart = location.hash === '#sample' ? fetchSamples(earlySamples() ?? []) : null;
samplesAtStart?.catch(() => undefined); // app.js awaits them too

/** @param {(share: number) => void} listener called with the loaded share of the weights, 0..1 */
export function onDownload(listener) {
    report = listener;
}
