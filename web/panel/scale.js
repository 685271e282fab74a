/** Sets the pixel spacing by two clicks on a known distance. Event: "scale". */
import { formatNumber, t } from '../i18n/i18n.js';
import { notify } from '../ui/announce.js';
import { byId } from '../ui/dom.js';

/**
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('../state/store.js').Store} Store
 * @typedef {import('../view/gestures.js').Gestures} Gestures
 * @typedef {import('../view/viewer.js').Viewer} Viewer
 */

const LEAST_PIXELS = 5; // two clicks nearer than this are a mistake

export class ScaleTool extends EventTarget {
    #viewer;
    #session;

    /**
     * @param {Gestures} gestures
     * @param {Viewer} viewer
     * @param {Session} session
     * @param {Store} store
     */
    constructor(gestures, viewer, session, store) {
        super();
        this.#viewer = viewer;
        this.#session = session;
        for (const name of ['tool', 'mark']) gestures.addEventListener(name, () => this.render());
        session.addEventListener('picture', () => this.render());
        byId('scale-form', HTMLFormElement).addEventListener('submit', event => {
            event.preventDefault();
            this.#apply(byId('scale-length', HTMLInputElement).valueAsNumber);
            if (session.item) store.changed(session.item);
            gestures.use('move');
        });
        byId('scale-clear', HTMLButtonElement).addEventListener('click', () => {
            const { item } = session;
            if (!item) return;
            item.scales = item.scales.filter(({ origin }) => origin !== 'user');
            this.dispatchEvent(new Event('scale'));
            this.render();
        });
    }

    /** @returns {number} pixels between the marks; 0 while there are not two */
    get #distance() {
        const [first, second] = this.#viewer.marks;
        return first && second ? Math.hypot(first.x - second.x, first.y - second.y) : 0;
    }

    /** @param {number} millimetres */
    #apply(millimetres) {
        const { item } = this.#session;
        const pixels = this.#distance;
        if (!item || pixels < LEAST_PIXELS || !(millimetres > 0)) return;
        const others = item.scales.filter(({ origin }) => origin !== 'user');
        item.scales = [{ millimetres: millimetres / pixels, origin: 'user', region: null }, ...others];
        notify(t('scale.done'));
        this.dispatchEvent(new Event('scale'));
    }

    render() {
        const pixels = this.#distance;
        const step = this.#viewer.marks.length;
        byId('scale-hint', HTMLElement).textContent =
            step === 2
                ? t('scale.third', { pixels: formatNumber(pixels) })
                : t(step === 1 ? 'scale.second' : 'scale.first');
        byId('scale-apply', HTMLButtonElement).disabled = pixels < LEAST_PIXELS;
        const own = this.#session.item?.scales.some(({ origin }) => origin === 'user') ?? false;
        byId('scale-clear', HTMLButtonElement).hidden = !own;
    }
}
