/**
 * The frame in view, ready to be drawn and edited: picture, probability map, mask, lesions, outlines, ground truth.
 * All changes of the mask go through here, so that the measurements are always up to date. Events: "picture"; "answer";
 * "paint" (mask and outlines changed by a brush, and the measurements follow when the stroke ends); "history" (the mask was
 * changed by undo, redo, or a choice of outlines); "prompts" (a click or a box, which the network has not answered yet);
 * "edited" (the answer to an edit is there); "preview"; "regions" (other ones were chosen); "outside" for a click or a box
 * beside all regions, whose detail is an Outside; "edit" for an edit while a loop plays: the loop must stop first.
 */
import { readTruth } from '../compare/truth.js';
import { overlap } from '../edit/boxes.js';
import { ADD, Edits, ERASE } from '../edit/edits.js';
import { componentAt, pixelOf, splitMask } from '../edit/fill.js';
import { Hover } from '../edit/hover.js';
import { rasterise } from '../edit/polygon.js';
import { isAborted, isRefused, problemOf } from '../engine/problems.js';
import { t } from '../i18n/i18n.js';
import { notify } from '../ui/announce.js';
import { oncePerFrame } from '../ui/dom.js';
import { late } from '../ui/late.js';
import { frameResult, isAtPoint, isCurrent, isInside, promptsOf, promptsWithin } from './answers.js';
import { frameProblem } from './damage.js';
import { regionsFor, regionsOrigin } from './item.js';
import { boundsOfRuns, contoursOf, decodeRuns, measureResult } from './masks.js';
import { OpenFrame } from './open-frame.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Box} Box
 * @typedef {import('../../wasm/sonomask.js').Click} Click
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

/**
 * A click or a box that lies beside all regions, so that the network cannot answer it.
 * @typedef {object} Outside
 * @property {Box} place where it is; a click has no area
 * @property {() => void} apply makes it an edit all the same
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
    #edited = false;
    #openFrame = new OpenFrame();
    /** Runs while the network answers clicks. @type {Promise<void> | null} */
    #refining = null;

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
    /** Outlines that do not count as lesions. @type {Lesion[]} */
    possible = [];
    /** @type {Uint8Array | null} */
    possibleMask = null;
    /** @type {Contour[]} */
    contours = [];
    /** Of the possible lesions. @type {Contour[]} */
    possibleContours = [];
    /** @type {Uint8Array | null} */
    truth = null;
    /** The outline that a click under the pointer would give. @type {Contour[] | null} */
    preview = null;
    #hover = new Hover(contours => {
        if (contours === this.preview) return;
        this.preview = contours;
        this.dispatchEvent(new Event('preview'));
    });

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
            if (item === this.item && !this.mask && item.state === 'done') this.#showDone(item);
            else if (item === this.item && item.state === 'waiting') this.#forgetAnswer();
        });
    }

    /** @param {Item} item in view, whose answer has come */
    #showDone(item) {
        if (item.frameProblems.has(item.frame)) return;
        // The frame that was to be in view was damaged, and another one came in its place.
        if (!this.picture && item.frameProblems.size > 0) void this.#showFrame(++this.#turn);
        else void this.#showAnswer(this.#turn);
    }

    /** @param {Engine} engine which may still be loading: pictures are shown already */
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
        this.possible = [];
        this.possibleMask = null;
        this.contours = [];
        this.possibleContours = [];
        this.dispatchEvent(new Event('answer'));
    }

    async #show() {
        const turn = ++this.#turn;
        this.#letGo();
        this.#openFrame.close();
        this.#playing = false;
        this.item = this.#store.selected;
        this.picture?.close();
        this.picture = null;
        this.truth = null;
        this.#forgetAnswer();
        this.dispatchEvent(new Event('picture'));
        await this.#showFrame(turn);
    }

    /** The file of the item in view was replaced. */
    reopen() {
        void this.#show();
    }

    /** The edits, or the network's answer, of the frame in view were changed from outside. */
    edited() {
        this.#recomputeSoon();
    }

    /** @param {number} turn */
    async #showFrame(turn) {
        const { item } = this;
        const engine = this.#engine;
        if (!item || !engine || item.state === 'failed' || item.state === 'missing') return;
        const { frame } = item;
        try {
            const source = await this.#hold(item, engine);
            if (turn !== this.#turn) return;
            item.frameCount = source.frameCount;
            const picture = await source.picture(frame);
            if (this.#take(picture, turn)) await this.#showAnswer(turn);
        } catch (error) {
            // The queue gets the same error and writes the reason into the row.
            if (turn !== this.#turn || item.state !== 'done') return;
            if (frameProblem(item, frame, error)) this.#showNone(item);
            else this.#fail(item, error);
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
        item.problem = problemOf(error);
        this.#store.changed(item);
    }

    /** @param {Item} item whose frame in view cannot be read */
    #showNone(item) {
        this.picture?.close();
        this.picture = null;
        this.#forgetAnswer();
        this.dispatchEvent(new Event('picture'));
        this.#store.changed(item);
    }

    /** @param {number} turn */
    async #showAnswer(turn) {
        const { item } = this;
        const engine = this.#engine;
        if (!item || !engine || item.state !== 'done' || !this.picture) return;
        const { frame } = item;
        const earlier = item.results.get(frame);
        const kept = earlier && !item.stale.has(frame) && isAtPoint(earlier, this.#store.operatingPoint) ? this.#maps.get(item, frame) : undefined;
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
        const { mask, runs, lesions, possibleMask, possible } = measureResult(engine, probability, result, threshold);
        const { width, height } = result;
        this.mask = mask;
        this.lesions = lesions;
        this.possible = possible;
        this.possibleMask = possibleMask;
        this.contours = contoursOf(engine, mask, width, height, boundsOfRuns(runs, width));
        this.possibleContours = possibleMask ? contoursOf(engine, possibleMask, width, height) : [];
        Object.assign(result, { threshold, lesions, possible, runs });
        this.dispatchEvent(new Event('answer'));
        this.#store.changed(item);
        if (this.#edited && isCurrent(result, threshold)) {
            this.#edited = false;
            this.dispatchEvent(new Event('edited'));
        }
        this.#refine();
    }

    /** Lets the network answer when clicks or box, or the threshold with them, are not those of its last answer. */
    #refine() {
        this.#refining ??= this.#refineUntilCurrent().finally(() => {
            this.#refining = null;
        });
    }

    async #refineUntilCurrent() {
        for (;;) {
            const { item, result, threshold } = this;
            const engine = this.#engine;
            if (!item || !engine || !result || this.#playing || isCurrent(result, threshold)) return;
            const { frame } = item;
            const prompts = promptsOf(result);
            try {
                const answer = await this.#refined(engine, item, promptsWithin(prompts, result.regions));
                this.#maps.set(item, frame, answer.probabilityMap);
                Object.assign(result, frameResult(answer, threshold, prompts, result.edits, regionsOrigin(item)));
                if (result !== this.result) continue;
                this.probability = answer.probabilityMap;
                this.#recompute();
            } catch (error) {
                // An image that is no longer in view was closed in the middle of its call.
                if (result !== this.result) continue;
                const problem = problemOf(error);
                notify(t(problem.key, { detail: problem.detail }), 'problem');
                if (!isRefused(error)) return;
                // The click contradicts the box or another click.
                result.edits?.undo();
                this.#recomputeSoon();
                return;
            }
        }
    }

    /**
     * @param {Engine} engine
     * @param {Item} item in view
     * @param {import('../../wasm/sonomask.js').Prompts} prompts
     */
    #refined(engine, item, prompts) {
        const { operatingPoint } = this.#store;
        const regions = regionsFor(item);
        const options = item.threshold === null ? { operatingPoint, regions } : { operatingPoint, regions, threshold: item.threshold };
        return this.#openFrame.refine(engine, item, item.frame, prompts, options);
    }

    /** @returns {Promise<void>} when the network has answered all clicks */
    async refined() {
        await this.#refining;
    }

    /** Opens the frame in view, so that the answer to the first click comes at once. */
    prepareClicks() {
        const { item } = this;
        const engine = this.#engine;
        if (!item?.source || !engine || !this.takesClicks || this.#playing || item.state !== 'done') return;
        this.#openFrame.get(engine, item, item.frame).then(
            image => image.segment({ regions: regionsFor(item) }),
        ).catch(() => undefined); // the click reports it
    }

    /** Whether the weights take clicks; null while they load. @returns {boolean | null} */
    get takesClicks() {
        return this.#engine?.pool.info.takesPrompts ?? null;
    }

    /** Those of the weights; none while they load, and when they hold none. */
    get operatingPoints() {
        return this.#engine?.pool.info.operatingPoints ?? [];
    }

    /** Share of lesion images kept by the operating point in force. */
    get operatingPoint() {
        return this.#store.operatingPoint;
    }

    #recomputeSoon = oncePerFrame(() => this.#recompute());

    /** @param {number | null} threshold 0..1; null: the network's own */
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
        const picture = await item.source.picture(frame).catch(error => {
            if (!frameProblem(item, frame, error)) throw error;
        });
        if (!picture || !this.#take(picture, turn)) return;
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
        this.possible = [];
        this.possibleMask = null;
        this.possibleContours = [];
        this.contours = contoursOf(engine, this.mask, kept.width, kept.height);
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
        const layer = this.#stroking ? this.#layer() : null;
        const region = layer?.stroke(from, to, radius, erase ? ERASE : ADD);
        if (!layer || !region || !this.mask) return;
        layer.applyTo(this.mask, region);
        this.#paintSoon();
    }

    #paintSoon = oncePerFrame(() => {
        const engine = this.#engine;
        const { mask, result } = this;
        if (!engine || !mask || !result) return;
        this.contours = contoursOf(engine, mask, result.width, result.height);
        this.dispatchEvent(new Event('paint'));
    });

    endStroke() {
        if (!this.#stroking) return;
        this.#stroking = false;
        this.#layer()?.commit();
        this.#edited = true;
        this.#recomputeSoon();
    }

    /** @param {{ x: number, y: number } | null} at where a click would be on a lesion; null: nowhere */
    hover(at) {
        const engine = this.#engine;
        const { item, result } = this;
        const ready = at && engine && item?.source && result && this.takesClicks && !this.#playing && !this.#refining;
        if (!ready) {
            if (engine) this.#hover.at(null, async () => null, engine);
            return;
        }
        this.#hover.at({ ...at, inside: true }, click => this.#answerTo(engine, item, click), engine);
    }

    /**
     * The network begins with the answer to a click while the button or the finger is still down.
     * @param {Click} click in the image
     */
    expect(click) {
        const engine = this.#engine;
        const { item } = this;
        if (engine && item?.source && this.takesClicks && !this.#playing) this.#answerTo(engine, item, click).catch(() => undefined); // the click reports it
    }

    /**
     * @param {Engine} engine
     * @param {Item} item
     * @param {Click} click after those that the user has made
     */
    async #answerTo(engine, item, click) {
        const { result } = this;
        if (!result || item !== this.item || this.#refining) return null;
        const prompts = promptsOf(result);
        const all = promptsWithin({ ...prompts, clicks: [...(prompts.clicks ?? []), click] }, result.regions);
        const answer = await this.#refined(engine, item, all);
        return result === this.result && prompts === promptsOf(result) ? answer : null;
    }

    /** @param {Click} click in the image */
    click(click) {
        this.hover(null);
        const regions = this.result?.regions ?? [];
        if (regions.length === 0 || regions.some(region => isInside(click, region))) this.#step(layer => layer.click(click));
        else this.dispatchEvent(new CustomEvent('outside', { detail: { place: { x: click.x, y: click.y, width: 0, height: 0 }, apply: () => this.#step(layer => layer.click(click)) } }));
    }

    /**
     * Other regions for some images. Their answers are made again, all frames that were analysed included; edits stay.
     * @param {Map<Item, Item['regions']>} chosen
     */
    setRegions(chosen) {
        for (const [item, regions] of chosen) {
            item.regions = regions;
            for (const frame of item.results.keys()) item.stale.add(frame);
            if (item === this.item) this.#openFrame.close();
            if (item.state !== 'done' && item.state !== 'running' && item.state !== 'cancelled') continue;
            this.#queue.cancel(item);
            item.state = 'waiting';
            if (item.truth) item.truth.scores = null;
            this.#store.changed(item);
        }
        this.#queue.wake();
        this.dispatchEvent(new Event('regions'));
    }

    /**
     * A box for one lesion. The network takes one box: the outline in an earlier one, elsewhere, is kept as it is.
     * @param {Box} box around a lesion, in the image
     */
    box(box) {
        const { mask, result } = this;
        const regions = result?.regions ?? [];
        if (regions.length > 0 && !regions.some(region => overlap(region, box))) {
            this.dispatchEvent(new CustomEvent('outside', { detail: { place: box, apply: () => this.#step(layer => layer.box(box)) } }));
            return;
        }
        this.#step(layer => {
            const earlier = layer.prompts.box;
            if (earlier && mask && result && !overlap(earlier, box)) {
                const { width, height } = result;
                const { touching, rest } = splitMask(mask, width, height, rasterise(cornersOf(earlier), width, height));
                layer.redraw(touching, touching, rest ?? new Uint8Array(mask.length));
            }
            layer.box(box);
        });
    }

    /**
     * Grows, shrinks or smooths all outlines, or fills their holes.
     * @param {import('../edit/morphology.js').Shaping} what
     */
    async shape(what) {
        const { shape } = await late();
        const { mask, result } = this;
        if (!mask?.includes(255) || !result) return;
        const made = shape(what, mask, result.width, result.height);
        if (made.every((value, index) => value === mask[index])) return;
        this.#step(layer => layer.redraw(mask, made, new Uint8Array(mask.length)));
    }

    /**
     * @param {{ x: number, y: number }} at in the image
     * @returns {Uint8Array | null} not 0 where the outline at this point is; null: there is none
     */
    outlineAt({ x, y }) {
        const { mask, result } = this;
        if (!mask || !result || x < 0 || y < 0 || x >= result.width || y >= result.height) return null;
        const pixel = Math.floor(y) * result.width + Math.floor(x);
        return mask[pixel] ? componentAt(mask, result.width, result.height, pixel) : null;
    }

    /**
     * @param {Uint8Array} outline not 0 where it is
     * @returns {ArrayLike<number>} its longest contour: x, y, x, y ...
     */
    contourOf(outline) {
        const engine = this.#engine;
        const { result } = this;
        if (!engine || !result) return [];
        const contours = contoursOf(engine, outline.map(value => (value ? 255 : 0)), result.width, result.height);
        return contours.reduce((longest, { points }) => (points.length > longest.length ? points : longest), new Float32Array());
    }

    /**
     * Draws an outline, in place of another one or as a new one.
     * @param {{ x: number, y: number }[]} points of a polygon, in the image
     * @param {Uint8Array | null} replaced not 0 where the other outline is
     * @returns {Uint8Array | null} 255 where the new one is; null when it holds no pixel
     */
    drawPolygon(points, replaced) {
        const { mask, result } = this;
        if (!mask || !result) return null;
        const drawn = rasterise(points, result.width, result.height);
        if (!drawn.includes(255)) return null;
        if (replaced) this.#step(layer => layer.redraw(replaced, drawn, mask.map((value, index) => (replaced[index] ? 0 : value))));
        else this.#step(layer => layer.set(index => drawn[index] === 255, ADD));
        return drawn;
    }

    /**
     * Makes one edit that can be undone.
     * @param {(layer: Edits) => void} change
     */
    #step(change) {
        const layer = this.#layer();
        if (!layer) return;
        const { removal } = layer;
        layer.begin();
        change(layer);
        const painted = layer.commit();
        this.#edited = true;
        // The outlines of a click come with the network's answer; until then the click alone is drawn.
        const { result, threshold } = this;
        if (painted || removal !== layer.removal || !result || isCurrent(result, threshold)) this.#recomputeSoon();
        else this.dispatchEvent(new Event('prompts'));
        this.#refine();
    }

    undo() {
        this.edits?.undo();
        this.#changed();
    }

    redo() {
        this.edits?.redo();
        this.#changed();
    }

    /** Removes all edits, as a step that can be undone. */
    clearEdits() {
        if (this.edits?.any) this.#step(layer => layer.clear());
        this.#changed();
    }

    #changed() {
        this.#edited = true;
        this.#recomputeSoon();
        this.dispatchEvent(new Event('history'));
    }

    /**
     * Removes one lesion, or every other one, or makes a possible lesion count, at every threshold.
     * @param {Lesion} lesion
     * @param {'remove' | 'keep' | 'count'} what
     */
    chooseLesion(lesion, what) {
        const { mask, possibleMask, result } = this;
        const searched = what === 'count' ? possibleMask : mask;
        if (!searched || !mask || !result) return;
        const start = pixelOf(searched, result.width, lesion);
        if (start < 0) return;
        const component = componentAt(searched, result.width, result.height, start);
        const part = (/** @type {0 | 1} */ inside) => mask.map((value, index) => (component[index] === inside ? value : 0));
        this.#step(layer => {
            if (what === 'count') layer.redraw(component, component, mask);
            else if (what === 'remove') layer.remove(component, part(0));
            else layer.remove(part(0), part(1));
        });
        this.#changed();
    }
}

/** @param {Box} box */
function cornersOf({ x, y, width, height }) {
    return [{ x, y }, { x: x + width, y }, { x: x + width, y: y + height }, { x, y: y + height }];
}
