/** Which items the list shows, and in which order. */

/**
 * @typedef {import('./item.js').Item} Item
 * @typedef {import('./item.js').ReviewState} ReviewState
 */

export const REVIEW_STATES = /** @type {const} */ (['open', 'check', 'accepted', 'rejected']);
export const FILTERS = /** @type {const} */ (['all', ...REVIEW_STATES, 'lesion', 'none', 'edited', 'problem']);
export const ORDERS = /** @type {const} */ (['added', 'name', 'review', 'presence', 'certainty', 'size']);

/** @typedef {(typeof FILTERS)[number]} Filter */
/** @typedef {(typeof ORDERS)[number]} Order */

/**
 * @typedef {object} Arrangement
 * @property {string} search part of the name or the notes
 * @property {Filter} filter
 * @property {Order} order
 */

/** @param {Item} item */
function isEdited(item) {
    return [...item.results.values()].some(({ edits }) => edits?.any);
}

/**
 * @param {Item} item
 * @param {Filter} filter
 * @returns {boolean}
 */
export function passes(item, filter) {
    if (filter === 'all') return true;
    if (filter === 'lesion') return (item.result?.lesions.length ?? 0) > 0;
    if (filter === 'none') return item.result?.lesions.length === 0;
    if (filter === 'edited') return isEdited(item);
    if (filter === 'problem') return item.state === 'failed' || item.state === 'missing' || item.result?.foreign === true;
    return item.review.state === filter;
}

/**
 * @param {Item} item
 * @param {Arrangement} arrangement
 * @returns {boolean}
 */
export function isShown(item, { search, filter }) {
    if (!passes(item, filter)) return false;
    const wanted = search.trim().toLocaleLowerCase();
    return wanted === '' || `${item.path}\n${item.review.notes}`.toLocaleLowerCase().includes(wanted);
}

/** What an order compares; the smallest comes first. @type {Record<Exclude<Order, 'added' | 'name'>, (item: Item) => number>} */
const VALUES = {
    review: item => REVIEW_STATES.indexOf(item.review.state),
    presence: item => -(item.result?.presence ?? -1),
    // The least certain outline first: it needs the reader most.
    certainty: item => Math.min(2, ...(item.result?.lesions ?? []).map(({ expectedDice }) => expectedDice)),
    size: item => -Math.max(-1, ...(item.result?.lesions ?? []).map(({ area }) => area)),
};

/**
 * @param {Item[]} items
 * @param {Order} order
 * @returns {Item[]}
 */
export function ordered(items, order) {
    if (order === 'added') return items;
    if (order === 'name') {
        const { compare } = new Intl.Collator(undefined, { numeric: true });
        return [...items].sort((a, b) => compare(a.name, b.name));
    }
    const value = VALUES[order];
    return [...items].sort((a, b) => value(a) - value(b));
}
