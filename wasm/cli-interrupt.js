/** Signals: the first Ctrl-C ends the batch after the current image, the second one the program. */
import { removeTemporaries } from './cli-output.js';

let requested = false;

/** @returns {boolean} whether the batch is to end after the current image */
export const stopRequested = () => requested;

/** @param {NodeJS.Signals} signal */
function endProgram(signal) {
    removeTemporaries();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal); // no listener is left: the default action
}

/** From now on no signal leaves a temporary file. */
export function catchSignals() {
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
        process.on(signal, () => {
            if (requested) endProgram(signal);
            requested = true;
        });
    process.once('SIGHUP', endProgram);
}
