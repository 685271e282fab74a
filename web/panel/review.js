/** The reader's own judgement of the image in view: state, type, BI-RADS category and notes, beside the network's answer. */
import { t } from '../i18n/i18n.js';
import { REVIEW_STATES } from '../state/arrange.js';
import { BIRADS } from '../state/item.js';
import { announce, notify } from '../ui/announce.js';
import { byId } from '../ui/dom.js';
import { setOptions } from './find.js';
import { CLASSES } from './words.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Review} ReviewData
 * @typedef {import('../state/item.js').ReviewState} ReviewState
 * @typedef {import('../state/item.js').TissueClass} TissueClass
 * @typedef {import('../state/store.js').Store} Store
 */

export class Review {
    #type = byId('review-type', HTMLSelectElement);
    #birads = byId('review-birads', HTMLSelectElement);
    #notes = byId('review-notes', HTMLTextAreaElement);
    #store;

    /** @param {Store} store */
    constructor(store) {
        this.#store = store;
        for (const state of REVIEW_STATES) byId(`review-${state}`, HTMLButtonElement).addEventListener('click', () => this.#set({ state }));
        this.#type.addEventListener('change', () => this.#set({ type: /** @type {TissueClass | ''} */ (this.#type.value) || null }));
        this.#birads.addEventListener('change', () => this.#set({ birads: this.#birads.value }));
        this.#notes.addEventListener('input', () => this.#set({ notes: this.#notes.value }));
        byId('review-next', HTMLButtonElement).addEventListener('click', () => this.decide('accepted'));
        byId('review-later', HTMLButtonElement).addEventListener('click', () => this.go(1));
        byId('review-before', HTMLButtonElement).addEventListener('click', () => this.go(-1));
        store.addEventListener('select', () => this.render());
        store.addEventListener('item', event => {
            if (/** @type {CustomEvent<Item>} */ (event).detail === store.selected) this.render();
        });
    }

    /** @param {Partial<ReviewData>} change */
    #set(change) {
        const { selected } = this.#store;
        if (!selected) return;
        selected.review = { ...selected.review, ...change };
        this.#store.changed(selected);
    }

    /**
     * Decides about the image in view, and goes on to the next one.
     * @param {ReviewState} state
     */
    decide(state) {
        const { selected } = this.#store;
        if (!selected?.result) return;
        this.#set({ state });
        announce(t('review.decided', { name: selected.name, state: t(`review.${state}`) }));
        this.go(1);
    }

    /** @param {number} step -1 or 1: to the previous or next image that is not reviewed */
    go(step) {
        if (!this.#store.selectOpen(step) && this.#store.items.length > 0) notify(t('review.allDone'));
    }

    render() {
        const { selected } = this.#store;
        const usable = selected?.result !== undefined;
        const { state, type, birads, notes } = selected?.review ?? { state: 'open', type: null, birads: '', notes: '' };
        for (const each of REVIEW_STATES) {
            const button = byId(`review-${each}`, HTMLButtonElement);
            button.setAttribute('aria-pressed', String(each === state));
            button.disabled = !usable;
        }
        setOptions(this.#type, [{ value: '', text: t('review.unstated') }, ...CLASSES.map(value => ({ value, text: t(`class.${value}`) }))], type ?? '');
        setOptions(this.#birads, [{ value: '', text: t('review.unstated') }, ...BIRADS.map(value => ({ value, text: value }))], birads);
        if (this.#notes.value !== notes) this.#notes.value = notes;
        for (const field of [this.#type, this.#birads, this.#notes]) field.disabled = !usable;
        byId('review-next', HTMLButtonElement).disabled = !usable;
    }
}
