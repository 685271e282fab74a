/** Loads web/late.js. */

/** @type {Promise<typeof import('../late.js')> | null} */
let library = null;

/** @returns {Promise<typeof import('../late.js')>} loaded after the first answer, so that nothing is requested when it is used */
export function late() {
    library ??= import('../late.js');
    library.catch(() => (library = null));
    return library;
}
