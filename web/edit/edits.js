/**
 * The user's edits of a mask: a layer of added and erased pixels over the network's mask, with undo and redo. It does
 * not depend on the threshold.
 */

export const KEEP = 0;
export const ADD = 1;
export const ERASE = 2;

const MOST_STEPS = 100;

/**
 * The part of the layer that one step changed.
 * @typedef {object} Patch
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} before
 * @property {Uint8Array} after
 */

export class Edits {
    /** @type {Patch[]} */
    #done = [];
    /** @type {Patch[]} */
    #undone = [];
    /** @type {Uint8Array | null} the layer before the step that has begun */
    #start = null;

    /**
     * @param {number} width
     * @param {number} height
     */
    constructor(width, height) {
        this.width = width;
        this.height = height;
        this.layer = new Uint8Array(width * height);
    }

    get canUndo() {
        return this.#done.length > 0;
    }

    get canRedo() {
        return this.#undone.length > 0;
    }

    /** Whether any pixel is edited. */
    get any() {
        return this.layer.some(value => value !== KEEP);
    }

    /** Begins a step; everything until `commit` is undone at once. */
    begin() {
        this.#start = this.layer.slice();
    }

    /**
     * A round brush drawn along a line, in pixels of the image.
     * @param {{ x: number, y: number }} from
     * @param {{ x: number, y: number }} to
     * @param {number} radius
     * @param {number} value ADD or ERASE
     */
    stroke(from, to, radius, value) {
        const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
        const right = Math.min(this.width - 1, Math.ceil(Math.max(from.x, to.x) + radius));
        const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
        const bottom = Math.min(this.height - 1, Math.ceil(Math.max(from.y, to.y) + radius));
        const alongX = to.x - from.x;
        const alongY = to.y - from.y;
        const lengthSquared = alongX * alongX + alongY * alongY;
        for (let y = top; y <= bottom; y++) {
            for (let x = left; x <= right; x++) {
                const dx = x + 0.5 - from.x;
                const dy = y + 0.5 - from.y;
                const along = lengthSquared > 0 ? (dx * alongX + dy * alongY) / lengthSquared : 0;
                const place = Math.min(1, Math.max(0, along));
                if (Math.hypot(dx - place * alongX, dy - place * alongY) <= radius)
                    this.layer[y * this.width + x] = value;
            }
        }
    }

    /**
     * Sets every pixel that `chosen` accepts.
     * @param {(index: number) => boolean} chosen
     * @param {number} value
     */
    set(chosen, value) {
        for (let index = 0; index < this.layer.length; index++) if (chosen(index)) this.layer[index] = value;
    }

    /** Ends a step. A step without any change is not kept. */
    commit() {
        const before = this.#start;
        this.#start = null;
        if (!before) return;
        const patch = this.#difference(before);
        if (!patch) return;
        this.#done.push(patch);
        if (this.#done.length > MOST_STEPS) this.#done.shift();
        this.#undone = [];
    }

    undo() {
        const patch = this.#done.pop();
        if (!patch) return;
        this.#put(patch, patch.before);
        this.#undone.push(patch);
    }

    redo() {
        const patch = this.#undone.pop();
        if (!patch) return;
        this.#put(patch, patch.after);
        this.#done.push(patch);
    }

    /**
     * @param {Uint8Array} mask changed in place
     */
    applyTo(mask) {
        for (let index = 0; index < mask.length; index++) {
            const value = this.layer[index];
            if (value !== KEEP) mask[index] = value === ADD ? 255 : 0;
        }
    }

    /**
     * @param {Uint8Array} before
     * @returns {Patch | null}
     */
    #difference(before) {
        let [left, right, top, bottom] = [this.width, -1, this.height, -1];
        for (let y = 0, index = 0; y < this.height; y++) {
            for (let x = 0; x < this.width; x++, index++) {
                if (before[index] === this.layer[index]) continue;
                left = Math.min(left, x);
                right = Math.max(right, x);
                top = Math.min(top, y);
                bottom = y;
            }
        }
        if (right < 0) return null;
        const box = { left, top, width: right - left + 1, height: bottom - top + 1 };
        return { ...box, before: this.#cut(before, box), after: this.#cut(this.layer, box) };
    }

    /**
     * @param {Uint8Array} layer
     * @param {{ left: number, top: number, width: number, height: number }} box
     * @returns {Uint8Array}
     */
    #cut(layer, box) {
        const part = new Uint8Array(box.width * box.height);
        for (let row = 0; row < box.height; row++) {
            const from = (box.top + row) * this.width + box.left;
            part.set(layer.subarray(from, from + box.width), row * box.width);
        }
        return part;
    }

    /**
     * @param {Patch} box
     * @param {Uint8Array} part
     */
    #put(box, part) {
        for (let row = 0; row < box.height; row++) {
            const line = part.subarray(row * box.width, (row + 1) * box.width);
            this.layer.set(line, (box.top + row) * this.width + box.left);
        }
    }
}
