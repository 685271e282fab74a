/** Search, filter and order of the list, with counts. */
import { formatNumber, t } from '../i18n/i18n.js';
import { FILTERS, isShown, ORDERS } from '../state/arrange.js';
import { byId, element, oncePerFrame } from '../ui/dom.js';

/**
 * @typedef {import('../state/arrange.js').Filter} Filter
 * @typedef {import('../state/arrange.js').Order} Order
 * @typedef {import('../state/store.js').Store} Store
 */

export class Find {
    #root = byId('list-find', HTMLElement);
    #search = byId('list-search', HTMLInputElement);
    #filter = byId('list-filter', HTMLSelectElement);
    #order = byId('list-order', HTMLSelectElement);
    #store;

    /** @param {Store} store */
    constructor(store) {
        this.#store = store;
        const soon = oncePerFrame(() => this.render());
        for (const event of ['list', 'item']) store.addEventListener(event, soon);
        this.#search.addEventListener('input', () => store.arrange({ search: this.#search.value }));
        this.#filter.addEventListener('change', () => store.arrange({ filter: /** @type {Filter} */ (this.#filter.value) }));
        this.#order.addEventListener('change', () => store.arrange({ order: /** @type {Order} */ (this.#order.value) }));
    }

    render() {
        const { items, shown, arrangement } = this.#store;
        this.#root.hidden = items.length < 2;
        byId('list-count', HTMLElement).textContent =
            items.length === 0 ? '' : shown.length < items.length ? t('find.of', { shown: shown.length, count: items.length }) : formatNumber(items.length);
        byId('list-empty', HTMLElement).hidden = shown.length > 0 || items.length === 0;
        if (this.#root.hidden) return;
        this.#search.placeholder = t('find.search');
        const filters = FILTERS.filter(filter => filter === 'all' || filter === arrangement.filter || items.some(item => isShown(item, { ...arrangement, search: '', filter })));
        setOptions(
            this.#filter,
            filters.map(filter => {
                const count = items.filter(item => isShown(item, { ...arrangement, search: '', filter })).length;
                return { value: filter, text: `${t(`filter.${filter}`)} (${formatNumber(count)})` };
            }),
            arrangement.filter,
        );
        setOptions(this.#order, ORDERS.map(order => ({ value: order, text: t(`order.${order}`) })), arrangement.order);
    }
}

/**
 * Changes an open list of options only where its texts differ.
 * @param {HTMLSelectElement} select
 * @param {{ value: string, text: string }[]} options
 * @param {string} chosen
 */
export function setOptions(select, options, chosen) {
    const signature = JSON.stringify(options);
    if (select.dataset['options'] !== signature) {
        select.dataset['options'] = signature;
        select.replaceChildren(...options.map(({ value, text }) => element('option', { value }, text)));
    }
    select.value = chosen;
}
