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

    /** @param {Item[]} items */
    add(items) {
        if (items.length === 0) return;
        this.items.push(...items);
        this.dispatchEvent(new Event('list'));
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
        this.dispatchEvent(new Event('list'));
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
            this.dispatchEvent(new Event('list'));
            if (selected && leaving.has(selected)) this.select(selected);
        };
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
        const counts = { waiting: 0, running: 0, done: 0, failed: 0, cancelled: 0, missing: 0 };
        for (const item of this.items) counts[item.state]++;
        return counts;
    }
}
