/** The card of a loop: all frames segmented, steady answers, area and axes over time, and corrections carried on. */
import { element, oncePerFrame } from '../ui/dom.js';
import { carry, uncarry } from './carry.js';
import { giveOutlines } from './outlines.js';
import { openFrames, segmentFrames } from './run.js';
import { isCorrected, makeSteady, undoSteady } from './steady.js';
import { pathOfValues, rangesOf, timelineOf } from './timeline.js';
import { lastingFrames } from './tracks.js';

/**
 * @typedef {import('../ui/late.js').Page} Page
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./timeline.js').Moment} Moment
 */

const PLOT_HEIGHT = 100; // in the plot's own units, stretched to the card
const EVERY = 500; // milliseconds between two pictures of the progress
const FALLBACK_RATE = 10; // frames per second, as for playing

/** The work that runs. @typedef {{ item: Item, kind: 'all' | 'steady' | 'carry' | 'outlines', controller: AbortController, started: number, done: number, total: number }} Work */

/** @type {(panel: LoopPanel) => void} */
let ready;
/** The card, once it is there: it comes after the first answer. @type {Promise<LoopPanel>} */
export const loopPanel = new Promise(resolve => {
    ready = resolve;
});

export class LoopPanel {
    #page;
    /** @type {Work | null} */
    #work = null;
    /** Ends with the work that runs. @type {Promise<void>} */
    #ended = Promise.resolve();
    /** Loops whose answers shall be steady as soon as all frames have theirs. @type {WeakSet<Item>} */
    #steady = new WeakSet();
    /** Those whose answers are. @type {WeakSet<Item>} */
    #made = new WeakSet();
    #lastRender = 0;
    #carryFrames = 10;
    #tableOpen = false;
    #root = element('section', { class: 'card', id: 'loop-card', 'aria-labelledby': 'loop-title', hidden: true });
    #title = element('h2', { id: 'loop-title' });
    #summary = element('p', { class: 'help', id: 'loop-summary' });
    #all = element('button', { type: 'button', class: 'button button-small', id: 'loop-all', onclick: () => this.segmentAll() });
    #bar = element('progress', { max: 1, value: 0 });
    #progress = element('span', { id: 'loop-progress' });
    #stop = element('button', { type: 'button', class: 'link', id: 'loop-stop', onclick: () => this.#work?.controller.abort() });
    #running = element('div', { class: 'loop-row', hidden: true }, this.#bar, this.#progress, this.#stop);
    #steadyBox = element('input', { type: 'checkbox', id: 'loop-steady', 'aria-describedby': 'loop-steady-help', onchange: () => this.#toggleSteady() });
    #steadyText = element('span', {});
    #steadyHelp = element('p', { class: 'help', id: 'loop-steady-help' });
    #plot = element('div', {
        class: 'loop-plot', id: 'loop-plot', role: 'slider', tabIndex: 0, dir: 'ltr',
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        onpointerdown: (/** @type {PointerEvent} */ event) => this.#point(event),
        onpointermove: (/** @type {PointerEvent} */ event) => event.buttons === 1 && this.#point(event),
    });
    #none = element('p', { class: 'help', id: 'loop-none', hidden: true });
    #largest = element('button', { type: 'button', class: 'link', id: 'loop-largest' });
    #tableTitle = element('summary', {});
    #tableBody = element('tbody', {});
    #tableHead = element('tr', {});
    #table = element(
        'details', { id: 'loop-table', ontoggle: () => this.#toggleTable() },
        this.#tableTitle,
        element('div', { class: 'loop-table' }, element('table', {}, element('thead', {}, this.#tableHead), this.#tableBody)),
    );
    #carry = element('button', { type: 'button', class: 'button button-small', id: 'loop-carry', onclick: () => this.carryOn(), 'aria-describedby': 'loop-carry-help' });
    #carryCount = element('input', {
        type: 'number', id: 'loop-carry-frames', min: '1', max: '1000', value: '10',
        onchange: () => (this.#carryFrames = Math.max(1, Math.min(1000, Math.round(this.#carryCount.valueAsNumber) || 10))),
    });
    #carryLabel = element('label', { htmlFor: 'loop-carry-frames' });
    #carryHelp = element('p', { class: 'help', id: 'loop-carry-help' });
    #carryPart = element('div', {}, element('div', { class: 'loop-row' }, this.#carry, this.#carryLabel, this.#carryCount), this.#carryHelp);
    #renderSoon = oncePerFrame(() => this.#render());

    /**
     * @param {Page} page
     * @param {HTMLElement} before the card comes after this one
     */
    constructor(page, before) {
        this.#page = page;
        this.#root.append(
            this.#title, this.#summary, this.#all, this.#running,
            element('label', { class: 'check' }, this.#steadyBox, this.#steadyText), this.#steadyHelp,
            this.#none, this.#plot, this.#largest, this.#table, this.#carryPart,
        );
        before.after(this.#root);
        const { session, store } = page;
        session.addEventListener('picture', this.#renderSoon);
        session.addEventListener('answer', this.#renderSoon);
        session.addEventListener('edited', () => this.#steadyAgain());
        store.addEventListener('item', this.#renderSoon);
        store.addEventListener('select', this.#renderSoon);
        store.addEventListener('list', () => {
            if (this.#work && !store.items.includes(this.#work.item)) this.#work.controller.abort();
        });
        page.onLanguage(this.#renderSoon);
        this.#renderSoon();
        ready(this);
    }

    /** @returns {Item | null} the loop in view */
    get #item() {
        const { item } = this.#page.session;
        return item && item.frameCount > 1 && item.state === 'done' ? item : null;
    }

    /** @param {Item} item */
    #openFrames(item) {
        const { engine, store } = this.#page;
        return openFrames(item, item.threshold ?? engine.pool.info.threshold, store.operatingPoint);
    }

    /** @param {Item} item */
    #rate(item) {
        return item.source?.framesPerSecond || FALLBACK_RATE;
    }

    /**
     * @param {Item} item
     * @param {Work['kind']} kind
     * @param {number} total
     * @param {(work: Work) => Promise<void>} run
     */
    async #start(item, kind, total, run) {
        const { notify, t, problemOf } = this.#page;
        if (this.#work) return;
        const work = { item, kind, controller: new AbortController(), started: performance.now(), done: 0, total };
        this.#work = work;
        let end = () => {};
        this.#ended = new Promise(resolve => {
            end = resolve;
        });
        this.#render();
        if (this.#root.contains(document.activeElement) || document.activeElement === document.body) this.#stop.focus();
        try {
            await run(work);
        } catch (error) {
            if (!work.controller.signal.aborted) {
                const problem = problemOf(error);
                notify(t(problem.key, { detail: problem.detail }), 'problem');
            }
        }
        const held = this.#running.contains(document.activeElement);
        this.#work = null;
        end();
        this.#page.store.changed(item);
        this.#render();
        if (held) [this.#all, this.#plot].find(({ hidden }) => !hidden)?.focus();
    }

    /** @param {Work} work */
    #step(work) {
        work.done++;
        if (performance.now() - this.#lastRender < EVERY) return;
        this.#page.store.changed(work.item);
        this.#renderSoon();
    }

    /** Segments the frames of the loop in view that have no answer. @returns {Promise<void>} */
    async segmentAll() {
        const item = this.#item;
        if (!item) return;
        const { engine, queue, opener, notify, t, settle } = this.#page;
        await settle();
        const frames = this.#openFrames(item);
        await this.#start(item, 'all', frames.length, async work => {
            const { signal } = work.controller;
            await segmentFrames({ item, frames, engine, queue, opener, signal, onProgress: () => this.#step(work) });
            const done = item.frameCount - this.#openFrames(item).length - item.frameProblems.size;
            if (signal.aborted) notify(t('loop.stopped', { done, count: item.frameCount }));
            else if (item.frameProblems.size > 0) notify(t('loop.finishedSome', { done, damaged: rangesOf(item.frameProblems.keys()) }));
            else notify(t('loop.finished', { count: item.frameCount }));
            if (!signal.aborted && this.#steady.has(item)) await this.#makeSteady(item);
        });
    }

    /** @param {Item} item */
    async #makeSteady(item) {
        const { engine, session } = this.#page;
        const made = await makeSteady(item, engine, this.#rate(item), () => this.#steady.has(item));
        if (made) this.#made.add(item);
        else this.#steady.delete(item);
        if (made && session.item === item) session.edited();
    }

    #toggleSteady() {
        const item = this.#item;
        if (!item) return;
        const { session } = this.#page;
        if (this.#steadyBox.checked) {
            this.#steady.add(item);
            void this.#start(item, 'steady', 0, () => this.#makeSteady(item));
        } else {
            this.#steady.delete(item);
            this.#made.delete(item);
            undoSteady(item);
            session.edited();
            this.#page.store.changed(item);
        }
    }

    /** A correction is a fixed point of the steady answers around it. */
    #steadyAgain() {
        const item = this.#item;
        if (item && this.#made.has(item) && !this.#work && this.#openFrames(item).length === 0) void this.#start(item, 'steady', 0, () => this.#makeSteady(item));
    }

    /** Carries the correction of the frame in view to its neighbours. @returns {Promise<void>} */
    async carryOn() {
        const item = this.#item;
        if (!item) return;
        const { engine, queue, opener, makeEdits, notify, offer, t, settle, session } = this.#page;
        await settle();
        const { frame } = item;
        await this.#start(item, 'carry', 2 * this.#carryFrames, async work => {
            const { signal } = work.controller;
            const carried = await carry({ item, frame, steps: this.#carryFrames, engine, queue, opener, makeEdits, signal, onFrame: () => this.#step(work) });
            const frames = [...carried.keys()];
            if (carried.has(item.frame)) await session.refreshTruth();
            if (frames.length === 0) {
                notify(t('loop.carriedNone'));
                return;
            }
            offer('carry', t('loop.carried', { count: frames.length, frames: rangesOf(frames) }), [{ label: t('edit.undo'), run: () => void this.#takeBack(item, carried) }]);
        });
    }

    /**
     * Makes masks of a file the outlines of a loop's frames.
     * @param {Item} item that was analysed
     * @param {Map<number, import('../state/item.js').DrawnMask>} masks by frame, from 0 on
     * @returns {Promise<void>}
     */
    async giveOutlines(item, masks) {
        const { engine, queue, opener, makeEdits, notify, t, settle, session } = this.#page;
        await settle();
        while (this.#work) await this.#ended;
        await this.#start(item, 'outlines', masks.size, async work => {
            const { signal } = work.controller;
            const given = await giveOutlines({ item, masks, engine, queue, opener, makeEdits, signal, onFrame: () => this.#step(work) });
            if (session.item === item && given.includes(item.frame)) session.edited();
            const words = [t('derived.used', { name: item.name, count: given.length, frames: rangesOf(given) })];
            if (given.length < masks.size && !signal.aborted) words.push(t('derived.unfit', { count: masks.size - given.length }));
            notify(words.join(' '), given.length < masks.size ? 'problem' : 'plain');
        });
    }

    /**
     * @param {Item} item
     * @param {Map<number, unknown>} carried
     */
    async #takeBack(item, carried) {
        const { engine, queue, opener, session, notify, t } = this.#page;
        await this.#start(item, 'carry', carried.size, async () => {
            const kept = await uncarry({ item, carried, engine, queue, opener });
            if (session.item === item && carried.has(item.frame)) await session.refreshTruth();
            if (kept.length > 0) notify(t('loop.carriedKept', { count: kept.length, frames: rangesOf(kept) }));
        });
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        const item = this.#item;
        if (!item) return;
        const far = Math.max(2, Math.round(item.frameCount / 20));
        const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -far, PageUp: far, Home: -item.frameCount, End: item.frameCount };
        const step = /** @type {Record<string, number>} */ (steps)[event.key];
        if (!step) return;
        event.preventDefault();
        this.#page.goTo(Math.max(0, Math.min(item.frameCount - 1, item.frame + step)));
    }

    /** @param {PointerEvent} event */
    #point(event) {
        const item = this.#item;
        if (!item) return;
        const { left, width } = this.#plot.getBoundingClientRect();
        const share = Math.min(0.999, Math.max(0, (event.clientX - left) / width));
        this.#page.goTo(Math.round(share * (item.frameCount - 1)));
    }

    #toggleTable() {
        this.#tableOpen = this.#table.open;
        this.#render();
    }

    /**
     * Other regions, another threshold or operating point leave frames without an answer of these settings: the loop is steady
     * again when all have one.
     * @param {Item} item
     */
    #followSettings(item) {
        if (this.#work) return;
        const { session, store } = this.#page;
        // The answers of a session may be steady already.
        if ([...item.results.values()].some(({ network }) => network.alone)) {
            this.#steady.add(item);
            this.#made.add(item);
        }
        if (!this.#steady.has(item)) return;
        const complete = this.#openFrames(item).length === 0;
        if (complete && !this.#made.has(item)) {
            void this.#start(item, 'steady', 0, () => this.#makeSteady(item));
        } else if (!complete && this.#made.has(item)) {
            this.#made.delete(item);
            undoSteady(item);
            session.edited();
            store.changed(item);
        }
    }

    #render() {
        const item = this.#item;
        if (item) this.#followSettings(item);
        const work = this.#work;
        const shown = item ?? null;
        this.#root.hidden = !shown;
        if (!shown) return;
        this.#lastRender = performance.now();
        const { t, formatNumber } = this.#page;
        const left = this.#openFrames(shown).length;
        const damaged = shown.frameProblems;
        const done = shown.frameCount - left - damaged.size;
        this.#title.textContent = t('loop.title');
        this.#summary.textContent = [
            t('loop.summary', { done, count: shown.frameCount }),
            ...(damaged.size > 0 ? [t('loop.damaged', { count: damaged.size, frames: rangesOf(damaged.keys()) })] : []),
        ].join(' ');
        this.#all.textContent = t('loop.all');
        this.#all.hidden = work !== null || left === 0;
        this.#running.hidden = work === null;
        this.#stop.textContent = t('loop.stop');
        if (work) {
            if (work.total > 0) this.#bar.value = work.done / work.total;
            else this.#bar.removeAttribute('value');
            this.#bar.setAttribute('aria-label', t('list.progress'));
            this.#progress.textContent = this.#progressText(work);
        }
        const rate = this.#rate(shown);
        const frames = lastingFrames(rate, shown.frameCount);
        this.#steadyBox.checked = this.#steady.has(shown) && left === 0;
        // Frames without an answer would end every track.
        this.#steadyBox.disabled = work !== null || left > 0;
        this.#steadyBox.title = this.#steadyBox.disabled && work === null ? t('loop.all') : '';
        this.#steadyText.textContent = t('loop.steady');
        this.#steadyHelp.textContent = t('loop.steadyHelp', { frames: t('loop.steadyFrames', { count: frames }), seconds: formatNumber(frames / rate, 1) });
        this.#renderCarry(shown, work);
        this.#renderPlot(shown);
    }

    /** @param {Work} work */
    #progressText({ kind, started, done, total }) {
        const { t } = this.#page;
        if (kind === 'steady') return t('loop.steady');
        const text = t('loop.progress', { done, total });
        const seconds = Math.round(((performance.now() - started) / 1000 / done) * (total - done));
        if (kind !== 'all' || done < 5) return text;
        const time = seconds < 90 ? t('time.seconds', { count: seconds }) : t('time.minutes', { count: Math.round(seconds / 60) });
        return `${text}, ${t('list.left', { time })}`;
    }

    /**
     * @param {Item} item
     * @param {Work | null} work
     */
    #renderCarry(item, work) {
        const { t } = this.#page;
        const { result } = item;
        this.#carryPart.hidden = !result || !isCorrected(result);
        this.#carry.disabled = work !== null;
        this.#carry.textContent = t('loop.carry');
        this.#carryLabel.textContent = t('loop.carryFrames');
        this.#carryHelp.textContent = t('loop.carryHelp');
    }

    /** @param {Item} item */
    #renderPlot(item) {
        const { t, formatNumber, goTo } = this.#page;
        const { moments, millimetres, largest } = timelineOf(item);
        const area = (/** @type {number} */ value) => (millimetres === null ? t('unit.px2', { value: formatNumber(value) }) : t('unit.mm2', { value: formatNumber(value, 1) }));
        const length = (/** @type {number} */ value) => t(millimetres === null ? 'unit.px' : 'unit.mm', { value: formatNumber(value, 1) });
        const words = (/** @type {Moment} */ { frame, state, ...sizes }) =>
            state === 'lesion'
                ? t('loop.plotValue', { frame: frame + 1, area: area(sizes.area), long: length(sizes.long), short: length(sizes.short) })
                : t(`loop.plot.${state}`, { frame: frame + 1 });
        this.#none.textContent = t('loop.noLesion');
        this.#none.hidden = largest !== null;
        this.#plot.hidden = largest === null;
        const mostArea = largest?.area ?? 0;
        const mostLength = Math.max(...moments.map(moment => moment.long));
        const chart = (/** @type {[string, (moment: Moment) => number][]} */ lines, /** @type {number} */ most) =>
            svg(moments.length, [
                ...lines.map(([name, value]) => path(name, pathOfValues(moments, value, most * 1.06, PLOT_HEIGHT))),
                path('loop-now', `M${item.frame} 0V${PLOT_HEIGHT}`),
            ]);
        const key = (/** @type {string} */ name, /** @type {string} */ text) => element('span', { class: name }, text);
        this.#plot.replaceChildren(
            element('div', { class: 'loop-legend' }, key('', t('measure.area')), key('', mostArea > 0 ? area(mostArea) : '')),
            chart([['loop-area', moment => moment.area]], mostArea),
            element('div', { class: 'loop-legend' }, key('loop-key', t('measure.long')), key('loop-key loop-key-short', t('measure.short')), key('', mostLength > 0 ? length(mostLength) : '')),
            chart([['loop-long', moment => moment.long], ['loop-short', moment => moment.short]], mostLength),
        );
        const now = moments[item.frame];
        this.#plot.setAttribute('aria-label', t('loop.plot'));
        this.#plot.setAttribute('aria-valuemin', '1');
        this.#plot.setAttribute('aria-valuemax', String(item.frameCount));
        this.#plot.setAttribute('aria-valuenow', String(item.frame + 1));
        this.#plot.setAttribute('aria-valuetext', now ? words(now) : '');
        this.#largest.hidden = !largest;
        if (largest) {
            this.#largest.textContent = t('loop.largest', { frame: largest.frame + 1, area: area(largest.area) });
            this.#largest.onclick = () => goTo(largest.frame);
        }
        this.#tableTitle.textContent = t('loop.table');
        if (!this.#tableOpen) return;
        this.#tableHead.replaceChildren(...[t('loop.frame'), t('measure.area'), t('measure.long'), t('measure.short')].map(text => element('th', { scope: 'col' }, text)));
        this.#tableBody.replaceChildren(
            ...moments.map(moment => {
                const open = element('button', { type: 'button', class: 'link', onclick: () => goTo(moment.frame) }, formatNumber(moment.frame + 1));
                const values = moment.state === 'lesion' ? [area(moment.area), length(moment.long), length(moment.short)] : [t(`loop.state.${moment.state}`), '', ''];
                const current = moment.frame === item.frame ? { 'aria-current': 'true' } : {};
                return element('tr', current, element('th', { scope: 'row' }, open), ...values.map(value => element('td', {}, value)));
            }),
        );
    }
}

const SPACE = 'http://www.w3.org/2000/svg';

/**
 * @param {number} frames
 * @param {SVGElement[]} children
 */
function svg(frames, children) {
    const made = document.createElementNS(SPACE, 'svg');
    made.setAttribute('viewBox', `0 0 ${Math.max(1, frames - 1)} ${PLOT_HEIGHT}`);
    made.setAttribute('preserveAspectRatio', 'none');
    made.setAttribute('aria-hidden', 'true');
    made.append(...children);
    return made;
}

/**
 * @param {string} name
 * @param {string} data
 */
function path(name, data) {
    const made = document.createElementNS(SPACE, 'path');
    made.setAttribute('class', name);
    made.setAttribute('d', data);
    return made;
}
