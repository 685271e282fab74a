/** What can be saved, copied and printed. */
import { toZip } from '../export/bundle.js';
import { toCoco } from '../export/coco.js';
import { exportNames } from '../export/names.js';
import { maskPng, overlayPng } from '../export/pictures.js';
import { recordOf } from '../export/record.js';
import { printReport } from '../export/report.js';
import { toCsv } from '../export/table.js';
import { t } from '../i18n/i18n.js';
import { notify } from '../ui/announce.js';
import { byId, saveFile } from '../ui/dom.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/store.js').Store} Store
 */

const OF_ONE = ['save-mask', 'save-overlay', 'save-json', 'save-copy'];
const OF_ALL = ['save-csv', 'save-coco', 'save-zip', 'save-report'];

export class Save {
    #store;
    /** @type {Engine | null} */
    #engine = null;

    /** @param {Store} store */
    constructor(store) {
        this.#store = store;
        this.#on('save-mask', (engine, item, name) => this.#mask(engine, item, name));
        this.#on('save-overlay', async (engine, item, name) => saveFile(await overlayPng(item, engine), `${name}_overlay.png`));
        this.#on('save-json', async (_, item, name) => saveFile(jsonBlob(recordOf(item, name)), `${name}.json`));
        this.#on('save-copy', (engine, item) => copyPicture(item, engine));
        this.#on('save-csv', async () => saveFile(new Blob(['\ufeff', toCsv(this.names())], { type: 'text/csv' }), 'sonomask.csv'));
        this.#on('save-coco', async engine => saveFile(jsonBlob(toCoco(this.names(), engine.measurer)), 'sonomask-coco.json'));
        this.#on('save-zip', async engine => saveFile(await toZip(this.names(), engine), 'sonomask.zip'));
        this.#on('save-report', engine => printReport(this.names(), engine));
    }

    /** @param {Engine} engine */
    start(engine) {
        this.#engine = engine;
        this.render();
    }

    /** @returns {Map<Item, string>} */
    names() {
        return exportNames(this.#store.items, byId('save-names', HTMLInputElement).checked);
    }

    /** Saves the mask of the picture in view. */
    saveMask() {
        byId('save-mask', HTMLButtonElement).click();
    }

    /**
     * @param {Engine} engine
     * @param {Item} item
     * @param {string} name
     */
    async #mask(engine, item, name) {
        if (!item.result) return;
        saveFile(new Blob([await maskPng(item.result, engine)], { type: 'image/png' }), `${name}_mask.png`);
    }

    /**
     * @param {string} id
     * @param {(engine: Engine, item: Item, name: string) => Promise<void>} run
     */
    #on(id, run) {
        const button = byId(id, HTMLButtonElement);
        button.addEventListener('click', async () => {
            const item = this.#store.selected;
            if (!this.#engine || !item) return;
            try {
                await run(this.#engine, item, this.names().get(item) ?? item.name);
            } catch (error) {
                notify(t('save.failed', { detail: error instanceof Error ? error.message : String(error) }), 'problem');
            }
        });
    }

    render() {
        const one = this.#engine !== null && this.#store.selected?.state === 'done';
        const any = this.#engine !== null && this.#store.items.some(({ state }) => state === 'done');
        for (const id of OF_ONE) byId(id, HTMLButtonElement).disabled = !one;
        for (const id of OF_ALL) byId(id, HTMLButtonElement).disabled = !any;
        const dicom = this.#store.items.some(item => item.source?.kind === 'dicom');
        /** @type {HTMLElement} */ (byId('save-names', HTMLInputElement).parentElement).hidden = !dicom;
    }
}

/** @param {unknown} value */
function jsonBlob(value) {
    return new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' });
}

/**
 * @param {Item} item
 * @param {Engine} engine
 */
async function copyPicture(item, engine) {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': overlayPng(item, engine) })]);
    notify(t('save.copied'));
}
