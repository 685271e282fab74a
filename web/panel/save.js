/** Buttons that save, copy and print. */
import { exportNames, frameEnding } from '../export/names.js';
import { printReport } from '../export/report.js';
import { t } from '../i18n/i18n.js';
import { millimetresOf } from '../compare/summary.js';
import { answerInView, answersOf } from '../state/item.js';
import { decodeRuns } from '../state/masks.js';
import { announce, notify } from '../ui/announce.js';
import { canCopy } from '../ui/browser.js';
import { byId, saveFile } from '../ui/dom.js';
import { late } from '../ui/late.js';
import { reasonOf } from './keep.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../export/names.js').ExportName} ExportName
 * @typedef {import('../export/pictures.js').Painter} Painter
 * @typedef {import('../export/provenance.js').Provenance} Provenance
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
 * @property {Provenance} provenance
 * @property {object} facts about the answer and its origin
 */

const OF_ONE = ['save-mask', 'save-class', 'save-overlay', 'save-nifti', 'save-labelme', 'save-json', 'save-copy'];
/** Of one image that came from DICOM. */
const OF_DICOM = /** @type {const} */ (['seg', 'sr']);
const OF_ALL = ['save-csv', 'save-coco', 'save-zip', 'save-report'];

export class Save {
    #store;
    #opener;
    #settle;
    #reader;
    /** @type {Engine | null} */
    #engine = null;
    /** The button whose action is running. */
    #busy = '';

    /**
     * @param {Store} store
     * @param {Opener} opener
     * @param {() => Promise<void>} settle waits until playback has stopped and the frame in view has its answer
     * @param {() => string} reader the reader's name
     */
    constructor(store, opener, settle, reader) {
        this.#reader = reader;
        this.#store = store;
        this.#opener = opener;
        this.#settle = settle;
        this.#on('save-mask', async engine => {
            const { maskPng } = await late();
            const { result, stem, facts } = await this.#inView(engine);
            saveFile(new Blob([await maskPng(result, engine, facts)], { type: 'image/png' }), `${stem}_mask.png`);
        });
        this.#on('save-class', async engine => {
            const { classPng } = await late();
            const { item, result, stem, facts } = await this.#inView(engine);
            saveFile(new Blob([await classPng(item, result, engine, facts)], { type: 'image/png' }), `${stem}_class.png`);
        });
        this.#on('save-overlay', async engine => {
            const { withText } = await late();
            const view = await this.#inView(engine);
            const png = new Uint8Array(await (await this.#overlay(view, engine)).arrayBuffer());
            saveFile(new Blob([withText(png, 'sonomask', JSON.stringify(view.facts))], { type: 'image/png' }), `${view.stem}_overlay.png`);
        });
        this.#on('save-nifti', async engine => {
            const { classesOf, toNifti } = await late();
            const { item, result, stem, facts } = await this.#inView(engine);
            const file = toNifti(classesOf(item, result), result.width, result.height, millimetresOf(item), facts);
            saveFile(new Blob([file], { type: 'application/octet-stream' }), `${stem}.nii`);
        });
        this.#on('save-labelme', async engine => {
            const { classOf, toLabelMe } = await late();
            const { item, name, result, stem, facts } = await this.#inView(engine);
            const outlines = engine.measurer.contours(decodeRuns(result.runs, result.width * result.height), result.width, result.height);
            saveFile(jsonBlob(toLabelMe(name.file, result, outlines, lesion => classOf(item, result, lesion), facts)), `${stem}.json`);
        });
        this.#on('save-json', async engine => {
            const { recordOf } = await late();
            const { item, name, frame, result, stem, provenance } = await this.#inView(engine);
            saveFile(jsonBlob(recordOf(item, name, frame, result, provenance)), `${stem}.json`);
        });
        for (const kind of OF_DICOM) this.#on(`save-${kind}`, async engine => {
            const { derivedOf } = await late();
            const { askOnce } = await import('../input/dicom.js');
            const { item, name, provenance } = await this.#inView(engine);
            const derived = await derivedOf(item, name.hidden, engine, provenance, askOnce).catch(error => {
                throw new Error(reasonOf(error), { cause: error });
            });
            saveFile(new Blob([derived[kind]], { type: 'application/dicom' }), `${name.stem}_${kind}.dcm`);
            await this.#nameIncomplete([item]);
        });
        this.#on('save-copy', async engine => {
            if (!canCopy) throw new Error(t('lack.copy'));
            // Called at once, with a promise of the picture: browsers allow this only shortly after a click.
            const picture = this.#inView(engine).then(view => this.#overlay(view, engine));
            await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
            notify(t('save.copied'));
        });
        this.#on('save-csv', async engine => {
            const { provenanceOf, toCsv } = await late();
            const table = toCsv(await this.#namesWithSums(), provenanceOf(engine, this.#reader()));
            saveFile(new Blob(['\ufeff', table], { type: 'text/csv' }), 'sonomask.csv');
        });
        this.#on('save-coco', async engine => {
            const { provenanceOf, toCoco } = await late();
            saveFile(jsonBlob(toCoco(await this.#namesWithSums(), engine.measurer, provenanceOf(engine, this.#reader()))), 'sonomask-coco.json');
        });
        this.#on('save-zip', async engine => {
            const { toZip } = await late();
            const names = await this.#namesWithSums();
            saveFile(await toZip(names, engine, await this.#painter(engine), this.#reader(), showProgress), 'sonomask.zip');
        });
        this.#on('save-report', async engine => printReport(await this.#namesWithSums(), engine, await this.#painter(engine), this.#reader(), showProgress));
    }

    /** @param {Engine} engine */
    async #painter(engine) {
        const { Painter } = await late();
        return new Painter(engine, this.#opener);
    }

    /** @returns {Promise<Map<Item, ExportName>>} the images with their checksums, which every export names */
    async #namesWithSums() {
        const { checksumOf, describeAll } = await late();
        const names = await this.#names();
        for (const item of names.keys()) await checksumOf(item);
        if (this.#engine) await describeAll(names.keys(), this.#engine, this.#opener);
        return names;
    }

    /** @param {Engine} engine */
    start(engine) {
        this.#engine = engine;
        this.render();
    }

    /** @returns {Promise<Map<Item, ExportName>>} */
    #names() {
        return exportNames(this.#store.items, byId('save-names', HTMLInputElement).checked);
    }

    /**
     * @param {Engine} engine
     * @returns {Promise<InView>}
     */
    async #inView(engine) {
        const item = this.#store.selected;
        await this.#settle();
        const answer = item && answerInView(item);
        const name = item && (await this.#names()).get(item);
        if (!item || !answer || !name) throw new Error(t('lesions.waiting'));
        const { checksumOf, describeAll, judgementOf, provenanceOf } = await late();
        await checksumOf(item);
        await describeAll([item], engine, this.#opener);
        const provenance = provenanceOf(engine, this.#reader());
        const facts = { file: name.file, ...provenance, ...judgementOf(item, answer.result) };
        return { item, name, ...answer, stem: name.stem + frameEnding(item, answer.frame), provenance, facts };
    }

    /**
     * @param {InView} view
     * @param {Engine} engine
     * @returns {Promise<Blob>}
     */
    async #overlay({ item, frame, result, name }, engine) {
        return (await this.#painter(engine)).overlay(item, frame, result, name.hidden);
    }

    /** Saves the mask of the picture in view. */
    saveMask() {
        byId('save-mask', HTMLButtonElement).click();
    }

    /**
     * @param {string} id
     * @param {(engine: Engine) => Promise<void>} run
     */
    #on(id, run) {
        const button = byId(id, HTMLButtonElement);
        button.addEventListener('click', async () => {
            if (!this.#engine || !this.#store.selected || this.#busy) return;
            this.#busy = id;
            button.setAttribute('aria-busy', 'true');
            try {
                await run(this.#engine);
                if (OF_ALL.includes(id)) await this.#finished(button.textContent);
            } catch (error) {
                notify(t('save.failed', { detail: error instanceof Error ? error.message : String(error) }), 'problem');
            }
            this.#busy = '';
            button.removeAttribute('aria-busy');
            byId('save-progress', HTMLElement).hidden = true;
        });
    }

    /**
     * Names the loops of which the files hold a part only.
     * @param {string} what was saved
     */
    async #finished(what) {
        announce(t('save.done', { what }));
        await this.#nameIncomplete(this.#store.items);
    }

    /** @param {Item[]} items */
    async #nameIncomplete(items) {
        const { incompleteLoops } = await late();
        for (const item of incompleteLoops(items)) notify(t('save.frames', { name: item.name, done: answersOf(item).length, count: item.frameCount }));
    }

    render() {
        const one = this.#engine !== null && this.#store.selected?.state === 'done';
        const any = this.#engine !== null && this.#store.items.some(({ state }) => state === 'done');
        for (const id of OF_ONE) byId(id, HTMLButtonElement).disabled = !one;
        for (const kind of OF_DICOM) byId(`save-${kind}`, HTMLButtonElement).disabled = !one || this.#store.selected?.kind !== 'dicom';
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
