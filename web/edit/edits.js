/**
 * The user's edits of a mask, with undo and redo: clicks and a box, which the network answers; removed outlines; and a layer
 * of added and erased pixels over the mask. They do not depend on the threshold.
 */
import { componentAt } from './fill.js';
import { NO_PROMPTS } from './prompts.js';
import { cut, paste, unite } from './region.js';
import { removalOf, withoutRemovalAt } from './removal.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Box} Box
 * @typedef {import('../../wasm/sonomask.js').Click} Click
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('./region.js').Region} Region
 * @typedef {import('./removal.js').Removal} Removal
 */

export const KEEP = 0;
export const ADD = 1;
export const ERASE = 2;

const MOST_STEPS = 100;
const MOST_CLICKS = 1000; // the network's limit

/**
 * What is replaced as a whole by an edit, never changed in place.
 * @typedef {object} Choices
 * @property {Prompts} prompts
 * @property {Removal | null} removal
 */

/**
 * @typedef {object} Step
 * @property {Patch | null} patch null: no pixel changed
 * @property {Choices} before
 * @property {Choices} after
 */

/**
 * The part of the layer that one step changed.
 * @typedef {object} Patch
 * @property {Region} region
 * @property {Uint8Array} before
 * @property {Uint8Array} after
 */

export class Edits {
    /** @type {Step[]} */
    #done = [];
    /** @type {Step[]} */
    #undone = [];
    /** Before the step that has begun. @type {{ layer: Uint8Array, choices: Choices } | null} */
    #start = null;
    /** What the step has painted so far. @type {Region | null} */
    #touched = null;
    /** Holds all painted pixels. @type {Region | null} */
    #region = null;
    /** Whether any pixel in it is painted; null: not counted since the last change. @type {boolean | null} */
    #painted = false;
    /** @type {Choices} */
    #choices = { prompts: NO_PROMPTS, removal: null };

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

    /** The step that `undo` takes back; the same object until then. @returns {unknown} */
    get lastStep() {
        return this.#done.at(-1);
    }

    get canRedo() {
        return this.#undone.length > 0;
    }

    /** Replaced as a whole by every click. @returns {Prompts} */
    get prompts() {
        return this.#choices.prompts;
    }

    set prompts(prompts) {
        this.#choices = { ...this.#choices, prompts };
    }

    /** @returns {Removal | null} */
    get removal() {
        return this.#choices.removal;
    }

    set removal(removal) {
        this.#choices = { ...this.#choices, removal };
    }

    /** Whether any pixel is painted. */
    get painted() {
        const region = this.#region;
        this.#painted ??= region !== null && cut(this.layer, this.width, region).some(value => value !== KEEP);
        return this.#painted;
    }

    /** Whether there is any edit. */
    get any() {
        return this.prompts !== NO_PROMPTS || this.removal !== null || this.painted;
    }

    /** Begins a step; everything until `commit` is undone at once. */
    begin() {
        this.#start = { layer: this.layer.slice(), choices: this.#choices };
        this.#touched = null;
    }

    /**
     * A click for the network. It replaces earlier ones on its pixel, and edits that would hide its effect.
     * @param {Click} click in the image
     */
    click(click) {
        const pixel = Math.floor(click.y) * this.width + Math.floor(click.x);
        const samePixel = (/** @type {Click} */ other) => Math.floor(other.x) === Math.floor(click.x) && Math.floor(other.y) === Math.floor(click.y);
        const others = (this.prompts.clicks ?? []).filter(other => !samePixel(other));
        this.prompts = { ...this.prompts, clicks: [...others, click].slice(-MOST_CLICKS) };
        if (click.inside) this.#showAt([pixel]);
        const hiding = click.inside ? ERASE : ADD;
        if (this.layer[pixel] !== hiding) return;
        const paint = this.layer.map(value => (value === hiding ? 1 : 0));
        const region = componentAt(paint, this.width, this.height, pixel);
        this.set(index => region[index] === 1, KEEP);
    }

    /**
     * A box around a lesion for the network. It replaces an earlier one, and what was removed or erased in it.
     * @param {Box} box in the image
     */
    box(box) {
        this.prompts = { ...this.prompts, box };
        const inside = this.#pixelsOf(box);
        this.#showAt(inside);
        const within = new Set(inside.filter(index => this.layer[index] === ERASE));
        if (within.size > 0) this.set(index => within.has(index), KEEP);
    }

    /**
     * @param {Box} box
     * @returns {number[]} pixels whose centre it holds
     */
    #pixelsOf(box) {
        /** @type {number[]} */
        const pixels = [];
        for (let y = Math.max(0, Math.ceil(box.y - 0.5)); y + 0.5 < Math.min(this.height, box.y + box.height); y++)
            for (let x = Math.max(0, Math.ceil(box.x - 0.5)); x + 0.5 < Math.min(this.width, box.x + box.width); x++)
                pixels.push(y * this.width + x);
        return pixels;
    }

    /** @param {number[]} pixels of a lesion: an outline that was removed there may come back */
    #showAt(pixels) {
        const { removal } = this;
        if (removal) this.removal = withoutRemovalAt(removal, this.width, this.height, pixels);
    }

    /**
     * Removes outlines, at every threshold.
     * @param {Uint8Array} outline 0 or not 0
     * @param {Uint8Array} rest 0 or 255: the outlines that stay
     */
    remove(outline, rest) {
        this.removal = removalOf(this.removal, outline, rest);
        this.set(index => outline[index] !== 0 && this.layer[index] === ADD, KEEP);
    }

    /**
     * Draws outlines in place of others, at every threshold.
     * @param {Uint8Array} replaced 0 or not 0
     * @param {Uint8Array} drawn 0 or not 0
     * @param {Uint8Array} rest 0 or 255: the outlines that stay
     */
    redraw(replaced, drawn, rest) {
        this.remove(replaced, rest);
        this.set(index => drawn[index] !== 0, ADD);
    }

    /** Removes all edits. */
    clear() {
        this.#choices = { prompts: NO_PROMPTS, removal: null };
        this.#touch(this.#region);
        this.layer.fill(KEEP);
    }

    /**
     * A round brush drawn along a line, in pixels of the image.
     * @param {{ x: number, y: number }} from
     * @param {{ x: number, y: number }} to
     * @param {number} radius
     * @param {number} value ADD or ERASE
     * @returns {Region | null} the painted part of the image
     */
    stroke(from, to, radius, value) {
        const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
        const right = Math.min(this.width - 1, Math.ceil(Math.max(from.x, to.x) + radius));
        const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
        const bottom = Math.min(this.height - 1, Math.ceil(Math.max(from.y, to.y) + radius));
        if (left > right || top > bottom) return null;
        const alongX = to.x - from.x;
        const alongY = to.y - from.y;
        const lengthSquared = alongX * alongX + alongY * alongY;
        const radiusSquared = radius * radius;
        for (let y = top; y <= bottom; y++) {
            for (let x = left; x <= right; x++) {
                const dx = x + 0.5 - from.x;
                const dy = y + 0.5 - from.y;
                const along = lengthSquared > 0 ? (dx * alongX + dy * alongY) / lengthSquared : 0;
                const place = Math.min(1, Math.max(0, along));
                const acrossX = dx - place * alongX;
                const acrossY = dy - place * alongY;
                if (acrossX * acrossX + acrossY * acrossY <= radiusSquared) this.layer[y * this.width + x] = value;
            }
        }
        const region = { left, top, width: right - left + 1, height: bottom - top + 1 };
        this.#touch(region);
        return region;
    }

    /**
     * Sets every pixel that `chosen` accepts.
     * @param {(index: number) => boolean} chosen
     * @param {number} value
     */
    set(chosen, value) {
        const { width, layer } = this;
        let [left, right, top, bottom] = [width, -1, this.height, -1];
        for (let y = 0, index = 0; y < this.height; y++) {
            for (let x = 0; x < width; x++, index++) {
                if (layer[index] === value || !chosen(index)) continue;
                layer[index] = value;
                if (x < left) left = x;
                if (x > right) right = x;
                if (y < top) top = y;
                bottom = y;
            }
        }
        if (right >= 0) this.#touch({ left, top, width: right - left + 1, height: bottom - top + 1 });
    }

    /** @param {Region | null} region that may have changed */
    #touch(region) {
        this.#touched = unite(this.#touched, region);
        this.#region = unite(this.#region, region);
        this.#painted = null;
    }

    /**
     * Ends a step. A step without any change is not kept.
     * @returns {boolean} whether it changed pixels
     */
    commit() {
        const start = this.#start;
        this.#start = null;
        if (!start) return false;
        const patch = this.#patchSince(start.layer);
        if (!patch && start.choices === this.#choices) return false;
        this.#done.push({ patch, before: start.choices, after: this.#choices });
        if (this.#done.length > MOST_STEPS) this.#done.shift();
        this.#undone = [];
        return patch !== null;
    }

    undo() {
        const step = this.#done.pop();
        if (!step) return;
        this.#put(step.patch, step.patch?.before, step.before);
        this.#undone.push(step);
    }

    redo() {
        const step = this.#undone.pop();
        if (!step) return;
        this.#put(step.patch, step.patch?.after, step.after);
        this.#done.push(step);
    }

    /**
     * @param {Patch | null} patch
     * @param {Uint8Array | undefined} pixels
     * @param {Choices} choices
     */
    #put(patch, pixels, choices) {
        this.#choices = choices;
        if (!patch || !pixels) return;
        paste(this.layer, this.width, patch.region, pixels);
        this.#touch(patch.region);
    }

    /**
     * @param {Uint8Array} mask changed in place
     * @param {Region | null} [region] the part of it; all painted pixels when left out
     */
    applyTo(mask, region = this.#region) {
        if (!region) return;
        for (let y = region.top; y < region.top + region.height; y++) {
            const start = y * this.width + region.left;
            for (let index = start; index < start + region.width; index++) {
                const value = this.layer[index];
                if (value !== KEEP) mask[index] = value === ADD ? 255 : 0;
            }
        }
    }

    /**
     * @param {Uint8Array} earlier the layer when the step began
     * @returns {Patch | null}
     */
    #patchSince(earlier) {
        const region = this.#touched;
        if (!region) return null;
        const before = cut(earlier, this.width, region);
        const after = cut(this.layer, this.width, region);
        return before.some((value, index) => value !== after[index]) ? { region, before, after } : null;
    }
}
