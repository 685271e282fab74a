/** Distances between two points of an image: drawn, moved by their ends, removed. Event: "change". */

/**
 * @typedef {import('../state/item.js').Ruler} Ruler
 * @typedef {import('../state/session.js').Session} Session
 * @typedef {{ x: number, y: number }} Point
 */

export class RulerTool extends EventTarget {
    #session;
    /** The end that follows the pointer. @type {'from' | 'to' | null} */
    #held = null;
    /** Whether the first end was set by a click and the second one is to follow. */
    #half = false;
    #moved = false;
    /** The image whose line is not finished: another one may be in view by then. @type {import('../state/item.js').Item | null} */
    #owner = null;

    /** The one touched last. @type {Ruler | null} */
    chosen = null;

    /** @param {Session} session */
    constructor(session) {
        super();
        this.#session = session;
        session.addEventListener('picture', () => {
            this.#drop();
            this.chosen = this.rulers.at(-1) ?? null;
            this.#announceChange();
        });
    }

    /** @returns {Ruler[]} of the frame in view */
    get rulers() {
        const { item } = this.#session;
        return item?.rulers.filter(({ frame }) => frame === item.frame) ?? [];
    }

    get holds() {
        return this.#held !== null;
    }

    /** Whether one end is set and the other one is not. */
    get half() {
        return this.#half;
    }

    /**
     * @param {Point} at in the image
     * @param {number} reach pixels of the image within which an end is meant
     */
    down(at, reach) {
        const { item } = this.#session;
        if (!item) return;
        if (this.#half && this.chosen) {
            this.#held = 'to';
            this.drag(at);
            return;
        }
        const [end] = this.rulers
            .flatMap(ruler => /** @type {const} */ (['from', 'to']).map(which => ({ ruler, which, distance: Math.hypot(ruler[which].x - at.x, ruler[which].y - at.y) })))
            .filter(({ distance }) => distance <= reach)
            .sort((a, b) => a.distance - b.distance);
        this.chosen = end?.ruler ?? { frame: item.frame, from: at, to: at };
        this.#held = end?.which ?? 'to';
        this.#moved = false;
        if (!end) {
            item.rulers.push(this.chosen);
            this.#owner = item;
            this.#half = true;
        }
        this.#announceChange();
    }

    /** @param {Point} at in the image, or beside it */
    drag(at) {
        if (!this.#held || !this.chosen) return;
        const { width = 0, height = 0 } = this.#session.picture ?? {};
        this.chosen[this.#held] = { x: Math.min(width, Math.max(0, at.x)), y: Math.min(height, Math.max(0, at.y)) };
        this.#moved = true;
        this.#announceChange();
    }

    /** The end is let go: a drag, or the second of two clicks, has made the line. */
    up() {
        if (this.#held && this.#moved) this.#half = false;
        this.#held = null;
        this.#announceChange();
    }

    /** @param {Point | null} at the line follows the pointer between two clicks */
    hover(at) {
        if (!this.#half || !this.chosen || !at) return;
        this.chosen.to = at;
        this.#announceChange();
    }

    /** Removes the chosen line. */
    remove() {
        const { item } = this.#session;
        if (!item) return;
        item.rulers = item.rulers.filter(ruler => ruler !== this.chosen);
        this.#half = false;
        this.#held = null;
        this.chosen = this.rulers.at(-1) ?? null;
        this.#announceChange();
    }

    /** Drops a line whose second end is not set. */
    cancel() {
        this.#drop();
        this.#announceChange();
    }

    #drop() {
        const owner = this.#half ? this.#owner : null;
        if (owner) owner.rulers = owner.rulers.filter(ruler => ruler !== this.chosen);
        this.#half = false;
        this.#held = null;
    }

    #announceChange() {
        this.dispatchEvent(new Event('change'));
    }
}
