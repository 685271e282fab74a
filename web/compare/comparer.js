/** Scores of images against their ground truth, computed in a worker. Event "scores", with the item, when they changed. */
import { inlined } from '../engine/inlined.js';
import { readTruth } from './truth.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./metrics.js').Scores} Scores
 */

const PAUSE = 150; // milliseconds without a change of the outline in view

export class Comparer extends EventTarget {
    /** @type {Worker | null} */
    #worker = null;
    #lastId = 0;
    /** @type {Map<number, (scores: Scores | null) => void>} */
    #waiting = new Map();
    /** The comparison of an item that counts: the last one. @type {WeakMap<Item, number>} */
    #turns = new WeakMap();
    /** @type {Map<Item, ReturnType<typeof setTimeout>>} */
    #timers = new Map();

    /**
     * Starts the worker, so that nothing is requested later.
     * @returns {Promise<void>} when it runs, or failed
     */
    async start() {
        if (this.#worker) return;
        const running = new Promise(resolve => {
            this.#waiting.set(0, resolve);
        });
        const worker = new Worker(inlined?.compareWorker ?? new URL('./worker.js', import.meta.url), { type: 'module', name: 'compare' });
        worker.addEventListener('message', ({ data: { id, scores } }) => {
            this.#waiting.get(id)?.(scores);
            this.#waiting.delete(id);
        });
        worker.addEventListener('error', () => {
            for (const give of this.#waiting.values()) give(null);
            this.#waiting.clear();
            this.#worker = null;
        });
        this.#worker = worker;
        await running;
    }

    /**
     * Compares an item after a pause: during a stroke nothing is compared.
     * @param {Item} item
     * @param {Engine} engine
     */
    soon(item, engine) {
        if (!item.truth) return;
        clearTimeout(this.#timers.get(item));
        this.#timers.set(
            item,
            setTimeout(() => {
                this.#timers.delete(item);
                void this.compare(item, engine);
            }, PAUSE),
        );
    }

    /**
     * @param {Item} item the frame in view is compared
     * @param {Engine} engine
     */
    async compare(item, engine) {
        const { result, truth } = item;
        if (!result || !truth) return;
        const turn = (this.#turns.get(item) ?? 0) + 1;
        this.#turns.set(item, turn);
        const expected = await readTruth(item, engine, result);
        const { width, height, runs } = result;
        const scores = expected && truth.read ? await this.#ask({ width, height, mask: runs, truth: truth.read.runs }) : null;
        if (item.truth !== truth || this.#turns.get(item) !== turn) return;
        if (expected && !scores) truth.problem = 'compare.failed';
        truth.scores = scores;
        this.dispatchEvent(new CustomEvent('scores', { detail: item }));
    }

    /**
     * @param {{ width: number, height: number, mask: Uint32Array, truth: Uint32Array }} question
     * @returns {Promise<Scores | null>}
     */
    #ask(question) {
        void this.start();
        const id = ++this.#lastId;
        return new Promise(resolve => {
            this.#waiting.set(id, resolve);
            this.#worker?.postMessage({ id, ...question });
        });
    }
}
