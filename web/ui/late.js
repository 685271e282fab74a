/** Loads web/late.js. */
import { addTexts } from '../i18n/i18n.js';

/**
 * What the page hands to the parts of web/late.js: they are in a file of their own, and modules of it that are also in the
 * page's own file exist twice.
 * @typedef {object} Page
 * @property {typeof import('../i18n/i18n.js').t} t
 * @property {typeof import('../i18n/i18n.js').formatNumber} formatNumber
 * @property {typeof import('../i18n/i18n.js').onLanguage} onLanguage
 * @property {typeof import('./announce.js').notify} notify
 * @property {typeof import('./announce.js').offer} offer
 * @property {typeof import('../engine/problems.js').problemOf} problemOf
 * @property {typeof import('../panel/keep.js').reasonOf} reasonOf
 * @property {import('../state/store.js').Store} store
 * @property {import('../state/session.js').Session} session
 * @property {import('../engine/queue.js').Queue} queue
 * @property {import('../state/opener.js').Opener} opener
 * @property {import('../engine/engine.js').Engine} engine
 * @property {(width: number, height: number) => import('../edit/edits.js').Edits} makeEdits
 * @property {() => Promise<void>} settle waits until playback has stopped and the frame in view has its answer
 * @property {(frame: number) => void} goTo shows a frame of the loop in view
 * @property {(found: import('../input/collect.js').Found[]) => void} addFiles
 */

/** @type {Promise<typeof import('../late.js')> | null} */
let library = null;

/** @returns {Promise<typeof import('../late.js')>} loaded after the first answer, so that nothing is requested when it is used */
export function late() {
    library ??= import('../late.js').then(loaded => {
        addTexts(loaded.lateTexts);
        return loaded;
    });
    library.catch(() => (library = null));
    return library;
}
