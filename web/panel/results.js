/** A sortable table of all answers, with the scores of images that have a ground truth. */
import { millimetresOf, summaryOf } from '../compare/summary.js';
import { formatNumber, formatPercent, formatProbability, t } from '../i18n/i18n.js';
import { REVIEW_STATES } from '../state/arrange.js';
import { scaleFor } from '../state/item.js';
import { byId, element, icon, openDialog } from '../ui/dom.js';
import { distanceText } from './compare.js';
import { areaText } from './measures.js';
import { certaintyOf, doubtOf, findingOf, headline } from './words.js';

/**
 * @typedef {import('../compare/summary.js').Summary} Summary
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Lesion} Lesion
 * @typedef {import('../state/store.js').Store} Store
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

/**
 * @typedef {object} Column
 * @property {Key | 'Dice' | 'IoU' | 'HD95'} title
 * @property {boolean} [ofTruth] shown only when something was compared
 * @property {boolean} [ofReview] shown only when something was reviewed
 * @property {(item: Item) => number | string | null} value to sort by; null comes last
 * @property {(item: Item) => (Node | string)[]} cell
 */

/** Least time between two updates of the table while a batch runs. */
const PAUSE = 1000; // milliseconds

/**
 * @param {Item} item
 * @returns {Lesion | null}
 */
function largestOf(item) {
    return (item.result?.lesions ?? []).reduce(
        (/** @type {Lesion | null} */ best, lesion) => (best && best.area >= lesion.area ? best : lesion),
        null,
    );
}

/**
 * @param {Item} item
 * @returns {import('../compare/metrics.js').Scores | null} null without a lesion in the ground truth: overlap then has no meaning
 */
function lesionScores(item) {
    const scores = item.truth?.scores;
    return scores && !scores.normal ? scores : null;
}

/** @param {number | undefined} value */
function numberText(value) {
    return value === undefined ? '–' : formatNumber(value, 3);
}

/**
 * @param {Item} item
 * @returns {boolean} whether its views have different types: then one probability is not that of the image
 */
function differs({ result }) {
    return result !== undefined && findingOf(result) === 'views';
}

/** @type {Column[]} */
const COLUMNS = [
    { title: 'results.image', value: item => item.name, cell: () => [] },
    {
        title: 'results.type',
        value: item => (differs(item) ? 'views' : (item.result?.type ?? null)),
        cell: item => {
            const { result } = item;
            if (!result) return [];
            return differs(item) ? [headline(result)] : [element('span', { class: `swatch swatch-${result.type}` }), t(`class.${result.type}`)];
        },
    },
    {
        title: 'results.share',
        value: item => (item.result && !differs(item) ? item.result.probabilities[item.result.type] : null),
        cell: item => [item.result && !differs(item) ? formatProbability(item.result.probabilities[item.result.type]) : '–'],
    },
    {
        title: 'lesions.count',
        value: item => item.result?.lesions.length ?? null,
        cell: item => [formatNumber(item.result?.lesions.length ?? 0)],
    },
    {
        title: 'results.largest',
        value: item => largestOf(item)?.area ?? null,
        cell: item => {
            const lesion = largestOf(item);
            return [lesion ? areaText(lesion.area, scaleFor(item, lesion.bbox)) : '–'];
        },
    },
    {
        title: 'measure.certainty',
        value: item => largestOf(item)?.expectedDice ?? null,
        cell: item => {
            const lesion = largestOf(item);
            return [lesion ? t(`certainty.${certaintyOf(lesion)}`, { value: formatNumber(lesion.expectedDice, 2) }) : '–'];
        },
    },
    {
        title: 'review.title',
        ofReview: true,
        value: item => REVIEW_STATES.indexOf(item.review.state),
        cell: item => [t(`review.${item.review.state}`)],
    },
    {
        title: 'results.readerType',
        ofReview: true,
        value: item => item.review.type,
        cell: item => [item.review.type ? t(`class.${item.review.type}`) : '–', item.review.birads && ` · BI-RADS ${item.review.birads}`],
    },
    {
        title: 'Dice',
        ofTruth: true,
        value: item => lesionScores(item)?.dice ?? null,
        cell: item => [numberText(lesionScores(item)?.dice)],
    },
    {
        title: 'IoU',
        ofTruth: true,
        value: item => lesionScores(item)?.iou ?? null,
        cell: item => [numberText(lesionScores(item)?.iou)],
    },
    {
        title: 'HD95',
        ofTruth: true,
        value: item => lesionScores(item)?.hd95 ?? null,
        cell: item => [distanceText(lesionScores(item)?.hd95, millimetresOf(item))],
    },
];

/** @param {Column} column */
function titleOf({ title }) {
    return title === 'Dice' || title === 'IoU' || title === 'HD95' ? title : t(title);
}

export class Results {
    #dialog = byId('results', HTMLDialogElement);
    #store;
    #sorted = { column: -1, down: false };
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;

    /** @param {Store} store */
    constructor(store) {
        this.#store = store;
        for (const event of ['item', 'list'])
            store.addEventListener(event, () => {
                if (!this.#dialog.open || this.#timer) return;
                this.#timer = setTimeout(() => {
                    this.#timer = undefined;
                    this.render();
                }, PAUSE);
            });
    }

    open() {
        if (this.#store.items.length === 0) return;
        this.render();
        openDialog(this.#dialog);
    }

    /** @returns {Item[]} in the chosen order */
    #items() {
        const column = COLUMNS[this.#sorted.column];
        const { shown: items } = this.#store;
        if (!column) return items;
        const sign = this.#sorted.down ? -1 : 1;
        return [...items].sort((a, b) => {
            const [first, second] = [column.value(a), column.value(b)];
            if (first === null || second === null) return Number(first === null) - Number(second === null);
            if (typeof first === 'number' && typeof second === 'number') return sign * (first - second);
            return sign * String(first).localeCompare(String(second), document.documentElement.lang, { numeric: true });
        });
    }

    render() {
        const root = byId('results-table', HTMLElement);
        const summary = summaryOf(this.#store.items);
        const means = summary && summary.lesion.count + summary.normal.count > 0 ? summary : null;
        const reviewed = this.#store.items.some(({ review }) => review.state !== 'open' || review.type || review.birads);
        const columns = COLUMNS.filter(({ ofTruth, ofReview }) => (!ofTruth || means) && (!ofReview || reviewed));
        const focused = root.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset['focus'] : undefined;
        const body = element('tbody', {}, ...this.#items().map(item => this.#row(item, columns)));
        const table = element('table', { class: 'results' }, element('thead', {}, this.#head(columns)), body);
        if (means) table.append(element('tfoot', {}, ...footOf(means, columns)));
        root.replaceChildren(table);
        if (focused) /** @type {HTMLElement | null} */ (root.querySelector(`[data-focus="${focused}"]`))?.focus();
    }

    /** @param {Column[]} columns */
    #head(columns) {
        const cells = columns.map(column => {
            const index = COLUMNS.indexOf(column);
            const { column: sorted, down } = this.#sorted;
            const sort = () => {
                this.#sorted = { column: index, down: sorted === index && !down };
                this.render();
            };
            const head = element(
                'th',
                { scope: 'col' },
                element('button', { type: 'button', class: 'sort', 'data-focus': `sort-${index}`, onclick: sort }, titleOf(column)),
            );
            if (sorted === index) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
            return head;
        });
        return element('tr', {}, ...cells);
    }

    /**
     * @param {Item} item
     * @param {Column[]} columns
     */
    #row(item, columns) {
        const show = () => {
            this.#dialog.close();
            this.#store.select(item);
        };
        const name = element('button', { type: 'button', class: 'link', 'data-focus': `item-${item.id}`, onclick: show }, element('bdi', {}, item.name));
        const head = element('th', { scope: 'row' }, name);
        if (item.state !== 'done' || !item.result) {
            const text = item.problem ? t(item.problem.key, { detail: item.problem.detail }) : t(`state.${item.state}`);
            return element('tr', { 'data-state': item.state }, head, element('td', { colSpan: columns.length - 1 }, element('span', { class: 'reason' }, text)));
        }
        const doubt = doubtOf(item);
        if (doubt) head.append(element('span', { class: 'doubt', role: 'img', 'aria-label': t(doubt), title: t(doubt) }, icon('warning')));
        return element('tr', {}, head, ...columns.slice(1).map(column => element('td', { 'data-title': titleOf(column) }, ...column.cell(item))));
    }
}

/**
 * @param {Summary} summary
 * @param {Column[]} columns
 * @returns {HTMLElement[]} one row for images with lesions, one for normal images
 */
function footOf({ lesion, normal }, columns) {
    const own = columns.filter(({ ofTruth }) => !ofTruth).length;
    const head = (/** @type {string} */ text) => element('th', { scope: 'row', colSpan: own }, text);
    const rows = [];
    if (lesion.count > 0) {
        const hd95 = lesion.hd95 === null ? '–' : t('compare.over', { value: distanceText(lesion.hd95, null), count: lesion.found });
        const cells = [['Dice', formatNumber(lesion.dice, 3)], ['IoU', formatNumber(lesion.iou, 3)], ['HD95', hd95]];
        rows.push(element('tr', {}, head(t('results.means', { count: lesion.count, missed: lesion.missed })), ...cells.map(([title = '', text = '']) => element('td', { 'data-title': title }, text))));
    }
    if (normal.count > 0) {
        const text = t('results.falseOutlines', { outlined: normal.outlined, share: formatPercent(normal.outlined / normal.count) });
        rows.push(element('tr', {}, head(t('results.normal', { count: normal.count })), element('td', { colSpan: 3 }, text)));
    }
    return rows;
}
