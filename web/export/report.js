/** A printable report of the batch: the browser's own printing makes paper or PDF of it. */
import { t } from '../i18n/i18n.js';
import { measuresOf } from '../panel/measures.js';
import { explanation, headline, warnings } from '../panel/words.js';
import { scaleFor } from '../state/item.js';
import { byId, element } from '../ui/dom.js';
import { overlayPng } from './pictures.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 */

/**
 * @param {Map<Item, string>} names
 * @param {Engine} engine
 */
export async function printReport(names, engine) {
    const root = byId('report', HTMLElement);
    const articles = [];
    /** @type {string[]} */
    const addresses = [];
    for (const [item, name] of names) {
        if (!item.result || item.state !== 'done') continue;
        const address = URL.createObjectURL(await overlayPng(item, engine));
        addresses.push(address);
        const image = element('img', { src: address, alt: name });
        await image.decode();
        articles.push(element('article', {}, image, wordsOf(item, name)));
    }
    root.replaceChildren(
        element('h1', {}, t('report.title')),
        element('p', {}, t('report.made', { date: new Date().toLocaleString(document.documentElement.lang) })),
        element('p', {}, element('strong', {}, t('foot.research'))),
        ...articles,
    );
    window.print();
    root.replaceChildren();
    for (const address of addresses) URL.revokeObjectURL(address);
}

/**
 * @param {Item} item
 * @param {string} name
 */
function wordsOf(item, name) {
    const result = /** @type {import('../state/item.js').FrameResult} */ (item.result);
    const doubts = warnings(item, result).map(text => element('p', {}, element('strong', {}, text)));
    const tables = result.lesions.map((lesion, index) => {
        const body = measuresOf(lesion, scaleFor(item, lesion.bbox)).map(({ name: label, value }) =>
            element('tr', {}, element('th', { scope: 'row' }, label), element('td', {}, value)),
        );
        return element('table', {}, element('caption', {}, t('lesions.number', { number: index + 1 })), ...body);
    });
    return element('div', {}, element('h2', {}, name), element('p', {}, headline(result)), element('p', {}, explanation(result)), ...doubts, ...tables);
}
