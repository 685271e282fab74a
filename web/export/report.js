/** A report of the batch for the browser's print dialog. */
import { formatNumber, t } from '../i18n/i18n.js';
import { measuresOf } from '../panel/measures.js';
import { explanation, headline, scaleNote, warnings } from '../panel/words.js';
import { answerInView, scaleFor } from '../state/item.js';
import { byId, element } from '../ui/dom.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 * @typedef {import('./pictures.js').Painter} Painter
 */

/**
 * @param {Map<Item, ExportName>} names
 * @param {Engine} engine
 * @param {Painter} painter
 * @param {(done: number, total: number) => void} onProgress
 */
export async function printReport(names, engine, painter, onProgress) {
    const root = byId('report', HTMLElement);
    const articles = [];
    /** @type {string[]} */
    const addresses = [];
    const answered = [...names].filter(([item]) => answerInView(item));
    for (const [item, name] of answered) {
        const answer = answerInView(item);
        if (!answer) continue;
        onProgress(articles.length, answered.length);
        const address = URL.createObjectURL(await painter.overlay(item, answer.frame, answer.result, name.hidden));
        addresses.push(address);
        const image = element('img', { src: address, alt: name.file });
        await image.decode();
        articles.push(element('article', {}, image, wordsOf(item, name.file, answer.frame, answer.result)));
    }
    root.replaceChildren(
        element('h1', {}, t('report.title')),
        element('p', {}, t('report.made', { date: new Date().toLocaleString(document.documentElement.lang) })),
        element('p', {}, networkText(engine)),
        element('p', {}, element('strong', {}, t('foot.research'))),
        ...articles,
    );
    window.print();
    root.replaceChildren();
    for (const address of addresses) URL.revokeObjectURL(address);
}

/** @param {Engine} engine */
function networkText({ pool, weights }) {
    const { network, version, date } = pool.info;
    return t('report.network', { network: `${network} ${version}`, date: date || '–', sha256: weights.sha256 || '–' });
}

/**
 * @param {Item} item
 * @param {string} name
 * @param {number} frame
 * @param {FrameResult} result
 */
function wordsOf(item, name, frame, result) {
    const doubts = warnings(result).map(text => element('p', {}, element('strong', {}, text)));
    const tables = result.lesions.map((lesion, index) => {
        const known = measuresOf(lesion, scaleFor(item, lesion.bbox)).filter(({ value }) => value !== '');
        const body = known.map(({ name: label, value }) =>
            element('tr', {}, element('th', { scope: 'row' }, label), element('td', {}, value)),
        );
        return element('table', {}, element('caption', {}, t('lesions.number', { number: index + 1 })), ...body);
    });
    const notes = [
        t('report.threshold', { value: formatNumber(result.threshold, 2) }),
        ...(result.edits?.any ? [t('report.edited')] : []),
        ...(result.lesions.length > 0 ? [scaleNote(item, result.lesions)] : []),
    ];
    return element(
        'div',
        {},
        element('h2', {}, element('bdi', {}, name)),
        ...(item.frameCount > 1 ? [element('p', {}, t('frames.of', { frame: frame + 1, count: item.frameCount }))] : []),
        element('p', {}, headline(result)),
        element('p', {}, explanation(result)),
        ...doubts,
        ...tables,
        element('p', {}, notes.join(' ')),
    );
}
