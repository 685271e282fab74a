/**
 * The frame in view, ready to be drawn and edited: picture, probability map, mask, lesions, outlines, ground truth.
 * Everything that moves the mask goes through here, so measurements always follow. Events: "picture", "answer".
 */
import { openSource, SourceError } from '../input/source.js';
import { readTruth } from '../compare/truth.js';
import { ADD, Edits, ERASE, KEEP } from '../edit/edits.js';
import { componentAt, pixelOf } from '../edit/fill.js';
import { isAborted, problemOf } from '../engine/engine.js';
import { oncePerFrame } from '../ui/dom.js';
import { encodeRuns } from './runs.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('./item.js').FrameResult} FrameResult
 * @typedef {import('./item.js').Item} Item
 * @typedef {import('./maps.js').MapCache} MapCache
 * @typedef {import('./store.js').Store} Store
 */

export class Session extends EventTarget {
    #store;
    #queue;
    #maps;
    /** @type {Engine | null} */
    #engine = null;
    /** Raised whenever something else comes into view, so that late answers are dropped. */
    #turn = 0;

    /** @type {Item | null} */
    item = null;
    /** @type {ImageBitmap | null} */
    picture = null;
    /** @type {Float32Array | null} */
    probability = null;
    /** @type {Uint8Array | null} */
    mask = null;
    /** @type {Lesion[]} */
    lesions = [];
    /** @type {Contour[]} */
    contours = [];
    /** @type {Uint8Array | null} */
    truth = null;

    /**
     * @param {Store} store
     * @param {Queue} queue
     * @param {MapCache} maps
     */
    constructor(store, queue, maps) {
        super();
        this.#store = store;
        this.#queue = queue;
        this.#maps = maps;
        store.addEventListener('select', () => void this.#show());
        store.addEventListener('item', event => {
            const item = /** @type {CustomEvent<Item>} */ (event).detail;
            if (item === this.item && !this.mask && item.state === 'done') void this.#showAnswer(this.#turn);
            else if (item === this.item && item.state === 'waiting') this.#forgetAnswer();
        });
    }

    /** @param {Engine} engine */
    start(engine) {
        this.#engine = engine;
        void this.#show();
    }

    /** @returns {FrameResult | undefined} */
    get result() {
        return this.item?.result;
    }

    /** @returns {Edits | null} */
    get edits() {
        return this.result?.edits ?? null;
    }

    /** @returns {number} */
    get threshold() {
        return this.item?.threshold ?? this.#engine?.pool.info.threshold ?? 0.5;
    }

    #forgetAnswer() {
        this.probability = null;
        this.mask = null;
        this.lesions = [];
        this.contours = [];
        this.dispatchEvent(new Event('answer'));
    }

    async #show() {
        const turn = ++this.#turn;
        this.item = this.#store.selected;
        this.picture?.close();
        this.picture = null;
        this.truth = null;
        this.#forgetAnswer();
        this.dispatchEvent(new Event('picture'));
        await this.#showFrame(turn);
    }

    /** @param {number} turn */
    async #showFrame(turn) {
        const { item } = this;
        const engine = this.#engine;
        if (!item || !engine || item.state === 'failed') return;
        try {
            item.source ??= await openSource(item.file, engine);
            item.frameCount = item.source.frameCount;
            const picture = await item.source.picture(item.frame);
            if (turn !== this.#turn) {
                picture.close();
                return;
            }
            this.picture?.close();
            this.picture = picture;
            this.dispatchEvent(new Event('picture'));
            await this.#showAnswer(turn);
        } catch (error) {
            // The queue meets the same fault and writes the reason into the row.
            if (turn === this.#turn && item.state === 'done') this.#fail(item, error);
        }
    }

    /**
     * @param {Item} item
     * @param {unknown} error
     */
    #fail(item, error) {
        if (isAborted(error)) return;
        item.state = 'failed';
        item.problem = error instanceof SourceError ? error.problem : problemOf(error);
        this.#store.changed(item);
    }

    /** @param {number} turn */
    async #showAnswer(turn) {
        const { item } = this;
        const engine = this.#engine;
        if (!item || !engine || item.state !== 'done' || !this.picture) return;
        const { frame } = item;
        if (!item.results.has(frame) || !this.#maps.get(item, frame))
            await this.#queue.segmentFrame(engine, item, frame);
        if (item.truth && !item.truth.problem) {
            const size = item.results.get(frame);
            const truth = size ? await readTruth(item, engine, size) : null;
            if (turn === this.#turn) this.truth = truth;
        }
        if (turn !== this.#turn) return;
        this.probability = this.#maps.get(item, frame) ?? null;
        this.#recompute();
    }

    #recompute() {
        const { item, probability, result } = this;
        const engine = this.#engine;
        if (!item || !engine || !probability || !result) return;
        const { width, height, edits } = result;
        const { threshold } = this;
        const { measurer, pool } = engine;
        let measured = measurer.measure(probability, width, height, {
            threshold,
            minimumArea: pool.info.minimumArea,
        });
        if (edits?.any) {
            const edited = measured.mask.slice();
            edits.applyTo(edited);
            measured = measurer.measure(edited, width, height, { minimumArea: 0, probabilityMap: probability });
        }
        // The instance that measures here has no weights, and so does not know how honest their expectation is.
        const lesions = measured.lesions.map(lesion => ({ ...lesion, expectedDice: lesion.expectedDice ** pool.info.expectedDicePower }));
        this.mask = measured.mask;
        this.lesions = lesions;
        this.contours = measurer.contours(measured.mask, width, height);
        result.threshold = threshold;
        result.lesions = lesions;
        result.runs = encodeRuns(measured.mask);
        this.dispatchEvent(new Event('answer'));
        this.#store.changed(item);
    }

    #recomputeSoon = oncePerFrame(() => this.#recompute());

    /** @param {number} threshold 0..1 */
    setThreshold(threshold) {
        if (!this.item) return;
        this.item.threshold = threshold;
        this.#recomputeSoon();
    }

    /** Back to the network's own threshold. */
    resetThreshold() {
        if (!this.item) return;
        this.item.threshold = null;
        this.#recomputeSoon();
    }

    /** The ground truth of the picture in view came, went or changed. */
    async refreshTruth() {
        this.truth = null;
        await this.#showAnswer(this.#turn);
    }

    /** @param {number} frame */
    async showFrame(frame) {
        const { item } = this;
        if (!item || frame === item.frame || frame < 0 || frame >= item.frameCount) return;
        item.frame = frame;
        const turn = ++this.#turn;
        await this.#showFrame(turn);
    }

    /** @returns {Edits | null} the layer to paint on, made when it is first needed */
    #layer() {
        const { result } = this;
        if (!result || !this.mask) return null;
        result.edits ??= new Edits(result.width, result.height);
        return result.edits;
    }

    /** Begins a stroke. */
    beginStroke() {
        this.#layer()?.begin();
    }

    /**
     * @param {{ x: number, y: number }} from
     * @param {{ x: number, y: number }} to
     * @param {number} radius pixels
     * @param {boolean} erase
     */
    stroke(from, to, radius, erase) {
        this.#layer()?.stroke(from, to, radius, erase ? ERASE : ADD);
        this.#recomputeSoon();
    }

    endStroke() {
        this.#layer()?.commit();
        this.#recomputeSoon();
    }

    undo() {
        this.edits?.undo();
        this.#recomputeSoon();
    }

    redo() {
        this.edits?.redo();
        this.#recomputeSoon();
    }

    /** Takes back everything painted; itself a step that can be undone. */
    clearEdits() {
        const layer = this.edits;
        if (!layer?.any) return;
        layer.begin();
        layer.set(() => true, KEEP);
        layer.commit();
        this.#recomputeSoon();
    }

    /**
     * Removes one lesion, or every other one.
     * @param {Lesion} lesion
     * @param {'remove' | 'keep'} what
     */
    chooseLesion(lesion, what) {
        const { mask, result } = this;
        const layer = this.#layer();
        if (!mask || !result || !layer) return;
        const start = pixelOf(mask, result.width, lesion);
        if (start < 0) return;
        const component = componentAt(mask, result.width, result.height, start);
        layer.begin();
        layer.set(index => mask[index] !== 0 && (component[index] === 1) === (what === 'remove'), ERASE);
        layer.commit();
        this.#recomputeSoon();
    }
}
