/**
 * The list of pictures and which of them is in view. Events: "list" (rows were added or removed), "item" (a row changed;
 * detail is the item), "select" (another one is in view).
 */

/** @typedef {import('./item.js').Item} Item */

export class Store extends EventTarget {
    /** @type {Item[]} */
    items = [];
    /** @type {Item | null} */
    selected = null;
    /** Share of the lesion images in which a lesion counts; see OperatingPoint. @type {0.8 | 0.9 | 0.95} */
    operatingPoint = 0.95;

    /** @param {Item[]} items */
    add(items) {
        if (items.length === 0) return;
        this.items.push(...items);
        this.dispatchEvent(new Event('list'));
        if (!this.selected) this.select(items[0] ?? null);
    }

    /** @param {Item} item */
    remove(item) {
        const index = this.items.indexOf(item);
        if (index < 0) return;
        this.items.splice(index, 1);
        this.dispatchEvent(new Event('list'));
        if (this.selected === item) this.select(this.items[Math.min(index, this.items.length - 1)] ?? null);
    }

    clear() {
        this.items = [];
        this.dispatchEvent(new Event('list'));
        this.select(null);
    }

    /** @param {Item | null} item */
    select(item) {
        if (this.selected === item) return;
        this.selected = item;
        this.dispatchEvent(new Event('select'));
    }

    /** @param {number} step -1 or 1 */
    selectBeside(step) {
        const index = this.selected ? this.items.indexOf(this.selected) : -1;
        const next = this.items[index + step];
        if (next) this.select(next);
    }

    /** @param {Item} item */
    changed(item) {
        this.dispatchEvent(new CustomEvent('item', { detail: item }));
    }

    /** @returns {Record<import('./item.js').State, number>} how many rows are in each state */
    count() {
        const counts = { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
        for (const item of this.items) counts[item.state]++;
        return counts;
    }
}
