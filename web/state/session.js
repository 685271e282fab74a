/**
 * The frame in view, ready to be drawn and edited: picture, probability map, mask, lesions, outlines, ground truth.
 * All changes of the mask go through here, so that the measurements are always up to date. Events: "picture", "answer",
 * and "edit" for an edit while a loop plays: the loop must stop first.
 */
import { SourceError } from '../input/source.js';
import { readTruth } from '../compare/truth.js';
import { ADD, Edits, ERASE, KEEP } from '../edit/edits.js';
import { componentAt, pixelOf } from '../edit/fill.js';
import { isAborted, problemOf } from '../engine/engine.js';
import { oncePerFrame } from '../ui/dom.js';
import { decodeRuns, encodeRuns, measureMap } from './masks.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../engine/queue.js').Queue} Queue
 * @typedef {import('./item.js').FrameResult} FrameResult
 * @typedef {import('./item.js').Item} Item
 * @typedef {import('./maps.js').MapCache} MapCache
 * @typedef {import('./opener.js').Opener} Opener
 * @typedef {import('./store.js').Store} Store
 */

export class Session extends EventTarget {
    #store;
    #queue;
    #maps;
    #opener;
    /** @type {Engine | null} */
    #engine = null;
    /** Incremented when another picture or frame comes into view; answers for an earlier value are dropped. */
    #turn = 0;
    /** The picture whose file is held open here. @type {Item | null} */
    #holds = null;
    /** Frames of the playing loop that are being analysed. @type {Set<number>} */
    #inFlight = new Set();
    /** The frame whose answer is in view; it may lag behind the picture while a loop plays. */
    #answerFrame = 0;
    #playing = false;
    #stroking = false;

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
     * @param {Opener} opener
     */
    constructor(store, queue, maps, opener) {
        super();
        this.#opener = opener;
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
        const { item } = this;
        return item?.results.get(this.#playing ? this.#answerFrame : item.frame);
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
        this.#letGo();
        this.#playing = false;
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
            const source = await this.#hold(item, engine);
            if (turn !== this.#turn) return;
            item.frameCount = source.frameCount;
            const picture = await source.picture(item.frame);
            if (this.#take(picture, turn)) await this.#showAnswer(turn);
        } catch (error) {
            // The queue gets the same error and writes the reason into the row.
            if (turn === this.#turn && item.state === 'done') this.#fail(item, error);
        }
    }

    /**
     * @param {Item} item
     * @param {Engine} engine
     */
    async #hold(item, engine) {
        if (this.#holds === item && item.source) return item.source;
        const source = await this.#opener.open(item, engine);
        if (this.item !== item || this.#holds === item) {
            this.#opener.release(item);
        } else {
            this.#letGo();
            this.#holds = item;
        }
        return source;
    }

    #letGo() {
        if (this.#holds) this.#opener.release(this.#holds);
        this.#holds = null;
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
        const kept = item.results.has(frame) ? this.#maps.get(item, frame) : undefined;
        const probability = kept ?? (await this.#queue.segmentFrame(engine, item, frame));
        if (item.truth && !item.truth.problem) {
            const size = item.results.get(frame);
            const truth = size ? await readTruth(item, engine, size) : null;
            if (turn === this.#turn) this.truth = truth;
        }
        if (turn !== this.#turn) return;
        this.probability = probability;
        this.#answerFrame = frame;
        this.#recompute();
    }

    #recompute() {
        const { item, probability, result, threshold } = this;
        const engine = this.#engine;
        if (!item || !engine || !probability || !result) return;
        const { mask, lesions } = measureMap(engine, probability, result, threshold, result.edits);
        this.mask = mask;
        this.lesions = lesions;
        this.contours = engine.measurer.contours(mask, result.width, result.height);
        result.threshold = threshold;
        result.lesions = lesions;
        result.runs = encodeRuns(mask);
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

    /** The ground truth of the picture in view was added, removed or changed. */
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

    /** A loop begins to play: from now on `playFrame` sets the frame in view. */
    beginPlay() {
        this.#playing = true;
        this.#answerFrame = this.item?.frame ?? 0;
    }

    /** The loop stopped: the frame in view gets its own answer. */
    async endPlay() {
        if (!this.#playing) return;
        this.#playing = false;
        await this.#showFrame(++this.#turn);
    }

    /**
     * @param {ImageBitmap} picture
     * @param {number} turn the value of #turn when it was requested
     * @returns {boolean} whether it is shown; false when something else came into view since, and the picture is then closed
     */
    #take(picture, turn) {
        if (turn !== this.#turn) {
            picture.close();
            return false;
        }
        this.picture?.close();
        this.picture = picture;
        this.dispatchEvent(new Event('picture'));
        return true;
    }

    /**
     * Shows a frame of the loop that plays, with its own answer when it was analysed before, else with the latest answer.
     * Frames are analysed during playback, one per worker, with one worker left free.
     * @param {number} frame
     */
    async playFrame(frame) {
        const { item } = this;
        const engine = this.#engine;
        if (!this.#playing || !item?.source || !engine || item.state !== 'done') return;
        item.frame = frame;
        const turn = ++this.#turn;
        const picture = await item.source.picture(frame);
        if (!this.#take(picture, turn)) return;
        if (item.results.get(frame)?.threshold === this.threshold) this.#showKept(item, frame, engine);
        else if (this.#inFlight.size < Math.max(1, engine.pool.size - 1)) void this.#answerWhilePlaying(item, frame, engine);
    }

    /**
     * @param {Item} item
     * @param {number} frame
     * @param {Engine} engine
     */
    async #answerWhilePlaying(item, frame, engine) {
        if (this.#inFlight.has(frame)) return;
        this.#inFlight.add(frame);
        try {
            await this.#queue.segmentFrame(engine, item, frame);
            if (this.#playing && item === this.item) this.#showKept(item, frame, engine);
        } catch {
            // The error is shown when the loop stops at this frame.
        } finally {
            this.#inFlight.delete(frame);
        }
    }

    /**
     * Shows the stored answer of a frame; nothing is computed again.
     * @param {Item} item
     * @param {number} frame
     * @param {Engine} engine
     */
    #showKept(item, frame, engine) {
        const kept = item.results.get(frame);
        if (!kept) return;
        this.#answerFrame = frame;
        this.probability = this.#maps.get(item, frame) ?? null;
        this.mask = decodeRuns(kept.runs, kept.width * kept.height);
        this.lesions = kept.lesions;
        this.contours = engine.measurer.contours(this.mask, kept.width, kept.height);
        this.dispatchEvent(new Event('answer'));
    }

    /** @returns {Edits | null} the layer to paint on, created at first use */
    #layer() {
        if (this.#playing) {
            this.dispatchEvent(new Event('edit'));
            return null;
        }
        const { result } = this;
        if (!result || !this.mask) return null;
        result.edits ??= new Edits(result.width, result.height);
        return result.edits;
    }

    /** Begins a stroke. */
    beginStroke() {
        const layer = this.#layer();
        layer?.begin();
        this.#stroking = layer !== null;
    }

    /**
     * @param {{ x: number, y: number }} from
     * @param {{ x: number, y: number }} to
     * @param {number} radius pixels
     * @param {boolean} erase
     */
    stroke(from, to, radius, erase) {
        if (!this.#stroking) return;
        this.#layer()?.stroke(from, to, radius, erase ? ERASE : ADD);
        this.#recomputeSoon();
    }

    endStroke() {
        if (!this.#stroking) return;
        this.#stroking = false;
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

    /** Removes all edits, as a step that can be undone. */
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
