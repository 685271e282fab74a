/**
 * The user's edits of a mask, with undo and redo: clicks and a box, which the network answers, and a layer of added and
 * erased pixels over its mask. They do not depend on the threshold.
 */
import { componentAt } from './fill.js';
import { NO_PROMPTS } from './prompts.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Box} Box
 * @typedef {import('../../wasm/sonomask.js').Click} Click
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 */

export const KEEP = 0;
export const ADD = 1;
export const ERASE = 2;

const MOST_STEPS = 100;
const MOST_CLICKS = 1000; // the network's limit

/**
 * @typedef {object} Step
 * @property {Patch | null} patch null: no pixel changed
 * @property {Prompts} before
 * @property {Prompts} after
 */

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
    /** @type {Step[]} */
    #done = [];
    /** @type {Step[]} */
    #undone = [];
    /** @type {{ layer: Uint8Array, prompts: Prompts } | null} before the step that has begun */
    #start = null;
    /** Replaced as a whole by every click. @type {Prompts} */
    prompts = NO_PROMPTS;

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

    /** Whether any pixel is painted. */
    get painted() {
        return this.layer.some(value => value !== KEEP);
    }

    /** Whether there is any edit. */
    get any() {
        return this.prompts !== NO_PROMPTS || this.painted;
    }

    /** Begins a step; everything until `commit` is undone at once. */
    begin() {
        this.#start = { layer: this.layer.slice(), prompts: this.prompts };
    }

    /**
     * A click for the network. It replaces earlier ones on its pixel, and paint that would hide its effect.
     * @param {Click} click in the image
     */
    click(click) {
        const samePixel = (/** @type {Click} */ other) => Math.floor(other.x) === Math.floor(click.x) && Math.floor(other.y) === Math.floor(click.y);
        const others = (this.prompts.clicks ?? []).filter(other => !samePixel(other));
        this.prompts = { ...this.prompts, clicks: [...others, click].slice(-MOST_CLICKS) };
        const hiding = click.inside ? ERASE : ADD;
        const paint = this.layer.map(value => (value === hiding ? 1 : 0));
        const region = componentAt(paint, this.width, this.height, Math.floor(click.y) * this.width + Math.floor(click.x));
        this.set(index => region[index] === 1, KEEP);
    }

    /**
     * A box around a lesion for the network. It replaces an earlier one, and erased pixels in it.
     * @param {Box} box in the image
     */
    box(box) {
        this.prompts = { ...this.prompts, box };
        this.set(index => {
            const x = (index % this.width) + 0.5;
            const y = Math.floor(index / this.width) + 0.5;
            const within = x > box.x && y > box.y && x < box.x + box.width && y < box.y + box.height;
            return within && this.layer[index] === ERASE;
        }, KEEP);
    }

    /** Removes all edits. */
    clear() {
        this.prompts = NO_PROMPTS;
        this.layer.fill(KEEP);
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
        const start = this.#start;
        this.#start = null;
        if (!start) return;
        const patch = this.#difference(start.layer);
        if (!patch && start.prompts === this.prompts) return;
        this.#done.push({ patch, before: start.prompts, after: this.prompts });
        if (this.#done.length > MOST_STEPS) this.#done.shift();
        this.#undone = [];
    }

    undo() {
        const step = this.#done.pop();
        if (!step) return;
        if (step.patch) this.#put(step.patch, step.patch.before);
        this.prompts = step.before;
        this.#undone.push(step);
    }

    redo() {
        const step = this.#undone.pop();
        if (!step) return;
        if (step.patch) this.#put(step.patch, step.patch.after);
        this.prompts = step.after;
        this.#done.push(step);
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
