/** Scores of images against their ground truth, computed in a worker. Event "scores", with the item, when they changed. */
import { inlined } from '../engine/inlined.js';
import { readTruth, truthOfFrame } from './truth.js';

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
     * Compares the frame in view; of a loop whose frames have masks, all frames with an answer.
     * @param {Item} item
     * @param {Engine} engine
     */
    async compare(item, engine) {
        const { result, truth } = item;
        if (!result || !truth) return;
        const turn = (this.#turns.get(item) ?? 0) + 1;
        this.#turns.set(item, turn);
        const expected = await readTruth(item, engine, result);
        const { frame } = item;
        const scores = expected && truth.read ? await this.#ask(result, truth.read) : null;
        const isOver = () => item.truth !== truth || this.#turns.get(item) !== turn;
        if (isOver()) return;
        if (expected && !scores) truth.problem = 'compare.failed';
        truth.scores = scores;
        if (truth.frames) {
            const kept = (truth.frameScores ??= new Map());
            if (scores) kept.set(frame, { runs: result.runs, scores });
            for (const [other, answer] of item.results) {
                const mask = truthOfFrame(truth, other, answer);
                if (!mask || typeof mask === 'string' || kept.get(other)?.runs === answer.runs) continue;
                const found = await this.#ask(answer, mask);
                if (isOver()) return;
                if (found) kept.set(other, { runs: answer.runs, scores: found });
            }
        }
        this.dispatchEvent(new CustomEvent('scores', { detail: item }));
    }

    /**
     * @param {{ width: number, height: number, runs: Uint32Array }} answer
     * @param {import('../state/item.js').DrawnMask} truth of the same size
     * @returns {Promise<Scores | null>}
     */
    #ask({ width, height, runs: mask }, { runs, apart }) {
        void this.start();
        const id = ++this.#lastId;
        return new Promise(resolve => {
            this.#waiting.set(id, resolve);
            this.#worker?.postMessage({ id, width, height, mask, truth: runs, parts: apart });
        });
    }
}
