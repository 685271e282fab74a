/** A report of the batch for the browser's print dialog. */
import { millimetresOf, summaryOf } from '../compare/summary.js';
import { formatNumber, formatPercent, formatProbability, t } from '../i18n/i18n.js';
import { distanceText, loopLines, summaryLines } from '../panel/compare.js';
import { measuresOf } from '../panel/measures.js';
import { CLASSES, explanation, headline, scaleNote, viewLines, warnings } from '../panel/words.js';
import { REVIEW_STATES } from '../state/arrange.js';
import { answerInView, scaleFor, scoresOf } from '../state/item.js';
import { byId, element } from '../ui/dom.js';
import { late } from '../ui/late.js';
import { hasRegions } from './regions.js';

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
 * @param {string} reader
 * @param {(done: number, total: number) => void} onProgress
 */
export async function printReport(names, engine, painter, reader, onProgress) {
    const root = byId('report', HTMLElement);
    const { wordRows } = await late();
    const articles = [];
    /** @type {string[]} */
    const addresses = [];
    const answered = [...names].filter(([item]) => answerInView(item));
    for (const [item, name] of answered) {
        const answer = answerInView(item);
        if (!answer) continue;
        onProgress(articles.length, answered.length);
        const address = URL.createObjectURL(await painter.overlay(item, answer.frame, answer.result, name.hidden, true));
        addresses.push(address);
        const image = element('img', { src: address, alt: name.file });
        await image.decode();
        articles.push(element('article', {}, image, wordsOf(item, name.file, answer.frame, answer.result, wordRows)));
    }
    root.replaceChildren(
        element('h1', {}, t('report.title')),
        element('p', {}, t('report.made', { date: new Date().toLocaleString(document.documentElement.lang) })),
        element('p', {}, networkText(engine)),
        ...(reader ? [element('p', {}, t('report.reader', { name: reader }))] : []),
        element('p', {}, element('strong', {}, t('foot.research'))),
        summarySection(answered.map(([item]) => item)),
        ...articles,
    );
    window.print();
    root.replaceChildren();
    for (const address of addresses) URL.revokeObjectURL(address);
}

/**
 * @param {Item[]} items
 * @returns {HTMLElement} the summary, on a page of its own
 */
function summarySection(items) {
    const outlined = items.filter(item => (answerInView(item)?.result.lesions.length ?? 0) > 0).length;
    const reviewed = REVIEW_STATES.filter(state => state !== 'open').map(state => ({ state, count: items.filter(({ review }) => review.state === state).length }));
    const rows = [
        [t('report.images'), formatNumber(items.length)],
        [t('report.withLesion'), formatNumber(outlined)],
        [t('report.reviewed'), reviewed.map(({ state, count }) => `${t(`review.${state}`)} ${formatNumber(count)}`).join(' · ')],
    ];
    const summary = summaryOf(items);
    const body = rows.map(([name = '', value = '']) => element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value)));
    return element(
        'section',
        { class: 'report-summary' },
        element('h2', {}, t('report.summary')),
        element('table', {}, element('tbody', {}, ...body)),
        ...(summary ? [element('h3', {}, t('compare.title')), ...summaryLines(summary).map(line => element('p', {}, line))] : []),
    );
}

/** @param {Item} item */
function reviewLines({ review }) {
    const { state, type, birads, notes, words: own = {} } = review;
    const words = [
        t('report.review', { state: t(`review.${state}`) }),
        ...(type ? [t(`class.${type}`)] : []),
        ...(birads ? [`BI-RADS ${birads}`] : []),
        ...Object.values(own).map(word => t(/** @type {import('../i18n/i18n.js').Key} */ (`word.${word}`))),
    ];
    return [element('p', {}, words.join(' · ')), ...(notes ? [element('p', { dir: 'auto' }, notes)] : [])];
}

/**
 * @param {Item} item
 * @param {number} frame
 */
function comparisonLines(item, frame) {
    const scores = scoresOf(item, frame);
    const loop = loopLines(item).map(line => element('p', {}, line));
    if (!scores) return loop;
    if (scores.normal) return [element('p', {}, t(scores.outlined ? 'compare.false' : 'compare.rightlyNone')), ...loop];
    const text = `${t('compare.title')}: Dice ${formatNumber(scores.dice, 3)} · IoU ${formatNumber(scores.iou, 3)} · HD95 ${distanceText(scores.hd95, millimetresOf(item))}`;
    return [element('p', {}, text), ...loop];
}

/** @param {FrameResult} result */
function probabilitiesText({ probabilities }) {
    return CLASSES.map(type => `${t(`class.${type}`)} ${formatProbability(probabilities[type])}`).join(' · ');
}

/** @param {Engine} engine */
function networkText({ pool, weights }) {
    const { network, version, date } = pool.info;
    return t('report.network', { network: `${network} ${version}`, date: date || '–', sha256: weights.sha256 || '–' });
}

/**
 * @param {import('../../wasm/sonomask.js').Rectangle} region
 * @returns {string} as the option --region of the commands takes it
 */
const boxText = ({ x, y, width, height }) => `${x},${y},${width}x${height}`;

/**
 * @param {Item} item
 * @param {string} name
 * @param {number} frame
 * @param {FrameResult} result
 * @param {typeof import('../panel/descriptors.js').wordRows} wordRows
 */
function wordsOf(item, name, frame, result, wordRows) {
    const doubts = warnings(result).map(text => element('p', {}, element('strong', {}, text)));
    const tables = result.lesions.map((lesion, index) => {
        const scale = scaleFor(item, lesion.bbox);
        const known = [...measuresOf(lesion, scale, result), ...wordRows(lesion, scale?.millimetres ?? null, { t, formatNumber })].filter(({ value }) => value !== '');
        const body = known.map(({ name: label, value }) =>
            element('tr', {}, element('th', { scope: 'row' }, label), element('td', {}, value)),
        );
        return element('table', {}, element('caption', {}, t('lesions.number', { number: index + 1 })), ...body);
    });
    const notes = [
        t('report.threshold', { value: formatNumber(result.threshold, 2) }),
        ...(result.operatingPoint ? [t('report.point', { kept: formatPercent(result.operatingPoint.kept) })] : []),
        ...(result.edits?.any ? [t('report.edited')] : []),
        ...(hasRegions(result) ? [t('report.regions', { count: result.regions.length, regions: result.regions.map(boxText).join('; ') })] : []),
        ...(result.lesions.length > 0 ? [scaleNote(item, result.lesions), t('words.help')] : []),
    ];
    return element(
        'div',
        {},
        element('h2', {}, element('bdi', {}, name)),
        ...(item.frameCount > 1 ? [element('p', {}, t('frames.of', { frame: frame + 1, count: item.frameCount }))] : []),
        element('p', {}, headline(result)),
        element('p', {}, explanation(result, item.threshold)),
        element('p', {}, probabilitiesText(result)),
        ...viewLines(result).map(line => element('p', {}, line)),
        ...reviewLines(item),
        ...comparisonLines(item, frame),
        ...doubts,
        ...tables,
        element('p', {}, notes.join(' ')),
    );
}
