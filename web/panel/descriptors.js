/** The words of the outlines in view, with the numbers behind them, and the reader's own words beside them. */
import { lacksWords, describeAll } from '../state/descriptors.js';
import { scaleFor } from '../state/item.js';
import { byId, element, oncePerFrame } from '../ui/dom.js';
import { behindSign, numbersBehind } from './rule-numbers.js';
import { WORDS } from '../../wasm/dicom/codes.js';
import { READER_WORDS } from '../../wasm/dicom/report.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Descriptors} Descriptors
 * @typedef {import('../i18n/i18n.js').Key} Key
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Lesion} Lesion
 * @typedef {import('../ui/late.js').Page} Page
 */

/** @typedef {Pick<Page, 't' | 'formatNumber'>} Language */

/**
 * @param {Language['t']} t
 * @param {string} word of Descriptors
 * @returns {string}
 */
function wordText(t, word) {
    return t(/** @type {Key} */ (`word.${word}`));
}

/**
 * @param {Lesion} lesion
 * @param {number | null} millimetres of a pixel; null: unknown
 * @param {Language} language
 * @returns {{ name: string, value: string }[]} the rows of a table; none without a description
 */
export function wordRows({ descriptors }, millimetres, { t, formatNumber }) {
    if (!descriptors) return [];
    const { shape, orientation, margin, marginSigns, echo, posterior, halo, width, height, depth } = descriptors;
    const behind = numbersBehind(descriptors);
    const length = (/** @type {number} */ pixels) => (millimetres === null ? t('unit.px', { value: formatNumber(pixels, 1) }) : t('unit.mm', { value: formatNumber(pixels * millimetres, 1) }));
    const isCount = (/** @type {string} */ name) => ['corners', 'lobes', 'spicules'].includes(name);
    const withNumbers = (/** @type {string} */ word, /** @type {import('./rule-numbers.js').Behind[]} */ numbers) => {
        const list = numbers.map(([name, value]) => t(`number.${name}`, { value: formatNumber(value, isCount(name) ? 0 : name === 'roughness' ? 3 : 2) }));
        return list.length > 0 ? `${word} (${list.join(t('word.and'))})` : word;
    };
    const signs = marginSigns.map(sign => withNumbers(wordText(t, sign), [behindSign(descriptors, sign)])).join(t('word.and'));
    return [
        { name: t('words.shape'), value: withNumbers(wordText(t, shape), behind.shape) },
        { name: t('words.orientation'), value: withNumbers(wordText(t, orientation), behind.orientation) },
        { name: t('words.margins'), value: withNumbers(signs ? `${wordText(t, margin)}: ${signs}` : wordText(t, margin), behind.margin) },
        { name: t('words.echo'), value: echo ? withNumbers(wordText(t, echo), behind.echo) : t('words.unknown') },
        { name: t('words.posterior'), value: posterior ? withNumbers(wordText(t, posterior), behind.posterior) : t('words.unknown') },
        { name: t('words.halo'), value: withNumbers(t(halo ? 'words.halo.yes' : 'words.halo.no'), behind.halo) },
        { name: t('words.size'), value: t('words.sizeValue', { width: length(width), height: length(height) }) },
        { name: t('words.depth'), value: length(depth) },
    ];
}

export class DescriptorsPanel {
    #page;
    #title = element('h3', { id: 'descriptors-title' });
    #table = element('table', { class: 'measures' });
    #help = element('p', { class: 'help' });
    #root = element('div', { id: 'descriptors', hidden: true }, this.#title, this.#table, this.#help);
    #ownTitle = element('summary', {});
    /** @type {Map<typeof READER_WORDS[number], { label: HTMLLabelElement, select: HTMLSelectElement }>} */
    #own = new Map();
    #renderSoon = oncePerFrame(() => void this.#render());

    /** @param {Page} page */
    constructor(page) {
        this.#page = page;
        byId('lesions', HTMLElement).after(this.#root);
        const fields = READER_WORDS.map(kind => {
            const select = element('select', { id: `review-${kind}`, onchange: () => this.#state(kind, select.value) });
            const label = element('label', { htmlFor: `review-${kind}` });
            this.#own.set(kind, { label, select });
            return element('div', {}, label, select);
        });
        const own = element('details', { id: 'review-words' }, this.#ownTitle, element('div', { class: 'review-fields' }, ...fields));
        byId('review-notes', HTMLElement).parentElement?.before(own);
        const { session, store } = page;
        for (const event of ['answer', 'picture', 'edited']) session.addEventListener(event, this.#renderSoon);
        store.addEventListener('select', this.#renderSoon);
        store.addEventListener('item', event => {
            if (/** @type {CustomEvent<Item>} */ (event).detail === store.selected) this.#renderSoon();
        });
        page.onLanguage(this.#renderSoon);
        this.#renderSoon();
    }

    /**
     * @param {typeof READER_WORDS[number]} kind
     * @param {string} word "": not stated
     */
    #state(kind, word) {
        const { store } = this.#page;
        const item = store.selected;
        if (!item) return;
        const { [kind]: _, ...words } = item.review.words ?? {};
        item.review = { ...item.review, words: word ? { ...words, [kind]: word } : words };
        store.changed(item);
    }

    async #render() {
        this.#renderOwn();
        const { engine, opener, session } = this.#page;
        const { item, result } = session;
        const shown = item?.state === 'done' && result && session.mask ? result : null;
        this.#root.hidden = !shown || shown.lesions.length === 0;
        if (!item || !shown || this.#root.hidden) return;
        const { lesions } = shown;
        this.#renderTable(item, lesions);
        if (!lacksWords(shown)) return;
        await describeAll([item], engine, opener);
        // Another edit gives a list of its own.
        if (session.item === item && session.result?.lesions === lesions && !lacksWords(shown)) this.#renderTable(item, lesions);
    }

    /**
     * @param {Item} item
     * @param {Lesion[]} lesions
     */
    #renderTable(item, lesions) {
        const { t, formatNumber } = this.#page;
        this.#title.textContent = t('words.title');
        this.#help.textContent = t('words.help');
        const tables = lesions.map(lesion => wordRows(lesion, scaleFor(item, lesion.bbox)?.millimetres ?? null, { t, formatNumber }));
        const bodies = tables.map((rows, index) => {
            const lines = rows.map(({ name, value }) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)));
            // Side by side, the words of several lesions would be wider than a phone.
            const head = lesions.length > 1 ? [element('tr', {}, element('th', { scope: 'rowgroup', colSpan: 2 }, t('lesions.number', { number: index + 1 })))] : [];
            return element('tbody', {}, ...head, ...lines);
        });
        this.#table.replaceChildren(...bodies);
    }

    #renderOwn() {
        const { t, store } = this.#page;
        const item = store.selected;
        this.#ownTitle.textContent = t('words.own');
        for (const [kind, { label, select }] of this.#own) {
            label.textContent = t(`words.${kind}`);
            const words = ['', ...Object.keys(WORDS[kind])];
            select.replaceChildren(...words.map(word => element('option', { value: word }, word ? wordText(t, word) : t('review.unstated'))));
            select.value = item?.review.words?.[kind] ?? '';
            select.disabled = !item?.result;
        }
    }
}
