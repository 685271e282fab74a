/**
 * Segments the waiting images of the store, one per worker at a time: first the one in view, then in the order of the
 * list. When one fails, its item gets the reason and the others continue. Event: "progress".
 */
import { NO_PROMPTS } from '../edit/prompts.js';
import { frameResult, keepSteady, promptsWithin } from '../state/answers.js';
import { frameProblem } from '../state/damage.js';
import { regionsFor, regionsOrigin } from '../state/item.js';
import { measureResult } from '../state/masks.js';
import { element, nextFrame } from '../ui/dom.js';
import { isAborted, problemOf } from './problems.js';

/**
 * @typedef {import('./engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
 * @typedef {import('../state/store.js').Store} Store
 * @typedef {import('../state/maps.js').MapCache} MapCache
 */

const BLANK_SIDE = 256; // pixels
const THUMBNAIL_SIDE = 112; // pixels, twice the size shown, for sharp screens

export class Queue extends EventTarget {
    #store;
    #maps;
    #opener;
    /** @type {Engine | null} */
    #engine = null;
    /** Why the engine could not be loaded. @type {Item['problem']} */
    #hopeless = null;
    /** @type {Map<Item, AbortController>} */
    #running = new Map();
    /** Before the first answer one image runs at a time: more workers would delay it while they start. */
    #answered = false;
    /** Whether a blank image runs, see `warmUp`. */
    #warming = false;
    /** The current batch: it starts when an image runs after the queue was idle, and ends when no image is left. */
    #batch = { started: 0, finished: 0 };
    #idle = true;

    /**
     * @param {Store} store
     * @param {MapCache} maps
     * @param {Opener} opener
     */
    constructor(store, maps, opener) {
        super();
        this.#store = store;
        this.#maps = maps;
        this.#opener = opener;
        store.addEventListener('list', () => this.#pump());
    }

    /** @param {Engine} engine which may still be loading */
    start(engine) {
        this.#engine = engine;
        this.#pump();
    }

    /**
     * The engine could not be loaded: all items that wait, now or later, fail with this problem.
     * @param {NonNullable<Item['problem']>} problem
     */
    giveUp(problem) {
        this.#hopeless = problem;
        this.#pump();
    }

    /** Runs items that were set back to waiting. */
    wake() {
        this.#pump();
    }

    /** @returns {Promise<void>} when the first image of the batch has its answer; at once when none runs */
    async firstAnswer() {
        while (this.#running.size > 0 && this.#batch.finished === 0)
            await new Promise(resolve => {
                this.addEventListener('progress', resolve, { once: true });
            });
    }

    /**
     * Segments a blank image when none has come yet: browsers optimise the network's code while it runs, so the first image
     * then takes a fraction of the time. An image that comes meanwhile waits for the rest of this, which is less than it gains.
     */
    async warmUp() {
        const engine = this.#engine;
        if (!engine || this.#batch.finished > 0 || this.#running.size > 0) return;
        this.#warming = true;
        await engine.pool.segment({ data: new Uint8Array(BLANK_SIDE ** 2), width: BLANK_SIDE, height: BLANK_SIDE }).catch(() => undefined);
        this.#warming = false;
        this.#pump();
    }

    /** @returns {{ finished: number, total: number, secondsLeft: number | null }} */
    get progress() {
        const left = this.#store.items.filter(item => item.state === 'waiting' || item.state === 'running').length;
        const { started, finished } = this.#batch;
        const seconds = (performance.now() - started) / 1000;
        return { finished, total: finished + left, secondsLeft: finished > 0 ? (seconds / finished) * left : null };
    }

    /** @param {Item} item */
    cancel(item) {
        this.#running.get(item)?.abort();
        if (item.state === 'waiting') {
            item.state = stoppedState(item);
            this.#store.changed(item);
        }
        this.dispatchEvent(new Event('progress'));
    }

    cancelAll() {
        for (const item of [...this.#store.items]) this.cancel(item);
    }

    /** @returns {Item | undefined} */
    #next() {
        const { items, selected } = this.#store;
        if (selected?.state === 'waiting') return selected;
        return items.find(item => item.state === 'waiting');
    }

    #pump() {
        const engine = this.#engine;
        if (this.#hopeless) this.#refuseWaiting(this.#hopeless);
        if (!engine || this.#warming) return;
        for (const item of this.#running.keys()) if (!this.#store.items.includes(item)) this.#running.get(item)?.abort();
        while (this.#running.size < (this.#answered ? engine.pool.size : 1)) {
            const item = this.#next();
            if (!item) break;
            if (this.#idle) this.#batch = { started: performance.now(), finished: 0 };
            this.#idle = false;
            void this.#run(engine, item);
        }
        if (this.#running.size === 0) this.#idle = true;
        this.dispatchEvent(new Event('progress'));
    }

    /** @param {NonNullable<Item['problem']>} problem */
    #refuseWaiting(problem) {
        for (const item of this.#store.items) {
            if (item.state !== 'waiting') continue;
            item.state = 'failed';
            item.problem = problem;
            this.#store.changed(item);
        }
        this.dispatchEvent(new Event('progress'));
    }

    /**
     * @param {Engine} engine
     * @param {Item} item
     */
    async #run(engine, item) {
        const controller = new AbortController();
        this.#running.set(item, controller);
        item.state = 'running';
        item.problem = null;
        this.#store.changed(item);
        const { operatingPoint } = this.#store;
        const { threshold } = item;
        /** @type {import('../state/item.js').State} */
        let state = 'done';
        /** @type {Item['problem']} */
        let problem = null;
        try {
            await this.#segment(engine, item, controller.signal);
            // Other settings were chosen meanwhile.
            if (operatingPoint !== this.#store.operatingPoint || threshold !== item.threshold) state = 'waiting';
        } catch (error) {
            if (controller.signal.aborted || isAborted(error)) {
                state = stoppedState(item);
            } else {
                state = 'failed';
                // Where the engine cannot be loaded, its own reason says more than the failed call.
                problem = await engine.ready.then(() => problemOf(error), problemOf);
            }
        }
        // A removed item that came back meanwhile runs again.
        if (this.#running.get(item) === controller) {
            this.#running.delete(item);
            Object.assign(item, { state, problem });
        }
        this.#batch.finished++;
        this.#store.changed(item);
        if (!this.#answered) {
            this.dispatchEvent(new Event('progress'));
            // The other images and workers would delay the frame that shows the first answer.
            await nextFrame();
            this.#answered = true;
        }
        this.#pump();
        if (state === 'done' && !item.thumbnail) await this.#drawThumbnail(engine, item);
    }

    /**
     * Draws the thumbnail of the first image after its answer has been shown.
     * @param {Engine} engine
     * @param {Item} item
     */
    async #drawThumbnail(engine, item) {
        try {
            const source = await this.#opener.open(item, engine);
            try {
                item.thumbnail = await makeThumbnail(source, item.frame);
            } finally {
                this.#opener.release(item);
            }
        } catch {
            return; // the row stays without one
        }
        this.#store.changed(item);
    }

    /**
     * @param {Engine} engine
     * @param {Item} item
     * @param {AbortSignal} signal
     */
    async #segment(engine, item, signal) {
        const source = await this.#opener.open(item, engine);
        try {
            item.frameCount = source.frameCount;
            if (item.scales.length === 0) item.scales = source.scales;
            item.frameProblems.clear();
            for (const started = item.frame; ; ) {
                // The thumbnail is drawn on this thread while the worker segments.
                const segmented = this.segmentFrame(engine, item, item.frame, signal);
                segmented.catch(() => undefined);
                // But the very first answer comes first: see #drawThumbnail.
                if (!item.thumbnail && this.#answered) item.thumbnail = await makeThumbnail(source, item.frame).catch(() => null);
                try {
                    await segmented;
                    break;
                } catch (error) {
                    // One damaged frame does not fail a loop: its next frame is the first in view.
                    const next = (item.frame + 1) % item.frameCount;
                    if (signal.aborted || !frameProblem(item, item.frame, error) || next === started) throw error;
                    item.frame = next;
                }
            }
            // The other frames were analysed for other regions, or at another operating point.
            for (const frame of item.stale) {
                if (!item.frameProblems.has(frame))
                    await this.segmentFrame(engine, item, frame, signal).catch(error => {
                        if (signal.aborted || !frameProblem(item, frame, error)) throw error;
                    });
                if (item.frameProblems.has(frame)) item.stale.delete(frame);
            }
        } finally {
            this.#opener.release(item);
        }
    }

    /**
     * Segments one frame and stores the answer in its item.
     * @param {Engine} engine
     * @param {Item} item whose source is open
     * @param {number} frame
     * @param {AbortSignal} [signal]
     * @param {boolean} [keepMap] false: the map would be dropped for those of later frames before anybody sees it
     * @returns {Promise<Float32Array>} the probability map; empty when it is not kept
     */
    async segmentFrame(engine, item, frame, signal, keepMap = true) {
        const source = item.source;
        if (!source) throw new Error('the picture is not open');
        const { operatingPoint } = this.#store;
        const chosenThreshold = item.threshold;
        // Without a threshold of the user's, a faint lesion is drawn below the network's own.
        const options = { operatingPoint, regions: regionsFor(item), ...(chosenThreshold === null ? {} : { threshold: chosenThreshold }), ...(signal ? { signal } : {}) };
        // Painted edits are measured with the map.
        const map = keepMap || Boolean(item.results.get(frame)?.edits);
        const chosen = item.regions;
        const regionsFrom = regionsOrigin(item);
        const input = await source.input(frame);
        signal?.throwIfAborted();
        const prompts = item.results.get(frame)?.edits?.prompts ?? NO_PROMPTS;
        const answer = await answerOf(engine, input, prompts, { ...options, map });
        await engine.ready;
        const threshold = chosenThreshold ?? engine.pool.info.threshold;
        if (map) this.#maps.set(item, frame, answer.probabilityMap);
        // The user may have edited the frame, or chosen other regions or another operating point meanwhile.
        if (item.regions !== chosen || (item.frameCount > 1 && operatingPoint !== this.#store.operatingPoint)) item.stale.add(frame);
        else item.stale.delete(frame);
        const earlier = item.results.get(frame);
        const edits = earlier?.edits ?? null;
        // Edited while it was on its way: the frame needs its map after all.
        if (edits && !map) return this.segmentFrame(engine, item, frame, signal);
        const result = frameResult(answer, threshold, prompts, edits, regionsFrom);
        keepSteady(earlier, result);
        if (edits?.painted || edits?.removal) {
            const { runs, lesions, possible } = measureResult(engine, answer.probabilityMap, result, threshold);
            Object.assign(result, { runs, lesions, possible });
        }
        item.results.set(frame, result);
        return answer.probabilityMap;
    }
}

/**
 * An answer stays when a new analysis is stopped, and so does what is done of a loop.
 * @param {Item} item
 * @returns {'done' | 'cancelled'}
 */
function stoppedState({ results, stale }) {
    return [...results.keys()].some(frame => !stale.has(frame)) ? 'done' : 'cancelled';
}

/**
 * @param {Engine} engine
 * @param {import('../../wasm/sonomask.js').EncodedImage | import('../../wasm/sonomask.js').RawImage} input
 * @param {import('../../wasm/sonomask.js').Prompts} prompts
 * @param {import('../../wasm/sonomask.js').SegmentOptions} options
 */
async function answerOf({ pool }, input, prompts, options) {
    if (prompts === NO_PROMPTS) return pool.segment(input, options);
    const image = await pool.open(input);
    try {
        const { regions } = await image.segment(options);
        return await image.refine(promptsWithin(prompts, regions), options);
    } finally {
        image.close();
    }
}

/**
 * A small picture for the list, as a file: a canvas would keep its pixels, 50 kB per image.
 * @param {import('../input/source.js').Source} source
 * @param {number} frame
 * @returns {Promise<HTMLImageElement>} its middle square; decoded only where the list shows it
 */
async function makeThumbnail(source, frame) {
    const picture = await source.picture(frame);
    const side = Math.min(picture.width, picture.height);
    const canvas = new OffscreenCanvas(THUMBNAIL_SIDE, THUMBNAIL_SIDE);
    const context = canvas.getContext('2d');
    if (context) {
        context.imageSmoothingQuality = 'medium';
        const left = (picture.width - side) / 2;
        const top = (picture.height - side) / 2;
        context.drawImage(picture, left, top, side, side, 0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE);
    }
    picture.close();
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })).arrayBuffer());
    // Not an object URL, which would have to be revoked when the row goes.
    const src = `data:image/jpeg;base64,${btoa(String.fromCharCode(...bytes))}`;
    return element('img', { src, alt: '', loading: 'lazy', decoding: 'async' });
}
