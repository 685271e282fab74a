/** A sortable table of all answers, with the mean scores of images that have a ground truth. */
import { formatNumber, formatProbability, t } from '../i18n/i18n.js';
import { scaleFor } from '../state/item.js';
import { byId, element, icon, openDialog } from '../ui/dom.js';
import { areaText } from './measures.js';
import { certaintyOf, doubtOf } from './words.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Lesion} Lesion
 * @typedef {import('../state/store.js').Store} Store
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

/**
 * @typedef {object} Column
 * @property {Key | 'Dice' | 'IoU' | 'HD95'} title
 * @property {boolean} [ofTruth] shown only when something was compared
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

/** @param {number | null | undefined} value */
function pixels(value) {
    return value === null || value === undefined ? '–' : t('unit.px', { value: formatNumber(value, 1) });
}

/** @type {Column[]} */
const COLUMNS = [
    { title: 'results.image', value: item => item.name, cell: () => [] },
    {
        title: 'results.type',
        value: item => item.result?.type ?? null,
        cell: item => (item.result ? [element('span', { class: `swatch swatch-${item.result.type}` }), t(`class.${item.result.type}`)] : []),
    },
    {
        title: 'results.share',
        value: item => (item.result ? item.result.probabilities[item.result.type] : null),
        cell: item => (item.result ? [formatProbability(item.result.probabilities[item.result.type])] : []),
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
        title: 'Dice',
        ofTruth: true,
        value: item => item.truth?.scores?.dice ?? null,
        cell: item => [item.truth?.scores ? formatNumber(item.truth.scores.dice, 3) : '–'],
    },
    {
        title: 'IoU',
        ofTruth: true,
        value: item => item.truth?.scores?.iou ?? null,
        cell: item => [item.truth?.scores ? formatNumber(item.truth.scores.iou, 3) : '–'],
    },
    { title: 'HD95', ofTruth: true, value: item => item.truth?.scores?.hd95 ?? null, cell: item => [pixels(item.truth?.scores?.hd95)] },
];

/** @param {Column} column */
function titleOf({ title }) {
    return title === 'Dice' || title === 'IoU' || title === 'HD95' ? title : t(title);
}

/** @param {number[]} values */
function mean(values) {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Means of everything that was compared with a mask.
 * @param {Item[]} items
 * @returns {{ count: number, dice: number, iou: number, hd95: number | null } | null} null when nothing was
 */
export function meansOf(items) {
    const scores = items.flatMap(item => item.truth?.scores ?? []);
    if (scores.length === 0) return null;
    const distances = scores.flatMap(({ hd95 }) => hd95 ?? []);
    return {
        count: scores.length,
        dice: mean(scores.map(({ dice }) => dice)),
        iou: mean(scores.map(({ iou }) => iou)),
        hd95: distances.length > 0 ? mean(distances) : null,
    };
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
        const { items } = this.#store;
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
        const means = meansOf(this.#store.items);
        const columns = COLUMNS.filter(({ ofTruth }) => !ofTruth || means);
        const focused = root.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset['focus'] : undefined;
        const body = element('tbody', {}, ...this.#items().map(item => this.#row(item, columns)));
        const table = element('table', { class: 'results' }, element('thead', {}, this.#head(columns)), body);
        if (means) table.append(element('tfoot', {}, footOf(means, columns)));
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
        return element('tr', {}, head, ...columns.slice(1).map(column => element('td', {}, ...column.cell(item))));
    }
}

/**
 * @param {NonNullable<ReturnType<typeof meansOf>>} means
 * @param {Column[]} columns
 */
function footOf(means, columns) {
    const own = columns.filter(({ ofTruth }) => !ofTruth).length;
    return element(
        'tr',
        {},
        element('th', { scope: 'row', colSpan: own }, t('results.means', { count: means.count })),
        element('td', {}, formatNumber(means.dice, 3)),
        element('td', {}, formatNumber(means.iou, 3)),
        element('td', {}, pixels(means.hd95)),
    );
}
