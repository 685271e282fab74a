/** The window with the studies of the archive: search, series, opening. Patients are shown only on request. */
import { element, openDialog } from '../ui/dom.js';
import { fetchFiles, findSeries, findStudies, STUDIES_AT_ONCE } from './studies.js';
import { textOfTrouble } from './trouble.js';

/**
 * @typedef {import('../i18n/i18n.js').Key} Key
 * @typedef {import('./studies.js').Series} Series
 * @typedef {import('./studies.js').Study} Study
 */

export class ArchiveDialog {
    #page;
    #web;
    /** @type {Study[]} */
    #studies = [];
    /** Of the studies that are unfolded. @type {Map<string, Series[]>} */
    #series = new Map();
    #hasMore = false;
    /** Of the work that runs. @type {AbortController | null} */
    #running = null;
    #title = element('h2', { id: 'archive-title' });
    #from = element('input', { type: 'date', id: 'archive-from' });
    #to = element('input', { type: 'date', id: 'archive-to' });
    #patient = element('input', { type: 'text', id: 'archive-patient', autocomplete: 'off', maxLength: 64 });
    #ultrasound = element('input', { type: 'checkbox', id: 'archive-ultrasound', checked: true });
    #names = element('input', { type: 'checkbox', id: 'archive-names', onchange: () => this.#renderTable() });
    #labels = /** @type {const} */ (['from', 'to', 'patient', 'ultrasound', 'names']).map(name => ({
        name, label: element('label', { htmlFor: `archive-${name}` }),
    }));
    #search = element('button', { type: 'submit', class: 'button button-main button-small', id: 'archive-search' });
    #form = element('form', { class: 'loop-row', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void this.#find(false);
    } });
    #table = element('div', { class: 'results-scroll', id: 'archive-table', role: 'group', tabIndex: 0, 'aria-labelledby': 'archive-title' });
    #more = element('button', { type: 'button', class: 'link', id: 'archive-more', hidden: true, onclick: () => void this.#find(true) });
    #status = element('p', { class: 'help', id: 'archive-status', role: 'status' });
    #cancel = element('button', { type: 'button', class: 'link', id: 'archive-cancel', hidden: true, onclick: () => this.#running?.abort() });
    #close = element('button', { type: 'button', class: 'button', id: 'archive-close', onclick: () => this.#dialog.close() });
    #dialog = element(
        'dialog', { class: 'dialog dialog-wide', id: 'archive', 'aria-labelledby': 'archive-title', onclose: () => this.#running?.abort() },
        element('div', { class: 'dialog-body' }, this.#title, this.#form, this.#table, this.#more,
            element('div', { class: 'loop-row' }, this.#status, this.#cancel), this.#close),
    );

    /**
     * @param {import('../ui/late.js').Page} page
     * @param {import('../../wasm/dicom/dicomweb.js').DicomWeb} web
     */
    constructor(page, web) {
        this.#page = page;
        this.#web = web;
        const [from, to, patient, ultrasound, names] = this.#labels.map(({ label }) => label);
        const field = (/** @type {(Node | undefined)[]} */ ...parts) => element('span', { class: 'archive-field' }, ...parts.map(part => part ?? null));
        this.#form.append(field(from, this.#from), field(to, this.#to), field(patient, this.#patient), this.#search,
            field(this.#ultrasound, ultrasound), field(this.#names, names));
        document.body.append(this.#dialog);
        this.render();
    }

    open() {
        openDialog(this.#dialog);
        void this.#find(false);
    }

    /** Writes the texts of the current language. */
    render() {
        const { t } = this.#page;
        this.#title.textContent = t('archive.title');
        for (const { name, label } of this.#labels) label.textContent = t(`archive.${name}`);
        this.#search.textContent = t('archive.search');
        this.#more.textContent = t('archive.more');
        this.#cancel.textContent = t('archive.cancel');
        this.#close.textContent = t('dialog.close');
        this.#renderTable();
    }

    /**
     * Runs one piece of work at a time; a new one ends that before it.
     * @param {(signal: AbortSignal) => Promise<string>} work gives the text of its result
     */
    async #run(work) {
        this.#running?.abort();
        const own = new AbortController();
        this.#running = own;
        this.#cancel.hidden = false;
        this.#status.textContent = this.#page.t('archive.waiting');
        let text;
        try {
            text = await work(own.signal);
        } catch (error) {
            text = own.signal.aborted ? this.#page.t('archive.cancelled') : textOfTrouble(this.#page.t, error);
        }
        if (this.#running !== own) return;
        this.#running = null;
        this.#cancel.hidden = true;
        this.#status.textContent = text;
    }

    /** @param {boolean} isMore whether the next ones are added to the list */
    async #find(isMore) {
        await this.#run(async signal => {
            const wanted = {
                from: this.#from.value, to: this.#to.value, patient: this.#patient.value.trim(), isUltrasound: this.#ultrasound.checked,
            };
            const found = await findStudies(this.#web, wanted, isMore ? this.#studies.length : 0, signal);
            this.#studies = isMore ? [...this.#studies, ...found] : found;
            this.#series.clear();
            this.#hasMore = found.length === STUDIES_AT_ONCE;
            this.#renderTable();
            return this.#page.t('archive.found', { count: this.#studies.length });
        });
    }

    /** @param {string} study */
    async #unfold(study) {
        await this.#run(async signal => {
            this.#series.set(study, await findSeries(this.#web, study, signal));
            this.#renderTable();
            return '';
        });
    }

    /**
     * @param {string} study
     * @param {Series} [only] one of its series; else those of ultrasound, or all images where there is none
     */
    async #fetch(study, only) {
        const { t, addFiles, notify } = this.#page;
        await this.#run(async signal => {
            const all = only ? [only] : (await findSeries(this.#web, study, signal)).filter(({ modality }) => !['SEG', 'SR', 'PR', 'KO'].includes(modality));
            const ultrasound = all.filter(({ modality }) => modality === 'US');
            const { files, total, errors } = await fetchFiles(this.#web, only || ultrasound.length === 0 ? all : ultrasound, (done, count) => {
                this.#status.textContent = t('archive.progress', { done, total: count });
            }, signal);
            if (files.length > 0) addFiles(files);
            if (errors.length === 0 && files.length === total) {
                if (total > 0) this.#dialog.close();
                return total > 0 ? '' : t('archive.empty');
            }
            const text = t('archive.part', { done: files.length, total, detail: textOfTrouble(t, errors[0]) });
            notify(text, 'problem');
            return text;
        });
    }

    #renderTable() {
        const { t } = this.#page;
        const withPatient = this.#names.checked;
        const heads = [t('archive.date'), t('archive.description'), t('archive.modality'), t('archive.count'), ...(withPatient ? [t('archive.person')] : []), ''];
        const button = (/** @type {string} */ text, /** @type {() => void} */ onclick, /** @type {string} */ name) =>
            element('button', { type: 'button', class: 'link', 'aria-label': `${text}: ${name}`, onclick }, text);
        const row = (/** @type {string[]} */ cells, /** @type {HTMLElement[]} */ buttons) =>
            element('tr', {}, ...cells.map(cell => element('td', { dir: 'auto' }, cell)), element('td', {}, ...buttons.flatMap(each => [each, ' '])));
        const rows = this.#studies.flatMap(({ study, date, description, modalities, count, patient }) => {
            const name = `${date} ${description}`;
            const series = this.#series.get(study);
            const main = row([date, description, modalities, count, ...(withPatient ? [patient] : [])], [
                button(t('archive.open'), () => void this.#fetch(study), name),
                ...(series ? [] : [button(t('archive.series'), () => void this.#unfold(study), name)]),
            ]);
            return [main, ...(series ?? []).map(each => row(
                [`${t('archive.seriesNumber')} ${each.number}`, each.description, each.modality, each.count, ...(withPatient ? [''] : [])],
                [button(t('archive.open'), () => void this.#fetch(study, each), `${each.modality} ${each.number} ${each.description}`)],
            ))];
        });
        this.#table.replaceChildren(element('table', {}, element('thead', {}, element('tr', {}, ...heads.map(head => element('th', { scope: 'col' }, head)))), element('tbody', {}, ...rows)));
        this.#more.hidden = !this.#hasMore;
    }
}
