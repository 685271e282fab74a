/**
 * The list of pictures and which of them is in view. Events: "list" (rows were added or removed), "item" (a row changed;
 * detail is the item), "select" (another one is in view).
 */

import { isShown, ordered } from './arrange.js';

/**
 * @typedef {import('./arrange.js').Arrangement} Arrangement
 * @typedef {import('./item.js').Item} Item
 */

export class Store extends EventTarget {
    /** @type {Item[]} */
    items = [];
    /** @type {Item | null} */
    selected = null;
    /** Share of the lesion images in which a lesion counts; see OperatingPoint. @type {0.8 | 0.9 | 0.95} */
    operatingPoint = 0.95;
    /** @type {Arrangement} */
    arrangement = { search: '', filter: 'all', order: 'added' };
    /** Items in the order of the list, without those that the filter hides. @type {Item[]} */
    shown = [];

    /** @param {Partial<Arrangement>} arrangement */
    arrange(arrangement) {
        this.arrangement = { ...this.arrangement, ...arrangement };
        this.#listChanged();
    }

    #listChanged() {
        // The image in view stays in the list until another one is: a decision about it may hide it.
        const shown = this.items.filter(item => item === this.selected || isShown(item, this.arrangement));
        this.shown = ordered(shown, this.arrangement.order);
        this.dispatchEvent(new Event('list'));
    }

    /** @param {Item[]} items */
    add(items) {
        if (items.length === 0) return;
        this.items.push(...items);
        this.#listChanged();
        if (!this.selected) this.select(items[0] ?? null);
    }

    /**
     * Takes items out of the list.
     * @param {Item[]} items
     * @returns {() => void} puts them back where they were; the first call counts
     */
    remove(items) {
        const leaving = new Set(items);
        const before = this.items;
        const { selected } = this;
        this.items = before.filter(item => !leaving.has(item));
        // A running item is stopped when it leaves the list, and a waiting one never runs.
        const unfinished = items.filter(({ state }) => state === 'waiting' || state === 'running');
        this.#listChanged();
        if (selected && leaving.has(selected)) {
            const index = before.indexOf(selected);
            const stays = (/** @type {Item} */ item) => !leaving.has(item);
            this.select(before.slice(index).find(stays) ?? before.slice(0, index).findLast(stays) ?? null);
        }
        let undone = false;
        return () => {
            if (undone) return;
            undone = true;
            for (const item of unfinished) item.state = 'waiting';
            const added = this.items.filter(item => !before.includes(item));
            this.items = [...before.filter(item => leaving.has(item) || this.items.includes(item)), ...added];
            this.#listChanged();
            if (selected && leaving.has(selected)) this.select(selected);
        };
    }

    /** @param {Item | null} item */
    select(item) {
        if (this.selected === item) return;
        const left = this.selected;
        this.selected = item;
        if ((left && this.items.includes(left) && !isShown(left, this.arrangement)) || (item && !this.shown.includes(item))) this.#listChanged();
        this.dispatchEvent(new Event('select'));
    }

    /** @param {number} step -1 or 1 */
    selectBeside(step) {
        const index = this.selected ? this.shown.indexOf(this.selected) : -1;
        const next = this.shown[index + step];
        if (next) this.select(next);
    }

    /**
     * Selects the next image that nobody has decided about; after the last one the search goes on at the first.
     * @param {number} step -1 or 1
     * @returns {boolean} whether there is one
     */
    selectOpen(step) {
        const { shown } = this;
        const start = this.selected ? shown.indexOf(this.selected) : -1;
        for (let count = 1; count <= shown.length; count++) {
            const item = shown[(start + step * count + shown.length * 2) % shown.length];
            if (!item || item === this.selected || item.review.state !== 'open' || item.state === 'failed' || item.state === 'missing') continue;
            this.select(item);
            return true;
        }
        return false;
    }

    /** @param {Item} item */
    changed(item) {
        if (item !== this.selected && this.shown.includes(item) !== isShown(item, this.arrangement)) this.#listChanged();
        this.dispatchEvent(new CustomEvent('item', { detail: item }));
    }

    /** @returns {Record<import('./item.js').State, number>} how many rows are in each state */
    count() {
        const counts = { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0, missing: 0 };
        for (const item of this.items) counts[item.state]++;
        return counts;
    }
}
