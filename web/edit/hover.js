/** The outline that a click under the pointer would give. */
import { componentAt } from './fill.js';
import { contoursOf } from '../state/masks.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Click} Click
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../../wasm/sonomask.js').Prompts} Prompts
 * @typedef {import('../../wasm/sonomask.js').Segmentation} Segmentation
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

/** A machine that takes longer than this for an answer shows no previews: they would delay the clicks. */
const SLOWEST = 120; // milliseconds

export class Hover {
    #show;
    /** @type {Click | null} the place to be answered next */
    #next = null;
    #busy = false;
    #slow = 0;

    /** @param {(contours: Contour[] | null) => void} show null: nothing is to be shown */
    constructor(show) {
        this.#show = show;
    }

    /**
     * @param {Click | null} click null: the pointer left
     * @param {(click: Click) => Promise<Segmentation | null>} answer by the network; null when nothing can be answered now
     * @param {Engine} engine
     */
    at(click, answer, engine) {
        this.#next = click;
        if (!click) this.#show(null);
        else if (!this.#busy && this.#slow < 3) void this.#run(answer, engine);
    }

    /**
     * @param {(click: Click) => Promise<Segmentation | null>} answer
     * @param {Engine} engine
     */
    async #run(answer, engine) {
        this.#busy = true;
        while (this.#next) {
            const click = this.#next;
            this.#next = null;
            const begun = performance.now();
            // A click that contradicts the box or another click has no preview.
            const result = await answer(click).catch(() => null);
            this.#slow = performance.now() - begun > SLOWEST ? this.#slow + 1 : 0;
            this.#show(result && outlineAt(click, result, engine));
        }
        this.#busy = false;
    }
}

/**
 * @param {Click} click
 * @param {Segmentation} answer
 * @param {Engine} engine
 * @returns {Contour[]} of the outline that holds the click
 */
function outlineAt({ x, y }, { mask, width, height }, engine) {
    const outline = componentAt(mask, width, height, Math.floor(y) * width + Math.floor(x));
    return contoursOf(engine, outline.map(value => (value ? 255 : 0)), width, height);
}
