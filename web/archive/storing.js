/** Buttons that store SEG and SR of the images in the archive that the images are in. */
import { derivedOf } from '../export/derived.js';
import { incompleteLoops } from '../export/loops.js';
import { provenanceOf } from '../export/provenance.js';
import { answersOf } from '../state/item.js';
import { describeAll } from '../state/descriptors.js';
import { ArchiveError } from '../../wasm/dicom/archive.js';
import { askOnce } from '../input/decoding.js';
import { byId, element } from '../ui/dom.js';
import { textOfTrouble } from './trouble.js';

/** @typedef {import('../state/item.js').Item} Item */

export class Storing {
    #page;
    #web;
    /** @type {AbortController | null} */
    #running = null;
    #one = element('button', { type: 'button', class: 'button button-small', id: 'archive-store', onclick: () => void this.#store(this.#selected) });
    #all = element('button', { type: 'button', class: 'button button-small', id: 'archive-store-all', onclick: () => void this.#store(this.#ready) });
    #help = element('p', { class: 'help' });
    #status = element('p', { class: 'help', id: 'archive-stored', role: 'status' });
    #cancel = element('button', { type: 'button', class: 'link', hidden: true, onclick: () => this.#running?.abort() });

    /**
     * @param {import('../ui/late.js').Page} page
     * @param {import('../../wasm/dicom/dicomweb.js').DicomWeb} web
     */
    constructor(page, web) {
        this.#page = page;
        this.#web = web;
        byId('save-dicom', HTMLElement).append(element('div', { class: 'save-grid' }, this.#one, this.#all), this.#help, this.#status, this.#cancel);
        for (const event of ['list', 'item', 'select']) page.store.addEventListener(event, () => this.#renderState());
        this.render();
    }

    /** @returns {Item[]} */
    get #ready() {
        return this.#page.store.items.filter(({ state, kind }) => state === 'done' && kind === 'dicom');
    }

    /** @returns {Item[]} the image in view, when it can be stored */
    get #selected() {
        return this.#ready.filter(item => item === this.#page.store.selected);
    }

    /** Writes the texts of the current language. */
    render() {
        const { t } = this.#page;
        this.#one.textContent = t('archive.store');
        this.#all.textContent = t('archive.storeAll');
        this.#help.textContent = t('archive.storeHelp');
        this.#cancel.textContent = t('archive.cancel');
        this.#renderState();
    }

    #renderState() {
        this.#one.disabled = this.#running !== null || this.#selected.length === 0;
        this.#all.disabled = this.#running !== null || this.#ready.length === 0;
        this.#cancel.hidden = this.#running === null;
    }

    /** @param {Item[]} items */
    async #store(items) {
        const { t, settle, notify } = this.#page;
        const own = new AbortController();
        this.#running = own;
        this.#renderState();
        let done = 0;
        /** @type {string[]} */
        const problems = [];
        await settle();
        for (const item of items) {
            if (own.signal.aborted) break;
            this.#status.textContent = t('archive.storing', { done, total: items.length });
            try {
                await this.#storeOne(item, own.signal);
                done++;
            } catch (error) {
                if (own.signal.aborted) break;
                problems.push(t('archive.notStored', { name: item.name, detail: textOfTrouble(t, error) }));
                // The others would fail in the same way.
                if (error instanceof ArchiveError && ['unreachable', 'refused', 'full', 'busy'].includes(error.trouble)) break;
            }
        }
        const parts = incompleteLoops(items).map(item => t('save.frames', { name: item.name, done: answersOf(item).length, count: item.frameCount }));
        const words = [...(own.signal.aborted ? [t('archive.cancelled')] : []), t('archive.stored', { count: done, total: items.length }), ...parts, ...problems];
        this.#running = null;
        this.#status.textContent = words.join(' ');
        if (problems[0]) notify(problems[0], 'problem');
        this.#renderState();
    }

    /**
     * @param {Item} item
     * @param {AbortSignal} signal
     */
    async #storeOne(item, signal) {
        const { engine, opener } = this.#page;
        const ask = askOnce;
        /** @type {import('../../wasm/dicom/reference.js').Reference} */
        const { study, series, sopInstance } = await ask(item.file, 'reference');
        // Beside an image that it does not have, the archive would make a study with nothing else in it.
        const sources = await this.#web.search(`studies/${study}/series/${series}/instances`, [['SOPInstanceUID', sopInstance]], signal).catch(error => {
            if (error instanceof ArchiveError && error.trouble === 'missing') return [];
            throw error;
        });
        if (sources.length === 0) throw Object.assign(new Error(), { key: 'archive.noSource', detail: sopInstance });
        await describeAll([item], engine, opener);
        const { seg, sr } = await derivedOf(item, false, engine, provenanceOf(engine, byId('reader', HTMLInputElement).value), ask);
        const { failed } = await this.#web.store([seg, sr], signal);
        if (failed[0]) throw new ArchiveError('not-stored', `0x${failed[0].reason.toString(16).padStart(4, '0')}`);
    }
}
