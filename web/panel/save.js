/** Buttons that save, copy and print. */
import { toCoco } from '../export/coco.js';
import { exportNames, frameEnding } from '../export/names.js';
import { maskPng, Painter } from '../export/pictures.js';
import { recordOf } from '../export/record.js';
import { printReport } from '../export/report.js';
import { toCsv } from '../export/table.js';
import { toZip } from '../export/zip.js';
import { t } from '../i18n/i18n.js';
import { answerInView } from '../state/item.js';
import { announce, notify } from '../ui/announce.js';
import { canCopy } from '../ui/browser.js';
import { byId, saveFile } from '../ui/dom.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../export/names.js').ExportName} ExportName
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
 * @typedef {import('../state/store.js').Store} Store
 */

/**
 * The answer in view, with what is needed to write it.
 * @typedef {object} InView
 * @property {Item} item
 * @property {number} frame
 * @property {FrameResult} result
 * @property {ExportName} name
 * @property {string} stem of the file's name
 */

const OF_ONE = ['save-mask', 'save-overlay', 'save-json', 'save-copy'];
const OF_ALL = ['save-csv', 'save-coco', 'save-zip', 'save-report'];

export class Save {
    #store;
    #opener;
    #settle;
    /** @type {Engine | null} */
    #engine = null;
    /** @type {Painter | null} */
    #painter = null;
    /** The button whose action is running. */
    #busy = '';

    /**
     * @param {Store} store
     * @param {Opener} opener
     * @param {() => Promise<void>} settle waits until playback has stopped and the frame in view has its answer
     */
    constructor(store, opener, settle) {
        this.#store = store;
        this.#opener = opener;
        this.#settle = settle;
        this.#on('save-mask', async engine => {
            const { result, stem } = await this.#inView();
            saveFile(new Blob([await maskPng(result, engine)], { type: 'image/png' }), `${stem}_mask.png`);
        });
        this.#on('save-overlay', async () => {
            const view = await this.#inView();
            saveFile(await this.#overlay(view), `${view.stem}_overlay.png`);
        });
        this.#on('save-json', async () => {
            const { item, name, frame, result, stem } = await this.#inView();
            saveFile(jsonBlob(recordOf(item, name, frame, result)), `${stem}.json`);
        });
        this.#on('save-copy', async () => {
            if (!canCopy) throw new Error(t('lack.copy'));
            // Called at once, with a promise of the picture: browsers allow this only shortly after a click.
            const picture = this.#inView().then(view => this.#overlay(view));
            await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
            notify(t('save.copied'));
        });
        this.#on('save-csv', async () => saveFile(new Blob(['\ufeff', toCsv(await this.#names())], { type: 'text/csv' }), 'sonomask.csv'));
        this.#on('save-coco', async engine => saveFile(jsonBlob(toCoco(await this.#names(), engine.measurer)), 'sonomask-coco.json'));
        this.#on('save-zip', async (engine, painter) => saveFile(await toZip(await this.#names(), engine, painter, showProgress), 'sonomask.zip'));
        this.#on('save-report', async (engine, painter) => printReport(await this.#names(), engine, painter, showProgress));
    }

    /** @param {Engine} engine */
    start(engine) {
        this.#engine = engine;
        this.#painter = new Painter(engine, this.#opener);
        this.render();
    }

    /** @returns {Promise<Map<Item, ExportName>>} */
    #names() {
        return exportNames(this.#store.items, byId('save-names', HTMLInputElement).checked);
    }

    /** @returns {Promise<InView>} */
    async #inView() {
        const item = this.#store.selected;
        await this.#settle();
        const answer = item && answerInView(item);
        const name = item && (await this.#names()).get(item);
        if (!item || !answer || !name) throw new Error(t('lesions.waiting'));
        return { item, name, ...answer, stem: name.stem + frameEnding(item, answer.frame) };
    }

    /**
     * @param {InView} view
     * @returns {Promise<Blob>}
     */
    #overlay({ item, frame, result, name }) {
        return /** @type {Painter} */ (this.#painter).overlay(item, frame, result, name.hidden);
    }

    /** Saves the mask of the picture in view. */
    saveMask() {
        byId('save-mask', HTMLButtonElement).click();
    }

    /**
     * @param {string} id
     * @param {(engine: Engine, painter: Painter) => Promise<void>} run
     */
    #on(id, run) {
        const button = byId(id, HTMLButtonElement);
        button.addEventListener('click', async () => {
            if (!this.#engine || !this.#painter || !this.#store.selected || this.#busy) return;
            this.#busy = id;
            button.setAttribute('aria-busy', 'true');
            try {
                await run(this.#engine, this.#painter);
                if (OF_ALL.includes(id)) announce(t('save.done', { what: button.textContent }));
            } catch (error) {
                notify(t('save.failed', { detail: error instanceof Error ? error.message : String(error) }), 'problem');
            }
            this.#busy = '';
            button.removeAttribute('aria-busy');
            byId('save-progress', HTMLElement).hidden = true;
        });
    }

    render() {
        const one = this.#engine !== null && this.#store.selected?.state === 'done';
        const any = this.#engine !== null && this.#store.items.some(({ state }) => state === 'done');
        for (const id of OF_ONE) byId(id, HTMLButtonElement).disabled = !one;
        for (const id of OF_ALL) byId(id, HTMLButtonElement).disabled = !any;
        byId('save-dicom', HTMLElement).hidden = !this.#store.items.some(({ kind }) => kind === 'dicom');
    }
}

/**
 * @param {number} done
 * @param {number} total
 */
function showProgress(done, total) {
    const text = byId('save-progress', HTMLElement);
    text.textContent = t('save.progress', { done, total });
    text.hidden = total < 2;
}

/** @param {unknown} value */
function jsonBlob(value) {
    return new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' });
}
