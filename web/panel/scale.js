/** The distances that the user measures, and the scale that one of them sets, for one image or for all. Event: "scale". */
import { t } from '../i18n/i18n.js';
import { scaleFor } from '../state/item.js';
import { notify } from '../ui/announce.js';
import { byId, oncePerFrame } from '../ui/dom.js';
import { lengthText } from './measures.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Ruler} Ruler
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {import('../state/store.js').Store} Store
 * @typedef {import('../view/gestures.js').Gestures} Gestures
 * @typedef {import('../view/viewer.js').Viewer} Viewer
 */

const LEAST_PIXELS = 5; // two clicks nearer than this are a mistake

/** @param {Ruler} ruler */
function lengthOf({ from, to }) {
    return Math.hypot(to.x - from.x, to.y - from.y);
}

/** @param {Item} item */
function hasOwnScale(item) {
    return item.scales.some(({ origin }) => origin === 'user');
}

/**
 * @param {Item} item
 * @param {number | null} millimetres per pixel; null removes the user's scale
 */
function setScale(item, millimetres) {
    const others = item.scales.filter(({ origin }) => origin !== 'user');
    item.scales = millimetres === null ? others : [{ millimetres, origin: 'user', region: null }, ...others];
}

export class ScaleTool extends EventTarget {
    #gestures;
    #session;
    #store;

    /**
     * @param {Gestures} gestures
     * @param {Viewer} viewer
     * @param {Session} session
     * @param {Store} store
     */
    constructor(gestures, viewer, session, store) {
        super();
        this.#gestures = gestures;
        this.#session = session;
        this.#store = store;
        viewer.rulerText = ruler => this.#text(ruler);
        const renderSoon = oncePerFrame(() => this.render());
        gestures.addEventListener('tool', renderSoon);
        gestures.ruler.addEventListener('change', renderSoon);
        byId('scale-form', HTMLFormElement).addEventListener('submit', event => {
            event.preventDefault();
            const all = /** @type {SubmitEvent} */ (event).submitter?.id === 'scale-all';
            this.#apply(byId('scale-length', HTMLInputElement).valueAsNumber, all);
        });
        byId('scale-delete', HTMLButtonElement).addEventListener('click', () => gestures.ruler.remove());
        byId('scale-clear', HTMLButtonElement).addEventListener('click', () => {
            const { item } = session;
            if (!item) return;
            setScale(item, null);
            this.#changed([item]);
        });
    }

    /** @param {Ruler} ruler */
    #text(ruler) {
        const { item } = this.#session;
        const { from, to } = ruler;
        const box = { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), width: Math.abs(from.x - to.x), height: Math.abs(from.y - to.y) };
        return lengthText(lengthOf(ruler), item ? scaleFor(item, box) : null);
    }

    /**
     * @param {number} millimetres
     * @param {boolean} forAll
     */
    #apply(millimetres, forAll) {
        const { item } = this.#session;
        const ruler = this.#gestures.ruler.chosen;
        const pixels = ruler ? lengthOf(ruler) : 0;
        if (!item || pixels < LEAST_PIXELS || !(millimetres > 0)) return;
        // A pixel spacing in the file is better than the scale of another image.
        const items = forAll ? this.#store.items.filter(other => other === item || !other.scales.some(({ origin }) => origin === 'dicom')) : [item];
        for (const other of items) setScale(other, millimetres / pixels);
        this.#changed(items);
        notify(forAll ? t('scale.doneAll', { count: items.length }) : t('scale.done'));
    }

    /** @param {Item[]} items */
    #changed(items) {
        for (const item of items) this.#store.changed(item);
        this.dispatchEvent(new Event('scale'));
        this.render();
    }

    render() {
        const { item } = this.#session;
        const { chosen, half } = this.#gestures.ruler;
        const usable = chosen !== null && !half && lengthOf(chosen) >= LEAST_PIXELS;
        byId('scale-set', HTMLElement).hidden = !usable;
        byId('scale-distance', HTMLElement).textContent = usable ? this.#text(chosen) : '';
        byId('scale-clear', HTMLButtonElement).hidden = !(item && hasOwnScale(item));
        const hint = byId('scale-hint', HTMLElement);
        hint.textContent = usable ? '' : t(half ? 'scale.second' : 'scale.first');
        hint.title = hint.textContent;
    }
}
